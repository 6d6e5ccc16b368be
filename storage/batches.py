"""Writes that are made together: what comes while one is under way goes with the next."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Generic, TypeVar

log = logging.getLogger("trimaran.storage")

T = TypeVar("T")


class Batches(Generic[T]):
    """Gives *write* all that has been added since the last time, in a thread of *threads*.

    A batch that *write* fails on costs a line in the log: those who wait for it go on, and so does
    the next batch.
    """

    def __init__(self, write: Callable[[list[T]], None], threads: Executor) -> None:
        self._write = write
        self._threads = threads
        self._waiting: list[T] = []
        self._written: asyncio.Future[None] | None = None  # of those that are waiting
        self._writer: asyncio.Task[None] | None = None

    async def add(self, item: T) -> None:
        """Return when *item* is written, or cannot be; also when nobody waits for it any more."""
        loop = asyncio.get_running_loop()
        if self._written is None or self._written.get_loop() is not loop:
            self._waiting, self._written = [], loop.create_future()
        self._waiting.append(item)
        if self._writer is None or self._writer.done() or self._writer.get_loop() is not loop:
            self._writer = loop.create_task(self._write_all())
        await asyncio.shield(self._written)

    async def _write_all(self) -> None:
        loop = asyncio.get_running_loop()
        while (written := self._written) is not None:
            batch, self._waiting, self._written = self._waiting, [], None
            try:
                await loop.run_in_executor(self._threads, self._write, batch)
            except Exception:  # one of ours, too: the answer is given all the same
                log.exception("%d could not be written", len(batch))
            finally:
                written.set_result(None)
