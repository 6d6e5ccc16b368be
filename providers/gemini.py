"""Google Gemini, through `generateContent` of the Generative Language API."""

import re
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
from providers.errors import (
    FailureKind,
    ProviderError,
    Signals,
    failure,
    read_duration,
    read_retry_after,
)

IDENTITY = Identity("gemini", "Google Gemini", "Google Gemini API", "🔵")
BASE_URL = "https://generativelanguage.googleapis.com"

FINISH_REASONS: dict[str, FinishReason] = {"STOP": "stop", "MAX_TOKENS": "length"}
REFUSALS = frozenset({"SAFETY", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "MODEL_ARMOR"})
# `blockReason` OTHER is not a judgement about the content, so it is not among the refusals.
BLOCKS = REFUSALS | {"JAILBREAK", "IMAGE_SAFETY"}


@dataclass(frozen=True)
class Gemini:
    """Gemini's own format: turns are `contents`, the system turn stands apart, parts may be thoughts."""

    model: str
    base_url: str
    key: str = field(repr=False)
    identity: Identity = IDENTITY

    def encode(self, prompt: Prompt, *, stream: bool) -> HttpRequest:
        """See `Provider.encode`; the key goes into a header, never into the URL."""
        verb = "streamGenerateContent?alt=sse" if stream else "generateContent"
        body: Json = {"contents": list(_turns(prompt))}
        system = [m.content for m in prompt.messages if m.role == "system" and m.content]
        if system:
            body["systemInstruction"] = {"parts": [{"text": text} for text in system]}
        if config := _generation_config(prompt):
            body["generationConfig"] = config
        url = f"{self.base_url}/v1beta/models/{self.model.removeprefix('models/')}:{verb}"
        return HttpRequest(url, {"x-goog-api-key": self.key}, body)

    @reading()
    def decode(self, response: HttpResponse) -> Completion:
        """See `Provider.decode`."""
        if response.status != 200:
            raise failure(_signals(response))
        body = response.json()
        delta = self._read(body)
        if delta.finish_reason is None:
            raise ProviderError(FailureKind.TRUNCATED if delta.text else FailureKind.EMPTY)
        return accept(
            Completion(
                text=delta.text,
                finish_reason=delta.finish_reason,
                model=delta.model or self.model,
                usage=delta.usage or Usage(),
            )
        )

    @reading()
    def decode_event(self, data: str) -> Delta | None:
        """See `Provider.decode_event`; each event is a whole reply that carries the next text."""
        return self._read(read_json(data))

    def _read(self, body: Json) -> Delta:
        if body.get("error"):
            raise failure(_error_signals(body, status=200))
        if (block := (body.get("promptFeedback") or {}).get("blockReason")) and not body.get(
            "candidates"
        ):
            kind = FailureKind.CONTENT_FILTER if block in BLOCKS else FailureKind.GENERATION
            raise ProviderError(kind, status=200, code=block)
        candidate = (body.get("candidates") or [{}])[0]
        parts = (candidate.get("content") or {}).get("parts") or []
        return Delta(
            text="".join(part.get("text", "") for part in parts if not part.get("thought")),
            finish_reason=_finish_reason(candidate.get("finishReason")),
            model=read_name(body.get("modelVersion")),
            usage=_usage(body.get("usageMetadata")),
        )


def _turns(prompt: Prompt) -> Iterator[Json]:
    """User and model turns; neighbours of one role are merged, since Gemini wants them to alternate."""
    role: str | None = None
    parts: list[Json] = []
    for message in prompt.messages:
        if message.role == "system" or not message.content:
            continue  # an empty part is refused
        if message.role != role:
            if parts:
                yield {"role": "model" if role == "assistant" else "user", "parts": parts}
            role, parts = message.role, []
        parts.append({"text": message.content})
    if parts:
        yield {"role": "model" if role == "assistant" else "user", "parts": parts}


