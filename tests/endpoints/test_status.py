"""How things stand: status, forecast, receipts, time limits, and a clean end."""

import contextlib
import json
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.running import RunningSandbox, running_sandbox
from tests.endpoints.test_service import environment, idea, wait_until
from tests.service import RunningService, running_service


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    """Stand-ins without quotas of their own."""
    with running_sandbox(quotas="unlimited") as running:
        yield running


@pytest.fixture
def service(sandbox: RunningSandbox, tmp_path: Path) -> Iterator[RunningService]:
    """The service with its default ladder and limits, but no interval."""
    settings = {**sandbox.env, "MIN_INTERVAL_SECONDS": "0", "MAX_WAIT_SECONDS": "2"}
    with running_service(tmp_path / "service", settings) as running:
        yield running


def row(service: RunningService, model: str) -> dict[str, Any]:
    """What the status says of one model."""
    providers = service.get("/status").json()["providers"]
    found: dict[str, Any] = next(entry for entry in providers if entry["model"] == model)
    return found


def test_the_status_counts_what_was_used_and_what_is_left(service: RunningService) -> None:
    """Per model at Gemini, in requests; per account at Cloudflare, in neurons."""
    before = row(service, "gemini-3.8-flash")
    assert (before["state"], before["quotas"]) == (
        "ready",
        [
            {
                "scope": "model",
                "learned": False,
                "unit": "requests",
                "limit": 20,
                "used": 0,
                "left": 20,
            }
        ],
    )
    service.post("/investors", idea("Counted"))
    assert row(service, "gemini-3.8-flash")["quotas"][0]["left"] == 19
    assert row(service, "gemini-3.7-flash")["quotas"][0]["left"] == 20
    neurons = row(service, "@cf/google/gemma-4-26b-a4b-it")["quotas"][0]
    assert (neurons["unit"], neurons["limit"], neurons["left"]) == ("neurons", 10_000, 10_000)


