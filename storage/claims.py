"""Who of the processes of one machine works on what: a lock on one byte of a file for each claim.

The kernel gives a claim up with the process that made it, however that ends, so that nobody has to
renew one or to wait for it to run out; and taking one writes nothing to any disk.
"""

import fcntl
import hashlib
import os
import struct
import sys
import threading
from pathlib import Path

FILE_NAME = "claims"
FLOCK = "hhqqi"  # struct flock of Linux: type, whence, start, length, pid


class Claims:
    """Claims on names, made through the file in *folder*, which is opened at the first use.

    Locks of the open file, not of the process: two stores of one process are two parties.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE_NAME
        self._lock = threading.Lock()
        self._file: int | None = None
        self._held: set[str] = set()

    def take(self, name: str) -> bool:
        """Whether *name* is ours from now on. Raises `OSError` when that cannot be found out."""
        with self._lock:
            if name in self._held:
                return False
            try:
                self._change(name, fcntl.F_WRLCK)
            except BlockingIOError:
                return False
            self._held.add(name)
            return True

    def give_back(self, name: str) -> None:
        """Let others have *name*, which was ours."""
        with self._lock:
            if name in self._held:
                self._held.discard(name)
                self._change(name, fcntl.F_UNLCK)

    def close(self) -> None:
        """Give everything back; the next use opens the file again."""
        with self._lock:
            if self._file is not None:
                os.close(self._file)
            self._file = None
            self._held.clear()

    def _change(self, name: str, kind: int) -> None:
        if self._file is None:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        # Two names may share a byte: then one waits for the other, for nothing, once in an age.
        place = int.from_bytes(hashlib.sha256(name.encode()).digest()[:7], "big")
        fcntl.fcntl(
            self._file, fcntl.F_OFD_SETLK, struct.pack(FLOCK, kind, os.SEEK_SET, place, 1, 0)
        )


def claims_in(folder: Path) -> Claims | None:
    """Claims for the processes that share *folder*; None where the system has no such locks."""
    return Claims(folder) if sys.platform == "linux" else None
