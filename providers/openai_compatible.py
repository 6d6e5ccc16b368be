"""A provider that speaks OpenAI's chat format is a row of facts; this is the behaviour they share."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from providers.base import (
    UNEXPECTED,
    Completion,
    Delta,
    FinishReason,
    HttpRequest,
    HttpResponse,
    Identity,
    Json,
    Prompt,
    Usage,
    accept,
    read_count,
    read_json,
    read_name,
    reading,
)
from providers.errors import FailureKind, ProviderError, Signals, failure, read_retry_after

# Providers put their own words into `finish_reason`; these are the ones seen on the wire.
FINISH_REASONS: dict[str, FinishReason] = {
    "stop": "stop",
    "eos": "stop",
    "end_turn": "stop",
    "length": "length",
    "max_tokens": "length",
    "model_length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
}


@dataclass(frozen=True)
class OpenAICompatible:
    """Talks to `{base_url}/chat/completions` with a bearer key."""

    identity: Identity
    model: str
    base_url: str
    key: str = field(repr=False)

    def encode(self, prompt: Prompt, *, stream: bool) -> HttpRequest:
        """See `Provider.encode`."""
        body: Json = {
            "model": self.model,
            "messages": [{"role": m.role, "content": m.content} for m in prompt.messages],
            **parameters(prompt),
        }
        if stream:
            body |= {"stream": True, "stream_options": {"include_usage": True}}
        return HttpRequest(f"{self.base_url}/chat/completions", self.headers(), body)

    def headers(self) -> dict[str, str]:
        """The headers of every request, with the key in them."""
        return {"authorization": f"Bearer {self.key}"}

    @reading()
    def decode(self, response: HttpResponse) -> Completion:
        """See `Provider.decode`."""
        if response.status != 200:
            raise failure(self._signals_of(response))
        body = response.json()
        self.raise_if_failed(body)
        choice = body["choices"][0]
        if choice.get("finish_reason") == "error":
            raise ProviderError(FailureKind.SERVER_ERROR, status=200)
        return accept(
            Completion(
                text=read_text(choice["message"].get("content")),
                finish_reason=FINISH_REASONS.get(choice.get("finish_reason") or "", "stop"),
                model=read_name(body.get("model")) or self.model,
                usage=read_usage(body.get("usage")) or Usage(),
            )
        )

    @reading()
    def decode_event(self, data: str) -> Delta | None:
        """See `Provider.decode_event`."""
        if data == "[DONE]":
            return Delta(done=True)
        event = read_json(data)
        self.raise_if_failed(event)
        usage = read_usage(event.get("usage"))
        choices = event.get("choices")
        if not choices:
            return Delta(usage=usage) if usage else None
        finish = choices[0].get("finish_reason")
        if finish == "error":
            raise ProviderError(FailureKind.SERVER_ERROR, status=200)
        return Delta(
            text=read_text((choices[0].get("delta") or {}).get("content")),
            finish_reason=FINISH_REASONS.get(finish, "stop") if finish else None,
            model=read_name(event.get("model")),
            usage=usage,
        )

    def _signals_of(self, response: HttpResponse) -> Signals:
        """What a failed reply says; where its body makes no sense, the status and headers say it."""
        try:
            return self.signals(response)
        except UNEXPECTED:
            hint_s = read_retry_after(response.headers, response.received_at)
            return Signals(response.status, retry_after_s=hint_s)

    def signals(self, response: HttpResponse) -> Signals:
        """What a failed reply says; a body that is not JSON leaves the status to speak."""
        try:
            body = response.json()
        except ProviderError:
            body = {}
        return Signals(
            status=response.status,
            codes=tuple(self.error_codes(body)),
            message=error_message(body),
            retry_after_s=read_retry_after(response.headers, response.received_at),
        )

    def error_codes(self, body: Json) -> Iterator[str]:
        """The structured codes in an error body, the most telling first."""
        error = body.get("error")
        if isinstance(error, dict):
            yield from (str(error[k]) for k in ("code", "type") if isinstance(error.get(k), str))

    def raise_if_failed(self, body: Json) -> None:
        """Raise `ProviderError` for an error that hides in a 200."""
        if not isinstance(body, dict):
            raise ProviderError(FailureKind.BAD_BODY, status=200)
        choices = body.get("choices")
        first = choices[0] if isinstance(choices, list) and choices else {}
        error = body.get("error") or (first.get("error") if isinstance(first, dict) else None)
        if error:
            inner = {"error": error} if isinstance(error, dict) else {"error": {"message": error}}
            code = inner["error"].get("code")
            raise failure(
                Signals(
                    status=code if isinstance(code, int) and 300 <= code < 600 else 200,
                    codes=tuple(self.error_codes(inner)),
                    message=error_message(inner),
                )
            )


def parameters(prompt: Prompt) -> Json:
    """The generation parameters of *prompt* under OpenAI's names, without those left open."""
    named = {
        "temperature": prompt.temperature,
        "top_p": prompt.top_p,
        "max_tokens": prompt.max_tokens,
        "stop": list(prompt.stop) or None,
        "seed": prompt.seed,
        "presence_penalty": prompt.presence_penalty,
        "frequency_penalty": prompt.frequency_penalty,
    }
    return {name: value for name, value in named.items() if value is not None}


def read_text(content: Any) -> str:
    """The text of a message's `content`: a string, a list of parts, or nothing."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(part["text"] for part in content if part.get("type") == "text")
    return ""


def read_usage(usage: Any) -> Usage | None:
    """The token counts of OpenAI's `usage` object; None when there is none."""
    if not isinstance(usage, dict):
        return None
    spent = usage.get("completion_tokens_details") or {}
    given = usage.get("prompt_tokens_details") or {}
    return Usage(
        prompt_tokens=read_count(usage.get("prompt_tokens")),
        completion_tokens=read_count(usage.get("completion_tokens")),
        reasoning_tokens=read_count(spent.get("reasoning_tokens")),
        cached_tokens=read_count(given.get("cached_tokens")),
    )


def error_message(body: Json) -> str:
    """The message of an error body; it is only searched for words, never shown."""
    error = body.get("error")
    if isinstance(error, dict):
        return str(error.get("message") or "")
    return str(error or "")
