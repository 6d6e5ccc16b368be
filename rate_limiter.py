"""The limits of every provider: minimum interval, minute and day quotas, and holds.

What was sent is written down before it is sent, in one step with the decision, so two processes
can never both think that a slot is theirs, and a crash can only make us more careful. Nobody is
put to sleep here: the limiter only says how long to wait. The rules themselves are pure and stand
in `storage/ledger.py`.

A process whose store is lost counts alone: it takes its share of every limit, as if all instances
did as it does, and enters what it has done when the store is back.
"""

import asyncio
import functools
import logging
import threading
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, TypeVar

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
    schedule,
)
from storage.memory import MemoryStore

log = logging.getLogger("trimaran.limits")

T = TypeVar("T")
NOTHING = Need()
NO_WAIT = Wait()
LOOK_AGAIN_S = 1.0  # the store may be back any moment, and what others enter is seen within it


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


Change = Callable[[Ledger, Allowance, Moment], tuple[Ledger | None, T]]


@dataclass(frozen=True, slots=True)
class Owed:
    """What was done alone, and has to be entered when the store is back.

    *attempt* is the name under which the store may have entered it already.
    """

    allowance: Allowance
    change: Change[Any]
    at: Moment
    attempt: str


class RateLimiter:
    """Keeps every provider at least *min_interval_seconds* apart, and within its own limits.

    *instances* is how many processes share the limits, should this one lose sight of the others.
    """

    def __init__(
        self,
        min_interval_seconds: float = 60,
        *,
        store: Callable[[], Store] = MemoryStore,
        clock: Clock = SYSTEM_CLOCK,
        instances: int = 1,
    ) -> None:
        self.min_interval_seconds = min_interval_seconds
        self.clock = clock
        self.instances = instances
        self._open_store = store
        self._known: dict[str, Ledger] = {}  # what was last seen in the store
        self._records: dict[str, bytes | None] = {}  # and the record there that it stands for
        self._seen_s: dict[str, float] = {}  # when it was last looked up there, monotonic
        self._alone: dict[str, Ledger] | None = None  # what counts while the store is lost
        self._sent_alone: set[Moment] = set()  # what was entered since with the weight of all
        self._owed: deque[Owed] = deque()
        self._lock = threading.Lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="limits")

    def configure(
        self,
        *,
        min_interval_seconds: float | None = None,
        store: Callable[[], Store] | None = None,
        instances: int | None = None,
    ) -> None:
        """Replace what is given; before the first use."""
        if min_interval_seconds is not None:
            self.min_interval_seconds = min_interval_seconds
        if store is not None:
            self._open_store = store
        if instances is not None:
            self.instances = instances

    @functools.cached_property
    def store(self) -> Store:
        """Where the ledgers are; opened at the first use."""
        return self._open_store()

    @property
    def is_alone(self) -> bool:
        """Whether the store is lost, and only this process's own calls can be counted."""
        return self._alone is not None

    async def reserve(self, allowance: Allowance, need: Need = NOTHING) -> Slot:
        """Take a slot under *allowance* if there is one; the caller must then send at once."""
        if self._is_free(allowance):
            if self._is_stale(allowance.account):
                await self.ledger(allowance.account)  # another process may have put it on hold
            if self._is_free(allowance):
                return Slot(granted=self.now())

        def decide(ledger: Ledger, own: Allowance, now: Moment) -> tuple[Ledger | None, Slot]:
            wait = ledger.wait(own, need, now)
            if wait.duration_s > 0:
                return None, Slot(wait=self._hopeful(wait, ledger, allowance, need, now))
            if own.weight > 1:
                self._sent_alone.add(now)
            return ledger.sending(own, need, now), Slot(granted=now)

        def send(ledger: Ledger, own: Allowance, now: Moment) -> tuple[Ledger, None]:
            return ledger.sending(own, need, now), None

        return await self._aside(allowance, decide, send)

    async def settle(
        self, allowance: Allowance, need: Need, sent_at: Moment, correction: Correction
    ) -> None:
        """Enter how the call that was granted at *sent_at* ended."""

        def correct(ledger: Ledger, own: Allowance, now: Moment) -> tuple[Ledger | None, None]:
            weight = own.weight if sent_at in self._sent_alone else 1
            entered = replace(own, weight=weight)
            changed = corrected(ledger, entered, need, sent_at, correction, now)
            return (changed if changed != ledger else None), None

        went_well = replace(correction, used=None) == Correction(succeeded=True)
        if not (went_well and self._is_free(allowance)):
            await self._aside(allowance, correct)

    async def wait(self, allowance: Allowance, need: Need = NOTHING) -> Wait:
        """How long a call under *allowance* would have to wait now; takes nothing."""
        ledger = await self.ledger(allowance.account)
        return ledger.wait(self.paced(allowance), need, self.now())

    def known_wait(self, allowance: Allowance, need: Need = NOTHING) -> Wait:
        """As `wait`, by what was last seen in the store."""
        ledger = self._known.get(allowance.account, Ledger())
        return ledger.wait(self.paced(allowance), need, self.now())

    async def ledger(self, account: str) -> Ledger:
        """All that is known about *account*."""
        return await self._aside(Allowance(account), lambda ledger, *_: (None, ledger))

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
        self._visit(allowance, lambda ledger, own, now: (ledger.sending(own, NOTHING, now), None))

    async def used_up_to(self, allowance: Allowance, scope: str, calls: int) -> None:
        """Enter that the provider itself has counted *calls* for today."""
        await self._aside(
            allowance,
            lambda ledger, own, now: (ledger.used_up_to(own, scope, calls, now), None),
        )

    def now(self) -> Moment:
        """This moment, as all who share the store reckon it."""
        return self.store.now(self.clock)

    def paced(self, allowance: Allowance) -> Allowance:
        """*allowance* as it is in force: with the longer of our interval and the provider's own.

        On one's own machine there is no interval. While alone it is this process's share.
        """
        own = self._together(allowance)
        return own.divided(self.instances) if self.is_alone else own

    def pay(self) -> None:
        """Enter what was done alone, if the store is back."""
        with self._lock:
            try:
                self._pay()
            except OSError as error:
                log.debug("what was done alone cannot be entered yet: %s", error)
            else:
                self._rejoin()

    def _together(self, allowance: Allowance) -> Allowance:
        """*allowance* as it is in force for all instances together."""
        if allowance.is_own:
            return allowance
        longest_s = max(self.min_interval_seconds, allowance.min_interval_s)
        if longest_s == allowance.min_interval_s:
            return allowance
        return replace(allowance, min_interval_s=longest_s)

    def _is_free(self, allowance: Allowance) -> bool:
        """Whether nothing that is known limits calls under *allowance*, or holds its account."""
        books = self._known if self._alone is None else self._alone
        return books.get(allowance.account, Ledger()).is_free(self.paced(allowance))

    def _is_stale(self, account: str) -> bool:
        """Whether *account* has not been looked up lately: others enter holds, too."""
        seen_s = self._seen_s.get(account)
        return seen_s is None or self.clock.monotonic() - seen_s >= LOOK_AGAIN_S

    def _hopeful(
        self, wait: Wait, ledger: Ledger, allowance: Allowance, need: Need, now: Moment
    ) -> Wait:
        """*wait*; but while alone, whoever may go as soon as the store is back looks again soon."""
        if not self.is_alone:
            return wait
        together_s = ledger.wait(self._together(allowance), need, now).duration_s
        return replace(wait, duration_s=max(together_s, min(wait.duration_s, LOOK_AGAIN_S)))

    async def _aside(
        self, allowance: Allowance, change: Change[T], again: Change[Any] | None = None
    ) -> T:
        """`_visit`, away from the event loop where the store may have to wait."""
        if not self.store.waits:
            return self._visit(allowance, change, again)
        loop = asyncio.get_running_loop()
        # Shielded: what is entered must be entered whole, also for a caller that has just left.
        work = loop.run_in_executor(self._thread, self._visit, allowance, change, again)
        return await asyncio.shield(work)

    def _visit(
        self, allowance: Allowance, change: Change[T], again: Change[Any] | None = None
    ) -> T:
        """Apply *change* to the ledger of *allowance*'s account, as one step for all processes.

        When the store fails this process does it alone; once the store is back, *again*, or else
        *change*, enters it there.
        """
        attempt = uuid.uuid4().hex
        with self._lock:
            try:
                self._pay()
                result = self._enter(self._together(allowance), change, None, attempt)
            except OSError as error:
                alone = self._part(error)
            else:
                self._rejoin()
                return result
            now, account = self.now(), allowance.account
            ledger = alone.get(account, Ledger())
            self._seen_s[account] = self.clock.monotonic()
            changed, result = change(ledger, self.paced(allowance), now)
            if changed is not None:
                alone[account] = changed
                own = self._together(allowance)
                self._owed.append(Owed(own, again or change, now, attempt))
            return result

    def _enter(self, allowance: Allowance, change: Change[T], at: Moment | None, attempt: str) -> T:
        """Apply *change*, made *at* that moment or now, to the ledger in the store.

        Raises `OSError` when the store fails.
        """
        account = allowance.account
        seen: tuple[Ledger, bytes | None, T] | None = None

        def step(stored: bytes | None) -> bytes | None:
            nonlocal seen
            ledger, is_as_stored = self._read(account, stored)
            changed, result = change(ledger, allowance, at or self.now())
            latest = ledger if changed is None else changed
            is_written = changed is None and is_as_stored
            record = stored if is_written else dump(latest)
            seen = latest, record, result
            return None if is_written else record

        self.store.update(f"ledger:{account}", step, attempt=attempt)
        assert seen is not None, "a store that raises nothing has called the change"  # noqa: S101
        self._known[account], self._records[account], result = seen
        self._seen_s[account] = self.clock.monotonic()
        return result

    def _read(self, account: str, stored: bytes | None) -> tuple[Ledger, bool]:
        """The ledger that *stored* stands for, and whether that is what it says."""
        known = self._known.get(account, Ledger())
        if stored is None or stored == self._records.get(account):
            return known, True
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

    def _part(self, error: OSError) -> dict[str, Ledger]:
        """From now on this process counts alone, in the ledgers that are returned.

        What it knows is owed as well: a store that comes back may have forgotten some of it.
        """
        if self._alone is None:
            parts = f", 1/{self.instances} of each limit" if self.instances > 1 else ""
            log.error("the limits' store failed, this process counts alone%s: %s", parts, error)
            self._alone = dict(self._known)
            for account, known in self._known.items():
                remember = functools.partial(_at_least, known)
                owed = Owed(Allowance(account), remember, self.now(), uuid.uuid4().hex)
                self._owed.append(owed)
            self.store.when_back(self.pay)
        return self._alone

    def _pay(self) -> None:
        """Enter all that is owed. Raises `OSError` when the store fails."""
        while self._owed:
            owed = self._owed[0]
            self._enter(owed.allowance, owed.change, owed.at, owed.attempt)
            self._owed.popleft()

    def _rejoin(self) -> None:
        """The store has shown that it works."""
        if self._alone is not None:
            self._alone = None
            self._sent_alone.clear()
            log.warning("the limits' store is back, this process counts with the others again")


def _at_least(known: Ledger, ledger: Ledger, _: Allowance, now: Moment) -> tuple[Ledger, None]:
    """*ledger*, nowhere less careful than *known*; written in any case, as there may be none."""
    return ledger.at_least(known, now), None


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
