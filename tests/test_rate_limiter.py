"""The minimum interval: never two calls too close, whoever makes them, whatever the clocks do."""

import itertools
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from rate_limiter import Correction, RateLimiter
from storage import Change, Store
from storage.ledger import Allowance, Ledger, Limits, Need, Wait, load
from storage.memory import MemoryStore
from storage.sqlite import FILE_NAME, SqliteStore
from tests.doubles import LosableStore, TurnedClock

GEMINI, OPENROUTER = Allowance("gemini"), Allowance("openrouter")
pytestmark = pytest.mark.anyio


def keep(store: Store) -> Callable[[], Store]:
    """A way to open *store* that always gives the same one."""
    return lambda: store


async def test_the_first_call_goes_at_once_and_the_second_waits(clock: TurnedClock) -> None:
    """Sixty seconds, to the second."""
    limiter = RateLimiter(60, clock=clock)
    assert (await limiter.reserve(GEMINI)).granted
    clock.turn(59)
    assert (await limiter.reserve(GEMINI)).wait == Wait(1, "minimum interval")
    clock.turn(1)
    assert (await limiter.reserve(GEMINI)).granted


async def test_every_provider_has_an_interval_of_its_own(clock: TurnedClock) -> None:
    """One provider's slot says nothing about another's."""
    limiter = RateLimiter(60, clock=clock)
    assert (await limiter.reserve(GEMINI)).granted
    assert (await limiter.reserve(OPENROUTER)).granted
    assert not (await limiter.reserve(GEMINI)).granted


async def test_a_refusal_does_not_push_the_slot_away(clock: TurnedClock) -> None:
    """Asking often does not make anybody wait longer."""
    limiter = RateLimiter(60, clock=clock)
    await limiter.reserve(GEMINI)
    for _ in range(59):
        clock.turn(1)
        assert not (await limiter.reserve(GEMINI)).granted
    clock.turn(1)
    assert (await limiter.reserve(GEMINI)).granted


async def test_looking_at_the_next_slot_does_not_take_it(clock: TurnedClock) -> None:
    """It can be shown on a status page."""
    limiter = RateLimiter(60, clock=clock)
    assert (await limiter.wait(GEMINI)).duration_s == 0
    await limiter.reserve(GEMINI)
    clock.turn(10)
    assert (await limiter.wait(GEMINI)).duration_s == 50


async def test_a_stamp_holds_for_everybody_else(clock: TurnedClock) -> None:
    """A direct call from a REPL counts, slot or not."""
    store = keep(MemoryStore())
    RateLimiter(60, store=store, clock=clock).stamp(GEMINI)
    assert not (await RateLimiter(60, store=store, clock=clock).reserve(GEMINI)).granted


async def test_no_interval_means_no_limit(clock: TurnedClock) -> None:
    """And no write to the store."""
    limiter = RateLimiter(0, clock=clock)
    assert (await limiter.reserve(GEMINI)).granted
    assert (await limiter.reserve(GEMINI)).granted


async def test_the_interval_survives_a_restart(tmp_path: Path, clock: TurnedClock) -> None:
    """A new process waits for the old one's call."""
    first = SqliteStore(tmp_path / FILE_NAME)
    await RateLimiter(60, store=keep(first), clock=clock).reserve(GEMINI)
    first.close()
    second = SqliteStore(tmp_path / FILE_NAME)
    assert not (await RateLimiter(60, store=keep(second), clock=clock).reserve(GEMINI)).granted
    second.close()


async def test_a_set_wall_clock_changes_nothing(clock: TurnedClock) -> None:
    """K01: the monotonic clock decides within one boot."""
    limiter = RateLimiter(60, clock=clock)
    await limiter.reserve(GEMINI)
    clock.epoch_s += 25 * 3600
    assert (await limiter.reserve(GEMINI)).wait == Wait(60, "minimum interval")
    clock.epoch_s -= 50 * 3600
    assert (await limiter.reserve(GEMINI)).wait == Wait(60, "minimum interval")


async def test_after_a_reboot_the_wall_clock_decides(clock: TurnedClock) -> None:
    """K05: monotonic time begins anew, the interval does not."""
    store = keep(MemoryStore())
    await RateLimiter(60, store=store, clock=clock).reserve(GEMINI)
    clock.boot_id, clock.monotonic_s = "boot-2", 3.0
    clock.epoch_s += 40
    assert (await RateLimiter(60, store=store, clock=clock).reserve(GEMINI)).wait.duration_s == 20