def _generation_config(prompt: Prompt) -> Json:
    named = {
        "temperature": prompt.temperature,
        "topP": prompt.top_p,
        "maxOutputTokens": prompt.max_tokens,
        "stopSequences": list(prompt.stop[:5]) or None,  # Gemini takes five at most
        "seed": prompt.seed,
        "presencePenalty": prompt.presence_penalty,
        "frequencyPenalty": prompt.frequency_penalty,
    }
    return {name: value for name, value in named.items() if value is not None}


def _finish_reason(reason: str | None) -> FinishReason | None:
    """Our word for *reason*. Raises `ProviderError` where it means that the generation failed."""
    if reason is None:
        return None
    if reason in REFUSALS:
        return "content_filter"
    if reason not in FINISH_REASONS:
        raise ProviderError(FailureKind.GENERATION, status=200, code=reason)
    return FINISH_REASONS[reason]


def _usage(metadata: Any) -> Usage | None:
    if not isinstance(metadata, dict):
        return None
    thoughts = read_count(metadata.get("thoughtsTokenCount"))
    return Usage(
        prompt_tokens=read_count(metadata.get("promptTokenCount"))
        + read_count(metadata.get("toolUsePromptTokenCount")),
        completion_tokens=read_count(metadata.get("candidatesTokenCount")) + thoughts,
        reasoning_tokens=thoughts,
        cached_tokens=read_count(metadata.get("cachedContentTokenCount")),
    )


def _signals(response: HttpResponse) -> Signals:
    header_hint_s = read_retry_after(response.headers, response.received_at)
    try:
        return _error_signals(response.json(), response.status, header_hint_s)
    except (ProviderError, *UNEXPECTED):  # an HTML page, say: the status alone has to speak
        return Signals(response.status, retry_after_s=header_hint_s)


def _error_signals(body: Json, status: int, header_hint_s: float | None = None) -> Signals:
    error = body.get("error")
    error = error if isinstance(error, dict) else {"message": str(error)}
    details = [d for d in error.get("details") or () if isinstance(d, dict)]
    message = str(error.get("message") or "")
    code = error.get("code")
    return Signals(
        status=code if status == 200 and isinstance(code, int) else status,
        codes=tuple(_codes(error, details)),
        message=message,
        retry_after_s=header_hint_s if header_hint_s is not None else _hint(details, message),
        limit=_limit(details),
    )


def _codes(error: Json, details: list[Json]) -> Iterator[str]:
    """The reasons and quotas that *details* name, then the status word.

    A violation per day comes with a short `retryDelay` that means nothing, and one body may list
    several violations: the table puts the worst first.
    """
    for detail in details:
        if reason := detail.get("reason"):
            yield str(reason)
        for violation in detail.get("violations") or ():
            quota = str(violation.get("quotaId") or "")
            if str(violation.get("quotaValue")) == "0":
                yield "quota:zero"
            if "PerDay" in quota:
                yield "quota:day"
            elif "PerMinute" in quota:
                yield "quota:minute"
    if re.search(r"\blimit: 0\b", str(error.get("message") or "")):
        yield "quota:zero"
    if isinstance(error.get("status"), str):
        yield error["status"]


def _limit(details: list[Json]) -> int | None:
    """The number of requests a day, or else a minute, that a violated quota allows."""
    allowed = {
        "PerDay" in quota: int(violation["quotaValue"])
        for detail in details
        for violation in detail.get("violations") or ()
        if "Requests" in (quota := str(violation.get("quotaId") or ""))
        and str(violation.get("quotaValue")).isdigit()
    }
    return allowed.get(True, allowed.get(False))


def _hint(details: list[Json], message: str) -> float | None:
    for detail in details:
        if isinstance(delay := detail.get("retryDelay"), str):
            return read_duration(delay)
    words = re.search(r"retry in ([\d.hms]+)", message)
    return read_duration(words.group(1).rstrip(".")) if words else None
