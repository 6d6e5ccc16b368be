"""The least that can be done: ASGI apps without router, limits, receipts or logs, to measure ours against.

Each reads the address of the stand-ins from `UPSTREAM`. Served by uvicorn: `bench.load.floors:forward`.
"""

import hashlib
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Literal

import aiohttp
import orjson
from fastapi import FastAPI
from pydantic import BaseModel
from starlette.types import Receive, Scope, Send

Json = dict[str, Any]
Answer = Callable[[bytes, Send], Awaitable[None]]
URL = f"{os.environ.get('UPSTREAM', '')}/v1beta/models/bench"
HEADERS = {"content-type": "application/json", "x-goog-api-key": "bench"}


def to_gemini(body: Json) -> Json:
    """A chat request in Gemini's shape."""
    turns = [
        {
            "role": "model" if turn["role"] == "assistant" else "user",
            "parts": [{"text": turn["content"]}],
        }
        for turn in body["messages"]
        if turn["role"] != "system"
    ]
    system = [{"text": t["content"]} for t in body["messages"] if t["role"] == "system"]
    config = {"temperature": body["temperature"], "maxOutputTokens": body["max_tokens"]}
    return {"contents": turns, "systemInstruction": {"parts": system}, "generationConfig": config}


def to_completion(reply: Json) -> Json:
    """Gemini's reply as a `chat.completion`."""
    candidate, usage = reply["candidates"][0], reply["usageMetadata"]
    message = {"role": "assistant", "content": candidate["content"]["parts"][0]["text"]}
    return {
        "id": "chatcmpl-floor",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": reply["modelVersion"],
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {
            "prompt_tokens": usage["promptTokenCount"],
            "completion_tokens": usage["candidatesTokenCount"],
            "total_tokens": usage["totalTokenCount"],
        },
    }


class Client:
    """One aiohttp session, made on the loop that uses it, with the options that the service has."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    @property
    def session(self) -> aiohttp.ClientSession:
        """The session; made at the first use."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),
                connector=aiohttp.TCPConnector(limit=0),
            )
        return self._session

    async def ask(self, body: Json) -> Json:
        """Gemini's reply to the chat request *body*."""
        data = orjson.dumps(to_gemini(body))
        async with self.session.post(f"{URL}:generateContent", data=data, headers=HEADERS) as reply:
            reply.raise_for_status()
            answer: Json = orjson.loads(await reply.read())
            return answer

    async def aclose(self) -> None:
        """Close its connections."""
        if self._session is not None:
            await self._session.close()


class Bare:
    """Plain ASGI around *answer*, which is given a body and sends what belongs to it."""

    def __init__(self, answer: Answer, client: Client | None = None) -> None:
        self.answer = answer
        self.client = client

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        message = await receive()
        body = message["body"]
        while message.get("more_body"):
            message = await receive()
            body += message["body"]
        await self.answer(body, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        if self.client is not None:
            await self.client.aclose()
        await send({"type": "lifespan.shutdown.complete"})


client = Client()
kept: dict[bytes, bytes] = {}


async def _begin(send: Send, *fields: tuple[bytes, bytes]) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": fields})


async def _whole(send: Send, body: bytes) -> None:
    length = b"%d" % len(body)
    await _begin(send, (b"content-type", b"application/json"), (b"content-length", length))
    await send({"type": "http.response.body", "body": body})


async def _forward(body: bytes, send: Send) -> None:
    await _whole(send, orjson.dumps(to_completion(await client.ask(orjson.loads(body)))))


async def _recall(body: bytes, send: Send) -> None:
    """From a dictionary, by the hash of the body; the first time it is asked for."""
    key = hashlib.sha256(body).digest()
    if (known := kept.get(key)) is None:
        kept[key] = known = orjson.dumps(to_completion(await client.ask(orjson.loads(body))))
    await _whole(send, known)


async def _stream(body: bytes, send: Send) -> None:
    """Every event is parsed and written anew, and those that came together are sent together."""
    asked = orjson.loads(body)
    if not asked.get("stream"):
        await _forward(body, send)
        return
    url, data = f"{URL}:streamGenerateContent?alt=sse", orjson.dumps(to_gemini(asked))
    async with client.session.post(url, data=data, headers=HEADERS) as reply:
        reply.raise_for_status()
        await _begin(send, (b"content-type", b"text/event-stream"))
        rest = b""
        async for came in reply.content.iter_any():
            *events, rest = (rest + came).split(b"\r\n\r\n")
            chunks = b"".join(map(_chunk, events))
            await send({"type": "http.response.body", "body": chunks, "more_body": True})
    await send({"type": "http.response.body", "body": b"data: [DONE]\n\n"})


def _chunk(event: bytes) -> bytes:
    """One of Gemini's events as one of OpenAI's."""
    reply = orjson.loads(event.removeprefix(b"data: "))
    candidate = reply["candidates"][0]
    text = candidate["content"]["parts"][0]["text"]
    reason = "stop" if candidate.get("finishReason") else None
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": reason}
    chunk = {
        "id": "chatcmpl-floor",
        "object": "chat.completion.chunk",
        "created": 0,
        "model": reply["modelVersion"],
        "choices": [choice],
    }
    return b"data: " + orjson.dumps(chunk) + b"\n\n"


forward = Bare(_forward, client)
recall = Bare(_recall, client)
stream = Bare(_stream, client)


class Turn(BaseModel):
    """A message of a chat request."""

    role: Literal["system", "user", "assistant"]
    content: str


class Chat(BaseModel):
    """A chat request, as FastAPI is told it in most services."""

    model: str
    messages: list[Turn]
    temperature: float = 1.0
    max_tokens: int | None = None


@asynccontextmanager
async def _lifespan(_: FastAPI) -> AsyncIterator[None]:
    yield
    await client.aclose()


ordinary = FastAPI(lifespan=_lifespan)


@ordinary.post("/v1/chat/completions")
async def complete(body: Chat) -> Json:
    """The same as `forward`, as FastAPI's documentation would have it."""
    return to_completion(await client.ask(body.model_dump()))
