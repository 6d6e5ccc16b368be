"""What one store knows is carried to another, there and back."""

import asyncio
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

from rate_limiter import Correction, RateLimiter
from storage import Entry, Store
from storage.carry import Carried, carry, main, opened
from storage.ledger import Allowance, Limits, Need, load
from storage.redis import RedisStore
from storage.sqlite import FILE_NAME, SqliteStore
from tests.servers import StoreServer, free_port

ROOT = Path(__file__).parents[2]
OWN = Allowance("gemini", scopes=(("*", Limits(per_day=5)), ("m", Limits(per_minute=5))))


def used(store: Store) -> int:
    """How many calls of today are left of five."""
    ledger = asyncio.run(RateLimiter(0, store=lambda: store).ledger("gemini"))
    return ledger.spent["*"].calls


def reserve(store: Store) -> bool:
    """Whether a call is granted."""
    limiter = RateLimiter(0, store=lambda: store)
    return asyncio.run(limiter.reserve(OWN)).granted is not None


@pytest.fixture
def file(tmp_path: Path) -> SqliteStore:
    """A store of one machine with something in it."""
    store = SqliteStore(tmp_path / FILE_NAME)
    now_s = time.time()
    store.put("fresh", Entry(b'"new"', now_s - 60))
    store.put("gone", Entry(b'"old"', now_s - 49 * 3600))
    for _ in range(3):
        assert reserve(store)
    store.update("flight:fresh", lambda _: b"a lease")
    return store


def test_there_and_back(file: SqliteStore, redis_server: StoreServer, tmp_path: Path) -> None:
    """Fresh answers, counts and holds; no leases, and nothing that is too old."""
    shared = RedisStore(redis_server.url, uuid.uuid4().hex)
    limiter = RateLimiter(0, store=lambda: file)
    hold = Correction(scope="m", reason="busy", hold_s=600)
    asyncio.run(limiter.settle(OWN, Need(), limiter.now(), hold))
    assert carry(file, shared, time.time()) == Carried(answers=1, ledgers=1)
    assert shared.get("fresh") == file.get("fresh")
    assert {name for name, _ in shared.states()} == {"ledger:gemini"}
    assert used(shared) == 3
    wait = asyncio.run(RateLimiter(0, store=lambda: shared).wait(OWN))
    assert wait.reason == "busy"
    assert wait.duration_s == pytest.approx(600, abs=10)
    (tmp_path / "other").mkdir()
    back = SqliteStore(tmp_path / "other" / FILE_NAME)
    assert carry(shared, back, time.time()) == Carried(answers=1, ledgers=1)
    assert back.get("fresh") == file.get("fresh")
    assert used(back) == 3
    for store in (file, shared, back):
        store.close()


def test_what_is_there_already_stays_if_it_is_newer_or_more(
    file: SqliteStore, redis_server: StoreServer
) -> None:
    """Carrying twice changes nothing, and a store in use is not set back."""
    shared = RedisStore(redis_server.url, uuid.uuid4().hex)
    newer = Entry(b'"newer"', time.time())
    shared.put("fresh", newer)
    for _ in range(4):
        assert reserve(shared)
    for _ in range(2):
        assert carry(file, shared, time.time()) == Carried(answers=0, ledgers=1)
    assert shared.get("fresh") == newer
    assert used(shared) == 4
    assert reserve(shared)
    assert not reserve(shared)
    for store in (file, shared):
        store.close()


def test_the_command_says_what_it_did(
    file: SqliteStore, redis_server: StoreServer, tmp_path: Path
) -> None:
    """As docs/FLEET.md tells it."""
    file.close()
    command = [sys.executable, "-m", "storage.carry"]
    prefix = uuid.uuid4().hex
    done = subprocess.run(
        [*command, str(tmp_path), redis_server.url, prefix],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "1 answers and 1 ledgers were carried over\n"
    shared = RedisStore(redis_server.url, prefix)
    assert used(shared) == 3
    shared.close()


def test_both_places_are_a_directory_or_an_address(
    file: SqliteStore,
    redis_server: StoreServer,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """There and back by the command's own way; the directory has to be there."""
    file.close()
    prefix, back = uuid.uuid4().hex, tmp_path / "back"
    main(str(tmp_path), redis_server.url, prefix)
    with pytest.raises(FileNotFoundError, match="there is no directory"):
        main(redis_server.url, str(back), prefix)
    back.mkdir()
    main(redis_server.url, str(back), prefix)
    assert capsys.readouterr().out == "1 answers and 1 ledgers were carried over\n" * 2
    store = opened(str(back), prefix)
    assert store.get("fresh") == file.get("fresh")
    assert used(store) == 3
    store.close()
    file.close()


def test_what_fails_on_the_way_leaves_no_store_open(file: SqliteStore, tmp_path: Path) -> None:
    """Whatever the one at the other end says."""
    file.close()
    with pytest.raises(OSError, match="refused"):
        main(str(tmp_path), f"redis://127.0.0.1:{free_port()}/0")


@pytest.mark.parametrize(
    ("places", "words"),
    [
        ([], "python -m storage.carry FROM TO"),
        (["nowhere", "redis://127.0.0.1:1/0"], "there is no directory 'nowhere'"),
        ([".", "redis://127.0.0.1:1/0"], "refused"),
        ([".", "http://127.0.0.1"], "URL must specify"),
    ],
)
def test_the_command_says_what_is_wrong(places: list[str], words: str, tmp_path: Path) -> None:
    """In one line, with a status that scripts can read."""
    SqliteStore(tmp_path / FILE_NAME).put("key", Entry(b"1", time.time()))
    done = subprocess.run(
        [sys.executable, "-m", "storage.carry", *places],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert words in done.stderr


def test_a_ledger_that_cannot_be_read_is_carried_as_a_lost_one(
    file: SqliteStore, tmp_path: Path
) -> None:
    """The other store becomes as careful as it would have been here."""
    file.update("ledger:gemini", lambda _: b"rubbish")
    target = SqliteStore(tmp_path / "target" / FILE_NAME)
    carry(file, target, time.time())
    lost = load(dict(target.states())["ledger:gemini"]).lost
    assert lost is not None
    assert not reserve(target)
    target.close()
    file.close()
