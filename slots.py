"""Which model is asked next, and when: the first in order that is free, else the earliest slot of all."""

import contextlib
import logging
import math
from collections.abc import Sequence

from callers import CALLER
from clock import Clock
from failover import RETRY_WITHIN_S, Journey, breakers_of, key_of
from notices import Notices, Waiting, of
from providers.base import Upstream
from providers.health import Circuits
from providers.prompt import Prompt
from rate_limiter import RateLimiter, Slot
from waiting_room import SEATS, NoSeat, WaitingRoom

log = logging.getLogger("trimaran.router")

LEAST_WAIT_S = 0.001  # less than that is rounding, and would be asked for again and again

Taken = tuple[Upstream, Slot]


class NoSlot(Exception):
    """There is no slot in time; the next one that a request like it could have is in *wait_s*."""

    def __init__(self, wait_s: float) -> None:
        super().__init__(f"no slot for {wait_s:.0f} s")
        self.wait_s = wait_s


class Slots:
    """Finds slots within the limits and past the circuits; who finds none waits for a turn to look."""

    def __init__(
        self, limiter: RateLimiter, circuits: Circuits, notices: Notices, clock: Clock
    ) -> None:
        self.limiter = limiter
        self.circuits = circuits
        self.notices = notices
        self.clock = clock
        self.seats = SEATS
        self._rooms: dict[frozenset[str], WaitingRoom] = {}  # by the providers that are waited for

    @property
    def waiting(self) -> int:
        """How many requests wait for a slot."""
        return sum(room.waiting for room in self._rooms.values())

    async def take(self, candidates: Sequence[Upstream], journey: Journey) -> Taken:
        """The first of *candidates* that is free, and its slot; waits its turn when none is.

        Nobody passes those who wait for the same provider, and nobody waits behind those who wait
        for another. Raises `NoSlot` when the earliest one is too far away.
        """
        room = self._room(candidates)
        if room.is_empty:
            wanted = self._wanted()
            unwanted = [u for u in candidates if u.identity.name not in wanted]
            found = await self._free(unwanted, journey)
            if not isinstance(found, float):
                return found
        elif (turn_in_s := await self.turn_in_s(journey, room)) > journey.longest_wait_s:
            raise NoSlot(turn_in_s)
        with contextlib.suppress(NoSeat):
            async with room.turn(CALLER.get().name):
                if taken := await self._awaited(candidates, journey):
                    return taken
        raise NoSlot(await self.turn_in_s(journey, room))

    async def turn_in_s(self, journey: Journey, room: WaitingRoom | None = None) -> float:
        """In how many seconds a request like *journey* that comes now would get its slot.

        It waits in *room*, by default in that of all who can take it.
        """
        able = [u for u in journey.upstreams if not journey.unfit(u)]
        ahead = (room or self._room(able)).turns_before(CALLER.get().name)
        return await self.forecast(able, journey.prompt, ahead + 1)

    def _room(self, candidates: Sequence[Upstream]) -> WaitingRoom:
        names = frozenset(upstream.identity.name for upstream in candidates)
        return self._rooms.setdefault(names, WaitingRoom(self.seats))

    def _wanted(self) -> frozenset[str]:
        """The providers that somebody waits for."""
        return frozenset().union(*(n for n, room in self._rooms.items() if not room.is_empty))

    async def forecast(self, options: Sequence[Upstream], prompt: Prompt, calls: int) -> float:
        """In how many seconds the last of *calls* like *prompt* could be sent, through *options*.

        Infinite when that is not foreseeable.
        """
        now_s = self.clock.monotonic()
        shut_s = min((self.circuits.wait_s(breakers_of(u), now_s) for u in options), default=0.0)
        needs = [(u.terms.allowance, u.terms.need(prompt)) for u in options]
        sendings = await self.limiter.forecast(needs, calls)
        return max(shut_s, sendings[-1].wait_s if len(sendings) == calls else math.inf)

    def others_within(self, duration_s: float, upstream: Upstream, journey: Journey) -> set[str]:
        """The providers beside that of *upstream* that could still be asked within *duration_s*."""
        own, found = upstream.identity.name, set[str]()
        for other in journey.candidates():
            name = other.identity.name
            is_new = name != own and name not in found
            if is_new and self._known_wait_s(other, journey.prompt) <= duration_s:
                found.add(name)
        return found

    def _known_wait_s(self, upstream: Upstream, prompt: Prompt) -> float:
        """In how many seconds *upstream* could be asked, as far as is known without looking."""
        shut_s = self.circuits.wait_s(breakers_of(upstream), self.clock.monotonic())
        limited = self.limiter.known_wait(upstream.terms.allowance, upstream.terms.need(prompt))
        return max(shut_s, limited.duration_s)

    async def _awaited(self, candidates: Sequence[Upstream], journey: Journey) -> Taken | None:
        """As `take`, for the request whose turn it is; None when it would take too long."""
        while True:
            found = await self._free(candidates, journey)
            if not isinstance(found, float):
                return found
            if self.clock.monotonic() - journey.begin_s + found > journey.longest_wait_s:
                found = await self._free(candidates, journey, in_panic=True)
                return None if isinstance(found, float) else found
            waiting = Waiting(journey.name, found)
            log.info("⏳ Waiting %.1f s for a slot for %s", found, journey.name, extra=of(waiting))
            self.notices.tell(waiting)
            await self.clock.sleep(max(found, LEAST_WAIT_S))

    async def _free(
        self, candidates: Sequence[Upstream], journey: Journey, *, in_panic: bool = False
    ) -> Taken | float:
        """The first of *candidates* whose slot could be taken; else the shortest wait, in seconds.

        In panic an open circuit lets one call a second through: when nobody else can answer,
        failing open beats refusing.
        """
        shortest_s = math.inf
        for upstream in candidates:
            now_s = self.clock.monotonic()
            wait_s = self.circuits.wait_s(breakers_of(upstream), now_s, in_panic=in_panic)
            reason = "circuit open after failures"
            pause_s = journey.again.get(key_of(upstream), 0.0) - now_s
            if pause_s > wait_s:
                wait_s, reason = pause_s, "a pause before the retry"
            if wait_s <= 0:
                slot = await self._reserved(upstream, journey.prompt, now_s)
                if slot.granted is not None:
                    journey.skipped.pop(key_of(upstream), None)
                    return upstream, slot
                wait_s, reason = slot.wait.duration_s, slot.wait.reason
            journey.skip(upstream, reason, wait_s)
            is_near = wait_s <= max(pause_s, 0.0) + RETRY_WITHIN_S
            if is_near or key_of(upstream) not in journey.again:  # a retry is not waited for long
                shortest_s = min(shortest_s, wait_s)
        return shortest_s

    async def _reserved(self, upstream: Upstream, prompt: Prompt, now_s: float) -> Slot:
        """A slot of *upstream*, if there is one, and the way through its circuits.

        The way is taken first: of all who come while a circuit is half-open only one is its probe.
        """
        passed, slot = breakers_of(upstream), None
        self.circuits.calling(passed, now_s)
        try:
            slot = await self.limiter.reserve(upstream.terms.allowance, upstream.terms.need(prompt))
        finally:
            if slot is None or slot.granted is None:
                self.circuits.not_calling(passed, now_s)
        return slot
