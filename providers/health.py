"""Circuit breakers: what failures mean for the calls after them. Time and chance are handed in.

    closed      calls go through; five counted failures in a row open it, and so does a minute in
                which half of at least ten calls failed
    open        nobody calls for 5 to 300 s: half as long as the outage has lasted, less some chance
    half-open   one leased probe at a time; two successes close it, a failure opens it again

The same question failing twice counts once: one poisonous prompt must not open a circuit.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from enum import Enum

FAILURES_IN_A_ROW = 5
WINDOW_S = 60.0
LEAST_OUTCOMES = 10
FAILING_SHARE = 0.5
FIRST_OPEN_S = 5.0
LONGEST_OPEN_S = 300.0
SHARE_OF_OUTAGE = 0.5  # so an outage is noticed to be over within half of its own length
JITTER = 0.2
PROBE_LEASE_S = 15.0  # a probe that was killed cannot wedge the breaker for longer
SUCCESSES_TO_CLOSE = 2
PANIC_INTERVAL_S = 1.0


class State(Enum):
    """Where a breaker stands."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one call ended: when (monotonic seconds), whether it failed, and then for which question."""

    at_s: float
    failed: bool
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class Breaker:
    """See the module. *open_until_s* and the like are monotonic seconds; *out_since_s* is when it opened."""

    outcomes: tuple[Outcome, ...] = ()
    out_since_s: float | None = None
    open_until_s: float | None = None
    probe_until_s: float | None = None
    probes_passed: int = 0
    panic_at_s: float | None = None

    def state(self, now_s: float) -> State:
        """Where it stands at that moment."""
        if self.open_until_s is None:
            return State.CLOSED
        return State.OPEN if now_s < self.open_until_s else State.HALF_OPEN

    def wait_s(self, now_s: float) -> float:
        """Seconds until a call may go through; 0 when it may now."""
        if self.open_until_s is None:
            return 0.0
        return max(0.0, self.open_until_s - now_s, (self.probe_until_s or now_s) - now_s)

    def panic_wait_s(self, now_s: float) -> float:
        """Seconds until a call may go through although the circuit is open, when all others are too."""
        return max(0.0, (self.panic_at_s or now_s) - now_s)

    def calling(self, now_s: float) -> "Breaker":
        """The breaker once a call is let through; while it is not closed, that is a leased probe."""
        if self.open_until_s is None:
            return self
        is_leased = self.probe_until_s is not None and self.probe_until_s > now_s
        return replace(
            self,
            probe_until_s=self.probe_until_s if is_leased else now_s + PROBE_LEASE_S,
            panic_at_s=now_s + PANIC_INTERVAL_S,
        )

    def not_calling(self, now_s: float) -> "Breaker":
        """The breaker when the call that was let through at *now_s* is not made after all."""
        if self.open_until_s is None:
            return self
        was_probe = self.probe_until_s == now_s + PROBE_LEASE_S
        was_panic = self.panic_at_s == now_s + PANIC_INTERVAL_S
        return replace(
            self,
            probe_until_s=None if was_probe else self.probe_until_s,
            panic_at_s=None if was_panic else self.panic_at_s,
        )

    def released(self) -> "Breaker":
        """The breaker when the call that was let through says nothing about the provider."""
        return replace(self, probe_until_s=None)

    def succeeded(self, now_s: float) -> "Breaker":
        """The breaker after a success."""
        if self.open_until_s is None:
            return replace(self, outcomes=self._with(Outcome(now_s, failed=False)))
        if self.probes_passed + 1 >= SUCCESSES_TO_CLOSE:
            return Breaker()
        return replace(
            self, probes_passed=self.probes_passed + 1, probe_until_s=None, open_until_s=now_s
        )

    def failed(self, now_s: float, fingerprint: str, chance: Callable[[], float]) -> "Breaker":
        """The breaker after a failure that counts; *chance* gives a number from 0 to 1."""
        if self.out_since_s is not None:
            return self._opened(now_s, self.out_since_s, chance)
        outcomes = self._with(Outcome(now_s, True, fingerprint))
        if _is_failing(outcomes):
            return self._opened(now_s, now_s, chance)
        return replace(self, outcomes=outcomes)

    def _opened(self, now_s: float, since_s: float, chance: Callable[[], float]) -> "Breaker":
        """Open from now on, in an outage that has lasted since *since_s*."""
        longest_s = min(max((now_s - since_s) * SHARE_OF_OUTAGE, FIRST_OPEN_S), LONGEST_OPEN_S)
        return Breaker(
            out_since_s=since_s,
            open_until_s=now_s + longest_s * (1 - JITTER * chance()),
            panic_at_s=self.panic_at_s,
        )

    def _with(self, outcome: Outcome) -> tuple[Outcome, ...]:
        """The outcomes of the last minute and *outcome*, in which a question fails once at most."""
        recent = self.outcomes
        if recent and outcome.at_s - recent[0].at_s >= WINDOW_S:
            recent = tuple(o for o in recent if outcome.at_s - o.at_s < WINDOW_S)
        if outcome.failed:
            again = (True, outcome.fingerprint)
            recent = tuple(o for o in recent if (o.failed, o.fingerprint) != again)
        return (*recent[-99:], outcome)


