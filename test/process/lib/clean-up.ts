/** Preloaded by run.sh: `bun test` ends without an "exit" event, and a failed test leaves its node running. */
import { afterAll } from "bun:test";
import { cleanUp } from "./node-process.ts";

afterAll(cleanUp);
