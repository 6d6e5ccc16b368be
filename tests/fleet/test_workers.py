"""Several workers of one machine, started as people start them: one interval, one quota, one call."""

import asyncio
import time
from collections import Counter
from pathlib import Path

import pytest

from sandbox.running import running_sandbox
from tests.fleet.running import Clients, Instance, early, repeated, sent

INTERVAL_S = 0.4
PER_DAY = 12
DURATION_S = 5.0
TOLERANCE_S = 0.1  # a busy machine may bring one call late, and the next in time


def used(service: Instance) -> int:
    """What one of the workers says that Gemini has been asked today."""
    providers = service.status()["providers"]
    return int(
        next(each for each in providers if each["provider"] == "gemini")["quotas"][0]["used"]
    )


@pytest.mark.timeout(180)
def test_three_workers_keep_one_interval_one_quota_and_ask_once(tmp_path: Path) -> None:
    """`uvicorn main:app --workers 3` with the embedded store, seen from the provider."""
    with running_sandbox(quotas="unlimited", latency_s=0.1) as sandbox:
        environment = {
            name: value for name, value in sandbox.env.items() if name.startswith("GEMINI")
        } | {
            "GEMINI_MODEL": "gemini-3.5-flash-lite",
            "GEMINI_REQUESTS_PER_MINUTE": "10000",
            "GEMINI_REQUESTS_PER_DAY": str(PER_DAY),
            "MIN_INTERVAL_SECONDS": str(INTERVAL_S),
            "MAX_WAIT_SECONDS": "3",
            "LOCAL_MODEL": "off",
        }
        service = Instance(tmp_path / "service", environment, "--workers", "3")
        service.start()
        try:
            service.wait()
            while service.log.count("Application startup complete") < 3:
                time.sleep(0.05)
            clients = Clients([service.url], at_once=6, seed=1)
            asyncio.run(clients.ask_until(time.monotonic() + DURATION_S))
            seen = {used(service) for _ in range(12)}
        finally:
            service.end()
        calls = sent(sandbox)
    assert early(calls, INTERVAL_S - TOLERANCE_S, lambda _: True) == 0
    assert len(calls) == PER_DAY
    assert seen == {PER_DAY}
    assert repeated(calls) == Counter()
    right = [f"question {each.number} " in each.text for each in clients.heard if each.text]
    assert all(right)
    assert len(right) >= PER_DAY
    assert {each.status for each in clients.heard} <= {200, 503}
    # Whoever asked the same at the same moment got the same answer, through whichever worker.
    assert {each.cache for each in clients.heard if each.text} >= {"MISS", "JOINED"}
