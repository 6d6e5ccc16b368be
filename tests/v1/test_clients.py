"""Clients that others wrote, each in a process of its own, held against the tables of docs/CLIENTS.md."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from cache import ResponseCache
from callers import ApiKey
from endpoints.app import Services, create_app
from endpoints.security import Rules
from planning.planner import Planner
from planning.research import NoSearch
from planning.speech import Speaker
from planning.voices.supply import Supply
from rate_limiter import RateLimiter
from router import Router
from sandbox.running import RunningSandbox, running_sandbox
from storage.ledger import Limits
from storage.memory import MemoryStore
from tests.service import ROOT, RunningService, running_service
from tests.v1.conftest import serving

HERE = Path(__file__).parent / "clients"
LITELLM = Path(sys.prefix) / "litellm/bin/python"
CLIENTS: dict[str, tuple[str | Path | None, Path]] = {
    "openai": (sys.executable, HERE / "openai_client.py"),
    "openai, async": (sys.executable, HERE / "openai_async_client.py"),
    "LangChain": (sys.executable, HERE / "langchain_client.py"),
    "LiteLLM": (LITELLM, HERE / "litellm_client.py"),
    "pydantic-ai": (sys.executable, HERE / "pydantic_ai_client.py"),
    "Vercel AI SDK": (shutil.which("node"), HERE / "vercel_client.mjs"),
}
GEMINI_MODEL = "gemini-3.5-flash-lite"
GEMINI = f"gemini/{GEMINI_MODEL}"
OPENROUTER = "openrouter/openrouter/free"
CLOUDFLARE = "cloudflare/@cf/google/gemma-4-26b-a4b-it"
FEATURES = ("plain", "stream", "tool call", "structured")
TIMEOUT_S = 110  # on a busy machine; a few seconds on an idle one

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    """Stand-ins without quotas in the way."""
    with running_sandbox(quotas="unlimited") as running:
        yield running


@pytest.fixture(scope="module")
def service(
    sandbox: RunningSandbox, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningService]:
    """The service as users run it."""
    environment = {**sandbox.env, "MIN_INTERVAL_SECONDS": "0", "GEMINI_MODEL": GEMINI_MODEL}
    for name in ("GEMINI", "OPENROUTER", "CLOUDFLARE"):  # a minute's limit would be waited for
        environment[f"{name}_REQUESTS_PER_MINUTE"] = "100000"
    with running_service(tmp_path_factory.mktemp("service"), environment) as running:
        yield running


@pytest.fixture(scope="module")
def failing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """A service whose providers all fail, each in its own way."""
    with running_sandbox(quotas="unlimited") as sandbox:
        sandbox.fail("gemini", blocked="PROHIBITED_CONTENT")
        sandbox.fail("openrouter", status=500, body={"error": {"message": "no"}})
        sandbox.reply("cloudflare", "word " * 200, times=None)
        sandbox.fail("cloudflare", cut_after_chunks=3)
        environment = {**sandbox.env, "MIN_INTERVAL_SECONDS": "0", "MAX_WAIT_SECONDS": "1"}
        environment["GEMINI_MODEL"] = GEMINI_MODEL
        with running_service(tmp_path_factory.mktemp("failing"), environment) as running:
            yield running


@pytest.fixture(scope="module")
def guarded() -> Iterator[dict[str, str]]:
    """Services that nobody gets into, by the case that they are for."""
    key = ApiKey.read("somebody:the-key-of-somebody-else")
    spent = Limits(per_day=0)
    rules = {
        "wrong API key (401)": Rules(keys=(key,)),
        "limit of the caller (429)": Rules(allow_anonymous=True, per_address=spent),
    }
    with ExitStack() as running:
        urls = {}
        for case, own in rules.items():
            cache = ResponseCache(store=MemoryStore())
            limiter = RateLimiter(0)
            planner = Planner(Router([], cache, limiter), NoSearch())
            services = Services(planner, Speaker([], Supply(cache, limiter)), cache)
            url, _ = running.enter_context(serving(create_app(services, rules=own)))
            urls[case] = f"{url}/v1"
        yield urls


@pytest.fixture(scope="module", params=CLIENTS)
def client(request: pytest.FixtureRequest) -> str:
    """Each client in turn."""
    return str(request.param)


@pytest.fixture(scope="module")
def seen(
    client: str,
    service: RunningService,
    failing: RunningService,
    guarded: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, Any]:
    """What the program of *client* saw: the answers of each model, and how it tells each error."""
    program, script = CLIENTS[client]
    if program is None or not Path(program).exists():
        pytest.skip(f"{client} is not installed: make test installs it")
    if script.suffix == ".mjs" and not (HERE / "node_modules").exists():
        pytest.skip("its packages are not installed: make test installs them")
    listed = tmp_path_factory.mktemp("cases") / "cases.json"
    listed.write_text(json.dumps(cases(f"{failing.url}/v1", guarded)), encoding="utf-8")
    rows = service.get("/status").json()["providers"]
    models = {row["provider"]: f"{row['provider']}/{row['model']}" for row in rows}.values()
    own = {"PYTHONPATH": str(ROOT), "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    arguments = [f"{service.url}/v1", question(client), str(listed), "auto", *models]
    outcome = subprocess.run(
        [str(program), str(script), *arguments],
        env={"PATH": os.environ["PATH"], **own},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stderr
    printed: dict[str, Any] = json.loads(outcome.stdout.splitlines()[-1])
    assert list(printed["models"]) == ["auto", *models]
    return printed


def question(client: str) -> str:
    """A question that no other client asks."""
    return f"What is the weather in Kiel, asks {client}?"


def cases(base_url: str, guarded: dict[str, str]) -> dict[str, dict[str, Any]]:
    """Every class of error, by what stands in the first column of the table."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        nowhere = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
    plain = {"base_url": base_url, "model": OPENROUTER, "question": "Hello."}
    doors = {case: {**plain, "base_url": url} for case, url in guarded.items()}
    return doors | {
        "wrong value (400)": {**plain, "temperature": 9},
        "too long for the model (400)": {**plain, "question": "word " * 40_000},
        "declined content (400)": {**plain, "model": GEMINI},
        "page of another site (403)": {**plain, "headers": {"Origin": "https://evil.example"}},
        "unknown model (404)": {**plain, "model": "gpt-4o"},
        "body too large (413)": {**plain, "question": "x" * (5 << 20)},
        "everybody failed (503)": plain,
        "time limit of the caller (504)": {**plain, "headers": {"X-Request-Timeout": "0.001"}},
        "stream broken off": {**plain, "model": CLOUDFLARE, "stream": True},
        "nobody there": {**plain, "base_url": nowhere},
    }


