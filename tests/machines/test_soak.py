"""One instance for a long time, and with many streams open: nothing is lost, and nothing grows.

The service is a process of its own; what it holds is read from its own `/metrics`. `SOAK_SECONDS`
and `SOAK_RATE` (requests a second) make the soak longer or gentler.
"""

import asyncio
import itertools
import os
import random
import statistics
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest

from sandbox.running import RunningSandbox, running_sandbox
from sandbox.text import plan
from tests.service import RunningService, running_service

SOAK_S = float(os.environ.get("SOAK_SECONDS", "600"))
RATE = float(os.environ.get("SOAK_RATE", "8"))
SAMPLES = 150
ADDRESSES = 64  # of callers: what is remembered of 4096 of them is bounded, but fills for hours
WARM_UP = 1 / 3  # of the soak: until then caches, pools and code fill up
PROVIDERS = ("gemini", "openrouter", "cloudflare")
FAULTS: tuple[dict[str, Any], ...] = (
    {"status": 500},
    {"status": 503},
    {"reset": True},
    {"html": True},
    {"cut_after_chunks": 0},
    {"malformed": True},
)
IDEA: dict[str, object] = {
    "mission": "Carry people across",
    "goals": ["Float", "Sail"],
    "targetMarket": {"geography": "Islands"},
    "primaryProduct": "Ferries",
    "sdgs": ["SDG 9"],
}
MIB = 1 << 20
# How fast memory may still grow after the warm-up, for every request. Nothing stays behind of one
# (`test_growth.py` counts), but Python's arenas come to their plateau only after some 50,000: ten
# minutes show a few hundred bytes, and the hour is held to a tighter figure.
GROWTH_PER_REQUEST = 1024  # bytes
GROWTH_PER_HOUR = 1 * MIB
HOUR_S = 3600.0


@dataclass(frozen=True, slots=True)
class Sample:
    """What the service held at a moment (seconds since the beginning)."""

    at_s: float
    memory: float  # bytes
    files: float
    tasks: float


def look(service: RunningService, at_s: float = 0.0) -> Sample:
    """What it says of itself."""
    told = dict(
        line.rsplit(" ", 1)
        for line in service.get("/metrics").text.splitlines()
        if line.startswith(("process_", "trimaran_tasks"))
    )
    return Sample(
        at_s,
        float(told["process_resident_memory_bytes"]),
        float(told["process_open_fds"]),
        float(told["trimaran_tasks"]),
    )


def slope(samples: list[Sample], of: Callable[[Sample], float]) -> float:
    """How much it grows in a second, by least squares."""
    return statistics.linear_regression([s.at_s for s in samples], [of(s) for s in samples]).slope


@contextmanager
def instance(folder: Path, sandbox: RunningSandbox, **more: str) -> Iterator[RunningService]:
    """The service with three providers that allow everything."""
    limits = {
        f"{name.upper()}_REQUESTS_PER_{span}": "10000000"
        for name in PROVIDERS
        for span in ("MINUTE", "DAY")
    }
    environment = {
        **sandbox.env,
        **limits,
        "GEMINI_MODEL": "gemini-3.5-flash-lite",
        "GEMINI_TOKENS_PER_MINUTE": "1000000000",
        "CLOUDFLARE_NEURONS_PER_DAY": "1000000000",
        "MIN_INTERVAL_SECONDS": "0",
        "CACHE_MAX_MB": "4",  # so that answers are also thrown out
        "LOCAL_MODEL": "off",
        "MAX_WAIT_SECONDS": "600",  # a slow machine opens 2,000 streams slowly
        "LOG_LEVEL": "warning",
        "ALLOW_ANONYMOUS": "1",
        "ANONYMOUS_REQUESTS_PER_DAY": "1000000000",
        "ANONYMOUS_REQUESTS_PER_DAY_PER_ADDRESS": "1000000",
        "TRUSTED_PROXIES": "127.0.0.1",
        **more,
    }
    options = ("--http", "endpoints.connection:CarefulProtocol", "--no-access-log")
    with running_service(folder, environment, *options) as service:
        service.get("/healthz")
        yield service


def asked(text: str, *, stream: bool = False) -> dict[str, Any]:
    """The body of a question."""
    return {
        "model": "auto",
        "stream": stream,
        "messages": [{"role": "user", "content": text}],
    }


def streamed_text(raw: str) -> tuple[str, list[str]]:
    """The content of a stream, and why it ended."""
    chunks = [orjson.loads(e[6:]) for e in raw.split("\n\n") if e.startswith("data: {")]
    choices = [choice for chunk in chunks for choice in chunk["choices"]]
    text = "".join(choice["delta"].get("content") or "" for choice in choices)
    return text, [choice["finish_reason"] for choice in choices if choice["finish_reason"]]


