"""One request for a completion, from its checked body to its response."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from fastapi import Request, Response

from answers import LOCAL
from cache import ANY_FRESH, Freshness
from endpoints.errors import UnknownModel
from endpoints.provenance import provenance
from endpoints.requests import while_wanted
from endpoints.v1.answer import Chunks, completion_object, model_id
from endpoints.v1.request import ChatRequest
from endpoints.v1.stream import EventStream, Pace
from providers.base import Upstream
from providers.prompt import Prompt
from router import Router

AUTO = "auto"


@dataclass(frozen=True, slots=True)
class Wishes:
    """How a completion is asked for, beside its body; the default is what most callers want."""

    freshness: Freshness = ANY_FRESH
    timeout_s: float | None = None
    with_receipt: bool = False
    in_pieces: bool = True


USUAL = Wishes()


async def respond(
    request: Request, body: ChatRequest, router: Router, pace: Pace, wishes: Wishes = USUAL
) -> Response:
    """The completion that *body* asks for, whole or as a stream at *pace*.

    Raises `UnknownModel`, `CallerGone`, `ShuttingDown`, or what the router raises.
    """
    among = chosen(router, body.model)
    prompt = body.prompt()

    async def frame() -> Prompt:
        return prompt

    asking: dict[str, Any] = {
        "key": _key(body.model, prompt),
        "frame": frame,
        "name": "chat",
        "freshness": wishes.freshness,
        "timeout_s": wishes.timeout_s,
        "among": among,
    }
    if body.stream:
        usage = bool(body.stream_options and body.stream_options.include_usage)
        opening = router.stream(**asking, in_pieces=wishes.in_pieces)
        chunks = Chunks(body.model, include_usage=usage)
        return EventStream(request, opening, chunks, with_receipt=wishes.with_receipt, pace=pace)
    routed = await while_wanted(request, router.complete(**asking))
    return Response(
        orjson.dumps(completion_object(routed)),
        media_type="application/json",
        headers=provenance(routed, with_receipt=wishes.with_receipt),
    )


def chosen(router: Router, model: str) -> Sequence[Upstream] | None:
    """Who may answer a request for *model*; None for everybody, in order.

    Raises `UnknownModel`.
    """
    if model == AUTO:
        return None
    if model == LOCAL and router.last_resort is not None:
        return (router.last_resort,)
    if found := [upstream for upstream in router.upstreams if model == id_of(upstream)]:
        return found
    raise UnknownModel(model)


def id_of(upstream: Upstream) -> str:
    """How the model of *upstream* is asked for."""
    return model_id(upstream.identity.name, upstream.model)


def _key(model: str, prompt: Prompt) -> str:
    """The name of the question in the cache: equal for equal questions to the same model."""
    return hashlib.sha256(f"chat:{model}:{prompt.fingerprint}".encode()).hexdigest()
