"""`python -m bench.performance`: everything that is measured, into docs/performance.md.

Each part has its place in the page between two comments, and replaces only that. A part that fails
says so there, and the others go on. It takes about an hour; let the machine rest meanwhile.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from bench import cache_size, cold_start, first_token, growth, instructions, memory, pdf
from bench.load import nginx, tables, works
from bench.load.session import check_tools, measured, setting
from bench.peers import places
from bench.peers import subjects as peers

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
ROUNDS, SECONDS = 5, 4
FIRST_TOKENS = 100


def load() -> str:
    """The service, its floors and the peers that are installed, in turn."""
    with tempfile.TemporaryDirectory() as folder, nginx.providers(Path(folder)) as upstream:
        chosen = [*works.FULL, *peers.works_of(upstream)]
        subjects = [
            *works.subjects(Path(folder), upstream),
            *peers.subjects(Path(folder), upstream),
        ]
        samples, faults = measured(chosen, subjects, upstream, rounds=ROUNDS, seconds=SECONDS)
    parts = [
        _versions(),
        tables.of_works(chosen, samples),
        tables.of_goals([*works.GOALS, *peers.goals()], samples),
        *(f"Not measured: {fault}" for fault in faults),
    ]
    return "\n\n".join(parts)


def first_tokens() -> str:
    """The time to the first token, through the service and without it."""
    rows = (str(row) for row in first_token.rows(FIRST_TOKENS))
    return "\n".join((first_token.HEAD, *rows))


PARTS: Mapping[str, Callable[[], str]] = {
    "load": load,
    "first token": first_tokens,
    "memory": memory.report,
    "cache size": cache_size.report,
    "cold start": cold_start.report,
    "growth": growth.report,
    "pdf": pdf.report,
    "instructions": instructions.report,
}


def outcome(part: Callable[[], str]) -> str:
    """What *part* has to tell, or that it failed."""
    begin_s = time.monotonic()
    try:
        told = part()
    except Exception as error:  # noqa: BLE001 - an hour's work is not lost for one part
        told = f"**It failed:** `{type(error).__name__}: {error}`"
    took_s = time.monotonic() - begin_s
    return f"{told}\n\nMeasured on {datetime.now(UTC):%Y-%m-%d} in {took_s:.0f} s."


def _versions() -> str:
    """The machine and what was measured on it."""
    there = [f"{name} {places.VERSIONS[name]}" for name in places.installed()]
    others = f" Peers: {', '.join(there)}." if there else " No peers are installed."
    return setting() + others


def main() -> None:
    """Measure, print, and write each part into the page as soon as it is there."""
    parser = argparse.ArgumentParser(prog="python -m bench.performance", description=__doc__)
    parser.add_argument("--only", choices=PARTS, nargs="+", default=list(PARTS))
    parser.add_argument("--print", action="store_true", help="leave the page as it is")
    options = parser.parse_args()
    check_tools()
    for name in options.only:
        told = outcome(PARTS[name])
        print(f"\n## {name}\n\n{told}", flush=True)
        if not options.print:
            PAGE.write_text(tables.replaced(PAGE.read_text(), name, told))


if __name__ == "__main__":
    main()
