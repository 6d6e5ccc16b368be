"""The FastAPI application: routes, error answers and middleware around what `main` hands over."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import RedirectResponse

from cache import ResponseCache
from endpoints import errors, provenance, speech
from endpoints.documents import document_routes
from endpoints.idempotency import Idempotency
from endpoints.middleware import BodyLimit, RequestContext
from endpoints.security import Admission, Rules
from endpoints.shutdown import RefuseNewWork, Shutdown
from endpoints.status import status_routes
from endpoints.v1.routes import v1_routes
from endpoints.v1.stream import Pace
from planning.planner import Planner
from planning.speech import Speaker

OPEN_HERE = Rules()  # this machine only
LARGEST_BODY = 1 << 20  # bytes
LARGEST_CHAT = 4 << 20  # bytes; it may hold images
EXPOSED = [
    *provenance.NAMES,
    *speech.NAMES,
    "X-Request-ID",
    "Retry-After",
    "retry-after-ms",
    "x-should-retry",
]


@dataclass(frozen=True, slots=True)
class Services:
    """What the handlers call."""

    planner: Planner
    speaker: Speaker
    cache: ResponseCache


def create_app(
    services: Services,
    *,
    rules: Rules = OPEN_HERE,
    pace: Pace = Pace(),  # noqa: B008 - frozen
) -> FastAPI:
    """The application; *rules* say who may call it, and streams go at *pace*."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        app.state.shutdown.listen()
        yield
        await services.planner.router.aclose()
        await services.speaker.aclose()
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
    app.include_router(speech.speech_routes())
    app.include_router(status_routes())
    app.include_router(v1_routes(pace))
    errors.install(app)

    @app.get("/", include_in_schema=False)
    async def home() -> RedirectResponse:
        return RedirectResponse("/docs")

    @app.get("/healthz", include_in_schema=False)
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    # Each wraps those above it: the last one added sees a request first.
    app.add_middleware(Idempotency, cache=services.cache, answer=errors.answer)
    app.add_middleware(BodyLimit, largest_bytes=largest_body)
    limiter = services.planner.router.limiter
    app.add_middleware(Admission, rules=rules, limiter=limiter, answer=errors.answer)
    app.add_middleware(RefuseNewWork, shutdown=app.state.shutdown, answer=errors.answer)
    if rules.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=sorted(rules.origins),
            allow_methods=["GET", "POST"],
            allow_headers=["*"],
            expose_headers=EXPOSED,
        )
    app.add_middleware(RequestContext)
    return app


def largest_body(path: str) -> int:
    """How many bytes the body of a request for *path* may have."""
    return LARGEST_CHAT if path.startswith("/v1/") else LARGEST_BODY
