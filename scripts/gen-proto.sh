#!/bin/sh
# Generates src/gen/NAME.js and src/gen/NAME.d.ts from every proto/NAME.proto, deterministically. With --check it writes
# nothing and exits 1, naming the file, when the checked-in code is not what the .proto files say.
#
# uint64 becomes number: --force-number says so in the types only, so protobuf-runtime.js switches Long off at run time
# as well. Codecs pass what they read through a safe-integer check, because protobufjs rounds silently above 2^53.
set -eu
cd "$(dirname "$0")/.."
export PATH="$PWD/node_modules/.bin:$PATH"
# npm shims start with "#!/usr/bin/env node"; a machine with only Bun runs them with Bun.
if command -v node >/dev/null 2>&1; then RUN="node"; else RUN="bun"; fi

# pbts needs Node itself (it runs jsdoc, which Bun cannot load); the types follow from the code, which is always compared.
kinds="js d.ts"
out=src/gen
if [ "${1:-}" = "--check" ]; then
  if [ "$RUN" != node ]; then
    kinds="js"
    echo "proto: no Node here, so the generated types (*.d.ts) were not compared" >&2
  fi
  out=$(mktemp -d)
  trap 'rm -rf "$out"' EXIT
elif [ "$RUN" != node ]; then
  echo "proto: generating src/gen needs Node (for pbts)" >&2
  exit 1
fi
mkdir -p "$out"

cat >"$out/protobuf-runtime.js" <<'RUNTIME'
// Written by scripts/gen-proto.sh: protobufjs without Long, so that uint64 fields decode to number.
import protobuf from "protobufjs/minimal.js";

protobuf.util.Long = undefined;
protobuf.configure();

export default protobuf;
RUNTIME

status=0
for proto in proto/*.proto; do
  name=$(basename "$proto" .proto)
  "$RUN" node_modules/protobufjs-cli/bin/pbjs -t static-module -w es6 --dependency ./protobuf-runtime.js \
    --root "elastickv_$name" --force-number --no-create --no-verify --no-convert --no-delimited --no-typeurl --no-service \
    -o "$out/$name.js.tmp" "$proto"
  mv "$out/$name.js.tmp" "$out/$name.js"
  [ "$RUN" != node ] || "$RUN" node_modules/protobufjs-cli/bin/pbts -o "$out/$name.d.ts" "$out/$name.js"
  if [ "$out" != src/gen ]; then
    for kind in $kinds; do
      file="$name.$kind"
      cmp -s "$out/$file" "src/gen/$file" || { echo "src/gen/$file is not up to date: run scripts/gen-proto.sh" >&2; status=1; }
    done
  fi
done
if [ "$out" != src/gen ] && ! cmp -s "$out/protobuf-runtime.js" src/gen/protobuf-runtime.js; then
  echo "src/gen/protobuf-runtime.js is not up to date: run scripts/gen-proto.sh" >&2
  status=1
fi
exit $status
