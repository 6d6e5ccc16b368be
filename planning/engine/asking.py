"""How a run asks models: kept answers first, waits told before they begin, and a pause when nobody can answer.

A model's failures are the router's business. What is left for a run is to wait longer than one
request may, and to stop in time: everything that was answered is kept, so it can go on later.
"""

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol

from answers import AllProvidersFailed, OutOfTime, RateLimited, Routed
from clock import Clock
from notices import LISTENER, Notice, Tried, Trying, Waiting
from planning.engine.outlook import left_now
from planning.engine.shelf import Shelf
from providers.prompt import Prompt
from router import Router

LONGEST_WAIT_S = 900.0  # for a slot; with more to wait a run pauses
MOST_FAILURES = 3  # in a row, of all providers together
PAUSE_BETWEEN_S = (10.0, 60.0)  # after they all failed: at least, and at most
SLICE_S = 15.0  # how often a wait looks whether it is still wanted
WORTH_TELLING_S = 1.0

Why = Literal["quota", "providers", "time", "unheard", "shutdown"]
Tell = Callable[..., None]  # the kind of an event, and what it says
GoOn = Callable[[], Awaitable[None]]


class Paused(Exception):
    """A run cannot go on now. *resumes_in_s* says when it may be worth going on, if that is known."""

    def __init__(self, why: Why, message: str, resumes_in_s: float | None = None) -> None:
        super().__init__(message)
        self.why = why
        self.resumes_in_s = resumes_in_s

    @property
    def retry_after_s(self) -> float:
        """In how many seconds asking again may help."""
        return 1.0 if self.resumes_in_s is None else self.resumes_in_s


class NotKept(Exception):
    """Nobody has answered this yet: a model would have to be asked."""


class Asks(Protocol):
    """Somebody who gets prompts answered."""

    async def ask(self, key: str, prompt: Prompt, name: str) -> Routed:
        """The answer to *prompt*, kept under *key*; log lines call it *name*."""
        ...


@dataclass(slots=True)
class KeptAnswers:
    """Answers only from what is kept; to find out how far a run would come without a call."""

    shelf: Shelf
    kept: int = 0

    async def ask(self, key: str, prompt: Prompt, name: str) -> Routed:  # noqa: ARG002 - the protocol's
        """See `Asks.ask`. Raises `NotKept`."""
        answer = await self.shelf.answer(key)
        if answer is None:
            raise NotKept
        self.kept += 1
        return answer


async def nothing_ends_it() -> None:
    """The end of a run that only ends by itself: there is none."""


@dataclass(slots=True)
class Models:
    """Asks the models of *router*, never the embedded one: a draft is not mixed with the real thing.

    *go_on* is called before everything that takes time, and raises what ends the run. *left_s* says
    how many seconds the run may still take; infinite where it may take as long as it takes.
    """

    router: Router
    shelf: Shelf
    clock: Clock
    tell: Tell
    go_on: GoOn = nothing_ends_it
    left_s: Callable[[], float] = lambda: math.inf
    calls: int = 0
    kept: int = 0
    _failures: int = field(default=0, init=False)

    async def ask(self, key: str, prompt: Prompt, name: str) -> Routed:
        """See `Asks.ask`.

        Raises `Paused` when nobody can answer for now; `Declined` and `Unfit` as the router does.
        """
        if (kept := await self.shelf.answer(key)) is not None:
            self.kept += 1
            return kept
        # With nothing better to ask, a small model's section beats none.
        prompt = replace(prompt, least_tier=min(prompt.least_tier, best_tier(self.router)))
        routed = await self._answered(key, prompt, name)
        self._failures = 0
        if routed.cache == "MISS":
            self.calls += 1
            left = await left_now(self.router.limiter, self.router.upstreams, prompt.least_tier)
            self.tell("quota", calls=self.calls, left_today=left)
        if not routed.completion.is_whole:
            await self.shelf.keep_answer(key, routed)  # the router keeps only whole ones
        return routed

    async def _answered(self, key: str, prompt: Prompt, name: str) -> Routed:
        async def frame() -> Prompt:
            return prompt

        while True:
            await self.go_on()
            left_s = self.left_s()
            token = LISTENER.set(self._hear)
            try:
                return await self.router.complete(
                    key,
                    frame,
                    name=name,
                    freshness=self.shelf.freshness,
                    timeout_s=None if math.isinf(left_s) else max(left_s, 0.001),
                    among=self.router.upstreams,
                )
            except OutOfTime as error:
                if self.left_s() <= 0:
                    raise Paused("time", "The time for one call is over") from error
                await self._bear(str(error), None)
            except RateLimited as error:
                await self._wait_for_a_slot(str(error), error.retry_after_s)
            except AllProvidersFailed as error:
                await self._bear(str(error), error.retry_after_s)
            finally:
                LISTENER.reset(token)

    def _hear(self, notice: Notice) -> None:
        """Tell what the router does meanwhile, as far as somebody who waits wants to know it."""
        if isinstance(notice, Waiting) and notice.wait_s >= WORTH_TELLING_S:
            self.tell("waiting", seconds=round(notice.wait_s, 1), reason="slot")
        elif isinstance(notice, Trying):
            self.tell("stage", stage="asking", provider=notice.provider, model=notice.model)
        elif isinstance(notice, Tried) and notice.attempt.failure is not None:
            attempt = notice.attempt
            self.tell("stage", stage="failover", provider=attempt.label, reason=attempt.reason)

    async def _wait_for_a_slot(self, message: str, wait_s: float | None) -> None:
        if wait_s is None or wait_s > LONGEST_WAIT_S:
            raise Paused("quota", message, wait_s)
        await self._wait(max(wait_s, 1.0), "slot")

    async def _bear(self, message: str, wait_s: float | None) -> None:
        """Wait until the providers may have recovered; a few times in a row, then pause."""
        self._failures += 1
        least_s, most_s = PAUSE_BETWEEN_S
        pause_s = max(wait_s or 0.0, min(least_s * 2.0 ** (self._failures - 1), most_s))
        if self._failures >= MOST_FAILURES or pause_s > LONGEST_WAIT_S:
            raise Paused("providers", message, pause_s)
        await self._wait(pause_s, "providers")

    async def _wait(self, wait_s: float, reason: str) -> None:
        if wait_s > self.left_s():
            raise Paused("time", "The time for one call is over before the next slot", wait_s)
        self.tell("waiting", seconds=round(wait_s, 1), reason=reason)
        while wait_s > 0:
            await self.go_on()
            await self.clock.sleep(min(wait_s, SLICE_S))
            wait_s -= SLICE_S


def best_tier(router: Router) -> int:
    """The quality of the best model that can be asked."""
    return max((upstream.terms.tier for upstream in router.upstreams), default=1)
