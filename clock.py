"""Time, injected: one object tells the hour, measures durations and waits, so that tests can replace all three."""

import asyncio
import functools
import time
import uuid
from pathlib import Path
from typing import Protocol


class Clock(Protocol):
    """What the house asks of time."""

    @property
    def boot_id(self) -> str:
        """The span in which `monotonic` values can be compared, also between processes."""
        ...

    def time(self) -> float:
        """Seconds since the epoch; may jump when the machine's clock is set."""
        ...

    def monotonic(self) -> float:
        """Seconds on a clock that never jumps; the same for all processes of one boot on Linux."""
        ...

    async def sleep(self, duration_s: float) -> None:
        """Wait without holding up anybody else."""
        ...


class SystemClock:
    """The machine's own time."""

    @functools.cached_property
    def boot_id(self) -> str:
        """Linux names each boot; elsewhere every process counts as a boot of its own."""
        try:
            return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        except OSError:
            return uuid.uuid4().hex

    def time(self) -> float:
        """See `Clock.time`."""
        return time.time()

    def monotonic(self) -> float:
        """See `Clock.monotonic`."""
        return time.monotonic()

    async def sleep(self, duration_s: float) -> None:
        """See `Clock.sleep`."""
        await asyncio.sleep(duration_s)


SYSTEM_CLOCK = SystemClock()
