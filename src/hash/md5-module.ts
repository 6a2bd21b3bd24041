/**
 * MD5 (RFC 1321) as a WebAssembly module that is assembled here: one function for a single stream, and one that works on four
 * streams at once, one in each 32-bit lane of SIMD registers. MD5 cannot be split within a stream, and a processor with one stream
 * mostly waits for the step before; four streams together take little more time than one.
 *
 * Memory of an instance: chaining values, word by word, four lanes each (`STATE_AT + 16 * word + 4 * lane`); scratch; input of
 * lane i at `INPUT_AT + i * LANE_BYTES`.
 */

export const LANES = 4;
/** Input that a lane has room for. */
export const LANE_BYTES = 16 << 10;
export const STATE_AT = 0;
/** The 16 words of a block of each lane, side by side. */
const WORDS_AT = 1 << 10;
/** The 64 constants, four times each. */
const CONSTANTS_AT = 2 << 10;
export const INPUT_AT = 4 << 10;
const PAGES = 2;
export const BLOCK_BYTES = 64;

/** RFC 1321, section 3.4: T[i] = floor(2^32 * abs(sin(i))). */
const CONSTANTS = Array.from({ length: 64 }, (_, i) => Math.floor(Math.abs(Math.sin(i + 1)) * 2 ** 32) >>> 0);
const ROTATIONS = [
  [7, 12, 17, 22],
  [5, 9, 14, 20],
  [4, 11, 16, 23],
  [6, 10, 15, 21],
] as const;

/** The word of the block that a step takes. */
function wordOf(step: number): number {
  const [factor, offset] = (
    [
      [1, 0],
      [5, 1],
      [3, 5],
      [7, 0],
    ] as const
  )[step >> 4] ?? [0, 0];
  return (factor * step + offset) % 16;
}

function rotationOf(step: number): number {
  return ROTATIONS[step >> 4]?.[step & 3] ?? 0;
}

type Code = readonly number[];

// ---- encoding (WebAssembly Core Specification 2.0, chapter 5) ---------------------------------------------------------

function unsigned(value: number): number[] {
  const bytes: number[] = [];
  for (let left = value; ; left >>>= 7) {
    if (left < 0x80) return [...bytes, left];
    bytes.push((left & 0x7f) | 0x80);
  }
}

function signed(value: number): number[] {
  const bytes: number[] = [];
  for (let left = value | 0; ; left >>= 7) {
    const byte = left & 0x7f;
    const sign = byte & 0x40;
    const isLast = (left >> 7 === 0 && sign === 0) || (left >> 7 === -1 && sign !== 0);
    if (isLast) return [...bytes, byte];
    bytes.push(byte | 0x80);
  }
}

const vector = (items: readonly Code[]): number[] => [...unsigned(items.length), ...items.flat()];
const section = (id: number, content: Code): number[] => [id, ...unsigned(content.length), ...content];
const name = (text: string): number[] => [...unsigned(text.length), ...Buffer.from(text, "latin1")];

const I32 = 0x7f;
const V128 = 0x7b;
const get = (local: number): Code => [0x20, ...unsigned(local)];
const set = (local: number): Code => [0x21, ...unsigned(local)];
const tee = (local: number): Code => [0x22, ...unsigned(local)];
const i32 = (value: number): Code => [0x41, ...signed(value)];
const LOOP: Code = [0x03, 0x40];
const END: Code = [0x0b];
const BRANCH_IF: Code = [0x0d, 0];

interface Operations {
  readonly load: (offset: number) => Code;
  readonly store: (offset: number) => Code;
  readonly add: Code;
  readonly and: Code;
  readonly or: Code;
  readonly xor: Code;
  readonly not: Code;
  /** The value on the stack, rotated. */
  readonly rotateLeft: (bits: number, scratch: number) => Code;
}

