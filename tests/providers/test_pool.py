"""The pool of connections, against a server that keeps them open, in a thread of its own."""

import asyncio
import contextlib
import io
import re
import socket
import threading
from collections.abc import Iterator

import orjson
import pytest

from providers.transport import HttpUpstream, Transport
from tests.providers.asking import OPEN, build, prompt

pytestmark = pytest.mark.anyio

ANSWER = orjson.dumps(
    {
        "id": "1",
        "model": "m",
        "choices": [{"message": {"role": "assistant", "content": "Yes."}, "finish_reason": "stop"}],
    }
)
REPLY = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(
    ANSWER
)
QUESTION = prompt(max_tokens=16)
MANY = 8


class Keeping:
    """Answers every request and keeps its connection; *counts* says how many each of them brought.

    The first *together* requests are answered when all of them are there.
    """

    def __init__(self, together: int = 1) -> None:
        self.counts: list[int] = []
        self._connections: list[socket.socket] = []
        self._gate = threading.Barrier(together)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d" % self._listener.getsockname()[1]  # noqa: UP031
        self._threads = [self._begin(self._accept)]

    def close_all(self) -> None:
        """Close what is open; only when this returns may the event loop of the test go on."""
        for connection in self._connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def end(self) -> None:
        """Let go of everything."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self.close_all()
        for thread in self._threads:
            thread.join(5)
        for each in (self._listener, *self._connections):
            each.close()

    def _begin(self, work: object, *given: object) -> threading.Thread:
        thread = threading.Thread(target=work, args=given, daemon=True)  # type: ignore[arg-type]  # any function
        thread.start()
        return thread

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._connections.append(connection)
                self.counts.append(0)
                place = len(self.counts) - 1
                self._threads.append(self._begin(self._converse, connection, place))

    def _converse(self, connection: socket.socket, place: int) -> None:
        with contextlib.suppress(OSError), connection.makefile("rb") as lines:
            while _is_read(lines):
                self.counts[place] += 1
                if sum(self.counts) <= self._gate.parties:
                    self._gate.wait(10)
                connection.sendall(REPLY + ANSWER)


def _is_read(lines: io.BufferedReader) -> bool:
    """Whether a whole request has been read."""
    length = 0
    while (line := lines.readline()).strip():
        if found := re.match(rb"content-length: (\d+)", line.lower()):
            length = int(found[1])
    return bool(line) and len(lines.read(length)) == length


@contextlib.contextmanager
def keeping(together: int = 1) -> Iterator[Keeping]:
    """Such a server, until the block ends."""
    server = Keeping(together)
    try:
        yield server
    finally:
        server.end()


async def test_p07_after_a_long_freeze_nobody_meets_a_connection_that_has_died(
    transport: Transport,
) -> None:
    """The other side has closed it meanwhile, and the event loop has not looked yet."""
    with keeping() as server:
        upstream = HttpUpstream(build("openrouter", server.url), transport, OPEN)
        for _ in range(3):
            assert (await upstream.complete(QUESTION, timeout_s=20)).text == "Yes."
            server.close_all()
        assert server.counts == [1, 1, 1]


async def test_after_a_busy_moment_a_steady_load_uses_few_connections(transport: Transport) -> None:
    """The others are left to their end, however long the load goes on."""
    with keeping(together=MANY) as server:
        upstream = HttpUpstream(build("openrouter", server.url), transport, OPEN)
        await asyncio.gather(*(upstream.complete(QUESTION, timeout_s=20) for _ in range(MANY)))
        for _ in range(2 * MANY):
            await upstream.complete(QUESTION, timeout_s=20)
        assert sorted(server.counts) == [*[1] * (MANY - 1), 1 + 2 * MANY]
