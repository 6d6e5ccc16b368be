"""Where cached answers and the limits' state live: one small protocol that every store keeps."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from clock import Clock
from storage.claims import Claims
from storage.ledger import Moment

HOUR_S = 3600.0
ANSWERS_KEPT_S = 48 * HOUR_S
STATE_KEPT_S = 8 * 24 * HOUR_S  # longer than any day, hold or forecast


class StoreLost(OSError):
    """A shared store cannot be reached; it has said so in the log, once."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A stored answer: its JSON bytes, and when it was stored (epoch seconds)."""

    body: bytes
    stored_at: float


@dataclass(frozen=True, slots=True)
class Holdings:
    """How much a store holds."""

    entries: int
    size_bytes: int
    place: str


@dataclass(frozen=True, slots=True)
class Condition:
    """What kind of store it is, and why it is lost and since how many seconds, if it is."""

    kind: str
    lost: str = ""
    lost_for_s: float = 0.0


Change = Callable[[bytes | None], bytes | None]


class Store(Protocol):
    """Synchronous and quick; raises `OSError` when the store cannot do its work.

    `waits` says whether a change may have to wait for a disk or for another process, `is_remote`
    whether even a look is a journey. `claims` are how those who share it agree at once who works on
    what; None where that takes states, or where nobody shares it.
    """

    waits: bool
    is_remote: bool
    claims: Claims | None

    def get(self, key: str) -> Entry | None:
        """The answer under *key*; None when there is none, or it is damaged."""
        ...

    def put(self, key: str, entry: Entry, *, keep_s: float = ANSWERS_KEPT_S) -> None:
        """Store *entry* under *key*, whole or not at all; after *keep_s* it may be forgotten."""
        ...

    def put_all(
        self, entries: Sequence[tuple[str, Entry]], *, keep_s: float = ANSWERS_KEPT_S
    ) -> None:
        """`put` for several entries in one step."""
        ...

    def remove_before(self, stored_at: float) -> int:
        """Remove answers stored before that moment, not too many at once; how many it were."""
        ...

    def shrink(self, size_bytes: int) -> int:
        """Remove the oldest answers until at most *size_bytes* are held, not too many at once.

        How many it were.
        """
        ...

    def clear(self) -> int:
        """Remove all answers (not the limits' state); how many there were."""
        ...

    def holdings(self) -> Holdings:
        """How much it holds, and where."""
        ...

    def update(
        self, name: str, change: Change, *, keep_s: float = STATE_KEPT_S, attempt: str = ""
    ) -> None:
        """Replace the state called *name* by what *change* makes of it, as one step for all processes.

        *change* is given None where there is no state. When it returns None nothing is written,
        and when it returns empty bytes the state is removed. It may be called again when somebody
        else was quicker, and must do nothing but compute. After *keep_s* without a change the
        state may be forgotten. A change that was made already under the name *attempt*, although
        its maker never heard of it, is not made again.
        """
        ...

    def answers(self) -> Iterator[tuple[str, Entry]]:
        """Every answer with its key, in no order."""
        ...

    def states(self) -> Iterator[tuple[str, bytes]]:
        """Every state with its name, in no order."""
        ...

    def now(self, clock: Clock) -> Moment:
        """This moment, as all who share the store reckon it; by *clock* where they share a machine."""
        ...

    def condition(self) -> Condition:
        """How the store is, as far as it knows without looking."""
        ...

    def when_back(self, then: Callable[[], None]) -> None:
        """Call *then* once, from any thread, when a lost store is back.

        One that only failed, and is not lost, is simply tried again at its next use.
        """
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...


def shared_store(url: str, prefix: str) -> Store | None:
    """The Valkey or Redis at *url*, with keys that begin with *prefix*; None without a URL.

    Nothing is connected yet. Raises `ValueError` for an address that cannot be one.
    """
    if not url:
        return None
    from storage.redis import RedisStore  # here, so that a start without it does not pay for it

    return RedisStore(url, prefix)