const WORD: Operations = {
  load: (offset) => [0x28, 2, ...unsigned(offset)],
  store: (offset) => [0x36, 2, ...unsigned(offset)],
  add: [0x6a],
  and: [0x71],
  or: [0x72],
  xor: [0x73],
  not: [...i32(-1), 0x73],
  rotateLeft: (bits) => [...i32(bits), 0x77],
};
const SUBTRACT: Code = [0x6b];
const MULTIPLY: Code = [0x6c];

const simd = (operation: number, ...immediate: readonly number[]): Code => [
  0xfd,
  ...unsigned(operation),
  ...immediate,
];
const SHIFT_LEFT = simd(0xab);
const SHIFT_RIGHT = simd(0xad);
const shuffle = (words: readonly number[]): Code =>
  simd(13, ...words.flatMap((word) => [0, 1, 2, 3].map((byte) => 4 * word + byte)));

const FOUR_WORDS: Operations = {
  load: (offset) => simd(0, 2, ...unsigned(offset)),
  store: (offset) => simd(11, 2, ...unsigned(offset)),
  add: simd(0xae),
  and: simd(0x4e),
  or: simd(0x50),
  xor: simd(0x51),
  not: simd(0x4d),
  rotateLeft: (bits, scratch) => [
    ...tee(scratch),
    ...i32(32 - bits),
    ...SHIFT_RIGHT,
    ...get(scratch),
    ...i32(bits),
    ...SHIFT_LEFT,
    ...simd(0x50),
  ],
};

// ---- MD5 -----------------------------------------------------------------------------------------------------------------

/** RFC 1321, section 3.4: F, G, H and I of the locals b, c and d. F and G in the form with three operations. */
function mix(round: number, op: Operations, b: Code, c: Code, d: Code): Code {
  switch (round) {
    case 0:
      return [...c, ...d, ...op.xor, ...b, ...op.and, ...d, ...op.xor];
    case 1:
      return [...b, ...c, ...op.xor, ...d, ...op.and, ...c, ...op.xor];
    case 2:
      return [...c, ...d, ...op.xor, ...b, ...op.xor];
    default:
      return [...d, ...op.not, ...b, ...op.or, ...c, ...op.xor];
  }
}

/** The 64 steps on the locals `first` to `first + 3`. `word` and `constant` put a word of the block, and T[i], on the stack. */
function steps(
  op: Operations,
  first: number,
  scratch: number,
  word: (index: number) => Code,
  constant: (step: number) => Code,
): Code {
  const code: number[] = [];
  let [a, b, c, d] = [first, first + 1, first + 2, first + 3];
  for (let step = 0; step < 64; step++) {
    code.push(...get(a), ...word(wordOf(step)), ...constant(step), ...op.add, ...op.add);
    code.push(...mix(step >> 4, op, get(b), get(c), get(d)), ...op.add);
    code.push(...op.rotateLeft(rotationOf(step), scratch), ...get(b), ...op.add, ...set(a));
    [a, b, c, d] = [d, a, b, c];
  }
  return code;
}

const FOUR = [0, 1, 2, 3] as const;

