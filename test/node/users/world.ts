/** Nodes of one keyspace: what the admin API changes, and what each node's gateway knows of it after it has applied. */
import { Secret } from "../../../src/config/secret.ts";
import { ReplicatedRows } from "../../../src/iam/replicated-rows.ts";
import { ROOT_USER_KEY, rootUserRow } from "../../../src/iam/rows.ts";
import { UserView } from "../../../src/iam/user-view.ts";
import { makeIam } from "../../../src/node/users/iam.ts";
import { systemRandom } from "../../../src/platform/random.ts";
import { SealingKey } from "../../../src/secrets/sealing-key.ts";
import { TestKv } from "../../s3/support/test-kv.ts";
import { ManualTime } from "../../support/manual-time.ts";

export const ROOT_ID = "ab".repeat(32);
export const ROOT_KEY = "AKIAROOT";

export async function world() {
  const kv = new TestKv();
  const time = new ManualTime();
  const unreadable: unknown[] = [];
  let sealing: SealingKey | "lost" | undefined = SealingKey.make(systemRandom);
  let up = true;
  await kv.transact({
    conditions: [],
    mutations: [{ kind: "put", key: ROOT_USER_KEY, value: rootUserRow(ROOT_ID) }],
  });
  const iam = makeIam({
    kv: () => (up ? kv : undefined),
    sealing: async () => (sealing === "lost" ? undefined : sealing),
    rootAccessKey: () => ROOT_KEY,
    clock: time,
    timers: time,
    random: systemRandom,
  });
  /** A node, which knows what it has applied. */
  const node = () => {
    const rows = new ReplicatedRows((error) => unreadable.push(error));
    const view = new UserView({
      rows,
      root: { accessKey: ROOT_KEY, secretKey: new Secret("secret-of-root"), source: "environment" },
      sealing: () => sealing,
      clock: time,
      onUnreadable: (error) => unreadable.push(error),
    });
    const apply = async (): Promise<UserView> => {
      const { readTs } = await kv.snapshot();
      rows.load({
        getMetaAt: kv.store.getMetaAt.bind(kv.store),
        scanAt: kv.store.scanAt.bind(kv.store),
        appliedState: () => ({ index: 0, term: 0, commitTs: readTs }),
      });
      return view;
    };
    return { rows, view, apply };
  };
  return {
    kv,
    time,
    iam,
    unreadable,
    node,
    down: (): void => void (up = false),
    setSealing: (key: SealingKey | "lost" | undefined): void => void (sealing = key),
  };
}

export type World = Awaited<ReturnType<typeof world>>;

/** The code of the refusal, or what was answered. */
export async function refusal(work: Promise<unknown>): Promise<unknown> {
  try {
    return await work;
  } catch (error) {
    return (error as { code?: string }).code ?? error;
  }
}
