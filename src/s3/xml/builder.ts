/** Response documents, by concatenation: a page of a thousand keys is one string. */
import { escapeXml } from "../protocol/errors.ts";

const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n';
const NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/";

/** `<name>text</name>`, escaped; nothing when there is no value. */
export function tag(name: string, value: string | number | boolean | undefined): string {
  if (value === undefined) return "";
  return typeof value === "string"
    ? `<${name}>${escapeXml(value)}</${name}>`
    : `<${name}>${String(value)}</${name}>`;
}

/** `<name>inner</name>` around markup that is already escaped. */
export function element(name: string, inner: string): string {
  return `<${name}>${inner}</${name}>`;
}

export function document(root: string, inner: string): string {
  return `${DECLARATION}<${root} xmlns="${NAMESPACE}">${inner}</${root}>`;
}

/** The declaration alone, for answers that send white space before the document. */
export const XML_DECLARATION = DECLARATION;

/** The document without declaration, to send after `XML_DECLARATION`. */
export function documentBody(root: string, inner: string): string {
  return `<${root} xmlns="${NAMESPACE}">${inner}</${root}>`;
}

export { isoTime } from "../protocol/iso-time.ts";
