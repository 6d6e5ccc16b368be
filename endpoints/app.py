"""The FastAPI application: routes, error answers and middleware around what `main` hands over."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fastapi import FastAPI, Request
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import RedirectResponse, Response

from cache import ResponseCache
from endpoints import errors
from endpoints.documents import document_routes
from endpoints.middleware import BodyLimit, RequestContext
from endpoints.requests import CallerGone
from endpoints.shutdown import RefuseNewWork, Shutdown
from endpoints.speech import speech_routes
from endpoints.status import status_routes
from planning.planner import Planner
from planning.speech import Speaker

LARGEST_BODY = 1 << 20  # bytes
PROVENANCE = [
    "X-Provider",
    "X-Model",
    "X-Cache",
    "Age",
    "X-Attempts",
    "X-Request-ID",
    "Retry-After",
]


@dataclass(frozen=True, slots=True)
class Services:
    """What the handlers call."""

    planner: Planner
    speaker: Speaker
    cache: ResponseCache


def create_app(services: Services, *, origins: Sequence[str] = ()) -> FastAPI:
    """The application; pages of the web *origins* may call it."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        app.state.shutdown.listen()
        yield
        await services.planner.router.aclose()
        services.cache.close()

    app = FastAPI(
        title="Trimaran",
        summary="From a founder's idea to a plan, on free LLM tiers that fail over.",
        lifespan=lifespan,
        telemetry={"tracing": False, "metrics": False},
    )
    app.state.planner = services.planner
    app.state.speaker = services.speaker
    app.state.shutdown = Shutdown()
    app.include_router(document_routes())
    app.include_router(speech_routes())
    app.include_router(status_routes())
    errors.install(app)

    @app.get("/", include_in_schema=False)
    async def home() -> RedirectResponse:
        return RedirectResponse("/docs")

    @app.get("/healthz", include_in_schema=False)
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.exception_handler(CallerGone)
    async def gone(_: Request, __: CallerGone) -> Response:
        return Response(status_code=499)  # nobody reads it; logs show it, as nginx would

    if origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(origins),
            allow_methods=["GET", "POST"],
            allow_headers=["content-type", "cache-control", "x-request-id"],
            expose_headers=PROVENANCE,
        )
    app.add_middleware(RefuseNewWork, shutdown=app.state.shutdown)
    app.add_middleware(BodyLimit, largest_bytes=LARGEST_BODY)
    app.add_middleware(RequestContext)
    return app
