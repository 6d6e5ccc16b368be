"""A run on the wire: its events as server-sent events with their ids, replayed to whoever comes later."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator

import orjson
from fastapi import Request
from fastapi.responses import Response
from starlette.types import Receive, Scope, Send

from endpoints.requests import CallerGone, while_wanted
from endpoints.shutdown import ShuttingDown
from endpoints.v1.stream import HEARTBEAT, Pace
from planning.engine.journal import Event

RETRY_MS = 3_000  # after which a browser connects again


class RunEvents(Response):
    """The events that *following* gives, until the run is over or the reader leaves."""

    def __init__(
        self,
        request: Request,
        run_id: str,
        following: AsyncGenerator[Event | None, None],
        pace: Pace,
    ) -> None:
        super().__init__(media_type="text/event-stream", headers=run_headers(run_id))
        self._request = request
        self._following = following
        self._pace = pace

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """See the ASGI specification."""
        with contextlib.suppress(CallerGone, ShuttingDown):
            await while_wanted(self._request, self._pass_on(send))

    async def _pass_on(self, send: Send) -> None:
        self.headers["x-accel-buffering"] = "no"
        del self.headers["content-length"]
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        await self._send(send, b"retry: %d\n\n" % RETRY_MS)
        async with contextlib.aclosing(self._following) as events:
            async for event in events:
                await self._send(send, HEARTBEAT if event is None else _on_the_wire(event))
        await self._send(send, b"", is_last=True)

    async def _send(self, send: Send, body: bytes, *, is_last: bool = False) -> None:
        """Raises `CallerGone` when the reader does not read."""
        try:
            async with asyncio.timeout(self._pace.send_s):
                await send({"type": "http.response.body", "body": body, "more_body": not is_last})
        except TimeoutError:
            raise CallerGone from None


def run_headers(run_id: str) -> dict[str, str]:
    """The headers that say which run an answer belongs to."""
    return {"X-Run-ID": run_id, "Location": f"/runs/{run_id}"}


def _on_the_wire(event: Event) -> bytes:
    body = orjson.dumps(event.data)
    return b"id: %d\nevent: %b\ndata: %b\n\n" % (event.id, event.kind.encode(), body)
