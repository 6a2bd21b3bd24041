/** After the end of all faults: everybody is there, agrees, and serves. */
import type { Machine } from "./machine.ts";
import { stateHash } from "./state-hash.ts";
import { blobsAtRest, leakedReferences } from "./uploads.ts";
import { Violation } from "./violation.ts";
import type { World } from "./world.ts";

const LOOK_EVERY_MS = 500;

export interface Convergence {
  readonly done: boolean;
  /** What is still waited for. */
  missing(): string;
}

/** Looks now and then whether all is well; once it is, every row is read at every node, and the replicas are compared. */
export function awaitConvergence(world: World): Convergence {
  let missing = "everything";
  let done = false;
  const look = (): void => {
    world.after(LOOK_EVERY_MS, () => {
      missing = whatIsMissing(world);
      if (missing !== "") return look();
      readEverywhere(() => compareAtRest());
    });
  };
  const compareAtRest = (): void => {
    world.after(LOOK_EVERY_MS, () => {
      missing = whatDiffers(world);
      if (missing === "" && world.uploads !== undefined) blobsAtRestEverywhere();
      else if (missing === "") done = true;
      else compareAtRest();
    });
  };
  /** Deletions go by the time of the log, which only writes move on. */
  const blobsAtRestEverywhere = (): void => {
    const [first] = members(world);
    if (first === undefined) return;
    world.uploads?.tick(first, () => {
      world.after(LOOK_EVERY_MS, () => {
        world.guard(() => {
          missing = whatBlobsDiffer(world);
        });
        if (missing === "") done = true;
        else blobsAtRestEverywhere();
      });
    });
  };
  const readEverywhere = (then: () => void): void => {
    const left = members(world);
    const next = (): void => {
      const machine = left.shift();
      if (machine === undefined) {
        then();
        return;
      }
      missing = `reads at ${machine.name}`;
      // A node may have just been told to hand over, or a snapshot may come: asked again, it answers.
      const ask = (): void =>
        world.clients.readAll(machine, (answered) => (answered ? ledger() : world.after(100, ask)));
      const ledger = (): void =>
        world.ledger.check(machine, (answered) => (answered ? objects() : world.after(100, ledger)));
      const objects = (): void => {
        if (world.uploads === undefined) next();
        else world.uploads.check(machine, (answered) => (answered ? next() : world.after(100, objects)));
      };
      ask();
    };
    next();
  };
  look();
  return {
    get done() {
      return done;
    },
    missing: () => missing,
  };
}

/** Machines that belong to the cluster and have not lost what they had. */
function members(world: World): Machine[] {
  return world.operator.members.filter(
    ({ state, wiped, rolledBack }) => state !== "refused" && state !== "fenced" && !wiped && !rolledBack,
  );
}

function whatIsMissing(world: World): string {
  if (world.operator.busy) return "a membership change";
  for (const { name, rolledBack, state } of world.machines) {
    if (rolledBack && state !== "fenced") return `${name} to notice that its disk is an old copy`;
  }
  for (const machine of members(world)) {
    if (machine.life?.alive !== true || !machine.life.opened) return `${machine.name} to run`;
  }
  return "";
}

function whatBlobsDiffer(world: World): string {
  for (const machine of members(world)) {
    const left = blobsAtRest(machine);
    if (left !== "") return left;
  }
  const leaked = members(world).flatMap(leakedReferences);
  return leaked.length === 0 ? "" : `references of ${leaked}`;
}

function whatDiffers(world: World): string {
  const states = members(world).map((machine) => {
    const reader = machine.reader();
    const { index } = reader.appliedState();
    const hash = stateHash(reader);
    reader.close();
    return { name: machine.name, index, hash };
  });
  const [first] = states;
  if (first === undefined) return "members";
  const behind = states.find(({ index }) => index !== first.index);
  if (behind !== undefined) return `${first.name} has applied ${first.index}, ${behind.name} ${behind.index}`;
  const other = states.find(({ hash }) => hash !== first.hash);
  if (other !== undefined) throw new Violation("replicas are equal in the end", { first, other });
  return "";
}
