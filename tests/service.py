"""The real service in a process of its own, on a real socket, as users run it."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

ROOT = Path(__file__).parent.parent
STOP_TIMEOUT_S = 20


@dataclass
class RunningService:
    """Where it answers, and what it wrote to its log."""

    url: str
    log_file: Path
    process: subprocess.Popen[bytes]

    def post(self, path: str, json: object = None, **options: object) -> requests.Response:
        """A POST of JSON."""
        with requests.Session() as session:
            session.trust_env = False
            return session.post(f"{self.url}{path}", json=json, timeout=150, **options)  # type: ignore[arg-type]  # passed on

    def get(self, path: str, **options: object) -> requests.Response:
        """A GET."""
        with requests.Session() as session:
            session.trust_env = False
            return session.get(f"{self.url}{path}", timeout=150, **options)  # type: ignore[arg-type]  # passed on

    @property
    def log(self) -> str:
        """All that it has logged so far."""
        return self.log_file.read_text(encoding="utf-8")


@contextmanager
def running_service(
    folder: Path,
    environment: Mapping[str, str],
    *options: str,
    under: Sequence[str] = (),
    listener: socket.socket | None = None,
) -> Iterator[RunningService]:
    """Serve `main:app` from *folder* with only *environment* (and PATH) until the block ends.

    *options* are uvicorn's; *under* is a command that it is run by; *listener* is a socket that
    outlives the service, for one that takes its place.
    The socket is bound here and handed over, so the first request waits in its queue until the
    service is up.
    """
    folder.mkdir(exist_ok=True)
    with contextlib.ExitStack() as held:
        log = held.enter_context((folder / "log").open("wb"))
        listener = listener or held.enter_context(socket.create_server(("127.0.0.1", 0)))
        process = subprocess.Popen(
            [
                *under,
                *(sys.executable, "-m", "uvicorn", "main:app", "--app-dir", str(ROOT)),
                *("--fd", str(listener.fileno()), *options),
            ],
            cwd=folder,
            env={"PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1", **environment},
            pass_fds=[listener.fileno()],
            stdout=log,
            stderr=log,
        )
        port = listener.getsockname()[1]
        try:
            yield RunningService(f"http://127.0.0.1:{port}", folder / "log", process)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_TIMEOUT_S)
            finally:
                process.kill()
