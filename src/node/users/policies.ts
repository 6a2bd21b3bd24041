/** Policies by name, and what they are attached to. The document is kept as it was given. */
import type { Policies } from "../../admin/user-types.ts";
import {
  ATTACHED_MAX,
  type Attachment,
  IamError,
  POLICY_BYTES_MAX,
  type PolicyList,
  ROOT_NAME,
  type ShownPolicy,
} from "../../api/users.ts";
import { CANNED_POLICIES } from "../../iam/canned-policies.ts";
import { parsePolicy } from "../../iam/policy/parse.ts";
import { describePolicyError, PolicyError } from "../../iam/policy/policy-error.ts";
import { groupBytes, iamKey, type PolicyRow, policyBytes, userBytes } from "../../iam/user-rows.ts";
import type { Clock } from "../../platform/clock.ts";
import type { TxnMutation } from "../../txn/types.ts";
import type { IamState, IamTransactions } from "./iam-transactions.ts";
import { checkPolicies, groupNamed, unknownPolicy, userNamed } from "./lookups.ts";

/** Policies of a cluster, without the canned ones. @internal */
export const POLICIES_MAX = 1_000;

export interface PoliciesOptions {
  readonly transactions: IamTransactions;
  readonly clock: Pick<Clock, "nowMs">;
}

export class NamedPolicies implements Policies {
  readonly #options: PoliciesOptions;

  constructor(options: PoliciesOptions) {
    this.#options = options;
  }

  async list(): Promise<PolicyList> {
    const state = await this.#options.transactions.read();
    const canned = [...CANNED_POLICIES.keys()].map((name) => ({
      ...attachedTo(state, name),
      canned: true,
      createdMs: null,
      changedMs: null,
    }));
    const own = [...state.table.policies.values()].map(({ name, createdMs, changedMs }) => ({
      ...attachedTo(state, name),
      canned: false,
      createdMs,
      changedMs,
    }));
    return { policies: [...canned, ...own.toSorted((a, b) => (a.name < b.name ? -1 : 1))] };
  }

  async show(name: string): Promise<ShownPolicy> {
    const { table } = await this.#options.transactions.read();
    const policy = CANNED_POLICIES.get(name) ?? table.policies.get(name);
    if (policy === undefined) throw unknownPolicy(name);
    return { name, text: policy.text };
  }

  /** Makes the policy, or replaces its text: from then on every user with the policy has the new text. */
  async put(name: string, text: string): Promise<void> {
    refuseCanned(name);
    checkText(text);
    const { transactions, clock } = this.#options;
    await transactions.change(({ table }) => {
      const old = table.policies.get(name);
      if (old === undefined && table.policies.size >= POLICIES_MAX) {
        throw new IamError("TOO_MANY", `there are ${POLICIES_MAX} policies: delete some first`);
      }
      const changedMs = clock.nowMs();
      const row: PolicyRow = { name, text, createdMs: old?.createdMs ?? changedMs, changedMs };
      return {
        mutations: [{ kind: "put", key: iamKey("policy", name), value: policyBytes(row) }],
        result: undefined,
      };
    });
  }

  async delete(name: string): Promise<void> {
    refuseCanned(name);
    await this.#options.transactions.change((state) => {
      if (!state.table.policies.has(name)) throw unknownPolicy(name);
      const { users, groups } = attachedTo(state, name);
      const first = users[0] ?? groups[0];
      if (first !== undefined) {
        throw new IamError("IN_USE", `the policy ${name} is attached to ${first}: detach it first`);
      }
      return { mutations: [{ kind: "delete", key: iamKey("policy", name) }], result: undefined };
    });
  }

  async attach(name: string, to: Attachment): Promise<void> {
    await this.#change(name, to, (attached) => {
      if (attached.includes(name)) return attached;
      if (attached.length >= ATTACHED_MAX) {
        throw new IamError(
          "TOO_MANY",
          `at most ${ATTACHED_MAX} policies can be attached to one user or group`,
        );
      }
      return [...attached, name];
    });
  }

  async detach(name: string, from: Attachment): Promise<void> {
    await this.#change(name, from, (attached) => attached.filter((one) => one !== name));
  }

  async #change(
    name: string,
    { user, group }: Attachment,
    next: (attached: readonly string[]) => readonly string[],
  ): Promise<void> {
    if ((user === undefined) === (group === undefined)) {
      throw new IamError("INVALID", "a policy is attached to a user or to a group: name one of them");
    }
    if (user === ROOT_NAME) throw new IamError("INVALID", "root may do everything: it has no policies");
    await this.#options.transactions.change((state) => {
      checkPolicies(state, [name]);
      let mutation: TxnMutation;
      if (user !== undefined) {
        const row = userNamed(state, user);
        const value = userBytes({ ...row, policies: next(row.policies) });
        mutation = { kind: "put", key: iamKey("user", user), value };
      } else {
        const row = groupNamed(state, group ?? "");
        const value = groupBytes({ ...row, policies: next(row.policies) });
        mutation = { kind: "put", key: iamKey("group", row.name), value };
      }
      return { mutations: [mutation], result: undefined };
    });
  }
}

function attachedTo({ table }: IamState, name: string): { name: string; users: string[]; groups: string[] } {
  const having = (
    rows: Iterable<{ readonly name: string; readonly policies: readonly string[] }>,
  ): string[] =>
    [...rows]
      .filter(({ policies }) => policies.includes(name))
      .map((row) => row.name)
      .toSorted();
  return { name, users: having(table.users.values()), groups: having(table.groups.values()) };
}

function refuseCanned(name: string): void {
  if (!CANNED_POLICIES.has(name)) return;
  throw new IamError("IN_USE", `the policy ${name} is the same in every cluster: choose another name`);
}

/** @throws IamError INVALID when the text is no identity policy, or too long */
function checkText(text: string): void {
  if (Buffer.byteLength(text) > POLICY_BYTES_MAX) {
    throw new IamError("INVALID", `the policy has more than ${POLICY_BYTES_MAX} bytes`);
  }
  try {
    parsePolicy(text, { kind: "identity" });
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    throw new IamError("INVALID", `the policy is not valid: ${describePolicyError(error)}`);
  }
}
