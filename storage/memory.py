"""A store that lasts as long as the process: for tests, and when no directory can be written."""

import threading
from collections.abc import Callable, Iterator, Sequence

from clock import Clock
from storage import ANSWERS_KEPT_S, STATE_KEPT_S, Change, Condition, Entry, Holdings
from storage.claims import Claims
from storage.ledger import Moment, moment


class MemoryStore:
    """See `Store`."""

    waits = False
    is_remote = False
    claims: Claims | None = None

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._answers: dict[str, Entry] = {}
        self._state: dict[str, bytes] = {}

    def get(self, key: str) -> Entry | None:
        """See `Store.get`."""
        return self._answers.get(key)

    def put(self, key: str, entry: Entry, *, keep_s: float = ANSWERS_KEPT_S) -> None:  # noqa: ARG002 - `remove_before` ends it
        """See `Store.put`."""
        with self._lock:
            self._answers[key] = entry

    def put_all(
        self, entries: Sequence[tuple[str, Entry]], *, keep_s: float = ANSWERS_KEPT_S
    ) -> None:
        """See `Store.put_all`."""
        for key, entry in entries:
            self.put(key, entry, keep_s=keep_s)

    def remove_before(self, stored_at: float) -> int:
        """See `Store.remove_before`."""
        with self._lock:
            old = [key for key, entry in self._answers.items() if entry.stored_at < stored_at]
            return self._remove(old)

    def shrink(self, size_bytes: int) -> int:
        """See `Store.shrink`."""
        with self._lock:
            excess = self.holdings().size_bytes - size_bytes
            oldest_first = sorted(self._answers, key=lambda key: self._answers[key].stored_at)
            removed = 0
            while excess > 0 and oldest_first:
                key = oldest_first.pop(0)
                excess -= len(self._answers[key].body)
                removed += self._remove([key])
            return removed

    def clear(self) -> int:
        """See `Store.clear`."""
        with self._lock:
            return self._remove(list(self._answers))

    def holdings(self) -> Holdings:
        """See `Store.holdings`."""
        with self._lock:
            size = sum(len(entry.body) for entry in self._answers.values())
            return Holdings(len(self._answers), size, "memory")

    def update(
        self,
        name: str,
        change: Change,
        *,
        keep_s: float = STATE_KEPT_S,  # noqa: ARG002 - kept for good
        attempt: str = "",  # noqa: ARG002 - whoever makes a change here hears of it
    ) -> None:
        """See `Store.update`."""
        with self._lock:
            changed = change(self._state.get(name))
            if changed:
                self._state[name] = changed
            elif changed is not None:
                self._state.pop(name, None)

    def answers(self) -> Iterator[tuple[str, Entry]]:
        """See `Store.answers`."""
        yield from list(self._answers.items())

    def states(self) -> Iterator[tuple[str, bytes]]:
        """See `Store.states`."""
        yield from list(self._state.items())

    def now(self, clock: Clock) -> Moment:
        """See `Store.now`."""
        return moment(clock)

    def condition(self) -> Condition:
        """See `Store.condition`."""
        return Condition("memory")

    def when_back(self, then: Callable[[], None]) -> None:
        """See `Store.when_back`."""

    def close(self) -> None:
        """See `Store.close`."""

    def _remove(self, keys: list[str]) -> int:
        for key in keys:
            del self._answers[key]
        return len(keys)
