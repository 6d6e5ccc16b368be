"""`python -m sandbox.demo PORT`: the service among stand-ins that fail, so that failover can be watched.

Plays one scene after the other, each with a request of its own, then leaves everything running for
you to try. No key and no network are needed.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sandbox.running import RunningSandbox, running_sandbox

Faults = Mapping[str, Mapping[str, Any]]
SCENES: tuple[tuple[str, Faults], ...] = (
    ("Everybody is well.", {}),
    ("Gemini sends a web page instead of an answer.", {"gemini": {"html": True, "status": 200}}),
    ("Gemini dies in the middle of its answer.", {"gemini": {"cut_after_chunks": 3}}),
    ("Gemini is overloaded.", {"gemini": {"error": "overloaded"}}),
    (
        "Gemini has used up its day, and OpenRouter's pool is busy.",
        {"gemini": {"error": "daily_quota"}, "openrouter": {"error": "upstream_pool"}},
    ),
    (
        "Nobody can answer (and Gemini is not even asked: its day is over).",
        {
            "gemini": {"error": "daily_quota"},
            "openrouter": {"error": "provider_overloaded"},
            "cloudflare": {"error": "capacity_3040"},
        },
    ),
)
SHOWN = ("x-provider", "x-model", "x-cache", "x-attempts", "retry-after")


def main() -> None:
    """Play the scenes, then serve until interrupted."""
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8001
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # so that the service ends with us
    with running_sandbox(quotas="unlimited") as sandbox, _service(sandbox, port) as service:
        url = f"http://127.0.0.1:{port}"
        for number, (words, faults) in enumerate(SCENES, start=1):
            _say(f"Scene {number}. {words}")
            sandbox.heal()
            for provider, fault in faults.items():
                sandbox.fail(provider, **fault)
            _ask(url, f"Solar Kitchen No. {number}")
        sandbox.heal()
        _say("The first question again: it comes from the cache.")
        _ask(url, "Solar Kitchen No. 1")
        _say(
            f"All is well again, and yours to try: {url}\n"
            f"Break a provider on {url}/status and watch requests go around it.\n"
            f"Or by hand, for example OpenRouter's next three answers:\n"
            f"  curl -X POST {sandbox.url}/_control/fault/openrouter -d "
            '\'{"error": "provider_overloaded", "times": 3}\'\n'
            f"A whole document, section by section, as it is written:\n"
            f"  curl -N {url}/documents/roadmap -H 'Accept: text/event-stream' "
            "-H 'Content-Type: application/json' -d "
            '\'{"idea": {"name": "Solar Kitchen", "mission": "Cook with the sun"}}\'\n'
            f"What can go wrong: {sandbox.url}/_control/errors   Ctrl-C ends the demo."
        )
        service.wait()


@contextmanager
def _service(sandbox: RunningSandbox, port: int) -> Iterator["subprocess.Popen[bytes]"]:
    """The real service with the stand-ins' keys, a cache of its own, and hardly an interval."""
    root = str(Path(__file__).parent.parent)
    with tempfile.TemporaryDirectory(prefix="trimaran-demo-") as folder:
        environment = {**os.environ, **sandbox.env, "CACHE_DIR": folder, "LOCAL_MODEL": "off"}
        environment |= {"MIN_INTERVAL_SECONDS": "0", "MAX_WAIT_SECONDS": "6", "PYTHONPATH": root}
        environment |= {"SANDBOX_URL": sandbox.url}  # the Status page can break the stand-ins
        environment |= {"GEMINI_MODEL": "gemini-3.5-flash-lite"}  # one model: shorter to watch
        command = [sys.executable, "-m", "uvicorn", "main:app", "--host", "127.0.0.1"]
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and arguments
            [*command, "--port", str(port), "--log-level", "warning"], env=environment, cwd=folder
        )
        try:
            _wait_until_up(f"http://127.0.0.1:{port}/healthz", process)
            yield process
        except KeyboardInterrupt:
            print()
        finally:
            process.terminate()
            process.wait()


def _wait_until_up(url: str, process: "subprocess.Popen[bytes]") -> None:
    pause = threading.Event()
    while process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=1).close()  # noqa: S310 - our own loopback address
            return
        except OSError:
            pause.wait(0.1)
    raise SystemExit("The service did not start; its own words stand above.")


def _ask(url: str, name: str) -> None:
    """Ask for a pitch and show where the answer came from."""
    idea: dict[str, Any] = {
        "name": name,
        "mission": "Cook with the sun",
        "primaryProduct": "Solar cookers",
    }
    idea |= {
        "goals": ["Equip 500 kitchens"],
        "targetMarket": {"region": "Kenya"},
        "sdgs": ["SDG 7"],
    }
    request = urllib.request.Request(  # noqa: S310 - our own loopback address
        f"{url}/business_plan_roadmap",
        json.dumps({"idea": idea}).encode(),
        {"content-type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=120) as reply:  # noqa: S310 - as above
            status, headers, body = reply.status, reply.headers, json.load(reply)
    except urllib.error.HTTPError as error:
        status, headers, body = error.code, error.headers, json.load(error)["detail"]
    facts = " ".join(f"{name}: {headers[name]}" for name in SHOWN if name in headers)
    print(f"→ {status} {facts}\n  {body.splitlines()[0][:110]}…", flush=True)


def _say(words: str) -> None:
    print(f"\n{words}", flush=True)


if __name__ == "__main__":
    main()
