"""Test doubles that several folders share: a clock that tests turn, a store that is lost."""

import asyncio
from collections.abc import Callable

from storage import Change, StoreLost
from storage.memory import MemoryStore


class TurnedClock:
    """See `Clock`: time stands still until somebody sleeps or turns it."""

    boot_id = "boot-1"

    def __init__(self, epoch_s: float = 1_800_000_000.0) -> None:
        self.epoch_s = epoch_s
        self.monotonic_s = 1_000.0
        self.slept: list[float] = []

    def time(self) -> float:
        """See `Clock.time`."""
        return self.epoch_s

    def monotonic(self) -> float:
        """See `Clock.monotonic`."""
        return self.monotonic_s

    async def sleep(self, duration_s: float) -> None:
        """Time passes at once, and everybody else gets a turn."""
        self.slept.append(duration_s)
        self.turn(duration_s)
        await asyncio.sleep(0)

    def turn(self, duration_s: float) -> None:
        """Let *duration_s* seconds pass."""
        self.epoch_s += duration_s
        self.monotonic_s += duration_s


class LosableStore(MemoryStore):
    """A store that can be lost, and come back with or without what was in it."""

    waits = False

    def __init__(self) -> None:
        super().__init__()
        self.is_lost = False
        self.listeners: list[Callable[[], None]] = []

    def update(self, name: str, change: Change, **_: object) -> None:
        """See `Store.update`."""
        if self.is_lost:
            raise StoreLost("connection refused")
        super().update(name, change)

    def when_back(self, then: Callable[[], None]) -> None:
        """See `Store.when_back`."""
        self.listeners.append(then)

    def come_back(self, *, empty: bool = False) -> None:
        """It answers again, and all who asked for it are told."""
        self.is_lost = False
        if empty:
            self._state.clear()
        listeners, self.listeners = self.listeners, []
        for then in listeners:
            then()
