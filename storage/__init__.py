"""Where cached answers and the limits' state live: one small protocol, and which store to open."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


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


class Store(Protocol):
    """Synchronous and quick; raises `OSError` when the store cannot do its work.

    `waits` says whether a call may have to wait for a disk or for another process.
    """

    waits: bool

    def get(self, key: str) -> Entry | None:
        """The answer under *key*; None when there is none, or it is damaged."""
        ...

    def put(self, key: str, entry: Entry) -> None:
        """Store *entry* under *key*, whole or not at all."""
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

    def update(self, name: str, change: Callable[[bytes | None], bytes | None]) -> None:
        """Replace the state called *name* by what *change* makes of it, as one step for all processes.

        *change* is given None where there is no state. When it returns None nothing is written,
        and when it returns empty bytes the state is removed.
        """
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...