def _is_failing(outcomes: tuple[Outcome, ...]) -> bool:
    last = outcomes[-FAILURES_IN_A_ROW:]
    in_a_row = len(last) == FAILURES_IN_A_ROW and all(outcome.failed for outcome in last)
    failures = sum(outcome.failed for outcome in outcomes)
    often = len(outcomes) >= LEAST_OUTCOMES and failures / len(outcomes) >= FAILING_SHARE
    return in_a_row or often


class Circuits:
    """The breakers of all providers and models, by name; a call passes several of them at once."""

    def __init__(self, chance: Callable[[], float]) -> None:
        self.breakers: dict[Hashable, Breaker] = {}
        self._chance = chance

    def wait_s(self, passed: Sequence[Hashable], now_s: float, *, in_panic: bool = False) -> float:
        """Seconds until a call may pass all of *passed*; 0 when it may now.

        In panic an open circuit lets one call a second through: when nobody else can answer,
        failing open beats refusing.
        """
        own = self._own(passed)
        return max(b.panic_wait_s(now_s) if in_panic else b.wait_s(now_s) for b in own)

    def state(self, passed: Sequence[Hashable], now_s: float) -> State:
        """The state of the first of *passed* that is not closed."""
        states = (breaker.state(now_s) for breaker in self._own(passed))
        return next((state for state in states if state is not State.CLOSED), State.CLOSED)

    def calling(self, passed: Sequence[Hashable], now_s: float) -> None:
        """A call passes them."""
        self._change(passed, lambda breaker: breaker.calling(now_s))

    def not_calling(self, passed: Sequence[Hashable], now_s: float) -> None:
        """The call that passed them at *now_s* is not made after all; a probe of others goes on."""
        self._change(passed, lambda breaker: breaker.not_calling(now_s))

    def succeeded(self, passed: Sequence[Hashable], now_s: float) -> None:
        """It was answered."""
        self._change(passed, lambda breaker: breaker.succeeded(now_s))

    def released(self, passed: Sequence[Hashable]) -> None:
        """It says nothing about the provider."""
        self._change(passed, Breaker.released)

    def failed(
        self, passed: Sequence[Hashable], broken: Hashable, now_s: float, fingerprint: str
    ) -> None:
        """It failed, which counts for *broken* alone; None when it counts for nobody."""
        self.released([name for name in passed if name != broken])
        if broken is not None:
            self._change([broken], lambda b: b.failed(now_s, fingerprint, self._chance))

    def _own(self, passed: Sequence[Hashable]) -> list[Breaker]:
        return [self.breakers.get(name, Breaker()) for name in passed]

    def _change(self, passed: Sequence[Hashable], change: Callable[[Breaker], Breaker]) -> None:
        for name in passed:
            self.breakers[name] = change(self.breakers.get(name, Breaker()))
