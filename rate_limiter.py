"""The limits of every provider: minimum interval, minute and day quotas, and holds.

What was sent is written down before it is sent, in one step with the decision, so two processes
can never both think that a slot is theirs, and a crash can only make us more careful. Nobody is
put to sleep here: the limiter only says how long to wait. The rules themselves are pure and stand
in `storage/ledger.py`.
"""

import asyncio
import functools
import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TypeVar

from clock import SYSTEM_CLOCK, Clock
from storage import Store
from storage.ledger import (
    Allowance,
    Hold,
    Ledger,
    Limits,
    Moment,
    Need,
    Sending,
    Wait,
    dump,
    load,
    moment,
    schedule,
)
from storage.memory import MemoryStore

log = logging.getLogger("trimaran.limits")

T = TypeVar("T")
NOTHING = Need()
NO_WAIT = Wait()


@dataclass(frozen=True, slots=True)
class Slot:
    """The answer to a reservation: granted at a moment, or how long to wait and for what."""

    granted: Moment | None = None
    wait: Wait = NO_WAIT


@dataclass(frozen=True, slots=True)
class Correction:
    """What is learned about an account from how a call ended; empty for nothing.

    *sent* is False only when the call provably never left, *counted* when the provider refused it
    and does not count what it refuses. *used* is what it really cost.
    *hold* is a pause of *scope* in seconds, or until the provider's midnight.
    """

    sent: bool = True
    counted: bool = True
    succeeded: bool = False
    used: Need | None = None
    scope: str = ""
    reason: str = ""
    hold_s: float = 0.0
    grows_to_s: float = 0.0  # each hold in a row is twice as long as the one before, up to this
    until_reset: bool = False
    learned: Limits | None = None


