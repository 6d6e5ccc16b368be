"""The shared store: one Valkey or Redis that all instances of a fleet decide in.

A change is made by comparing and setting: the state is read together with the server's time, the
new state is computed here, and one short script writes it if nobody was quicker. Commands run in
threads, which nobody can cancel, and are never repeated by themselves; a reply that is late counts
as none. Then the store is lost: every use fails at once until a probe, once a second, finds that
it answers and takes writes again.
"""

import contextlib
import hashlib
import logging
import math
import random
import threading
import time
import urllib.parse
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from redis import BlockingConnectionPool, Redis, RedisError
from redis.backoff import NoBackoff
from redis.exceptions import NoPermissionError, OutOfMemoryError, ReadOnlyError
from redis.retry import Retry

from clock import Clock
from storage import ANSWERS_KEPT_S, STATE_KEPT_S, Change, Condition, Entry, Holdings, StoreLost
from storage.claims import Claims
from storage.ledger import Moment

log = logging.getLogger("trimaran.storage")

REPLY_TIMEOUT_S = 0.25
PROBE_EVERY_S = 1.0
CONNECTIONS = 40  # more than there are threads that could ask at once
LARGEST_ENTRY = 4 << 20  # bytes; a longer answer is not shared
MARK_KEPT_S = 3600.0  # how long an attempt is remembered
MOST_TURNS = 200  # of one change, while others are quicker
PATIENT_TURNS = 3  # before it asks to go first
FIRST_FOR_S = 0.1
PAUSE_S = 0.002  # between two turns, at most
BATCH = 500
FORMAT = "1"  # of the keys and values; raised when it changes
ONE_CLOCK = "shared"  # all moments are the server's

# KEYS: the state, who goes first, and the mark of the attempt if it has a name. ARGV: the SHA-1 of
# the state that was read ('' for none), the new state ('' for none), whose change it is; for how
# many ms the state, the right to go first (0 for none) and the mark are kept.
# Gives 1 when the change is made or was made before, the server's time, and else what is there now.
# Whoever comes too late again and again goes first, so nobody can be late for ever.
SET_IF_UNCHANGED = """
local now = redis.call('TIME')
if KEYS[3] and redis.call('EXISTS', KEYS[3]) == 1 then return {1, now[1], now[2]} end
local there, first = redis.call('GET', KEYS[1]), redis.call('GET', KEYS[2])
local is_late = (there and redis.sha1hex(there) or '') ~= ARGV[1]
if is_late or (first and first ~= ARGV[3]) then
  if not first and ARGV[5] ~= '0' then redis.call('SET', KEYS[2], ARGV[3], 'PX', ARGV[5]) end
  return {0, now[1], now[2], there}
end
if first then redis.call('DEL', KEYS[2]) end
if ARGV[2] == '' then
  redis.call('DEL', KEYS[1])
else
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[4])
end
if KEYS[3] then redis.call('SET', KEYS[3], '', 'PX', ARGV[6]) end
return {1, now[1], now[2]}
"""


@dataclass(frozen=True, slots=True)
class Loss:
    """Why the store is lost, and since when (monotonic seconds)."""

    reason: str
    since_s: float
    can_read: bool