@dataclass
class Callers:
    """All kinds of callers, from several addresses, at a steady rate."""

    url: str
    sandbox: RunningSandbox
    session: aiohttp.ClientSession
    chance: random.Random
    numbers: Iterator[int] = field(default_factory=itertools.count)
    outcomes: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    async def call_until(self, end_s: float) -> None:
        """Send requests until *end_s* (monotonic), and wait for the last of them."""
        kinds: tuple[tuple[Callable[[], Awaitable[None]], int], ...] = (
            (self._known, 4),
            (self._new, 4),
            (self._streamed, 3),
            (self._left, 2),
            (self._failing, 2),
            (self._document, 2),
            (self._nonsense, 1),
        )
        calls, weights = zip(*kinds, strict=True)
        under_way: set[asyncio.Task[None]] = set()
        while time.monotonic() < end_s:
            task = asyncio.create_task(self.chance.choices(calls, weights)[0]())
            under_way.add(task)
            task.add_done_callback(under_way.discard)
            task.add_done_callback(self._note_escape)
            await asyncio.sleep(self.chance.expovariate(RATE))
        await asyncio.gather(*under_way, return_exceptions=True)

    def _note_escape(self, task: asyncio.Task[None]) -> None:
        if (error := task.exception()) is not None:
            self.wrong.append(f"{type(error).__name__}: {error}")

    def _post(self, path: str, **options: Any) -> Any:
        address = f"10.0.0.{self.chance.randrange(ADDRESSES)}"
        headers = {"content-type": "application/json", "x-forwarded-for": address}
        return self.session.post(f"{self.url}{path}", headers=headers, **options)

    async def _chat(self, kind: str, question: str) -> None:
        async with self._post("/v1/chat/completions", json=asked(question)) as reply:
            raw = await reply.read()
        self._judge(kind, reply.status == 200 and question.encode() in raw, raw)

    async def _known(self) -> None:
        await self._chat("known", f"This is question {self.chance.randrange(5)} of five.")

    async def _new(self) -> None:
        await self._chat("new", f"This is question {next(self.numbers)} of many.")

    async def _failing(self) -> None:
        self.sandbox.fail("gemini", times=1, **self.chance.choice(FAULTS))
        await self._chat("failing", f"This is question {next(self.numbers)} in need.")

    async def _streamed(self) -> None:
        name = f"Hull{next(self.numbers)}"
        question = f"Write the plan of a venture called {name}"
        async with self._post("/v1/chat/completions", json=asked(question, stream=True)) as reply:
            raw = (await reply.read()).decode()
        text, ends = streamed_text(raw)
        right = text == plan(question) and ends == ["stop"] and raw.endswith("[DONE]\n\n")
        # A fault that was meant for somebody else may cut this one; then it has to say so.
        is_honest = ends == ["error"] and plan(question).startswith(text)
        self._judge("streamed" if right else "cut", right or is_honest, raw)

    async def _left(self) -> None:
        question = f"Write the plan of a venture called Gone{next(self.numbers)}"
        async with self._post("/v1/chat/completions", json=asked(question, stream=True)) as reply:
            await reply.content.readany()
            self._judge("left", reply.status == 200, b"")
            reply.close()

    async def _document(self) -> None:
        name = f"Boat{next(self.numbers)}"
        async with self._post(
            "/business_plan_roadmap", json={"idea": {**IDEA, "name": name}}
        ) as reply:
            raw = await reply.read()
        self._judge("document", reply.status == 200 and name.encode() in raw, raw)

    async def _nonsense(self) -> None:
        async with self._post("/v1/chat/completions", data=b'{"messages": [') as reply:
            raw = await reply.read()
        self._judge("nonsense", 400 <= reply.status < 500, raw)

    def _judge(self, kind: str, is_right: bool, raw: bytes | str) -> None:
        self.outcomes[kind] += 1
        if not is_right:
            self.wrong.append(f"{kind}: {raw[:300]!r}")


async def soak(service: RunningService, sandbox: RunningSandbox) -> tuple[Callers, list[Sample]]:
    """The load, and what the service held meanwhile."""
    began_s = time.monotonic()
    samples: list[Sample] = []
    connector = aiohttp.TCPConnector(limit=0, force_close=True)
    async with aiohttp.ClientSession(connector=connector, trust_env=False) as session:
        callers = Callers(service.url, sandbox, session, random.Random(7))

        async def watch() -> None:
            for number in range(SAMPLES):
                await asyncio.sleep(began_s + number * SOAK_S / SAMPLES - time.monotonic())
                at_s = time.monotonic() - began_s
                samples.append(await asyncio.to_thread(look, service, at_s))
                sandbox.clear_log()

        await asyncio.gather(callers.call_until(began_s + SOAK_S), watch())
    return callers, samples


