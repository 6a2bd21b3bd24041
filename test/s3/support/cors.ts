/** CORS configurations, and the headers that they cause. */
import { expect } from "bun:test";
import { type Answer, type Harness, harness } from "./harness.ts";

export const CORS = "/bucket?cors";

export type Rule = Readonly<Record<string, string | readonly string[]>>;

export function configuration(...rules: Rule[]): string {
  const inner = rules.map((rule) => {
    const elements = Object.entries(rule).flatMap(([name, values]) =>
      [values].flat().map((value) => `<${name}>${value}</${name}>`),
    );
    return `<CORSRule>${elements.join("")}</CORSRule>`;
  });
  return `<CORSConfiguration>${inner.join("")}</CORSConfiguration>`;
}

export async function prepared(...rules: Rule[]): Promise<Harness> {
  const h = harness();
  await h.call("PUT", "/bucket");
  await h.call("PUT", "/bucket/key", { body: "content" });
  if (rules.length > 0) {
    expect((await h.call("PUT", CORS, { body: configuration(...rules) })).status).toBe(200);
  }
  return h;
}

export const GET_ANY: Rule = { AllowedMethod: "GET", AllowedOrigin: "*" };
export const VARY = "Origin, Access-Control-Request-Headers, Access-Control-Request-Method";

/** The CORS headers of an answer, without the prefix. */
export function cors(answer: Answer): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [name, value] of answer.headers) {
    if (name === "vary") found[name] = value;
    if (name.startsWith("access-control-")) found[name.slice("access-control-".length)] = value;
  }
  return found;
}
