"""A sitting: the subjects of some works side by side, measured in rounds, and told as it goes."""

import contextlib
import sys
from collections.abc import Iterator, Sequence

from bench.load import machine, nginx, wrk
from bench.load.rounds import Measuring, Sample, Samples, Work, gathered
from bench.load.subjects import Running, Subject, running

NEEDED = "nginx with its Lua module and wrk are needed: nginx libnginx-mod-http-lua wrk"
TOOLS = {"nginx": ("nginx", "-v"), "wrk": ("wrk", "-v"), "Python": (sys.executable, "-V")}
PACKAGES = ("uvicorn", "fastapi", "aiohttp", "uvloop", "httptools", "orjson", "pydantic")


def check_tools() -> None:
    """Raises `SystemExit` with what to install when something is missing."""
    if not (nginx.is_installed() and wrk.is_installed()):
        raise SystemExit(NEEDED)


def setting() -> str:
    """Where and with what is measured, in a paragraph."""
    from importlib.metadata import version

    tools = [f"{name} {machine.version_of(*command)}" for name, command in TOOLS.items()]
    packages = [f"{name} {version(name)}" for name in PACKAGES]
    load = f"the machine wanted to run {machine.load_now():.1f} processes at a time when it began"
    return f"{machine.described()}; {', '.join(tools + packages)}; {load}."


def measured(
    chosen: Sequence[Work],
    subjects: Sequence[Subject],
    upstream: nginx.Nginx,
    *,
    rounds: int,
    seconds: int,
) -> tuple[Samples, list[str]]:
    """The samples of the *chosen* works, and what went wrong.

    All their subjects run all the time: one that has nothing to do takes nothing from the others.
    """
    wanted = {work.subject for work in chosen}
    started: dict[str, Running] = {}
    with contextlib.ExitStack() as held:
        for subject in subjects:
            if subject.name in wanted:
                started[subject.name] = held.enter_context(running(subject))
        measuring = Measuring(started, upstream, seconds)
        samples = gathered(_told(measuring.rounds(chosen, rounds)))
    return samples, measuring.faults


def _told(
    measuring: Iterator[tuple[Work, Sample | None]],
) -> Iterator[tuple[Work, Sample | None]]:
    for work, sample in measuring:
        cost = f"{sample.cpu_us:10,.1f} µs" if sample else "       faulty"
        print(f"{cost}  {work.name}", file=sys.stderr, flush=True)
        yield work, sample
