"""`python -m bench.memory`: what the service holds after a hundred thousand answers, and whether it grows.

All questions differ, and the cache takes them all in until it is full.
"""

import argparse
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.load import machine, nginx, ours, wrk
from bench.load.session import check_tools
from bench.load.subjects import running
from bench.load.tables import table
from bench.load.works import CHAT

REQUESTS = 100_000
STEP_S = 5
GOAL_MB = 90
HEAD = ("answers", "resident, MB")


@dataclass(frozen=True, slots=True)
class Held:
    """How much memory was held after so many answers."""

    answers: int
    resident_mb: float


def growth_mb(held: list[Held]) -> float:
    """By how much it grew in the second half, when caches of all kinds are full, in megabytes."""
    half = held[-1].answers / 2
    middle = next(own for own in held if own.answers >= half)
    return held[-1].resident_mb - middle.resident_mb


def watched(requests: int) -> Iterator[Held]:
    """The memory at the start, and after every few seconds of load until *requests* are answered."""
    with (
        tempfile.TemporaryDirectory() as folder,
        nginx.providers(Path(folder)) as upstream,
        running(ours.service("service", Path(folder), ours.gemini(upstream.url, "bench"))) as own,
    ):
        answers = 0
        yield Held(answers, machine.resident_bytes(own.pid) / 1e6)
        while answers < requests:
            loaded = wrk.load(own.port, CHAT, duration_s=STEP_S, connections=32)
            assert not loaded.errors
            answers += loaded.requests
            yield Held(answers, machine.resident_bytes(own.pid) / 1e6)


def report(requests: int = REQUESTS) -> str:
    """The table, and in a line what came of it."""
    held = list(watched(requests))
    steps = [held[len(held) * share // 10] for share in range(10)]
    rows = dict.fromkeys((*steps, held[-1]))
    said = f"At the end {held[-1].resident_mb:.0f} MB (goal: under {GOAL_MB}, and flat)"
    grown = f"{growth_mb(held):+.1f} MB over the second half."
    lines = [(f"{own.answers:,}", f"{own.resident_mb:.1f}") for own in rows]
    return f"{table(HEAD, lines)}\n\n{said}; {grown}"


def main() -> None:
    """Print it."""
    parser = argparse.ArgumentParser(prog="python -m bench.memory", description=__doc__)
    parser.add_argument("--requests", type=int, default=REQUESTS)
    options = parser.parse_args()
    check_tools()
    print(report(options.requests))


if __name__ == "__main__":
    main()