/** `function four(blocks: i32)`. Words and chaining values stay in memory: more locals than registers cost a third of the speed. */
function four(): Code {
  const [blocks, at, state, row, half, scratch] = [0, 1, 2, 6, 10, 14];
  const op = FOUR_WORDS;
  const code: number[] = [];
  for (const i of FOUR) code.push(...i32(0), ...op.load(STATE_AT + 16 * i), ...set(state + i));
  code.push(...LOOP);
  for (const quarter of FOUR) {
    // 16 bytes of each lane become four words of all lanes.
    for (const lane of FOUR)
      code.push(...get(at), ...op.load(INPUT_AT + lane * LANE_BYTES + 16 * quarter), ...set(row + lane));
    for (const [i, words] of [
      [0, 4, 1, 5],
      [2, 6, 3, 7],
    ].entries()) {
      code.push(...get(row), ...get(row + 1), ...shuffle(words), ...set(half + 2 * i));
      code.push(...get(row + 2), ...get(row + 3), ...shuffle(words), ...set(half + 2 * i + 1));
      for (const [j, both] of [
        [0, 1, 4, 5],
        [2, 3, 6, 7],
      ].entries()) {
        const to = WORDS_AT + 16 * (4 * quarter + 2 * i + j);
        code.push(
          ...i32(0),
          ...get(half + 2 * i),
          ...get(half + 2 * i + 1),
          ...shuffle(both),
          ...op.store(to),
        );
      }
    }
  }
  code.push(
    ...steps(
      op,
      state,
      scratch,
      (word) => [...i32(0), ...op.load(WORDS_AT + 16 * word)],
      (step) => [...i32(0), ...op.load(CONSTANTS_AT + 16 * step)],
    ),
  );
  for (const i of FOUR) {
    code.push(...i32(0), ...get(state + i), ...i32(0), ...op.load(STATE_AT + 16 * i), ...op.add);
    code.push(...tee(state + i), ...op.store(STATE_AT + 16 * i));
  }
  code.push(...get(at), ...i32(BLOCK_BYTES), ...WORD.add, ...set(at));
  code.push(...get(blocks), ...i32(1), ...SUBTRACT, ...tee(blocks), ...BRANCH_IF, ...END, ...END);
  return [
    ...vector([
      [1, I32],
      [13, V128],
    ]),
    ...code,
  ];
}

/** `function one(blocks: i32, lane: i32)`. */
function one(): Code {
  const [blocks, lane, at, state, saved] = [0, 1, 2, 3, 7];
  const op = WORD;
  const code: number[] = [...get(lane), ...i32(LANE_BYTES), ...MULTIPLY, ...set(at)];
  const stateOfLane: Code = [...get(lane), ...i32(4), ...MULTIPLY];
  for (const i of FOUR) code.push(...stateOfLane, ...op.load(STATE_AT + 16 * i), ...set(state + i));
  code.push(...LOOP);
  for (const i of FOUR) code.push(...get(state + i), ...set(saved + i));
  const word = (index: number): Code => [...get(at), ...op.load(INPUT_AT + 4 * index)];
  code.push(...steps(op, state, 0, word, (step) => i32(CONSTANTS[step] ?? 0)));
  for (const i of FOUR) code.push(...get(state + i), ...get(saved + i), ...op.add, ...set(state + i));
  code.push(...get(at), ...i32(BLOCK_BYTES), ...op.add, ...set(at));
  code.push(...get(blocks), ...i32(1), ...SUBTRACT, ...tee(blocks), ...BRANCH_IF, ...END);
  for (const i of FOUR) code.push(...stateOfLane, ...get(state + i), ...op.store(STATE_AT + 16 * i));
  return [...vector([[9, I32]]), ...code, ...END];
}

function constantsData(): Code {
  const bytes = Buffer.alloc(64 * 16);
  for (const [i, constant] of CONSTANTS.entries())
    for (const lane of FOUR) bytes.writeUInt32LE(constant, 16 * i + 4 * lane);
  return [...unsigned(bytes.length), ...bytes];
}

/** Bytes of the module. Exports: `memory`, `four(blocks)`, `one(blocks, lane)`; `blocks` is above 0. */
export function md5Module(): Uint8Array<ArrayBuffer> {
  const bodies = [four(), one()].map((body) => [...unsigned(body.length), ...body]);
  return new Uint8Array([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(
      1,
      vector([
        [0x60, 1, I32, 0],
        [0x60, 2, I32, I32, 0],
      ]),
    ),
    ...section(3, vector([[0], [1]])),
    ...section(5, vector([[0, PAGES]])),
    ...section(
      7,
      vector([
        [...name("memory"), 2, 0],
        [...name("four"), 0, 0],
        [...name("one"), 0, 1],
      ]),
    ),
    ...section(10, vector(bodies)),
    ...section(11, vector([[0, ...i32(CONSTANTS_AT), ...END, ...constantsData()]])),
  ]);
}
