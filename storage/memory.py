"""A store that lasts as long as the process: for tests, and when no directory can be written."""

import threading
from collections.abc import Callable

from storage import Entry, Holdings


class MemoryStore:
    """See `Store`."""

    waits = False

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._answers: dict[str, Entry] = {}
        self._state: dict[str, bytes] = {}

    def get(self, key: str) -> Entry | None:
        """See `Store.get`."""
        return self._answers.get(key)

    def put(self, key: str, entry: Entry) -> None:
        """See `Store.put`."""
        with self._lock:
            self._answers[key] = entry

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

    def update(self, name: str, change: Callable[[bytes | None], bytes | None]) -> None:
        """See `Store.update`."""
        with self._lock:
            changed = change(self._state.get(name))
            if changed:
                self._state[name] = changed
            elif changed is not None:
                self._state.pop(name, None)

    def close(self) -> None:
        """See `Store.close`."""

    def _remove(self, keys: list[str]) -> int:
        for key in keys:
            del self._answers[key]
        return len(keys)
