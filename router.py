"""The failover router: one prompt in, one answer out, from whichever provider can give it.

    complete   a fresh cached answer, else an equal question under way, else `route`;
               when nobody answers: a stale answer, then the last resort, then an error
    route      the first model in order that is free is asked; when it fails, the next; when all
               that are left are busy, the request waits its turn for the earliest slot
    _attempt   one call to one model, how it ended, and what that means for the next ones

Decisions are pure functions on values; time and chance are injected.
"""

import asyncio
import contextlib
import logging
import math
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from answers import (
    MAKE,
    AllProvidersFailed,
    Declined,
    Interrupted,
    NoProviderConfigured,
    OutOfTime,
    RateLimited,
    Routed,
    Unanswered,
    Unfit,
    origin_of,
    recall,
    remember,
    routed_by,
)
from cache import ANY_FRESH, Cached, Freshness, ResponseCache
from callers import CALLER
from clock import SYSTEM_CLOCK, Clock
from failover import (
    PATIENCE,
    RETRY_WITHIN_S,
    VERDICTS,
    Attempt,
    Journey,
    Patience,
    breakers_of,
    breaks,
    correction,
    describe,
    key_of,
    retry_delay_s,
    share_of_time,
)
from flights import Hear
from meters import Meters
from notices import Answered, Failed, Notices, Tried, Trying, Waiting, of
from providers.base import Upstream
from providers.completion import Completion
from providers.errors import ProviderError
from providers.health import Circuits, State
from providers.prompt import Prompt
from rate_limiter import Correction, RateLimiter, Slot
from streams import Opening, Stream
from waiting_room import NoSeat, WaitingRoom

log = logging.getLogger("trimaran.router")

