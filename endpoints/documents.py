"""The document endpoints: an idea in, a text out, as a bare JSON string (what clients expect)."""

import json
import math
import re
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Request, Response

from answers import Origin
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
        request: Request,
        body: DocumentRequest,
        planner: PlannerInUse,
        freshness: FreshnessAsked,
        timeout_s: TimeoutAsked = None,
        receipt: ReceiptAsked = None,
    ) -> Response:
        work = planner.write(document, body.idea.idea(), freshness, timeout_s)
        written = await while_wanted(request, work)
        headers = provenance(written.routed)
        if receipt:
            headers["X-Route-Receipt"] = route_receipt(written.routed)
        return Response(
            orjson.dumps(written.text),
            media_type="application/json",
            headers=headers,
        )

    return write


def provenance(origin: Origin) -> dict[str, str]:
    """The headers that say where an answer came from."""
    return {
        "X-Provider": origin.provider,
        "X-Model": re.sub(r"[^\x21-\x7e]", "", origin.model)[:128],
        "X-Cache": origin.cache,
        "X-Attempts": str(len(origin.attempts)),
        "Age": str(math.floor(origin.age_s)),
    }


def route_receipt(origin: Origin) -> str:
    """Who was tried, who was skipped and why, and how long it waited: JSON for a header."""
    receipt = {
        "cache": origin.cache,
        "waited_s": round(origin.waited_s, 3),
        "tried": [
            {
                "provider": attempt.provider,
                "model": attempt.model,
                "elapsed_s": round(attempt.elapsed_s, 3),
                "failure": attempt.reason or None,
            }
            for attempt in origin.attempts
        ],
        "skipped": [
            {
                "provider": skipped.provider,
                "model": skipped.model,
                "reason": skipped.reason,
                "ready_in_s": None if skipped.ready_in_s is None else round(skipped.ready_in_s, 1),
            }
            for skipped in origin.skipped
        ],
    }
    return json.dumps(receipt, separators=(",", ":"))  # ASCII only, as a header must be
