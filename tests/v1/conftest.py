"""The service on a real socket in this process, among stand-ins that fail, with quick timeouts."""

import asyncio
import functools
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import openai
import orjson
import pytest
import requests
import uvicorn

from cache import ResponseCache
from endpoints.app import Services, create_app
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

QUICK = Timeouts(connect_s=1, first_token_s=1.5, whole_reply_s=1.5, idle_s=1.5)
WIDE = Limits(per_minute=100_000, per_day=100_000)
MODELS = {"gemini": ("gemini-3.5-flash-lite",), "cloudflare": ("@cf/google/gemma-4-26b-a4b-it",)}


@dataclass
class Served:
    """A service and the ways to ask it."""

    url: str
    router: Router
    server: uvicorn.Server
    sessions: list[requests.Session] = field(default_factory=list)

    @functools.cached_property
    def client(self) -> openai.OpenAI:
        """The official client, which here never asks twice by itself."""
        return openai.OpenAI(base_url=f"{self.url}/v1", api_key="any", max_retries=0)

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


@pytest.fixture
def serve(sandbox: RunningSandbox) -> Iterator[Serve]:
    """Serves a router until the test ends: by default one of all three providers."""
    running: list[tuple[Served, threading.Thread]] = []

    def start(
        *names: str,
        upstreams: list[Upstream] | None = None,
        last_resort: Upstream | None = None,
        pace: Pace = Pace(),  # noqa: B008 - frozen
        patience: Patience = Patience(5, 30),  # noqa: B008 - frozen
        interval_s: float = 0.0,
        **urls: str,
    ) -> Served:
        asked = names or ("gemini", "openrouter", "cloudflare")
        access = {
            name: Access(
                key=sandbox.env[f"{name.upper()}_API_KEY"] if name in asked else "",
                base_url=urls.get(name, sandbox.env[f"{name.upper()}_BASE_URL"]),
                account_id=sandbox.env.get(f"{name.upper()}_ACCOUNT_ID", ""),
                models=MODELS.get(name, ()),
                limits=WIDE,
            )
            for name in ("gemini", "openrouter", "cloudflare")
        }
        transport, store = Transport(QUICK), MemoryStore()
        if upstreams is None:
            upstreams = [HttpUpstream(p, transport, terms) for p, terms in configured(access)]
        cache = ResponseCache(store=store)
        limiter = RateLimiter(interval_s, store=lambda: store)
        router = Router(upstreams, cache, limiter, last_resort=last_resort, patience=patience)
        app = create_app(
            Services(Planner(router, NoSearch()), Speaker([], Supply(cache, limiter)), cache),
            pace=pace,
        )
        listener = socket.create_server(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", ws="none"))
        thread = threading.Thread(
            target=lambda: asyncio.run(server.serve([listener])), name="service", daemon=True
        )
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        running.append((Served(url, router, server), thread))
        return running[-1][0]

    yield start
    for served, thread in running:
        served.client.close()
        for session in served.sessions:
            session.close()
        served.server.should_exit = True
        thread.join(20)
        assert not thread.is_alive()
