import { decodeQueryComponent } from "./percent.ts";

export interface QueryParameter {
  /** Decoded. */
  readonly name: string;
  /** Decoded; "" for `?name` and `?name=` alike. */
  readonly value: string;
}

/** The query string: an ordered list with lookup. Names are case-sensitive, as in S3. */
export class Query {
  readonly entries: readonly QueryParameter[];

  constructor(entries: readonly QueryParameter[]) {
    this.entries = entries;
  }

  get size(): number {
    return this.entries.length;
  }

  has(name: string): boolean {
    for (const entry of this.entries) if (entry.name === name) return true;
    return false;
  }

  /** First value; undefined when the parameter is absent. */
  get(name: string): string | undefined {
    for (const entry of this.entries) if (entry.name === name) return entry.value;
    return undefined;
  }
}

const EMPTY_QUERY = new Query([]);

/** @param raw without the `?`. @throws S3Error InvalidURI */
export function parseQuery(raw: string): Query {
  if (raw.length === 0) return EMPTY_QUERY;
  const entries: QueryParameter[] = [];
  let start = 0;
  while (start <= raw.length) {
    let end = raw.indexOf("&", start);
    if (end < 0) end = raw.length;
    if (end > start) entries.push(parseParameter(raw.slice(start, end)));
    start = end + 1;
  }
  return new Query(entries);
}

function parseParameter(raw: string): QueryParameter {
  const equals = raw.indexOf("=");
  if (equals < 0) return { name: decodeQueryComponent(raw), value: "" };
  return {
    name: decodeQueryComponent(raw.slice(0, equals)),
    value: decodeQueryComponent(raw.slice(equals + 1)),
  };
}
