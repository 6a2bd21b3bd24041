/** Drain and update lock through the admin application. */
import { describe, expect, test } from "bun:test";
import { createAdminApp } from "../../src/admin/app.ts";
import type { AdminDeps } from "../../src/admin/types.ts";
import { UpdateLocks } from "../../src/node/update-lock.ts";
import { Rows } from "../node/support/rows.ts";
import { ADMIN_DEPS } from "./deps.ts";

function app() {
  const deps: AdminDeps = {
    ...ADMIN_DEPS,
    updateLocks: new UpdateLocks({ kv: () => rows, clock: { nowMs: () => 0 } }),
  };
  const rows = new Rows();
  const made = createAdminApp(deps, (error) => {
    throw error;
  });
  return async (method: string, query = "", body?: unknown) => {
    const response = await made.handle(
      new Request(`http://admin.localhost/v1/cluster/update-lock${query}`, {
        method,
        ...(body === undefined
          ? {}
          : { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }),
      }),
    );
    return { status: response.status, answer: (await response.json()) as Record<string, unknown> };
  };
}

describe("the update lock", () => {
  test("is not released by a stranger who says nothing of force", async () => {
    const ask = app();
    expect((await ask("POST", "", { owner: "ann" })).status).toBe(200);
    const taken = await ask("POST", "", { owner: "bob" });
    expect([taken.status, taken.answer["code"]]).toEqual([409, "HELD"]);
    for (const query of ["?owner=bob", "?owner=bob&force=false"]) {
      expect((await ask("DELETE", query)).status).toBe(409);
    }
    expect((await ask("DELETE", "?owner=bob&force=yes")).status).toBe(400);
    expect((await ask("DELETE", "?force=true")).status).toBe(400);
    expect((await ask("DELETE", "?owner=bob&force=true")).answer).toEqual({ lock: null, changed: true });
    expect((await ask("GET")).answer).toEqual({ lock: null });
  });

  test.each([{}, { owner: "" }, { owner: "a\nb" }, { owner: 7 }])("is not given to %p", async (body) => {
    expect((await app()("POST", "", body)).status).toBe(400);
  });
});
