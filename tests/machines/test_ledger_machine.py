"""The limiter against a small reference model, on virtual time: whatever happens, no rule is broken."""

import itertools
import math
from dataclasses import dataclass
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from rate_limiter import Correction, RateLimiter, corrected
from storage.ledger import (
    ACCOUNT,
    MINUTE_S,
    TOGETHER_S,
    Allowance,
    Hold,
    Ledger,
    Limits,
    Moment,
    Need,
    dump,
    load,
    schedule,
)
from storage.memory import MemoryStore
from tests.doubles import TurnedClock

ZONE = "America/Los_Angeles"
PER_MINUTE, PER_DAY, UNITS = 4, 12, 60.0
MODELS = ("high", "low")


def allowance(model: str, interval_s: float = 0.0) -> Allowance:
    """An account with a quota of units, and models with quotas of their own."""
    scopes = (
        (ACCOUNT, Limits(units_per_day=UNITS)),
        (model, Limits(per_minute=PER_MINUTE, per_day=PER_DAY)),
    )
    return Allowance("account", ZONE, scopes, interval_s)


@dataclass
class Call:
    """What really was sent."""

    at_s: float
    epoch_s: float
    model: str
    units: float
    sent: bool = True


@dataclass
class Pause:
    """What was really asked of us."""

    begun_s: float
    duration_s: float


class LimiterMachine(RuleBasedStateMachine):
    """Reserve, settle, advance, restart: the reference keeps plain lists."""

    @initialize(interval_s=st.sampled_from([0.0, 5.0]))
    def begin(self, interval_s: float) -> None:
        """A store, a clock, and a first process."""
        self.interval_s = interval_s
        self.clock = TurnedClock()
        self.store = MemoryStore()
        self.limiter = self.process()
        self.calls: list[Call] = []
        self.pauses: dict[str, Pause] = {}
        self.last_grant: tuple[Moment, str, Need] | None = None

    def process(self) -> RateLimiter:
        """Another process on the same store."""
        return RateLimiter(self.interval_s, store=lambda: self.store, clock=self.clock)

    def visit(self, model: str, need: Need) -> Moment | None:
        """What `reserve` does, without the event loop."""
        granted = None

        def decide(ledger: Ledger, own: Allowance, now: Moment) -> tuple[Ledger | None, None]:
            nonlocal granted
            self.wait_s = ledger.wait(own, need, now).duration_s
            if self.wait_s > 0:
                return None, None
            granted = now
            return ledger.sending(own, need, now), None

        self.limiter._visit(allowance(model), decide)
        return granted

    def settle(self, correction: Correction) -> None:
        """What `RateLimiter.settle` does, without the event loop."""
        assert self.last_grant is not None
        at, model, need = self.last_grant
        self.limiter._visit(
            allowance(model),
            lambda ledger, own, now: (corrected(ledger, own, need, at, correction, now), None),
        )

    @rule(model=st.sampled_from(MODELS), units=st.sampled_from([0.0, 1.0, 7.5]))
    def reserve(self, model: str, units: float) -> None:
        """A grant is entered; a refusal's wait is as long as it has to be, and no longer."""
        granted = self.visit(model, Need(10, units))
        if granted is not None:
            self.calls.append(Call(self.clock.monotonic_s, self.clock.epoch_s, model, units))
            self.last_grant = granted, model, Need(10, units)
            self.check(model, units)

    def check(self, model: str, units: float) -> None:
        """No rule is broken by the call that was just granted."""
        now = self.calls[-1]
        for scope in (ACCOUNT, model):
            if (pause := self.pauses.get(scope)) is not None:
                assert now.at_s >= pause.begun_s + pause.duration_s - 1e-6
        if len(self.calls) > 1 and self.interval_s:
            assert now.at_s - self.calls[-2].at_s >= self.interval_s - 1e-6
        own = [call for call in self.calls if call.model == model and call.sent]
        recent = [call for call in own if now.at_s - call.at_s < MINUTE_S]
        assert len(recent) <= PER_MINUTE
        day = allowance(model).day(now.epoch_s)
        today = [c for c in self.calls if c.sent and allowance(model).day(c.epoch_s) == day]
        assert len([call for call in today if call.model == model]) <= PER_DAY
        assert sum(call.units for call in today) <= UNITS + 1e-6

    @precondition(lambda self: self.last_grant is not None)
    @rule()
    def never_sent(self) -> None:
        """Provably: it is given back, but for the interval."""
        self.settle(Correction(sent=False))
        self.calls[-1].sent = False
        self.last_grant = None

    @precondition(lambda self: self.last_grant is not None)
    @rule()
    def succeeded(self) -> None:
        """A success changes no count."""
        self.settle(Correction(succeeded=True))
        self.last_grant = None

    @precondition(lambda self: self.last_grant is not None)
    @rule(hold_s=st.floats(1, 400), of_model=st.booleans())
    def paused(self, hold_s: float, of_model: bool) -> None:
        """A hold is never shortened by a later, shorter one."""
        assert self.last_grant is not None
        scope = self.last_grant[1] if of_model else ACCOUNT
        self.settle(Correction(scope=scope, reason="capacity", hold_s=hold_s))
        held = self.pauses.get(scope)
        end_s = held.begun_s + held.duration_s if held else -math.inf
        if self.clock.monotonic_s + hold_s > end_s:
            self.pauses[scope] = Pause(self.clock.monotonic_s, hold_s)
        self.last_grant = None

    @rule(duration_s=st.one_of(st.floats(0, 90), st.floats(0, 40_000)))
    def time_passes(self, duration_s: float) -> None:
        """On both clocks."""
        self.clock.turn(duration_s)

    @rule()
    def exactly_as_long_as_told(self) -> None:
        """After a refusal, waiting that long is enough."""
        need = Need(10, 1.0)
        granted = self.visit("low", need)
        if granted is None:
            self.clock.turn(self.wait_s + 1e-6)
            granted = self.visit("low", need)
            assert granted is not None
        self.last_grant = granted, "low", need
        self.calls.append(Call(self.clock.monotonic_s, self.clock.epoch_s, "low", 1.0))
        self.check("low", 1.0)

    @rule()
    def another_process(self) -> None:
        """It knows only what is in the store."""
        self.limiter = self.process()
        self.last_grant = None

    @invariant()
    def the_ledger_can_be_read_again(self) -> None:
        """And is the same."""
        if hasattr(self, "limiter"):
            ledger = self.limiter._known.get("account", Ledger())
            assert load(dump(ledger)) == ledger


LimiterMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestLimiter = pytest.mark.timeout(120)(LimiterMachine.TestCase)

times = st.floats(0, 4e9, allow_nan=False)
moments = st.builds(Moment, st.sampled_from(["a", "b"]), times, times)
names = st.sampled_from([ACCOUNT, "high", "low"])


@given(st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_c01_any_bytes_are_a_ledger_or_refused(stored: bytes) -> None:
    """K04 and C01 for the limits: whatever is in the store, the service goes on."""
    try:
        assert isinstance(load(stored), Ledger)
    except ValueError as error:
        assert str(error)  # noqa: PT017 - either is right


@given(begun=moments, now=moments, duration_s=st.floats(0, 1e6), until_reset=st.booleans())
def test_a_hold_never_lasts_longer_than_it_was_meant_to(
    begun: Moment, now: Moment, duration_s: float, until_reset: bool
) -> None:
    """Unless the clock was set back while it waits for a midnight; and never less than nothing."""
    left_s = Hold("x", begun, duration_s, until_reset=until_reset).remaining_s(now)
    assert left_s >= 0
    if not until_reset or now.epoch_s >= begun.epoch_s:
        assert left_s <= duration_s + 1e-3


@given(held_s=st.floats(0, 1e5), new_s=st.floats(0, 1e5), passed_s=st.floats(0, 1e5))
def test_a_hold_is_never_shortened(held_s: float, new_s: float, passed_s: float) -> None:
    """I4: the longer of two stands."""
    begun = Moment("a", 0.0, 0.0)
    now = Moment("a", passed_s, passed_s)
    ledger = Ledger().holding("x", Hold("one", begun, held_s), begun)
    before_s = ledger.holds["x"].remaining_s(now)
    after_s = ledger.holding("x", Hold("two", now, new_s), now).holds["x"].remaining_s(now)
    assert after_s == pytest.approx(max(before_s, new_s))


@pytest.mark.parametrize(
    ("date", "hours"), [("2026-03-08", 23), ("2026-11-01", 25), ("2026-11-22", 24)]
)
def test_q10_a_day_at_the_provider_has_23_24_or_25_hours(date: str, hours: int) -> None:
    """One reset each, at local midnight."""
    noon = datetime.fromisoformat(f"{date}T20:00:00+00:00").timestamp()
    pacific = Allowance("gemini", ZONE)
    reset = pacific.reset_at(noon)
    begin = max(t for t in (pacific.reset_at(noon - d * 3600) for d in range(1, 30)) if t <= noon)
    assert (reset - begin) / 3600 == hours
    assert pacific.day(reset - 1) == pacific.day(begin)
    assert pacific.day(reset) != pacific.day(begin)


@given(calls=st.integers(1, 60), interval_s=st.sampled_from([0.0, 10.0, 60.0]))
def test_a_schedule_keeps_every_rule_that_it_foresees(calls: int, interval_s: float) -> None:
    """It is made of the same decisions."""
    own = allowance("high", interval_s)
    sendings = schedule({}, [(own, Need(1, 0.0))], calls, Moment("a", 0.0, 1_795_392_000.0))
    times_s = [sending.wait_s for sending in sendings]
    assert times_s == sorted(times_s)
    assert all(b - a >= interval_s - 1e-6 for a, b in itertools.pairwise(times_s))
    for first, later in zip(times_s, times_s[PER_MINUTE:], strict=False):
        assert later - first >= MINUTE_S - TOGETHER_S


@given(st.lists(st.tuples(st.floats(0, 3), names), max_size=30))
def test_what_is_refunded_was_never_there(gaps: list[tuple[float, str]]) -> None:
    """Q12: a call that never left costs nothing of the day, however often."""
    own = allowance("high")
    at_s, ledger = 0.0, Ledger()
    for gap_s, _ in gaps:
        at_s += gap_s
        now = Moment("a", at_s, 1_795_392_000.0 + at_s)
        before = ledger
        ledger = ledger.sending(own, Need(5, 2.0), now).refunded(own, Need(5, 2.0), now)
        for scope in (ACCOUNT, "high"):
            was = before.today(own, scope, now)
            assert ledger.today(own, scope, now) == was
        assert sum(call.calls for call in ledger.sent) == 0
