"""What the service tells of itself while it works: the journal, its feed, metrics, traces, the probes."""

import asyncio
import re
from collections.abc import Iterator

import orjson
import pytest
import requests
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from answers import Origin
from endpoints.journal import MOST_ROWS, Journal
from endpoints.tracing import Tracing
from failover import Attempt
from notices import LISTENER, Answered, Failed, Notice, Notices, Tried, Trying
from providers.completion import Usage
from providers.errors import FailureKind
from sandbox.running import RunningSandbox
from tests.servers import free_port
from tests.service import RunningService, running_service

GOOD = Attempt("gemini", "Google Gemini", "flash", "flash-001", 0.4)
BAD = Attempt("groq", "Groq", "oss", "oss", 0.1, FailureKind.OVERLOADED, "overloaded (503)")


def journal(now: float = 6_000.0) -> Journal:
    """An empty one whose time stands still."""
    return Journal(lambda: now)


def test_the_journal_keeps_what_people_ask_for_and_no_more() -> None:
    """Who answered, who failed, how long it took; bounded."""
    kept = journal()
    kept.hear(Tried("chat", BAD))
    kept.hear(Tried("chat", GOOD))
    origin = Origin(provider="gemini", model="flash-001", attempts=(BAD, GOOD), waited_s=1.0)
    for _ in range(MOST_ROWS + 5):
        kept.hear(Answered("chat", origin, 1.5))
    rows = kept.rows()
    assert len(rows) == MOST_ROWS
    assert rows[-1]["attempts"][0] == {
        "provider": "groq",
        "label": "Groq",
        "model": "oss",
        "elapsed_s": 0.1,
        "failure": "overloaded (503)",
    }
    assert kept.rows(after=rows[-2]["id"]) == rows[-1:]
    assert kept.totals() == {"MISS": MOST_ROWS + 5}
    assert kept.minutes() == [{"minute": 100, "MISS": MOST_ROWS + 5}]


def test_a_model_s_record_tells_its_rate_and_its_last_error() -> None:
    """Percentiles are those of calls that succeeded."""
    kept = journal()
    for elapsed_s in (0.1, 0.2, 0.3):
        kept.hear(Tried("chat", Attempt("groq", "Groq", "oss", "oss", elapsed_s)))
    kept.hear(Tried("chat", BAD))
    told = kept.record("groq", "oss")
    assert (told["calls_5m"], told["success_rate_5m"]) == (4, 0.75)
    assert (told["p50_s"], told["last_error"]) == (0.2, "overloaded (503)")
    assert kept.record("nobody", "none")["success_rate_5m"] is None


def test_a_failure_is_a_row_too() -> None:
    """With its reason in words."""
    kept = journal()
    kept.hear(Failed("chat", "RateLimited", "next slot in 9 s", (BAD,), 0.2))
    assert kept.rows()[0]["outcome"] == "RateLimited"
    assert kept.totals() == {"FAILED": 1}


@pytest.mark.anyio
async def test_news_come_when_there_are_some() -> None:
    """And otherwise the wait ends by itself."""
    kept = journal()
    await kept.news(0, timeout_s=0.01)
    waiting = asyncio.create_task(kept.news(0, timeout_s=60))
    await asyncio.sleep(0)
    kept.hear(Failed("chat", "OutOfTime", "", (), 0.2))
    await waiting
    await kept.news(0, timeout_s=60)


def test_a_listener_that_fails_harms_nobody(caplog: pytest.LogCaptureFixture) -> None:
    """The others are told all the same, and the log says so."""
    heard: list[Notice] = []

    def broken(_: Notice) -> None:
        raise RuntimeError("boom")

    notices = Notices([broken, heard.append])
    token = LISTENER.set(heard.append)
    notices.tell(Trying("chat", "gemini", "flash"))
    LISTENER.reset(token)
    notices.tell(Trying("chat", "gemini", "flash"))
    assert len(heard) == 3
    assert "a listener failed" in caplog.text


