"""The minimum interval: never two calls too close, whoever makes them, whatever the clocks do."""

import itertools
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from rate_limiter import RateLimiter
from storage import Change, Store
from storage.ledger import Allowance, Wait
from storage.memory import MemoryStore
from storage.sqlite import FILE_NAME, SqliteStore
from tests.doubles import TurnedClock

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
