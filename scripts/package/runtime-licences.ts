/**
 * The parts of the Bun executable, whose npm package has no licence file. Sources are Bun's own list of linked
 * libraries and embedded packages (the licence page of oven-sh/bun) and their licence files. A test compares the
 * list with `process.versions` of the pinned Bun.
 */
export interface RuntimePart {
  readonly name: string;
  readonly source: string;
  /** SPDX identifiers; each has a text (licences.ts). */
  readonly licences: readonly string[];
  readonly copyright: string;
  /** Names of the part in `process.versions`. */
  readonly versions?: readonly string[];
}

const github = (path: string): string => `https://github.com/${path}`;

export const RUNTIME_PARTS: readonly RuntimePart[] = [
  {
    name: "Bun",
    source: github("oven-sh/bun"),
    licences: ["MIT"],
    copyright: "Copyright (c) Oven, Inc. and contributors",
    versions: ["bun"],
  },
  {
    name: "JavaScriptCore and other parts of WebKit, as patched for Bun",
    // The LGPL grants relinking: WebKit is built from the sources at `source`, and then Bun is built with WebKit.
    source: `${github("oven-sh/WebKit")}; to relink: its commit is in process.versions.webkit, Bun's build takes it from vendor/WebKit`,
    licences: ["LGPL-2.0-or-later", "LGPL-2.1-or-later", "BSD-2-Clause"],
    copyright: "Copyright (c) Apple Inc. and the WebKit contributors",
    versions: ["webkit"],
  },
  {
    name: "TinyCC",
    source: github("oven-sh/tinycc"),
    licences: ["LGPL-2.1-or-later"],
    copyright: "Copyright (c) 2001-2004 Fabrice Bellard, and the TinyCC contributors",
    versions: ["tinycc"],
  },
  {
    name: "BoringSSL",
    source: github("oven-sh/boringssl"),
    licences: ["Apache-2.0", "ISC", "BSD-3-Clause", "MIT"],
    copyright: "Copyright (c) The OpenSSL Project Authors, Google LLC, and others",
    versions: ["boringssl"],
  },
  {
    name: "ICU, with Unicode data files",
    source: github("unicode-org/icu"),
    licences: ["Unicode-3.0"],
    copyright:
      "Copyright (c) 1991-2026 Unicode, Inc.; (c) 1995-2016 International Business Machines Corporation and others",
    versions: ["icu"],
  },
  {
    name: "SQLite",
    source: "https://sqlite.org",
    licences: ["blessing"],
    copyright: "Public domain",
    versions: ["sqlite"],
  },
  {
    name: "libarchive",
    source: github("libarchive/libarchive"),
    licences: ["BSD-2-Clause", "BSD-3-Clause"],
    copyright: "Copyright (c) 2003-2018 Tim Kientzle and others",
    versions: ["libarchive"],
  },
  {
    name: "mimalloc",
    source: github("oven-sh/mimalloc"),
    licences: ["MIT"],
    copyright: "Copyright (c) Microsoft Corporation, Daan Leijen",
    versions: ["mimalloc"],
  },
  {
    name: "picohttpparser",
    source: github("h2o/picohttpparser"),
    licences: ["MIT"],
    copyright: "Copyright (c) 2009-2014 Kazuho Oku, Tokuhiro Matsuno, Daisuke Murase, Shigeo Mitsunari",
    versions: ["picohttpparser"],
  },
  {
    name: "llhttp",
    source: github("nodejs/llhttp"),
    licences: ["MIT"],
    copyright: "Copyright Fedor Indutny, 2018",
    versions: ["llhttp"],
  },
  {
    name: "uWebSockets and uSockets, forked for Bun",
    source: github("oven-sh/bun"),
    licences: ["Apache-2.0"],
    copyright: "Copyright Alex Hultman and contributors",
    versions: ["uwebsockets", "usockets"],
  },
  {
    name: "zlib-ng",
    source: github("zlib-ng/zlib-ng"),
    licences: ["Zlib"],
    copyright: "(C) 1995-2025 Jean-loup Gailly and Mark Adler",
    versions: ["zlib"],
  },
  {
    name: "lol-html",
    source: github("cloudflare/lol-html"),
    licences: ["BSD-3-Clause"],
    copyright: "Copyright (C) 2019, Cloudflare, Inc.; Copyright (C) 2019, Ivan Nikulin",
    versions: ["lolhtml"],
  },
  {
    name: "c-ares",
    source: github("c-ares/c-ares"),
    licences: ["MIT"],
    copyright: "Copyright (c) 2007 - 2023, Daniel Stenberg with many contributors, see AUTHORS file",
    versions: ["ares"],
  },
  {
    name: "libdeflate",
    source: github("ebiggers/libdeflate"),
    licences: ["MIT"],
    copyright: "Copyright 2016 Eric Biggers; Copyright 2024 Google LLC",
    versions: ["libdeflate"],
  },
  {
    name: "ls-hpack, ls-qpack and lsquic",
    source: github("litespeedtech"),
    licences: ["MIT", "BSD-3-Clause"],
    copyright: "Copyright (c) LiteSpeed Technologies Inc; parts Copyright (c) The Chromium Authors",
    versions: ["lshpack"],
  },
  {
    name: "Zstandard",
    source: github("facebook/zstd"),
    licences: ["BSD-3-Clause"],
    copyright: "Copyright (c) 2016-2022, Meta Platforms, Inc. and affiliates",
    versions: ["zstd"],
  },
  {
    name: "Zig's standard library",
    source: github("oven-sh/zig"),
    licences: ["MIT"],
    copyright: "Copyright (c) Zig contributors",
    versions: ["zig"],
  },
  {
    name: "Node.js (built-in modules that Bun ports)",
    source: github("nodejs/node"),
    licences: ["MIT"],
    copyright: "Copyright Node.js contributors; Copyright Joyent, Inc. and other Node contributors",
    versions: ["node"],
  },
  {
    name: "brotli",
    source: github("google/brotli"),
    licences: ["MIT"],
    copyright: "Copyright (c) 2013-2015 by the Brotli Authors",
  },
  {
    name: "simdutf",
    source: github("simdutf/simdutf"),
    licences: ["Apache-2.0"],
    copyright: "Copyright The simdutf authors",
  },
  {
    name: "base64",
    source: github("aklomp/base64"),
    licences: ["BSD-2-Clause"],
    copyright:
      "Copyright (c) 2005-2007, Nick Galbreath; (c) 2015-2017, Wojciech Mula; (c) 2016-2017, Matthieu Darbois; (c) 2013-2022, Alfred Klomp",
  },
  {
    name: "libjpeg-turbo",
    source: github("libjpeg-turbo/libjpeg-turbo"),
    licences: ["IJG", "BSD-3-Clause", "Zlib"],
    copyright:
      "Copyright (C) 2009-2025 D. R. Commander; Copyright (C) 2015 Viktor Szathmary; Copyright (C) 1991-2020 Thomas G. Lane, Guido Vollbeding",
  },
  {
    name: "libspng",
    source: github("randy408/libspng"),
    licences: ["BSD-2-Clause"],
    copyright: "Copyright (c) 2018-2023 Randy",
  },
  {
    name: "libwebp",
    source: github("webmproject/libwebp"),
    licences: ["BSD-3-Clause"],
    copyright: "Copyright (c) 2010, Google Inc.",
  },
  {
    name: "Highway",
    source: github("google/highway"),
    licences: ["Apache-2.0"],
    copyright: "Copyright The Highway Project Authors",
  },
  {
    name: "uucode",
    source: github("jacobsandlund/uucode"),
    licences: ["MIT"],
    copyright: "Copyright (c) Jacob Sandlund",
  },
  {
    name: "parts of TigerBeetle's I/O code",
    source: github("tigerbeetle/tigerbeetle"),
    licences: ["Apache-2.0"],
    copyright: "Copyright TigerBeetle, Inc.",
  },
  {
    name: "__cxa_thread_atexit of LLVM's libc++abi",
    source: github("llvm/llvm-project"),
    licences: ["Apache-2.0", "LLVM-exception"],
    copyright: "Copyright The LLVM Project contributors",
  },
  {
    name: "esbuild (of which Bun's transpiler is a port)",
    source: github("evanw/esbuild"),
    licences: ["MIT"],
    copyright: "Copyright (c) 2020 Evan Wallace",
  },
  {
    name: "npm packages that Bun embeds: acorn, acorn-walk, assert, browserify-zlib, buffer, constants-browserify, crypto-browserify, domain-browser, events, https-browserify, os-browserify, path-browserify, process, punycode, querystring-es3, stream-browserify, stream-http, string_decoder, timers-browserify, tty-browserify, url, util, vm-browserify",
    source: "https://www.npmjs.com",
    licences: ["MIT"],
    copyright: "Copyright their authors, as their packages name them",
  },
];

/** Names in `process.versions` of an interface instead of code, or of a part that is not in a compiled program. */
export const INTERFACES = ["openssl", "v8", "uv", "napi", "modules", "unicode", "typescript"] as const;
