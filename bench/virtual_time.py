"""An event loop whose clock jumps to the next timer when nobody has anything to do: a day in seconds."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class JumpingSelector(selectors.DefaultSelector):
    """Never waits: the time it would have waited is added to the clock."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """See `selectors.BaseSelector.select`."""
        ready = super().select(0)
        if not ready and timeout:
            self.now_s += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop on virtual time."""

    def __init__(self) -> None:
        self.virtual = JumpingSelector()
        super().__init__(self.virtual)

    def time(self) -> float:
        """See `asyncio.AbstractEventLoop.time`."""
        return self.virtual.now_s


class VirtualClock:
    """See `Clock`: the loop's time, from a given moment on."""

    boot_id = "virtual"

    def __init__(self, loop: VirtualLoop, epoch_s: float) -> None:
        self.loop = loop
        self.epoch_s = epoch_s

    def time(self) -> float:
        """See `Clock.time`."""
        return self.epoch_s + self.loop.time()

    def monotonic(self) -> float:
        """See `Clock.monotonic`."""
        return self.loop.time()

    async def sleep(self, duration_s: float) -> None:
        """See `Clock.sleep`."""
        await asyncio.sleep(duration_s)


def run(loop: VirtualLoop, work: Coroutine[Any, Any, T]) -> T:
    """Run *work* to its end on *loop*, and close it."""
    try:
        return loop.run_until_complete(work)
    finally:
        loop.close()
