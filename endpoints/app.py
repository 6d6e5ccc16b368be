"""The FastAPI application: routes, error answers and middleware around what `main` hands over."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi.telemetry import TelemetryConfig

from cache import ResponseCache
from endpoints import errors, provenance, speech
from endpoints.demo import demo_routes
from endpoints.documents import document_routes
from endpoints.examples import describe_by_example
from endpoints.idempotency import Idempotency
from endpoints.journal import Journal
from endpoints.metrics import Metrics
from endpoints.middleware import BodyLimit, RequestContext
from endpoints.pages import page_routes
from endpoints.sectioned import sectioned_routes
from endpoints.security import Admission, Rules
from endpoints.shutdown import GRACE_S, RefuseNewWork, Shutdown
from endpoints.status import status_routes
from endpoints.tracing import Tracing, WithoutQuery
from endpoints.v1.quick import QuickChat
from endpoints.v1.routes import v1_routes
from endpoints.v1.stream import Pace
from planning.planner import Planner
from planning.render.printer import Printer
from planning.speech import Speaker
from providers import LeftOut

log = logging.getLogger("trimaran")

# FastAPI makes the span of each request and sets the exporter up; the spans of calls are ours.
TRACED: TelemetryConfig = {
    "tracing": True,
    "auto_configure": True,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
}
UNTRACED: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False}
OPEN_HERE = Rules()  # this machine only
LARGEST_BODY = 1 << 20  # bytes
LARGEST_CHAT = 4 << 20  # bytes; it may hold images
EXPOSED = [
    *provenance.NAMES,
    *speech.NAMES,
    *("X-Request-ID", "X-Run-ID", "Location", "Content-Disposition"),
    *("Retry-After", "retry-after-ms", "x-should-retry"),
]


@dataclass(frozen=True, slots=True)
class Services:
    """What the handlers call, and which providers are left out on purpose."""

    planner: Planner
    speaker: Speaker
    cache: ResponseCache
    printer: Printer = field(default_factory=Printer)
    left_out: tuple[LeftOut, ...] = ()


def create_app(
    services: Services,
    *,
    rules: Rules = OPEN_HERE,
    pace: Pace = Pace(),  # noqa: B008 - frozen
    grace_s: float = GRACE_S,
    traced: bool = False,
    sandbox_url: str = "",
) -> FastAPI:
    """The application; *rules* say who may call it, and streams go at *pace*.

    When it is stopped, what is running has *grace_s* seconds. *traced* says that spans are
    exported, where the standard variables of OpenTelemetry say.
    *sandbox_url* is that of the stand-ins in a demo, which the Status page may break.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        app.state.shutdown.listen()
        yield
        await services.planner.runs.aclose()
        await router.aclose()
        await services.planner.search.aclose()
        await services.speaker.aclose()
        await services.printer.aclose()
        services.cache.close()

    app = FastAPI(
        title="Trimaran",
        summary="From a founder's idea to a plan, on free LLM tiers that fail over.",
        lifespan=lifespan,
        docs_url=None,  # a page of our own, without scripts from elsewhere
        redoc_url=None,
        telemetry=TRACED if traced else UNTRACED,
    )
    for own in services.left_out:
        log.info("⛔ %s is left out: %s", own.label, own.reason)
    router = services.planner.router
    journal, metrics = Journal(router.clock.time), Metrics()
    router.notices.listeners += [journal.hear, metrics.hear]
    if traced:
        router.notices.listeners.append(Tracing().hear)
    app.state.planner = services.planner
    app.state.speaker = services.speaker
    app.state.printer = services.printer
    app.state.shutdown = Shutdown(grace_s)
    app.state.shutdown.at_begin.append(services.planner.runs.wind_down)
    app.include_router(document_routes())
    app.include_router(sectioned_routes(pace))
    app.include_router(speech.speech_routes())
    app.include_router(
        status_routes(journal, metrics, services.left_out, is_demo=bool(sandbox_url))
    )
    if sandbox_url:
        app.include_router(demo_routes(sandbox_url))
    app.include_router(v1_routes(pace))
    app.include_router(page_routes())
    errors.install(app)
    describe_by_example(app)

    # Each wraps those above it: the last one added sees a request first.
    if not traced:  # a span is called after the route that it has come to
        app.add_middleware(QuickChat, router=router, pace=pace, answer=errors.answer)
    app.add_middleware(Idempotency, cache=services.cache, answer=errors.answer)
    app.add_middleware(BodyLimit, largest_bytes=largest_body)
    app.add_middleware(Admission, rules=rules, limiter=router.limiter, answer=errors.answer)
    app.add_middleware(RefuseNewWork, shutdown=app.state.shutdown, answer=errors.answer)
    if rules.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=sorted(rules.origins),
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=["*"],
            expose_headers=EXPOSED,
        )
    app.add_middleware(RequestContext, answer=errors.answer)
    if traced:
        app.add_middleware(WithoutQuery)
    return app


def largest_body(path: str) -> int:
    """How many bytes the body of a request for *path* may have."""
    return LARGEST_CHAT if errors.is_openais(path) else LARGEST_BODY
