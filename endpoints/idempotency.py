"""`Idempotency-Key`: the same request sent again gets the same bytes, and is done only once.

Answers that another try could not change are kept as long as the cache keeps answers. What is
streamed passes through: a stream that broke off is asked for anew, and equal ones are joined.
"""

import asyncio
import base64
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cache import Cached, ResponseCache
from callers import CALLER
from endpoints.middleware import again, header, whole_body

HEADER = b"idempotency-key"
LARGEST_ANSWER = 4 << 20  # bytes, as the cache keeps it
UNSETTLED = frozenset({401, 403, 408, 409, 425, 429})  # another try may end otherwise
BELONGS_TO_A_TRY = frozenset({b"x-request-id", b"date", b"server", b"connection"})


class WrongKey(Exception):
    """The key cannot be used: it is malformed, or was used for another request."""


@dataclass(slots=True)
class Recorded:
    """An answer as the app sent it."""

    status: int = 500
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""

    async def record(self, message: Message) -> None:
        """Take the next message of the app."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = [h for h in message["headers"] if h[0].lower() not in BELONGS_TO_A_TRY]
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")

    async def replay(self, send: Send, *, is_repeated: bool) -> None:
        """Send it, to the first or to another who asked the same."""
        repeated = [(b"idempotency-replayed", b"true")] if is_repeated else []
        headers = [*self.headers, *repeated]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})

    @property
    def is_settled(self) -> bool:
        """Whether asking again could not give anything else."""
        return self.status < 500 and self.status not in UNSETTLED


class Idempotency:
    """Does a POST that carries an `Idempotency-Key` once, however often it is sent."""

    def __init__(
        self, app: ASGIApp, cache: ResponseCache, answer: Callable[[str, Exception], ASGIApp]
    ) -> None:
        self.app = app
        self.cache = cache
        self.answer = answer  # how a path is told of an error

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        is_post = scope["type"] == "http" and scope["method"] == "POST"
        given = [value for name, value in scope["headers"] if name == HEADER] if is_post else []
        if not given:
            await self.app(scope, receive, send)
            return
        try:
            body = await whole_body(receive)
            if body is None:
                return
            if _is_streamed(scope, body):
                await self.app(scope, again(body, receive), send)
                return
            recorded, is_repeated = await self._once(str(given[0], "latin-1"), scope, body)
        except (WrongKey, HTTPException) as error:  # the second: of a body that is too large
            await self.answer(scope["path"], error)(scope, receive, send)
            return
        await recorded.replay(send, is_repeated=is_repeated)

    async def _once(self, key: str, scope: Scope, body: bytes) -> tuple[Recorded, bool]:
        """The answer to the request, and whether it had been given before. Raises `WrongKey`."""
        if not re.fullmatch(r"[\x21-\x7e]{1,255}", key):
            raise WrongKey("Idempotency-Key has to be 1 to 255 visible ASCII characters")
        place = CALLER.get().scoped(f"idempotent:{hashlib.sha256(key.encode()).hexdigest()}")
        asked = hashlib.sha256(
            b"\0".join([scope["path"].encode(), scope["query_string"], body])
        ).hexdigest()

        async def find() -> Cached | None:
            found = await self.cache.find(place)
            return found if found is not None and found.is_fresh else None

        async def work() -> tuple[dict[str, Any], bool]:
            if (known := await find()) is not None:
                return known.value, True
            async with self.cache.leading(place, find) as found:
                if found is not None:
                    return found.value, True
                answer = Recorded()
                await self.app(scope, again(body, _never), answer.record)
                kept = _kept(asked, answer)
                if answer.is_settled:
                    await self.cache.keep(place, kept, largest_bytes=LARGEST_ANSWER)
                return kept, False

        (kept, was_known), joined = await self.cache.flights.join(place, work)
        if kept["asked"] != asked:
            raise WrongKey("This Idempotency-Key was used for another request")
        return _recalled(kept), was_known or joined


def _is_streamed(scope: Scope, body: bytes) -> bool:
    if "text/event-stream" in header(scope, b"accept"):
        return True
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    return isinstance(parsed, dict) and parsed.get("stream") is True


async def _never() -> Message:
    """The work is done for all who send the request, so that no one of them can leave it."""
    await asyncio.Event().wait()
    raise AssertionError("unreachable")


def _kept(asked: str, answer: Recorded) -> dict[str, Any]:
    return {
        "asked": asked,
        "status": answer.status,
        "headers": [(name.decode("latin-1"), v.decode("latin-1")) for name, v in answer.headers],
        "body": base64.b64encode(answer.body).decode(),
    }


def _recalled(kept: dict[str, Any]) -> Recorded:
    headers = [(name.encode("latin-1"), v.encode("latin-1")) for name, v in kept["headers"]]
    return Recorded(kept["status"], headers, base64.b64decode(kept["body"]))