async def test_a_lost_store_leaves_what_this_process_knows(
    clock: TurnedClock, caplog: pytest.LogCaptureFixture
) -> None:
    """More careful, never unlimited; and said in the log."""

    class Failing(MemoryStore):
        def update(self, name: str, change: Change, **_: object) -> None:
            raise OSError("disk I/O error")

    limiter = RateLimiter(60, store=Failing, clock=clock)
    assert (await limiter.reserve(GEMINI)).granted
    assert not (await limiter.reserve(GEMINI)).granted
    assert "disk I/O error" in caplog.text


DAILY = Allowance("gemini", scopes=(("*", Limits(per_day=20)),))
BY_MINUTE = Allowance("gemini", scopes=(("*", Limits(per_minute=8, tokens_per_minute=800)),))


def used(store: Store) -> int:
    """How many calls of today the store holds."""
    ledger = load(dict(store.states()).get("ledger:gemini"), Ledger())
    return sum(spent.calls for spent in ledger.spent.values())


async def granted(limiter: RateLimiter, allowance: Allowance, tries: int) -> int:
    """How many of so many reservations at one moment are granted."""
    slots = [await limiter.reserve(allowance, Need(tokens=1)) for _ in range(tries)]
    return sum(slot.granted is not None for slot in slots)


async def test_q08_alone_an_instance_waits_as_many_intervals_as_there_are_instances(
    clock: TurnedClock,
) -> None:
    """Four of them together then call as often as before."""
    store = LosableStore()
    limiter = RateLimiter(60, store=keep(store), clock=clock, instances=4)
    assert (await limiter.reserve(GEMINI)).granted
    store.is_lost = True
    for _ in range(239):
        clock.turn(1)
        assert not (await limiter.reserve(GEMINI)).granted
    assert (await limiter.wait(GEMINI)).duration_s == pytest.approx(1)
    clock.turn(1)
    assert (await limiter.reserve(GEMINI)).granted


async def test_alone_whoever_could_go_with_the_others_looks_again_soon(clock: TurnedClock) -> None:
    """The store may be back any second; but not before the interval that holds for all."""
    store = LosableStore()
    limiter = RateLimiter(60, store=keep(store), clock=clock, instances=4)
    await limiter.reserve(GEMINI)
    store.is_lost = True
    clock.turn(20)
    assert (await limiter.reserve(GEMINI)).wait.duration_s == pytest.approx(40)
    clock.turn(40)
    assert (await limiter.reserve(GEMINI)).wait.duration_s == pytest.approx(1)
    store.come_back()
    assert (await limiter.reserve(GEMINI)).granted


async def test_q08_alone_an_instance_takes_its_part_of_what_is_left(clock: TurnedClock) -> None:
    """Twelve were left of twenty: three for each of four, and never one more."""
    store = LosableStore()
    limiters = [RateLimiter(0, store=keep(store), clock=clock, instances=4) for _ in range(4)]
    for limiter in limiters:
        assert await granted(limiter, DAILY, 2) == 2
    for limiter in limiters:  # each has to see what the others did
        await limiter.ledger("gemini")
    store.is_lost = True
    assert [await granted(limiter, DAILY, 20) for limiter in limiters] == [3, 3, 3, 3]
    store.come_back()
    assert used(store) == 20
    assert [await granted(limiter, DAILY, 20) for limiter in limiters] == [0, 0, 0, 0]


async def test_q08_alone_an_instance_takes_its_part_of_a_minute(clock: TurnedClock) -> None:
    """Eight a minute are two for each of four; and one at least, however small the limit."""
    store = LosableStore()
    store.is_lost = True
    limiter = RateLimiter(0, store=keep(store), clock=clock, instances=4)
    assert await granted(limiter, BY_MINUTE, 20) == 2
    many = RateLimiter(0, store=keep(store), clock=clock, instances=100)
    assert await granted(many, BY_MINUTE, 20) == 1


