"""Carries what one store knows to another: `python -m storage.carry FROM TO [PREFIX]`.

FROM and TO are a cache directory (`.cache`) or the URL of a Valkey or Redis, whose keys begin with
PREFIX (`trimaran`). Nothing is removed where it was. Ledgers that are there already become nowhere
less careful; an answer that is there already and is newer stays.
"""

import functools
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from storage import ANSWERS_KEPT_S, Store, shared_store
from storage.ledger import Ledger, Moment, dump, load
from storage.sqlite import FILE_NAME, SqliteStore

LEDGER = "ledger:"


@dataclass(frozen=True, slots=True)
class Carried:
    """How many answers and ledgers were carried over."""

    answers: int = 0
    ledgers: int = 0


def carry(source: Store, target: Store, now_s: float) -> Carried:
    """Copy the answers and ledgers of *source* into *target*; *now_s* is seconds since the epoch.

    Leases are left out: they end by themselves. Raises `OSError` when a store fails.
    """
    answers = ledgers = 0
    for key, entry in source.answers():
        there = target.get(key)
        left_s = entry.stored_at + ANSWERS_KEPT_S - now_s
        if left_s > 0 and (there is None or there.stored_at < entry.stored_at):
            target.put(key, entry, keep_s=left_s)
            answers += 1
    now = Moment("", now_s, now_s)
    for name, state in source.states():
        if name.startswith(LEDGER):
            target.update(name, functools.partial(_both, state, now))
            ledgers += 1
    return Carried(answers, ledgers)


def _both(ours: bytes, now: Moment, there: bytes | None) -> bytes:
    """Two ledgers of one account as one."""
    return dump(_ledger(there, now).at_least(_ledger(ours, now), now))


def _ledger(record: bytes | None, now: Moment) -> Ledger:
    """The ledger in *record*; one that cannot be read is a lost one."""
    try:
        return load(record) if record is not None else Ledger()
    except ValueError:
        return Ledger(lost=now)


def opened(place: str, prefix: str) -> Store:
    """The store at a directory or URL. Raises `FileNotFoundError` where there is no such directory."""
    if "://" in place:
        store = shared_store(place, prefix)
        assert store is not None, "a URL names a store"  # noqa: S101
        return store
    if not Path(place).is_dir():
        raise FileNotFoundError(f"there is no directory {place!r}")
    return SqliteStore(Path(place) / FILE_NAME)


def main(source: str, target: str, prefix: str = "trimaran") -> None:
    """Carry, and say how much it was."""
    stores = opened(source, prefix), opened(target, prefix)
    try:
        carried = carry(*stores, time.time())
    finally:
        for store in stores:
            store.close()
    print(f"{carried.answers} answers and {carried.ledgers} ledgers were carried over")  # noqa: T201


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    try:
        main(*sys.argv[1:])
    except (OSError, ValueError) as error:
        sys.exit(f"nothing more can be carried: {error}")
