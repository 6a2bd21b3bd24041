/** Something that will happen. */
export interface SimEvent {
  readonly at: number;
  /** Order among events of the same moment: chance decides. */
  readonly tie: number;
  /** Order among those, or the heap's shape would decide. */
  readonly number: number;
  readonly run: () => void;
  cancelled: boolean;
}

/** A binary heap of events by time. */
export class EventQueue {
  readonly #heap: SimEvent[] = [];
  #numbers = 0;

  get size(): number {
    return this.#heap.length;
  }

  add(at: number, tie: number, run: () => void): SimEvent {
    const event: SimEvent = { at, tie, number: this.#numbers++, run, cancelled: false };
    const heap = this.#heap;
    let i = heap.length;
    heap.push(event);
    while (i > 0) {
      const parent = (i - 1) >> 1;
      const above = heap[parent] as SimEvent;
      if (!before(event, above)) break;
      heap[i] = above;
      i = parent;
    }
    heap[i] = event;
    return event;
  }

  /** Takes the next event; undefined when there is none. */
  take(): SimEvent | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let i = 0;
    for (;;) {
      const left = 2 * i + 1;
      if (left >= heap.length) break;
      const right = left + 1;
      const child =
        right < heap.length && before(heap[right] as SimEvent, heap[left] as SimEvent) ? right : left;
      const below = heap[child] as SimEvent;
      if (!before(below, last)) break;
      heap[i] = below;
      i = child;
    }
    heap[i] = last;
    return first;
  }
}

function before(left: SimEvent, right: SimEvent): boolean {
  if (left.at !== right.at) return left.at < right.at;
  if (left.tie !== right.tie) return left.tie < right.tie;
  return left.number < right.number;
}
