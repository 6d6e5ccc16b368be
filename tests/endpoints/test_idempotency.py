"""`Idempotency-Key`: done once, told the same to all who ask, and never for another request."""

import asyncio
from typing import Any

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from cache import ResponseCache
from callers import CALLER, Caller
from endpoints import errors
from endpoints.idempotency import Idempotency
from storage.memory import MemoryStore


class Counting:
    """An app that counts how often it works, and can be held up."""

    def __init__(self) -> None:
        self.calls = 0
        self.begun = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()
        self.app = FastAPI()
        self.app.add_middleware(
            Idempotency, cache=ResponseCache(store=MemoryStore()), answer=errors.answer
        )

        @self.app.post("/work")
        async def work(request: Request) -> Response:
            self.calls += 1
            self.begun.set()
            body = await request.body()
            await self.gate.wait()
            if b"event-stream" in request.headers.get("accept", "").encode():
                return StreamingResponse(iter([b"data: 1\n\n"]), media_type="text/event-stream")
            status = 503 if body == b'"fail"' else 400 if body == b'"bad"' else 200
            answer = {"call": self.calls, "length": len(body)}
            return JSONResponse(answer, status, {"X-Provider": "gemini", "X-Request-ID": "one"})

    async def post(
        self, body: bytes = b"{}", key: str | None = "a-key", **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """One POST to it."""
        named = {"host": "localhost", **headers}
        named |= {} if key is None else {"idempotency-key": key}
        scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": "/work",
            "query_string": b"",
            "root_path": "",
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in named.items()],
        }
        parts = [{"type": "http.request", "body": body, "more_body": False}]
        sent: list[Any] = []

        async def receive() -> Any:
            return parts.pop() if parts else await asyncio.Event().wait()

        async def send(message: Any) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        head = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return sent[0]["status"], head, b"".join(m.get("body", b"") for m in sent[1:])


@pytest.fixture
def counting() -> Counting:
    """The app of one test."""
    return Counting()


@pytest.mark.anyio
async def test_l04_the_same_request_gets_the_same_bytes(counting: Counting) -> None:
    """L04: and is done once; the second answer says that it is a repetition."""
    first, second = await counting.post(), await counting.post()
    assert first[2] == second[2]
    assert counting.calls == 1
    assert "idempotency-replayed" not in first[1]
    assert second[1]["idempotency-replayed"] == "true"
    assert second[1]["x-provider"] == "gemini"


@pytest.mark.anyio
async def test_l04_another_request_with_the_key_is_refused(counting: Counting) -> None:
    """L04: 422, and nothing is done."""
    await counting.post(b"{}")
    assert (await counting.post(b"[]"))[0] == 422
    assert counting.calls == 1


@pytest.mark.anyio
async def test_l04_one_in_flight_is_joined(counting: Counting) -> None:
    """L04: both get its answer."""
    counting.gate.clear()
    both = [asyncio.create_task(counting.post()) for _ in range(2)]
    await counting.begun.wait()
    counting.gate.set()
    first, second = await asyncio.gather(*both)
    assert first[2] == second[2]
    assert counting.calls == 1


@pytest.mark.anyio
async def test_another_request_in_flight_is_not_joined(counting: Counting) -> None:
    """Its key is taken already."""
    counting.gate.clear()
    first = asyncio.create_task(counting.post(b"{}"))
    await counting.begun.wait()
    second = asyncio.create_task(counting.post(b"[]"))
    counting.gate.set()
    assert [(await first)[0], (await second)[0]] == [200, 422]


@pytest.mark.anyio
@pytest.mark.parametrize(("body", "calls"), [(b'"fail"', 2), (b'"bad"', 1)])
async def test_only_what_another_try_could_not_change_is_kept(
    counting: Counting, body: bytes, calls: int
) -> None:
    """A failure of the moment is tried again; a bad request stays one."""
    await counting.post(body)
    await counting.post(body)
    assert counting.calls == calls


@pytest.mark.anyio
async def test_callers_of_another_scope_do_not_meet(counting: Counting) -> None:
    """The same key of somebody else is another key."""
    await counting.post()
    token = CALLER.set(Caller("key:b", "b"))
    await counting.post()
    CALLER.reset(token)
    assert counting.calls == 2


@pytest.mark.anyio
async def test_a_stream_passes_through(counting: Counting) -> None:
    """It is not held back until its end."""
    for _ in range(2):
        status, _, body = await counting.post(accept="text/event-stream")
        assert (status, body) == (200, b"data: 1\n\n")
    await counting.post(b'{"stream": true}')
    await counting.post(b'{"stream": true}')
    assert counting.calls == 4


@pytest.mark.anyio
@pytest.mark.parametrize("key", ["", "a" * 256, "with space", "né"])
async def test_a_malformed_key_is_refused(counting: Counting, key: str) -> None:
    """With a 422 that names the header."""
    status, _, body = await counting.post(key=key)
    assert status == 422
    assert b"Idempotency-Key" in body
    assert counting.calls == 0


@pytest.mark.anyio
async def test_without_a_key_every_request_is_done(counting: Counting) -> None:
    """As before."""
    await counting.post(key=None)
    await counting.post(key=None)
    assert counting.calls == 2
