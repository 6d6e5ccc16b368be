"""Every store keeps the same promises."""

import contextlib
import fcntl
import os
import re
import sqlite3
import subprocess
import sys
import threading
import uuid
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from storage import Entry, Store
from storage.ledger import Ledger, load
from storage.memory import MemoryStore
from storage.redis import RedisStore
from storage.sqlite import FILE_NAME, MOST_REMOVED, STEPS, SqliteStore, open_store


def make(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """A store of that kind, with nothing in it."""
    if kind == "sqlite":
        return SqliteStore(tmp_path / FILE_NAME)
    if kind == "memory":
        return MemoryStore()
    server = request.getfixturevalue(f"{kind}_server")
    return RedisStore(server.url, uuid.uuid4().hex)


@pytest.fixture(params=["sqlite", "memory", "redis", "valkey"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Each store in turn."""
    made = make(request.param, request, tmp_path)
    yield made
    made.close()


@pytest.fixture(params=["sqlite", "memory"])
def own_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Each store that has to be cleaned up; a server forgets by itself."""
    made = make(request.param, request, tmp_path)
    yield made
    made.close()


def test_what_was_put_is_got(store: Store) -> None:
    """Bytes and moment come back as they were."""
    store.put("key", Entry(b'"answer"', 12.5))
    assert store.get("key") == Entry(b'"answer"', 12.5)
    assert store.get("other") is None


def test_a_later_put_replaces_the_earlier(store: Store) -> None:
    """One key, one answer."""
    store.put("key", Entry(b"1", 1.0))
    store.put("key", Entry(b"2", 2.0))
    assert store.get("key") == Entry(b"2", 2.0)
    assert dict(store.answers()) == {"key": Entry(b"2", 2.0)}


def test_what_is_held_is_counted(store: Store) -> None:
    """At least the answers; a server counts all that it holds."""
    before = store.holdings().entries
    store.put("key", Entry(b"x" * 1000, 1.0))
    holdings = store.holdings()
    assert holdings.entries == before + 1
    assert holdings.size_bytes >= 1000


def test_everything_can_be_taken_elsewhere(store: Store) -> None:
    """Answers and states come back whole, whatever is in them."""
    answers = {f"kind:{n}": Entry(bytes(range(256)) * n, n + 0.1) for n in range(1, 700)}
    for key, entry in answers.items():
        store.put(key, entry)
    store.update("ledger:a*b", lambda _: b"\n{\x00}", attempt="one")
    assert dict(store.answers()) == answers
    assert dict(store.states()) == {"ledger:a*b": b"\n{\x00}"}


def test_a_change_that_gives_up_leaves_no_trace(store: Store) -> None:
    """Empty bytes where there was nothing are nothing."""
    store.update("flight", lambda _: b"")
    assert dict(store.states()) == {}


def test_only_older_answers_are_removed(own_store: Store) -> None:
    """The boundary itself stays."""
    store = own_store
    for age in (1.0, 2.0, 3.0):
        store.put(str(age), Entry(b"x", age))
    assert store.remove_before(2.0) == 1
    assert store.get("1.0") is None
    assert store.get("2.0") is not None


def test_clearing_removes_answers_but_not_the_limits(store: Store) -> None:
    """An erased cache must not make us call too soon."""
    store.put("key", Entry(b"x", 1.0))
    store.update("slot", lambda _: b"state")
    assert store.clear() == 1
    assert store.get("key") is None
    seen: list[bytes | None] = []
    store.update("slot", seen.append)
    assert seen == [b"state"]


def test_an_update_that_returns_nothing_writes_nothing(store: Store) -> None:
    """Looking is not touching."""
    store.update("slot", lambda _: b"1")
    store.update("slot", lambda _: None)
    seen: list[bytes | None] = []
    store.update("slot", seen.append)
    assert seen == [b"1"]


def test_an_update_that_returns_empty_bytes_removes_the_state(store: Store) -> None:
    """What is over leaves no trace."""
    store.update("flight", lambda _: b"1")
    store.update("flight", lambda _: b"")
    seen: list[bytes | None] = []
    store.update("flight", seen.append)
    assert seen == [None]


def test_an_update_that_raises_writes_nothing_and_blocks_nobody(store: Store) -> None:
    """A broken change leaves the state as it was, and the next one goes through."""

    def broken(_: bytes | None) -> bytes:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store.update("slot", broken)
    seen: list[bytes | None] = []
    store.update("slot", seen.append)
    assert seen == [None]


def test_shrinking_removes_the_oldest_first(own_store: Store) -> None:
    """What is left is the newest, and fits."""
    store = own_store
    for number in range(400):
        store.put(f"{number:03}", Entry(b"x" * 1000, float(number)))
    assert store.shrink(200_000) > 0
    assert store.holdings().size_bytes <= 200_000
    assert store.get("399") is not None
    assert store.get("000") is None


def test_d05_a_full_cache_is_emptied_in_bounded_steps(tmp_path: Path) -> None:
    """However much there is to remove, nobody waits for all of it."""
    store = SqliteStore(tmp_path / FILE_NAME)
    with store._connection() as db:
        db.executemany(
            "INSERT INTO answers VALUES (?, ?, 0, ?)",
            ((str(n), float(n), b"x") for n in range(5_000)),
        )
    assert store.shrink(0) == MOST_REMOVED
    assert store.remove_before(4_500.0) == MOST_REMOVED
    assert store.remove_before(4_500.0) == 500
    assert store.get("4400") is None
    assert store.holdings().entries == 500
    store.close()


def test_a_restart_keeps_everything(tmp_path: Path) -> None:
    """Answers and limits outlive the process."""
    first = SqliteStore(tmp_path / FILE_NAME)
    first.put("key", Entry(b"x", 1.0))
    first.update("slot", lambda _: b"1")
    first.close()
    second = SqliteStore(tmp_path / FILE_NAME)
    assert second.get("key") == Entry(b"x", 1.0)
    second.close()


def test_the_file_is_for_its_owner_only(tmp_path: Path) -> None:
    """Ideas are nobody else's business."""
    store = SqliteStore(tmp_path / "folder" / FILE_NAME)
    store.put("key", Entry(b"x", 1.0))
    assert store.path.stat().st_mode & 0o077 == 0
    assert store.path.parent.stat().st_mode & 0o077 == 0
    store.close()


@pytest.mark.parametrize(
    "content", [b"", b"not a database, but some other file" * 100, b"\0" * 5000]
)
def test_c01_a_foreign_file_is_moved_aside(tmp_path: Path, content: bytes) -> None:
    """The service starts anyway, and the file is still there to look at."""
    path = tmp_path / FILE_NAME
    path.write_bytes(content)
    store = SqliteStore(path)
    store.put("key", Entry(b"x", 1.0))
    assert store.get("key") == Entry(b"x", 1.0)
    aside = list(tmp_path.glob(f"{FILE_NAME}.damaged-*"))
    assert [file.read_bytes() for file in aside] == ([content] if content else [])
    store.close()


# What the very first version wrote, before there were steps.
FIRST_SCHEMA = """
    PRAGMA journal_mode = WAL;
    CREATE TABLE answers (
        key TEXT PRIMARY KEY, stored_at REAL NOT NULL, check_sum INTEGER NOT NULL, body BLOB NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX answers_by_age ON answers (stored_at);
    CREATE TABLE state (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
    PRAGMA user_version = 1;
"""
NEXT_STEPS = (
    *STEPS,
    (
        "ALTER TABLE answers ADD COLUMN hits INTEGER NOT NULL DEFAULT 0",
        "UPDATE answers SET hits = 1",
    ),
    ("CREATE TABLE documents (id TEXT PRIMARY KEY)",),
)


def versions(path: Path) -> int:
    """The version that a file says it has."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        return int(db.execute("PRAGMA user_version").fetchone()[0])


def test_a_file_of_the_first_version_is_read_on(tmp_path: Path) -> None:
    """Its answers and ledgers are there."""
    path = tmp_path / FILE_NAME
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.executescript(FIRST_SCHEMA)
        db.execute("INSERT INTO answers VALUES ('key', 1.0, ?, ?)", (zlib.crc32(b"x"), b"x"))
        db.execute("INSERT INTO state VALUES ('ledger:gemini', ?)", (b"{}",))
        db.commit()
    store = SqliteStore(path)
    assert store.get("key") == Entry(b"x", 1.0)
    assert dict(store.states()) == {"ledger:gemini": b"{}"}
    store.close()


def test_a_file_of_an_older_version_is_brought_up_to_date_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Every step is taken in order, and what was there is kept."""
    path = tmp_path / FILE_NAME
    older = SqliteStore(path)
    older.put("key", Entry(b"x", 1.0))
    older.update("ledger:gemini", lambda _: b"{}")
    older.close()
    for _ in range(2):
        store = SqliteStore(path, NEXT_STEPS)
        assert store.get("key") == Entry(b"x", 1.0)
        assert dict(store.states()) == {"ledger:gemini": b"{}"}
        store.close()
    with contextlib.closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT hits FROM answers").fetchall() == [(1,)]
    assert versions(path) == 3
    assert caplog.text.count("is now of version 3; it was 1") == 1
    assert not list(tmp_path.glob("*damaged*"))


def test_a_step_that_fails_changes_nothing(tmp_path: Path) -> None:
    """The next start finds the file as it was."""
    path = tmp_path / FILE_NAME
    older = SqliteStore(path)
    older.put("key", Entry(b"x", 1.0))
    older.close()
    broken = SqliteStore(path, (*NEXT_STEPS[:2], ("CREATE TABLE answers (again TEXT)",)))
    with pytest.raises(OSError, match="already exists"):
        broken.get("key")
    broken.close()
    assert versions(path) == 1
    assert older.get("key") == Entry(b"x", 1.0)
    older.close()


def test_many_threads_bring_a_file_up_to_date_together(tmp_path: Path) -> None:
    """Each step is taken by one of them."""
    path = tmp_path / FILE_NAME
    older = SqliteStore(path)
    older.put("key", Entry(b"x", 1.0))
    older.close()
    stores = [SqliteStore(path, NEXT_STEPS) for _ in range(8)]
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda store: store.get("key"), stores))
    assert found == [Entry(b"x", 1.0)] * 8
    for store in stores:
        store.close()


def test_threads_that_come_and_go_leave_no_files_open(tmp_path: Path) -> None:
    """There are as many connections as were in use at once."""
    store = SqliteStore(tmp_path / FILE_NAME)
    for number in range(20):
        thread = threading.Thread(target=store.put, args=(f"{number}", Entry(b"x", number)))
        thread.start()
        thread.join()
    ours = [link for link in map(_target, Path("/proc/self/fd").iterdir()) if tmp_path.name in link]
    store.close()
    assert 1 <= len(ours) <= 3  # the file, its journal, and the index of that
    assert not [
        link for link in map(_target, Path("/proc/self/fd").iterdir()) if tmp_path.name in link
    ]
    assert store.holdings().entries == 20
    store.close()


def _target(link: Path) -> str:
    """Where a file of the process leads; the one by which they are listed is gone already."""
    try:
        return str(link.readlink())
    except FileNotFoundError:
        return ""


def test_a_connection_in_use_while_the_store_is_closed_is_closed_afterwards(tmp_path: Path) -> None:
    """And it is never used again."""
    store = SqliteStore(tmp_path / FILE_NAME)

    def close_meanwhile(_: bytes | None) -> bytes:
        store.close()
        return b"new"

    store.update("state", close_meanwhile)
    ours = [link for link in map(_target, Path("/proc/self/fd").iterdir()) if tmp_path.name in link]
    assert ours == []
    assert dict(store.states()) == {"state": b"new"}
    store.close()


def test_c03_a_file_of_a_newer_version_is_left_as_it_is(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Its answers are misses here; another file is used, and the newer version finds its own again."""
    path = tmp_path / FILE_NAME
    newer = SqliteStore(path, NEXT_STEPS)
    newer.update("ledger:gemini", lambda _: b"{}")
    newer.close()
    content = path.read_bytes()
    for _ in range(2):
        store = open_store(tmp_path)
        assert store.get("key") is None
        store.put("other", Entry(b"y", 2.0))
        assert store.get("other") == Entry(b"y", 2.0)
        assert store.holdings().place == str(tmp_path / "cache.v1.db")
        store.close()
    assert path.read_bytes() == content
    assert "written by a newer version (3): it stays as it is, cache.v1.db is used" in caplog.text
    assert dict(newer.states()) == {"ledger:gemini": b"{}"}
    newer.close()
    assert not list(tmp_path.glob("*damaged*"))


def test_a_file_damaged_while_open_costs_one_error_and_then_works(tmp_path: Path) -> None:
    """The damage is met once; the next use has a new file."""
    path = tmp_path / FILE_NAME
    store = SqliteStore(path)
    for number in range(200):
        store.put(str(number), Entry(b"x" * 500, 1.0))
    store.close()
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)
    with pytest.raises(OSError, match="malformed"):
        sum(store.get(str(number)) is not None for number in range(200))
    store.put("key", Entry(b"y", 2.0))
    assert store.get("key") == Entry(b"y", 2.0)
    store.close()


def test_c02_a_flipped_bit_in_an_answer_is_a_miss(tmp_path: Path) -> None:
    """The check sum finds what SQLite does not."""
    store = SqliteStore(tmp_path / FILE_NAME)
    store.put("key", Entry(b'"true"', 1.0))
    db = sqlite3.connect(store.path)
    db.execute("UPDATE answers SET body = ?", (b'"trve"',))
    db.commit()
    db.close()
    assert store.get("key") is None
    store.close()


def test_d02_where_the_directory_is_read_only_another_place_is_found(tmp_path: Path) -> None:
    """Also for root, who may write everywhere: the directory's name is taken by a file."""
    taken = tmp_path / "cache"
    taken.write_text("a file")
    store = open_store(taken)
    store.put("a-key-of-this-test", Entry(b"x", 1.0))
    assert store.get("a-key-of-this-test") == Entry(b"x", 1.0)
    assert store.holdings().place != str(taken / FILE_NAME)
    store.clear()
    store.close()


@pytest.mark.parametrize("kind", ["sqlite", "redis", "valkey"])
def test_updates_of_many_processes_are_never_lost(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Four processes add one, a hundred times each, and the sum is four hundred."""
    opening = (
        "from storage.sqlite import SqliteStore; store = SqliteStore(Path(sys.argv[1]))\n"
        if kind == "sqlite"
        else "from storage.redis import RedisStore; store = RedisStore(sys.argv[1], sys.argv[2])\n"
    )
    program = (
        f"import sys; from pathlib import Path; {opening}"
        "for _ in range(100): store.update('n', lambda old: str(int(old or 0) + 1).encode())\n"
    )
    store = make(kind, request, tmp_path)
    if isinstance(store, RedisStore):
        place = [request.getfixturevalue(f"{kind}_server").url, store.prefix]
    else:
        place = [str(tmp_path / FILE_NAME)]
    workers = [subprocess.Popen([sys.executable, "-c", program, *place]) for _ in range(4)]
    assert [worker.wait(60) for worker in workers] == [0, 0, 0, 0]
    assert dict(store.states()) == {"n": b"400"}
    store.close()


def test_there_is_nothing_to_remove_in_an_empty_store(tmp_path: Path) -> None:
    """Though the file itself is larger than what may be held."""
    store = SqliteStore(tmp_path / FILE_NAME)
    assert store.shrink(0) == 0
    store.close()


def test_what_is_no_damage_moves_nothing_aside(tmp_path: Path) -> None:
    """Somebody else is writing: the file is whole, and the next use works."""
    path = tmp_path / FILE_NAME
    store = SqliteStore(path)
    store.put("key", Entry(b"1", 1.0))
    with store._connection() as db:
        db.execute("PRAGMA busy_timeout = 0")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(OSError, match="locked"):
        store.put("key", Entry(b"2", 2.0))
    other.execute("ROLLBACK")
    other.close()
    store.put("key", Entry(b"3", 3.0))
    assert store.get("key") == Entry(b"3", 3.0)
    assert [file.name for file in tmp_path.glob("*.damaged-*")] == []
    store.close()


def test_a_file_that_cannot_be_prepared_is_an_error_and_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A locked file is no damaged one, and neither is a full disk."""
    path = tmp_path / FILE_NAME
    monkeypatch.setattr("storage.sqlite.BUSY_TIMEOUT_S", 0.0)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    store = SqliteStore(path)
    with pytest.raises(OSError, match="locked"):
        store.get("key")
    other.execute("ROLLBACK")
    other.close()
    assert store.get("key") is None
    store.close()


def spoilt(path: Path) -> None:
    """Damage the file that others have open."""
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)


def filled(path: Path) -> SqliteStore:
    """A store with some pages, all of them in the file itself."""
    store = SqliteStore(path)
    for number in range(200):
        store.put(str(number), Entry(b"x" * 500, 1.0))
    store.close()
    assert store.get("0") is not None
    return store


def test_a_damaged_file_is_replaced_once_by_all_who_have_it_open(tmp_path: Path) -> None:
    """The second to notice finds the new file, and leaves it where it is."""
    path = tmp_path / FILE_NAME
    first, second = filled(path), filled(path)
    spoilt(path)
    with pytest.raises(OSError, match="malformed"):
        sum(first.get(str(number)) is not None for number in range(200))
    first.put("key", Entry(b"new", 2.0))
    second._begin_anew()  # it noticed in the same moment
    assert second.get("key") == Entry(b"new", 2.0)
    assert len(list(tmp_path.glob(f"{FILE_NAME}.damaged-*"))) == 1
    first.close()
    second.close()


def test_what_was_lost_is_said_of_every_state_that_is_not_there(tmp_path: Path) -> None:
    """Until it has one of its own; nothing is said of it in a file that was never damaged."""
    path = tmp_path / FILE_NAME
    store = filled(path)
    seen: list[bytes | None] = []
    store.update("ledger:x", seen.append)
    assert seen == [None]
    spoilt(path)
    with pytest.raises(OSError, match="malformed"):
        sum(store.get(str(number)) is not None for number in range(200))
    store.update("ledger:x", seen.append)
    assert seen[1] is not None
    lost = load(seen[1])
    assert lost.lost is not None
    assert lost == Ledger(lost=lost.lost)
    store.update("ledger:x", lambda _: b"own")
    store.update("ledger:x", seen.append)
    assert seen[2] == b"own"
    store.close()


def test_a_damaged_file_that_cannot_be_replaced_is_still_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full as well: the damage is told, and the next use tries again."""
    path = tmp_path / FILE_NAME
    store = filled(path)
    spoilt(path)

    def full(self: SqliteStore) -> sqlite3.Connection:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(SqliteStore, "_replace", full)
        with pytest.raises(OSError, match="malformed"):
            sum(store.get(str(number)) is not None for number in range(200))
    with pytest.raises(OSError, match="malformed"):
        sum(store.get(str(number)) is not None for number in range(200))
    store.put("key", Entry(b"1", 1.0))
    assert store.get("key") == Entry(b"1", 1.0)
    store.close()


def test_d02_without_any_place_the_store_lasts_as_long_as_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither the folder nor the temporary one can be written."""
    taken = tmp_path / "cache"
    taken.write_text("a file")
    monkeypatch.setattr("tempfile.tempdir", str(taken))
    store = open_store(taken)
    assert isinstance(store, MemoryStore)
    assert "cache and limits last as long as the process" in caplog.text


def test_a_temporary_folder_of_somebody_else_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """They could read our answers there, or write them."""
    taken = tmp_path / "cache"
    taken.write_text("a file")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    mine = os.getuid()
    names = iter([mine, mine + 1])
    monkeypatch.setattr("os.getuid", lambda: next(names, mine + 1))
    assert isinstance(open_store(taken), MemoryStore)
    assert "belongs to somebody else" in caplog.text


def test_a_store_says_what_kind_it_is(store: Store) -> None:
    """And that it is well."""
    condition = store.condition()
    assert condition.kind in ("sqlite", "memory", "redis")
    assert (condition.lost, condition.lost_for_s) == ("", 0.0)
    store.when_back(lambda: None)


def test_a_damaged_answer_is_not_among_the_answers(tmp_path: Path) -> None:
    """It is left where it is."""
    store = SqliteStore(tmp_path / FILE_NAME)
    for key in ("one", "two"):
        store.put(key, Entry(b"1", 1.0))
    with store._connection() as db:
        db.execute("UPDATE answers SET body = x'32' WHERE key = 'one'")
    assert dict(store.answers()) == {"two": Entry(b"1", 1.0)}
    store.close()


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE answers SET body = 'text'",
        "UPDATE answers SET stored_at = 'text'",
        "UPDATE answers SET stored_at = stored_at + 1",
        "UPDATE answers SET check_sum = check_sum + 1",
    ],
)
def test_c02_a_row_of_odd_values_is_no_answer(tmp_path: Path, damage: str) -> None:
    """Whatever stands where bytes, a time or a number should."""
    store = SqliteStore(tmp_path / FILE_NAME)
    store.put("key", Entry(b"answer", 1.0))
    with store._connection() as db:
        db.execute(damage)
    assert store.get("key") is None
    store.close()


