"""The document endpoints: an idea in, a text out, as a bare JSON string (what clients expect)."""

import math
import re
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Request, Response

from endpoints.requests import DocumentRequest, FreshnessAsked, while_wanted
from planning.documents import DOCUMENTS
from planning.documents.base import DocumentType
from planning.planner import Planner
from router import Routed


def _planner(request: Request) -> Planner:
    planner: Planner = request.app.state.planner
    return planner


PlannerInUse = Annotated[Planner, Depends(_planner)]
Handler = Callable[..., Awaitable[Response]]
TEXT: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The document as one JSON string.",
        "content": {"application/json": {"schema": {"type": "string"}}},
    },
    400: {"description": "A provider declined the content."},
    500: {"description": "No provider is configured."},
    503: {"description": "No provider could answer; `Retry-After` says when to ask again."},
}


def document_routes() -> APIRouter:
    """One POST route for each kind of document, under its old path."""
    routes = APIRouter(tags=["documents"])
    for document in DOCUMENTS:
        routes.post(
            f"/{document.name}",
            name=document.name,
            summary=document.title,
            response_class=Response,
            responses=TEXT,
        )(_handler(document))
    return routes


def _handler(document: DocumentType) -> Handler:
    async def write(
        request: Request, body: DocumentRequest, planner: PlannerInUse, freshness: FreshnessAsked
    ) -> Response:
        written = await while_wanted(request, planner.write(document, body.idea.idea(), freshness))
        return Response(
            orjson.dumps(written.text),
            media_type="application/json",
            headers=provenance(written.routed),
        )

    return write


def provenance(routed: Routed) -> dict[str, str]:
    """The headers that say where an answer came from."""
    return {
        "X-Provider": routed.provider,
        "X-Model": re.sub(r"[^\x21-\x7e]", "", routed.completion.model)[:128],
        "X-Cache": routed.cache,
        "X-Attempts": str(len(routed.attempts)),
        "Age": str(math.floor(routed.age_s)),
    }
