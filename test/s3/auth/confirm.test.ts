/** A source of credentials whose answer changes: access keys are rows that other nodes write. */
import { describe, expect, test } from "bun:test";
import { Authenticator } from "../../../src/s3/auth/authenticator.ts";
import { ACCESS_KEY, clockAt, EXAMPLE_MS, refusalOf, SECRET_KEY, USER_ID } from "./fixture.ts";

describe("a key that is known now and not later", () => {
  test("SlowDown while its secret cannot be opened; confirmed again, it may be gone", () => {
    let known: "later" | { userId: string; accessKey: string; secretKey: string } | undefined = "later";
    const authenticator = new Authenticator({
      credentials: { find: () => known },
      clock: clockAt(EXAMPLE_MS),
    });
    const confirm = () =>
      authenticator.confirm({
        principal: { kind: "user", id: USER_ID, accessKey: ACCESS_KEY },
        payload: { kind: "unsigned" },
        method: "header",
      });
    const later = refusalOf(confirm);
    expect([later.code, later.status]).toEqual(["SlowDown", 503]);
    known = { userId: USER_ID, accessKey: ACCESS_KEY, secretKey: SECRET_KEY };
    confirm();
    const temporary = { parent: ACCESS_KEY, name: "s" };
    const confirmSession = () =>
      authenticator.confirm({
        principal: { kind: "user", id: USER_ID, accessKey: "ASIASESSION", temporary },
        payload: { kind: "unsigned" },
        method: "header",
      });
    confirmSession();
    known = undefined;
    expect(refusalOf(confirm).code).toBe("InvalidAccessKeyId");
    expect(refusalOf(confirmSession).code).toBe("InvalidToken");
    authenticator.confirm({
      principal: { kind: "anonymous" },
      payload: { kind: "unsigned" },
      method: "anonymous",
    });
  });
});
