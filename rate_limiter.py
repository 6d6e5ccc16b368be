"""The minimum interval between calls to one provider: kept across restarts and between processes.

The stamp of the last call is written at the moment of sending, in one step with the decision, so
two processes can never both think that the slot is theirs. Nobody is put to sleep here: the
limiter only says when the next slot is.
"""

import asyncio
import functools
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass

import orjson

from clock import SYSTEM_CLOCK, Clock
from storage import Store
from storage.memory import MemoryStore

log = logging.getLogger("trimaran.limits")


@dataclass(frozen=True, slots=True)
class Stamp:
    """When a call was sent: monotonic seconds within one boot, and seconds since the epoch."""

    boot_id: str
    monotonic_s: float
    epoch_s: float


@dataclass(frozen=True, slots=True)
class Slot:
    """The answer to a reservation: granted, or how many seconds until it would be."""

    granted: bool
    ready_in_s: float = 0.0


def ready_in_s(last: Stamp | None, now: Stamp, min_interval_s: float) -> float:
    """Seconds until the next call may be sent; 0 when it may be sent now.

    Within one boot the monotonic clock decides, so a machine whose clock is set neither waits
    longer nor calls sooner. After a reboot the wall clock has to do, and a stamp from the future
    counts as one from this moment.
    """
    return 0.0 if last is None else max(0.0, min_interval_s - _elapsed_s(last, now))


class RateLimiter:
    """At most one call to each provider per *min_interval_seconds*; 0 turns it off."""

    def __init__(
        self,
        min_interval_seconds: float = 60,
        *,
        store: Callable[[], Store] = MemoryStore,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self.min_interval_seconds = min_interval_seconds
        self.clock = clock
        self._open_store = store
        self._seen: dict[str, Stamp] = {}  # what this process knows, should the store be lost
        self._lock = threading.Lock()
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="limits")

    def configure(
        self,
        *,
        min_interval_seconds: float | None = None,
        store: Callable[[], Store] | None = None,
    ) -> None:
        """Replace what is given; before the first use."""
        if min_interval_seconds is not None:
            self.min_interval_seconds = min_interval_seconds
        if store is not None:
            self._open_store = store

    @functools.cached_property
    def store(self) -> Store:
        """Where the stamps are; opened at the first use."""
        return self._open_store()

    async def reserve(self, provider: str) -> Slot:
        """Take the slot of *provider* if it is free; the caller must send at once.

        The decision is durable before it is given.
        """
        if self.min_interval_seconds <= 0:
            return Slot(granted=True)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._writer, self._visit, provider, _when_free)

    def stamp(self, provider: str) -> None:
        """Note that *provider* is being called now, slot or not; for callers that do not wait."""
        self._visit(provider, _always)

    async def next_slot_s(self, provider: str) -> float:
        """Seconds until *provider* may be called again; 0 when it may be called now."""
        loop = asyncio.get_running_loop()
        return (await loop.run_in_executor(self._writer, self._visit, provider, _never)).ready_in_s

    def _visit(self, provider: str, may_take: Callable[[float], bool]) -> Slot:
        """Look at the provider's stamp and, if *may_take* says so of the wait in seconds, renew it."""
        wait_s, taken = 0.0, None

        def decide(stored: bytes | None) -> bytes | None:
            nonlocal wait_s, taken
            now = self._now()
            last = _latest(self._seen.get(provider), _read(stored), now)
            wait_s = ready_in_s(last, now, self.min_interval_seconds)
            taken = now if may_take(wait_s) else None
            return orjson.dumps(asdict(taken)) if taken else None

        with self._lock:
            try:
                self.store.update(f"slot:{provider}", decide)
            except OSError as error:
                log.error("the limits' store failed, this process counts alone: %s", error)
                decide(None)
            if taken is not None:
                self._seen[provider] = taken
        return Slot(granted=taken is not None, ready_in_s=wait_s)

    def _now(self) -> Stamp:
        return Stamp(self.clock.boot_id, self.clock.monotonic(), self.clock.time())


def _when_free(wait_s: float) -> bool:
    return wait_s <= 0


def _always(_: float) -> bool:
    return True


def _never(_: float) -> bool:
    return False


def _read(stored: bytes | None) -> Stamp | None:
    """The stamp in *stored*; one that cannot be read counts as none."""
    if stored is None:
        return None
    try:
        return Stamp(**orjson.loads(stored))
    except (TypeError, ValueError):
        return None


def _latest(ours: Stamp | None, stored: Stamp | None, now: Stamp) -> Stamp | None:
    """The later of the two, judged by how long ago they were."""
    stamps = [stamp for stamp in (ours, stored) if stamp is not None]
    return min(stamps, key=lambda stamp: _elapsed_s(stamp, now), default=None)


def _elapsed_s(last: Stamp, now: Stamp) -> float:
    if last.boot_id == now.boot_id:
        return max(0.0, now.monotonic_s - last.monotonic_s)
    return max(0.0, now.epoch_s - last.epoch_s)
