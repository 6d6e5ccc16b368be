"""The minimum interval: never two calls too close, whoever makes them, whatever the clocks do."""

import itertools
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rate_limiter import Correction, RateLimiter
from storage import Change, Store
from storage.ledger import ACCOUNT, Allowance, Ledger, Limits, Need, Spent, Wait, dump, load
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


async def test_k01_a_set_wall_clock_changes_nothing(clock: TurnedClock) -> None:
    """K01: the monotonic clock decides within one boot."""
    limiter = RateLimiter(60, clock=clock)
    await limiter.reserve(GEMINI)
    clock.epoch_s += 25 * 3600
    assert (await limiter.reserve(GEMINI)).wait == Wait(60, "minimum interval")
    clock.epoch_s -= 50 * 3600
    assert (await limiter.reserve(GEMINI)).wait == Wait(60, "minimum interval")


async def test_k02_a_clock_that_is_set_back_gives_no_quota_back(clock: TurnedClock) -> None:
    """Twenty a day stay twenty, though yesterday comes again."""
    limiter = RateLimiter(0, clock=clock)
    assert await granted(limiter, DAILY, 30) == 20
    clock.epoch_s -= 25 * 3600
    assert await granted(limiter, DAILY, 30) == 0
    clock.epoch_s += 25 * 3600
    assert await granted(limiter, DAILY, 30) == 0


async def test_k05_after_a_reboot_the_wall_clock_decides(clock: TurnedClock) -> None:
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
    ledger = load(dict(store.states()).get("ledger:gemini") or dump(Ledger()))
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


NOON = 1_800_014_400.0  # 2027-01-15 12:00 UTC
MEASURED = Allowance(
    "cloudflare", scopes=((ACCOUNT, Limits(per_minute=9, per_day=101, units_per_day=1_000)),)
)


@pytest.mark.parametrize("record", [b"", b"rubbish", b"null", b'{"what": 1}', b"\0\0\0\0"])
async def test_a_damaged_record_counts_as_the_share_of_the_day_that_is_over(
    clock: TurnedClock, caplog: pytest.LogCaptureFixture, record: bytes
) -> None:
    """A minute's pause, an alert, and half of the quota at noon; the next day begins as usual."""
    clock.epoch_s = NOON
    store = MemoryStore()
    store._state["ledger:cloudflare"] = record
    limiter = RateLimiter(0, store=keep(store), clock=clock)
    assert (await limiter.reserve(MEASURED)).wait == Wait(60, "counters that were lost")
    assert "counters of cloudflare were lost" in caplog.text
    caplog.clear()
    clock.turn(60)
    assert (await limiter.reserve(MEASURED, Need(units=10))).granted
    ledger = await limiter.ledger("cloudflare")
    assert ledger.today(MEASURED, ACCOUNT, limiter.now()) == Spent("2027-01-15", 52, 510.0)
    other = RateLimiter(0, store=keep(store), clock=clock)
    assert await other.ledger("cloudflare") == ledger
    clock.turn(86_400)
    ledger = await other.ledger("cloudflare")
    assert ledger.today(MEASURED, ACCOUNT, limiter.now()) == Spent("2027-01-16")
    assert "lost" not in caplog.text


async def test_after_a_loss_the_longer_interval_is_kept_too(clock: TurnedClock) -> None:
    """The last call may have been made in the moment before."""
    store = MemoryStore()
    store._state["ledger:gemini"] = b"rubbish"
    limiter = RateLimiter(90, store=keep(store), clock=clock)
    assert (await limiter.reserve(GEMINI)).wait == Wait(90, "minimum interval")
    clock.turn(90)
    assert (await limiter.reserve(GEMINI)).granted


async def test_a_loss_is_no_reason_to_be_careful_with_ones_own(clock: TurnedClock) -> None:
    """Nobody else counts what comes to us, or what our own machine writes."""
    clock.epoch_s = NOON
    store = MemoryStore()
    store._state["ledger:own"] = b"rubbish"
    own = Allowance("own", scopes=((ACCOUNT, Limits(per_minute=5, per_day=10)),), is_own=True)
    limiter = RateLimiter(60, store=keep(store), clock=clock)
    for _ in range(5):
        assert (await limiter.reserve(own)).granted
    assert not (await limiter.reserve(own)).granted


