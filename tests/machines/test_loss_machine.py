"""Instances that lose their store and find it again: whatever happens, quotas are not overrun.

The reserve that is allowed: what a process had done alone when it was killed, and the share of one
that alone had lost sight of the store.
"""

import asyncio

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from rate_limiter import Correction, RateLimiter
from storage.ledger import Allowance, Ledger, Limits, Moment, Need, dump, load
from tests.doubles import LosableStore, TurnedClock

INSTANCES = 3
INTERVAL_S = 5.0
PER_DAY = 40
OWN = Allowance("account", "UTC", (("*", Limits(per_day=PER_DAY)),))
instances = st.integers(0, INSTANCES - 1)


class LossMachine(RuleBasedStateMachine):
    """Reserve, settle, wait, lose, find, restart, forget; the reference counts what was sent."""

    @initialize()
    def begin(self) -> None:
        """Three processes and a store."""
        self.clock = TurnedClock(1_800_000_000.0)
        self.store = LosableStore()
        self.limiters = [self.process() for _ in range(INSTANCES)]
        self.sent: list[tuple[float, int, bool]] = []  # when, by whom, alone
        self.owed = [0] * INSTANCES
        self.born_s = [0.0] * INSTANCES
        self.reserve = 0
        self.last: tuple[int, Moment] | None = None

    def process(self) -> RateLimiter:
        """One that knows nothing."""
        return RateLimiter(
            INTERVAL_S, store=lambda: self.store, clock=self.clock, instances=INSTANCES
        )

    @rule(number=instances)
    def reserve_a_slot(self, number: int) -> None:
        """A grant is a call."""
        limiter = self.limiters[number]
        slot = asyncio.run(limiter.reserve(OWN, Need()))
        if slot.granted is None:
            assert slot.wait.duration_s > 0
            return
        now_s, alone = self.clock.monotonic_s, limiter.is_alone
        born_s = self.born_s[number]
        mine = [at_s for at_s, who, _ in self.sent if who == number and at_s > born_s]
        if alone and mine:
            assert now_s - mine[-1] >= INTERVAL_S * INSTANCES - 1e-6
        together = [at_s for at_s, _, was_alone in self.sent if not was_alone]
        if not alone and together:
            assert now_s - together[-1] >= INTERVAL_S - 1e-6
        self.sent.append((now_s, number, alone))
        self.owed[number] += alone
        self.last = number, slot.granted

    @precondition(lambda self: self.last is not None)
    @rule()
    def it_succeeded(self) -> None:
        """Which changes no count, wherever it is entered."""
        assert self.last is not None
        number, at = self.last
        done = Correction(succeeded=True, used=Need())
        asyncio.run(self.limiters[number].settle(OWN, Need(), at, done))
        self.last = None

    @rule(duration_s=st.floats(0, 40))
    def time_passes(self, duration_s: float) -> None:
        """Within one day."""
        if self.clock.epoch_s < 1_800_000_000.0 + 40_000:
            self.clock.turn(duration_s)

    @rule()
    def the_store_is_lost(self) -> None:
        """For all of them."""
        for limiter in self.limiters:
            asyncio.run(limiter.ledger("account"))  # what they know is what is there
        self.store.is_lost = True
        for limiter in self.limiters:
            asyncio.run(limiter.ledger("account"))

    @precondition(lambda self: self.store.is_lost)
    @rule(empty=st.booleans())
    def the_store_is_back(self, empty: bool) -> None:
        """With or without what was in it; everybody enters what is owed."""
        known = [limiter for limiter in self.limiters if limiter._known]
        self.store.come_back(empty=empty and len(known) == INSTANCES)
        assert not any(limiter.is_alone for limiter in self.limiters)
        self.owed = [0] * INSTANCES

    @rule(number=instances)
    def a_process_is_killed(self, number: int) -> None:
        """What it owed is lost; what it knew as well."""
        self.reserve += self.owed[number]
        self.owed[number] = 0
        self.limiters[number] = self.process()
        self.born_s[number] = self.clock.monotonic_s
        if self.store.is_lost:
            # It knows nothing of the day, and takes a share of all of it.
            self.reserve += PER_DAY // INSTANCES
        if self.last is not None and self.last[0] == number:
            self.last = None

    @invariant()
    def the_quota_holds(self) -> None:
        """But for the reserve."""
        if hasattr(self, "sent"):
            assert len(self.sent) <= PER_DAY + self.reserve

    @invariant()
    def the_store_knows_of_every_call_that_nobody_owes(self) -> None:
        """I2: and of not one more than were made."""
        if hasattr(self, "sent") and not self.store.is_lost:
            ledger = load(dict(self.store.states()).get("ledger:account") or dump(Ledger()))
            counted = sum(spent.calls for spent in ledger.spent.values())
            assert len(self.sent) - self.reserve <= counted <= len(self.sent)


LossMachine.TestCase.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
TestLoss = pytest.mark.timeout(120)(LossMachine.TestCase)
