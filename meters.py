"""What a provider itself has counted of its day, asked now and then, since others may use the same key."""

import asyncio
import math

from clock import Clock
from providers.base import Upstream
from rate_limiter import RateLimiter

EVERY_S = 300.0


class Meters:
    """Reads the providers' own counts into the limiter, beside the requests and never before them."""

    def __init__(self, limiter: RateLimiter, clock: Clock) -> None:
        self.limiter = limiter
        self.clock = clock
        self._read_at: dict[tuple[str, str], float] = {}  # by provider and key
        self._readings: set[asyncio.Task[None]] = set()

    def read(self, upstream: Upstream) -> None:
        """Begin to read the count of *upstream*, unless that was done a short time ago."""
        key, now_s = (upstream.identity.name, upstream.terms.key_scope), self.clock.monotonic()
        if now_s - self._read_at.get(key, -math.inf) < EVERY_S:
            return
        self._read_at[key] = now_s
        reading = asyncio.create_task(self._take_over(upstream))
        self._readings.add(reading)
        reading.add_done_callback(self._readings.discard)

    async def aclose(self) -> None:
        """End what is being read."""
        readings = list(self._readings)
        for reading in readings:
            reading.cancel()
        await asyncio.gather(*readings, return_exceptions=True)

    async def _take_over(self, upstream: Upstream) -> None:
        used = await upstream.used_today()
        if used is not None:
            terms = upstream.terms
            await self.limiter.used_up_to(terms.allowance, terms.quota_scope, used)
