"""Icechunk: a branch is a file that is replaced with If-Match; made with If-None-Match."""

from datetime import datetime, timezone
from importlib.metadata import version

import icechunk
import numpy as np
import zarr

import harness as h

LABEL = "icechunk"
BUCKET = h.bucket(LABEL)


def storage(prefix):
    return icechunk.s3_storage(
        bucket=BUCKET, prefix=prefix, region=h.REGION, endpoint_url=h.ENDPOINT, allow_http=True, force_path_style=True,
        access_key_id=h.ACCESS_KEY, secret_access_key=h.SECRET_KEY,
    )


def commit_and_read():
    h.make_bucket(BUCKET)
    repo = icechunk.Repository.create(storage("one"))
    session = repo.writable_session("main")
    group = zarr.group(store=session.store)
    array = group.create_array("a +%", shape=(100, 100), chunks=(10, 100), dtype="i4")
    array[:] = np.arange(10_000).reshape(100, 100)
    first = session.commit("first")
    session = repo.writable_session("main")
    zarr.open_group(store=session.store)["a +%"][5] = 7
    session.commit("second")
    again = icechunk.Repository.open(storage("one"))
    now = zarr.open_group(store=again.readonly_session("main").store, mode="r")["a +%"]
    then = zarr.open_group(store=again.readonly_session(snapshot_id=first).store, mode="r")["a +%"]
    assert now[5].tolist() == [7] * 100 and then[5].tolist() == list(range(500, 600))
    assert [entry.message for entry in again.ancestry(branch="main")][:2] == ["second", "first"]


def concurrent_commits_lose_nothing():
    """Four sessions write a row each; who comes second rebases and commits again."""
    repo = icechunk.Repository.open(storage("one"))
    sessions = [repo.writable_session("main") for _ in range(4)]
    conflicts = []

    def commit(number):
        session = sessions[number]
        zarr.open_group(store=session.store)["a +%"][10 * number + 20] = 1000 + number
        while True:
            try:
                return session.commit(f"row {number}")
            except icechunk.ConflictError:
                conflicts.append(number)
                session.rebase(icechunk.ConflictDetector())

    answers = h.race(4, commit)
    assert len({str(answer) for answer in answers}) == 4 and not any(isinstance(answer, Exception) for answer in answers), answers
    assert conflicts, "nobody lost a round: the race is none"
    array = zarr.open_group(store=icechunk.Repository.open(storage("one")).readonly_session("main").store, mode="r")["a +%"]
    assert [int(array[10 * number + 20, 0]) for number in range(4)] == [1000, 1001, 1002, 1003]
    assert len(list(repo.ancestry(branch="main"))) == 2 + 4 + 1


def one_creator_wins():
    answers = h.race(4, lambda _: icechunk.Repository.create(storage("two")))
    h.only_winner(answers, lambda error: isinstance(error, icechunk.IcechunkError))


def tags_branches_expiry_and_garbage():
    repo = icechunk.Repository.open(storage("one"))
    head = repo.lookup_branch("main")
    repo.create_branch("side", head)
    repo.create_tag("v1", head)
    h.raises("IcechunkError", repo.create_tag, "v1", head)
    assert set(repo.list_branches()) == {"main", "side"} and set(repo.list_tags()) == {"v1"}
    repo.delete_branch("side")
    repo.expire_snapshots(older_than=datetime.now(timezone.utc))
    repo.garbage_collect(datetime.now(timezone.utc))
    array = zarr.open_group(store=icechunk.Repository.open(storage("one")).readonly_session("main").store, mode="r")["a +%"]
    assert array[5].tolist() == [7] * 100


def clean():
    h.remove_bucket(BUCKET)


h.run(LABEL, f"icechunk {version('icechunk')}", [commit_and_read, concurrent_commits_lose_nothing, one_creator_wins, tags_branches_expiry_and_garbage, clean])
