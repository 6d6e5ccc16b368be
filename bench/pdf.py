"""`python -m bench.pdf`: a plan of some twenty pages with charts as a PDF, and whether the event loop was held up.

The renderer works in a process of its own. A task on the loop wakes every millisecond meanwhile; the
longest gap between two of its wakings is how long a request could have had to wait for the loop.
"""

import argparse
import asyncio
import contextlib
import io
import os
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

from bench.load.machine import cpu_s
from bench.load.rounds import Spread
from bench.load.tables import spread, table
from planning.content import Document
from planning.render.printer import Printer
from tests.planning.render.sample import plan

ROUNDS = 7
TICK_S = 0.001
GOAL_S = 1.0
PAGES = 20


@dataclass(slots=True)
class Gap:
    """The longest time between two wakings of a task that wants to wake all the time, in seconds."""

    longest_s: float = 0.0
    _last_s: float = field(default_factory=time.perf_counter)

    def woke(self) -> None:
        """Note that it has woken now."""
        now_s = time.perf_counter()
        self.longest_s, self._last_s = max(self.longest_s, now_s - self._last_s), now_s


@contextlib.asynccontextmanager
async def watching() -> AsyncIterator[Gap]:
    """The longest gap while the block runs."""
    gap = Gap()

    async def wake() -> None:
        while True:
            await asyncio.sleep(TICK_S)
            gap.woke()

    task = asyncio.create_task(wake())
    try:
        yield gap
    finally:
        task.cancel()
        await asyncio.wait([task])


@dataclass(frozen=True, slots=True)
class Printed:
    """One PDF: what it took, and what it is."""

    wall_s: float
    cpu_s: float
    gap_s: float
    pages: int
    size_bytes: int


def long_plan(pages: int = PAGES) -> Document:
    """A plan with tables and charts; its sections come again until it has that many pages."""
    from pypdf import PdfReader

    from planning.render.pdf import pdf

    document, sections = plan(), plan().sections
    number = 1
    while len(PdfReader(io.BytesIO(pdf(document))).pages) < pages:
        more = replace(sections[number], id=f"{sections[number].id}-again-{number}")
        document = replace(document, sections=(*document.sections, more))
        number += 1
    return document


async def printed(printer: Printer, document: Document) -> Printed:
    """Render *document* once, and watch the loop meanwhile."""
    from pypdf import PdfReader

    spent_s, begin_s = cpu_s(os.getpid()), time.perf_counter()
    async with watching() as gap:
        file = await printer.pdf(document)
        wall_s = time.perf_counter() - begin_s
    spent_s = cpu_s(os.getpid()) - spent_s
    pages = len(PdfReader(io.BytesIO(file)).pages)
    return Printed(wall_s, spent_s, gap.longest_s, pages, len(file))


async def measured(rounds: int, pages: int = PAGES) -> list[Printed]:
    """The first with a renderer that has yet to start, and then *rounds* more."""
    document, printer = long_plan(pages), Printer()
    try:
        return [await printed(printer, document) for _ in range(rounds + 1)]
    finally:
        await printer.aclose()


def report(rounds: int = ROUNDS) -> str:
    """The table, and the goal."""
    first, *others = asyncio.run(measured(rounds))
    rows = [
        (
            *(name, spread(Spread.of([own.wall_s for own in some]))),
            spread(Spread.of([own.cpu_s for own in some])),
            spread(Spread.of([own.gap_s * 1_000 for own in some])),
        )
        for name, some in (
            ("the first, with the renderer's start", [first]),
            ("later ones", others),
        )
    ]
    said = (
        f"{first.pages} pages, {first.size_bytes / 1_000:.0f} kB; the goal is under {GOAL_S:g} s."
    )
    head = ("PDF", "wall, s", "CPU, s", "longest gap of the loop, ms")
    return f"{table(head, rows)}\n\n{said}"


def main() -> None:
    """Print it."""
    parser = argparse.ArgumentParser(prog="python -m bench.pdf", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    print(report(parser.parse_args().rounds))


if __name__ == "__main__":
    main()
