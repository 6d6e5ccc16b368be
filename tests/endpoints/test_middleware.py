"""The limits around every request, one by one."""

import asyncio
from collections.abc import Iterable

import pytest
from fastapi import FastAPI, HTTPException, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from endpoints import errors
from endpoints.middleware import BodyLimit, RequestContext
from endpoints.requests import while_wanted
from endpoints.shutdown import Shutdown

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


async def ended(app: ASGIApp, headers: list[tuple[bytes, bytes]] | None = None) -> list[Message]:
    """What a caller is sent of *app* behind the outermost layer."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return piece(b"", more=False)

    scope: Scope = {"type": "http", "method": "POST", "path": "/v1/x", "scheme": "http"}
    await RequestContext(app, errors.answer)({**scope, "headers": headers or []}, receive, send)
    return sent


async def broken(_: Scope, __: Receive, ___: Send) -> None:
    """An app with a mistake in it."""
    raise ZeroDivisionError("a secret of ours")


async def test_a_mistake_of_ours_is_answered_with_all_headers_and_found_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Under the id that the caller was told."""
    start, body = await ended(broken, [(b"x-request-id", b"my-own")])
    headers = dict(start["headers"])
    assert start["status"] == 500
    assert headers[b"x-request-id"] == b"my-own"
    assert headers[b"x-content-type-options"] == b"nosniff"
    assert headers[b"cache-control"] == b"no-store"
    assert b"secret" not in body["body"]
    assert "ZeroDivisionError" in caplog.text


async def test_a_mistake_after_the_beginning_ends_the_connection() -> None:
    """A second beginning would be nonsense."""

    async def half(_: Scope, __: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await ended(half)


async def test_who_leaves_in_the_moment_of_the_answer_cancels_nothing_else() -> None:
    """The handler goes on, to send what nobody reads."""
    app = FastAPI()
    app.state.shutdown = Shutdown()
    left = asyncio.Event()

    async def receive() -> Message:
        await left.wait()
        return {"type": "http.disconnect"}

    async def work() -> int:
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        left.set()
        await asyncio.sleep(0)
        return 42

    request = Request({"type": "http", "app": app}, receive)
    assert await while_wanted(request, work()) == 42
    for _ in range(3):
        await asyncio.sleep(0)
    assert app.state.shutdown.running == 0