async def test_a_loss_takes_nothing_from_what_this_process_knows(clock: TurnedClock) -> None:
    """Its own count may be higher, and its holds stand."""
    clock.epoch_s = NOON
    store = MemoryStore()
    limiter = RateLimiter(0, store=keep(store), clock=clock)
    for _ in range(8):
        clock.turn(61)
        slot = await limiter.reserve(MEASURED, Need(units=100))
    assert slot.granted is not None
    held = Correction(scope=ACCOUNT, reason="capacity", hold_s=500)
    await limiter.settle(MEASURED, Need(units=100), slot.granted, held)
    store._state["ledger:cloudflare"] = b"rubbish"
    ledger = await limiter.ledger("cloudflare")
    assert ledger.today(MEASURED, ACCOUNT, limiter.now()) == Spent("2027-01-15", 52, 800.0)
    assert (await limiter.reserve(MEASURED)).wait == Wait(500, "capacity")


async def test_a_damaged_file_is_known_to_all_who_share_it(
    clock: TurnedClock, tmp_path: Path
) -> None:
    """Each account is careful once, whichever process comes to it first."""
    clock.epoch_s = NOON
    path = tmp_path / FILE_NAME
    path.write_bytes(b"not a database, but some other file" * 100)
    stores = [SqliteStore(path, clock=clock) for _ in range(2)]
    first, second = (RateLimiter(0, store=keep(store), clock=clock) for store in stores)
    assert (await first.reserve(MEASURED)).wait.reason == "counters that were lost"
    clock.turn(20)
    assert (await second.wait(MEASURED)).duration_s == 40
    assert (await second.wait(GEMINI)).duration_s == 40
    clock.turn(40)
    assert (await second.reserve(MEASURED)).granted
    ledger = await first.ledger("cloudflare")
    assert ledger.today(MEASURED, ACCOUNT, first.now()).calls == 52
    for store in stores:
        store.close()


async def test_a_file_that_is_removed_costs_nothing_that_this_process_knows(
    clock: TurnedClock, tmp_path: Path
) -> None:
    """Whoever empties the folder by hand does not give quotas back."""
    path = tmp_path / FILE_NAME
    limiter = RateLimiter(60, store=keep(store := SqliteStore(path, clock=clock)), clock=clock)
    assert (await limiter.reserve(GEMINI)).granted
    shutil.rmtree(tmp_path)
    clock.turn(59)
    assert not (await limiter.reserve(GEMINI)).granted
    clock.turn(1)
    assert (await limiter.reserve(GEMINI)).granted
    assert not (
        await RateLimiter(60, store=keep(SqliteStore(path)), clock=clock).reserve(GEMINI)
    ).granted
    store.close()


class Ailing(MemoryStore):
    """A disk that fails while it is ill, before or after it was told what to write."""

    def __init__(self, *, at_once: bool) -> None:
        super().__init__()
        self.is_ill, self.at_once = False, at_once

    def update(self, name: str, change: Change, **options: Any) -> None:
        """See `Store.update`."""
        before = self._state.get(name)
        if self.is_ill and not self.at_once:
            change(before)
        if self.is_ill:
            raise OSError("disk I/O error")
        super().update(name, change, **options)


@pytest.mark.parametrize("at_once", [True, False])
async def test_what_was_counted_alone_is_entered_when_the_store_is_back(
    clock: TurnedClock, at_once: bool
) -> None:
    """Once, and also when nothing else is to be written then."""
    limiter = RateLimiter(0, store=keep(store := Ailing(at_once=at_once)), clock=clock)
    assert (await limiter.reserve(MEASURED)).granted
    store.is_ill = True
    assert (await limiter.reserve(MEASURED)).granted
    await limiter.ledger("cloudflare")
    store.is_ill = False
    await limiter.ledger("cloudflare")
    other = RateLimiter(0, store=keep(store), clock=clock)
    today = (await other.ledger("cloudflare")).today(MEASURED, ACCOUNT, limiter.now())
    assert today.calls == 2


