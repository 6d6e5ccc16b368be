"""The embedded store: one SQLite file (WAL) that several worker processes share.

What is written survives a kill at any moment (`synchronous=NORMAL`: a power loss may cost the last
commits). A file that is damaged or not ours is moved aside, and a new one is begun.
"""

import contextlib
import logging
import os
import sqlite3
import tempfile
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from clock import Clock
from storage import ANSWERS_KEPT_S, STATE_KEPT_S, Change, Condition, Entry, Holdings, Store
from storage.ledger import Moment, moment
from storage.memory import MemoryStore

log = logging.getLogger("trimaran.storage")

FILE_NAME = "cache.db"
BUSY_TIMEOUT_S = 2.0
MOST_REMOVED = 2_000  # answers at a time: cleaning up must not hold anybody up
SCHEMA_VERSION = 1
SCHEMA = f"""
    CREATE TABLE IF NOT EXISTS answers (
        key TEXT PRIMARY KEY, stored_at REAL NOT NULL, check_sum INTEGER NOT NULL, body BLOB NOT NULL
    );
    CREATE INDEX IF NOT EXISTS answers_by_age ON answers (stored_at);
    CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
    PRAGMA user_version = {SCHEMA_VERSION};
"""


class SqliteStore:
    """See `Store`. Each thread has a connection of its own; the first use opens the file.

    Raises `OSError` from every method when SQLite cannot do what is asked, disk full among it.
    """

    waits = True
    is_remote = False

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = threading.local()
        self._generation = 0
        self._lock = threading.Lock()
        self._open: list[sqlite3.Connection] = []

    def get(self, key: str) -> Entry | None:
        """See `Store.get`."""
        with self._connection() as db:
            row = db.execute(
                "SELECT stored_at, check_sum, body FROM answers WHERE key = ?", (key,)
            ).fetchone()
        if row is None or zlib.crc32(row[2]) != row[1]:
            return None
        return Entry(body=row[2], stored_at=row[0])

    def put(self, key: str, entry: Entry, *, keep_s: float = ANSWERS_KEPT_S) -> None:  # noqa: ARG002 - `remove_before` ends it
        """See `Store.put`."""
        with self._connection() as db:
            db.execute(
                "INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?)",
                (key, entry.stored_at, zlib.crc32(entry.body), entry.body),
            )

    def remove_before(self, stored_at: float) -> int:
        """See `Store.remove_before`."""
        with self._connection() as db:
            return db.execute(
                "DELETE FROM answers WHERE key IN"
                " (SELECT key FROM answers WHERE stored_at < ? ORDER BY stored_at LIMIT ?)",
                (stored_at, MOST_REMOVED),
            ).rowcount

    def shrink(self, size_bytes: int) -> int:
        """See `Store.shrink`."""
        removed = 0
        while removed < MOST_REMOVED and self._used_bytes() > size_bytes:
            with self._connection() as db:
                batch = db.execute(
                    "DELETE FROM answers WHERE key IN"
                    " (SELECT key FROM answers ORDER BY stored_at LIMIT 100)"
                ).rowcount
            if batch == 0:
                break
            removed += batch
        return removed

    def clear(self) -> int:
        """See `Store.clear`."""
        with self._connection() as db:
            removed = db.execute("DELETE FROM answers").rowcount
            db.execute("VACUUM")  # what was erased must not be readable in the file
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return removed

    def holdings(self) -> Holdings:
        """See `Store.holdings`."""
        with self._connection() as db:
            entries = db.execute("SELECT COUNT(*) FROM answers").fetchone()[0]
        return Holdings(entries, self._used_bytes(), str(self.path))

    def update(
        self,
        name: str,
        change: Change,
        *,
        keep_s: float = STATE_KEPT_S,  # noqa: ARG002 - kept for good
        attempt: str = "",  # noqa: ARG002 - whoever makes a change here hears of it
    ) -> None:
        """See `Store.update`."""
        with self._connection() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                row = db.execute("SELECT value FROM state WHERE name = ?", (name,)).fetchone()
                changed = change(row[0] if row else None)
                if changed:
                    db.execute("INSERT OR REPLACE INTO state VALUES (?, ?)", (name, changed))
                elif changed is not None:
                    db.execute("DELETE FROM state WHERE name = ?", (name,))
            except BaseException:
                db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")

    def answers(self) -> Iterator[tuple[str, Entry]]:
        """See `Store.answers`."""
        with self._connection() as db:
            keys = [row[0] for row in db.execute("SELECT key FROM answers")]
        for key in keys:
            if (entry := self.get(key)) is not None:
                yield key, entry

    def states(self) -> Iterator[tuple[str, bytes]]:
        """See `Store.states`."""
        with self._connection() as db:
            yield from db.execute("SELECT name, value FROM state").fetchall()

    def now(self, clock: Clock) -> Moment:
        """See `Store.now`."""
        return moment(clock)

    def condition(self) -> Condition:
        """See `Store.condition`."""
        return Condition("sqlite")

    def when_back(self, then: Callable[[], None]) -> None:
        """See `Store.when_back`."""

    def close(self) -> None:
        """See `Store.close`; the next use opens the file again."""
        with self._lock:
            self._generation += 1
            for db in self._open:
                db.close()
            self._open.clear()

    def _used_bytes(self) -> int:
        with self._connection() as db:
            pages, free, size = (
                db.execute(f"PRAGMA {name}").fetchone()[0]
                for name in ("page_count", "freelist_count", "page_size")
            )
        return int((pages - free) * size)

    @contextlib.contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """This thread's connection; a damaged file is replaced, so that the next use succeeds."""
        try:
            if getattr(self._local, "generation", None) != self._generation:
                self._local.db, self._local.generation = self._connect(), self._generation
            yield self._local.db
        except sqlite3.DatabaseError as error:
            if _is_damage(error):
                self._begin_anew()
            raise OSError(f"{self.path.name}: {error}") from error

    def _connect(self) -> sqlite3.Connection:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path.touch(mode=0o600)
        try:
            db = self._prepare()
        except sqlite3.DatabaseError as error:
            if not _is_damage(error):
                raise
            self._move_aside()
            db = self._prepare()
        with self._lock:
            self._open.append(db)
        return db

    def _prepare(self) -> sqlite3.Connection:
        db = sqlite3.connect(
            self.path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
        )
        try:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = NORMAL")
            db.execute("PRAGMA secure_delete = ON")
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version not in (0, SCHEMA_VERSION):
                raise sqlite3.NotSupportedError(f"schema version {version} is not known here")
            if version == 0:
                db.executescript(SCHEMA)
        except BaseException:
            db.close()
            raise
        return db

    def _begin_anew(self) -> None:
        self.close()
        self._move_aside()

    def _move_aside(self) -> None:
        aside = self.path.with_name(f"{self.path.name}.damaged-{time.time_ns()}")
        with contextlib.suppress(FileNotFoundError):  # another process may have been quicker
            self.path.rename(aside)
        for suffix in ("-wal", "-shm"):
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
        log.error("%s was damaged and has been moved to %s", self.path, aside.name)


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    """Whether the file itself is unusable: damaged, no database, or written by another schema."""
    if isinstance(error, sqlite3.NotSupportedError):
        return True
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB) or "no such table" in str(error)


def open_store(directory: Path) -> Store:
    """The store in *directory*, else in a folder of our own among the temporary ones, else in memory."""
    for place in (directory, Path(tempfile.gettempdir()) / f"trimaran-{os.getuid()}"):
        store = SqliteStore(place / FILE_NAME)
        try:
            store.holdings()
            if place is not directory and place.stat().st_uid != os.getuid():
                raise PermissionError(f"{place} belongs to somebody else")
        except OSError as error:
            log.warning("the cache cannot be kept in %s: %s", place, error)
        else:
            return store
    log.warning("no directory can be written: cache and limits last as long as the process")
    return MemoryStore()
