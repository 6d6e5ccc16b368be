"""Test doubles that several folders share: a clock that tests turn."""

import asyncio


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
