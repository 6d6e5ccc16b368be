"""Around every request: limits to its body, an id, and the headers that keep browsers careful."""

import asyncio
import logging
import re
import uuid
from collections.abc import Callable
from contextvars import ContextVar

from fastapi import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from endpoints.nesting import DEEPEST, is_too_deep

log = logging.getLogger("trimaran.requests")
request_id: ContextVar[str] = ContextVar("request_id", default="-")

CAREFUL = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}
ONLY_BY_TLS = (b"strict-transport-security", b"max-age=63072000; includeSubDomains")
SLOWEST_BYTES_S = 32 << 10
NO_CONTENT = "default-src 'none'; frame-ancestors 'none'"
ALWAYS = [
    (name.lower().encode(), value.encode())
    for name, value in (*CAREFUL.items(), ("Content-Security-Policy", NO_CONTENT))
]


def header(scope: Scope, name: bytes) -> str:
    """The first header of a request called *name*, in small letters; empty when there is none."""
    for own, value in scope["headers"]:
        if own == name:
            return str(value, "latin-1")
    return ""


async def whole_body(receive: Receive) -> bytes | None:
    """The body; None when the caller left before its end."""
    messages = [await receive()]
    while messages[-1].get("more_body"):
        messages.append(await receive())
    if messages[-1]["type"] == "http.disconnect":
        return None
    return b"".join(message.get("body", b"") for message in messages)


def again(body: bytes, then: Receive) -> Receive:
    """A `receive` that gives *body*, and after it what *then* gives."""
    waiting = [body]

    async def receive() -> Message:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(), "more_body": False}
        return await then()

    return receive


class BodyLimit:
    """Stops reading a body that is too large, declared or not, or too slow, or nested too deeply.

    The app answers 413, 408 or 400, and 415 to one that is packed, which could unpack to anything. A body
    has *longest_s* seconds, and one more for every 32 KiB of it that have come. How slowly headers
    may come is the server's business.
    """

    def __init__(
        self, app: ASGIApp, largest_bytes: Callable[[str], int], longest_s: float = 20.0
    ) -> None:
        self.app = app
        self.largest_bytes = largest_bytes  # by path
        self.longest_s = longest_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        declared = header(scope, b"content-length")
        packing = header(scope, b"content-encoding")
        size = int(declared) if declared.isdigit() and len(declared) < 19 else 0
        read, most, is_whole = 0, self.largest_bytes(scope["path"]), False
        too_large = HTTPException(413, f"The body is larger than {most} bytes")
        too_slow = HTTPException(408, "The body came too slowly", {"Connection": "close"})
        too_deep = HTTPException(400, f"The JSON is nested deeper than {DEEPEST} levels")
        end = asyncio.get_running_loop().time() + self.longest_s
        pieces: list[bytes] = []

        async def receive_within_limit() -> Message:
            nonlocal read, is_whole, end
            if size > most:
                raise too_large
            if not is_whole and packing not in ("", "identity"):
                raise HTTPException(415, "Send the body as it is, without Content-Encoding")
            try:
                async with asyncio.timeout_at(None if is_whole else end):
                    message = await receive()
            except TimeoutError:
                raise too_slow from None
            if is_whole:
                return message
            pieces.append(piece := message.get("body", b""))
            read += len(piece)
            end += len(piece) / SLOWEST_BYTES_S
            if read > most:
                raise too_large
            is_whole = not message.get("more_body", False)
            if is_whole and is_too_deep(b"".join(pieces)):
                raise too_deep
            return message

        await self.app(scope, receive_within_limit, send)


class RequestContext:
    """Gives each request an id (the caller's own, if it is a sane one) and each answer its headers.

    What nobody else has caught is logged under that id, and answered as any error is.
    """

    def __init__(self, app: ASGIApp, answer: Callable[[str, Exception], ASGIApp]) -> None:
        self.app = app
        self.answer = answer  # how a path is told of an error

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = header(scope, b"x-request-id")
        own_id = given if re.fullmatch(r"[A-Za-z0-9-]{1,64}", given) else uuid.uuid4().hex
        token = request_id.set(own_id)

        own = [*ALWAYS, (b"x-request-id", own_id.encode())]
        if scope["scheme"] == "https":
            own.append(ONLY_BY_TLS)

        has_begun = False

        async def send_with_headers(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            if message["type"] == "http.response.start":
                there = {name.lower() for name, _ in message.get("headers", ())} - {b"x-request-id"}
                kept = [h for h in message.get("headers", ()) if h[0].lower() in there]
                added = [header for header in own if header[0] not in there]
                message = {**message, "headers": kept + added}
            await send(message)

        try:
            await self.app(scope, receive, send_with_headers)
        except Exception as error:
            if has_begun:
                raise
            log.exception("%s %s ended in a mistake of the service", scope["method"], scope["path"])
            await self.answer(scope["path"], error)(scope, receive, send_with_headers)
        finally:
            request_id.reset(token)
