"""Who of the processes of one machine works on what: a lock on one byte of a file for each claim.

The kernel gives a claim up with the process that made it, however that ends, so that nobody has to
renew one or to wait for it to run out; and taking one writes nothing to any disk.
"""

import fcntl
import hashlib
import logging
import os
import struct
import sys
import threading
from pathlib import Path

log = logging.getLogger("trimaran.storage")

FILE_NAME = "claims"
FLOCK = "hhqqi"  # struct flock of Linux: type, whence, start, length, pid


class Claims:
    """Claims on names, made through the file in *folder*, which is opened at the first use.

    Locks of the open file, not of the process: two stores of one process are two parties. Where the
    file cannot be used everybody gets what they ask for, which is said once in the log.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE_NAME
        self._lock = threading.Lock()
        self._file: int | None = None
        self._held: set[str] = set()
        self._works = True

    def take(self, name: str) -> bool:
        """Whether *name* is ours from now on, as far as can be found out."""
        with self._lock:
            if name in self._held:
                return False
            try:
                self._change(self._opened(), name, fcntl.F_WRLCK)
            except BlockingIOError:
                return False
            except OSError as error:
                self._note_failure(error)
                return True
            self._works = True
            self._held.add(name)
            return True

    def give_back(self, name: str) -> None:
        """Let others have *name*, which was ours."""
        with self._lock:
            if name not in self._held or self._file is None:
                return
            self._held.discard(name)
            try:
                self._change(self._file, name, fcntl.F_UNLCK)
            except OSError as error:
                self._note_failure(error)
                self._let_go()

    def close(self) -> None:
        """Give everything back; the next use opens the file again."""
        with self._lock:
            self._let_go()

    def _opened(self) -> int:
        """The file, opened anew where another, or none, is now where it was.

        Others cannot see what is held in a file that is gone, so that is given up.
        """
        if self._file is not None and self._is_replaced(self._file):
            self._let_go()
        if self._file is None:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        return self._file

    def _is_replaced(self, file: int) -> bool:
        try:
            return not os.path.samestat(self._path.stat(), os.fstat(file))
        except FileNotFoundError:
            return True

    def _let_go(self) -> None:
        if self._file is not None:
            os.close(self._file)
        self._file = None
        self._held.clear()

    def _note_failure(self, error: OSError) -> None:
        """Say that nobody can agree with others here, unless that is known."""
        if self._works:
            log.warning("%s cannot be used, each process asks for itself: %s", self._path, error)
        self._works = False

    @staticmethod
    def _change(file: int, name: str, kind: int) -> None:
        # Two names may share a byte: then one waits for the other, for nothing, once in an age.
        place = int.from_bytes(hashlib.sha256(name.encode()).digest()[:7], "big")
        fcntl.fcntl(file, fcntl.F_OFD_SETLK, struct.pack(FLOCK, kind, os.SEEK_SET, place, 1, 0))


def claims_in(folder: Path) -> Claims | None:
    """Claims for the processes that share *folder*; None where the system has no such locks."""
    return Claims(folder) if sys.platform == "linux" else None
