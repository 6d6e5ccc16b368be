"""The routes that break a demo's stand-ins: a fixed table, on this machine, and nowhere else."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from pydantic import ValidationError

from sandbox.running import RunningSandbox
from settings import Settings
from tests.service import RunningService, running_service


@pytest.fixture(scope="module")
def demo(
    sandbox: RunningSandbox, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningService]:
    """The service of a demo."""
    settings = {**sandbox.env, "SANDBOX_URL": sandbox.url, "LOCAL_MODEL": "off"}
    with running_service(tmp_path_factory.mktemp("demo"), settings) as running:
        yield running


def put(service: RunningService, provider: str, body: object) -> requests.Response:
    """A PUT of JSON."""
    return requests.put(f"{service.url}/demo/{provider}", json=body, timeout=20)


@pytest.mark.parametrize(
    ("fault", "provider", "told"),
    [
        ("limit", "gemini", {"error": "minute_quota"}),
        ("limit", "cloudflare", {"error": "minute_3021"}),
        ("outage", "openrouter", {"status": 503}),
        ("slow", "gemini", {"delay_s": 12.0}),
        ("garbage", "gemini", {"status": 200, "html": True}),
        ("cut", "gemini", {"cut_after_chunks": 3}),
    ],
)
def test_each_fault_reaches_the_sandbox_and_is_healed(
    demo: RunningService,
    sandbox: RunningSandbox,
    fault: str,
    provider: str,
    told: dict[str, object],
) -> None:
    """And is read back by whoever opens the page later."""
    assert put(demo, provider, {"fault": fault}).status_code == 200
    assert sandbox.faults == {provider: [told]}
    shown = {one["provider"]: one["fault"] for one in demo.get("/demo").json()["providers"]}
    assert shown[provider] == fault
    assert put(demo, provider, {"fault": None}).status_code == 200
    assert sandbox.faults == {}


def test_what_somebody_else_broke_is_shown_as_such(
    demo: RunningService, sandbox: RunningSandbox
) -> None:
    """Such as by curl."""
    sandbox.fail("gemini", hang=True)
    providers = demo.get("/demo").json()["providers"]
    assert next(one for one in providers if one["provider"] == "gemini")["fault"] == "other"
    put(demo, "gemini", {"fault": None})


def test_nothing_else_is_passed_on(demo: RunningService, sandbox: RunningSandbox) -> None:
    """Neither another fault nor another path."""
    assert put(demo, "gemini", {"fault": "hang"}).status_code == 422
    assert put(demo, "gemini", {"fault": "outage", "times": 3}).status_code == 422
    assert put(demo, "search", {"fault": "outage"}).status_code == 404
    assert put(demo, "gemini%2F..%2F..%2Flog", {"fault": "outage"}).status_code in (404, 405)
    assert sandbox.faults == {}


def test_without_a_sandbox_the_routes_are_not_there(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    """As in production."""
    with running_service(tmp_path / "real", {**sandbox.env, "LOCAL_MODEL": "off"}) as service:
        assert service.get("/demo").status_code == 404
        assert put(service, "gemini", {"fault": "outage"}).status_code == 404
        assert service.get("/status").json()["demo"] is False


def test_a_sandbox_that_is_gone_is_told(tmp_path: Path, sandbox: RunningSandbox) -> None:
    """As a bad gateway, not as a mistake of ours."""
    settings = {**sandbox.env, "SANDBOX_URL": "http://127.0.0.1:9", "LOCAL_MODEL": "off"}
    with running_service(tmp_path / "alone", settings) as service:
        reply = service.get("/demo")
        assert (reply.status_code, reply.json()) == (
            502,
            {"detail": "The sandbox does not answer"},
        )


@pytest.mark.parametrize(
    "url", ["http://10.0.0.1:9100", "https://sandbox.example", "http://localhost"]
)
def test_a_sandbox_is_on_this_machine(url: str) -> None:
    """Nobody steers another host through the service."""
    with pytest.raises(ValidationError):
        Settings(sandbox_url=url)