def table(heading: str) -> dict[str, dict[str, str]]:
    """The table below a heading of docs/CLIENTS.md: for each client what stands in its column."""
    page = (ROOT / "docs" / "CLIENTS.md").read_text(encoding="utf-8")
    section = page.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    first = re.search(r"(?m)(^\|.*\|\n)+", section)
    lines = first[0].splitlines() if first else []
    head, _, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in lines)
    return {
        client: {row[0]: row[place].strip("`") for row in rows}
        for place, client in enumerate(head)
        if place and client in CLIENTS
    }


def test_a_client_gets_what_it_asks_for(client: str, seen: dict[str, Any]) -> None:
    """A plain answer, the same in pieces, a tool call, a filled-in form, whoever answers behind us."""
    for saw in seen["models"].values():
        assert question(client)[:40] in saw["plain"]
        assert question(client)[:40] in saw["stream"]
        assert saw["pieces"] > 1
        assert saw["usage"] > 0
        assert (saw["tool"], list(saw["arguments"])) == ("weather", ["city"])
        assert {name: type(value) for name, value in saw["structured"].items()} == {
            "name": str,
            "masts": int,
        }
    assert table("What works")[client] == dict.fromkeys(FEATURES, "yes")


def test_a_client_tells_errors_in_its_own_words(client: str, seen: dict[str, Any]) -> None:
    """Each is an error to it, and none is taken for an answer."""
    assert "no error" not in seen["errors"].values()
    assert seen["errors"] == table("How errors look")[client]
