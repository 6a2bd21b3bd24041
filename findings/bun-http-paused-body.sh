#!/usr/bin/env bash
# A node:http handler that reads a part of a request body and then calls `request.pause()` expects the rest to wait in the socket. In Bun 1.4.5 one more piece is
# taken from the socket and kept in native memory until `resume()`: a piece is what one read of the socket gives, up to 512 KiB, and is in no JavaScript buffer, so a
# server that counts what it holds does not see it. A request that nobody has begun to read costs next to nothing. In Node a paused request costs about a
# quarter of a MiB here. A server that pauses uploads while they wait for memory or disk must count half a MiB for each.
#
# The script lets 128 clients send 16 MiB each to a handler that (a) never reads, (b) reads a MiB, frees its memory and pauses, and prints the growth of the server's RSS.
# Seen on 2026-11-28:
#   bun 1.4.5: never read 16 MiB, paused 77 MiB
#   node: never read 9 MiB, paused 41 MiB
# It fails when Bun's paused requests take less than 60 MiB, or Node's more. Needs: node 20 or newer, npm and its registry. Usage: findings/bun-http-paused-body.sh
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private":true,"type":"module"}' > package.json
npm install --silent --no-fund --no-audit bun@1.4.5

cat > server.mjs <<'JS'
import { createServer } from "node:http";

const server = createServer((request) => {
  if (process.argv[2] !== "paused") return;
  let got = 0;
  request.on("data", (piece) => {
    got += piece.byteLength;
    if (got >= 1 << 20) request.pause();
    if (piece.byteLength === piece.buffer.byteLength) structuredClone(piece.buffer, { transfer: [piece.buffer] });
  });
});
server.listen(0, "127.0.0.1", () => process.send({ port: server.address().port }));
process.on("message", () => process.send({ rss: process.memoryUsage.rss() }));
JS

cat > measure.mjs <<'JS'
import { fork } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

const [runtime] = process.argv.slice(2);
const CLIENTS = 128;
const BODY = 16 << 20;

async function growth(mode) {
  const server = fork("server.mjs", [mode], { execPath: runtime });
  const [{ port }] = await once(server, "message");
  const rss = async () => {
    server.send("rss");
    const [answer] = await once(server, "message");
    return answer.rss / (1 << 20);
  };
  const before = await rss();
  const clients = Array.from({ length: CLIENTS }, () => {
    const client = connect(port, "127.0.0.1");
    client.on("error", () => {});
    client.write(`PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: ${BODY}\r\n\r\n`);
    client.write(new Uint8Array(BODY));
    return client;
  });
  await sleep(3000);
  const after = await rss();
  for (const client of clients) client.destroy();
  server.kill();
  return after - before;
}

const [never, paused] = [await growth("never"), await growth("paused")];
console.error(`${runtime.includes("bun") ? "bun" : "node"}: never read ${never.toFixed(0)} MiB, paused ${paused.toFixed(0)} MiB`);
console.log(paused < 60 ? "little" : "much");
JS

bun=$(node measure.mjs "$work/node_modules/.bin/bun")
node=$(node measure.mjs "$(command -v node)")
[ "$bun $node" = "much little" ] || { echo "changed: bun $bun, node $node" >&2; exit 1; }
