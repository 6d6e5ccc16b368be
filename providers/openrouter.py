"""OpenRouter: OpenAI's chat format, with failures of its own (also inside replies with status 200)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from providers.base import HttpRequest, HttpResponse, Identity, read_count
from providers.errors import ProviderError, Signals, read_retry_after
from providers.openai_compatible import OpenAICompatible, error_message
from providers.prompt import Json, Prompt

IDENTITY = Identity("openrouter", "OpenRouter", "OpenRouter API", "🟢")
BASE_URL = "https://openrouter.ai/api/v1"


@dataclass(frozen=True)
class OpenRouter(OpenAICompatible):
    """OpenRouter's chat completions."""

    def encode(self, prompt: Prompt, *, stream: bool) -> HttpRequest:
        """See `Provider.encode`.

        OpenRouter drops what the model that it chooses does not take; tools and formats matter too
        much for that.
        """
        request = super().encode(prompt, stream=stream)
        if not (prompt.tools or prompt.answer_format):
            return request
        return replace(request, body={**request.body, "provider": {"require_parameters": True}})

    def headers(self) -> dict[str, str]:
        """Attribution as OpenRouter asks for it; it does not influence the answer."""
        return {"authorization": f"Bearer {self.key}", "x-openrouter-title": "Trimaran"}

    def error_codes(self, body: Json) -> Iterator[str]:
        """What no model can do, whose limit was hit, and what kind of error it is.

        The free-tier messages come before `limit_source`, and both before words: the daily
        message also speaks of credits.
        """
        error = body.get("error")
        if not isinstance(error, dict):
            return
        message = error_message(body)
        if re.match(r"No endpoints found that (support|can handle)", message):
            yield "constraint_filtered"
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
        """As for others, with the limit and its reset, which stand in the body too."""
        signals = super().signals(response)
        if response.status != 429:
            return signals
        headers = {**_headers_in_body(response), **response.headers}
        hint_s = read_retry_after(headers, response.received_at)
        limit = headers.get("x-ratelimit-limit", "")
        is_limit = limit.isascii() and limit.isdigit() and len(limit) < 9
        return replace(signals, retry_after_s=hint_s, limit=int(limit) if is_limit else None)

    def encode_meter(self) -> HttpRequest:
        """See `Metered.encode_meter`."""
        return HttpRequest(f"{self.base_url}/key", self.headers(), {}, "GET")

    def decode_meter(self, response: HttpResponse) -> int | None:
        """See `Metered.decode_meter`; the field is not documented and may be missing."""
        data = response.json().get("data") if response.status == 200 else None
        counted = data.get("free_model_daily_requests") if isinstance(data, dict) else None
        return read_count(counted.get("used")) if isinstance(counted, dict) else None


def _headers_in_body(response: HttpResponse) -> dict[str, str]:
    try:
        headers = response.json()["error"]["metadata"]["headers"]
        return {str(name).lower(): str(value) for name, value in headers.items()}
    except (ProviderError, KeyError, TypeError, AttributeError):
        return {}
