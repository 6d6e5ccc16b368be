"""`python -m bench.first_token`: the time to the first token through the service, and without it.

Three processes: this one asks, one plays the providers, one is the service. Each question is new,
and is asked both ways, one right after the other, over connections that stay open.
"""

import argparse
import contextlib
import http.client
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import orjson

from providers import CATALOGUE, Access
from providers.base import HttpRequest, Provider
from providers.events import EventReader
from providers.openai_compatible import OpenAICompatible
from providers.prompt import Message, Prompt

ROOT = Path(__file__).parent.parent
NAMES = ("gemini", "openrouter", "cloudflare")
MODELS = {"gemini": ("gemini-3.5-flash-lite",)}  # one that does not think first
LATENCIES_S = (0.0, 0.3)
QUICK_CALLS_S = 0.1  # below this a median needs more calls
HEAD = """\
| provider | it takes | straight, ms | p95 | through the service, ms | p95 | added, ms | ratio | p95 |
|---|---|---|---|---|---|---|---|---|"""


@dataclass(frozen=True, slots=True)
class Times:
    """The median, and what nineteen of twenty stay below, in seconds."""

    median_s: float
    p95_s: float

    @classmethod
    def of(cls, measured_s: Sequence[float]) -> "Times":
        """Of two measurements or more."""
        return cls(statistics.median(measured_s), statistics.quantiles(measured_s, n=20)[-1])

    def __str__(self) -> str:
        return f"{self.median_s * 1_000:.1f} | {self.p95_s * 1_000:.1f}"


@dataclass(frozen=True, slots=True)
class Row:
    """The times to the first token of one provider, which takes *latency_s* by itself."""

    name: str
    latency_s: float
    straight: Times
    through: Times

    def __str__(self) -> str:
        added_ms = (self.through.median_s - self.straight.median_s) * 1_000
        ratios = (
            self.through.median_s / self.straight.median_s,
            self.through.p95_s / self.straight.p95_s,
        )
        ends = f"{added_ms:.1f} | {ratios[0]:.2f} | {ratios[1]:.2f}"
        return f"| {self.name} | {self.latency_s * 1_000:.0f} ms | {self.straight} | {self.through} | {ends} |"


@contextlib.contextmanager
def running(command: list[str], **options: object) -> Iterator["subprocess.Popen[str]"]:
    """A process of ours, until the block ends."""
    process: subprocess.Popen[str] = subprocess.Popen(  # type: ignore[call-overload]  # passed on  # noqa: S603 - our own interpreter and arguments
        [sys.executable, *command], text=True, **options
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait()
        if process.stdout:
            process.stdout.close()


@contextlib.contextmanager
def stand_ins(latency_s: float) -> Iterator[Mapping[str, str]]:
    """The sandbox, which takes *latency_s* before every answer; the settings to use it."""
    command = ["-m", "sandbox", "--port", "0", "--quotas", "unlimited", "--latency", f"{latency_s}"]
    with running(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        settings: dict[str, str] = {}
        while "ELEVENLABS_API_KEY" not in settings and process.stdout:
            name, _, value = process.stdout.readline().strip().partition("=")
            settings[name] = value
        yield settings


@contextlib.contextmanager
def service(settings: Mapping[str, str]) -> Iterator[str]:
    """The service as users run it, without an interval; its address."""
    wide = {
        f"{n.upper()}_REQUESTS_PER_{span}": "100000" for n in NAMES for span in ("MINUTE", "DAY")
    }
    own = {"MIN_INTERVAL_SECONDS": "0", "LOCAL_MODEL": "off", "LOG_LEVEL": "warning", **wide}
    own |= {f"{name.upper()}_MODEL": models[0] for name, models in MODELS.items()}
    with (
        tempfile.TemporaryDirectory() as folder,
        socket.create_server(("127.0.0.1", 0)) as listener,
    ):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # uvicorn forgets it
        command = ["-m", "uvicorn", "main:app", "--app-dir", str(ROOT), "--log-level", "warning"]
        with running(
            [*command, "--fd", str(listener.fileno())],
            cwd=folder,
            env={"PATH": os.environ["PATH"], **settings, **own},
            pass_fds=[listener.fileno()],
        ):
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def straight(name: str, settings: Mapping[str, str]) -> Provider:
    """The provider called *name* as it is asked without the service."""
    entry = next(entry for entry in CATALOGUE if entry.identity.name == name)
    account = settings.get(f"{entry.prefix}_ACCOUNT_ID", "")
    key, base_url = settings[f"{entry.prefix}_API_KEY"], settings[f"{entry.prefix}_BASE_URL"]
    return entry.ladder(Access(key, MODELS.get(name, ()), base_url, account))[0][0]


def first_token_s(connection: http.client.HTTPConnection, provider: Provider, text: str) -> float:
    """Ask *text*, and measure until the first content is there, in seconds."""
    asked = provider.encode(Prompt(messages=(Message("user", text),)), stream=True)
    begin_s = time.perf_counter()
    reply = send(connection, asked)
    reader, waited_s = EventReader(), 0.0
    while piece := reply.read1():
        deltas = map(provider.decode_event, reader.feed(piece))
        if not waited_s and any(delta and delta.has_content for delta in deltas):
            waited_s = time.perf_counter() - begin_s
    assert waited_s, reply.status
    return waited_s


def send(connection: http.client.HTTPConnection, asked: HttpRequest) -> http.client.HTTPResponse:
    """Send *asked* on an open connection; its reply."""
    url = urlsplit(asked.url)
    headers = {"content-type": "application/json", **asked.headers}
    path = f"{url.path}?{url.query}" if url.query else url.path
    connection.request("POST", path, orjson.dumps(asked.body), headers)
    return connection.getresponse()


def connected(url: str) -> http.client.HTTPConnection:
    """A connection to *url* that stays open."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    connection.connect()
    connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def measure(name: str, latency_s: float, settings: Mapping[str, str], url: str, calls: int) -> Row:
    """The times of *calls* questions (two or more), after some that warm both ways up.

    Which way goes first changes with every question.
    """
    provider = straight(name, settings)
    ours = OpenAICompatible(provider.identity, f"{name}/{provider.model}", f"{url}/v1", "")
    here, there = connected(settings[f"{name.upper()}_BASE_URL"]), connected(url)
    times_s: list[tuple[float, float]] = []
    with contextlib.closing(here), contextlib.closing(there):
        for number in range(calls + 5):
            text = f"Question {number} of {name}"
            if number % 2:
                late_s = first_token_s(there, ours, text)
                times_s.append((first_token_s(here, provider, text), late_s))
            else:
                soon_s = first_token_s(here, provider, text)
                times_s.append((soon_s, first_token_s(there, ours, text)))
    return Row(name, latency_s, *(Times.of(way) for way in zip(*times_s[5:], strict=True)))


def rows(calls: int) -> Iterator[Row]:
    """Every provider, answering at once and after a while."""
    for latency_s in LATENCIES_S:
        with stand_ins(latency_s) as settings, service(settings) as url:
            for name in NAMES:
                enough = calls if latency_s < QUICK_CALLS_S else max(2, calls // 5)
                yield measure(name, latency_s, settings, url, enough)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.first_token", description=__doc__)
    parser.add_argument("--calls", type=int, default=200, help="for each provider and way")
    options = parser.parse_args()
    print(HEAD)
    for row in rows(options.calls):
        print(row, flush=True)


if __name__ == "__main__":
    main()
