"""The response cache: fresh for its time to live, stale for a while, never in the way."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cache import FOLLOWED_S, LARGEST_VALUE, POLL_S, Freshness, Lease, ResponseCache
from storage import Change, Entry, StoreLost
from storage.ledger import moment
from storage.memory import MemoryStore
from storage.sqlite import SqliteStore
from tests.doubles import TurnedClock

HOUR_S = 3600.0


@pytest.fixture
def cache(clock: TurnedClock) -> ResponseCache:
    """A cache of 24 hours on the turned clock."""
    return ResponseCache(ttl_hours=24, store=MemoryStore(), clock=clock)


def test_an_answer_is_fresh_for_a_day_and_not_a_second_longer(
    cache: ResponseCache, clock: TurnedClock
) -> None:
    """The guide's 24 hours."""
    cache.set("key", {"n": 1})
    clock.turn(24 * HOUR_S - 1)
    assert cache.get("key") == {"n": 1}
    clock.turn(1)
    assert cache.get("key") is None


def test_c06_an_expired_answer_is_stale_for_another_day(
    cache: ResponseCache, clock: TurnedClock
) -> None:
    """Marked as such, with its age, and then gone."""
    cache.set("key", "old")
    clock.turn(24 * HOUR_S)
    stale = cache.look_up("key")
    assert stale is not None
    assert (stale.value, stale.is_fresh, stale.age_s) == ("old", False, 24 * HOUR_S)
    clock.turn(24 * HOUR_S)
    assert cache.look_up("key") is None


def test_without_stale_hours_an_expired_answer_is_gone(clock: TurnedClock) -> None:
    """The setting 0 turns it off."""
    cache = ResponseCache(stale_hours=0, store=MemoryStore(), clock=clock)
    cache.set("key", "old")
    clock.turn(24 * HOUR_S)
    assert cache.look_up("key") is None


def test_cleaning_up_removes_what_is_past_its_stale_hours(
    cache: ResponseCache, clock: TurnedClock
) -> None:
    """And nothing that may still be served."""
    cache.set("old", 1)
    clock.turn(40 * HOUR_S)
    cache.set("new", 2)
    assert cache.clear_expired() == 0
    clock.turn(9 * HOUR_S)
    assert cache.clear_expired() == 1
    assert cache.look_up("new") is not None


def test_the_cache_cleans_up_by_itself(cache: ResponseCache, clock: TurnedClock) -> None:
    """After a hundred writes, nobody has to ask."""
    cache.set("old", 1)
    clock.turn(72 * HOUR_S)
    for number in range(100):
        cache.set(f"new {number}", number)
    assert cache.stats()["entries"] == 100


def test_the_oldest_answers_make_room(clock: TurnedClock) -> None:
    """The size limit holds."""
    cache = ResponseCache(max_mb=0.01, store=MemoryStore(), clock=clock)
    for number in range(20):
        cache.set(str(number), "x" * 1000)
        clock.turn(1)
    cache.clear_expired()
    assert cache.stats()["size_bytes"] <= 0.01 * (1 << 20)
    assert cache.get("19") is not None
    assert cache.get("0") is None


def test_k01_a_clock_that_jumps_ahead_makes_answers_old(
    cache: ResponseCache, clock: TurnedClock
) -> None:
    """By a day and an hour: what was fresh is stale, with its age."""
    cache.set("key", "old")
    clock.epoch_s += 25 * HOUR_S
    assert cache.get("key") is None
    stale = cache.look_up("key")
    assert stale is not None
    assert (stale.is_fresh, stale.age_s) == (False, 25 * HOUR_S)


def test_k02_a_set_wall_clock_makes_nothing_immortal(
    cache: ResponseCache, clock: TurnedClock
) -> None:
    """K02: an entry from the future is a miss, and one from a moment ahead has age 0."""
    cache.set("key", 1)
    clock.epoch_s -= 60
    cached = cache.look_up("key")
    assert cached is not None
    assert cached.age_s == 0
    clock.epoch_s -= 25 * HOUR_S
    assert cache.look_up("key") is None


def test_b12_an_answer_over_a_mebibyte_is_not_kept(cache: ResponseCache) -> None:
    """B12: it is served, but does not push out the others."""
    cache.set("key", "x" * LARGEST_VALUE)
    assert cache.look_up("key") is None


