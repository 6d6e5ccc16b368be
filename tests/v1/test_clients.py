"""Clients that others wrote, each in a process of its own: plain, streamed and tool calls."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.running import RunningSandbox, running_sandbox
from tests.service import RunningService, running_service

HERE = Path(__file__).parent / "clients"
LITELLM = Path(sys.prefix) / "litellm/bin/python"
CLIENTS: dict[str, tuple[str | Path | None, Path]] = {
    "langchain": (sys.executable, HERE / "langchain_client.py"),
    "litellm": (LITELLM, HERE / "litellm_client.py"),
    "pydantic_ai": (sys.executable, HERE / "pydantic_ai_client.py"),
    "vercel": (shutil.which("node"), HERE / "vercel_client.mjs"),
}
TIMEOUT_S = 50


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    """Stand-ins without quotas in the way."""
    with running_sandbox(quotas="unlimited") as running:
        yield running


@pytest.fixture(scope="module")
def service(
    sandbox: RunningSandbox, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningService]:
    """The service as users run it."""
    environment = {**sandbox.env, "MIN_INTERVAL_SECONDS": "0"}
    with running_service(tmp_path_factory.mktemp("service"), environment) as running:
        yield running


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_that_others_wrote_gets_what_it_asks_for(
    service: RunningService, client: str
) -> None:
    """A plain answer, the same in pieces, and a tool call, whoever answers behind us."""
    program, script = CLIENTS[client]
    if program is None or not Path(program).exists():
        pytest.skip(f"{client} is not installed: make test installs it")
    if script.suffix == ".mjs" and not (HERE / "node_modules").exists():
        pytest.skip("its packages are not installed: make test installs them")
    question = f"What is the weather in Kiel, asks {client}?"
    models = {
        row["provider"]: f"{row['provider']}/{row['model']}"
        for row in service.get("/status").json()["providers"]
    }
    outcome = subprocess.run(
        [str(program), str(script), f"{service.url}/v1", question, "auto", *models.values()],
        env={"PATH": os.environ["PATH"], "LITELLM_LOCAL_MODEL_COST_MAP": "True"},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stderr
    seen = json.loads(outcome.stdout.splitlines()[-1])
    assert list(seen) == ["auto", *models.values()]
    for saw in seen.values():
        assert question[:40] in saw["plain"]
        assert question[:40] in saw["stream"]
        assert saw["pieces"] > 1
        assert saw["usage"] > 0
        assert (saw["tool"], list(saw["arguments"])) == ("weather", ["city"])
