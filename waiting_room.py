"""Where requests wait for a slot: first come, first served, with a limited number of seats."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

SEATS = 64


class NoSeat(Exception):
    """Too many are waiting already."""


class WaitingRoom:
    """Whoever has the turn looks for a slot; the others stand in line behind."""

    def __init__(self, seats: int = SEATS) -> None:
        self.seats = seats
        self.waiting = 0
        self._turn = asyncio.Lock()  # serves its waiters in the order in which they came

    @property
    def is_empty(self) -> bool:
        """Whether a newcomer would pass nobody by going ahead."""
        return self.waiting == 0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for one's turn, and keep it until the block ends. Raises `NoSeat`."""
        if self.waiting >= self.seats:
            raise NoSeat
        self.waiting += 1
        try:
            async with self._turn:
                yield
        finally:
            self.waiting -= 1