def test_c01_damaged_json_is_a_miss(clock: TurnedClock) -> None:
    """C01: whatever the file holds."""
    store = MemoryStore()
    cache = ResponseCache(store=store, clock=clock)
    store.put("key", Entry(b'{"cut":', clock.time()))
    assert cache.get("key") is None


def test_what_is_not_json_is_refused_at_once(cache: ResponseCache) -> None:
    """A programming error is not swallowed."""
    with pytest.raises(TypeError):
        cache.set("key", object())


class FailingStore(MemoryStore):
    """A disk that is full."""

    def get(self, key: str) -> Entry | None:
        raise OSError("no space left on device")

    def put(self, key: str, entry: Entry, **_: object) -> None:
        raise OSError("no space left on device")


def test_d01_a_store_that_fails_costs_nothing_but_a_log_line(
    clock: TurnedClock, caplog: pytest.LogCaptureFixture
) -> None:
    """D01: reads miss, writes are dropped."""
    cache = ResponseCache(store=FailingStore(), clock=clock)
    cache.set("key", 1)
    assert cache.get("key") is None
    assert "no space left" in caplog.text


def test_a_restart_keeps_the_cache_warm(tmp_path: Path) -> None:
    """The file answers after the process is gone."""
    first = ResponseCache(cache_dir=str(tmp_path))
    first.set("key", {"text": "é"})
    first.close()
    second = ResponseCache(cache_dir=str(tmp_path))
    assert second.get("key") == {"text": "é"}
    assert second.stats()["hits"] == 1
    second.close()


def test_nothing_is_written_before_the_first_use(tmp_path: Path) -> None:
    """Importing the service leaves no trace."""
    ResponseCache(cache_dir=str(tmp_path / "cache"))
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", Freshness()),
        ("no-cache", Freshness(may_read=False)),
        ("no-store", Freshness(may_read=False, may_store=False)),
        ("max-age=60", Freshness(max_age_s=60)),
        ("Max-Age=60, no-transform", Freshness(max_age_s=60)),
        ("max-age=abc, private", Freshness()),
        ("only-if-cached", Freshness(may_ask=False)),
    ],
)
def test_cache_control_of_a_request_is_understood(header: str, expected: Freshness) -> None:
    """And what we do not know is ignored."""
    assert Freshness.from_header(header) == expected


def claiming(folder: Path) -> SqliteStore:
    """A store of several processes."""
    return SqliteStore(folder / "cache.db")


def leasing(folder: Path) -> SqliteStore:
    """A store of several processes that cannot claim: they agree by leases."""
    store = SqliteStore(folder / "cache.db")
    store.claims = None
    return store


@pytest.mark.anyio
@pytest.mark.parametrize("opened", [claiming, leasing])
async def test_one_cache_at_a_time_works_on_a_key(
    tmp_path: Path, opened: Callable[[Path], SqliteStore]
) -> None:
    """The other one is given what the first has stored."""
    caches = [ResponseCache(store=opened(tmp_path)) for _ in range(2)]
    begun, gate, worked = asyncio.Event(), asyncio.Event(), []

    async def work(cache: ResponseCache) -> object:
        async with cache.leading("key", lambda: cache.find("key")) as found:
            if found is not None:
                return found.value
            worked.append(cache)
            begun.set()
            await gate.wait()
            cache.set("key", "answer")
            return "answer"

    tasks = [asyncio.create_task(work(cache)) for cache in caches]
    await begun.wait()
    gate.set()
    assert await asyncio.gather(*tasks) == ["answer", "answer"]
    assert len(worked) == 1
    for cache in caches:
        cache.close()


async def nothing() -> None:
    """What is found where nothing is stored."""


@pytest.mark.anyio
@pytest.mark.parametrize("opened", [claiming, leasing])
async def test_a_leader_that_fails_is_followed_at_once(
    tmp_path: Path, opened: Callable[[Path], SqliteStore]
) -> None:
    """And leaves no record behind."""
    cache = ResponseCache(store=opened(tmp_path))
    with pytest.raises(ZeroDivisionError):
        async with cache.leading("key", nothing):
            raise ZeroDivisionError
    async with cache.leading("key", nothing) as found:
        assert found is None
    seen: list[bytes | None] = []
    cache.store.update("flight:key", seen.append)
    assert seen == [None]
    cache.close()


