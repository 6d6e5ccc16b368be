"""The document endpoints: an idea in, a text out, as a bare JSON string (what clients expect)."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Request, Response

from endpoints.provenance import provenance
from endpoints.requests import (
    DocumentRequest,
    FreshnessAsked,
    ReceiptAsked,
    TimeoutAsked,
    while_wanted,
)
from planning.documents import DOCUMENTS
from planning.documents.base import DocumentType
from planning.planner import Planner


async def _planner(request: Request) -> Planner:
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
        request: Request,
        body: DocumentRequest,
        planner: PlannerInUse,
        freshness: FreshnessAsked,
        timeout_s: TimeoutAsked = None,
        receipt: ReceiptAsked = None,
    ) -> Response:
        work = planner.write(document, body.idea.idea(), freshness, timeout_s)
        written = await while_wanted(request, work)
        return Response(
            orjson.dumps(written.text),
            media_type="application/json",
            headers=provenance(written.routed, with_receipt=receipt is not None),
        )

    return write