def test_every_call_is_a_span_in_the_words_of_the_convention(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A failed one says why, in its type."""
    exporter, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr("opentelemetry.trace.get_tracer", provider.get_tracer)
    tracing = Tracing()
    tracing.hear(Tried("chat", BAD))
    tracing.hear(Tried("chat", GOOD, Usage(10, 20)))
    failed, answered = exporter.get_finished_spans()
    assert failed.attributes is not None
    assert answered.attributes is not None
    assert failed.attributes["error.type"] == "overloaded"
    assert answered.name == "chat flash"
    assert dict(answered.attributes) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "gcp.gemini",
        "gen_ai.request.model": "flash",
        "gen_ai.response.model": "flash-001",
        "gen_ai.usage.input_tokens": 10,
        "gen_ai.usage.output_tokens": 20,
    }
    assert answered.start_time is not None
    assert answered.end_time is not None
    assert answered.end_time - answered.start_time == pytest.approx(0.4e9, rel=0.01)


# --- the whole service --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def service(
    sandbox: RunningSandbox, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningService]:
    """The service with all keys and no interval."""
    own = {
        **sandbox.env,
        "MIN_INTERVAL_SECONDS": "0",
        "SEARCH": "off",
        "GEMINI_MODEL": "gemini-3.5-flash-lite",
    }
    with running_service(tmp_path_factory.mktemp("watched"), own) as running:
        yield running


def ask(service: RunningService, words: str) -> requests.Response:
    """One chat completion."""
    body = {"model": "auto", "messages": [{"role": "user", "content": words}]}
    return service.post("/v1/chat/completions", body)


def test_a_failover_is_seen_everywhere(service: RunningService, sandbox: RunningSandbox) -> None:
    """In the status, in the feed and in the metrics."""
    sandbox.fail("gemini", status=503)
    with requests.get(f"{service.url}/status/events", stream=True, timeout=30) as feed:
        lines = feed.iter_lines()
        assert next(lines) == b": here"
        assert ask(service, "Watch this.").status_code == 200
        row = orjson.loads(next(line for line in lines if line.startswith(b"data: "))[6:])
    assert [attempt["failure"] is None for attempt in row["attempts"]] == [False, True]
    status = service.get(f"/status?after={row['id'] - 1}").json()
    assert status["requests"] == [row]
    assert status["totals"]["MISS"] >= 1
    failed = next(m for m in status["providers"] if m["record"]["last_error"])
    assert failed["record"]["success_rate_5m"] == 0.0
    told = service.get("/metrics").text
    assert re.search(r'trimaran_failovers_total\{failure="overloaded",provider="gemini"\} 1', told)
    assert re.search(r"trimaran_running 0", told)
    sandbox.heal()


def test_a_cached_answer_counts_as_saved(service: RunningService) -> None:
    """Asked twice, called once."""
    ask(service, "Once.")
    ask(service, "Once.")
    assert service.get("/status").json()["totals"]["HIT"] >= 1


def test_no_prompt_is_told(service: RunningService) -> None:
    """Neither in the status nor in the metrics."""
    ask(service, "A very private idea.")
    assert "private idea" not in service.get("/status").text + service.get("/metrics").text


def test_it_is_ready_while_providers_fail_and_not_without_any(
    service: RunningService, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A provider that fails comes back by itself; none at all is a mistake."""
    assert service.get("/readyz").json() == {"status": "ok", "reasons": []}
    bare = {"LOCAL_MODEL": "off", "SEARCH": "off"}
    with running_service(tmp_path_factory.mktemp("bare"), bare) as nobody:
        reply = nobody.get("/readyz")
        assert nobody.get("/healthz").status_code == 200
    assert reply.status_code == 503
    assert "no provider is configured" in reply.json()["reasons"][0]


def test_it_stays_ready_without_its_store_and_says_so(
    sandbox: RunningSandbox, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """All instances lose the store together: none of them must be taken out of service for it."""
    url = f"redis://:password-of-the-store@127.0.0.1:{free_port()}/0"
    environment = {**sandbox.env, "REDIS_URL": url, "SEARCH": "off"}
    with running_service(tmp_path_factory.mktemp("lost"), environment) as careful:
        ask(careful, "Are you there?")
        reply = careful.get("/readyz")
        assert "trimaran_store_up 0.0" in careful.get("/metrics").text
    assert (reply.status_code, reply.json()["status"]) == (200, "degraded")
    assert "the store is lost" in reply.json()["reasons"][0]
    assert "password-of-the-store" not in careful.log + reply.text


def test_the_status_is_small(service: RunningService) -> None:
    """One small answer for each refresh."""
    ask(service, "How small is the status?")
    last = service.get("/status").json()["requests"][-1]["id"]
    assert len(service.get(f"/status?after={last}").content) < 20_000