async def test_k04_a_machine_that_wakes_up_in_1970_waits_no_longer_than_it_has_to(
    clock: TurnedClock,
) -> None:
    """Stamps and holds that lie ahead begin anew; a day's count of 2027 is no count of 1970."""
    store = keep(MemoryStore())
    before = RateLimiter(60, store=store, clock=clock)
    slot = await before.reserve(MEASURED)
    assert slot.granted is not None
    await before.settle(MEASURED, Need(), slot.granted, Correction(scope=ACCOUNT, until_reset=True))
    clock.boot_id, clock.monotonic_s, clock.epoch_s = "boot-2", 3.0, 100.0
    after = RateLimiter(60, store=store, clock=clock)
    wait_s = (await after.reserve(MEASURED)).wait.duration_s
    assert 60 <= wait_s <= 86_400
    clock.turn(wait_s)
    assert (await after.reserve(MEASURED)).granted
    ledger = await after.ledger("cloudflare")
    assert ledger.today(MEASURED, ACCOUNT, after.now()).calls == 1


async def test_k04_a_day_counted_under_a_wrong_clock_does_not_last_for_years(
    clock: TurnedClock,
) -> None:
    """A count of the day after tomorrow is believed, one of 2038 is not."""
    limiter = RateLimiter(0, clock=clock)
    tight = Allowance("gemini", scopes=((ACCOUNT, Limits(per_day=1)),))
    now = clock.epoch_s
    clock.epoch_s = 2_147_483_000.0
    slot = await limiter.reserve(tight)
    assert slot.granted is not None
    await limiter.settle(tight, Need(), slot.granted, Correction(scope=ACCOUNT, until_reset=True))
    clock.epoch_s = now
    clock.monotonic_s += 86_400
    assert (await limiter.reserve(tight)).granted
    clock.epoch_s -= 30 * 3600
    assert (await limiter.reserve(tight)).wait.reason == "daily quota"


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


def test_settings_replace_what_is_given_and_nothing_else() -> None:
    """Before the first use."""
    limiter, store = RateLimiter(60), MemoryStore()
    limiter.configure()
    assert limiter.min_interval_seconds == 60
    limiter.configure(min_interval_seconds=0, store=keep(store), instances=3)
    assert (limiter.min_interval_seconds, limiter.instances) == (0, 3)
    assert limiter.store is store


async def test_the_longer_of_two_intervals_is_kept_and_none_on_ones_own(clock: TurnedClock) -> None:
    """Ours, or the provider's."""
    limiter = RateLimiter(5, clock=clock)
    assert limiter.paced(Allowance("x")).min_interval_s == 5
    assert limiter.paced(Allowance("x", min_interval_s=9)).min_interval_s == 9
    exact = Allowance("x", min_interval_s=5)
    assert limiter.paced(exact) is exact
    assert limiter.paced(Allowance("x", is_own=True)).min_interval_s == 0


async def test_how_a_call_ended_is_entered(clock: TurnedClock) -> None:
    """Its cost, what was learned, a pause; each by itself and all together."""
    limiter = RateLimiter(0, clock=clock)
    need = Need(5, 100)
    slot = await limiter.reserve(MEASURED, need)
    assert slot.granted is not None
    known = Correction(
        counted=False,
        used=Need(7, 30),
        scope=ACCOUNT,
        reason="busy",
        hold_s=20,
        learned=Limits(per_day=9),
    )
    await limiter.settle(MEASURED, need, slot.granted, known)
    ledger = await limiter.ledger("cloudflare")
    assert ledger.today(MEASURED, ACCOUNT, limiter.now()).calls == 0
    assert ledger.learned == {ACCOUNT: Limits(per_day=9)}
    assert (await limiter.wait(MEASURED)) == Wait(20, "busy")
    clock.turn(20)
    await limiter.settle(MEASURED, need, slot.granted, Correction(succeeded=True))
    assert (await limiter.ledger("cloudflare")).holds == {}


async def test_pauses_in_a_row_double_up_to_their_limit(clock: TurnedClock) -> None:
    """A success begins the row anew."""
    limiter, waits_s = RateLimiter(0, clock=clock), []
    known = Correction(scope=ACCOUNT, reason="busy", hold_s=30, grows_to_s=500)
    for _ in range(6):
        await limiter.settle(MEASURED, Need(), limiter.now(), known)
        waits_s.append((await limiter.wait(MEASURED)).duration_s)
        clock.turn(waits_s[-1])
    assert waits_s == [30, 60, 120, 240, 480, 500]
    await limiter.settle(MEASURED, Need(), limiter.now(), Correction(succeeded=True))
    await limiter.settle(MEASURED, Need(), limiter.now(), known)
    assert (await limiter.wait(MEASURED)).duration_s == 30


