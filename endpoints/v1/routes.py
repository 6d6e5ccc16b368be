"""`/v1/chat/completions` and `/v1/models`: any OpenAI client, failover behind it."""

import math
import time
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Request, Response

from answers import LOCAL
from endpoints.errors import UnknownModel
from endpoints.requests import FreshnessAsked, ReceiptAsked, RouterInUse, TimeoutAsked
from endpoints.v1.chat import AUTO, Wishes, id_of, respond
from endpoints.v1.request import ChatRequest
from endpoints.v1.stream import Pace
from providers.prompt import Json
from router import Router

PREFIX = "/v1"
STARTED = math.floor(time.time())  # models have no age here; clients expect a number
StreamModeAsked = Annotated[Literal["live", "buffered"], Header(alias="x-stream-mode")]
ANSWER: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A `chat.completion`, or with `stream` its chunks as server-sent events.",
        "content": {"application/json": {}, "text/event-stream": {}},
    },
    400: {"description": "The request is wrong, or no model can do what it asks."},
    404: {"description": "There is no such model."},
    413: {"description": "The body is too large."},
    422: {"description": "Never: what is wrong with a request is told with status 400."},
    500: {"description": "No provider is configured."},
    503: {"description": "No provider could answer; `retry-after-ms` says when to ask again."},
    504: {"description": "The caller's own time limit is over."},
}


def v1_routes(pace: Pace) -> APIRouter:
    """The routes under `/v1`; *pace* is that of the streams."""
    routes = APIRouter(prefix=PREFIX, tags=["openai"])

    @routes.post("/chat/completions", response_class=Response, responses=ANSWER)
    async def chat_completions(
        request: Request,
        body: ChatRequest,
        router: RouterInUse,
        freshness: FreshnessAsked,
        timeout_s: TimeoutAsked = None,
        receipt: ReceiptAsked = None,
        mode: StreamModeAsked = "live",
    ) -> Response:
        wishes = Wishes(freshness, timeout_s, receipt is not None, mode == "live")
        return await respond(request, body, router, pace, wishes)

    @routes.get("/models")
    async def models(router: RouterInUse) -> Json:
        return {"object": "list", "data": [_model(*row) for row in _offered(router).items()]}

    @routes.get("/models/{model:path}", responses={404: {"description": "No such model."}})
    async def one_model(model: str, router: RouterInUse) -> Json:
        owners = _offered(router)
        if model not in owners:
            raise UnknownModel(model)
        return _model(model, owners[model])

    return routes


def _offered(router: Router) -> dict[str, str]:
    """The ids of the models that can be asked for, and whose they are."""
    offered = {id_of(upstream): upstream.identity.name for upstream in router.upstreams}
    local = {} if router.last_resort is None else {LOCAL: LOCAL}
    return {AUTO: "trimaran", **offered, **local}


def _model(name: str, owner: str) -> Json:
    return {"id": name, "object": "model", "created": STARTED, "owned_by": owner}
