"""A span for every call to a model, with the GenAI conventions, inside the span of its HTTP request.

FastAPI sets the exporter up from the standard variables (`OTEL_EXPORTER_OTLP_ENDPOINT`, …) and
makes the outer span. https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/
"""

import time

from opentelemetry import trace
from opentelemetry.trace import SpanKind, Status, StatusCode
from starlette.types import ASGIApp, Receive, Scope, Send

from notices import Answered, Notice, Tried

# The convention's own names; a provider that it does not know keeps ours.
PROVIDERS = {"gemini": "gcp.gemini", "groq": "groq", "mistral": "mistral_ai"}


class WithoutQuery:
    """Takes the query out of the span that FastAPI begins: a caller may have put a key or words there."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        if scope.get("query_string"):
            trace.get_current_span().set_attribute("url.query", "REDACTED")
        await self.app(scope, receive, send)


class Tracing:
    """Listens to the router and tells the tracer."""

    def __init__(self) -> None:
        self._tracer = trace.get_tracer("trimaran")

    def hear(self, notice: Notice) -> None:
        """See `notices.Listener`."""
        match notice:
            case Tried():
                self._trace(notice)
            case Answered(name, origin, _):
                span = trace.get_current_span()
                span.set_attribute("trimaran.name", name)
                span.set_attribute("trimaran.cache", origin.cache)
                span.set_attribute("trimaran.attempts", len(origin.attempts))
                span.set_attribute("trimaran.waited_s", origin.waited_s)

    def _trace(self, notice: Tried) -> None:
        attempt, usage = notice.attempt, notice.usage
        end_ns = time.time_ns()
        span = self._tracer.start_span(
            f"chat {attempt.asked}",
            kind=SpanKind.CLIENT,
            start_time=end_ns - int(attempt.elapsed_s * 1e9),
            attributes={
                "gen_ai.operation.name": "chat",
                "gen_ai.provider.name": PROVIDERS.get(attempt.provider, attempt.provider),
                "gen_ai.request.model": attempt.asked,
            },
        )
        if attempt.failure:
            span.set_attribute("error.type", attempt.failure.name.lower())
            span.set_status(Status(StatusCode.ERROR, attempt.reason))
        else:
            span.set_attribute("gen_ai.response.model", attempt.model)
            span.set_attribute("gen_ai.usage.input_tokens", usage.prompt_tokens)
            span.set_attribute("gen_ai.usage.output_tokens", usage.completion_tokens)
        span.end(end_ns)