async def test_a_day_that_is_over_may_be_probed_earlier(clock: TurnedClock) -> None:
    """Where a shorter pause is given with it; else it lasts until midnight."""
    clock.epoch_s = NOON
    limiter = RateLimiter(0, clock=clock)
    known = Correction(scope=ACCOUNT, reason="day", hold_s=3_600, until_reset=True)
    await limiter.settle(MEASURED, Need(), limiter.now(), known)
    assert await limiter.wait(MEASURED) == Wait(3_600, "day")
    assert (await limiter.ledger("cloudflare")).holds[ACCOUNT].until_reset
    whole = Correction(scope=ACCOUNT, reason="day", until_reset=True)
    await limiter.settle(MEASURED, Need(), limiter.now(), whole)
    assert (await limiter.wait(MEASURED)).duration_s == 43_200


async def test_a_call_without_limits_leaves_no_trace(clock: TurnedClock) -> None:
    """Unless its account is on hold."""
    store, free = Counting(), Allowance("free", scopes=((ACCOUNT, Limits()),))
    limiter = RateLimiter(0, store=keep(store), clock=clock)
    slot = await limiter.reserve(free)
    assert slot.granted is not None
    await limiter.settle(free, Need(), slot.granted, Correction(succeeded=True))
    assert limiter._known == {"free": Ledger()}
    assert store.writes == 0
    held = Correction(scope=ACCOUNT, reason="busy", hold_s=30)
    await limiter.settle(free, Need(), slot.granted, held)
    assert (await limiter.reserve(free)).wait == Wait(30, "busy")


async def test_a_forecast_takes_nothing(clock: TurnedClock) -> None:
    """Neither a slot nor a call of the day."""
    limiter = RateLimiter(60, clock=clock)
    sendings = await limiter.forecast([(GEMINI, Need()), (OPENROUTER, Need())], 4)
    assert [(sending.wait_s, sending.option) for sending in sendings] == [
        *((0, 0), (0, 1)),
        *((60, 0), (60, 1)),
    ]
    assert (await limiter.reserve(GEMINI)).granted


async def test_a_pause_may_be_as_short_as_a_blink(clock: TurnedClock) -> None:
    """Half a second is half a second."""
    limiter = RateLimiter(0, clock=clock)
    brief = Correction(scope=ACCOUNT, reason="busy", hold_s=0.5)
    await limiter.settle(MEASURED, Need(), limiter.now(), brief)
    assert await limiter.wait(MEASURED) == Wait(0.5, "busy")
    day = Correction(scope="m", reason="day", hold_s=0.5, until_reset=True)
    await limiter.settle(MEASURED, Need(), limiter.now(), day)
    ledger = await limiter.ledger("cloudflare")
    assert ledger.holds["m"].remaining_s(limiter.now()) == pytest.approx(0.5)


class Counting(MemoryStore):
    """Counts what is written."""

    writes = 0

    def update(self, name: str, change: Change, **options: Any) -> None:
        """See `Store.update`."""

        def counted(stored: bytes | None) -> bytes | None:
            changed = change(stored)
            self.writes += changed is not None
            return changed

        super().update(name, counted, **options)


async def test_a_look_writes_nothing_unless_it_finds_damage(clock: TurnedClock) -> None:
    """What was lost, or written under another boot, is written down anew at once."""
    store = Counting()
    for limiter in (RateLimiter(0, store=keep(store), clock=clock) for _ in range(2)):
        for _ in range(3):
            await limiter.ledger("cloudflare")
            await limiter.wait(MEASURED)
    assert store.writes == 0
    assert (await limiter.reserve(MEASURED)).granted
    other = RateLimiter(0, store=keep(store), clock=clock)
    await other.ledger("cloudflare")
    assert store.writes == 1
    clock.boot_id = "boot-2"
    await RateLimiter(0, store=keep(store), clock=clock).ledger("cloudflare")
    assert store.writes == 2
    await RateLimiter(0, store=keep(store), clock=clock).ledger("cloudflare")
    assert store.writes == 2
    store._state["ledger:cloudflare"] = dump(Ledger(lost=limiter.now()))
    await other.ledger("cloudflare")
    assert store.writes == 3
    assert load(store._state["ledger:cloudflare"]).spent != {}


