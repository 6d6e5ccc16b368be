"""The short way to `/v1/chat/completions`: plain requests are answered before the framework is asked.

FastAPI takes several times as long to find a route, its dependencies and the body as the router
takes to find a cached answer. What is not plain goes on to the route, which documents the API and
says what is wrong: odd headers, and every body that does not pass.
"""

from collections.abc import Callable

from fastapi import Request
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from cache import Freshness
from endpoints.errors import GONE, TELLINGS
from endpoints.middleware import again, whole_body
from endpoints.requests import CallerGone
from endpoints.v1.chat import USUAL, Wishes, respond
from endpoints.v1.request import ChatRequest
from endpoints.v1.stream import Pace
from router import Router

PATH = "/v1/chat/completions"
# Headers whose values have to be checked, which is the route's business.
CHECKED = frozenset({b"x-request-timeout", b"x-route-receipt", b"x-stream-mode"})
TOLD: tuple[type[Exception], ...] = (HTTPException, *TELLINGS)


class QuickChat:
    """Answers plain requests for a completion; errors are told as the route tells them."""

    def __init__(
        self, app: ASGIApp, router: Router, pace: Pace, answer: Callable[[str, Exception], ASGIApp]
    ) -> None:
        self.app = app
        self.router = router
        self.pace = pace
        self.answer = answer  # how a path is told of an error

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        wishes = _plain(scope)
        if wishes is None:
            await self.app(scope, receive, send)
            return
        try:
            body = await whole_body(receive)
            if body is None:
                return
            try:
                asked = ChatRequest.model_validate_json(body)
            except ValidationError:
                await self.app(scope, again(body, receive), send)
                return
            request = Request(scope, receive)
            response = await respond(request, asked, self.router, self.pace, wishes)
            await response(scope, receive, send)
        except CallerGone:
            await GONE(scope, receive, send)
        except TOLD as error:
            await self.answer(PATH, error)(scope, receive, send)


def _plain(scope: Scope) -> Wishes | None:
    """What a plain request for a completion wishes for; None for any other request."""
    if scope["type"] != "http" or scope["path"] != PATH or scope["method"] != "POST":
        return None
    kinds, controls = list[bytes](), list[str]()
    for name, value in scope["headers"]:
        if name == b"content-type":
            kinds.append(value.partition(b";")[0].strip().lower())
        elif name == b"cache-control":
            controls.append(str(value, "latin-1"))
        elif name in CHECKED:
            return None
    if kinds != [b"application/json"]:
        return None
    return Wishes(Freshness.from_header(",".join(controls))) if controls else USUAL
