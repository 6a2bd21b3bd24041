/** A mark of memory use: bytes, or a share of the limit, which is known only when the node runs. */
import { formatSize, parseSize } from "./units.ts";
import type { ValueType } from "./value-types.ts";

export type Watermark = { readonly bytes: number } | { readonly percent: number };

const BYTES_MIN = 1024 * 1024;

/** undefined: off. */
export const watermark: ValueType<Watermark | undefined> = {
  placeholder: "PERCENT|SIZE|off",
  bounds: `1% .. 99%, ${formatSize(BYTES_MIN)} or more, or off`,
  parse: (input) => {
    const text = input.trim().toLowerCase();
    if (text === "off") return undefined;
    const percent = /^(\d{1,3})%$/.exec(text)?.[1];
    if (percent !== undefined) {
      if (Number(percent) < 1 || Number(percent) > 99) throw new RangeError("is outside 1% .. 99%");
      return { percent: Number(percent) };
    }
    if (text.endsWith("%")) throw new RangeError("is not a whole percentage such as 80%");
    const bytes = parseSize(input);
    // A number without a unit is far more often meant as a percentage.
    if (bytes < BYTES_MIN)
      throw new RangeError(`is below ${formatSize(BYTES_MIN)}: write 80%, 400MiB or off`);
    return { bytes };
  },
  format: (value) => {
    if (value === undefined) return "off";
    return "bytes" in value ? formatSize(value.bytes) : `${value.percent}%`;
  },
};
