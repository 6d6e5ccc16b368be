"""`python test_multi_provider.py`, as people run it: what works, what does not, and what to do."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from clock import SYSTEM_CLOCK
from endpoints.security import Rules
from sandbox.running import RunningSandbox, running_sandbox
from storage.ledger import Limits, Moment
from storage.memory import MemoryStore
from test_multi_provider import check_clock, check_door, check_store
from tests.doubles import LosableStore
from tests.servers import free_port
from tests.service import ROOT


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    """Stand-ins for everybody who is asked."""
    with running_sandbox(quotas="unlimited") as running:
        yield running


def doctor(folder: Path, environment: Mapping[str, str]) -> tuple[int, dict[str, str]]:
    """Its exit code, and what it said: each line by its subject, with the advice below it."""
    done = subprocess.run(
        [sys.executable, ROOT / "test_multi_provider.py"],
        check=False,
        cwd=folder,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        timeout=55,
    )
    assert "Traceback" not in done.stderr, done.stderr
    said: dict[str, str] = {}
    for line in done.stdout.splitlines():
        if line.startswith("   → "):
            said[list(said)[-1]] += line
        else:
            subject, _, detail = line[2:].partition(": ")
            said[subject] = f"{line[0]} {detail}"
    return done.returncode, said


def test_a_healthy_setup_is_told_part_by_part(sandbox: RunningSandbox, tmp_path: Path) -> None:
    """And ends with 0."""
    code, said = doctor(tmp_path, {**sandbox.env, "TRIMARAN_API_KEYS": "alice:0123456789abcdef"})
    for subject in ("Google Gemini", "OpenRouter", "Cloudflare Workers AI", "Cache", "Clock"):
        assert said[subject].startswith("✅"), said
    assert said["Groq"].startswith("➖ not configured")
    assert said["Store"].startswith("✅ can be written")
    assert said["Store"].endswith(".cache/cache.db")
    assert said["ElevenLabs"].startswith("✅ spoke for")
    assert said["Pages and fonts"].startswith("✅ a PDF of")
    assert said["Web search"].startswith("✅ found")
    assert said["Who may call"] == "✅ whoever shows one of 1 key(s)"
    assert code == 0


def test_each_ill_says_what_to_do(sandbox: RunningSandbox, tmp_path: Path) -> None:
    """A refused spare key, an address where nobody listens, a store that is away; it ends with 1."""
    nowhere = f"127.0.0.1:{free_port()}"
    good = sandbox.env["GEMINI_API_KEY"]
    environment = {
        **sandbox.env,
        "GEMINI_API_KEY": f"{good},wrong-key-of-nobody",
        "OPENROUTER_BASE_URL": f"http://{nowhere}/api/v1",
        "REDIS_URL": f"redis://:password-of-the-store@{nowhere}/0",
        "ELEVENLABS_API_KEY": "wrong-key-of-nobody",
        "SEARCH_URL": f"http://{nowhere}/",
    }
    code, said = doctor(tmp_path, environment)
    assert said["Google Gemini, key 1 of 2"].startswith("✅ answered")
    assert "put a valid key into GEMINI_API_KEY" in said["Google Gemini, key 2 of 2"]
    assert "check the network, OUTBOUND_PROXY, and OPENROUTER_BASE_URL" in said["OpenRouter"]
    assert "check REDIS_URL" in said["Store"]
    assert "docs/SPEECH.md" in said["ElevenLabs"]
    assert "set SEARCH=off" in said["Web search"]
    for ill in ("OpenRouter", "Store", "ElevenLabs", "Web search", "Google Gemini, key 2 of 2"):
        assert said[ill].startswith("❌"), ill
    assert "password-of-the-store" not in repr(said)
    assert "wrong-key-of-nobody" not in repr(said)
    assert code == 1


def test_who_is_left_out_is_told_and_not_asked(sandbox: RunningSandbox, tmp_path: Path) -> None:
    """With the setting that does it."""
    sandbox.clear_log()
    code, said = doctor(tmp_path, {**sandbox.env, "NO_TRAIN": "1", "SEARCH": "off"})
    assert "NO_TRAIN" in said["Google Gemini"]
    assert said["Cloudflare Workers AI"].startswith("✅")
    assert {call.provider for call in sandbox.log} == {"cloudflare"}
    assert said["Web search"].startswith("➖ off")
    assert code == 0


def test_a_store_that_is_lost_or_forgets_is_an_ill() -> None:
    """Memory lasts as long as the process."""
    store = LosableStore()
    store.is_lost = True
    assert check_store(store, is_shared=True).ok is False
    assert "CACHE_DIR" in check_store(MemoryStore(), is_shared=False).advice


@pytest.mark.parametrize(
    ("rules", "ok", "detail"),
    [
        (Rules(), True, "this machine only"),
        (Rules(trusts_all=True), False, "nobody"),
        (
            Rules(
                allow_anonymous=True,
                of_all_anonymous=Limits(per_day=9),
                per_address=Limits(per_day=2),
            ),
            True,
            "anybody, 9 times a day in all and 2",
        ),
    ],
)
def test_the_door_says_who_may_call(rules: Rules, ok: bool, detail: str) -> None:
    """A service behind a proxy that lets nobody in is a mistake."""
    finding = check_door(rules)
    assert (finding.ok, finding.detail.startswith(detail)) == (ok, True)
    assert bool(finding.advice) is not ok


def test_a_clock_that_is_apart_from_the_stores_is_an_ill(monkeypatch: pytest.MonkeyPatch) -> None:
    """And so is one that was never set, or that knows no time zones."""
    store = MemoryStore()
    assert check_clock(store).ok
    ahead = Moment("shared", 0.0, SYSTEM_CLOCK.time() + 60)
    monkeypatch.setattr(MemoryStore, "now", lambda self, clock: ahead)
    assert check_clock(store).detail.startswith("60 s apart")
    monkeypatch.setattr("time.time", lambda: 0.0)
    assert "1970" in check_clock(store).detail
