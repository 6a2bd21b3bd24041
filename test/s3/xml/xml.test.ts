import { expect, test } from "bun:test";
import { document, tag } from "../../../src/s3/xml/builder.ts";
import { parseXml } from "../../../src/s3/xml/reader.ts";

const parse = (text: string) => parseXml(Buffer.from(text, "utf8"), "R");

test("text is taken as it stands, references decoded once", () => {
  const root = parse(
    '<?xml version="1.0"?>\n<R xmlns="x"><!-- c --><K> a &amp;amp; &lt;&#x1F600;&#65;\u00e9 </K><K><![CDATA[<&amp;>]]></K></R>',
  );
  expect(root.children("K").map((child) => child.text)).toEqual([" a &amp; <\u{1F600}Aé ", "<&amp;>"]);
  expect(() => root.childText("K")).toThrow();
  expect(root.childText("None")).toBeUndefined();
  expect(parse("<R/>").text).toBe("");
  expect(parse("<x:R xmlns:x='y'><x:K>1</x:K></x:R>").childText("K")).toBe("1");
});

test("text, comments and CDATA sections of one element keep their order", () => {
  // A DeleteObjects document that is read in another order deletes another object.
  const text = (inner: string) => parse(`<R><K>${inner}</K></R>`).childText("K");
  expect(text("<![CDATA[a]]>b")).toBe("ab");
  expect(text("a<![CDATA[b]]>c<![CDATA[&amp;]]>&amp;d")).toBe("abc&amp;&d");
  expect(text("a<!-- <![CDATA[ -->b<!-- ]]> -->c")).toBe("abc");
  expect(text("<![CDATA[<!-- ]]>x<![CDATA[ -->]]>")).toBe("<!-- x -->");
  expect(text("<![CDATA[]]>")).toBe("");
  expect(text("<![CDATA[x\r\ny]]>")).toBe("x\ny");
  expect(() => text("<![CDATA[a")).toThrow("XML");
});

test.each([
  "",
  "R",
  "<R>",
  "</R>",
  "<R></S>",
  "<S/>",
  "<R/><R/>",
  '<!DOCTYPE R SYSTEM "file:///etc/passwd"><R/>',
  '<!DOCTYPE R [<!ENTITY a "b">]><R>&a;</R>',
  "<R><K>&a;</K></R>",
  "<R><K>&</K></R>",
  "<R><K>&#xDFFF;</K></R>",
  "<R><K>&#x110000;</K></R>",
  "<R><__proto__>1</__proto__></R>",
  "<R>".repeat(5000) + "</R>".repeat(5000),
  "<R".repeat(1000),
  "\0",
])("%j is malformed", (text) => {
  expect(() => parse(text).childText("K")).toThrow("XML");
});

test("bytes that are not UTF-8 are malformed", () => {
  expect(() => parseXml(new Uint8Array([0x3c, 0x52, 0x3e, 0xff, 0x3c, 0x2f, 0x52, 0x3e]), "R")).toThrow(
    "XML",
  );
});

test("properties of objects are no elements", () => {
  const root = parse("<R><a/></R>");
  for (const name of ["toString", "constructor", "__proto__", "hasOwnProperty"])
    expect(root.children(name)).toEqual([]);
});

test("documents escape what they carry", () => {
  expect(document("A", tag("B", "<&>\"'\r\n\u0001\u0000\uffff"))).toBe(
    '<?xml version="1.0" encoding="UTF-8"?>\n<A xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><B>&lt;&amp;&gt;&quot;&apos;&#xD;&#xA;&#x1;\ufffd\ufffd</B></A>',
  );
});
