"""A fleet under load: real instances behind a real nginx, and clients that write down what they got.

The load asks for questions that carry a number, some of them at the same moment through different
instances; whoever gets no answer asks again a little later.
"""

import asyncio
import contextlib
import itertools
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import requests

from sandbox.running import RunningSandbox
from tests.servers import free_port, listens, program

ROOT = Path(__file__).parents[2]
START_TIMEOUT_S = 60.0
NUMBER = re.compile(r"question (\d+)\b")
PROVIDERS = ("gemini", "openrouter", "cloudflare")

NGINX = """
daemon off; pid nginx.pid; error_log error.log; worker_processes 1;
events {{ worker_connections 512; }}
http {{
  access_log off; client_body_temp_path body; proxy_temp_path proxy;
  fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  upstream fleet {{ {servers} }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://fleet;
      proxy_set_header Host localhost;
      proxy_connect_timeout 1s;
      proxy_read_timeout {read_timeout_s}s;
      proxy_next_upstream error timeout non_idempotent;
    }}
  }}
}}
"""


class Instance:
    """One instance on a port of its own, which can be killed, stopped and started again."""

    def __init__(self, folder: Path, environment: Mapping[str, str], *options: str) -> None:
        self.folder = folder
        self.environment = environment
        self.options = options
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        """All that it has logged so far."""
        return (self.folder / "log").read_text(encoding="utf-8")

    def status(self) -> dict[str, Any]:
        """What it says of itself."""
        with requests.Session() as session:
            session.trust_env = False
            told: dict[str, Any] = session.get(f"{self.url}/status", timeout=30).json()
        return told

    def start(self) -> None:
        """Start it; `wait` waits until it listens."""
        self.folder.mkdir(exist_ok=True)
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "uvicorn", "main:app", "--app-dir", str(ROOT)),
                    *("--port", str(self.port), *self.options),
                ],
                cwd=self.folder,
                env={"PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1", **self.environment},
                stdout=log,
                stderr=log,
            )

    def wait(self) -> None:
        """Wait until it listens."""
        end_s = time.monotonic() + START_TIMEOUT_S
        while not listens(self.port):
            assert time.monotonic() < end_s, self.log
            assert self.process is not None
            assert self.process.poll() is None, self.log
            time.sleep(0.02)

    def kill(self) -> None:
        """As `kill -9`."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def signal(self, number: signal.Signals) -> None:
        """Stop it or let it go on."""
        assert self.process is not None
        self.process.send_signal(number)

    def end(self) -> None:
        """As a platform does it: SIGTERM, and SIGKILL for one that does not hear it."""
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)
        self.process.terminate()
        try:
            self.process.wait(20)
        finally:
            self.kill()


@contextlib.contextmanager
def running_fleet(
    folder: Path, environment: Mapping[str, str], instances: int, read_timeout_s: int
) -> Iterator[tuple[str, list[Instance]]]:
    """The URL of nginx, and the instances behind it, until the block ends."""
    nginx = program("nginx")
    fleet = [Instance(folder / f"instance-{n}", environment) for n in range(instances)]
    port = free_port()
    servers = " ".join(
        f"server 127.0.0.1:{each.port} max_fails=1 fail_timeout=1s;" for each in fleet
    )
    (folder / "nginx.conf").write_text(
        NGINX.format(servers=servers, port=port, read_timeout_s=read_timeout_s)
    )
    with contextlib.ExitStack() as stack:
        for each in fleet:
            each.start()
            stack.callback(each.end)
        for each in fleet:
            each.wait()
        front = subprocess.Popen(
            [nginx, "-p", f"{folder}/", "-c", "nginx.conf", "-e", "error.log"],
            stderr=subprocess.DEVNULL,
        )
        stack.callback(front.wait)
        stack.callback(front.terminate)
        while not listens(port):
            assert front.poll() is None, (folder / "error.log").read_text()
            time.sleep(0.02)
        yield f"http://127.0.0.1:{port}", fleet


@dataclass(frozen=True, slots=True)
class Heard:
    """What a client was told of one question, and when (monotonic seconds)."""

    number: int
    begun_s: float
    ended_s: float
    status: int
    text: str
    cache: str


@dataclass
class Clients:
    """So many clients at once; they begin anew until the end, and then ask for what is missing."""

    urls: Sequence[str]
    at_once: int
    seed: int
    heard: list[Heard] = field(default_factory=list)
    pause_s: float = 0.05

    async def ask_until(self, end_s: float) -> None:
        """Ask new questions, each of them twice at the same moment, until *end_s* (monotonic)."""
        chance, numbers = random.Random(self.seed), itertools.count(1)
        connector = aiohttp.TCPConnector(force_close=True, limit=0)
        async with aiohttp.ClientSession(connector=connector, trust_env=False) as session:

            async def client() -> None:
                while time.monotonic() < end_s:
                    number = next(numbers)
                    await asyncio.gather(*(self._ask(session, number, chance) for _ in range(2)))
                    await asyncio.sleep(chance.uniform(0, self.pause_s))

            await asyncio.gather(*(client() for _ in range(self.at_once)))

    async def _ask(
        self, session: aiohttp.ClientSession, number: int, chance: random.Random
    ) -> None:
        begun_s = time.monotonic()
        body = {"messages": [{"role": "user", "content": f"This is question {number} of many."}]}
        url = f"{chance.choice(self.urls)}/v1/chat/completions"
        status, text, cache = 0, "", ""
        try:
            async with session.post(url, json={"model": "auto", **body}) as reply:
                raw = await reply.read()
                status, cache = reply.status, reply.headers.get("x-cache", "")
                if status == 200:
                    text = orjson.loads(raw)["choices"][0]["message"]["content"]
        except aiohttp.ClientError:
            pass  # status 0: the connection broke, and the client knows it
        self.heard.append(Heard(number, begun_s, time.monotonic(), status, text, cache))


@dataclass(frozen=True, slots=True)
class Sent:
    """One call that arrived at a provider."""

    at_s: float
    provider: str
    number: int
    ok: bool


def sent(sandbox: RunningSandbox) -> list[Sent]:
    """All calls for an answer."""
    calls: list[Sent] = []
    for record in sandbox.log:
        found = NUMBER.search(orjson.dumps(record.request).decode())
        if record.method == "POST" and found:
            calls.append(Sent(record.monotonic_s, record.provider, int(found[1]), record.ok))
    return calls


def early(calls: Sequence[Sent], least_s: float, during: Callable[[float], bool]) -> int:
    """How many calls came sooner after the one before than the interval allows, of those *during*."""
    by_provider: dict[str, list[float]] = defaultdict(list)
    for call in calls:
        by_provider[call.provider].append(call.at_s)
    return sum(
        b - a < least_s and during(a) and during(b)
        for moments in by_provider.values()
        for a, b in itertools.pairwise(moments)
    )


def repeated(calls: Sequence[Sent]) -> Counter[int]:
    """The questions that providers have answered more than once, and how often too many."""
    answered = Counter(call.number for call in calls if call.ok)
    return Counter({number: times - 1 for number, times in answered.items() if times > 1})