LEAST_WAIT_S = 0.001  # less than that is rounding, and would be asked for again and again


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, by whom it may be answered, and how; *frame* makes its prompt."""

    key: str
    frame: Callable[[], Awaitable[Prompt]]
    name: str
    upstreams: Sequence[Upstream]
    last_resort: Upstream | None
    freshness: Freshness
    patience: Patience


class Router:
    """Asks *upstreams* in their order; *last_resort* answers only when they and the cache cannot."""

    def __init__(
        self,
        upstreams: Sequence[Upstream],
        cache: ResponseCache,
        limiter: RateLimiter,
        *,
        last_resort: Upstream | None = None,
        patience: Patience = PATIENCE,
        clock: Clock = SYSTEM_CLOCK,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.upstreams = tuple(upstreams)
        self.cache = cache
        self.limiter = limiter
        self.last_resort = last_resort
        self.patience = patience
        self.clock = clock
        self.chance = chance
        self.room = WaitingRoom()
        self.circuits = Circuits(chance)
        self.meters = Meters(limiter, clock)
        self.notices = Notices()

    async def complete(
        self,
        key: str,
        frame: Callable[[], Awaitable[Prompt]],
        *,
        name: str,
        freshness: Freshness = ANY_FRESH,
        timeout_s: float | None = None,
        among: Sequence[Upstream] | None = None,
    ) -> Routed:
        """Answer the question called *key*; *frame* makes its prompt, and is called only if needed.

        *name* is what the log lines call the request; *timeout_s* lowers the time that it may take.
        *among* are those that may answer: by default all, and the last resort after them.
        Raises `Unanswered`, `Declined` or `Unfit`.
        """
        asked = self._question(key, frame, name, freshness, self.patience.lowered(timeout_s), among)
        async with self._answering(asked, in_pieces=False) as stream:
            return await stream.whole()

    @contextlib.asynccontextmanager
    async def stream(
        self,
        key: str,
        frame: Callable[[], Awaitable[Prompt]],
        *,
        name: str,
        freshness: Freshness = ANY_FRESH,
        timeout_s: float | None = None,
        among: Sequence[Upstream] | None = None,
        in_pieces: bool = True,
    ) -> AsyncIterator[Stream]:
        """As `complete`, for a reader who takes the answer while it is written.

        Without *in_pieces* it is written whole before any of it can be read, so that whatever
        fails on the way can be made good. The stream raises `Interrupted` as well.
        """
        patience = self.patience.for_a_stream().lowered(timeout_s)
        asked = self._question(key, frame, name, freshness, patience, among)
        async with self._answering(asked, in_pieces=in_pieces) as stream:
            yield stream

    async def route(
        self,
        prompt: Prompt,
        name: str,
        patience: Patience = PATIENCE,
        among: Sequence[Upstream] | None = None,
        hear: Hear | None = None,
    ) -> Routed:
        """Ask the models in order until one answers.

        *hear* is given an `Origin` and then the pieces of the answer while it is written.
        Raises `Unanswered`, `Declined`, `Unfit` or `Interrupted`.
        """
        upstreams = self.upstreams if among is None else among
        if not upstreams:
            raise NoProviderConfigured("No LLM API keys configured")
        self._announce(name, upstreams)
        journey = Journey(prompt, name, upstreams, patience, self.clock.monotonic())
        while candidates := journey.candidates():
            asked_s = self.clock.monotonic()
            upstream, slot = await self._next_free(candidates, journey)
            journey.waited_s += self.clock.monotonic() - asked_s
            completion = await self._attempt(upstream, slot, journey, hear)
            if completion is not None:
                return routed_by(upstream, journey, completion)
        raise await self._unanswered(journey)

    def circuit(self, upstream: Upstream) -> tuple[State, float]:
        """Where the circuits before *upstream* stand, and in how many seconds a call may pass."""
        passed, now_s = breakers_of(upstream), self.clock.monotonic()
        return self.circuits.state(passed, now_s), self.circuits.wait_s(passed, now_s)

    async def forecast(self, options: Sequence[Upstream], prompt: Prompt, calls: int) -> float:
        """In how many seconds the last of *calls* like *prompt* could be sent, through *options*."""
        shut_s = min((self.circuit(upstream)[1] for upstream in options), default=0.0)
        needs = [(u.terms.allowance, u.terms.need(prompt)) for u in options]
        sendings = await self.limiter.forecast(needs, calls)
        return max(shut_s, sendings[-1].wait_s if len(sendings) == calls else math.inf)

    async def aclose(self) -> None:
        """Close what the upstreams hold."""
        await self.meters.aclose()
        for upstream in self.upstreams:
            await upstream.aclose()
        if self.last_resort is not None:
            await self.last_resort.aclose()

    def _question(
        self,
        key: str,
        frame: Callable[[], Awaitable[Prompt]],
        name: str,
        freshness: Freshness,
        patience: Patience,
        among: Sequence[Upstream] | None,
    ) -> Question:
        upstreams, last_resort = (
            (self.upstreams, self.last_resort) if among is None else (among, None)
        )
        key = CALLER.get().scoped(key)
        return Question(key, frame, name, upstreams, last_resort, freshness, patience)

    @contextlib.asynccontextmanager
    async def _answering(self, asked: Question, *, in_pieces: bool) -> AsyncIterator[Stream]:
        """The answer to *asked* on its way, of which those who listen are told when it is over."""
        begin_s = self.clock.monotonic()
        try:
            async with self._found(asked, in_pieces=in_pieces) as stream:
                yield stream
        except (Unanswered, Declined, Unfit, Interrupted) as error:
            elapsed_s, kind = self.clock.monotonic() - begin_s, type(error).__name__
            self.notices.tell(Failed(asked.name, kind, str(error), error.attempts, elapsed_s))
            raise
        if stream.is_over:
            elapsed_s = self.clock.monotonic() - begin_s
            self.notices.tell(Answered(asked.name, stream.outcome(), elapsed_s))

    @contextlib.asynccontextmanager
    async def _found(self, asked: Question, *, in_pieces: bool) -> AsyncIterator[Stream]:
        """The answer to *asked*: from the cache, under way already, or begun now."""
        cached = await self._look_up(asked.key) if asked.freshness.may_read else None
        if cached is not None and asked.freshness.accepts(cached):
            log.info("✅ Cache hit for %s", asked.name)
            yield Stream(recall(cached, "HIT"))
            return

        async def newly_stored() -> Cached | None:
            found = await self._look_up(asked.key) if asked.freshness.may_read else None
            return found if found is not None and asked.freshness.accepts(found) else None

        async def work(hear: Hear) -> Routed:
            heard = hear if in_pieces else None
            if not asked.freshness.may_store:
                return await self._answer(asked, cached, heard)
            async with self.cache.leading(asked.key, newly_stored) as found:
                if found is not None:
                    return recall(found, "JOINED")
                return await self._answer(asked, cached, heard)

        # A question that must not be stored is its own: nobody joins it.
        flight_key = (asked.key, in_pieces) if asked.freshness.may_store else object()
        try:
            async with asyncio.timeout(asked.patience.total_s) as guard:
                async with self.cache.flights.board(flight_key, work) as (flight, joined):
                    yield Stream(flight, joined=joined)
        except TimeoutError:
            if not guard.expired():
                raise
            raise OutOfTime(f"No answer within {asked.patience.total_s:g} s") from None

    async def _answer(self, asked: Question, cached: Cached | None, hear: Hear | None) -> Routed:
        """A provider's answer, kept for later; else what is left when nobody answers."""
        prompt = await asked.frame()
        try:
            routed = await self.route(prompt, asked.name, asked.patience, asked.upstreams, hear)
        except Unanswered as unanswered:
            if cached is not None and asked.freshness.accepts_stale():
                log.warning("⏳ Stale answer for %s: %s", asked.name, unanswered)
                return replace(recall(cached, "STALE"), attempts=unanswered.attempts)
            if asked.last_resort is None:
                raise
            return await self._draft(asked.last_resort, prompt, asked, unanswered, hear)
        if asked.freshness.may_store and routed.completion.is_whole:
            await self.cache.keep(asked.key, remember(routed))
        return routed

    async def _draft(
        self,
        local: Upstream,
        prompt: Prompt,
        asked: Question,
        unanswered: Unanswered,
        hear: Hear | None,
    ) -> Routed:
        """What the embedded model makes of *prompt*; never kept."""
        journey = Journey(prompt, asked.name, (local,), asked.patience, self.clock.monotonic())
        journey.attempts.extend(unanswered.attempts)
        is_alone = isinstance(unanswered, NoProviderConfigured)
        if prompt.needs - local.terms.abilities:
            journey.skip(local, local.terms.unfit(prompt))
            raise (await self._unanswered(journey) if is_alone else unanswered)
        completion = await self._attempt(local, Slot(self.limiter.now()), journey, hear)
        if completion is None and is_alone:
            raise await self._unanswered(journey) from unanswered
        if completion is None:
            attempts = tuple(journey.attempts)
            raise AllProvidersFailed(
                f"All LLM providers failed: {describe(attempts)}", attempts, retry_after_s=1.0
            ) from unanswered
        return routed_by(local, journey, completion)

    async def _next_free(
        self, candidates: Sequence[Upstream], journey: Journey
    ) -> tuple[Upstream, Slot]:
        """The first of *candidates* that is free, and its slot; waits its turn when none is.

        Raises `Unanswered` when the earliest slot is too far away.
        """
        if self.room.is_empty:
            upstream, slot, _ = await self._try_all(candidates, journey)
            if upstream is not None:
                return upstream, slot
        elif (turn_in_s := await self._turn_in_s(journey)) > journey.longest_wait_s:
            raise await self._unanswered(journey, turn_in_s)
        found = None
        with contextlib.suppress(NoSeat):
            async with self.room.turn(CALLER.get().name):
                found = await self._await_slot(candidates, journey)
        if found is None:
            raise await self._unanswered(journey)
        return found

    async def _await_slot(
        self, candidates: Sequence[Upstream], journey: Journey
    ) -> tuple[Upstream, Slot] | None:
        """As `_next_free`, for the request whose turn it is; None when it would take too long."""
        while True:
            upstream, slot, wait_s = await self._try_all(candidates, journey)
            elapsed_s = self.clock.monotonic() - journey.begin_s
            if upstream is None and elapsed_s + wait_s > journey.longest_wait_s:
                upstream, slot, _ = await self._try_all(candidates, journey, in_panic=True)
                if upstream is None:
                    return None
            if upstream is not None:
                return upstream, slot
            waiting = Waiting(journey.name, wait_s)
            log.info("⏳ Waiting %.1f s for a slot for %s", wait_s, journey.name, extra=of(waiting))
            self.notices.tell(waiting)
            await self.clock.sleep(max(wait_s, LEAST_WAIT_S))

    async def _try_all(
        self, candidates: Sequence[Upstream], journey: Journey, *, in_panic: bool = False
    ) -> tuple[Upstream | None, Slot, float]:
        """The first of *candidates* whose slot could be taken; else None and the shortest wait.

        In panic an open circuit lets one call a second through: when nobody else can answer,
        failing open beats refusing.
        """
        shortest_s = math.inf
        for upstream in candidates:
            passed, now_s = breakers_of(upstream), self.clock.monotonic()
            wait_s = self.circuits.wait_s(passed, now_s, in_panic=in_panic)
            reason = "circuit open after failures"
            retry_s = journey.again.get(key_of(upstream), 0.0) - now_s
            if retry_s > wait_s:
                wait_s, reason = retry_s, "a pause before the retry"
            if wait_s <= 0:
                need = upstream.terms.need(journey.prompt)
                slot = await self.limiter.reserve(upstream.terms.allowance, need)
                if slot.granted is not None:
                    journey.skipped.pop(key_of(upstream), None)
                    return upstream, slot, 0.0
                wait_s, reason = slot.wait.duration_s, slot.wait.reason
            journey.skip(upstream, reason, wait_s)
            is_near = wait_s <= max(retry_s, 0.0) + RETRY_WITHIN_S
            if is_near or key_of(upstream) not in journey.again:
                shortest_s = min(shortest_s, wait_s)
        return None, Slot(), shortest_s

    async def _attempt(
        self, upstream: Upstream, slot: Slot, journey: Journey, hear: Hear | None
    ) -> Completion | None:
        """One call to *upstream*; None when it failed and somebody else may be asked.

        Raises `Declined` for a refusal, and `Interrupted` when the answer broke off halfway.
        """
        identity, passed = upstream.identity, breakers_of(upstream)
        begin_s = self.clock.monotonic()
        remaining_s = journey.begin_s + journey.patience.total_s - begin_s
        others = {u.identity.name for u in journey.candidates()} - {identity.name}
        trying = Trying(journey.name, *key_of(upstream))
        log.info("🔄 Trying %s...", identity.label, extra=of(trying))
        self.notices.tell(trying)
        self.meters.read(upstream)
        self.circuits.calling(passed, begin_s)

        def attempted() -> Attempt:
            elapsed_s, model = self.clock.monotonic() - begin_s, upstream.model
            return Attempt(identity.name, identity.label, model, model, elapsed_s)

        opening = Opening(hear, lambda: origin_of(upstream, journey, attempted())) if hear else None
        try:
            completion = await upstream.complete(
                journey.prompt,
                timeout_s=share_of_time(remaining_s, len(others)),
                emit=opening.emit if opening else None,
            )
        except ProviderError as error:
            failure = error
        except BaseException:
            # The caller has left, or the fault is ours: the provider is not to blame.
            self.circuits.released(passed)
            raise
        else:
            began_s = opening.began_s if opening else None
            await self._note_success(upstream, slot, journey, attempted(), completion, began_s)
            return completion
        await self._note_failure(upstream, slot, journey, attempted(), failure)
        if VERDICTS[failure.kind].of_api_key:
            self._tell_which_key(upstream)
        if opening and opening.has_begun:
            raise Interrupted(failure.kind, tuple(journey.attempts))
        if VERDICTS[failure.kind].gives_up:
            raise Declined(tuple(journey.attempts))
        return None

    def _tell_which_key(self, upstream: Upstream) -> None:
        """Log by its place which of several API keys is set aside."""
        spares = [own for own in self.upstreams if key_of(own) == key_of(upstream)]
        if len(spares) > 1 and upstream in spares:
            place, label = spares.index(upstream) + 1, upstream.identity.label
            log.warning("🔑 Key %d of %d of %s is set aside", place, len(spares), label)

    async def _note_success(
        self,
        upstream: Upstream,
        slot: Slot,
        journey: Journey,
        attempt: Attempt,
        completion: Completion,
        began_s: float | None,
    ) -> None:
        """Tell the journey, the circuits and the limiter that *upstream* answered, and what it cost."""
        attempt = replace(attempt, model=completion.model)
        journey.note(upstream, attempt, None)
        tried = Tried(journey.name, attempt, completion.usage, began_s)
        log.info("✅ %s succeeded for %s", attempt.label, journey.name, extra=of(tried))
        self.notices.tell(tried)
        self.circuits.succeeded(breakers_of(upstream), self.clock.monotonic())
        used = upstream.terms.used(completion.usage, journey.prompt)
        await self._settle(upstream, slot, journey, Correction(succeeded=True, used=used))

    async def _note_failure(
        self,
        upstream: Upstream,
        slot: Slot,
        journey: Journey,
        attempt: Attempt,
        error: ProviderError,
    ) -> None:
        """Tell the journey, the circuits and the limiter that *upstream* failed, and why."""
        now_s, delay_s = self.clock.monotonic(), retry_delay_s(error, self.chance)
        failed = replace(attempt, failure=error.kind, reason=str(error))
        journey.note(upstream, failed, None if delay_s is None else now_s + delay_s)
        tried = Tried(journey.name, failed)
        log.warning("❌ %s failed: %s", failed.label, error, extra=of(tried))
        self.notices.tell(tried)
        broken = breaks(error.kind, upstream, journey.attempts)
        self.circuits.failed(breakers_of(upstream), broken, now_s, journey.prompt.fingerprint)
        await self._settle(upstream, slot, journey, correction(error, upstream, self.chance))

    async def _settle(
        self, upstream: Upstream, slot: Slot, journey: Journey, known: Correction
    ) -> None:
        terms, sent_at = upstream.terms, slot.granted or self.limiter.now()
        await self.limiter.settle(terms.allowance, terms.need(journey.prompt), sent_at, known)

    async def _unanswered(self, journey: Journey, wait_s: float | None = None) -> Exception:
        """The error of *journey*, which has come to its end without an answer.

        *wait_s* is when a request like it would get a slot, if that is known already.
        """
        attempts = tuple(journey.attempts)
        if fault := journey.fault():
            return Unfit(fault, attempts, tuple(journey.skipped.values()))
        if wait_s is None:
            wait_s = await self._turn_in_s(journey)
        comes = math.isfinite(wait_s)
        when = f"next slot in {max(1, math.ceil(wait_s))} s" if comes else "no slot within a week"
        retry_after_s = wait_s if comes else None
        if attempts:
            reasons = describe(attempts)
            return AllProvidersFailed(
                f"All LLM providers failed: {reasons}; {when}", attempts, retry_after_s
            )
        reasons = "; ".join(f"{s.provider}/{s.model}: {s.reason}" for s in journey.skipped.values())
        log.warning("⏳ No slot for %s: %s", journey.name, when)
        return RateLimited(f"Rate limited: {when} ({reasons})", (), retry_after_s)

    async def _turn_in_s(self, journey: Journey) -> float:
        """In how many seconds a request like *journey* that comes now would get its slot."""
        options = [u for u in journey.upstreams if not u.terms.unfit(journey.prompt)]
        return await self.forecast(
            options, journey.prompt, self.room.turns_before(CALLER.get().name) + 1
        )

    def _announce(self, name: str, upstreams: Sequence[Upstream]) -> None:
        labels = {upstream.identity: None for upstream in upstreams}
        for identity in labels:
            log.info("%s %s available for %s", identity.mark, identity.announced_as, name)
        log.info("📡 Attempting %d provider(s) for %s", len(labels), name)

    async def _look_up(self, key: str) -> Cached | None:
        """What the cache has under *key*; an entry of another make counts as none."""
        cached = await self.cache.find(key)
        is_ours = cached and isinstance(cached.value, dict) and cached.value.get("make") == MAKE
        return cached if is_ours else None