@pytest.mark.anyio
async def test_a_leader_that_died_is_followed_after_its_lease(
    tmp_path: Path, clock: TurnedClock
) -> None:
    """Its record stands for nine seconds, and not longer."""
    dead = ResponseCache(cache_dir=str(tmp_path), clock=clock)
    lease = Lease("key", "dead")
    assert await dead._take(lease)
    clock.turn(8.9)
    assert not await dead._take(Lease("key", "heir"))
    clock.turn(0.2)
    assert await dead._take(Lease("key", "heir"))
    assert not await dead._take(lease)
    dead.close()


@pytest.mark.parametrize("record", [b"", b"{", b"[]", b'{"token": 1}', b'{"token": "x", "at": {}}'])
def test_a_damaged_lease_holds_nobody_up(record: bytes, clock: TurnedClock) -> None:
    """It counts as none."""
    assert not Lease("key", "ours").is_held_by_another(record, moment(clock))


def test_settings_replace_what_is_given_and_nothing_else(tmp_path: Path) -> None:
    """Before the first use."""
    cache = ResponseCache(cache_dir="elsewhere", ttl_hours=24)
    cache.configure()
    assert (cache.cache_dir, cache.ttl_hours, cache.stale_hours, cache.max_mb) == (
        *("elsewhere", 24),
        *(24, 100),
    )
    cache.configure(cache_dir=str(tmp_path), ttl_hours=1, stale_hours=0, max_mb=5)
    assert (cache.cache_dir, cache.ttl_hours, cache.stale_hours, cache.max_mb) == (
        *(str(tmp_path), 1),
        *(0, 5),
    )


def test_it_tells_what_it_holds_and_forgets_it_when_told(cache: ResponseCache) -> None:
    """Entries, bytes, hits and misses."""
    cache.set("one", "x")
    cache.set("two", "y")
    cache.get("one")
    cache.get("three")
    stats = cache.stats()
    assert (stats["entries"], stats["hits"], stats["misses"]) == (2, 1, 1)
    assert stats["size_bytes"] == 6
    assert cache.clear() == 2
    assert cache.stats()["entries"] == 0


@pytest.mark.anyio
async def test_where_processes_cannot_agree_everybody_leads(
    clock: TurnedClock, caplog: pytest.LogCaptureFixture
) -> None:
    """A call too many is better than none; without a shared store there is nobody to agree with."""

    class Torn(MemoryStore):
        waits = True

        def update(self, name: str, change: Change, **options: Any) -> None:
            raise OSError("disk I/O error")

    for store in (Torn(), MemoryStore()):
        cache = ResponseCache(store=store, clock=clock)
        for _ in range(2):
            async with cache.leading("key", nothing) as found:
                assert found is None
    assert "could not agree who asks" in caplog.text


