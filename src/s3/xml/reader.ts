/**
 * Request documents. Only plain elements and text are accepted: no DTD, so the client can define no entity (XML
 * bomb), bounded depth, and a size that the caller limits before reading.
 */
import { XMLParser } from "fast-xml-parser";
import { escapeXml, S3Error } from "../protocol/errors.ts";

const TEXT = "#text";

const parser = new XMLParser({
  ignoreAttributes: true,
  ignoreDeclaration: true,
  parseTagValue: false,
  trimValues: false,
  removeNSPrefix: true,
  alwaysCreateTextNode: true,
  // `decodeReferences` decodes references once, and only the five references of XML itself and numeric references.
  processEntities: false,
});

/** An element: children by name, in order. */
export class XmlElement {
  readonly #node: Readonly<Record<string, unknown>>;

  constructor(node: unknown) {
    // The parser may return an element without children as its bare text.
    this.#node = isRecord(node) ? node : { [TEXT]: node };
  }

  /**
   * Text of the element, with decoded references. @throws S3Error MalformedXML for an unknown or forbidden reference
   */
  get text(): string {
    return decodeReferences(String(this.#node[TEXT] ?? ""));
  }

  /** Names of the child elements, each once. */
  get names(): string[] {
    return Object.keys(this.#node).filter((name) => name !== TEXT);
  }

  children(name: string): XmlElement[] {
    if (!Object.hasOwn(this.#node, name)) return [];
    return asArray(this.#node[name]).map((node) => new XmlElement(node));
  }

  /** The only child with this name. @throws S3Error MalformedXML when there are several */
  child(name: string): XmlElement | undefined {
    const found = this.children(name);
    if (found.length > 1) throw malformed(`<${name}> appears more than once`);
    return found[0];
  }

  childText(name: string): string | undefined {
    return this.child(name)?.text;
  }
}

/** @throws S3Error MalformedXML: not UTF-8, not well-formed, a DTD, another root element */
export function parseXml(bytes: Uint8Array, root: string): XmlElement {
  const text = decodeUtf8(bytes);
  if (text.includes("<!DOCTYPE") || text.includes("<!ENTITY")) throw malformed("a DTD is not allowed");
  let parsed: unknown;
  try {
    parsed = parser.parse(cdataAsText(text), true);
  } catch (cause) {
    throw cause instanceof S3Error ? cause : new S3Error("MalformedXML", { cause });
  }
  if (!isRecord(parsed)) throw malformed("no root element");
  const roots = Object.keys(parsed).filter((name) => name !== TEXT);
  if (roots.length !== 1 || roots[0] !== root) throw malformed(`the root element must be <${root}>`);
  const node = parsed[root];
  if (Array.isArray(node)) throw malformed("more than one root element");
  return new XmlElement(node);
}

const CDATA = "<![CDATA[";
const CLOSINGS: ReadonlyMap<string, string> = new Map([
  ["<!--", "-->"],
  ["<?", "?>"],
  [CDATA, "]]>"],
]);

/**
 * The same document with each CDATA section written as ordinary text. The parser returns an element's sections apart
 * from its text, without their order, and `<![CDATA[a]]>b` is not the key `ba`. The loop skips comments and
 * instructions, because both may hold text that looks like a section.
 * @throws S3Error MalformedXML for a section, comment or instruction that does not end
 */
function cdataAsText(text: string): string {
  if (!text.includes(CDATA)) return text;
  const openings = /<!--|<\?|<!\[CDATA\[/g;
  let result = "";
  let at = 0;
  for (let found = openings.exec(text); found !== null; found = openings.exec(text)) {
    const [opening] = found;
    const closing = CLOSINGS.get(opening) as string;
    const begin = found.index + opening.length;
    const end = text.indexOf(closing, begin);
    if (end < 0) throw malformed(`${opening} is not closed`);
    const next = end + closing.length;
    result += text.slice(at, opening === CDATA ? found.index : next);
    if (opening === CDATA) result += escapeXml(text.slice(begin, end).replace(/\r\n?/g, "\n"));
    at = next;
    openings.lastIndex = next;
  }
  return result + text.slice(at);
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(new Uint8Array(bytes));
  } catch (cause) {
    throw new S3Error("MalformedXML", { cause });
  }
}

const REFERENCE = /&([^;&]{0,10};?)/g;

function decodeReferences(text: string): string {
  return text.includes("&") ? text.replace(REFERENCE, (_, name: string) => decodeReference(name)) : text;
}

function decodeReference(name: string): string {
  switch (name) {
    case "lt;":
      return "<";
    case "gt;":
      return ">";
    case "amp;":
      return "&";
    case "quot;":
      return '"';
    case "apos;":
      return "'";
  }
  const numeric = /^#(?:x([0-9a-fA-F]{1,6})|([0-9]{1,7}));$/.exec(name);
  if (numeric === null) throw malformed("unknown entity reference");
  const code = numeric[1] !== undefined ? Number.parseInt(numeric[1], 16) : Number(numeric[2]);
  // Surrogates are no characters: a key made of them could not be stored as UTF-8.
  if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) throw malformed("bad character reference");
  return String.fromCodePoint(code);
}

function malformed(why: string): S3Error {
  return new S3Error("MalformedXML", {
    message: `The XML you provided was not well-formed or did not validate against our published schema: ${why}.`,
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function asArray(value: unknown): unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}
