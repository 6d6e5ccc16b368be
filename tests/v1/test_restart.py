"""A restart picks up changed keys and drops no request: the two documented ways, with real processes."""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox.running import RunningSandbox, running_sandbox
from tests.service import ROOT, STOP_TIMEOUT_S, running_service
from tests.v1.conftest import Heard
from tests.v1.test_streams import until

SLOW = "openrouter/openrouter/free"
LONG = "word " * 45
WORD_S = 0.1  # so that a stream is under way when the old process is told to stop
STREAMS, PLAIN = 4, 4


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    """Stand-ins without quotas in the way."""
    with running_sandbox(quotas="unlimited") as running:
        yield running


def environment(sandbox: RunningSandbox) -> dict[str, str]:
    """All but Gemini's key, which stands in `.env` and changes."""
    wide = {f"OPENROUTER_REQUESTS_PER_{span}": "100000" for span in ("MINUTE", "DAY")}
    wide |= {f"GEMINI_REQUESTS_PER_{span}": "100000" for span in ("MINUTE", "DAY")}
    own = {"MIN_INTERVAL_SECONDS": "0", "SHUTDOWN_GRACE_SECONDS": "60"}
    known = {name: value for name, value in sandbox.env.items() if name != "GEMINI_API_KEY"}
    return {**known, **wide, **own, "GEMINI_MODEL": "gemini-3.5-flash-lite"}


@dataclass
class Callers:
    """Those who ask before, during and after a restart."""

    url: str
    statuses: list[int] = field(default_factory=list)

    def post(self, body: dict[str, Any]) -> requests.Response:
        """One request on a connection of its own."""
        with requests.Session() as session:
            session.trust_env = False
            return session.post(f"{self.url}/v1/chat/completions", json=body, timeout=60)

    def ask(self, question: str, model: str = "auto", *, stream: bool = False) -> requests.Response:
        """One question."""
        said = [{"role": "user", "content": question}]
        return self.post({"model": model, "messages": said, "stream": stream})

    def keep_asking(self, is_over: threading.Event) -> None:
        """One new question after the other; what comes back must always be an answer."""
        while not is_over.is_set():
            number = len(self.statuses)
            self.statuses.append(self.ask(f"New question {number}", "auto").status_code)


def check(sandbox: RunningSandbox, folder: Path, url: str, restart: Callable[[], None]) -> None:
    """*restart* while streams, slow answers and new questions are under way."""
    callers, is_over = Callers(url), threading.Event()
    assert callers.ask("Before.").headers["x-provider"] == "openrouter"
    with ThreadPoolExecutor(STREAMS + PLAIN + 1) as threads:
        for _ in range(STREAMS):
            sandbox.reply("openrouter", LONG)
        sandbox.fail("openrouter", times=STREAMS, chunk_delay_s=WORD_S)
        streams = [
            threads.submit(callers.ask, f"Stream {n}", SLOW, stream=True) for n in range(STREAMS)
        ]
        until(lambda: sandbox.open_calls("openrouter") == STREAMS)
        sandbox.fail("openrouter", times=PLAIN, delay_s=4)
        plain = [threads.submit(callers.ask, f"Plain {n}", SLOW) for n in range(PLAIN)]
        until(lambda: sandbox.open_calls("openrouter") == STREAMS + PLAIN)
        asking: Future[None] = threads.submit(callers.keep_asking, is_over)
        (folder / ".env").write_text(f"GEMINI_API_KEY={sandbox.env['GEMINI_API_KEY']}\n")
        restart()
        heard = [Heard(answer, answer.text) for answer in (one.result() for one in streams)]
        whole = [one.result() for one in plain]
        until(
            lambda: callers.ask(f"After {len(callers.statuses)}").headers["x-provider"] == "gemini"
        )
        is_over.set()
        asking.result()
    assert [(one.text, one.finish_reasons, one.is_done) for one in heard] == [
        (LONG, ["stop"], True)
    ] * STREAMS
    assert [answer.status_code for answer in whole] == [200] * PLAIN
    assert set(callers.statuses) == {200}


def test_a_hangup_replaces_the_workers_one_by_one(sandbox: RunningSandbox, tmp_path: Path) -> None:
    """`uvicorn main:app --workers 2`, then `kill -HUP`: the workers read `.env` anew."""
    (tmp_path / ".env").write_text("GEMINI_API_KEY=a-refused-key\n")
    with running_service(tmp_path, environment(sandbox), "--workers", "2") as service:

        def restart() -> None:
            service.process.send_signal(signal.SIGHUP)
            until(lambda: service.log.count("Finished server process") == 2, 50)

        check(sandbox, tmp_path, service.url, restart)
        assert service.log.count("Application startup complete") == 4
        assert "Traceback" not in service.log


@contextmanager
def on_socket(listener: socket.socket, folder: Path, env: dict[str, str]) -> Iterator[Any]:
    """One process that serves from *folder* on a socket that somebody else holds."""
    command = (sys.executable, "-m", "uvicorn", "main:app", "--app-dir", str(ROOT))
    with (folder / f"log-{len(list(folder.iterdir()))}").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--fd", str(listener.fileno())],
            cwd=folder,
            env={"PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1", **env},
            pass_fds=[listener.fileno()],
            stdout=log,
            stderr=log,
        )
        try:
            yield process
        finally:
            process.terminate()
            assert process.wait(STOP_TIMEOUT_S) == 0


def test_one_process_follows_another_on_the_same_socket(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    """As `systemctl restart` does with a socket unit: the old one ends, callers wait, the new one begins."""
    (tmp_path / ".env").write_text("GEMINI_API_KEY=a-refused-key\n")
    with socket.create_server(("127.0.0.1", 0)) as listener, ExitStack() as processes:
        env = environment(sandbox)
        old = processes.enter_context(on_socket(listener, tmp_path, env))

        def restart() -> None:
            old.send_signal(signal.SIGTERM)
            assert old.wait(50) == 0
            processes.enter_context(on_socket(listener, tmp_path, env))

        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        check(sandbox, tmp_path, url, restart)