class RedisStore:
    """See `Store`. *url* is redis://, rediss:// (TLS) or unix://; keys begin with *prefix*.

    Raises `ValueError` for a URL that cannot be one, `StoreLost` while the server does not answer.
    What is too old it forgets by itself, and what is too much by its own `maxmemory-policy`.
    """

    waits = True
    is_remote = True
    claims: Claims | None = None

    def __init__(self, url: str, prefix: str = "trimaran") -> None:
        self.prefix = prefix
        self.place = _without_password(url)
        self._prefix = f"{prefix}:{FORMAT}:"
        self._pool = BlockingConnectionPool.from_url(
            url,
            max_connections=CONNECTIONS,
            timeout=REPLY_TIMEOUT_S,
            socket_timeout=REPLY_TIMEOUT_S,
            socket_connect_timeout=REPLY_TIMEOUT_S,
            retry=Retry(NoBackoff(), 0),
            protocol=2,
            driver_info=None,
        )
        try:
            self._pool.connection_class(**self._pool.connection_kwargs)  # not connected yet
        except TypeError as error:
            raise ValueError(f"an option that is not known: {error}") from error
        self._client: Redis = Redis(connection_pool=self._pool)
        self._set_if_unchanged = self._client.register_script(SET_IF_UNCHANGED)
        self._ahead_s: float | None = None  # the server's time less our monotonic time
        self._loss: Loss | None = None
        self._lock = threading.Lock()
        self._listeners: list[Callable[[], None]] = []
        self._closing = threading.Event()

    def get(self, key: str) -> Entry | None:
        """See `Store.get`. Takes one round trip."""
        value = self._look(self._answer(key), reading=True)
        return None if value is None else _unframed(key, value)

    def put(self, key: str, entry: Entry, *, keep_s: float = ANSWERS_KEPT_S) -> None:
        """See `Store.put`; one over `LARGEST_ENTRY` is left out."""
        self.put_all([(key, entry)], keep_s=keep_s)

    def put_all(
        self, entries: Sequence[tuple[str, Entry]], *, keep_s: float = ANSWERS_KEPT_S
    ) -> None:
        """See `Store.put_all`. Takes one round trip; those over `LARGEST_ENTRY` are left out."""
        with self._asked():
            pipe = self._client.pipeline(transaction=False)
            for key, entry in entries:
                if len(entry.body) <= LARGEST_ENTRY:
                    pipe.set(self._answer(key), _framed(key, entry), px=_ms(keep_s))
            # The errors that a pipeline raises by itself show what was to be written.
            for reply in pipe.execute(raise_on_error=False):
                if isinstance(reply, RedisError):
                    raise reply

    def remove_before(self, stored_at: float) -> int:  # noqa: ARG002 - the protocol's
        """See `Store.remove_before`: the server does it by itself."""
        return 0

    def shrink(self, size_bytes: int) -> int:  # noqa: ARG002 - the protocol's
        """See `Store.shrink`: the server does it by itself."""
        return 0

    def clear(self) -> int:
        """See `Store.clear`."""
        with self._asked():
            return sum(self._client.unlink(*keys) for keys in self._batches("answer:"))

    def holdings(self) -> Holdings:
        """The keys of the whole database, and the memory of the whole server."""
        with self._asked(reading=True):
            memory: Any = self._client.info("memory")
            return Holdings(int(self._client.dbsize()), memory["used_memory"], self.place)

    def update(
        self, name: str, change: Change, *, keep_s: float = STATE_KEPT_S, attempt: str = ""
    ) -> None:
        """See `Store.update`. Takes two round trips, and one more for each time others were quicker."""
        key, whose = self._state(name), uuid.uuid4().hex
        there = self._look(key)
        for turn in range(MOST_TURNS):
            changed = change(there)
            if changed is None:
                return
            first_for_s = FIRST_FOR_S if turn >= PATIENT_TURNS else 0.0
            kept = [_ms(keep_s), _ms(first_for_s), _ms(MARK_KEPT_S)]
            keys = [key, f"{key}:first"] + ([f"{key}:{attempt}"] if attempt else [])
            made, there = self._make(keys, there, changed, whose, kept)
            if made:
                return
            time.sleep(random.uniform(0, PAUSE_S))  # noqa: S311 - only to spread the load
        raise OSError(f"{name}: others changed it {MOST_TURNS} times meanwhile")

    def answers(self) -> Iterator[tuple[str, Entry]]:
        """See `Store.answers`."""
        for key, value in self._all("answer:"):
            if (entry := _unframed(key, value)) is not None:
                yield key, entry

    def states(self) -> Iterator[tuple[str, bytes]]:
        """See `Store.states`."""
        for key, value in self._all("state:"):
            if key.endswith("}"):  # what follows a name is a turn or a mark
                yield key[1:-1], value

    def now(self, clock: Clock) -> Moment:  # noqa: ARG002 - machines share the server's
        """See `Store.now`: the server's time, as its last reply told it."""
        ahead_s = self._ahead_s
        epoch_s = time.time() if ahead_s is None else time.monotonic() + ahead_s
        return Moment(ONE_CLOCK, epoch_s, epoch_s)

    def condition(self) -> Condition:
        """See `Store.condition`."""
        loss = self._loss
        if loss is None:
            return Condition("redis")
        return Condition("redis", loss.reason, time.monotonic() - loss.since_s)

    def when_back(self, then: Callable[[], None]) -> None:
        """See `Store.when_back`."""
        with self._lock:
            if self._loss is not None:
                self._listeners.append(then)

    def close(self) -> None:
        """See `Store.close`; the next use connects again."""
        self._closing.set()
        self._pool.disconnect()

    def _look(self, key: str, *, reading: bool = False) -> bytes | None:
        """What is under *key*, and the server's time in the same round trip."""
        with self._asked(reading=reading):
            pipe = self._client.pipeline(transaction=False)
            pipe.get(key)
            pipe.time()
            value: bytes | None
            value, (seconds, micros) = pipe.execute()
        self._note_time(seconds, micros)
        return value

    def _make(
        self, keys: list[str], there: bytes | None, changed: bytes, whose: str, kept_ms: list[int]
    ) -> tuple[bool, bytes | None]:
        """Replace *there* by *changed*: whether that is done, and else what is there now."""
        seen = "" if there is None else hashlib.sha1(there, usedforsecurity=False).hexdigest()
        with self._asked():
            made, seconds, micros, *found = self._set_if_unchanged(
                keys=keys, args=[seen, changed, whose, *kept_ms]
            )
        self._note_time(int(seconds), int(micros))
        return bool(made), next(iter(found), None)

    def _note_time(self, seconds: int, micros: int) -> None:
        first = self._ahead_s is None
        self._ahead_s = seconds + micros / 1e6 - time.monotonic()
        if first:
            log.info("🔗 Answers and limits are shared through %s", self.place)

    @contextlib.contextmanager
    def _asked(self, *, reading: bool = False) -> Iterator[None]:
        """Around every use of the server: what it cannot do for us makes it lost.

        One that refuses writes can still be read.
        """
        loss = self._loss
        if loss is not None and not (reading and loss.can_read):
            raise StoreLost(loss.reason)
        try:
            yield
        except NoPermissionError as error:
            if reading:
                raise PermissionError(f"{self.place}: {error}") from error
            raise self._lose(error) from error
        except (RedisError, OSError) as error:
            raise self._lose(error) from error

    def _lose(self, error: Exception) -> StoreLost:
        """Note that the store is lost, and begin to look for it."""
        reason = str(error) or type(error).__name__
        can_read = isinstance(error, OutOfMemoryError | ReadOnlyError) or "MISCONF" in reason
        with self._lock:
            is_news = self._loss is None
            since_s = time.monotonic() if self._loss is None else self._loss.since_s
            self._loss = Loss(reason, since_s, can_read)
            if is_news:
                self._closing = threading.Event()
                threading.Thread(
                    target=self._watch, args=(self._closing,), name="store", daemon=True
                ).start()
        if is_news:
            log.error("🔴 The shared store %s is lost: %s", self.place, reason)
        return StoreLost(reason)

    def _watch(self, closing: threading.Event) -> None:
        """Probe the lost store until it makes a change again, on connections that are new."""
        while not closing.wait(PROBE_EVERY_S):
            self._pool.disconnect(inuse_connections=False)
            try:
                self._probe()
            except (RedisError, OSError) as error:
                log.debug("the shared store is still lost: %s", error)
            else:
                break
        with self._lock:
            loss, self._loss = self._loss, None
            listeners, self._listeners = self._listeners, []
        if loss is not None and not closing.is_set():
            lost_for_s = time.monotonic() - loss.since_s
            log.warning("🟢 The shared store %s is back after %.0f s", self.place, lost_for_s)
            for then in listeners:
                then()

    def _probe(self) -> None:
        """Make a change of no importance. Raises what redis-py raises."""
        key, kept = self._state(f"probe:{uuid.uuid4().hex}"), _ms(PROBE_EVERY_S)
        self._set_if_unchanged(keys=[key, f"{key}:first"], args=["", "1", "", kept, kept])

    def _answer(self, key: str) -> str:
        return f"{self._prefix}answer:{key}"

    def _state(self, name: str) -> str:
        """The key of a state; the braces keep it and its marks together in a cluster."""
        return f"{self._prefix}state:{{{name}}}"

    def _batches(self, kind: str) -> Iterator[list[bytes]]:
        """The keys of one kind, some at a time."""
        cursor = None
        pattern = f"{_literal(self._prefix + kind)}*"
        while cursor != 0:
            reply: Any = self._client.scan(cursor or 0, match=pattern, count=BATCH)
            cursor, keys = reply
            if keys:
                yield keys

    def _all(self, kind: str) -> Iterator[tuple[str, bytes]]:
        """The keys of one kind without what stands before them, and their values."""
        with self._asked(reading=True):
            for keys in self._batches(kind):
                for key in keys:
                    value: Any = self._client.get(key)  # one by one: together they may be large
                    if value is not None:
                        yield key.decode().removeprefix(self._prefix + kind), value


def _framed(key: str, entry: Entry) -> bytes:
    """*entry* as it is stored: with its key, so that it can never be taken for another's."""
    return f"{key}\n{entry.stored_at!r}\n".encode() + entry.body


def _unframed(key: str, value: bytes) -> Entry | None:
    """The entry in *value*; None when it is damaged, or another key's."""
    try:
        head, stored_at, body = value.split(b"\n", 2)
        return Entry(body, float(stored_at)) if head == key.encode() else None
    except ValueError:
        return None


def _ms(duration_s: float) -> int:
    return math.ceil(duration_s * 1000)


def _literal(text: str) -> str:
    """*text* in a pattern of `SCAN`."""
    return "".join(f"\\{sign}" if sign in "*?[]^\\" else sign for sign in text)


def _without_password(url: str) -> str:
    """Where the store is, for people: without user, password and options."""
    parts = urllib.parse.urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}"
