"""Connections that try to be held for nothing: slow headers, slow bodies, requests sent ahead."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable

import pytest
import uvicorn
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from endpoints import errors
from endpoints.connection import CarefulProtocol
from endpoints.middleware import BodyLimit

LARGE = 32 << 20  # bytes: more than sockets hold


class Quick(CarefulProtocol):
    """Less patient than in service."""

    headers_s = 0.2
    unread_s = 0.2
    told: Callable[[], None] = staticmethod(lambda: None)

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol.connection_lost`."""
        super().connection_lost(exc)
        self.told()


class Slow:
    """An app that reads the body, and answers `/slow` only when its caller has left."""

    def __init__(self) -> None:
        self.left = asyncio.Event()
        self.asked = asyncio.Event()
        self.paths: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        if scope["type"] != "http":
            return
        self.paths.append(scope["path"])
        self.asked.set()
        try:
            while (await receive()).get("more_body"):
                pass
        except HTTPException as error:
            await errors.answer(scope["path"], error)(scope, receive, send)
            return
        if scope["path"] == "/slow":
            while (await receive())["type"] != "http.disconnect":
                pass
            self.left.set()
            return
        body = b"x" * LARGE if scope["path"] == "/large" else b"ok"
        length = (b"content-length", b"%d" % len(body))
        await send({"type": "http.response.start", "status": 200, "headers": [length]})
        await send({"type": "http.response.body", "body": body})


@contextlib.asynccontextmanager
async def serving(app: Slow) -> AsyncIterator[int]:
    """*app* behind the careful protocol, with little patience; gives its port."""
    careful = BodyLimit(app, lambda _: 1 << 20, longest_s=0.2)
    config = uvicorn.Config(careful, http=Quick, lifespan="off", log_level="error")
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        task = asyncio.create_task(server.serve(sockets=[listener]))
        yield listener.getsockname()[1]
        server.should_exit = True
        await task


@contextlib.asynccontextmanager
async def connected(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection of our own."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


@pytest.mark.anyio
@pytest.mark.parametrize("beginning", [b"", b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "])
async def test_l03_headers_that_never_end_are_not_waited_for(beginning: bytes) -> None:
    """L03: the connection is closed."""
    async with serving(Slow()) as port, connected(port) as (reader, writer):
        writer.write(beginning)
        async with asyncio.timeout(5):
            assert await reader.read() == b""


@pytest.mark.anyio
async def test_l03_a_body_that_never_ends_is_answered_with_408() -> None:
    """L03: and the connection is closed."""
    async with serving(Slow()) as port, connected(port) as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nonly this")
        async with asyncio.timeout(5):
            answer = await reader.read()
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"too slowly" in answer


@pytest.mark.anyio
async def test_l06_a_caller_who_sent_ahead_is_seen_to_leave() -> None:
    """L06: two requests at once, then gone: the work for the first ends, the second is not begun."""
    app = Slow()
    async with serving(app) as port:
        async with connected(port) as (_, writer):
            request = b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n"
            writer.write(request + request)
            await writer.drain()
            await app.asked.wait()
        async with asyncio.timeout(5):
            await app.left.wait()
    assert app.paths == ["/slow"]


@pytest.mark.anyio
async def test_requests_sent_ahead_are_left_and_the_first_is_answered_whole() -> None:
    """The connection ends after it, so that its sender knows to ask again."""
    app = Slow()
    async with serving(app) as port, connected(port) as (reader, writer):
        request = b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"
        writer.write(request + request.replace(b"/a", b"/b"))
        async with asyncio.timeout(5):
            answer = await reader.read()
    assert answer.count(b"HTTP/1.1 200 OK") == 1
    assert b"connection: close" in answer.lower()
    assert app.paths == ["/a"]


@pytest.mark.anyio
async def test_a_connection_is_used_again_by_one_who_waits_for_answers() -> None:
    """Keep-alive works as ever, longer than headers may take."""
    app = Slow()
    async with serving(app) as port, connected(port) as (reader, writer):
        for _ in range(3):
            writer.write(b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
            async with asyncio.timeout(5):
                assert b"200 OK" in await reader.readuntil(b"ok")
            await asyncio.sleep(Quick.headers_s)
    assert app.paths == ["/a"] * 3


@pytest.mark.anyio
async def test_what_nobody_reads_keeps_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its caller is still there, but takes nothing."""
    lost = asyncio.Event()
    monkeypatch.setattr(Quick, "told", lost.set)
    async with serving(Slow()) as port, connected(port) as (reader, writer):
        writer.write(b"GET /large HTTP/1.1\r\nhost: x\r\n\r\n")
        await asyncio.wait_for(lost.wait(), 10)
        read = 0
        with contextlib.suppress(ConnectionError):
            while piece := await reader.read(1 << 20):
                read += len(piece)
    assert 0 < read < LARGE


@pytest.mark.anyio
async def test_who_reads_slowly_gets_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit is for a standstill."""
    monkeypatch.setattr(Quick, "unread_s", 5.0)
    async with serving(Slow()) as port, connected(port) as (reader, writer):
        writer.write(b"GET /large HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        read = 0
        while piece := await reader.read(1 << 20):
            read += len(piece)
            await asyncio.sleep(0)
        assert read == LARGE
