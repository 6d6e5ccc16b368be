"""`/v1/chat/completions` and `/v1/models`: any OpenAI client, failover behind it."""

import hashlib
import math
import time
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Header, Request, Response

from answers import LOCAL
from endpoints.errors import UnknownModel
from endpoints.provenance import provenance
from endpoints.requests import FreshnessAsked, ReceiptAsked, RouterInUse, TimeoutAsked, while_wanted
from endpoints.v1.answer import Chunks, completion_object, model_id
from endpoints.v1.request import ChatRequest
from endpoints.v1.stream import EventStream, Pace
from providers.base import Upstream
from providers.prompt import Json, Prompt
from router import Router

AUTO = "auto"
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
        among = chosen(router, body.model)
        prompt = body.prompt()

        async def frame() -> Prompt:
            return prompt

        asking: dict[str, Any] = {
            "key": _key(body.model, prompt),
            "frame": frame,
            "name": "chat",
            "freshness": freshness,
            "timeout_s": timeout_s,
            "among": among,
        }
        if body.stream:
            usage = bool(body.stream_options and body.stream_options.include_usage)
            return EventStream(
                request,
                router.stream(**asking, in_pieces=mode == "live"),
                Chunks(body.model, include_usage=usage),
                with_receipt=receipt is not None,
                pace=pace,
            )
        routed = await while_wanted(request, router.complete(**asking))
        return Response(
            orjson.dumps(completion_object(routed)),
            media_type="application/json",
            headers=provenance(routed, with_receipt=receipt is not None),
        )

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


def chosen(router: Router, model: str) -> Sequence[Upstream] | None:
    """Who may answer a request for *model*; None for everybody, in order.

    Raises `UnknownModel`.
    """
    if model == AUTO:
        return None
    if model == LOCAL and router.last_resort is not None:
        return (router.last_resort,)
    if found := [upstream for upstream in router.upstreams if model == _id_of(upstream)]:
        return found
    raise UnknownModel(model)


def _offered(router: Router) -> dict[str, str]:
    """The ids of the models that can be asked for, and whose they are."""
    offered = {_id_of(upstream): upstream.identity.name for upstream in router.upstreams}
    local = {} if router.last_resort is None else {LOCAL: LOCAL}
    return {AUTO: "trimaran", **offered, **local}


def _id_of(upstream: Upstream) -> str:
    return model_id(upstream.identity.name, upstream.model)


def _model(name: str, owner: str) -> Json:
    return {"id": name, "object": "model", "created": STARTED, "owned_by": owner}


def _key(model: str, prompt: Prompt) -> str:
    """The name of the question in the cache: equal for equal questions to the same model."""
    return hashlib.sha256(f"chat:{model}:{prompt.fingerprint}".encode()).hexdigest()
