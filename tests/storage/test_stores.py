"""Every store keeps the same promises."""

import sqlite3
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage import Entry, Store
from storage.memory import MemoryStore
from storage.redis import RedisStore
from storage.sqlite import FILE_NAME, MOST_REMOVED, SqliteStore, open_store


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
def test_a_foreign_file_is_moved_aside(tmp_path: Path, content: bytes) -> None:
    """The service starts anyway, and the file is still there to look at."""
    path = tmp_path / FILE_NAME
    path.write_bytes(content)
    store = SqliteStore(path)
    store.put("key", Entry(b"x", 1.0))
    assert store.get("key") == Entry(b"x", 1.0)
    aside = list(tmp_path.glob(f"{FILE_NAME}.damaged-*"))
    assert [file.read_bytes() for file in aside] == ([content] if content else [])
    store.close()


def test_a_file_of_another_schema_is_kept_but_not_read(tmp_path: Path) -> None:
    """A newer version's answers are misses here, and not deleted."""
    path = tmp_path / FILE_NAME
    db = sqlite3.connect(path)
    db.executescript("CREATE TABLE answers (other TEXT); PRAGMA user_version = 99;")
    db.close()
    store = SqliteStore(path)
    assert store.get("key") is None
    assert len(list(tmp_path.glob(f"{FILE_NAME}.damaged-*"))) == 1
    store.close()


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


def test_a_flipped_bit_in_an_answer_is_a_miss(tmp_path: Path) -> None:
    """The check sum finds what SQLite does not."""
    store = SqliteStore(tmp_path / FILE_NAME)
    store.put("key", Entry(b'"true"', 1.0))
    db = sqlite3.connect(store.path)
    db.execute("UPDATE answers SET body = ?", (b'"trve"',))
    db.commit()
    db.close()
    assert store.get("key") is None
    store.close()


def test_where_the_directory_is_read_only_another_place_is_found(tmp_path: Path) -> None:
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
