"""`python -m sandbox`, as a newcomer starts it."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

import sandbox

ROOT = Path(sandbox.__file__).parent.parent


def test_the_command_prints_the_settings_of_a_served_sandbox() -> None:
    command = [sys.executable, "-m", "sandbox", "--port", "0", "--key-gemini", "mine"]
    with subprocess.Popen(
        command, cwd=ROOT, env=os.environ | {"PYTHONUTF8": "1"}, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        env = dict(process.stdout.readline().strip().split("=", 1) for _ in range(10))
        address = env["SEARCH_URL"]
        with build_opener(ProxyHandler({})).open(f"{address}/_control/log", timeout=5) as log:
            assert log.read() == b"[]"
        process.terminate()
    assert env["GEMINI_API_KEY"] == "mine"


def test_the_demo_shows_every_kind_of_failover() -> None:
    """Six scenes and a cache hit, from a real service, without keys."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "sandbox.demo", str(port)]
    env = os.environ | {"PYTHONUTF8": "1", "PYTHONUNBUFFERED": "1"}
    shown = []
    with subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            shown.append(line)
            if line.startswith("All is well again"):
                break
        process.send_signal(signal.SIGINT)
    answers = [line.split()[1:4] for line in shown if line.startswith("→")]
    assert [answer[0] for answer in answers] == ["200", "200", "200", "200", "200", "503", "200"]
    providers = [answer[2] for answer in answers if answer[1] == "x-provider:"]
    assert providers == ["gemini", "openrouter", "openrouter", "openrouter", "cloudflare", "gemini"]
