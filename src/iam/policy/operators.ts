/** Names of condition operators. IAM user guide, "IAM JSON policy elements: Condition operators". */

/** How values are compared. */
export type Comparison =
  | "string"
  | "string-ignore-case"
  | "string-like"
  | "numeric"
  | "date"
  | "bool"
  | "binary"
  | "ip"
  | "arn"
  | "null";

/** Which outcome of a comparison of ordered values holds. */
export type Order = "=" | "<" | "<=" | ">" | ">=";

/** `ForAllValues:`, `ForAnyValue:`. IAM user guide, "Set operators for multivalued context keys". */
type Quantifier = "all" | "any" | undefined;

export interface Operator {
  /** As written. */
  readonly name: string;
  readonly quantifier: Quantifier;
  readonly comparison: Comparison;
  /** Only of numeric and date. */
  readonly order: Order;
  /** No value of the policy may match. */
  readonly negated: boolean;
  /** The condition holds when the request has no such key. */
  readonly ifExists: boolean;
}

type Row = Pick<Operator, "comparison" | "negated" | "order">;

const equal = (comparison: Comparison): Row => ({ comparison, order: "=", negated: false });
const notEqual = (comparison: Comparison): Row => ({ comparison, order: "=", negated: true });

function ordered(prefix: string, comparison: Comparison): [string, Row][] {
  const orders: readonly [string, Order][] = [
    ["LessThan", "<"],
    ["LessThanEquals", "<="],
    ["GreaterThan", ">"],
    ["GreaterThanEquals", ">="],
  ];
  return [
    [`${prefix}Equals`, equal(comparison)],
    [`${prefix}NotEquals`, notEqual(comparison)],
    ...orders.map(([name, order]): [string, Row] => [prefix + name, { comparison, order, negated: false }]),
  ];
}

const ROWS: ReadonlyMap<string, Row> = new Map<string, Row>([
  ["StringEquals", equal("string")],
  ["StringNotEquals", notEqual("string")],
  ["StringEqualsIgnoreCase", equal("string-ignore-case")],
  ["StringNotEqualsIgnoreCase", notEqual("string-ignore-case")],
  ["StringLike", equal("string-like")],
  ["StringNotLike", notEqual("string-like")],
  ...ordered("Numeric", "numeric"),
  ...ordered("Date", "date"),
  ["Bool", equal("bool")],
  ["BinaryEquals", equal("binary")],
  ["IpAddress", equal("ip")],
  ["NotIpAddress", notEqual("ip")],
  // AWS: ArnEquals and ArnLike behave identically.
  ["ArnEquals", equal("arn")],
  ["ArnLike", equal("arn")],
  ["ArnNotEquals", notEqual("arn")],
  ["ArnNotLike", notEqual("arn")],
  ["Null", equal("null")],
]);

/** Every operator without prefix and suffix. @internal */
export const OPERATOR_NAMES: readonly string[] = [...ROWS.keys()];

const PREFIXES: readonly [string, Quantifier][] = [
  ["ForAllValues:", "all"],
  ["ForAnyValue:", "any"],
];
const IF_EXISTS = "IfExists";

/** @returns undefined: there is no such operator */
export function operatorOf(name: string): Operator | undefined {
  const [prefix, quantifier] = PREFIXES.find(([text]) => name.startsWith(text)) ?? ["", undefined];
  const bare = name.slice(prefix.length);
  const ifExists = bare.endsWith(IF_EXISTS);
  const row = ROWS.get(ifExists ? bare.slice(0, -IF_EXISTS.length) : bare);
  if (row === undefined) return undefined;
  // A key that must be absent cannot be optional, and absence is no set.
  if (row.comparison === "null" && (ifExists || quantifier !== undefined)) return undefined;
  return { name, quantifier, ifExists, ...row };
}
