"""What the router answers: an answer and where it came from, or why there is none."""

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

from cache import Cached
from failover import Attempt, Journey, Skipped, describe
from providers.base import Upstream
from providers.completion import Completion, Usage
from providers.errors import FailureKind
from providers.prompt import ToolCall

CacheState = Literal["HIT", "MISS", "STALE", "JOINED"]

MAKE = 1  # of the cached form of an answer; raised when that form changes
LOCAL = "local"  # the embedded model's name; it is no provider that failover chooses


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where an answer comes from, and what it took to get it."""

    provider: str
    model: str
    cache: CacheState = "MISS"
    attempts: tuple[Attempt, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    waited_s: float = 0.0
    age_s: float = 0.0

    @property
    def is_draft(self) -> bool:
        """Whether the embedded model wrote it, which is never a real answer."""
        return self.provider == LOCAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Routed(Origin):
    """An answer and where it came from. *notes* are those of the prompt that was answered."""

    completion: Completion
    notes: Any = None


class Unanswered(Exception):
    """No provider answered. *retry_after_s* says when asking again may help, if that is known."""

    def __init__(
        self,
        message: str,
        attempts: tuple[Attempt, ...] = (),
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.attempts = attempts
        self.retry_after_s = retry_after_s


class NoProviderConfigured(Unanswered):
    """There is nobody to ask."""


class NotCached(Unanswered):
    """The caller wants what is in the cache, and nothing fresh is."""


class AllProvidersFailed(Unanswered):
    """Everybody who could be asked failed."""


class RateLimited(Unanswered):
    """Every provider is inside its limits, and the next slot is too far away."""


class OutOfTime(Unanswered):
    """The caller's own time limit is over."""


class Declined(Exception):
    """A provider refused the content; asking others would be shopping for a laxer filter."""

    def __init__(self, attempts: tuple[Attempt, ...]) -> None:
        super().__init__(f"{attempts[-1].label} declined the request: {attempts[-1].reason}")
        self.attempts = attempts


class Interrupted(Exception):
    """The answer broke off after its beginning had been passed on, so nobody else may go on with it."""

    def __init__(self, kind: FailureKind, attempts: tuple[Attempt, ...]) -> None:
        super().__init__(f"The answer of {attempts[-1].label} broke off: {attempts[-1].reason}")
        self.kind = kind
        self.attempts = attempts


class Unfit(Exception):
    """The request itself is at fault: too long, asking for what nobody can, or not understood."""

    def __init__(
        self, kind: FailureKind, attempts: tuple[Attempt, ...], skipped: tuple[Skipped, ...] = ()
    ) -> None:
        whys = [describe(attempts), *(f"{s.provider}/{s.model}: {s.reason}" for s in skipped)]
        super().__init__(f"No provider could take the request: {'; '.join(filter(None, whys))}")
        self.kind = kind
        self.attempts = attempts


def origin_of(upstream: Upstream, journey: Journey, answering: Attempt) -> Origin:
    """Where an answer comes from that *answering* has just begun to give."""
    return Origin(
        provider=upstream.identity.name,
        model=upstream.model,
        attempts=(*journey.attempts, answering),
        skipped=tuple(journey.skipped.values()),
        waited_s=journey.waited_s,
    )


def routed_by(upstream: Upstream, journey: Journey, completion: Completion) -> Routed:
    """The answer of *upstream* to which *journey* has come."""
    return Routed(
        provider=upstream.identity.name,
        model=completion.model,
        attempts=tuple(journey.attempts),
        skipped=tuple(journey.skipped.values()),
        waited_s=journey.waited_s,
        completion=completion,
        notes=journey.prompt.notes,
    )


def next_slot(wait_s: float) -> str:
    """When the next slot comes, for people; in infinitely many seconds: not foreseeably."""
    if math.isinf(wait_s):
        return "no slot within a week"
    return f"next slot in {max(1, math.ceil(wait_s))} s"


def unanswered(journey: Journey, wait_s: float) -> Exception:
    """The error of *journey*, which has come to its end without an answer.

    A request like it would get a slot in *wait_s* seconds; infinite when that is not foreseeable.
    """
    attempts = tuple(journey.attempts)
    if fault := journey.fault():
        return Unfit(fault, attempts, tuple(journey.skipped.values()))
    when, retry_after_s = next_slot(wait_s), wait_s if math.isfinite(wait_s) else None
    if attempts:
        message = f"All LLM providers failed: {describe(attempts)}; {when}"
        return AllProvidersFailed(message, attempts, retry_after_s)
    reasons = "; ".join(f"{s.provider}/{s.model}: {s.reason}" for s in journey.skipped.values())
    return RateLimited(f"Rate limited: {when} ({reasons})", (), retry_after_s)


def remember(routed: Routed) -> dict[str, Any]:
    """*routed* as the cache keeps it: JSON."""
    completion = asdict(routed.completion)
    return {
        "make": MAKE,
        "provider": routed.provider,
        "completion": completion,
        "notes": routed.notes,
    }


def recall(cached: Cached, state: CacheState) -> Routed:
    """What `remember` made JSON of."""
    kept = cached.value["completion"]
    own = {
        "usage": Usage(**kept["usage"]),
        "tool_calls": tuple(ToolCall(**call) for call in kept.get("tool_calls", ())),
        "logprobs": tuple(kept.get("logprobs", ())),
    }
    completion = Completion(**{**kept, **own})
    return Routed(
        provider=cached.value["provider"],
        model=completion.model,
        completion=completion,
        cache=state,
        age_s=cached.age_s,
        notes=cached.value["notes"],
    )
