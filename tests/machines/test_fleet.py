"""Several processes, one set of limits: the checker reads only what arrived at the providers."""

import itertools
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from sandbox.running import RunningSandbox, running_sandbox
from tests.seeds import SEED

ROOT = Path(__file__).parent.parent.parent
WORKERS = 4
INTERVAL_S = 0.3
TOLERANCE_S = 0.02


def start(folder: Path, sandbox: RunningSandbox, per_day: int) -> "subprocess.Popen[bytes]":
    """One more worker."""
    command = [sys.executable, "-m", "tests.machines.workers", str(folder), str(SEED)]
    return subprocess.Popen(
        [*command, str(INTERVAL_S), str(per_day)],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **sandbox.env},
        stderr=subprocess.DEVNULL,
    )


def run_fleet(
    folder: Path, sandbox: RunningSandbox, duration_s: float, per_day: int
) -> Counter[str]:
    """Let the workers ask for a while, killing and stopping them; what was done to them."""
    chance = random.Random(SEED)
    workers = [start(folder, sandbox, per_day) for _ in range(WORKERS)]
    deeds: Counter[str] = Counter()
    pause = threading.Event()
    end_s = time.monotonic() + duration_s
    try:
        while time.monotonic() < end_s:
            pause.wait(chance.uniform(0.3, 1.0))
            place = chance.randrange(WORKERS)
            if chance.random() < 0.5:
                workers[place].kill()
                workers[place].wait()
                workers[place] = start(folder, sandbox, per_day)
                deeds["killed"] += 1
            else:
                workers[place].send_signal(signal.SIGSTOP)
                pause.wait(chance.uniform(0.1, 0.8))
                workers[place].send_signal(signal.SIGCONT)
                deeds["stopped"] += 1
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
    return deeds


def check(sandbox: RunningSandbox, per_day: int, deeds: Counter[str]) -> Counter[str]:
    """No two calls inside the interval, but for one after each stop; never above the quota."""
    counted: Counter[str] = Counter()
    early = 0
    for provider in ("gemini", "openrouter", "cloudflare"):
        sent = [call.monotonic_s for call in sandbox.calls(provider) if call.method == "POST"]
        counted[provider] = len(sent)
        assert len(sent) <= per_day
        early += sum(b - a < INTERVAL_S - TOLERANCE_S for a, b in itertools.pairwise(sent))
    counted["early"] = early
    # A process that is stopped between its stamp and its write sends late, and the next call may
    # then come early: at most once for each stop.
    assert early <= deeds["stopped"]
    return counted


def test_q01_q02_q03_the_limits_hold_for_a_fleet_that_is_killed(tmp_path: Path) -> None:
    """Eight seconds of it."""
    with running_sandbox(quotas="unlimited") as sandbox:
        deeds = run_fleet(tmp_path, sandbox, 8.0, per_day=14)
        counted = check(sandbox, 14, deeds)
    assert counted["gemini"] >= 10
    assert deeds.total() >= 4


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_limits_hold_for_two_minutes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The long run, with a quota that is reached."""
    with running_sandbox(quotas="unlimited") as sandbox:
        deeds = run_fleet(tmp_path, sandbox, 120.0, per_day=250)
        counted = check(sandbox, 250, deeds)
    with capsys.disabled():
        print(f"\nfleet: calls {dict(counted)}, processes {dict(deeds)}")  # noqa: T201 - to be read
    assert counted["gemini"] == 250
