"""The embedded store: one SQLite file (WAL) that several worker processes share.

What is written survives a kill at any moment (`synchronous=NORMAL`: a power loss may cost the last
commits). A file that is damaged or not ours is moved aside, and a new one is begun, which says that
the limits' state was lost. One of an older version is brought up to date; one of a newer version is
left as it is, and another is used beside it.
"""

import contextlib
import fcntl
import logging
import os
import sqlite3
import tempfile
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from clock import SYSTEM_CLOCK, Clock
from storage import ANSWERS_KEPT_S, STATE_KEPT_S, Change, Condition, Entry, Holdings, Store
from storage.claims import claims_in
from storage.ledger import Ledger, Moment, dump, moment
from storage.memory import MemoryStore

log = logging.getLogger("trimaran.storage")

FILE_NAME = "cache.db"
BUSY_TIMEOUT_S = 2.0
BUSY_LOOK_S = 0.02
PAGES_KIB = 256  # that each connection keeps; the system keeps the file in memory anyhow
MOST_REMOVED = 2_000  # answers at a time: cleaning up must not hold anybody up
# Each step brings a file one version further, and `user_version` says how far it is. What is there
# stays; a step only adds, so that a process of the version before can go on with the file.
STEPS: tuple[tuple[str, ...], ...] = (
    (
        "CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, stored_at REAL NOT NULL,"
        " check_sum INTEGER NOT NULL, body BLOB NOT NULL)",
        "CREATE INDEX IF NOT EXISTS answers_by_age ON answers (stored_at)",
        "CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID",
    ),
)
LOST = "*"  # the state of everything that has none of its own, once what there was has been lost


class WrittenByNewer(sqlite3.NotSupportedError):
    """The file has been written by a version that came after this one."""


