"""`python -m bench.cache_size`: a cache of a million answers beside one of a thousand.

How long a look takes for answers chosen at random, and the first look after the file was opened, which
is what a start waits for.
"""

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.load.tables import table
from bench.load.wire import openai_reply
from storage import Entry
from storage.sqlite import SqliteStore

SIZES = (1_000, 1_000_000)
LOOKS = 20_000
OPENINGS = 20
HEAD = ("answers", "file, MB", "look p50, µs", "look p99, µs", "first look after a start, ms")


@dataclass(frozen=True, slots=True)
class Size:
    """What was measured for a cache of so many answers."""

    answers: int
    file_mb: float
    p50_us: float
    p99_us: float
    start_ms: float


def key(number: int) -> str:
    """The name of an answer, spread as hashes are."""
    return f"{random.Random(number).getrandbits(256):064x}"


def fill(file: Path, answers: int) -> None:
    """Store *answers* of about a kilobyte."""
    store, body = SqliteStore(file), openai_reply().encode()
    for number in range(answers):
        store.put(key(number), Entry(body, time.time()))
    store.close()


def looks_us(store: SqliteStore, answers: int, looks: int) -> list[float]:
    """How long each of so many looks took, in microseconds, after some that open and warm the file."""
    chance, times = random.Random(1), []
    for number in range(looks + 1_000):
        name = key(chance.randrange(answers))
        begin = time.perf_counter_ns()
        found = store.get(name)
        took = (time.perf_counter_ns() - begin) / 1_000
        assert found
        if number >= 1_000:
            times.append(took)
    return times


def first_look_ms(file: Path) -> float:
    """Opening the file and one look, in milliseconds; the median of some."""
    times = []
    for number in range(OPENINGS):
        name, store = key(number), SqliteStore(file)
        begin_s = time.perf_counter()
        assert store.get(name)
        times.append((time.perf_counter() - begin_s) * 1_000)
        store.close()
    return statistics.median(times)


def measured(answers: int, looks: int = LOOKS) -> Size:
    """A cache of *answers*, made for this and removed again."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "cache.db"
        fill(file, answers)
        store = SqliteStore(file)
        times = sorted(looks_us(store, answers, looks))
        store.close()
        return Size(
            answers,
            file.stat().st_size / 1e6,
            statistics.median(times),
            times[len(times) * 99 // 100],
            first_look_ms(file),
        )


def report(sizes: tuple[int, ...] = SIZES) -> str:
    """The table, and how the largest stands to the smallest."""
    found = [measured(size) for size in sizes]
    ratio, longer = (
        found[-1].p99_us / found[0].p99_us,
        found[-1].start_ms / found[0].start_ms,
    )
    said = f"p99: {ratio:.2f} × (goal ≤ 2); start: {longer:.2f} × (goal: not longer)."
    return f"{table(HEAD, _rows(found))}\n\n{said}"


def _rows(found: list[Size]) -> Iterator[tuple[str, ...]]:
    for own in found:
        times = (f"{own.p50_us:.1f}", f"{own.p99_us:.1f}", f"{own.start_ms:.2f}")
        yield (f"{own.answers:,}", f"{own.file_mb:,.0f}", *times)


def main() -> None:
    """Print it."""
    parser = argparse.ArgumentParser(prog="python -m bench.cache_size", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    print(report(tuple(parser.parse_args().sizes)))


if __name__ == "__main__":
    main()
