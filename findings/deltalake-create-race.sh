#!/bin/bash
# deltalake 1.6.6 (delta-rs), write_deltalake(mode="error"), the default: "error if the table exists". Threads that create one table at the
# same time may *both* be told that they did: the second one's commit 0 meets the first one's, and is written again as version 1, an append.
# Nothing is lost in the store: the exclusive creation of 00000000000000000000.json is right; delta-rs repairs what it should report.
# Seen: in most rounds of six threads two return without an error, and the table has versions 0 and 1 with a row of each.
# Exit code 1 when that is no longer so.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check deltalake==1.6.6 pyarrow==26.0.1

WORK=$work "$work/venv/bin/python" - <<'PYTHON'
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

WRITERS = 6
both = 0
for turn in range(20):
    where = f"{os.environ['WORK']}/table-{turn}"
    os.mkdir(where)
    barrier = Barrier(WRITERS)

    def create(number):
        barrier.wait()
        try:
            write_deltalake(where, pa.table({"writer": [number]}), mode="error")
            return number
        except Exception:
            return None

    with ThreadPoolExecutor(WRITERS) as pool:
        winners = [number for number in pool.map(create, range(WRITERS)) if number is not None]
    table = DeltaTable(where)
    rows = sorted(row["writer"] for row in pa.table(table.to_pyarrow_table()).to_pylist())
    assert rows == winners and table.version() == len(winners) - 1, (rows, winners, table.version())
    both += len(winners) > 1
print(f"{both} of 20 tables were 'created' by more than one writer; each such table has a version and a row for each of them")
os._exit(0 if both > 0 else 1)
PYTHON
