"""Requests handed to an ASGI app without a server; imports little, since starts are measured with it."""

import asyncio
from typing import TypeAlias

from starlette.types import ASGIApp, Message, Scope

from bench.load import wire

Reply: TypeAlias = tuple[int, bytes]
HEADERS = ((b"host", b"127.0.0.1"), (b"content-type", b"application/json"))


def numbered(number: int) -> bytes:
    """The question with a number of its own."""
    return wire.question().replace(wire.MARK, f"{number:020}").encode()


async def ask(app: ASGIApp, body: bytes) -> Reply:
    """The status and the body of the reply to one chat request."""
    status, pieces = 0, []
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return waiting.pop() if waiting else await _for_ever()

    async def send(message: Message) -> None:
        nonlocal status
        status = message.get("status", status)
        pieces.append(message.get("body", b""))

    await app(_scope(len(body)), receive, send)
    return status, b"".join(pieces)


def _scope(length: int) -> Scope:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/v1/chat/completions",
        "raw_path": b"/v1/chat/completions",
        "root_path": "",
        "query_string": b"",
        "headers": [*HEADERS, (b"content-length", b"%d" % length)],
        "client": ("127.0.0.1", 40_000),
        "server": ("127.0.0.1", 8_001),
        "state": {},
    }


async def _for_ever() -> Message:
    """The caller neither sends more nor leaves."""
    await asyncio.Event().wait()
    raise AssertionError("nobody sets it")
