"""`python -m bench.cold_start`: from nothing to the first answer, beside importing FastAPI and aiohttp alone.

Three fresh processes in turn: one that only imports, one that imports `main` and hands one request to
its app, as Vercel does, and one that serves with uvicorn. Each says when it is done.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.load import nginx, ours
from bench.load.rounds import Spread
from bench.load.session import check_tools
from bench.load.subjects import running
from bench.load.tables import spread, table

ROUNDS = 7
GOAL = 1.5
IMPORTS = "import fastapi, aiohttp; print('done', flush=True)"
ANSWERS = """
import asyncio, sys
sys.path.insert(0, sys.argv[1])
from main import app
from bench.asgi import ask, numbered
status, body = asyncio.run(ask(app, numbered(1)))
assert status == 200, body
print('done', flush=True)
"""


def until_done_s(code: str, folder: Path, environment: Mapping[str, str], *arguments: str) -> float:
    """How long a fresh Python takes until it says that *code* is done, in seconds."""
    log = folder / "log"
    begin_s = time.perf_counter()
    with (
        log.open("w") as errors,
        subprocess.Popen(  # noqa: S603 - our own code
            [sys.executable, "-c", code, *arguments],
            cwd=folder,
            env={"PATH": os.environ["PATH"], **environment},
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        assert process.stdout
        said = process.stdout.readline()
        took_s = time.perf_counter() - begin_s
    if said != "done\n":
        raise RuntimeError(f"it did not come to its end: {log.read_text()[-2000:]}")
    return took_s


def measured(folder: Path, upstream: nginx.Nginx, rounds: int) -> list[tuple[float, float, float]]:
    """The seconds of imports alone, of the app within a process, and of uvicorn, round after round.

    One round before them is not counted: it compiles what was never imported.
    """
    settings = {**ours.ALONE, **ours.gemini(upstream.url, "bench")}
    found = []
    for number in range(rounds + 1):
        own = folder / str(number)
        own.mkdir()
        alone_s = until_done_s(IMPORTS, own, {})
        inside_s = until_done_s(ANSWERS, own, settings, str(ours.ROOT))
        service = ours.service("service", own, ours.gemini(upstream.url, "bench"))
        with running(service, cpu=0) as served:
            found.append((alone_s, inside_s, served.cold_s))
    return found[1:]


def rows(found: Sequence[tuple[float, float, float]]) -> list[tuple[str, str, str]]:
    """What each took in milliseconds, and how many times the imports alone."""
    names = ("import fastapi, aiohttp", "first answer of the app", "first answer through uvicorn")
    told = []
    for place, name in enumerate(names):
        times = Spread.of([own[place] * 1_000 for own in found])
        ratio = statistics.median(own[place] / own[0] for own in found)
        told.append((name, spread(times), f"{ratio:.2f} ×"))
    return told


def report(rounds: int = ROUNDS) -> str:
    """The table, and the goal."""
    with tempfile.TemporaryDirectory() as folder, nginx.providers(Path(folder) / "n") as upstream:
        found = measured(Path(folder), upstream, rounds)
    head = ("until", "ms", "of the imports alone")
    return f"{table(head, rows(found))}\n\nThe goal is ≤ {GOAL} × for the app within a process."


def main() -> None:
    """Print it."""
    parser = argparse.ArgumentParser(prog="python -m bench.cold_start", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    check_tools()
    print(report(options.rounds))


if __name__ == "__main__":
    main()
