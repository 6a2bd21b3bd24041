import { systemClock } from "../../../src/platform/clock.ts";

declare const self: { onmessage: (() => void) | null; postMessage(message: number): void };

self.onmessage = () => self.postMessage(systemClock.monotonicMs());
self.postMessage(0);