class RateLimiter:
    """Keeps every provider at least *min_interval_seconds* apart, and within its own limits."""

    def __init__(
        self,
        min_interval_seconds: float = 60,
        *,
        store: Callable[[], Store] = MemoryStore,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self.min_interval_seconds = min_interval_seconds
        self.clock = clock
        self._open_store = store
        self._known: dict[str, Ledger] = {}  # what this process saw last, should the store be lost
        self._records: dict[str, bytes | None] = {}  # the record in the store that it was read from
        self._ahead: set[str] = set()  # whose record lacks what this process has counted alone
        self._lock = threading.Lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="limits")

    def configure(
        self,
        *,
        min_interval_seconds: float | None = None,
        store: Callable[[], Store] | None = None,
    ) -> None:
        """Replace what is given; before the first use."""
        if min_interval_seconds is not None:
            self.min_interval_seconds = min_interval_seconds
        if store is not None:
            self._open_store = store

    @functools.cached_property
    def store(self) -> Store:
        """Where the ledgers are; opened at the first use."""
        return self._open_store()

    async def reserve(self, allowance: Allowance, need: Need = NOTHING) -> Slot:
        """Take a slot under *allowance* if there is one; the caller must then send at once."""
        allowance = self.paced(allowance)
        if allowance.is_open and not self._known.get(allowance.account, Ledger()).holds:
            return Slot(granted=self.now())

        def decide(ledger: Ledger) -> tuple[Ledger | None, Slot]:
            now = self.now()
            wait = ledger.wait(allowance, need, now)
            if wait.duration_s > 0:
                return None, Slot(wait=wait)
            return ledger.sending(allowance, need, now), Slot(granted=now)

        return await self._aside(allowance.account, decide)

    async def settle(
        self, allowance: Allowance, need: Need, sent_at: Moment, correction: Correction
    ) -> None:
        """Enter how the call that was granted at *sent_at* ended."""
        allowance = self.paced(allowance)

        def correct(ledger: Ledger) -> tuple[Ledger | None, None]:
            now = self.now()
            changed = corrected(ledger, allowance, need, sent_at, correction, now)
            return (changed if changed != ledger else None), None

        if correction != Correction(succeeded=True) or self._known.get(allowance.account):
            await self._aside(allowance.account, correct)

    async def wait(self, allowance: Allowance, need: Need = NOTHING) -> Wait:
        """How long a call under *allowance* would have to wait now; takes nothing."""
        ledger = await self.ledger(allowance.account)
        return ledger.wait(self.paced(allowance), need, self.now())

    async def ledger(self, account: str) -> Ledger:
        """All that is known about *account*."""
        return await self._aside(account, lambda ledger: (None, ledger))

    async def forecast(
        self, options: Sequence[tuple[Allowance, Need]], calls: int
    ) -> list[Sending]:
        """When each of *calls* could be sent, and under which of *options*; takes nothing."""
        own = [(self.paced(allowance), need) for allowance, need in options]
        accounts = {allowance.account for allowance, _ in own}
        ledgers = {account: await self.ledger(account) for account in accounts}
        return schedule(ledgers, own, calls, self.now())

    def stamp(self, allowance: Allowance) -> None:
        """Enter a call that is being made now, slot or not; for callers that do not wait."""
        allowance = self.paced(allowance)
        self._visit(
            allowance.account,
            lambda ledger: (ledger.sending(allowance, NOTHING, self.now()), None),
        )

    async def used_up_to(self, allowance: Allowance, scope: str, calls: int) -> None:
        """Enter that the provider itself has counted *calls* for today."""
        await self._aside(
            allowance.account,
            lambda ledger: (ledger.used_up_to(allowance, scope, calls, self.now()), None),
        )

    def now(self) -> Moment:
        """This moment, on both clocks."""
        return moment(self.clock)

    def paced(self, allowance: Allowance) -> Allowance:
        """*allowance* with the minimum interval that is in force: ours, or the provider's if longer.

        On one's own machine there is none.
        """
        if allowance.is_own:
            return allowance
        longest_s = max(self.min_interval_seconds, allowance.min_interval_s)
        if longest_s == allowance.min_interval_s:
            return allowance
        return replace(allowance, min_interval_s=longest_s)

    async def _aside(self, account: str, change: Callable[[Ledger], tuple[Ledger | None, T]]) -> T:
        """`_visit`, away from the event loop where the store may have to wait for a disk."""
        if not self.store.waits:
            return self._visit(account, change)
        loop = asyncio.get_running_loop()
        # Shielded: what is entered must be entered whole, also for a caller that has just left.
        work = loop.run_in_executor(self._thread, self._visit, account, change)
        return await asyncio.shield(work)

    def _visit(self, account: str, change: Callable[[Ledger], tuple[Ledger | None, T]]) -> T:
        """Apply *change* to the ledger of *account*, as one step for all processes.

        When the store fails, this process counts alone, and enters it as soon as the store is back;
        what another process has entered meanwhile then comes first.
        """
        results: list[tuple[Ledger, bytes | None, T]] = []

        def step(stored: bytes | None) -> bytes | None:
            ledger, is_as_stored = self._read(account, stored)
            changed, result = change(ledger)
            latest = ledger if changed is None else changed
            is_written = changed is None and is_as_stored
            record = stored if is_written else dump(latest)
            results.append((latest, record, result))
            return None if is_written else record

        with self._lock:
            try:
                self.store.update(f"ledger:{account}", step)
            except OSError as error:
                log.error("the limits' store failed, this process counts alone: %s", error)
                changed, result = change(self._known.get(account, Ledger()))
                if changed is not None:
                    self._known[account] = changed
                    self._ahead.add(account)
                return result
            self._known[account], self._records[account], result = results[-1]
            self._ahead.discard(account)
            return result

    def _read(self, account: str, stored: bytes | None) -> tuple[Ledger, bool]:
        """The ledger that *stored* stands for, and whether that is what it says."""
        known = self._known.get(account, Ledger())
        if stored is None or stored == self._records.get(account):
            return known, account not in self._ahead
        now = self.now()
        try:
            read = load(stored)
        except ValueError:
            read = Ledger(lost=now)
        if read.lost is not None and read == Ledger(lost=read.lost):
            log.error("the counters of %s were lost: today counts as used in proportion", account)
            return replace(known, lost=read.lost).rebased(now), False
        ledger = read.rebased(now)
        return ledger, ledger == read


def corrected(
    ledger: Ledger,
    allowance: Allowance,
    need: Need,
    sent_at: Moment,
    correction: Correction,
    now: Moment,
) -> Ledger:
    """*ledger* after the call granted at *sent_at* ended as *correction* says."""
    if not correction.sent:
        ledger = ledger.refunded(allowance, need, sent_at)
    elif not correction.counted:
        ledger = ledger.uncounted(allowance, need, sent_at)
    if correction.used is not None:
        ledger = ledger.cost_known(allowance, need, correction.used, sent_at)
    if correction.learned is not None:
        ledger = ledger.learning(correction.scope, correction.learned)
    if correction.until_reset or correction.hold_s > 0:
        ledger = ledger.holding(correction.scope, _hold(ledger, allowance, correction, now), now)
    if correction.succeeded:
        ledger = ledger.succeeded(allowance, now)
    return ledger


def _hold(ledger: Ledger, allowance: Allowance, correction: Correction, now: Moment) -> Hold:
    if correction.until_reset:
        left_s = allowance.reset_at(now.epoch_s) - now.epoch_s
        if correction.hold_s > 0:
            left_s = min(left_s, correction.hold_s)
        return Hold(correction.reason, now, left_s, until_reset=True)
    strikes = ledger.strikes(correction.scope, correction.reason)
    grown_s = correction.hold_s * 2 ** min(strikes, 16)
    duration_s = max(correction.hold_s, min(grown_s, correction.grows_to_s))
    return Hold(correction.reason, now, duration_s, strikes + 1)
