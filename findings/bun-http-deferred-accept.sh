#!/usr/bin/env bash
# node:http in Bun 1.4.5 takes a connection only when its first bytes arrive (the listening socket has TCP_DEFER_ACCEPT), where Node takes it when it is
# made. Two things follow for a server that stops:
#
# - `connection` events and a count made of them know nothing of a client that has connected and not sent yet;
# - server.close() resets such a client, whose request may be on its way. In Node close() ends listening, and the connection is served.
#   (Node closes idle connections too, but this one has not been idle after a request.)
#
# The script connects, waits 200 ms, calls close(), sends a request 50 ms later, and says what came of it. Seen on 2026-11-28:
#   bun 1.4.5: connection event no, request after close reset
#   node: connection event yes, request after close 200
# It fails when that changes. Needs: node 20 or newer, npm and its registry. Usage: findings/bun-http-deferred-accept.sh
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private":true,"type":"module"}' > package.json
npm install --silent --no-fund --no-audit bun@1.4.5

cat > stop.mjs <<'JS'
import { createServer } from "node:http";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

let event = "no";
const server = createServer((_, response) => response.end("served"));
server.on("connection", () => {
  event = "yes";
});
await new Promise((done) => server.listen(0, "127.0.0.1", done));
const client = connect(server.address().port, "127.0.0.1");
await new Promise((done) => client.once("connect", done));
const outcome = new Promise((done) => {
  client.once("data", (data) => done(data.toString().split(" ")[1]));
  client.once("error", () => done("reset"));
  client.once("close", () => done("reset"));
});
await sleep(200);
const seen = event;
server.close();
await sleep(50);
client.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
console.log(`connection event ${seen}, request after close ${await outcome}`);
process.exit(0);
JS

bun=$(node_modules/.bin/bun stop.mjs)
node=$(node stop.mjs)
echo "bun 1.4.5: $bun"
echo "node: $node"
[ "$bun" = "connection event no, request after close reset" ]
[ "$node" = "connection event yes, request after close 200" ]