def test_c02_a_damaged_index_gives_nobody_anothers_answer(tmp_path: Path) -> None:
    """Wherever a key stands in the file, and whatever it is taken for."""
    path = tmp_path / FILE_NAME
    store = SqliteStore(path)
    store.put("question-a", Entry(b"answer", 1.0))
    store.close()
    content = path.read_bytes()
    places = [found.start() for found in re.finditer(b"question-a", content)]
    assert len(places) == 2  # in the table and in its index
    for place in places:
        path.write_bytes(content[:place] + b"question-b" + content[place + 10 :])
        store = SqliteStore(path)
        assert store.get("question-b") is None
        store.close()


def test_a_header_that_forbids_to_write_is_damaged_and_a_disk_that_does_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one is replaced, the other is an error each time."""
    path = tmp_path / FILE_NAME
    store = filled(path)
    store.close()
    content = bytearray(path.read_bytes())
    content[18] = 3  # a version of writing that nobody knows
    path.write_bytes(content)
    with monkeypatch.context() as patched:
        patched.setattr("os.access", lambda *_: False)
        for _ in range(2):
            with pytest.raises(OSError, match="readonly"):
                store.put("key", Entry(b"1", 1.0))
    with pytest.raises(OSError, match="readonly"):
        store.put("key", Entry(b"1", 1.0))
    store.put("key", Entry(b"1", 1.0))
    assert store.get("key") == Entry(b"1", 1.0)
    store.close()


def test_a_process_that_stands_still_while_it_opens_the_file_holds_nobody_up_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others go on without the store, and use it as soon as they can."""
    monkeypatch.setattr("storage.sqlite.BUSY_TIMEOUT_S", 0.05)
    store = SqliteStore(tmp_path / FILE_NAME)
    still = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(still, fcntl.LOCK_EX)
    with pytest.raises(OSError, match="busy"):
        store.get("key")
    os.close(still)
    assert store.get("key") is None
    store.close()
