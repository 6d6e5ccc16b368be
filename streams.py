"""A streamed answer: held back until its first content, then passed on to everyone who reads it."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from answers import Origin, Routed
from flights import Flight, Hear
from providers.completion import Delta

Seen = TypeVar("Seen", bound=Origin)

LARGEST_BEGINNING = 64 << 10  # characters of thoughts that are held back before any content


class Opening:
    """Hears one attempt: holds its pieces back until one is a part of the answer itself.

    Until then a failing provider can be replaced and nobody notices. *origin* is asked for when
    the answer begins.
    """

    def __init__(self, hear: Hear, origin: Callable[[], Origin]) -> None:
        self.began_s: float | None = None  # how long the attempt had taken until then
        self.at_begin: Callable[[], None] = lambda: None
        self._hear = hear
        self._origin = origin
        self._held: list[Delta] = []
        self._size = 0

    @property
    def has_begun(self) -> bool:
        """Whether a part of the answer itself has been passed on."""
        return self.began_s is not None

    def emit(self, delta: Delta) -> None:
        """Take the next piece of the attempt."""
        if self.has_begun:
            self._hear(delta)
            return
        self._size += len(delta.reasoning)
        if delta.has_content or self._size <= LARGEST_BEGINNING:
            self._held.append(delta)
        if delta.has_content:
            origin = self._origin()
            self.began_s = origin.attempts[-1].elapsed_s
            self.at_begin()
            self._hear(origin)
            for held in self._held:
                self._hear(held)


class Stream:
    """An answer on its way to one reader."""

    def __init__(self, flight: Flight[Routed] | Routed, *, joined: bool = False) -> None:
        self.origin: Origin | None = None
        self._flight = flight
        self._joined = joined
        self._read = 0

    @property
    def is_over(self) -> bool:
        """Whether there is nothing more to wait for."""
        return isinstance(self._flight, Routed) or self._flight.task.done()

    async def wait(self, timeout_s: float) -> None:
        """Return when there is something to take or it is over, or after *timeout_s* seconds."""
        if isinstance(self._flight, Flight):
            await self._flight.news(self._read, timeout_s)

    def take(self) -> list[Delta]:
        """The pieces that have come since the last call.

        Raises what `outcome` raises once they have all been taken.
        """
        if isinstance(self._flight, Flight):
            fresh = self._flight.pieces[self._read :]
            self._read += len(fresh)
            if fresh and self.origin is None:
                self.origin = self._as_seen_here(fresh.pop(0))
            if fresh or not self.is_over:
                return fresh
        routed = self.outcome()
        if self.origin is not None:
            return []
        self.origin = routed
        return list(routed.completion.deltas())

    def outcome(self) -> Routed:
        """The whole answer, once it is over. Raises what the router raises when there is none."""
        if isinstance(self._flight, Routed):
            return self._flight
        return self._as_seen_here(self._flight.task.result())

    async def whole(self) -> Routed:
        """The whole answer, when it is there. Raises what the router raises when there is none."""
        if isinstance(self._flight, Flight):
            await asyncio.wait({self._flight.task})
        return self.outcome()

    def _as_seen_here(self, origin: Seen) -> Seen:
        """What is new to the first reader, the others have joined."""
        is_joined = self._joined and origin.cache == "MISS"
        return replace(origin, cache="JOINED") if is_joined else origin
