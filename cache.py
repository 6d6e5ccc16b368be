"""The response cache: fresh answers for a day, stale ones for another, and equal questions asked once.

Values are JSON, kept in a store that survives restarts. A cache that cannot read or write is a
cache that misses: it never fails the answer.
"""

import asyncio
import contextlib
import functools
import logging
import random
import re
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

import orjson

from clock import SYSTEM_CLOCK, Clock
from flights import Flights
from storage import HOUR_S, Change, Entry, Store, StoreLost
from storage.batches import Batches
from storage.claims import Claims
from storage.ledger import Moment
from storage.sqlite import open_store

log = logging.getLogger("trimaran.cache")

LARGEST_VALUE = 1 << 20  # bytes; a longer answer is served but not kept
WRITES_BETWEEN_CLEANUPS = 100
LEASE_S = 9.0  # a process that has died is followed after this long
POLL_S = (0.05, 0.25)
FOLLOWED_S = 30.0  # a claim that has given no answer for so long is passed by, by one follower
FUTURE_TOLERANCE_S = 120.0  # an entry from further ahead was written under a wrong clock

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Cached:
    """A stored value, its age in seconds, and whether it is younger than the time to live."""

    value: Any
    age_s: float
    is_fresh: bool


@dataclass(frozen=True, slots=True)
class Freshness:
    """What the asker accepts, as `Cache-Control` puts it; the default takes any fresh answer."""

    may_read: bool = True
    may_store: bool = True
    max_age_s: float | None = None
    may_ask: bool = True

    def accepts(self, cached: Cached) -> bool:
        """Whether *cached* may be served as a fresh answer."""
        young = self.max_age_s is None or cached.age_s <= self.max_age_s
        return self.may_read and cached.is_fresh and young

    def accepts_stale(self) -> bool:
        """Whether an expired answer is better than none."""
        return self.may_read and self.max_age_s is None

    @classmethod
    def from_header(cls, cache_control: str) -> "Freshness":
        """Read `no-store`, `no-cache`, `only-if-cached` and `max-age`; other words are ignored."""
        words = {word.strip().lower() for word in cache_control.split(",")}
        ages = [float(age.group(1)) for w in words if (age := re.fullmatch(r"max-age=(\d+)", w))]
        return cls(
            may_read=words.isdisjoint({"no-store", "no-cache"}),
            may_store="no-store" not in words,
            max_age_s=min(ages, default=None),
            may_ask="only-if-cached" not in words,
        )


ANY_FRESH = Freshness()


