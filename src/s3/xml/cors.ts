/** The document `CORSConfiguration` (API reference, CORSConfiguration and CORSRule). */
import { CORS_METHODS, type CorsRule } from "../protocol/cors.ts";
import { S3Error } from "../protocol/errors.ts";
import { document, element, tag } from "./builder.ts";
import { parseXml, type XmlElement } from "./reader.ts";

const RULES_MAX = 100;
const ID_LENGTH_MAX = 255;
const SECONDS_MAX = 2 ** 31 - 1;
const ELEMENTS = ["ID", "AllowedHeader", "AllowedMethod", "AllowedOrigin", "ExposeHeader", "MaxAgeSeconds"];
/** A value that is sent in a header again. CR and LF would begin another header. */
const SENDABLE = /^[\x20-\x7e]*$/;

/** @throws S3Error MalformedXML, InvalidRequest */
export function readCorsConfiguration(bytes: Uint8Array): CorsRule[] {
  const root = parseXml(bytes, "CORSConfiguration");
  const rules = root.children("CORSRule");
  if (rules.length === 0 || root.names.length > 1) throw new S3Error("MalformedXML");
  if (rules.length > RULES_MAX) {
    throw invalid(`The number of CORS rules should not exceed allowed limit of ${RULES_MAX} rules.`);
  }
  return rules.map(ruleOf);
}

function ruleOf(node: XmlElement): CorsRule {
  if (!node.names.every((name) => ELEMENTS.includes(name))) throw new S3Error("MalformedXML");
  const texts = (name: string): string[] => node.children(name).map((child) => child.text.trim());
  const rule: CorsRule = {
    id: node.childText("ID") ?? "",
    allowedHeaders: texts("AllowedHeader"),
    allowedMethods: texts("AllowedMethod"),
    allowedOrigins: texts("AllowedOrigin"),
    exposeHeaders: texts("ExposeHeader"),
    maxAgeSeconds: seconds(node.childText("MaxAgeSeconds")?.trim()),
  };
  check(rule);
  return rule;
}

/** Messages of S3: versity/versitygw#1863 and #1870, localstack/localstack, test_s3_cors.snapshot.json. */
function check({ id, allowedHeaders, allowedMethods, allowedOrigins, exposeHeaders }: CorsRule): void {
  if (allowedMethods.length === 0 || allowedOrigins.length === 0) throw new S3Error("MalformedXML");
  if (id.length > ID_LENGTH_MAX) {
    throw invalid(`The ID of a CORS rule has at most ${ID_LENGTH_MAX} characters.`);
  }
  for (const method of allowedMethods) {
    if (!CORS_METHODS.includes(method)) {
      throw invalid(
        `Found unsupported HTTP method in CORS config. Unsupported method is ${method.slice(0, 200)}`,
      );
    }
  }
  for (const origin of allowedOrigins) {
    if (hasSeveralStars(origin)) {
      throw invalid(`AllowedOrigin "${origin.slice(0, 200)}" can not have more than one wildcard.`);
    }
  }
  for (const header of allowedHeaders) {
    if (hasSeveralStars(header)) {
      throw invalid(`AllowedHeader "${header.slice(0, 200)}" can not have more than one wildcard.`);
    }
  }
  for (const header of exposeHeaders) {
    if (header.includes("*")) {
      throw invalid(
        `ExposeHeader "${header.slice(0, 200)}" contains wildcard. We currently do not support wildcard for ExposeHeader.`,
      );
    }
    if (!SENDABLE.test(header)) {
      throw invalid(`ExposeHeader "${header.slice(0, 200)}" contains invalid character.`);
    }
  }
}

function seconds(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!/^\d{1,10}$/.test(text) || value > SECONDS_MAX) throw new S3Error("MalformedXML");
  return value;
}

function hasSeveralStars(text: string): boolean {
  return text.indexOf("*") !== text.lastIndexOf("*");
}

function invalid(message: string): S3Error {
  return new S3Error("InvalidRequest", { message });
}

export function corsDocument(rules: readonly CorsRule[]): string {
  const tags = (name: string, texts: readonly string[]): string =>
    texts.map((text) => tag(name, text)).join("");
  const inner = rules.map((rule) =>
    element(
      "CORSRule",
      tags("AllowedHeader", rule.allowedHeaders) +
        tags("AllowedMethod", rule.allowedMethods) +
        tags("AllowedOrigin", rule.allowedOrigins) +
        tags("ExposeHeader", rule.exposeHeaders) +
        tag("ID", rule.id === "" ? undefined : rule.id) +
        tag("MaxAgeSeconds", rule.maxAgeSeconds),
    ),
  );
  return document("CORSConfiguration", inner.join(""));
}
