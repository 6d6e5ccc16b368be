"""OpenRouter: OpenAI's chat format, with failures of its own (also inside replies with status 200)."""

from collections.abc import Iterator
from dataclasses import dataclass

from providers.base import HttpResponse, Identity, Json
from providers.errors import ProviderError, Signals, read_retry_after
from providers.openai_compatible import OpenAICompatible, error_message

IDENTITY = Identity("openrouter", "OpenRouter", "OpenRouter API", "🟢")
BASE_URL = "https://openrouter.ai/api/v1"
# OpenRouter's own choice among the models that are free at the moment: the set of `:free` models
# changes monthly, and a default should not go stale.
MODEL = "openrouter/free"


@dataclass(frozen=True)
class OpenRouter(OpenAICompatible):
    """OpenRouter's chat completions."""

    def headers(self) -> dict[str, str]:
        """Attribution as OpenRouter asks for it; it does not influence the answer."""
        return {"authorization": f"Bearer {self.key}", "x-openrouter-title": "Trimaran"}

    def error_codes(self, body: Json) -> Iterator[str]:
        """Whose limit was hit, and what kind of error it is.

        The free-tier messages come before `limit_source`, and both before words: the daily
        message also speaks of credits.
        """
        error = body.get("error")
        if not isinstance(error, dict):
            return
        message = error_message(body)
        yield from (
            code for code in ("free-models-per-day", "free-models-per-min") if code in message
        )
        metadata = error.get("metadata") or {}
        availability = error.get("availability") or {}
        for code in (
            metadata.get("limit_source"),
            availability.get("code"),
            metadata.get("error_type"),
            error.get("code"),
        ):
            if isinstance(code, str):
                yield code
        if error.get("code") == 429 and message == "Provider returned error":
            yield "upstream_provider_shared_pool"
        if "reasons" in metadata or "patterns" in metadata:
            yield "moderation"

    def signals(self, response: HttpResponse) -> Signals:
        """The limits of a 429 stand in the body too, as the headers that a proxy may have dropped."""
        signals = super().signals(response)
        if signals.retry_after_s is not None or response.status != 429:
            return signals
        try:
            headers = response.json()["error"]["metadata"]["headers"]
            lowered = {str(name).lower(): str(value) for name, value in headers.items()}
        except (ProviderError, KeyError, TypeError, AttributeError):  # a page, or another shape
            return signals
        hint_s = read_retry_after(lowered, response.received_at)
        return Signals(signals.status, signals.codes, signals.message, hint_s)
