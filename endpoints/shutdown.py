"""A clean end: no new work after the signal, some seconds for what is running, then a clear answer.

uvicorn by itself would wait for running requests for as long as they take, and for a reader who
does not read for ever.
"""

import asyncio
import contextlib
import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

log = logging.getLogger("trimaran.shutdown")

GRACE_S = 8.0
DOOR_S = 0.25  # a connection that was taken brings its request within this time
LAST_S = 3.0  # after the grace, for the last words; then the process ends whoever is still there


class ShuttingDown(Exception):
    """The service ended before there was an answer."""

    def __init__(self, what: str = "The service shut down before there was an answer") -> None:
        super().__init__(what)


class Ending:
    """Ends what the current task is doing, for a *reason* that is then raised from it."""

    def __init__(self) -> None:
        task = asyncio.current_task()
        assert task is not None, "requests are answered in tasks"  # noqa: S101
        self.task = task
        self.reason: Exception | None = None
        self.is_over = False

    def end(self, reason: Exception) -> None:
        """Only the first reason counts, and none once it has ended by itself."""
        if self.reason is None and not self.is_over:
            self.reason = reason
            self.task.cancel()


class Shutdown:
    """Knows what is running, and ends it in time."""

    def __init__(self, grace_s: float = GRACE_S) -> None:
        self.grace_s = grace_s
        self.has_begun = self.takes_no_more = False
        self._is_over = False
        self.at_begin: list[Callable[[], None]] = []  # told when it begins
        self._running: set[Ending] = set()

    @property
    def running(self) -> int:
        """How many requests are under way."""
        return len(self._running)

    def listen(self) -> None:
        """Begin with SIGTERM or SIGINT, before the server's own handlers.

        Only a main thread can listen to signals; elsewhere whoever runs the service ends it. A
        second signal goes to the server at once.
        """
        if threading.current_thread() is not threading.main_thread():
            return
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            servers_own = signal.getsignal(number)

            def handle(number: int, frame: FrameType | None, own: Any = servers_own) -> None:
                if self.has_begun and callable(own):
                    own(number, frame)
                elif not self.has_begun:
                    self.has_begun = True
                    loop.call_soon_threadsafe(self._begin, own)

            signal.signal(number, handle)

    @contextlib.contextmanager
    def ending(self) -> Iterator["Ending"]:
        """What the block does ends with the service, which raises `ShuttingDown` from it."""
        ending = Ending()
        self._running.add(ending)
        try:
            if self._is_over:
                raise ShuttingDown
            yield ending
        except asyncio.CancelledError:
            if ending.reason is None or ending.task.uncancel() > 0:
                raise  # somebody else has cancelled the task
            raise ending.reason from None
        finally:
            ending.is_over = True
            self._running.discard(ending)

    def _begin(self, servers_own: Any) -> None:
        """Let nobody else in, serve who has come in, and end what is running when the grace is over.

        uvicorn would stop listening and close connections that say nothing yet in the same moment,
        and a request on its way through one of them would be lost.
        """
        log.info("🛑 Shutting down: %d request(s) have %.0f s", len(self._running), self.grace_s)
        for listening in getattr(getattr(servers_own, "__self__", None), "servers", ()):
            listening.close()
        loop = asyncio.get_running_loop()
        loop.call_later(DOOR_S, self._close_the_door, servers_own)
        loop.call_later(self.grace_s, self._end)
        loop.call_later(self.grace_s + LAST_S, self._leave)
        for tell in self.at_begin:
            tell()

    def _close_the_door(self, servers_own: Any) -> None:
        """Tell the server of an interrupt, whatever the signal was.

        After a SIGTERM it would in the end let that signal kill the process, whose exit status would
        not be that of a clean end.
        """
        self.takes_no_more = True
        if callable(servers_own):
            servers_own(signal.SIGINT, None)

    def _end(self) -> None:
        self._is_over = True
        for ending in list(self._running):
            ending.end(ShuttingDown())

    def _leave(self) -> None:
        """Nothing is lost: what has to last was written before it was needed."""
        log.warning("🛑 Not everybody has left: the process ends all the same")
        os._exit(0)


class RefuseNewWork:
    """Answers 503 to every request that comes when the service takes no more."""

    def __init__(
        self, app: ASGIApp, shutdown: Shutdown, answer: Callable[[str, Exception], ASGIApp]
    ) -> None:
        self.app = app
        self.shutdown = shutdown
        self.answer = answer  # how a path is told of an error

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        if scope["type"] != "http" or not self.shutdown.takes_no_more:
            await self.app(scope, receive, send)
            return
        answer = self.answer(scope["path"], ShuttingDown("The service is shutting down"))
        await answer(scope, receive, send)