@pytest.mark.anyio
async def test_a_leader_renews_its_lease_while_it_works(
    tmp_path: Path, clock: TurnedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long it takes, nobody follows it."""
    monkeypatch.setattr("cache.LEASE_S", 0.09)
    cache = ResponseCache(store=leasing(tmp_path), clock=clock)
    async with cache.leading("key", nothing):
        for _ in range(5):
            clock.turn(0.08)
            await asyncio.sleep(0.2)
            assert not await cache._take(Lease("key", "heir"))
    assert await cache._take(Lease("key", "heir"))
    cache.close()


def test_closing_what_was_never_opened_does_nothing(tmp_path: Path) -> None:
    """No file appears."""
    ResponseCache(cache_dir=str(tmp_path / "cache")).close()
    assert not (tmp_path / "cache").exists()


def test_d05_a_full_cache_holds_nobody_up(tmp_path: Path) -> None:
    """A hundred thousand answers over the limit: each write stays short, and all of them go."""
    cache = ResponseCache(cache_dir=str(tmp_path), max_mb=1)
    store = cache.store
    assert isinstance(store, SqliteStore)
    with store._connection() as db:
        db.execute("BEGIN")
        db.executemany(
            "INSERT INTO answers VALUES (?, ?, 0, ?)",
            ((str(n), float(n), b"x" * 20) for n in range(100_000)),
        )
        db.execute("COMMIT")
    longest_s = 0.0
    for n in range(2_500):
        begin_s = time.thread_time()
        cache.set(f"new {n}", "y")
        longest_s = max(longest_s, time.thread_time() - begin_s)
    assert longest_s < 0.05
    assert store.get("0") is None
    cache.close()


@pytest.mark.anyio
async def test_a_store_that_is_lost_has_said_so_itself(
    clock: TurnedClock, caplog: pytest.LogCaptureFixture
) -> None:
    """Every question leads, without another line in the log."""

    class Lost(MemoryStore):
        waits = True

        def update(self, name: str, change: Change, **options: Any) -> None:
            raise StoreLost("connection refused")

    cache = ResponseCache(store=Lost(), clock=clock)
    async with cache.leading("key", nothing) as found:
        assert found is None
    assert caplog.text == ""


@pytest.mark.anyio
@pytest.mark.parametrize("opened", [claiming, leasing])
async def test_who_waits_for_a_leader_is_given_what_it_stored(
    tmp_path: Path, opened: Callable[[Path], SqliteStore]
) -> None:
    """As soon as it is there, though the leader goes on."""
    cache = ResponseCache(store=opened(tmp_path))
    async with cache.leading("key", nothing):
        cache.set("key", "answer")
        async with cache.leading("key", lambda: cache.find("key")) as found:
            assert found is not None
            assert found.value == "answer"
    cache.close()


@pytest.mark.anyio
async def test_c05_a_leader_that_stands_still_is_passed_by_by_one_at_a_time(
    tmp_path: Path, clock: TurnedClock
) -> None:
    """As one that was stopped: after half a minute one of those who wait asks, later the next."""
    caches = [ResponseCache(store=claiming(tmp_path), clock=clock) for _ in range(4)]
    led, gate = asyncio.Queue[int](), asyncio.Event()

    async def work(number: int) -> None:
        async with caches[number].leading("key", nothing):
            led.put_nowait(number)
            await gate.wait()

    async def rest() -> None:
        """As long as everybody needs to try twice."""
        await asyncio.sleep(2 * POLL_S[1])

    working = [asyncio.create_task(work(0))]
    assert await led.get() == 0
    working += [asyncio.create_task(work(number)) for number in (1, 2, 3)]
    await rest()
    clock.turn(FOLLOWED_S - 1)
    await rest()
    assert led.empty()
    heirs = set[int]()
    for _ in range(3):
        clock.turn(FOLLOWED_S)
        heirs.add(await asyncio.wait_for(led.get(), 10))
        await rest()
        assert led.empty()
    assert heirs == {1, 2, 3}
    gate.set()
    await asyncio.gather(*working)
    async with caches[1].leading("key", nothing) as found:  # all has been given back
        assert found is None
    for cache in caches:
        cache.close()


@pytest.mark.anyio
async def test_an_answer_that_cannot_be_kept_is_given_all_the_same(
    clock: TurnedClock, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever goes wrong with the store, and whoever is to blame."""

    class Wrong(MemoryStore):
        waits = True

        def put_all(self, *_: Any, **__: Any) -> None:
            raise ZeroDivisionError("by nobody")

    cache = ResponseCache(store=Wrong(), clock=clock)
    async with asyncio.timeout(10):
        await asyncio.gather(*(cache.keep(f"key {n}", "answer") for n in range(3)))
    assert "by nobody" in caplog.text


@pytest.mark.anyio
async def test_b12_an_answer_over_a_mebibyte_waits_for_no_store(tmp_path: Path) -> None:
    """It is not kept where keeping is a journey either."""
    cache = ResponseCache(cache_dir=str(tmp_path))
    await cache.keep("long", "x" * LARGEST_VALUE)
    await cache.keep("short", "x")
    assert cache.look_up("long") is None
    assert cache.look_up("short") is not None
    cache.close()


@pytest.mark.parametrize(
    ("sizes", "cleaned_before"),
    [
        ([1] * 201, [0, 100, 200]),
        ([98, 5, *[1] * 98], [0, 98, 200]),  # the hundredth is among the five
        ([99, 1, 99, 3, 1, 1], [0, 100, 199]),
        ([250, 250], [0, 250]),
    ],
)
def test_every_hundredth_write_cleans_up_however_many_come_together(
    clock: TurnedClock, monkeypatch: pytest.MonkeyPatch, sizes: list[int], cleaned_before: list[int]
) -> None:
    """Once for each hundred, or for each batch that is larger."""
    cache = ResponseCache(store=MemoryStore(), clock=clock)
    cleaned: list[int] = []
    monkeypatch.setattr(cache, "clear_expired", lambda: cleaned.append(cache._writes))
    for size in sizes:
        cache._write([("key", Entry(b"1", 0.0))] * size)
    assert cleaned == cleaned_before
