"""Runs of several instances over one Redis: joined, stopped and taken up by whoever is asked."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from sandbox.running import RunningSandbox, running_sandbox
from tests.endpoints.test_sectioned import brief, delete, environment, until, watched
from tests.servers import running_store
from tests.service import RunningService, running_service

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    """A provider that takes its time."""
    with running_sandbox(quotas="unlimited", latency_s=0.3) as running:
        yield running


@pytest.fixture
def pair(sandbox: RunningSandbox, tmp_path: Path) -> Iterator[list[RunningService]]:
    """Two instances that share nothing but a Redis."""
    with ExitStack() as stack:
        store = stack.enter_context(running_store(tmp_path))
        shared = environment(sandbox, REDIS_URL=store.url)
        yield [stack.enter_context(running_service(tmp_path / name, shared)) for name in ("a", "b")]


def begun(service: RunningService, body: dict[str, Any]) -> str:
    """The id of a run that has written two sections."""
    reply = service.post("/documents/roadmap", body, headers={"Prefer": "respond-async"})
    assert reply.status_code == 202, reply.text
    run_id = reply.headers["x-run-id"]
    while len(until(service, run_id, "running")["sections"]) < 2:
        threading.Event().wait(0.05)
    return run_id


def test_an_equal_request_to_another_instance_joins_the_run(
    pair: list[RunningService], sandbox: RunningSandbox
) -> None:
    sandbox.clear_log()
    first, second = pair
    body = brief("Together")
    run_id = begun(first, body)
    events = watched(second, "/documents/roadmap", body)
    assert events[0]["kind"] == "plan"
    assert events[-1]["kind"] == "done"
    assert len(sandbox.calls("gemini")) <= 12
    assert first.get(f"/runs/{run_id}/document").text == second.get(f"/runs/{run_id}/document").text


def test_a_run_is_stopped_through_another_instance(pair: list[RunningService]) -> None:
    first, second = pair
    run_id = begun(first, brief("Halted"))
    assert delete(second, f"/runs/{run_id}").status_code == 200
    assert until(first, run_id, "stopped")["state"] == "stopped"


def test_another_instance_takes_up_the_run_of_one_that_was_killed(
    pair: list[RunningService], sandbox: RunningSandbox
) -> None:
    """As soon as it has given no sign of life for a while."""
    first, second = pair
    body = brief("Orphaned")
    run_id = begun(first, body)
    first.process.send_signal(signal.SIGKILL)
    sandbox.clear_log()
    begun_s = time.monotonic()
    assert until(second, run_id, "paused", timeout_s=60)["state"] == "paused"
    assert time.monotonic() - begun_s < 50
    finished = second.post("/documents/roadmap", body)
    assert finished.status_code == 200
    assert finished.headers["x-run-id"] == run_id
    assert len(sandbox.calls("gemini")) < 10  # the rest, not the whole