def test_a_spare_key_is_used_and_the_status_counts_the_refused_one(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    """Each model stands there once; neither log nor status shows a key."""
    keys = f"a-refused-key,{sandbox.env['GEMINI_API_KEY']}"
    settings = environment(sandbox, GEMINI_API_KEY=keys, SEARCH="off")
    with running_service(tmp_path / "service", settings) as service:
        reply = service.post("/investors", idea("Spared"))
        assert (reply.headers["x-provider"], reply.headers["x-attempts"]) == ("gemini", "2")
        listed = [model["id"] for model in service.get("/v1/models").json()["data"]]
        gemini = row(service, "gemini-3.5-flash-lite")
        status, log = service.get("/status").text, service.log
    assert len(listed) == len(set(listed)) == 5
    assert (gemini["state"], gemini["keys"], gemini["keys_set_aside"]) == ("ready", 2, 1)
    assert "🔑 Key 1 of 2 of Google Gemini is set aside" in log
    for key in keys.split(","):
        assert key not in status + log


def test_the_ladder_goes_down_when_a_models_day_is_over(
    service: RunningService, sandbox: RunningSandbox
) -> None:
    """Without another call to the spent model, and told in the receipt."""
    sandbox.fail("gemini", model="gemini-3.8-flash", error="daily_quota")
    service.post("/investors", idea("First"))
    reply = service.post("/investors", idea("Second"), headers={"x-route-receipt": "1"})
    assert reply.headers["x-model"] == "gemini-3.7-flash"
    receipt = json.loads(reply.headers["x-route-receipt"])
    assert [tried["model"] for tried in receipt["tried"]] == ["gemini-3.7-flash"]
    skipped = receipt["skipped"][0]
    assert (skipped["model"], skipped["reason"]) == ("gemini-3.8-flash", "daily quota used up")
    assert skipped["ready_in_s"] > 0
    spent = row(service, "gemini-3.8-flash")
    assert (spent["state"], spent["reason"]) == ("on hold", "daily quota used up")
    assert spent["quotas"][0]["left"] == 0
    calls = [call.model for call in sandbox.calls("gemini")]
    assert calls == ["gemini-3.8-flash", "gemini-3.7-flash", "gemini-3.7-flash"]


def test_a_limit_that_the_provider_states_is_learned(
    service: RunningService, sandbox: RunningSandbox
) -> None:
    """And shown as such."""
    sandbox.fail("openrouter", error="daily_quota_funded", times=1)
    sandbox.fail("gemini", error="overloaded")
    service.post("/investors", idea("Learning"))
    quota = row(service, "openrouter/free")["quotas"][0]
    assert (quota["learned"], quota["limit"]) == (True, 1000)


def test_openrouters_own_count_is_taken_over(
    service: RunningService, sandbox: RunningSandbox
) -> None:
    """Others may use the same key."""
    sandbox.set_quota("openrouter", requests_per_day=50, used_today=41)
    sandbox.fail("gemini", error="overloaded")
    service.post("/investors", idea("Metered"))
    wait_until(lambda: row(service, "openrouter/free")["quotas"][0]["used"] >= 41)


def test_a_forecast_says_through_whom_and_until_when(service: RunningService) -> None:
    """The best models first, until their minute is full."""
    few = service.post("/quota/forecast", {"calls": 3, "tokens": 2000}).json()
    assert (few["fits"], few["fits_today"], few["done_in_s"]) == (True, True, 0)
    assert few["through"] == [{"provider": "gemini", "model": "gemini-3.8-flash", "calls": 3}]
    many = service.post("/quota/forecast", {"calls": 600, "tokens": 2000}).json()
    assert many["fits"] is True
    assert sum(part["calls"] for part in many["through"]) == 600
    assert many["done_in_s"] > 60


@pytest.mark.parametrize("body", [{}, {"calls": 0}, {"calls": 10**9}, {"calls": 1, "tokens": -1}])
def test_a_forecast_of_nonsense_is_a_422(service: RunningService, body: dict[str, int]) -> None:
    """With the field named."""
    assert service.post("/quota/forecast", body).status_code == 422


def test_a_caller_may_lower_its_own_time(service: RunningService, sandbox: RunningSandbox) -> None:
    """And gets an answer within it, whatever happens."""
    for provider in ("gemini", "openrouter", "cloudflare"):
        sandbox.fail(provider, hang=True)
    reply = service.post("/investors", idea("Hurried"), headers={"x-request-timeout": "1"})
    assert reply.status_code == 504
    assert reply.json()["detail"] == "No answer within 1 s"
    assert reply.elapsed.total_seconds() < 10
    for nonsense in ("0", "-1", "soon", "nan", "inf"):
        reply = service.post("/investors", idea("x"), headers={"x-request-timeout": nonsense})
        assert reply.status_code == 422


def test_two_services_on_one_store_ask_an_equal_question_once(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    """C12 between processes: the second waits for what the first stores."""
    settings = environment(sandbox, CACHE_DIR=str(tmp_path / "shared"), SEARCH="off")
    sandbox.fail("gemini", delay_s=1.0)
    replies = []
    with (
        running_service(tmp_path / "one", settings) as one,
        running_service(tmp_path / "two", settings) as two,
    ):
        one.get("/healthz")
        two.get("/healthz")
        askers = [
            threading.Thread(target=lambda s=s: replies.append(s.post("/investors", idea("Once"))))
            for s in (one, two, one, two)
        ]
        for asker in askers:
            asker.start()
        for asker in askers:
            asker.join()
    assert len(sandbox.calls("gemini")) == 1
    assert [reply.status_code for reply in replies] == [200] * 4
    assert sorted(reply.headers["x-cache"] for reply in replies) == [
        "JOINED",
        "JOINED",
        "JOINED",
        "MISS",
    ]
    assert len({reply.text for reply in replies}) == 1


def test_p01_a_shutdown_ends_within_twelve_seconds(
    service: RunningService, sandbox: RunningSandbox
) -> None:
    """What is running gets its grace and then an answer; the exit code is that of a clean end."""
    sandbox.fail("gemini", hang=True)
    replies = []
    callers = [
        threading.Thread(
            target=lambda n=n: replies.append(service.post("/investors", idea(f"{n}")))
        )
        for n in range(4)
    ]
    for caller in callers:
        caller.start()
    wait_until(lambda: sandbox.open_calls("gemini") == 4)
    service.process.send_signal(signal.SIGTERM)
    for provider in ("gemini", "openrouter", "cloudflare"):
        sandbox.fail(provider, hang=True)
    assert service.process.wait(12) == 0
    for caller in callers:
        caller.join()
    assert [reply.status_code for reply in replies] == [503] * 4
    assert all("shut down" in reply.json()["detail"] for reply in replies)
    assert "Shutting down: 4 request(s)" in service.log
    assert "Traceback" not in service.log


def test_p02_a_second_interrupt_and_one_during_the_start_do_not_hang(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    """Whoever is in a hurry gets out at once."""
    with running_service(tmp_path / "early", sandbox.env) as service:
        service.process.send_signal(signal.SIGINT)
        service.process.wait(12)
    sandbox.fail("gemini", hang=True)
    with running_service(tmp_path / "twice", sandbox.env) as service:

        def call() -> None:
            with contextlib.suppress(OSError):  # the connection may be cut, or a 503 come through
                service.post("/investors", idea("Cut"))

        caller = threading.Thread(target=call)
        caller.start()
        wait_until(lambda: sandbox.open_calls("gemini") == 1)
        service.process.send_signal(signal.SIGINT)
        wait_until(lambda: "Shutting down" in service.log)
        service.process.send_signal(signal.SIGINT)
        service.process.wait(5)
        caller.join()
