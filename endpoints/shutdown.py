"""A clean end: no new work after the signal, eight seconds for what is running, then a clear answer.

uvicorn by itself would wait for running requests for as long as they take.
"""

import asyncio
import logging
import signal
import threading
from collections.abc import Callable, Coroutine
from types import FrameType
from typing import Any, TypeVar

from starlette.types import ASGIApp, Receive, Scope, Send

log = logging.getLogger("trimaran.shutdown")

T = TypeVar("T")
GRACE_S = 8.0


class ShuttingDown(Exception):
    """The service ended before there was an answer."""

    def __init__(self, what: str = "The service shut down before there was an answer") -> None:
        super().__init__(what)


class Shutdown:
    """Knows what is running, and ends it in time."""

    def __init__(self, grace_s: float = GRACE_S) -> None:
        self.grace_s = grace_s
        self.has_begun = False
        self.at_begin: list[Callable[[], None]] = []  # told when it begins
        self._running: set[asyncio.Task[Any]] = set()

    @property
    def running(self) -> int:
        """How many requests are under way."""
        return len(self._running)

    def listen(self) -> None:
        """Begin with SIGTERM or SIGINT, beside the server's own handlers.

        Only a main thread can listen to signals; elsewhere whoever runs the service ends it.
        """
        if threading.current_thread() is not threading.main_thread():
            return
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            servers_own = signal.getsignal(number)

            def handle(number: int, frame: FrameType | None, own: Any = servers_own) -> None:
                loop.call_soon_threadsafe(self.begin)
                if callable(own):
                    own(number, frame)

            signal.signal(number, handle)

    def begin(self) -> None:
        """Take no new work, and end what is running when the grace is over."""
        if not self.has_begun:
            self.has_begun = True
            log.info(
                "🛑 Shutting down: %d request(s) have %.0f s", len(self._running), self.grace_s
            )
            asyncio.get_running_loop().call_later(self.grace_s, self._end)
            for tell in self.at_begin:
                tell()

    def start(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """*work* as a task that ends with the service."""
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    def _end(self) -> None:
        for task in self._running:
            task.cancel()


class RefuseNewWork:
    """Answers 503 to every request that comes after the shutdown has begun."""

    def __init__(
        self, app: ASGIApp, shutdown: Shutdown, answer: Callable[[str, Exception], ASGIApp]
    ) -> None:
        self.app = app
        self.shutdown = shutdown
        self.answer = answer  # how a path is told of an error

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        if scope["type"] != "http" or not self.shutdown.has_begun:
            await self.app(scope, receive, send)
            return
        answer = self.answer(scope["path"], ShuttingDown("The service is shutting down"))
        await answer(scope, receive, send)
