"""The limits around every request, one by one."""

import asyncio
from collections.abc import Iterable

import pytest
from fastapi import HTTPException
from starlette.types import Message, Receive, Scope, Send

from endpoints.middleware import BodyLimit

pytestmark = pytest.mark.anyio


async def read_all(messages: Iterable[Message], *, longest_s: float = 0.05) -> list[Message]:
    """What an app reads that reads on until there is nothing more; then its caller says nothing."""
    coming, seen = iter(messages), list[Message]()

    async def receive() -> Message:
        if (message := next(coming, None)) is not None:
            return message
        await asyncio.Event().wait()
        raise AssertionError

    async def app(_: Scope, receive: Receive, __: Send) -> None:
        more = True
        while more:
            seen.append(await receive())
            more = seen[-1].get("more_body", False)

    async def send(_: Message) -> None:
        raise AssertionError

    scope: Scope = {"type": "http", "path": "/", "headers": []}
    await BodyLimit(app, lambda _: 10, longest_s)(scope, receive, send)
    return seen


def piece(body: bytes, *, more: bool) -> Message:
    """A piece of a body."""
    return {"type": "http.request", "body": body, "more_body": more}


async def test_a_body_that_comes_in_pieces_is_passed_on() -> None:
    """Within the limits."""
    pieces = [piece(b"12345", more=True), piece(b"67890", more=False)]
    assert await read_all(pieces) == pieces


async def test_l02_a_body_that_turns_out_too_large_is_not_read_on() -> None:
    """Declared or not."""
    with pytest.raises(HTTPException) as caught:
        await read_all([piece(b"1234567890", more=True), piece(b"1", more=True)])
    assert caught.value.status_code == 413


async def test_l03_a_body_that_does_not_come_is_not_waited_for() -> None:
    """And its connection is closed."""
    with pytest.raises(HTTPException) as caught:
        await read_all([piece(b"1", more=True)])
    assert caught.value.status_code == 408
    assert caught.value.headers == {"Connection": "close"}


async def test_who_waits_for_an_answer_is_not_hurried() -> None:
    """The time is the body's; afterwards only the end of the connection is awaited."""

    async def app(_: Scope, receive: Receive, __: Send) -> None:
        assert (await receive())["type"] == "http.request"
        assert (await receive())["type"] == "http.disconnect"

    gone = asyncio.Event()

    async def receive() -> Message:
        if gone.is_set():
            await asyncio.sleep(0.05)
            return {"type": "http.disconnect"}
        gone.set()
        return piece(b"", more=False)

    async def send(_: Message) -> None:
        raise AssertionError

    scope: Scope = {"type": "http", "path": "/", "headers": []}
    await BodyLimit(app, lambda _: 10, 0.01)(scope, receive, send)
