"""Single-flight: equal work is done once, for all who ask while it is under way, and all hear its pieces."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Hashable, Iterator
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Flight(Generic[T]):
    """One piece of work under way: the pieces that it has given so far, and in the end its outcome.

    *waiting* counts those who are waiting for it.
    """

    def __init__(self, work: "Work[T]") -> None:
        self.pieces: list[Any] = []
        self.waiting = 0
        self._sleepers: set[asyncio.Future[None]] = set()

        async def run() -> T:
            return await work(self.hear)

        self.task = asyncio.create_task(run())
        self.task.add_done_callback(lambda _: self._wake())

    def hear(self, piece: Any) -> None:
        """Pass *piece* on to all who are waiting, and to those who come later."""
        self.pieces.append(piece)
        self._wake()

    async def news(self, known: int, timeout_s: float) -> None:
        """Return when there are more than *known* pieces or it is over, or after *timeout_s*."""
        if len(self.pieces) > known or self.task.done():
            return
        loop = asyncio.get_running_loop()
        sleeper = loop.create_future()
        self._sleepers.add(sleeper)
        alarm = loop.call_later(timeout_s, _rouse, sleeper)
        try:
            await sleeper
        finally:
            alarm.cancel()
            self._sleepers.discard(sleeper)

    def _wake(self) -> None:
        for sleeper in self._sleepers:
            _rouse(sleeper)


Hear = Callable[[Any], None]
Work = Callable[[Hear], Awaitable[T]]


class Flights:
    """The work under way by key.

    It belongs to the application, not to the first asker: any of them may leave, and only when the
    last one has left is it cancelled.
    """

    def __init__(self) -> None:
        self._under_way: dict[Hashable, Flight[Any]] = {}

    @contextlib.contextmanager
    def board(self, key: Hashable, work: Work[T]) -> Iterator[tuple[Flight[T], bool]]:
        """The flight of *key*, begun with *work* if there is none, and whether there was one."""
        flight: Flight[T] | None = self._under_way.get(key)
        joined = flight is not None
        if flight is None:
            flight = self._begin(key, work)
        flight.waiting += 1
        try:
            yield flight, joined
        finally:
            flight.waiting -= 1
            if flight.waiting == 0 and not flight.task.done():
                self._forget(key, flight)
                flight.task.cancel()

    async def join(self, key: Hashable, work: Callable[[], Awaitable[T]]) -> tuple[T, bool]:
        """The outcome of *work*, and whether somebody else had already begun it."""
        with self.board(key, lambda _: work()) as (flight, joined):
            await asyncio.wait({flight.task})
            return flight.task.result(), joined

    def _begin(self, key: Hashable, work: Work[T]) -> Flight[T]:
        flight = Flight(work)
        self._under_way[key] = flight
        flight.task.add_done_callback(lambda _: self._forget(key, flight))
        return flight

    def _forget(self, key: Hashable, flight: Flight[Any]) -> None:
        if self._under_way.get(key) is flight:
            del self._under_way[key]


def _rouse(sleeper: asyncio.Future[None]) -> None:
    if not sleeper.done():
        sleeper.set_result(None)
