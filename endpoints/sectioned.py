"""Sectioned documents under `/documents`, and the runs that write them under `/runs`."""

import contextlib
import re
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, HTTPException, Query, Request, Response
from fastapi.responses import JSONResponse

from endpoints.briefs import BriefBody, RewriteBody
from endpoints.formats import FORMATS, chosen, sent, wants_events
from endpoints.requests import FreshnessAsked, while_wanted
from endpoints.v1.stream import Pace
from endpoints.watching import RunEvents, run_headers
from planning.engine.archive import Finished
from planning.engine.commission import Commission
from planning.engine.outlines import OUTLINES
from planning.engine.runs import UnknownRun
from planning.engine.standing import standing
from planning.planner import Planner
from planning.render.printer import Printer
from planning.wording import words_in

NOT_YET = "The document is not finished; GET /runs/{id} says how it stands"


async def _planner(request: Request) -> Planner:
    planner: Planner = request.app.state.planner
    return planner


async def _printer(request: Request) -> Printer:
    printer: Printer = request.app.state.printer
    return printer


async def _document_type(document_type: str) -> str:
    if document_type not in OUTLINES:
        raise HTTPException(404, f"There is no such document; there are {', '.join(OUTLINES)}")
    return document_type


async def _last_event_id(last_event_id: Annotated[str, Header()] = "") -> int | None:
    return int(last_event_id) if re.fullmatch(r"\d{1,9}", last_event_id) else None


async def _preference(prefer: Annotated[str, Header()] = "") -> float | None:
    """How many seconds the caller waits for the document (RFC 7240); None for as long as it takes."""
    if found := re.search(r"(?:^|[,;\s])wait\s*=\s*\"?(\d{1,6})", prefer, re.IGNORECASE):
        return float(found[1])
    is_async = re.search(r"(?:^|[,;\s])respond-async\b", prefer, re.IGNORECASE)
    return 0.0 if is_async else None


PlannerInUse = Annotated[Planner, Depends(_planner)]
PrinterInUse = Annotated[Printer, Depends(_printer)]
DocumentType = Annotated[str, Depends(_document_type)]
LastEventId = Annotated[int | None, Depends(_last_event_id)]
Patience = Annotated[float | None, Depends(_preference)]
FormatAsked = Annotated[
    str | None, Query(alias="format", max_length=40, description=f"One of {', '.join(FORMATS)}.")
]
Accept = Annotated[str, Header()]
FILES: dict[str, dict[str, Any]] = {
    form.media_type.partition(";")[0]: {} for form in FORMATS.values()
}
DOCUMENT: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The document, or with `Accept: text/event-stream` the events of its run.",
        "content": {**FILES, "text/event-stream": {}},
    },
    202: {
        "description": "It is being written (`Prefer: respond-async` or `wait=…`): see `Location`."
    },
    400: {"description": "A provider declined the content."},
    404: {"description": "There is no such type of document."},
    406: {"description": "There is no such format."},
    409: {"description": "The run was stopped."},
    422: {"description": "The request is wrong, or the document cannot be set in this form."},
    503: {"description": "It is paused; `Retry-After` says when to ask again. Nothing is lost."},
}
RUN: dict[int | str, dict[str, Any]] = {404: {"description": "There is no such run."}}


def sectioned_routes(pace: Pace) -> APIRouter:
    """The routes of sectioned documents and of their runs; streams go at *pace*."""
    routes = APIRouter()
    _add_documents(routes, pace)
    _add_runs(routes, pace)
    return routes


