"""Where requests wait for a slot: the callers take turns, and each one's own requests stay in order."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

SEATS = 64


class NoSeat(Exception):
    """Too many are waiting already, or too many of the same caller."""


class WaitingRoom:
    """Whoever has the turn looks for a slot; the others stand behind, in a line for each caller."""

    def __init__(self, seats: int = SEATS) -> None:
        self.seats = seats
        self._is_taken = False
        self._lines: dict[
            str, deque[asyncio.Future[None]]
        ] = {}  # the next to be called comes first

    @property
    def waiting(self) -> int:
        """How many are in it, with the one whose turn it is."""
        return self._is_taken + sum(map(len, self._lines.values()))

    @property
    def is_empty(self) -> bool:
        """Whether a newcomer would pass nobody by going ahead."""
        return not self._is_taken

    def turns_before(self, name: str) -> int:
        """How many would have their turn before a request of *name* that comes now."""
        own = len(self._lines.get(name, ()))
        others = (len(line) for whose, line in self._lines.items() if whose != name)
        return self._is_taken + own + sum(min(line, own + 1) for line in others)

    @asynccontextmanager
    async def turn(self, name: str) -> AsyncIterator[None]:
        """Wait for a turn of *name*, and keep it until the block ends.

        A caller may take as many seats as it leaves free. Raises `NoSeat`.
        """
        if len(self._lines.get(name, ())) >= self.seats - self.waiting:
            raise NoSeat
        if self._is_taken:
            await self._stand_in_line(name)
        self._is_taken = True
        try:
            yield
        finally:
            self._call_next()

    async def _stand_in_line(self, name: str) -> None:
        line = self._lines.setdefault(name, deque())
        call = asyncio.get_running_loop().create_future()
        line.append(call)
        try:
            await call
        except asyncio.CancelledError:
            if not call.cancelled():  # called and sent away in the same moment
                self._call_next()
            elif call in line:
                line.remove(call)
                self._lines = {whose: own for whose, own in self._lines.items() if own}
            raise

    def _call_next(self) -> None:
        """Give the turn to the first of the next caller, who then stands behind the other callers."""
        self._is_taken = False
        while self._lines and not self._is_taken:
            name, line = next(iter(self._lines.items()))
            call = line.popleft()
            if not call.done():  # else it has just left
                self._is_taken = True
                call.set_result(None)
                self._lines[name] = self._lines.pop(name)
            if not line:
                del self._lines[name]
