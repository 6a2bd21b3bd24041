import { expect, test } from "bun:test";
import { loadConfig } from "../../src/config/load.ts";
import { watermark } from "../../src/config/watermark.ts";

test.each([
  ["80%", { percent: 80 }],
  [" 1% ", { percent: 1 }],
  ["99%", { percent: 99 }],
  ["400MiB", { bytes: 400 * 2 ** 20 }],
  ["OFF", undefined],
])("%s is read, and what is printed is read back", (text, value) => {
  expect(watermark.parse(text)).toEqual(value as ReturnType<typeof watermark.parse>);
  expect(watermark.parse(watermark.format(watermark.parse(text)))).toEqual(
    value as ReturnType<typeof watermark.parse>,
  );
});

test.each([
  ["0%", "1% .. 99%"],
  ["100%", "1% .. 99%"],
  ["12.5%", "whole percentage"],
  ["-5%", "whole percentage"],
  ["80", "write 80%, 400MiB or off"],
  ["0", "write 80%, 400MiB or off"],
  ["400MB", "unknown unit"],
  ["", "is not a size"],
  ["none", "is not a size"],
])("%j is refused: %s", (text, message) => {
  expect(() => watermark.parse(text)).toThrow(RangeError);
  expect(() => watermark.parse(text)).toThrow(message);
});

test("by default 80% and 92%; a bad flag is an error, a bad variable a warning", () => {
  const { config } = loadConfig(new Map(), {});
  expect([config.memoryWatermark, config.memoryExitWatermark]).toEqual([{ percent: 80 }, { percent: 92 }]);
  expect(() => loadConfig(new Map([["memory-watermark", "80"]]), {})).toThrow(
    '--memory-watermark: "80" is below',
  );
  const { config: kept, warnings } = loadConfig(new Map(), { ELASTICKV_MEMORY_EXIT_WATERMARK: "all" });
  expect(kept.memoryExitWatermark).toEqual({ percent: 92 });
  expect(warnings.join()).toContain("ELASTICKV_MEMORY_EXIT_WATERMARK");
});