def _add_documents(routes: APIRouter, pace: Pace) -> None:
    @routes.get("/documents", tags=["documents"], summary="The documents that there are")
    async def documents(language: Annotated[str, Query(max_length=35)] = "en") -> dict[str, Any]:
        return {"documents": [outline_to_json(name, language) for name in OUTLINES]}

    @routes.post(
        "/documents/{document_type}",
        tags=["documents"],
        summary="A whole document, section by section",
        response_class=Response,
        responses=DOCUMENT,
    )
    async def write(
        request: Request,
        document_type: DocumentType,
        body: BriefBody,
        planner: PlannerInUse,
        printer: PrinterInUse,
        freshness: FreshnessAsked,
        patience: Patience,
        asked: FormatAsked = None,
        accept: Accept = "",
    ) -> Response:
        is_watched = wants_events(accept)
        form = None if is_watched else chosen(asked, accept)
        commission = await _commission(planner, document_type, body)
        run_id = await planner.runs.begin(commission, freshness)
        if form is None:
            return RunEvents(request, run_id, planner.runs.follow(run_id, beat_s=pace.beat_s), pace)
        outcome = await while_wanted(request, planner.runs.outcome(run_id, patience))
        if outcome is None:
            return JSONResponse(await _standing(planner, run_id), 202, run_headers(run_id))
        return await sent(Finished.from_json(outcome), form, printer, run_headers(run_id))

    @routes.post(
        "/documents/{document_type}/plan",
        tags=["documents"],
        summary="What it would take: calls, how many are left today, and until when",
    )
    async def plan(
        document_type: DocumentType, body: BriefBody, planner: PlannerInUse
    ) -> dict[str, Any]:
        return await planner.plan(await _commission(planner, document_type, body))

    @routes.post(
        "/documents/{document_type}/sections/{section_id}",
        tags=["documents"],
        summary="One section written again with your remark, or in your own words",
        responses={**RUN, **{code: DOCUMENT[code] for code in (400, 503)}},
    )
    async def rewrite(
        request: Request,
        document_type: DocumentType,
        section_id: str,
        body: RewriteBody,
        planner: PlannerInUse,
        freshness: FreshnessAsked,
    ) -> dict[str, Any]:
        if (await planner.runs.header(body.run)).type != document_type:
            raise UnknownRun(body.run)
        if body.markdown is not None:
            work = planner.revise(body.run, section_id, body.markdown)
        else:
            work = planner.rewrite(body.run, section_id, body.remark or "", freshness)
        return await while_wanted(request, work)


def _add_runs(routes: APIRouter, pace: Pace) -> None:
    @routes.get("/runs/{run_id}", tags=["runs"], summary="How a run stands", responses=RUN)
    async def run(run_id: str, planner: PlannerInUse) -> dict[str, Any]:
        await planner.runs.touch(run_id)
        return await _standing(planner, run_id)

    @routes.get(
        "/runs/{run_id}/events",
        tags=["runs"],
        summary="What happens in a run, as server-sent events",
        response_class=Response,
        responses={**RUN, 200: {"content": {"text/event-stream": {}}}},
    )
    async def events(
        request: Request, run_id: str, planner: PlannerInUse, last: LastEventId
    ) -> Response:
        await planner.runs.header(run_id)  # an unknown one gets a status of its own
        following = planner.runs.follow(run_id, last, pace.beat_s)
        return RunEvents(request, run_id, following, pace)

    @routes.get(
        "/runs/{run_id}/document",
        tags=["runs"],
        summary="The finished document, in any format",
        response_class=Response,
        responses={
            **RUN,
            **{code: DOCUMENT[code] for code in (406, 422)},
            200: {"content": FILES},
            409: {"description": NOT_YET},
        },
    )
    async def document(
        run_id: str,
        planner: PlannerInUse,
        printer: PrinterInUse,
        asked: FormatAsked = None,
        accept: Accept = "",
    ) -> Response:
        form = chosen(asked, accept)
        kept = await planner.runs.document(run_id)
        if kept is None:
            raise HTTPException(409, NOT_YET.format(id=run_id))
        return await sent(Finished.from_json(kept), form, printer, run_headers(run_id))

    @routes.post(
        "/runs/{run_id}",
        tags=["runs"],
        summary="Go on with a run that was paused or stopped",
        responses=RUN,
    )
    async def go_on(run_id: str, planner: PlannerInUse) -> dict[str, Any]:
        await planner.runs.go_on(run_id)
        return await _standing(planner, run_id)

    @routes.delete("/runs/{run_id}", tags=["runs"], summary="Stop a run", responses=RUN)
    async def stop(run_id: str, planner: PlannerInUse) -> dict[str, Any]:
        await planner.runs.stop(run_id)
        with contextlib.suppress(Exception):
            await planner.runs.outcome(run_id, STOPPING_S)
        return await _standing(planner, run_id)


STOPPING_S = 2.0  # how long a stop waits until the run has ended


def outline_to_json(document_type: str, language: str) -> dict[str, Any]:
    """One type of document: its title and its sections, in *language*."""
    words = words_in(language)
    return {
        "type": document_type,
        "title": words(f"outline.title_{document_type}"),
        "sections": [
            {
                "id": part.id,
                "title": words(f"outline.section_{part.id}"),
                "written_by": "model" if part.is_written else "code",
                "words": list(part.words) if part.is_written else None,
            }
            for part in OUTLINES[document_type].parts
        ],
    }


async def _commission(planner: Planner, document_type: str, body: BriefBody) -> Commission:
    dated = body.commission(document_type, planner.engine.today)
    if body.startDate is not None:
        return dated
    return body.commission(document_type, await planner.engine.start_for(dated))


async def _standing(planner: Planner, run_id: str) -> dict[str, Any]:
    header = await planner.runs.header(run_id)
    return standing(run_id, header, await planner.runs.events(run_id))