@pytest.mark.slow
@pytest.mark.timeout(SOAK_S + 300)
def test_nothing_grows_while_all_kinds_of_callers_come_and_go(tmp_path: Path) -> None:
    """Memory, open files and tasks are flat after the warm-up, and every answer is right."""
    with (
        running_sandbox(quotas="unlimited", latency_s=0.05) as sandbox,
        instance(tmp_path / "service", sandbox) as service,
    ):
        callers, samples = asyncio.run(soak(service, sandbox))
        log = service.log
    settled = [sample for sample in samples if sample.at_s > SOAK_S * WARM_UP]
    per_second = sum(callers.outcomes.values()) / SOAK_S
    memory = slope(settled, lambda sample: sample.memory)
    files = slope(settled, lambda sample: sample.files) * SOAK_S
    tasks = slope(settled, lambda sample: sample.tasks) * SOAK_S
    print(  # noqa: T201 - the figures are what a soak is for
        f"\n{SOAK_S:.0f} s, {per_second:.1f} requests/s {dict(callers.outcomes)}"
        f"\nmemory {samples[0].memory / MIB:.1f} → {settled[0].memory / MIB:.1f}"
        f" → {settled[-1].memory / MIB:.1f} MiB, {memory * HOUR_S / MIB:+.2f} MiB/h,"
        f" {memory / per_second:+.0f} bytes a request"
        f"\nfiles {settled[0].files:.0f} → {settled[-1].files:.0f}, {files:+.2f} over the soak"
        f"\ntasks {settled[0].tasks:.0f} → {settled[-1].tasks:.0f}, {tasks:+.2f} over the soak"
    )
    assert callers.wrong == []
    assert all(callers.outcomes[k] for k in ("known", "new", "streamed", "left", "document"))
    assert "Traceback" not in log
    if SOAK_S >= HOUR_S:
        assert memory * HOUR_S < GROWTH_PER_HOUR
    assert memory / per_second < GROWTH_PER_REQUEST
    assert abs(files) < 8
    assert abs(tasks) < 8


async def open_streams(service: RunningService, count: int) -> tuple[list[str], Sample]:
    """Read *count* different streams at once, and what the service held while all were open.

    Whatever was wrong is told in words.
    """
    wrong: list[str] = []
    begun, all_open = 0, asyncio.Event()
    at_once = asyncio.Semaphore(50)  # that are being opened
    connector = aiohttp.TCPConnector(limit=0, force_close=True)
    timeout = aiohttp.ClientTimeout(total=None, sock_read=120)
    async with aiohttp.ClientSession(
        connector=connector, trust_env=False, timeout=timeout
    ) as session:

        async def read(number: int) -> None:
            nonlocal begun
            question = f"Write the plan of a venture called Hull{number}"
            async with at_once:
                reply = await session.post(
                    f"{service.url}/v1/chat/completions", json=asked(question, stream=True)
                )
                first = await reply.content.readany()
            begun += 1
            if begun == count:
                all_open.set()
            raw = (first + await reply.read()).decode()
            text, ends = streamed_text(raw)
            if reply.status != 200 or text != plan(question) or ends != ["stop"]:
                wrong.append(f"Hull{number}: {reply.status} {ends} {raw[-300:]}")
            if not raw.endswith("data: [DONE]\n\n"):
                wrong.append(f"Hull{number} has no end")

        readers = [asyncio.create_task(read(number)) for number in range(count)]
        await asyncio.wait(
            {asyncio.create_task(all_open.wait()), *readers}, return_when="FIRST_COMPLETED"
        )
        meanwhile = await asyncio.to_thread(look, service)
        open_now = sum(not reader.done() for reader in readers)
        if open_now < count:
            wrong.append(f"only {open_now} were open at once")
        await asyncio.gather(*readers)
    return wrong, meanwhile


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("count", "apart_s"), [(200, 0.3), (2_000, 8.0)])
def test_so_many_streams_are_open_at_once_and_every_answer_is_right(
    tmp_path: Path, count: int, apart_s: float
) -> None:
    """Each is another answer; afterwards nothing of them is left."""
    with (
        running_sandbox(quotas="unlimited") as sandbox,
        instance(tmp_path / "service", sandbox) as service,
    ):
        for name in PROVIDERS:
            sandbox.fail(name, chunk_delay_s=apart_s)
        assert service.post("/v1/chat/completions", asked("Hello.")).status_code == 200
        before = look(service)
        wrong, meanwhile = asyncio.run(open_streams(service, count))
        end_s = time.monotonic() + 30
        while (after := look(service)).tasks > before.tasks + 3:
            assert time.monotonic() < end_s, after
        log = service.log
    per_stream = (meanwhile.memory - before.memory) / count
    print(  # noqa: T201 - the figures are what such a load is for
        f"\n{count} streams: {before.memory / MIB:.1f} → {meanwhile.memory / MIB:.1f}"
        f" → {after.memory / MIB:.1f} MiB, {per_stream / 1024:.1f} KiB a stream;"
        f" files {before.files:.0f} → {meanwhile.files:.0f} → {after.files:.0f};"
        f" tasks {before.tasks:.0f} → {meanwhile.tasks:.0f} → {after.tasks:.0f}"
    )
    assert wrong == []
    assert meanwhile.files >= 2 * count  # one to the reader, one to the provider
    assert per_stream < MIB / 4
    assert "Traceback" not in log
