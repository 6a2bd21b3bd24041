/** Runs `elastickv admin token ...`. */
import type { TokenList } from "../../api/admin-tokens.ts";
import { ClusterClient } from "../cluster-client.ts";
import { type ClusterContext, firstThere } from "../cluster-context.ts";
import { columns } from "../columns.ts";
import type { AdminCommand } from "./arguments.ts";

export interface AdminContext extends ClusterContext {
  /** Writes one line to standard error. */
  complain(line: string): void;
}

const REQUEST_MS = 20_000;

/** @returns the exit code. @throws ClusterError */
export async function runAdmin({ action, admin }: AdminCommand, context: AdminContext): Promise<number> {
  const client = new ClusterClient(await firstThere(admin, context), context.fetch);
  switch (action.verb) {
    case "token create": {
      const { role, expiresInMs, note } = action;
      const made = await client.createToken({ role, expiresInMs, note }, REQUEST_MS);
      if (action.json) context.print(`${JSON.stringify(made)}\n`);
      else {
        // Standard output has nothing but the token, so that it can go into a file.
        context.complain(
          `token ${made.id}, role ${made.role}, ${until(made.expiresMs)}; it is not shown again:`,
        );
        context.print(`${made.token}\n`);
      }
      return 0;
    }
    case "token list": {
      const list = await client.listTokens(REQUEST_MS);
      context.print(action.json ? `${JSON.stringify(list, undefined, 2)}\n` : table(list));
      return 0;
    }
    case "token revoke":
      await client.revokeToken(action.id, REQUEST_MS);
      context.print(`token ${action.id} is revoked\n`);
      return 0;
  }
}

function until(expiresMs: number | null): string {
  return expiresMs === null ? "valid until it is revoked" : `valid until ${isoTime(expiresMs)}`;
}

function table({ tokens }: TokenList): string {
  const rows = tokens.map((one) => [
    one.id,
    one.role,
    isoTime(one.createdMs),
    one.createdBy,
    one.expiresMs === null ? "never" : isoTime(one.expiresMs) + (one.expired ? " (expired)" : ""),
    one.note,
  ]);
  return columns([["ID", "ROLE", "CREATED", "BY", "EXPIRES", "NOTE"], ...rows]);
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
