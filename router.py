"""The failover router: one prompt in, one answer out, from whichever provider can give it.

    complete   a fresh cached answer, else an equal question under way, else `route`;
               when nobody answers: a stale answer, then the last resort, then an error
    route      the first provider in order whose slot is free is asked; when it fails, the next;
               when all that are left are inside their interval, the earliest slot is awaited
    _attempt   one call to one provider, and how it ended

Decisions are pure functions on values; time is injected.
"""

import logging
import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass, replace
from enum import Enum
from typing import Any, Literal

from cache import ANY_FRESH, Cached, Freshness, ResponseCache
from clock import SYSTEM_CLOCK, Clock
from providers.base import Completion, Prompt, Upstream, Usage
from providers.errors import FailureKind, ProviderError
from rate_limiter import RateLimiter

log = logging.getLogger("trimaran.router")

CacheState = Literal["HIT", "MISS", "STALE", "JOINED"]

ANSWER_TIME_S = 60.0  # what a request may take beside waiting for a slot
LEAST_ATTEMPT_S = 5.0  # an attempt is not begun with less
RESERVE_PER_PROVIDER_S = 8.0  # kept back for each provider that may still have to be asked
MAKE = 1  # of the cached form of an answer; raised when that form changes
LOCAL = "local"  # the embedded model's name; it is no provider that failover chooses


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a request may wait for a slot, and how long it may take in all, in seconds."""

    max_wait_s: float = 75.0

    @property
    def total_s(self) -> float:
        """The request's deadline, from its start."""
        return self.max_wait_s + ANSWER_TIME_S


@dataclass(frozen=True, slots=True)
class Attempt:
    """One call to one provider, and how it ended: *failure* is None for the one that answered."""

    provider: str
    label: str
    model: str
    elapsed_s: float
    failure: FailureKind | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Routed:
    """An answer and where it came from. *notes* are those of the prompt that was answered."""

    completion: Completion
    provider: str
    cache: CacheState
    attempts: tuple[Attempt, ...] = ()
    age_s: float = 0.0
    notes: Any = None

    @property
    def is_draft(self) -> bool:
        """Whether the embedded model wrote it, which is never a real answer."""
        return self.provider == LOCAL


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


class AllProvidersFailed(Unanswered):
    """Everybody who could be asked failed."""


class RateLimited(Unanswered):
    """Every provider is inside its limits, and the next slot is too far away."""


class Declined(Exception):
    """A provider refused the content; asking others would be shopping for a laxer filter."""

    def __init__(self, attempts: tuple[Attempt, ...]) -> None:
        super().__init__(f"{attempts[-1].label} declined the request: {attempts[-1].reason}")
        self.attempts = attempts


class Verdict(Enum):
    """What follows from a failed attempt."""

    FAIL_OVER = "ask the next provider"
    GIVE_UP = "tell the caller"


def decide(failure: FailureKind) -> Verdict:
    """What follows from *failure*: every provider's failure is another one's chance, but for a refusal."""
    return Verdict.GIVE_UP if failure is FailureKind.CONTENT_FILTER else Verdict.FAIL_OVER


def share_of_time(remaining_s: float, others_left: int) -> float:
    """How long one attempt may take, so that it never eats the time of the providers after it."""
    return max(LEAST_ATTEMPT_S, remaining_s - RESERVE_PER_PROVIDER_S * others_left)


