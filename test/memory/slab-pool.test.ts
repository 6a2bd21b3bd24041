import { describe, expect, test } from "bun:test";
import { SlabPool } from "../../src/memory/slab-pool.ts";

function pool(): SlabPool {
  let id = 0;
  return new SlabPool(1024, () => ++id);
}

describe("slab pool", () => {
  test("a slab is reused only when its last holder has let go", () => {
    const slabs = pool();
    const slab = slabs.take();
    slabs.hold(slab.id);
    expect(slabs.release(slab.id)).toBe(true);
    expect(slabs.take().bytes).not.toBe(slab.bytes);
    expect(slabs.release(slab.id)).toBe(true);
    expect(slabs.take().bytes).toBe(slab.bytes);
  });

  test("holding what was given back is a bug and says so; an unknown slab is somebody else's", () => {
    const slabs = pool();
    const { id } = slabs.take();
    slabs.release(id);
    expect(() => slabs.hold(id)).toThrow(/given back/);
    expect(slabs.release(id)).toBe(false);
    expect(slabs.holders(id)).toBe(0);
  });

  test("a burst of releases does not drop what is needed again at once", () => {
    const slabs = pool();
    const first = Array.from({ length: 64 }, () => slabs.take());
    for (const slab of first) slabs.release(slab.id);
    const known = new Set(first.map((slab) => slab.bytes));
    for (let i = 0; i < 64; i++) expect(known.has(slabs.take().bytes)).toBe(true);
  });

  test("what a peak needed is given up when the peak is over", () => {
    const slabs = pool();
    for (const slab of Array.from({ length: 64 }, () => slabs.take())) slabs.release(slab.id);
    expect(slabs.bytes).toEqual({ live: 0, idle: 64 * 1024 });
    for (let i = 0; i < 1_000; i++) slabs.release(slabs.take().id);
    expect(slabs.bytes.idle).toBeLessThanOrEqual(4 * 1024);
  });
});