class ResponseCache:
    """Answers by key, for *ttl_hours*; then for *stale_hours* more as a last resort.

    Nothing is opened before the first use. Where *cache_dir* cannot be written, the temporary
    folder serves instead.
    """

    def __init__(
        self,
        cache_dir: str = ".cache",
        ttl_hours: float = 24,
        *,
        stale_hours: float = 24,
        max_mb: float = 100,
        store: Store | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self.cache_dir = cache_dir
        self.ttl_hours = ttl_hours
        self.stale_hours = stale_hours
        self.max_mb = max_mb
        self.clock = clock
        self.flights = Flights()
        self._store = store
        self._writes = 0
        self._hits = 0
        self._misses = 0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="leases")  # one: in their order
        self._threads = ThreadPoolExecutor(4, thread_name_prefix="cache")
        self._batches = Batches(self._write, self._threads)

    def configure(
        self,
        *,
        cache_dir: str | None = None,
        ttl_hours: float | None = None,
        stale_hours: float | None = None,
        max_mb: float | None = None,
        store: Store | None = None,
    ) -> None:
        """Replace what is given; before the first use."""
        self.cache_dir = self.cache_dir if cache_dir is None else cache_dir
        self.ttl_hours = self.ttl_hours if ttl_hours is None else ttl_hours
        self.stale_hours = self.stale_hours if stale_hours is None else stale_hours
        self.max_mb = self.max_mb if max_mb is None else max_mb
        self._store = self._store if store is None else store

    @property
    def store(self) -> Store:
        """Where the answers are; the limits' state lives there too."""
        if self._store is None:
            self._store = open_store(Path(self.cache_dir))
        return self._store

    def get(self, key: str) -> Any:
        """The value stored under *key* within the time to live; None when there is none."""
        cached = self.look_up(key)
        return cached.value if cached is not None and cached.is_fresh else None

    def set(self, key: str, value: Any, *, largest_bytes: int = LARGEST_VALUE) -> None:
        """Store *value*, which must be JSON; one over *largest_bytes* is not kept.

        Raises `TypeError` when it is not JSON.
        """
        if entry := self._entry(value, largest_bytes):
            self._write([(key, entry)])

    async def find(self, key: str, *, again: bool = False) -> Cached | None:
        """`look_up`, away from the event loop where a look is a journey; *again* is not counted."""
        look = self._glance if again else self.look_up
        if not self.store.is_remote:
            return look(key)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, look, key)

    async def keep(self, key: str, value: Any, *, largest_bytes: int = LARGEST_VALUE) -> None:
        """`set`, away from the event loop and with others where the store may have to wait."""
        entry = self._entry(value, largest_bytes)
        if entry and self.store.waits:
            # An answer that was paid for is kept also when its last reader has just left.
            await self._batches.add((key, entry))
        elif entry:
            self._write([(key, entry)])

    def look_up(self, key: str) -> Cached | None:
        """What is stored under *key*, fresh or stale; None when there is nothing that may be used."""
        cached = self._glance(key)
        if cached is not None and cached.is_fresh:
            self._hits += 1
        else:
            self._misses += 1
        return cached

    def clear_expired(self) -> int:
        """Remove what is past its stale hours, then the oldest beyond *max_mb*; how many there were."""
        oldest = self._now().epoch_s - self._kept_s
        most = int(self.max_mb * (1 << 20))
        return _forgiving(
            "clean up", lambda: self.store.remove_before(oldest) + self.store.shrink(most), 0
        )

    def clear(self) -> int:
        """Remove every answer; how many there were. Raises `OSError` when that fails."""
        return self.store.clear()

    def stats(self) -> dict[str, Any]:
        """Entries, bytes and place of the cache; hits and misses of this process since its start.

        The first three are None while the store cannot tell.
        """
        holdings = _forgiving("count", self.store.holdings, None)
        return {
            "entries": holdings and holdings.entries,
            "size_bytes": holdings and holdings.size_bytes,
            "place": holdings and holdings.place,
            "hits": self._hits,
            "misses": self._misses,
        }

    @contextlib.asynccontextmanager
    async def leading(
        self, key: str, find: Callable[[], Awaitable[Cached | None]]
    ) -> AsyncIterator[Cached | None]:
        """Let one process at a time work on *key*: give it None, and the others what *find* finds then.

        A leader that dies is followed at once on one machine, elsewhere after some seconds. One that
        stands still is passed by: after `FOLLOWED_S` by one of those who wait, after as long again by
        the next. Without a shared store everybody leads.
        """
        if not self.store.waits:
            yield None
            return
        if (claims := self.store.claims) is not None:
            begin_s = self.clock.monotonic()
            with _claiming(claims, key) as claim:
                while not claim(int((self.clock.monotonic() - begin_s) // FOLLOWED_S)):
                    if (found := await find()) is not None:
                        yield found
                        return
                    await asyncio.sleep(random.uniform(*POLL_S))  # noqa: S311 - only to spread the load
                yield await find()  # the one before us may have stored it in the last moment
            return
        lease = Lease(key, uuid.uuid4().hex)
        try:
            while not await self._take(lease):
                if (found := await find()) is not None:
                    yield found
                    return
                await asyncio.sleep(random.uniform(*POLL_S))  # noqa: S311 - only to spread the load
            renewing = asyncio.create_task(self._renew(lease))
            try:
                yield await find()  # the one before us may have stored it in the last moment
            finally:
                renewing.cancel()
        finally:
            await asyncio.shield(self._change(lease, lease.given_back))

    async def _take(self, lease: "Lease") -> bool:
        """Whether *lease* is ours now."""
        taken = False

        def decide(held: bytes | None) -> bytes | None:
            nonlocal taken
            now = self._now()
            taken = not lease.is_held_by_another(held, now)
            return lease.written(now) if taken else None

        return taken if await self._change(lease, decide) else True

    async def _renew(self, lease: "Lease") -> None:
        """Keep *lease* for as long as it is ours."""
        while True:
            await asyncio.sleep(LEASE_S / 3)
            await self._change(lease, lambda held: lease.renewed(held, self._now()))

    async def _change(self, lease: "Lease", change: Change) -> bool:
        """Apply *change* to the lease's record; whether the store could do it."""
        work = functools.partial(self.store.update, lease.name, change, keep_s=2 * LEASE_S)
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._thread, work)
        except StoreLost:
            return False
        except OSError as error:
            log.warning("the processes could not agree who asks: %s", error)
            return False
        return True

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        if self._store is not None:
            self._store.close()

    def _entry(self, value: Any, largest_bytes: int) -> Entry | None:
        """*value* as it is stored; None when it is too large. Raises `TypeError` when it is not JSON."""
        body = orjson.dumps(value)
        return Entry(body, self._now().epoch_s) if len(body) <= largest_bytes else None

    def _write(self, entries: list[tuple[str, Entry]]) -> None:
        if -self._writes % WRITES_BETWEEN_CLEANUPS < len(
            entries
        ):  # so many are left until the next
            self.clear_expired()
        self._writes += len(entries)
        _forgiving("write", lambda: self.store.put_all(entries, keep_s=self._kept_s), None)

    @property
    def _ttl_s(self) -> float:
        return self.ttl_hours * HOUR_S

    @property
    def _kept_s(self) -> float:
        return self._ttl_s + self.stale_hours * HOUR_S

    def _now(self) -> Moment:
        return self.store.now(self.clock)

    def _glance(self, key: str) -> Cached | None:
        return _forgiving("read", lambda: self._read(key), None)

    def _read(self, key: str) -> Cached | None:
        entry = self.store.get(key)
        if entry is None:
            return None
        age_s = self._now().epoch_s - entry.stored_at
        if not -FUTURE_TOLERANCE_S <= age_s < self._kept_s:
            return None
        return Cached(orjson.loads(entry.body), max(age_s, 0.0), is_fresh=age_s < self._ttl_s)


@contextlib.contextmanager
def _claiming(claims: Claims, key: str) -> Iterator[Callable[[int], bool]]:
    """What tries to claim *key* is given to the block; when that ends, what was taken is given back.

    There is one claim for each turn: who has waited for so many leaders that stand still.
    """
    taken: list[str] = []

    def claim(turn: int) -> bool:
        name = f"{key}#{turn}"
        if is_ours := claims.take(name):
            taken.append(name)
        return is_ours

    try:
        yield claim
    finally:
        for name in taken:
            claims.give_back(name)


def _forgiving(deed: str, work: Callable[[], T], otherwise: T) -> T:
    """The outcome of *work*; a store that fails costs a log line and gives *otherwise*."""
    try:
        return work()
    except StoreLost:
        return otherwise
    except (OSError, orjson.JSONDecodeError) as error:
        log.warning("the cache could not %s: %s", deed, error)
        return otherwise


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to work on a key, held by the process that knows its token."""

    key: str
    token: str

    @property
    def name(self) -> str:
        """What its record is called in the store."""
        return f"flight:{self.key}"

    def written(self, now: Moment) -> bytes:
        """Its record, renewed at this moment."""
        return orjson.dumps({"token": self.token, "at": asdict(now)})

    def renewed(self, record: bytes | None, now: Moment) -> bytes | None:
        """Its record, renewed, in place of *record*; None where it has become somebody else's."""
        return None if self.is_held_by_another(record, now) else self.written(now)

    def given_back(self, record: bytes | None) -> bytes | None:
        """Nothing in place of *record*; None where that is not its own."""
        return b"" if record is not None and self.token.encode() in record else None

    def is_held_by_another(self, record: bytes | None, now: Moment) -> bool:
        """Whether *record* is somebody else's and still stands; a damaged one does not."""
        try:
            held = orjson.loads(record or b"null")
            return (
                held is not None
                and held["token"] != self.token
                and now.since(Moment(**held["at"])) < LEASE_S
            )
        except (KeyError, TypeError, ValueError):
            return False
