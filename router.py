"""The failover router: one prompt in, one answer out, from whichever provider can give it.

    complete   a fresh cached answer, else an equal question under way, else `route`;
               when nobody answers: a stale answer, then the last resort, then an error
    route      the first model in order that is free is asked; when it fails, the next; when all
               that are left are busy, the request waits its turn for a slot (`slots.py`)
    _attempt   one call to one model, how it ended, and what that means for the next ones

Decisions are pure functions on values; time and chance are injected.
"""

import asyncio
import contextlib
import logging
import math
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from types import TracebackType

from answers import (
    MAKE,
    AllProvidersFailed,
    Declined,
    Interrupted,
    NoProviderConfigured,
    NotCached,
    OutOfTime,
    Routed,
    Unanswered,
    Unfit,
    next_slot,
    origin_of,
    recall,
    remember,
    routed_by,
    unanswered,
)
from cache import ANY_FRESH, Cached, Freshness, ResponseCache
from callers import CALLER
from clock import SYSTEM_CLOCK, Clock
from failover import (
    PATIENCE,
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
from notices import Answered, Failed, Notices, Tried, Trying, of
from providers.base import Upstream
from providers.completion import Completion
from providers.errors import FailureKind, ProviderError
from providers.health import Circuits, State
from providers.prompt import Prompt
from rate_limiter import Correction, RateLimiter, Slot
from slots import NoSlot, Slots
from streams import Opening, Stream

log = logging.getLogger("trimaran.router")


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
    begin_s: float  # monotonic


class InTime:
    """Raises `OutOfTime` when the block takes longer than *total_s* seconds."""

    def __init__(self, total_s: float) -> None:
        self._total_s = total_s
        self._guard = asyncio.timeout(total_s)

    async def __aenter__(self) -> None:
        await self._guard.__aenter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            await self._guard.__aexit__(kind, error, traceback)
        except TimeoutError:
            raise OutOfTime(f"No answer within {self._total_s:g} s") from None


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
        self.circuits = Circuits(chance)
        self.meters = Meters(limiter, clock)
        self.notices = Notices()
        self.slots = Slots(limiter, self.circuits, self.notices, clock)

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
        with self._telling(asked) as told:
            cached = await self._stored(asked)
            if (found := self._at_hand(asked, cached)) is None:
                try:
                    async with InTime(asked.patience.total_s):
                        with self._under_way(asked, cached, in_pieces=False) as stream:
                            found = await stream.whole()
                except OutOfTime as late:
                    if (found := self._stale(asked, cached, late)) is None:
                        raise
            told.append(found)
        return found

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
        with self._telling(asked) as told:
            cached = await self._stored(asked)
            if (found := self._at_hand(asked, cached)) is not None:
                stream = Stream(found)
                yield stream
            else:
                async with InTime(asked.patience.total_s):
                    with self._under_way(asked, cached, in_pieces=in_pieces) as stream:
                        yield stream
            if stream.is_over:
                told.append(stream.outcome())

    async def route(
        self,
        prompt: Prompt,
        name: str,
        patience: Patience = PATIENCE,
        among: Sequence[Upstream] | None = None,
        hear: Hear | None = None,
        begin_s: float | None = None,
    ) -> Routed:
        """Ask the models in order until one answers.

        *hear* is given an `Origin` and then the pieces of the answer while it is written. The time
        that it may take counts from *begin_s* (monotonic seconds), or from now.
        Raises `Unanswered`, `Declined`, `Unfit` or `Interrupted`.
        """
        upstreams = self.upstreams if among is None else among
        if not upstreams:
            raise NoProviderConfigured("No LLM API keys configured")
        self._announce(name, upstreams)
        begin_s = self.clock.monotonic() if begin_s is None else begin_s
        journey = Journey(prompt, name, upstreams, patience, begin_s)
        while candidates := journey.candidates():
            asked_s = self.clock.monotonic()
            try:
                upstream, slot = await self.slots.take(candidates, journey)
            except NoSlot as error:
                log.warning("⏳ No slot for %s: %s", name, next_slot(error.wait_s))
                raise unanswered(journey, error.wait_s) from None
            journey.waited_s += self.clock.monotonic() - asked_s
            completion = await self._attempt(upstream, slot, journey, hear)
            if completion is not None:
                return routed_by(upstream, journey, completion)
        raise unanswered(journey, await self.slots.turn_in_s(journey))

    def circuit(self, upstream: Upstream) -> tuple[State, float]:
        """Where the circuits before *upstream* stand, and in how many seconds a call may pass."""
        passed, now_s = breakers_of(upstream), self.clock.monotonic()
        return self.circuits.state(passed, now_s), self.circuits.wait_s(passed, now_s)

    async def forecast(self, options: Sequence[Upstream], prompt: Prompt, calls: int) -> float:
        """In how many seconds the last of *calls* like *prompt* could be sent, through *options*."""
        return await self.slots.forecast(options, prompt, calls)

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
        begin_s = self.clock.monotonic()
        return Question(key, frame, name, upstreams, last_resort, freshness, patience, begin_s)

    @contextlib.contextmanager
    def _telling(self, asked: Question) -> Iterator[list[Routed]]:
        """Tells those who listen what becomes of *asked*: its answer is put into the list."""
        begin_s, told = self.clock.monotonic(), list[Routed]()
        try:
            yield told
        except (Unanswered, Declined, Unfit, Interrupted) as error:
            elapsed_s, kind = self.clock.monotonic() - begin_s, type(error).__name__
            self.notices.tell(Failed(asked.name, kind, str(error), error.attempts, elapsed_s))
            raise
        for answer in told:
            self.notices.tell(Answered(asked.name, answer, self.clock.monotonic() - begin_s))

    def _at_hand(self, asked: Question, cached: Cached | None) -> Routed | None:
        """What is *cached* as the answer to *asked*, if it is fresh enough.

        Raises `NotCached` when nobody may be asked instead.
        """
        if cached is None or not asked.freshness.accepts(cached):
            if not asked.freshness.may_ask:
                raise NotCached("There is no fresh answer in the cache")
            return None
        log.info("✅ Cache hit for %s", asked.name)
        return recall(cached, "HIT")

    def _stale(self, asked: Question, cached: Cached | None, failed: Unanswered) -> Routed | None:
        """What is *cached* in place of an answer that *failed* to come, if that is better than none."""
        if cached is None or not asked.freshness.accepts_stale():
            return None
        log.warning("⏳ Stale answer for %s: %s", asked.name, failed)
        return replace(recall(cached, "STALE"), attempts=failed.attempts)

    @contextlib.contextmanager
    def _under_way(
        self, asked: Question, cached: Cached | None, *, in_pieces: bool
    ) -> Iterator[Stream]:
        """The answer to *asked* on its way, begun already or now; *cached* is a last resort."""

        async def newly_stored() -> Cached | None:
            found = await self._stored(asked, again=True)
            return found if found is not None and asked.freshness.accepts(found) else None

        async def work(hear: Hear) -> Routed:
            heard = hear if in_pieces else None
            if not asked.freshness.may_store:
                return await self._answer(asked, cached, heard)
            async with self.cache.leading(asked.key, newly_stored) as found:
                if found is not None:
                    return recall(found, "JOINED")
                return await self._answer(asked, cached, heard)

        # Whoever joins gets what was asked for, and by when; a question that must not be stored is
        # its own.
        alike = (asked.key, asked.freshness, asked.patience, in_pieces)
        flight_key = alike if asked.freshness.may_store else object()
        with self.cache.flights.board(flight_key, work) as (flight, joined):
            yield Stream(flight, joined=joined)

    async def _answer(self, asked: Question, cached: Cached | None, hear: Hear | None) -> Routed:
        """A provider's answer, kept for later; else what is left when nobody answers."""
        prompt = await asked.frame()
        try:
            routed = await self.route(
                prompt, asked.name, asked.patience, asked.upstreams, hear, asked.begin_s
            )
        except Unanswered as failed:
            if (stale := self._stale(asked, cached, failed)) is not None:
                return stale
            if asked.last_resort is None:
                raise
            return await self._draft(asked.last_resort, prompt, asked, failed, hear)
        if asked.freshness.may_store and routed.completion.is_whole:
            await self.cache.keep(asked.key, remember(routed))
        return routed

    async def _draft(
        self,
        local: Upstream,
        prompt: Prompt,
        asked: Question,
        failed: Unanswered,
        hear: Hear | None,
    ) -> Routed:
        """What the embedded model makes of *prompt*; never kept."""
        journey = Journey(prompt, asked.name, (local,), asked.patience, self.clock.monotonic())
        journey.attempts.extend(failed.attempts)
        is_alone = isinstance(failed, NoProviderConfigured)
        if prompt.needs - local.terms.abilities:
            journey.skip(local, local.terms.unfit(prompt))
            raise (unanswered(journey, math.inf) if is_alone else failed)
        self.circuits.calling(breakers_of(local), self.clock.monotonic())
        completion = await self._attempt(local, Slot(self.limiter.now()), journey, hear)
        if completion is None and is_alone:
            raise unanswered(journey, await self.slots.turn_in_s(journey)) from failed
        if completion is None:
            attempts = tuple(journey.attempts)
            raise AllProvidersFailed(
                f"All LLM providers failed: {describe(attempts)}", attempts, retry_after_s=1.0
            ) from failed
        return routed_by(local, journey, completion)

    async def _attempt(
        self, upstream: Upstream, slot: Slot, journey: Journey, hear: Hear | None
    ) -> Completion | None:
        """One call to *upstream*; None when it failed and somebody else may be asked.

        Raises `Declined` for a refusal, and `Interrupted` when the answer broke off halfway.
        """
        identity, passed = upstream.identity, breakers_of(upstream)
        begin_s = self.clock.monotonic()
        remaining_s = journey.begin_s + journey.patience.total_s - begin_s
        others = self.slots.others_within(remaining_s, upstream, journey)
        trying = Trying(journey.name, *key_of(upstream))
        log.info("🔄 Trying %s...", identity.label, extra=of(trying))
        self.notices.tell(trying)
        self.meters.read(upstream)

        def attempted() -> Attempt:
            elapsed_s, model = self.clock.monotonic() - begin_s, upstream.model
            return Attempt(identity.name, identity.label, model, model, elapsed_s)

        share_s = share_of_time(remaining_s, len(others))
        opening = Opening(hear, lambda: origin_of(upstream, journey, attempted())) if hear else None
        try:
            if opening is None:
                completion = await upstream.complete(journey.prompt, timeout_s=share_s)
            else:
                # Once it has begun nobody else may answer, so that no time is kept for others.
                async with asyncio.timeout(share_s) as until_it_begins:
                    opening.at_begin = lambda: until_it_begins.reschedule(None)
                    completion = await upstream.complete(
                        journey.prompt, timeout_s=remaining_s, emit=opening.emit
                    )
        except TimeoutError:
            failure = ProviderError(FailureKind.TIMEOUT)
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
        ended = attempted()
        is_hurried = journey.patience.is_lowered and ended.elapsed_s >= share_s
        await self._note_failure(upstream, slot, journey, ended, failure, is_hurried=is_hurried)
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
        *,
        is_hurried: bool,
    ) -> None:
        """Tell the journey, the circuits and the limiter that *upstream* failed, and why.

        When its time *is_hurried* by the caller, being late is not the provider's fault.
        """
        now_s, delay_s = self.clock.monotonic(), retry_delay_s(error, self.chance)
        failed = replace(attempt, failure=error.kind, reason=str(error))
        journey.note(upstream, failed, None if delay_s is None else now_s + delay_s)
        tried = Tried(journey.name, failed)
        log.warning("❌ %s failed: %s", failed.label, error, extra=of(tried))
        self.notices.tell(tried)
        is_blamed = not (is_hurried and error.kind is FailureKind.TIMEOUT)
        broken = breaks(error.kind, upstream, journey.attempts) if is_blamed else None
        self.circuits.failed(breakers_of(upstream), broken, now_s, journey.prompt.fingerprint)
        await self._settle(upstream, slot, journey, correction(error, upstream, self.chance))

    async def _settle(
        self, upstream: Upstream, slot: Slot, journey: Journey, known: Correction
    ) -> None:
        terms, sent_at = upstream.terms, slot.granted or self.limiter.now()
        await self.limiter.settle(terms.allowance, terms.need(journey.prompt), sent_at, known)

    def _announce(self, name: str, upstreams: Sequence[Upstream]) -> None:
        labels = {upstream.identity: None for upstream in upstreams}
        for identity in labels:
            log.info("%s %s available for %s", identity.mark, identity.announced_as, name)
        log.info("📡 Attempting %d provider(s) for %s", len(labels), name)

    async def _stored(self, asked: Question, *, again: bool = False) -> Cached | None:
        """What the cache has for *asked*, if it may be read; an entry of another make counts as none."""
        if not asked.freshness.may_read:
            return None
        cached = await self.cache.find(asked.key, again=again)
        is_ours = cached and isinstance(cached.value, dict) and cached.value.get("make") == MAKE
        return cached if is_ours else None
