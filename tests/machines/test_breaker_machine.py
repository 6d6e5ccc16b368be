"""The circuit breaker against a reference: it opens when it must, and lets one probe through."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from providers.health import (
    FAILURES_IN_A_ROW,
    FIRST_OPEN_S,
    LONGEST_OPEN_S,
    PROBE_LEASE_S,
    WINDOW_S,
    Breaker,
    State,
)


class BreakerMachine(RuleBasedStateMachine):
    """Calls that succeed, fail or vanish, and time that passes."""

    @initialize(chance=st.floats(0, 1))
    def begin(self, chance: float) -> None:
        """Closed, at second zero."""
        self.now_s = 0.0
        self.chance = chance
        self.breaker = Breaker()
        self.outcomes: list[tuple[float, bool, str]] = []
        self.out_since_s = 0.0
        self.questions = 0

    def fail(self, question: str) -> None:
        """A counted failure."""
        was_open = self.breaker.open_until_s is not None
        self.breaker = self.breaker.calling(self.now_s).failed(
            self.now_s, question, lambda: self.chance
        )
        self.outcomes.append((self.now_s, True, question))
        if was_open:
            assert self.breaker.state(self.now_s) is State.OPEN
        else:
            assert (self.breaker.open_until_s is not None) == self.must_open()
        if self.breaker.open_until_s is not None:
            self.out_since_s = self.out_since_s if was_open else self.now_s
            self.outcomes.clear()
            half_s = (self.now_s - self.out_since_s) / 2
            longest_s = min(LONGEST_OPEN_S, max(FIRST_OPEN_S, half_s))
            wait_s = self.breaker.wait_s(self.now_s)
            assert 0.8 * longest_s - 1e-9 <= wait_s <= longest_s + 1e-9

    def must_open(self) -> bool:
        """The rule, said again: five in a row, or half of at least ten within a minute."""
        recent: list[tuple[float, bool, str]] = []
        for at_s, failed, question in self.outcomes:
            if self.now_s - at_s >= WINDOW_S:
                continue
            if failed:
                recent = [r for r in recent if not (r[1] and r[2] == question)]
            recent.append((at_s, failed, question))
        last = recent[-FAILURES_IN_A_ROW:]
        in_a_row = len(last) == FAILURES_IN_A_ROW and all(failed for _, failed, _ in last)
        failures = sum(failed for _, failed, _ in recent)
        return in_a_row or (len(recent) >= 10 and failures * 2 >= len(recent))

    @rule()
    def a_new_question_fails(self) -> None:
        """Each one counts."""
        if self.breaker.wait_s(self.now_s) <= 0:
            self.questions += 1
            self.fail(f"q{self.questions}")

    @rule()
    def the_same_question_fails_again(self) -> None:
        """It counts once."""
        if self.breaker.wait_s(self.now_s) <= 0:
            self.fail("poison")

    @rule()
    def a_call_succeeds(self) -> None:
        """Two in a row close an open circuit."""
        if self.breaker.wait_s(self.now_s) > 0:
            return
        before = self.breaker
        self.breaker = before.calling(self.now_s).succeeded(self.now_s)
        self.outcomes.append((self.now_s, False, ""))
        if before.open_until_s is not None:
            closes = before.probes_passed == 1
            assert (self.breaker.open_until_s is None) == closes
            self.outcomes.clear()

    @rule()
    def a_probe_is_let_through_and_vanishes(self) -> None:
        """Its lease keeps others out, and ends by itself."""
        if self.breaker.state(self.now_s) is State.HALF_OPEN and not self.breaker.wait_s(
            self.now_s
        ):
            probing = self.breaker.calling(self.now_s)
            assert probing.wait_s(self.now_s) == pytest.approx(PROBE_LEASE_S)
            assert probing.wait_s(self.now_s + PROBE_LEASE_S) == 0
            assert probing.released().wait_s(self.now_s) == 0

    @rule(duration_s=st.floats(0, 400))
    def time_passes(self, duration_s: float) -> None:
        """Monotonic seconds."""
        self.now_s += duration_s

    @invariant()
    def it_never_stays_open_for_longer_than_five_minutes(self) -> None:
        """I12: given traffic, somebody is let through."""
        if hasattr(self, "breaker"):
            assert self.breaker.wait_s(self.now_s) <= LONGEST_OPEN_S + PROBE_LEASE_S


BreakerMachine.TestCase.settings = settings(max_examples=100, stateful_step_count=50, deadline=None)
TestBreaker = BreakerMachine.TestCase


def test_panic_lets_one_call_a_second_through() -> None:
    """When nobody else can answer."""
    breaker = Breaker()
    for n in range(5):
        breaker = breaker.failed(float(n), f"q{n}", lambda: 1.0)
    assert breaker.wait_s(4.0) == 4
    assert breaker.panic_wait_s(4.0) == 0
    probing = breaker.calling(4.0)
    assert probing.panic_wait_s(4.0) == 1
    assert probing.failed(4.1, "q", lambda: 1.0).panic_wait_s(4.1) == pytest.approx(0.9)
