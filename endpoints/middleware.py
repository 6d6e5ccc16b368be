"""Around every request: limits to its body, an id, and the headers that keep browsers careful."""

import asyncio
import re
import uuid
from collections.abc import Callable
from contextvars import ContextVar

from fastapi import HTTPException
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

request_id: ContextVar[str] = ContextVar("request_id", default="-")

BODY_S = 20.0  # a body may take that long,
SLOWEST_BYTES_S = 32 << 10  # and one second more for every so many bytes that have come
CAREFUL = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}
ONLY_BY_TLS = "max-age=63072000; includeSubDomains"
NO_CONTENT = "default-src 'none'; frame-ancestors 'none'"


class BodyLimit:
    """Stops reading a body that is too large, declared or not, or too slow; the app then answers.

    With 413 and 408; and with 415 to one that is packed, which could unpack to anything.
    """

    def __init__(
        self, app: ASGIApp, largest_bytes: Callable[[str], int], body_s: float = BODY_S
    ) -> None:
        self.app = app
        self.largest_bytes = largest_bytes  # by path
        self.body_s = body_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        declared = headers.get("content-length", "0")
        size = int(declared) if declared.isdigit() and len(declared) < 19 else 0
        read, most = 0, self.largest_bytes(scope["path"])
        too_large = HTTPException(413, f"The body is larger than {most} bytes")
        end_s, is_whole = asyncio.get_running_loop().time() + self.body_s, False

        async def receive_within_limit() -> Message:
            nonlocal read, is_whole, end_s
            if is_whole:
                return await receive()
            if size > most:
                raise too_large
            if headers.get("content-encoding", "identity") != "identity":
                raise HTTPException(415, "Send the body as it is, without Content-Encoding")
            try:
                async with asyncio.timeout_at(end_s):
                    message = await receive()
            except TimeoutError:
                close = {"Connection": "close"}
                raise HTTPException(408, "The body came too slowly", close) from None
            read += (came := len(message.get("body", b"")))
            end_s += came / SLOWEST_BYTES_S
            is_whole = not message.get("more_body", False)
            if read > most:
                raise too_large
            return message

        await self.app(scope, receive_within_limit, send)


class RequestContext:
    """Gives each request an id (the caller's own, if it is a sane one) and each answer its headers."""

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

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["X-Request-ID"] = own_id
                for name, value in CAREFUL.items():
                    headers.setdefault(name, value)
                if scope["scheme"] == "https":
                    headers.setdefault("Strict-Transport-Security", ONLY_BY_TLS)
                headers.setdefault("Content-Security-Policy", NO_CONTENT)
            await send(message)

        try:
            await self.app(scope, receive, send_with_headers)
        finally:
            request_id.reset(token)
