"""`python -m bench.growth`: what an answer costs while streams are open, and with more providers.

The streams say one word every twelve seconds. What the service spends on them while nothing else
happens is measured first, and is not counted for the answers.
"""

import argparse
import asyncio
import contextlib
import resource
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from bench.load import machine, nginx, ours, wrk
from bench.load.rounds import Spread, Work, figures, ratio
from bench.load.session import check_tools, measured
from bench.load.subjects import Running, running, wait_until_calm
from bench.load.tables import spread, table
from bench.load.wire import MARK
from bench.load.works import CHAT, of_model
from providers import CATALOGUE

STREAMS = (1, 100, 1_000, 10_000)
FILES_EACH = 2  # the caller's connection, and the one to the provider
SPARE_FILES = 500
AT_ONCE = 100
IDLE_S = 4.0
SECONDS = 4
ROUNDS = 5
MODELS_EACH = 3
FEW, MANY = "1 provider", "all providers"


def possible(streams: Sequence[int], files: int) -> list[int]:
    """Those numbers of streams for which a process may have enough *files* open."""
    return [count for count in streams if count * FILES_EACH + SPARE_FILES <= files]


async def opened(port: int, number: int) -> asyncio.StreamWriter:
    """A stream whose first word has come."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    raw = of_model("held", stream=True).raw(port)
    writer.write(raw.replace(MARK.encode(), b"%020d" % (time.time_ns() + number)))
    await writer.drain()
    head = await reader.readuntil(b"\r\n\r\n")
    assert b" 200 " in head.split(b"\r\n", 1)[0], head
    return writer


@contextlib.asynccontextmanager
async def open_streams(port: int, count: int) -> AsyncIterator[None]:
    """So many streams, until the block ends."""
    writers: list[asyncio.StreamWriter] = []
    try:
        for first in range(0, count, AT_ONCE):
            numbers = range(first, min(count, first + AT_ONCE))
            writers += await asyncio.gather(*(opened(port, number) for number in numbers))
        yield
    finally:
        for writer in writers:
            writer.close()
        await asyncio.gather(*(w.wait_closed() for w in writers), return_exceptions=True)


async def with_streams_us(own: Running, count: int) -> float:
    """The CPU microseconds of an answer while *count* streams are open."""
    async with open_streams(own.port, count):
        before_s, begin_s = machine.cpu_s(own.pid), time.perf_counter()
        await asyncio.sleep(IDLE_S)
        idle = (machine.cpu_s(own.pid) - before_s) / (time.perf_counter() - begin_s)
        before_s, begin_s = machine.cpu_s(own.pid), time.perf_counter()
        loaded = await asyncio.to_thread(
            wrk.load, own.port, CHAT, duration_s=SECONDS, connections=32
        )
        took_s = time.perf_counter() - begin_s
        assert not loaded.errors
        return (machine.cpu_s(own.pid) - before_s - idle * took_s) / loaded.requests * 1e6


def by_streams(counts: Sequence[int], rounds: int) -> str:
    """The table of open streams; each round has all numbers of them, and is compared in itself."""
    found: dict[int, list[float]] = {count: [] for count in counts}
    with (
        tempfile.TemporaryDirectory() as folder,
        nginx.providers(Path(folder)) as upstream,
        running(
            ours.service("service", Path(folder), ours.gemini(upstream.url, "bench", "held"))
        ) as own,
    ):
        wrk.load(own.port, CHAT, duration_s=1, connections=32)
        for _ in range(rounds):
            for count in counts:
                wait_until_calm(own.pid)
                found[count].append(asyncio.run(with_streams_us(own, count)))
    rows = []
    for count, costs in found.items():
        ratios = [cost / first for cost, first in zip(costs, found[counts[0]], strict=True)]
        rows.append((f"{count:,}", spread(Spread.of(costs)), spread(Spread.of(ratios))))
    return table(("open streams", "CPU µs an answer", f"of {counts[0]}, in one round"), rows)


def every_provider(upstream: str) -> dict[str, str]:
    """Settings for every provider of the catalogue, each with some models and no network but here."""
    settings: dict[str, str] = {"PROVIDER_ORDER": "gemini"}
    for entry in CATALOGUE:
        base_url = upstream if entry.prefix == "GEMINI" else f"{upstream}/v1"
        settings |= {
            f"{entry.prefix}_API_KEY": "bench",
            f"{entry.prefix}_ACCOUNT_ID": "bench",
            f"{entry.prefix}_BASE_URL": base_url,
            f"{entry.prefix}_MODEL": ",".join(f"bench{n}" for n in range(MODELS_EACH)),
        }
    return settings


def by_providers(rounds: int) -> str:
    """The table of one provider beside all, of which the first answers."""
    count = len(CATALOGUE) * MODELS_EACH
    works = [Work(name=name, subject=name, ask=CHAT) for name in (FEW, MANY)]
    with tempfile.TemporaryDirectory() as folder, nginx.providers(Path(folder)) as upstream:
        subjects = (
            ours.service(FEW, Path(folder), ours.gemini(upstream.url, "bench")),
            ours.service(MANY, Path(folder), every_provider(upstream.url)),
        )
        samples, faults = measured(works, subjects, upstream, rounds=rounds, seconds=SECONDS)
    rows = [
        (
            FEW if work.name == FEW else f"{len(CATALOGUE)} providers, {count} models",
            spread(figures(samples, work.name, lambda s: s.cpu_us)),
            spread(ratio(samples, work.name, FEW)),
        )
        for work in works
    ]
    told = table(("configured", "CPU µs an answer", f"of {FEW}, in one round"), rows)
    return "\n\n".join((told, *faults, "The goal is ≤ 1.3 × with 30."))


def report(rounds: int = ROUNDS, streams: Sequence[int] = STREAMS) -> str:
    """Both tables."""
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    counts = possible(streams, files)
    left_out = [f"{count:,}" for count in streams if count not in counts]
    why = f"Not with {', '.join(left_out)}: a process may have {files:,} files open."
    parts = [by_streams(counts, rounds), why if left_out else "", by_providers(rounds)]
    return "\n\n".join(filter(None, parts))


def main() -> None:
    """Print it."""
    parser = argparse.ArgumentParser(prog="python -m bench.growth", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--streams", type=int, nargs="+", default=STREAMS)
    options = parser.parse_args()
    check_tools()
    print(report(options.rounds, options.streams))


if __name__ == "__main__":
    main()
