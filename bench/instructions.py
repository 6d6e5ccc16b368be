"""`make instructions`: how many instructions a cached answer and a routed one take, beside those that are kept.

Unlike times they hardly differ from run to run, so a change that costs a tenth shows in review. A
number of requests goes through the ASGI app in one process, with a provider that answers at once and
without sockets; what its end takes without any is subtracted. valgrind counts, since most
virtual machines have no counters of their own.
"""

import argparse
import asyncio
import json
import logging
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from starlette.types import ASGIApp

from bench.asgi import ask, numbered
from bench.inside import app_in
from bench.load.machine import version_of
from bench.load.tables import table
from bench.load.wire import TEXT, text_of

ROOT = Path(__file__).parents[1]
KEPT = Path(__file__).with_suffix(".json")
WORKS = ("hit", "miss")
WARM_UP = 20
REQUESTS = 200
NOTABLE = 0.1  # a change of a tenth is worth a word


@dataclass(frozen=True, slots=True)
class Counts:
    """Instructions for each request, by work, and what they were counted with."""

    each: dict[str, int]
    counted_with: str

    @classmethod
    def read(cls, file: Path) -> "Counts | None":
        """What is kept in *file*; None when there is none."""
        return cls(**json.loads(file.read_text())) if file.exists() else None

    def keep(self, file: Path) -> None:
        """Write it to *file*."""
        file.write_text(json.dumps(asdict(self), indent=2) + "\n")


def change(now: int, before: int | None) -> str:
    """By how much *now* is more or less than *before*, marked when it is a tenth or more."""
    if not before:
        return "new"
    share = now / before - 1
    mark = "**" if abs(share) >= NOTABLE else ""
    return f"{mark}{share:+.1%}{mark}"


def compared(now: Counts, kept: Counts | None) -> str:
    """A table of both."""
    before: Mapping[str, int] = kept.each if kept else {}
    rows = []
    for work, count in now.each.items():
        known = before.get(work)
        rows.append((work, f"{count:,}", f"{known:,}" if known else "–", change(count, known)))
    return table(("work", "instructions each", "kept", "change"), rows)


def instructions_in(said: str) -> int:
    """The total that callgrind has *said*. Raises `ValueError` when there is none."""
    found = re.search(r"Collected : (\d+)", said)
    if found is None:
        raise ValueError(f"callgrind counted nothing: {said[-1000:]}")
    return int(found[1])


async def work(name: str, requests: int, begin: Callable[[], None] = lambda: None) -> None:
    """Warm up, *begin* to count, and have *requests* answered: equal for a hit, different for a miss."""
    logging.getLogger("trimaran").setLevel(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        app = app_in(Path(folder))
        for number in range(WARM_UP):
            await _answered(app, number if name == "miss" else 0)
        begin()
        for number in range(WARM_UP, WARM_UP + requests):
            await _answered(app, number if name == "miss" else 0)


async def _answered(app: ASGIApp, number: int) -> None:
    status, body = await ask(app, numbered(number))
    assert status == 200, body
    assert text_of(body) == TEXT


def begin_counting() -> None:
    """Have callgrind count from here on: imports under its eyes would take a minute."""
    command = ["callgrind_control", "--instr=on", str(os.getpid())]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as told:  # noqa: S603 - our own arguments
        while told.poll() is None:
            time.sleep(0.001)  # callgrind hears it only while we run
    if told.returncode:
        raise RuntimeError("callgrind was not to be told to begin")


def counted(name: str, requests: int) -> int:
    """The instructions of a process that does *work*, from when it is warm to its end."""
    command = [
        "valgrind",
        "--tool=callgrind",
        "--instr-atstart=no",
        "--callgrind-out-file=/dev/null",
    ]
    inside = ["-m", "bench.instructions", "--inside", name, "--requests", str(requests)]
    # Equal hashes, so that tables fill up equally.
    environment = {"PATH": os.environ["PATH"], "PYTHONHASHSEED": "0"}
    done = subprocess.run(  # noqa: S603 - our own arguments
        [*command, sys.executable, *inside],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"the process under valgrind failed: {done.stderr[-2000:]}")
    return instructions_in(done.stderr)


def count(requests: int = REQUESTS) -> Counts:
    """The instructions of one request of each kind."""
    each = {name: (counted(name, requests) - counted(name, 0)) // requests for name in WORKS}
    valgrind = version_of("valgrind", "--version")
    return Counts(each, f"callgrind {valgrind}, Python {platform.python_version()}")


def report() -> str:
    """The table, and what they were counted with."""
    now = count()
    return f"{compared(now, Counts.read(KEPT))}\n\nCounted with {now.counted_with}."


def main() -> None:
    """Print the table; with --keep it is what later runs are compared with."""
    parser = argparse.ArgumentParser(prog="python -m bench.instructions", description=__doc__)
    parser.add_argument("--keep", action="store_true", help=f"write them to {KEPT.name}")
    parser.add_argument("--requests", type=int, default=REQUESTS)
    parser.add_argument("--inside", choices=WORKS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        asyncio.run(work(options.inside, options.requests, begin_counting))
        return
    now = count(options.requests)
    print(compared(now, Counts.read(KEPT)))
    if options.keep:
        now.keep(KEPT)


if __name__ == "__main__":
    main()