async def test_what_was_never_sent_is_given_back_as_it_was_entered(clock: TurnedClock) -> None:
    """Entered with the others, it counts once also for who is alone by then; and four times else."""
    store = LosableStore()
    limiter = RateLimiter(0, store=keep(store), clock=clock, instances=4)
    slots = []
    for _ in range(10):
        slots.append(await limiter.reserve(DAILY))
        clock.turn(1)
    store.is_lost = True
    for slot in slots[:2]:
        assert slot.granted is not None
        await limiter.settle(DAILY, Need(), slot.granted, Correction(sent=False))
    assert (await limiter.ledger("gemini")).spent[ACCOUNT].calls == 8
    alone = await limiter.reserve(DAILY)
    assert alone.granted is not None
    assert (await limiter.ledger("gemini")).spent[ACCOUNT].calls == 12
    await limiter.settle(DAILY, Need(), alone.granted, Correction(sent=False))
    assert (await limiter.ledger("gemini")).spent[ACCOUNT].calls == 8
    store.come_back()
    assert used(store) == 8


async def test_a_true_cost_takes_the_place_of_what_was_entered(clock: TurnedClock) -> None:
    """Ten in the place of fifty, though the store is lost in between."""
    store = LosableStore()
    limiter = RateLimiter(0, store=keep(store), clock=clock, instances=4)
    slot = await limiter.reserve(MEASURED, Need(units=50))
    store.is_lost = True
    assert slot.granted is not None
    cost = Correction(succeeded=True, used=Need(units=10))
    await limiter.settle(MEASURED, Need(units=50), slot.granted, cost)
    assert (await limiter.ledger("cloudflare")).spent[ACCOUNT].units == 10


FREE = Allowance("free", scopes=((ACCOUNT, Limits()), ("m", Limits())))
HELD = Correction(scope="m", reason="busy", hold_s=30)


async def test_a_hold_without_limits_outlives_the_process_that_put_it(clock: TurnedClock) -> None:
    """The next one reads it before its first call; one that has begun, within a second."""
    store = MemoryStore()
    first, second = (RateLimiter(0, store=keep(store), clock=clock) for _ in range(2))
    assert (await second.reserve(FREE)).granted
    await first.settle(FREE, Need(), first.now(), HELD)
    restarted = RateLimiter(0, store=keep(store), clock=clock)
    assert (await restarted.reserve(FREE)).wait == Wait(30, "busy")
    clock.turn(1)
    assert (await second.reserve(FREE)).wait == Wait(29, "busy")


async def test_a_hold_without_limits_that_was_put_alone_is_kept(clock: TurnedClock) -> None:
    """The store is lost, the pause is not."""
    store = LosableStore()
    store.is_lost = True
    limiter = RateLimiter(0, store=keep(store), clock=clock)
    await limiter.settle(FREE, Need(), limiter.now(), HELD)
    assert (await limiter.reserve(FREE)).wait == Wait(30, "busy")


async def test_without_limits_the_store_is_looked_at_once_a_second(clock: TurnedClock) -> None:
    """However many calls there are."""

    class Watched(MemoryStore):
        looks = 0

        def update(self, name: str, change: Change, **options: Any) -> None:
            self.looks += 1
            super().update(name, change, **options)

    store = Watched()
    limiter = RateLimiter(0, store=keep(store), clock=clock)
    for _ in range(30):
        assert (await limiter.reserve(FREE)).granted
        clock.turn(0.1)
    assert store.looks == 3


async def test_a_limit_that_was_learned_is_kept_where_none_was_stated(clock: TurnedClock) -> None:
    """Three a day, said the provider: three a day it is."""
    limiter = RateLimiter(0, clock=clock)
    learned = Correction(scope="m", learned=Limits(per_day=3))
    await limiter.settle(FREE, Need(), limiter.now(), learned)
    assert await granted(limiter, FREE, 10) == 3
