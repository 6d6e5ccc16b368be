"""Cloudflare Workers AI, through its OpenAI-compatible route.

Of its two routes this one is used because every model answers it in one shape, with a finish
reason and one form of `response_format`; on `/ai/run` the shape of request, reply and stream
depends on the model. Errors have Cloudflare's own envelope on both. The native reply and stream
trailer are read too, since captures show them leaking through.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import orjson

from providers.base import HttpRequest, HttpResponse, Identity, read_json, reading
from providers.completion import Completion, Delta
from providers.errors import Signals, failure
from providers.openai_compatible import OpenAICompatible, read_usage
from providers.prompt import Json, Prompt

IDENTITY = Identity("cloudflare", "Cloudflare Workers AI", "Cloudflare Workers AI", "🟠")
BASE_URL = "https://api.cloudflare.com/client/v4"
DEFAULT_MAX_TOKENS = 4_096
LARGEST_SEED = 9_999_999_999


@dataclass(frozen=True)
class Cloudflare(OpenAICompatible):
    """Workers AI chat completions; *base_url* already names the account."""

    def encode(self, prompt: Prompt, *, stream: bool) -> HttpRequest:
        """See `Provider.encode`; what has to be JSON cannot be streamed here.

        An answer whose length is left open would be cut after 256 tokens, and a seed has to be a
        number from one to ten digits long.
        """
        request = super().encode(prompt, stream=stream and prompt.answer_format is None)
        body = {"max_tokens": DEFAULT_MAX_TOKENS, **request.body}
        if "seed" in body:
            body["seed"] = (body["seed"] - 1) % LARGEST_SEED + 1
        return replace(request, body=body)

    @reading()
    def decode(self, response: HttpResponse) -> Completion:
        """See `Provider.decode`; takes the reply out of Cloudflare's envelope where there is one."""
        if response.status == 200:
            response = HttpResponse(
                200, response.headers, orjson.dumps(_unwrap(response.json())), response.received_at
            )
        return super().decode(response)

    @reading()
    def decode_event(self, data: str) -> Delta | None:
        """See `Provider.decode_event`; also reads the native event with `response`."""
        event = read_json(data) if data != "[DONE]" else None
        if isinstance(event, dict) and "response" in event and "choices" not in event:
            self.raise_if_failed(event)
            return Delta(text=str(event["response"] or ""), usage=read_usage(event.get("usage")))
        return super().decode_event(data)

    def error_codes(self, body: Json) -> Iterator[str]:
        """Cloudflare's numbers; they matter more than the status, which varies."""
        errors = body.get("errors")
        for error in errors if isinstance(errors, list) else ():
            if isinstance(error, dict) and isinstance(error.get("code"), int):
                yield str(error["code"])
        yield from super().error_codes(body)

    def signals(self, response: HttpResponse) -> Signals:
        """As for others, with the words of Cloudflare's envelope."""
        signals = super().signals(response)
        if not signals.codes or signals.message:
            return signals
        errors = response.json().get("errors") or ()
        words = " ".join(str(e.get("message")) for e in errors if isinstance(e, dict))
        return Signals(signals.status, signals.codes, words, signals.retry_after_s)

    def raise_if_failed(self, body: Json) -> None:
        """`success: false` with status 200, or errors inside a stream, are failures."""
        if isinstance(body, dict) and (body.get("success") is False or body.get("errors")):
            raise failure(Signals(status=200, codes=tuple(self.error_codes(body))))
        super().raise_if_failed(body)


def account_url(base_url: str, account_id: str) -> str:
    """The base of the OpenAI-compatible route of one account."""
    return f"{base_url}/accounts/{account_id}/ai/v1"


def _unwrap(body: Json) -> Json:
    result = body.get("result")
    if body.get("success") is False or not isinstance(result, dict):
        return body
    if "choices" in result:
        return result
    text = result.get("response")
    if text is not None and not isinstance(text, str):
        text = orjson.dumps(text).decode()
    # The native reply names functions bare, without an id.
    calls = [{"index": i, "function": c} for i, c in enumerate(result.get("tool_calls") or ())]
    return {
        "choices": [{"message": {"content": text, "tool_calls": calls}, "finish_reason": "stop"}],
        "usage": result.get("usage"),
    }