async def test_what_was_done_alone_is_entered_once_when_the_store_is_back(
    clock: TurnedClock,
) -> None:
    """By its watcher, without another call; with what was learned meanwhile."""
    store = LosableStore()
    limiter = RateLimiter(0, store=keep(store), clock=clock, instances=2)
    await granted(limiter, DAILY, 2)
    store.is_lost = True
    assert await granted(limiter, DAILY, 3) == 3
    slot = await limiter.reserve(DAILY)
    assert slot.granted
    await limiter.settle(DAILY, Need(), slot.granted, Correction(sent=False))
    hold = Correction(scope="*", reason="overloaded", hold_s=30)
    await limiter.settle(DAILY, Need(), limiter.now(), hold)
    assert used(store) == 2
    store.come_back()
    assert used(store) == 5
    other = RateLimiter(0, store=keep(store), clock=clock)
    assert (await other.reserve(DAILY)).wait.reason == "overloaded"


async def test_a_store_that_is_lost_again_while_it_is_told_forgets_nothing(
    clock: TurnedClock,
) -> None:
    """What has been entered is not entered again; the rest is."""

    class Shaky(LosableStore):
        updates_left = 10**9

        def update(self, name: str, change: Change, **options: object) -> None:
            if self.updates_left == 0:
                self.is_lost = True
            self.updates_left -= 1
            super().update(name, change, **options)

    store = Shaky()
    limiter = RateLimiter(0, store=keep(store), clock=clock)
    store.is_lost = True
    await granted(limiter, DAILY, 5)
    store.updates_left = 3
    store.come_back()
    assert used(store) == 3
    store.updates_left = 10**9
    store.is_lost = False
    assert await granted(limiter, DAILY, 1) == 1
    assert used(store) == 6


async def test_a_store_that_comes_back_empty_is_reminded(clock: TurnedClock) -> None:
    """A server without a disk was restarted: the counts and the interval are not lost."""
    store = LosableStore()
    limiters = [RateLimiter(60, store=keep(store), clock=clock) for _ in range(2)]
    assert (await limiters[0].reserve(DAILY)).granted
    clock.turn(60)
    assert (await limiters[1].reserve(DAILY)).granted
    store.is_lost = True
    for limiter in limiters:
        await limiter.reserve(DAILY)
    store.come_back(empty=True)
    assert used(store) == 2
    for limiter in limiters:
        assert (await limiter.reserve(DAILY)).wait == Wait(60, "minimum interval")


async def test_a_loss_is_told_once(clock: TurnedClock, caplog: pytest.LogCaptureFixture) -> None:
    """And its end."""
    store = LosableStore()
    limiter = RateLimiter(0, store=keep(store), clock=clock, instances=4)
    store.is_lost = True
    await granted(limiter, DAILY, 20)
    store.come_back()
    await granted(limiter, DAILY, 20)
    lines = [record.getMessage() for record in caplog.records]
    assert lines == [
        "the limits' store failed, this process counts alone, 1/4 of each limit: connection refused",
        "the limits' store is back, this process counts with the others again",
    ]


async def test_a_damaged_stamp_counts_as_none(clock: TurnedClock) -> None:
    """It cannot lock a provider out for ever."""
    store = MemoryStore()
    store.update("ledger:gemini", lambda _: b'{"what": 1}')
    assert (await RateLimiter(60, store=keep(store), clock=clock).reserve(GEMINI)).granted


def test_processes_share_one_interval(tmp_path: Path) -> None:
    """Four processes reserve for a while; the grants are never closer than the interval."""
    program = (
        "import asyncio, sys, time; from pathlib import Path\n"
        "from rate_limiter import RateLimiter; from storage.sqlite import SqliteStore\n"
        "from storage.ledger import Allowance\n"
        "store = SqliteStore(Path(sys.argv[1]))\n"
        "limiter = RateLimiter(0.2, store=lambda: store)\n"
        "async def work():\n"
        "    end = time.monotonic() + 2\n"
        "    while time.monotonic() < end:\n"
        "        before = time.monotonic()\n"
        "        slot = await limiter.reserve(Allowance('gemini'))\n"
        "        if slot.granted: print(before, time.monotonic(), flush=True)\n"
        "        else: await asyncio.sleep(slot.wait.duration_s)\n"
        "asyncio.run(work())\n"
    )
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path / FILE_NAME)],
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    grants = sorted(
        tuple(map(float, line.split()))
        for worker in workers
        for line in worker.communicate(timeout=60)[0].splitlines()
    )
    assert len(grants) >= 5
    # The stamp lies between the two moments that the worker noted around it.
    assert all(later[1] - earlier[0] >= 0.2 for earlier, later in itertools.pairwise(grants))