class SqliteStore:
    """See `Store`. Whoever uses the file has a connection to itself meanwhile; the first use opens it.

    There are as many connections as were ever in use at once, and not one for each thread: threads
    come and go, and each connection holds two files and some pages of them.

    *steps* lead from an empty file to this version's.
    Raises `OSError` from every method when SQLite cannot do what is asked, disk full among it.
    """

    waits = True
    is_remote = False

    def __init__(
        self,
        path: Path,
        steps: Sequence[Sequence[str]] = STEPS,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self.path = path
        self.clock = clock
        self._steps = steps
        self._beside = path.with_name(f"{path.stem}.v{len(steps)}{path.suffix}")
        self._generation = 0  # connections of an earlier one are not used again
        self._lock = threading.Lock()
        self._idle: list[sqlite3.Connection] = []
        self._inode = 0
        self.claims = claims_in(path.parent)

    def get(self, key: str) -> Entry | None:
        """See `Store.get`."""
        with self._connection() as db:
            row = db.execute(
                "SELECT stored_at, check_sum, body FROM answers WHERE key = ?", (key,)
            ).fetchone()
        if row is None or not (isinstance(row[0], int | float) and isinstance(row[2], bytes)):
            return None
        entry = Entry(body=row[2], stored_at=row[0])
        # The first files have check sums of the body alone.
        is_whole = row[1] in (_check_sum(key, entry), zlib.crc32(entry.body))
        return entry if is_whole else None

    def put(self, key: str, entry: Entry, *, keep_s: float = ANSWERS_KEPT_S) -> None:  # noqa: ARG002 - `remove_before` ends it
        """See `Store.put`."""
        self.put_all([(key, entry)])

    def put_all(
        self,
        entries: Sequence[tuple[str, Entry]],
        *,
        keep_s: float = ANSWERS_KEPT_S,  # noqa: ARG002 - `remove_before` ends it
    ) -> None:
        """See `Store.put_all`."""
        rows = [(k, own.stored_at, _check_sum(k, own), own.body) for k, own in entries]
        with self._connection() as db:
            db.execute("BEGIN IMMEDIATE")
            db.executemany("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?)", rows)
            db.execute("COMMIT")

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
                row = db.execute(
                    "SELECT value FROM state WHERE name IN (?, ?) ORDER BY name = ? DESC",
                    (name, LOST, name),
                ).fetchone()
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
        self._disconnect()
        if self.claims is not None:
            self.claims.close()

    def _disconnect(self) -> None:
        with self._lock:
            self._generation += 1
            idle, self._idle = self._idle, []
        for db in idle:  # those in use are closed by whoever uses them
            db.close()

    def _used_bytes(self) -> int:
        with self._connection() as db:
            pages, free, size = (
                db.execute(f"PRAGMA {name}").fetchone()[0]
                for name in ("page_count", "freelist_count", "page_size")
            )
        return int((pages - free) * size)

    @contextlib.contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """A connection for this use alone; a damaged file is replaced, so that the next use succeeds."""
        db = None
        try:
            db, generation = self._take()
            yield db
        except BaseException as error:
            if db is not None:
                db.close()  # whatever it was left in the middle of is rolled back
            if not isinstance(error, sqlite3.DatabaseError | UnicodeDecodeError):
                raise
            if _is_damage(error, self.path):
                # Should that fail too, it is told of as the damage that it follows from.
                with contextlib.suppress(sqlite3.DatabaseError, UnicodeDecodeError):
                    self._begin_anew()
            raise OSError(f"{self.path.name}: {error}") from error
        self._give_back(db, generation)

    def _take(self) -> tuple[sqlite3.Connection, int]:
        """A connection, the one that was used last if there is one, and its generation."""
        if self._idle and self._is_replaced():
            self._disconnect()
        with self._lock:
            if self._idle:
                return self._idle.pop(), self._generation
        return self._connect()

    def _give_back(self, db: sqlite3.Connection, generation: int) -> None:
        with self._lock:
            if is_current := generation == self._generation:
                self._idle.append(db)
        if not is_current:
            db.close()

    def _connect(self) -> tuple[sqlite3.Connection, int]:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _alone_in(self.path.parent):
            try:
                db = self._prepare_or_replace()
            except WrittenByNewer as error:
                log.warning(
                    "%s %s: it stays as it is, %s is used", self.path, error, self._beside.name
                )
                self.path = self._beside
                db = self._prepare_or_replace()
            inode = self.path.stat().st_ino
            if inode != self._inode:
                self._disconnect()  # those that are still in use lead to a file that is gone
            self._inode, generation = inode, self._generation
        return db, generation

    def _prepare_or_replace(self) -> sqlite3.Connection:
        """The file opened; a new one in its place where it is damaged."""
        self.path.touch(mode=0o600)
        try:
            return self._prepare()
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            if not _is_damage(error, self.path):
                raise
            return self._replace()

    def _prepare(self) -> sqlite3.Connection:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path.touch(mode=0o600)
        db = sqlite3.connect(
            self.path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
        )
        try:
            version = _version(db)
            if version > len(self._steps):
                raise WrittenByNewer(f"has been written by a newer version ({version})")
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = NORMAL")
            db.execute("PRAGMA secure_delete = ON")
            db.execute(f"PRAGMA cache_size = -{PAGES_KIB}")
            if version < len(self._steps):
                self._bring_up_to_date(db)
        except BaseException:
            db.close()
            raise
        return db

    def _bring_up_to_date(self, db: sqlite3.Connection) -> None:
        """Take the steps that are missing: all of them or none, in one process at a time."""
        db.execute("BEGIN IMMEDIATE")
        try:
            version = _version(db)  # another process may have been quicker
            for number, step in enumerate(self._steps[version:], version + 1):
                for statement in step:
                    db.execute(statement)
                db.execute(f"PRAGMA user_version = {number}")
        except BaseException:
            db.execute("ROLLBACK")
            raise
        db.execute("COMMIT")
        if 0 < version < len(self._steps):
            log.info("%s is now of version %d; it was %d", self.path, len(self._steps), version)

    def _begin_anew(self) -> None:
        """Replace the file that was opened, unless another process has done so already."""
        self._disconnect()
        with _alone_in(self.path.parent):
            if not self._is_replaced():
                self._replace().close()

    def _is_replaced(self) -> bool:
        """Whether another file, or none, is now where the one was that is open."""
        try:
            return self.path.stat().st_ino != self._inode
        except FileNotFoundError:
            return True

    def _replace(self) -> sqlite3.Connection:
        """Move the file aside and begin a new one."""
        aside = self.path.with_name(f"{self.path.name}.damaged-{time.time_ns()}")
        self.path.rename(aside)
        for suffix in ("-wal", "-shm"):
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
        log.error("%s was damaged and has been moved to %s", self.path, aside.name)
        self.path.touch(mode=0o600)
        db = self._prepare()
        lost = dump(Ledger(lost=moment(self.clock)))
        db.execute("INSERT OR REPLACE INTO state VALUES (?, ?)", (LOST, lost))
        return db


@contextlib.contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """While no other process begins or replaces a file in *folder*.

    Raises `OSError` when one does so for longer than `BUSY_TIMEOUT_S`: it may have been stopped.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        _lock_within(descriptor, BUSY_TIMEOUT_S)
        yield
    finally:
        os.close(descriptor)


def _lock_within(descriptor: int, patience_s: float) -> None:
    """Lock what is open for this process alone. Raises `OSError` when that takes too long."""
    give_up_s = time.monotonic() + patience_s
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() >= give_up_s:
                raise OSError("busy: another process keeps the folder to itself") from error
            time.sleep(BUSY_LOOK_S)
        else:
            return


def _version(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def _check_sum(key: str, entry: Entry) -> int:
    """Of an answer with its key and its age: an index that is damaged may lead to another key's row."""
    return zlib.crc32(entry.body, zlib.crc32(f"{key} {float(entry.stored_at)!r}".encode()))


def _is_damage(error: sqlite3.DatabaseError | UnicodeDecodeError, path: Path) -> bool:
    """Whether the file at *path* is unusable: damaged, or no database of ours."""
    if isinstance(error, WrittenByNewer | UnicodeDecodeError):
        return not isinstance(error, WrittenByNewer)
    code = getattr(error, "sqlite_errorcode", 0)
    if code == sqlite3.SQLITE_READONLY:  # its own header says so, if the system does not
        return os.access(path, os.W_OK)
    # What we ask for is always there; where it is not, the schema is damaged.
    is_missing = str(error).startswith("no such ")
    return is_missing or code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


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
