#!/usr/bin/env bash
# A node:http server can be given connections that another listener has accepted: `server.emit("connection", socket)`, documented for the event "connection"
# (nodejs.org, http.Server). Where one port is to serve several threads, or TLS certificates change under way, that is the way to do it. In Bun 1.4.5 such a
# connection is served by other code than one that the server itself has accepted, and differs in two things from it and from Node:
#
# - a request that nobody reads is not held back: pause() does not reach the socket, and the body is taken into memory, however long it is;
# - characters of a response header above U+007F are written as UTF-8, not as latin1, so that a value that came in as bytes goes out as others.
#
# The script sends 64 MiB to a handler that reads one piece and then pauses (does the client stand still before the end?), and looks at the bytes of the header
# `x-meta: \u00e9`. Seen on 2026-11-28, with the server's own listener / with emit("connection"):
#   bun 1.4.5: held back yes, header e9 / held back no, header c3a9
#   node: held back yes, header e9 / held back yes, header e9
# It fails when that changes. Needs: node 20 or newer, npm and its registry. Usage: findings/bun-http-emit-connection.sh
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private":true,"type":"module"}' > package.json
npm install --silent --no-fund --no-audit bun@1.4.5

cat > emit.mjs <<'JS'
import { createServer } from "node:http";
import { connect, createServer as createTcpServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

const SIZE = 64 * 1024 * 1024;

async function look(listens) {
  const server = createServer((request, response) => {
    if (request.method === "PUT") request.once("data", () => request.pause());
    else response.writeHead(200, { "x-meta": "\u00e9" }).end();
  });
  const listener = listens === "itself" ? server : createTcpServer((socket) => server.emit("connection", socket));
  await new Promise((done) => listener.listen(0, "127.0.0.1", done));
  const open = () => {
    const client = connect(listener.address().port, "127.0.0.1");
    client.on("error", () => {});
    return client;
  };

  const put = open();
  put.write(`PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: ${SIZE}\r\n\r\n`);
  let sent = 0;
  (async () => {
    for (; sent < SIZE; sent += 1 << 20) await new Promise((done) => put.write(new Uint8Array(1 << 20), done));
  })();
  for (let before = -1; before !== sent; ) {
    before = sent;
    await sleep(300);
  }

  const get = open();
  get.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  const head = await new Promise((done) => get.once("data", (data) => done(data.toString("latin1"))));
  const value = Buffer.from(/x-meta: (.*)\r/i.exec(head)[1], "latin1").toString("hex");
  return `held back ${sent < SIZE ? "yes" : "no"}, header ${value}`;
}

console.log(`${await look("itself")} / ${await look("another")}`);
process.exit(0);
JS

bun=$(node_modules/.bin/bun emit.mjs)
node=$(node emit.mjs)
echo "bun 1.4.5: $bun"
echo "node: $node"
[ "$bun" = "held back yes, header e9 / held back no, header c3a9" ]
[ "$node" = "held back yes, header e9 / held back yes, header e9" ]
