"""A streamed answer on the wire: server-sent events, headers held until there is something to say.

Exactly one end: `finish_reason` and then `[DONE]`, or a chunk with an `error` and no `[DONE]`.
"""

import asyncio
from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

import orjson
from fastapi import Request
from fastapi.responses import Response
from starlette.types import Receive, Scope, Send

from answers import Declined, Interrupted, Origin, Unanswered, Unfit
from endpoints.errors import openai_error, problem_of
from endpoints.provenance import provenance
from endpoints.requests import CallerGone, while_wanted
from endpoints.shutdown import ShuttingDown
from endpoints.v1.answer import Chunks
from providers.prompt import Json
from streams import Stream

HEARTBEAT = b": keep-alive\n\n"
DONE = b"data: [DONE]\n\n"
EXPECTED = (Declined, Interrupted, ShuttingDown, Unanswered, Unfit)


@dataclass(frozen=True, slots=True)
class Pace:
    """How long, in seconds: without any byte at first, between two heartbeats, for a stalled reader.

    The first byte commits us to status 200, after which a failure can only be told in the stream.
    """

    hold_s: float = 5.0
    beat_s: float = 10.0
    send_s: float = 20.0


class EventStream(Response):
    """Answers with what *opening* gives, as a stream of OpenAI's chunks.

    Raises the router's errors while nothing has been sent, so that they get a status of their own.
    """

    def __init__(
        self,
        request: Request,
        opening: AbstractAsyncContextManager[Stream],
        chunks: Chunks,
        *,
        with_receipt: bool = False,
        pace: Pace = Pace(),
    ) -> None:
        super().__init__(media_type="text/event-stream")
        self._request = request
        self._opening = opening
        self._chunks = chunks
        self._with_receipt = with_receipt
        self._pace = pace
        self._has_begun = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """See the ASGI specification."""
        try:
            await while_wanted(self._request, self._pass_on(send))
        except CallerGone:
            if not self._has_begun:
                raise
        except Exception as error:
            if not self._has_begun:
                raise
            broken = self._chunks.broken(openai_error(problem_of(error)))
            await self._send(send, _events([broken]), is_last=True)
            if not isinstance(error, EXPECTED):
                raise

    async def _pass_on(self, send: Send) -> None:
        async with self._opening as stream:
            await stream.wait(self._pace.hold_s)
            deltas = stream.take()
            await self._begin(send, stream.origin)
            is_first = True
            while deltas or not stream.is_over:
                chunks = []
                if deltas and is_first and stream.origin:
                    chunks.append(self._chunks.first(stream.origin))
                    is_first = False
                chunks += map(self._chunks.piece, deltas)
                await self._send(send, _events(chunks) or HEARTBEAT)
                await stream.wait(self._pace.beat_s)
                deltas = stream.take()
            end = _events(self._chunks.last(stream.outcome()))
        await self._send(send, end + DONE, is_last=True)

    async def _begin(self, send: Send, origin: Origin | None) -> None:
        """Send the status and the headers, with what is known by now of where the answer is from."""
        self.headers["x-accel-buffering"] = "no"
        if origin is not None:
            self.headers.update(provenance(origin, with_receipt=self._with_receipt))
        del self.headers["content-length"]
        self._has_begun = True
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})

    async def _send(self, send: Send, body: bytes, *, is_last: bool = False) -> None:
        """Raises `CallerGone` when the reader does not read."""
        try:
            async with asyncio.timeout(self._pace.send_s):
                await send({"type": "http.response.body", "body": body, "more_body": not is_last})
        except TimeoutError:
            raise CallerGone from None


def _events(chunks: Iterable[Json]) -> bytes:
    return b"".join(b"data: " + orjson.dumps(chunk) + b"\n\n" for chunk in chunks)
