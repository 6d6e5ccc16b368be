"""The service on a real socket in this process, among stand-ins that fail."""

import asyncio
import contextlib
import functools
import logging
import socket
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import openai
import orjson
import pytest
import requests
import uvicorn
from fastapi import FastAPI

from cache import ResponseCache
from endpoints.app import OPEN_HERE, Services, create_app
from endpoints.security import Rules
from endpoints.v1.stream import Pace
from failover import Patience
from planning.planner import Planner
from planning.research import NoSearch
from planning.speech import Speaker
from planning.voices.supply import Supply
from providers import Access, configured
from providers.base import Upstream
from providers.transport import HttpUpstream, Timeouts, Transport
from rate_limiter import RateLimiter
from router import Router
from sandbox.running import RunningSandbox, running_sandbox
from storage.ledger import Limits
from storage.memory import MemoryStore

AMPLE = Timeouts(connect_s=20, first_token_s=20, whole_reply_s=20, idle_s=20)
QUICK = Timeouts(connect_s=20, first_token_s=1.5, whole_reply_s=1.5, idle_s=1.5)
WIDE = Limits(per_minute=100_000, per_day=100_000)
# How uvicorn tells that a reader who does not read was given up.
GIVEN_UP = "ASGI callable returned without completing response."
GUIDE = ("gemini", "openrouter", "cloudflare")
MODELS = {"gemini": ("gemini-3.5-flash-lite",), "cloudflare": ("@cf/google/gemma-4-26b-a4b-it",)}


@dataclass
class Served:
    """A service and the ways to ask it."""

    url: str
    server: uvicorn.Server
    router: Router
    sessions: list[requests.Session] = field(default_factory=list)

    @functools.cached_property
    def client(self) -> openai.OpenAI:
        """The official client, which here never asks twice by itself."""
        return openai.OpenAI(base_url=f"{self.url}/v1", api_key="any", max_retries=0)

    def close(self) -> None:
        """Hang up."""
        self.client.close()
        for session in self.sessions:
            session.close()

    def post(self, body: Any, headers: dict[str, str] | None = None) -> requests.Response:
        """A raw request for a completion, its answer not yet read."""
        session = requests.Session()
        session.trust_env = False
        self.sessions.append(session)
        return session.post(
            f"{self.url}/v1/chat/completions",
            data=body if isinstance(body, bytes) else orjson.dumps(body),
            headers={"content-type": "application/json", **(headers or {})},
            stream=True,
            timeout=60,
        )

    def chat(self, text: str, headers: dict[str, str] | None = None, **fields: Any) -> "Heard":
        """One streamed answer to *text*, read to its end."""
        asked = {"model": "auto", "messages": [{"role": "user", "content": text}], "stream": True}
        with self.post({**asked, **fields}, headers) as response:
            return Heard(response, response.content.decode())


@dataclass
class Heard:
    """A streamed answer as it came over the wire."""

    response: requests.Response
    raw: str

    @property
    def chunks(self) -> list[Any]:
        """Its chunks, without `[DONE]`."""
        lines = [line.removeprefix("data: ") for line in self.raw.split("\n\n") if "data: " in line]
        return [orjson.loads(line) for line in lines if line != "[DONE]"]

    @property
    def text(self) -> str:
        """Its content."""
        return "".join(
            choice["delta"].get("content") or ""
            for chunk in self.chunks
            for choice in chunk["choices"]
        )

    @property
    def finish_reasons(self) -> list[str]:
        """All that it said of its end: exactly one, if all is well."""
        return [
            choice["finish_reason"]
            for chunk in self.chunks
            for choice in chunk["choices"]
            if choice["finish_reason"]
        ]

    @property
    def errors(self) -> list[Any]:
        """The errors inside it."""
        return [chunk["error"] for chunk in self.chunks if "error" in chunk]

    @property
    def is_done(self) -> bool:
        """Whether it ended with `[DONE]`, and said so once."""
        return self.raw.endswith("data: [DONE]\n\n") and self.raw.count("[DONE]") == 1


@pytest.fixture(scope="package")
def stand_ins() -> Iterator[RunningSandbox]:
    """Stand-ins without quotas of their own."""
    with running_sandbox(quotas="unlimited") as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(stand_ins: RunningSandbox) -> Iterator[RunningSandbox]:
    """In good health, and with an empty log."""
    stand_ins.clear_log()
    yield stand_ins
    stand_ins.heal()
    stand_ins.forget_replies()


Serve = Callable[..., Served]


class Ear(logging.Handler):
    """Hears what a logger is told."""

    def __init__(self, level: int) -> None:
        super().__init__(level)
        self.heard: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        """See `logging.Handler.emit`."""
        self.heard.add(record.getMessage())


@contextlib.contextmanager
def serving(app: FastAPI) -> Iterator[tuple[str, uvicorn.Server]]:
    """Serve *app* from a thread of its own, at the address that is given, until the block ends.

    Whatever callers do, the server has nothing to complain of.
    """
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", ws="none"))
    ear = Ear(logging.ERROR)
    logging.getLogger("uvicorn.error").addHandler(ear)
    thread = threading.Thread(
        target=lambda: asyncio.run(server.serve([listener])), name="service", daemon=True
    )
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", server
    finally:
        server.should_exit = True
        thread.join(20)
        logging.getLogger("uvicorn.error").removeHandler(ear)
    assert not thread.is_alive()
    assert ear.heard <= {GIVEN_UP}


@pytest.fixture
def serve(sandbox: RunningSandbox) -> Iterator[Serve]:
    """Serves a router until the test ends: by default one of the three providers of the guide.

    They are given time that suffices on a busy machine, but for those in *silent*, whose silence is
    found within seconds.
    """
    with contextlib.ExitStack() as running:

        def start(
            *names: str,
            upstreams: list[Upstream] | None = None,
            last_resort: Upstream | None = None,
            pace: Pace = Pace(),  # noqa: B008 - frozen
            patience: Patience = Patience(5, 30),  # noqa: B008 - frozen
            interval_s: float = 0.0,
            silent: Collection[str] = (),
            rules: Rules = OPEN_HERE,
            **urls: str,
        ) -> Served:
            store = MemoryStore()
            if upstreams is None:
                access = access_to(sandbox, names or GUIDE, urls)
                doors = {name: Transport(QUICK if name in silent else AMPLE) for name in access}
                upstreams = [
                    HttpUpstream(p, doors[p.identity.name], t) for p, t in configured(access)
                ]
            cache = ResponseCache(store=store)
            limiter = RateLimiter(interval_s, store=lambda: store)
            router = Router(upstreams, cache, limiter, last_resort=last_resort, patience=patience)
            speaker = Speaker([], Supply(cache, limiter))
            app = create_app(
                Services(Planner(router, NoSearch()), speaker, cache), pace=pace, rules=rules
            )
            served = Served(*running.enter_context(serving(app)), router)
            running.callback(served.close)
            return served

        yield start


def access_to(
    sandbox: RunningSandbox, names: Collection[str], urls: Mapping[str, str]
) -> dict[str, Access]:
    """How the stand-ins called *names* are reached; *urls* replace their addresses."""
    env = {**sandbox.env, **sandbox.env_of(*(name for name in names if name not in GUIDE))}
    return {
        name: Access(
            key=env[f"{name.upper()}_API_KEY"],
            base_url=urls.get(name, env[f"{name.upper()}_BASE_URL"]),
            account_id=env.get(f"{name.upper()}_ACCOUNT_ID", ""),
            models=MODELS.get(name, ()),
            limits=WIDE,
        )
        for name in names
    }
