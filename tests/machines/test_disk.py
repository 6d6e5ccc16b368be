"""Disks that fill up, bytes that flip, many writers at once: what is read is whole, or it is nothing."""

import contextlib
import itertools
import json
import os
import random
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from storage import Entry
from storage.ledger import Ledger, dump, load
from storage.sqlite import FILE_NAME, SqliteStore

SEED = int(os.environ.get("DISK_SEED", "1"))
AGAIN = f"repeat with DISK_SEED={SEED} pytest {Path(__file__).name}"

# Writes until the disk is full, at one size of it after the other, as the kernel itself refuses more.
FILLER = """
import asyncio, json, logging, resource, sys
from pathlib import Path
from rate_limiter import RateLimiter
from storage import Entry
from storage.ledger import Allowance, Limits
from storage.sqlite import SqliteStore
logging.disable(logging.CRITICAL)
folder, first, last, step = Path(sys.argv[1]), *map(int, sys.argv[2:])
own = Allowance("gemini", scopes=(("*", Limits(per_day=10**9)),))
NO_LIMIT = resource.getrlimit(resource.RLIMIT_FSIZE)[1]

async def fill(path):
    granted = stored = failed = 0
    store = SqliteStore(path)
    limiter = RateLimiter(0, store=lambda: store)
    for n in range(12):
        granted += (await limiter.reserve(own)).granted is not None
        try:
            store.put(str(n), Entry(b'"' + str(n).encode() * 1500 + b'"', 1.0))
            stored += 1
        except OSError:
            failed += 1
    resource.setrlimit(resource.RLIMIT_FSIZE, (NO_LIMIT, NO_LIMIT))
    await limiter.ledger("gemini")
    store.close()
    return granted, stored, failed

for size in range(first, last, step):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, NO_LIMIT))
    print(json.dumps([size, *asyncio.run(fill(folder / str(size) / "cache.db"))]), flush=True)
"""


@pytest.mark.parametrize(
    "step", [32_768, pytest.param(1_024, marks=[pytest.mark.slow, pytest.mark.timeout(300)])]
)
def test_d01_the_disk_may_be_full_at_any_byte(tmp_path: Path, step: int) -> None:
    """Every call is granted and counted, the process goes on, and no file is damaged."""
    command = [sys.executable, "-c", FILLER, str(tmp_path), "0", "420000", str(step)]
    found = subprocess.run(command, capture_output=True, text=True, check=True, timeout=250)
    rows = [json.loads(line) for line in found.stdout.splitlines()]
    assert len(rows) >= 12
    for size, granted, stored, failed in rows:
        path = tmp_path / str(size) / FILE_NAME
        assert (granted, stored + failed) == (12, 12)
        store = SqliteStore(path)
        kept = [store.get(str(n)) for n in range(12)]
        assert sum(entry is not None for entry in kept) == stored
        assert all(
            e is None or e.body == b'"' + b"%d" % n * 1500 + b'"' for n, e in enumerate(kept)
        )
        ledgers: list[Ledger] = []
        store.update("ledger:gemini", lambda held: ledgers.append(load(held or dump(Ledger()))))  # noqa: B023 - called at once
        assert ledgers[0].spent["*"].calls == granted, size
        assert not list(path.parent.glob("*.damaged-*")), size
        store.close()
    assert rows[0][3] == 12  # nothing fits
    assert rows[-1][3] == 0  # everything does


@pytest.mark.parametrize(
    "flips", [60, pytest.param(2_000, marks=[pytest.mark.slow, pytest.mark.timeout(300)])]
)
def test_c02_a_flipped_byte_anywhere_in_the_file_is_never_an_answer(
    tmp_path: Path, flips: int
) -> None:
    """The value is the right one, or there is none; and the next use works."""
    whole = tmp_path / "whole"
    store = SqliteStore(whole / FILE_NAME)
    bodies = {str(n): b'"%d"' % n * 100 for n in range(40)}
    for key, body in bodies.items():
        store.put(key, Entry(body, 1.0))
    store.close()
    content = (whole / FILE_NAME).read_bytes()
    chance = random.Random(SEED)
    for flip in range(flips):
        place, bit = chance.randrange(len(content)), 1 << chance.randrange(8)
        folder = tmp_path / "flipped"
        folder.mkdir()
        changed = bytearray(content)
        changed[place] ^= bit
        (folder / FILE_NAME).write_bytes(changed)
        store = SqliteStore(folder / FILE_NAME)
        for key, body in bodies.items():
            try:
                found = store.get(key)
            except OSError:
                continue
            assert found is None or found.body == body, f"flip {flip} at {place}; {AGAIN}"
        with contextlib.suppress(OSError):  # the damage is met once
            store.put("after", Entry(b"1", 1.0))
        store.put("after", Entry(b"1", 1.0))
        assert store.get("after") == Entry(b"1", 1.0), f"flip {flip} at {place}; {AGAIN}"
        store.close()
        shutil.rmtree(folder)


@pytest.mark.parametrize(
    "operations", [1_000, pytest.param(10_000, marks=[pytest.mark.slow, pytest.mark.timeout(300)])]
)
def test_c04_readers_see_whole_values_while_writers_write(tmp_path: Path, operations: int) -> None:
    """Eight of each, on one key, in two stores as two processes have them."""
    stores = [SqliteStore(tmp_path / FILE_NAME) for _ in range(2)]
    stores[0].put("key", Entry(b"0" * 5_000, 0.0))
    turns = itertools.count()
    faults: list[object] = []

    def work(number: int) -> None:
        store = stores[number % 2]
        while next(turns) < operations:
            try:
                if number % 4 < 2:
                    store.put("key", Entry(b"%d" % (number % 10) * 5_000, 1.0))
                    continue
                found = store.get("key")
                if found is None or len(set(found.body)) != 1 or len(found.body) != 5_000:
                    faults.append(found)
            except OSError as error:
                faults.append(error)

    workers = [threading.Thread(target=work, args=(n,)) for n in range(16)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for store in stores:
        store.close()
    assert faults == []
    assert next(turns) >= operations


def test_d06_keys_are_told_apart_whatever_they_are(tmp_path: Path) -> None:
    """They are no file names: long ones and ones that differ in case are different."""
    store = SqliteStore(tmp_path / FILE_NAME)
    keys = ["key", "KEY", "k" * 300, "k" * 301, "../key", "é", "e\u0301", ""]
    for n, key in enumerate(keys):
        store.put(key, Entry(b"%d" % n, 1.0))
    assert [store.get(key) for key in keys] == [Entry(b"%d" % n, 1.0) for n in range(len(keys))]
    assert {path.name for path in tmp_path.iterdir()} <= {
        FILE_NAME,
        f"{FILE_NAME}-wal",
        f"{FILE_NAME}-shm",
    }
    store.close()