class Router:
    """Asks *upstreams* in their order; *last_resort* answers only when they and the cache cannot."""

    def __init__(
        self,
        upstreams: Sequence[Upstream],
        cache: ResponseCache,
        limiter: RateLimiter,
        *,
        last_resort: Upstream | None = None,
        limits: Limits = Limits(),
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self.upstreams = tuple(upstreams)
        self.cache = cache
        self.limiter = limiter
        self.last_resort = last_resort
        self.limits = limits
        self.clock = clock

    async def complete(
        self,
        key: str,
        frame: Callable[[], Awaitable[Prompt]],
        *,
        name: str,
        freshness: Freshness = ANY_FRESH,
    ) -> Routed:
        """Answer the question called *key*; *frame* makes its prompt, and is called only if needed.

        *name* is what the log lines call the request. Raises `Unanswered` or `Declined`.
        """
        cached = self._look_up(key) if freshness.may_read else None
        if cached is not None and freshness.accepts(cached):
            log.info("✅ Cache hit for %s", name)
            return _recall(cached, "HIT")

        async def work() -> Routed:
            return await self._answer(key, await frame(), name, cached, freshness)

        if not freshness.may_store:
            return await work()
        routed, joined = await self.cache.flights.join(key, work)
        return replace(routed, cache="JOINED") if joined and routed.cache == "MISS" else routed

    async def route(self, prompt: Prompt, name: str) -> Routed:
        """Ask the providers in order until one answers. Raises `Unanswered` or `Declined`."""
        if not self.upstreams:
            raise NoProviderConfigured("No LLM API keys configured")
        self._announce(name)
        begin_s = self.clock.monotonic()
        pending = list(self.upstreams)
        attempts: list[Attempt] = []
        while pending:
            upstream, wait_s = await self._first_free(pending)
            elapsed_s = self.clock.monotonic() - begin_s
            if upstream is None:
                if elapsed_s + wait_s > self.limits.max_wait_s:
                    log.warning("⏳ No slot for %s within its time: %.0f s to wait", name, wait_s)
                    raise _limited(wait_s, tuple(attempts))
                log.info("⏳ Waiting %.1f s for a slot for %s", wait_s, name)
                await self.clock.sleep(wait_s)
                continue
            pending.remove(upstream)
            timeout_s = share_of_time(self.limits.total_s - elapsed_s, len(pending))
            completion, attempt = await self._attempt(upstream, prompt, timeout_s)
            attempts.append(attempt)
            if completion is not None:
                log.info("✅ %s succeeded for %s", attempt.label, name)
                return Routed(
                    completion, attempt.provider, "MISS", tuple(attempts), notes=prompt.notes
                )
            if attempt.failure is not None and decide(attempt.failure) is Verdict.GIVE_UP:
                raise Declined(tuple(attempts))
        raise AllProvidersFailed(
            f"All LLM providers failed: {describe(attempts)}",
            tuple(attempts),
            retry_after_s=min([await self.limiter.next_slot_s(a.provider) for a in attempts]),
        )

    async def aclose(self) -> None:
        """Close what the upstreams hold."""
        for upstream in self.upstreams:
            await upstream.aclose()
        if self.last_resort is not None:
            await self.last_resort.aclose()

    async def _answer(
        self, key: str, prompt: Prompt, name: str, cached: Cached | None, freshness: Freshness
    ) -> Routed:
        """A provider's answer, kept for later; else what is left when nobody answers."""
        try:
            routed = await self.route(prompt, name)
        except Unanswered as unanswered:
            if cached is not None and freshness.accepts_stale():
                log.warning("⏳ Stale answer for %s: %s", name, unanswered)
                return _recall(cached, "STALE")
            if self.last_resort is None:
                raise
            return await self._draft(self.last_resort, prompt, name, unanswered)
        if freshness.may_store and routed.completion.finish_reason == "stop":
            self.cache.set(key, _remember(routed))
        return routed

    async def _draft(
        self, local: Upstream, prompt: Prompt, name: str, unanswered: Unanswered
    ) -> Routed:
        """What the embedded model makes of *prompt*; never kept."""
        completion, attempt = await self._attempt(local, prompt, self.limits.total_s)
        attempts = (*unanswered.attempts, attempt)
        if completion is None:
            raise AllProvidersFailed(
                f"All LLM providers failed: {describe(attempts)}", attempts, retry_after_s=1.0
            ) from unanswered
        log.info("✅ %s succeeded for %s", attempt.label, name)
        return Routed(completion, attempt.provider, "MISS", attempts, notes=prompt.notes)

    async def _first_free(self, pending: Sequence[Upstream]) -> tuple[Upstream | None, float]:
        """The first of *pending* whose slot could be taken; else None and the wait in seconds."""
        waits_s = []
        for upstream in pending:
            slot = await self.limiter.reserve(upstream.identity.name)
            if slot.granted:
                return upstream, 0.0
            waits_s.append(slot.ready_in_s)
        return None, min(waits_s)

    async def _attempt(
        self, upstream: Upstream, prompt: Prompt, timeout_s: float
    ) -> tuple[Completion | None, Attempt]:
        """One call to *upstream*, and how it ended."""
        name, label = upstream.identity.name, upstream.identity.label
        log.info("🔄 Trying %s...", label)
        begin_s = self.clock.monotonic()
        try:
            completion = await upstream.complete(prompt, timeout_s=timeout_s)
        except ProviderError as error:
            log.warning("❌ %s failed: %s", label, error)
            elapsed_s = self.clock.monotonic() - begin_s
            return None, Attempt(name, label, upstream.model, elapsed_s, error.kind, str(error))
        elapsed_s = self.clock.monotonic() - begin_s
        return completion, Attempt(name, label, completion.model, elapsed_s)

    def _announce(self, name: str) -> None:
        for upstream in self.upstreams:
            identity = upstream.identity
            log.info("%s %s available for %s", identity.mark, identity.announced_as, name)
        log.info("📡 Attempting %d provider(s) for %s", len(self.upstreams), name)

    def _look_up(self, key: str) -> Cached | None:
        """What the cache has under *key*; an entry of another make counts as none."""
        cached = self.cache.look_up(key)
        is_ours = cached and isinstance(cached.value, dict) and cached.value.get("make") == MAKE
        return cached if is_ours else None


def describe(attempts: Sequence[Attempt]) -> str:
    """Who failed and why, for people: `Google Gemini: daily quota used up (429); …`."""
    return "; ".join(
        f"{attempt.label}: {attempt.reason}" for attempt in attempts if attempt.failure
    )


def _limited(wait_s: float, attempts: tuple[Attempt, ...]) -> Unanswered:
    """The error when the next slot is too far away, after *attempts* that failed."""
    when = f"next slot in {math.ceil(wait_s)} s"
    if attempts:
        failures = describe(attempts)
        return AllProvidersFailed(f"All LLM providers failed: {failures}; {when}", attempts, wait_s)
    return RateLimited(f"Rate limited: every provider is inside its limits; {when}", (), wait_s)


def _remember(routed: Routed) -> dict[str, Any]:
    completion = asdict(routed.completion)
    return {
        "make": MAKE,
        "provider": routed.provider,
        "completion": completion,
        "notes": routed.notes,
    }


def _recall(cached: Cached, state: CacheState) -> Routed:
    completion = dict(cached.value["completion"])
    return Routed(
        completion=Completion(**{**completion, "usage": Usage(**completion["usage"])}),
        provider=cached.value["provider"],
        cache=state,
        age_s=cached.age_s,
        notes=cached.value["notes"],
    )
