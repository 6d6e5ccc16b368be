"""Around every request: a limit to its body, an id, and the headers that keep browsers careful."""

import re
import uuid
from collections.abc import Callable
from contextvars import ContextVar

from fastapi import HTTPException
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from waiting_room import caller

request_id: ContextVar[str] = ContextVar("request_id", default="-")

CAREFUL = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
NO_CONTENT = "default-src 'none'; frame-ancestors 'none'"
PAGES = ("/docs", "/redoc")  # load their scripts, so they cannot have the policy of plain data


class BodyLimit:
    """Stops reading a body that is too large, declared or not, and lets the app answer 413."""

    def __init__(self, app: ASGIApp, largest_bytes: Callable[[str], int]) -> None:
        self.app = app
        self.largest_bytes = largest_bytes  # by path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "0")
        size = int(declared) if declared.isdigit() and len(declared) < 19 else 0
        read, most = 0, self.largest_bytes(scope["path"])
        too_large = HTTPException(413, f"The body is larger than {most} bytes")

        async def receive_within_limit() -> Message:
            nonlocal read
            if size > most:
                raise too_large
            message = await receive()
            read += len(message.get("body", b""))
            if read > most:
                raise too_large
            return message

        await self.app(scope, receive_within_limit, send)


class RequestContext:
    """Gives each request an id (the caller's own, if it is a sane one) and each answer its headers.

    Says whose request it is, too: the address that it came from.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        own_id = given if re.fullmatch(r"[A-Za-z0-9-]{1,64}", given) else uuid.uuid4().hex
        token = request_id.set(own_id)
        came_from = caller.set(scope["client"][0] if scope.get("client") else "")

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["X-Request-ID"] = own_id
                for name, value in CAREFUL.items():
                    headers.setdefault(name, value)
                if not scope["path"].startswith(PAGES):
                    headers.setdefault("Content-Security-Policy", NO_CONTENT)
            await send(message)

        try:
            await self.app(scope, receive, send_with_headers)
        finally:
            request_id.reset(token)
            caller.reset(came_from)
