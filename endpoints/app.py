"""The FastAPI application: routes, error answers and middleware around what `main` hands over."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import RedirectResponse

from cache import ResponseCache
from endpoints import errors, provenance
from endpoints.documents import document_routes
from endpoints.middleware import BodyLimit, RequestContext
from endpoints.shutdown import RefuseNewWork, Shutdown
from endpoints.speech import speech_routes
from endpoints.status import status_routes
from endpoints.v1.routes import v1_routes
from endpoints.v1.stream import Pace
from planning.planner import Planner
from planning.speech import Speaker

LARGEST_BODY = 1 << 20  # bytes
LARGEST_CHAT = 4 << 20  # bytes; it may hold images
EXPOSED = [*provenance.NAMES, "X-Request-ID", "Retry-After", "retry-after-ms", "x-should-retry"]


@dataclass(frozen=True, slots=True)
class Services:
    """What the handlers call."""

    planner: Planner
    speaker: Speaker
    cache: ResponseCache


def create_app(
    services: Services,
    *,
    origins: Sequence[str] = (),
    pace: Pace = Pace(),  # noqa: B008 - frozen
) -> FastAPI:
    """The application; pages of the web *origins* may call it, streams go at *pace*."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        app.state.shutdown.listen()
        yield
        await services.planner.router.aclose()
        await services.planner.search.aclose()
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
    app.include_router(v1_routes(pace))
    errors.install(app)

    @app.get("/", include_in_schema=False)
    async def home() -> RedirectResponse:
        return RedirectResponse("/docs")

    @app.get("/healthz", include_in_schema=False)
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    if origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(origins),
            allow_methods=["GET", "POST"],
            allow_headers=["*"],
            expose_headers=EXPOSED,
        )
    app.add_middleware(RefuseNewWork, shutdown=app.state.shutdown, answer=errors.answer)
    app.add_middleware(BodyLimit, largest_bytes=largest_body)
    app.add_middleware(RequestContext)
    return app


def largest_body(path: str) -> int:
    """How many bytes the body of a request for *path* may have."""
    return LARGEST_CHAT if path.startswith("/v1/") else LARGEST_BODY
