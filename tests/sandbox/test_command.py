"""`python -m sandbox`, as a newcomer starts it."""

import os
import subprocess
import sys
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

import sandbox

ROOT = Path(sandbox.__file__).parent.parent


def test_the_command_prints_the_settings_of_a_served_sandbox() -> None:
    command = [sys.executable, "-m", "sandbox", "--port", "0", "--key-gemini", "mine", "--demo"]
    with subprocess.Popen(
        command, cwd=ROOT, env=os.environ | {"PYTHONUTF8": "1"}, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        env = dict(process.stdout.readline().strip().split("=", 1) for _ in range(10))
        weather = process.stdout.readline()
        address = env["SEARCH_URL"].removesuffix("/search/html/")
        with build_opener(ProxyHandler({})).open(f"{address}/_control/log", timeout=5) as log:
            assert log.read() == b"[]"
        process.terminate()
    assert env["GEMINI_API_KEY"] == "mine"
    assert weather == "Weather: fair, everyone answers\n"
