"""Google Gemini, through `generateContent` of the Generative Language API."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from providers.base import (
    UNEXPECTED,
    HttpRequest,
    HttpResponse,
    Identity,
    read_count,
    read_json,
    read_name,
    reading,
)
from providers.completion import (
    Completion,
    Delta,
    FinishReason,
    ToolCallPiece,
    Usage,
    gathered,
    new_call_id,
)
from providers.errors import (
    FailureKind,
    ProviderError,
    Signals,
    failure,
    read_duration,
    read_retry_after,
)
from providers.prompt import Effort, Image, Json, Message, Prompt, ToolCall, ToolChoice

IDENTITY = Identity("gemini", "Google Gemini", "Google Gemini API", "🔵")
BASE_URL = "https://generativelanguage.googleapis.com"

FINISH_REASONS: dict[str, FinishReason] = {"STOP": "stop", "MAX_TOKENS": "length"}
REFUSALS = frozenset({"SAFETY", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "MODEL_ARMOR"})
# `blockReason` OTHER is not a judgement about the content, so it is not among the refusals.
BLOCKS = REFUSALS | {"JAILBREAK", "IMAGE_SAFETY"}

SEEDS = 1 << 31  # they are 32-bit integers

MODES = {"auto": "AUTO", "none": "NONE", "required": "ANY"}
LEVELS: Mapping[Effort, str] = {
    "none": "MINIMAL",
    "minimal": "MINIMAL",
    "low": "LOW",
    "medium": "MEDIUM",
    "high": "HIGH",
    "xhigh": "HIGH",
}
# As Google's own OpenAI-compatible route has them: https://ai.google.dev/gemini-api/docs/openai
BUDGETS: Mapping[Effort, int] = {
    "none": 0,
    "minimal": 1_024,
    "low": 1_024,
    "medium": 8_192,
    "high": 24_576,
    "xhigh": 24_576,
}
UNSIGNED = "skip_thought_signature_validator"


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
        body: Json = {"contents": list(_turns(prompt)), **_tools(prompt)}
        system = [{"text": m.text} for m in prompt.messages if m.role == "system" and m.text]
        if not body["contents"]:  # there has to be a turn
            body["contents"] = [{"role": "user", "parts": system}]
        elif system:
            body["systemInstruction"] = {"parts": system}
        if config := _generation_config(prompt, self.model.removeprefix("models/")):
            body["generationConfig"] = config
        url = f"{self.base_url}/v1beta/models/{self.model.removeprefix('models/')}:{verb}"
        return HttpRequest(url, {"x-goog-api-key": self.key}, body, streams=stream)

    @reading()
    def decode(self, response: HttpResponse) -> Completion:
        """See `Provider.decode`."""
        if response.status != 200:
            raise failure(_signals(response))
        body = response.json()
        delta = self._read(body)
        if delta.finish_reason is None:
            raise ProviderError(FailureKind.TRUNCATED if delta.has_content else FailureKind.EMPTY)
        return gathered((delta,), self.model)

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
            reasoning="".join(part.get("text", "") for part in parts if part.get("thought")),
            tool_calls=tuple(_read_calls(parts)),
            finish_reason=_finish_reason(candidate.get("finishReason")),
            model=read_name(body.get("modelVersion")),
            usage=_usage(body.get("usageMetadata")),
        )


def _turns(prompt: Prompt) -> Iterator[Json]:
    """User and model turns; neighbours of one role are merged, since Gemini wants them to alternate."""
    names = {call.id: call.name for message in prompt.messages for call in message.tool_calls}
    role: str | None = None
    parts: list[Json] = []
    for message in prompt.messages:
        own = [] if message.role == "system" else _parts(message, names)
        if not own:
            continue  # a turn without parts is refused
        own_role = "model" if message.role == "assistant" else "user"
        if own_role != role:
            if parts:
                yield {"role": role, "parts": parts}
            role, parts = own_role, []
        parts.extend(own)
    if parts:
        yield {"role": role, "parts": parts}


def _parts(message: Message, names: Mapping[str, str]) -> list[Json]:
    if message.role == "tool":
        answer = {"name": names.get(message.tool_call_id, ""), "response": _object(message.text)}
        return [{"functionResponse": {"id": message.tool_call_id, **answer}}]
    said: list[Json] = [
        {"inlineData": {"mimeType": part.media_type, "data": part.data}}
        if isinstance(part, Image)
        else {"text": part}
        for part in message.parts
    ]
    return said + list(_calls(message.tool_calls))


def _calls(calls: Sequence[ToolCall]) -> Iterator[Json]:
    """The calls of a turn, with their signatures.

    Gemini wants the first to be signed; calls of another provider have no signature, and a word of
    its documentation stands in for it: https://ai.google.dev/gemini-api/docs/thought-signatures
    """
    is_signed = any(call.signature for call in calls)
    for number, call in enumerate(calls):
        function = {"id": call.id, "name": call.name, "args": _object(call.arguments)}
        signature = call.signature or ("" if is_signed or number else UNSIGNED)
        part: Json = {"functionCall": function}
        yield {**part, "thoughtSignature": signature} if signature else part


def _object(text: str) -> Json:
    """*text* as a JSON object: as it is, or under `result` where it is none."""
    try:
        parsed = read_json(text)
    except ValueError:
        parsed = text
    return parsed if isinstance(parsed, dict) else {"result": parsed}


def _read_calls(parts: Sequence[Json]) -> Iterator[ToolCallPiece]:
    """The calls among *parts*; each comes whole, and those of later events have numbers of their own."""
    for part in parts:
        if call := part.get("functionCall"):
            yield ToolCallPiece(
                index=-1,
                id=read_name(call.get("id")) or new_call_id(),
                name=read_name(call.get("name")) or "",
                arguments=orjson.dumps(call.get("args") or {}).decode(),
                signature=read_name(part.get("thoughtSignature")) or "",
            )


def _tools(prompt: Prompt) -> Json:
    """The functions that may be called, and whether one has to be."""
    if not prompt.tools:
        return {}
    declared = [
        {"name": tool.name, "description": tool.description}
        | ({"parametersJsonSchema": tool.parameters} if tool.parameters else {})
        for tool in prompt.tools
    ]
    choice = prompt.tool_choice or ToolChoice("auto")
    config: Json = {"mode": "ANY" if choice.name else MODES[choice.mode]}
    if choice.name:
        config["allowedFunctionNames"] = [choice.name]
    return {
        "tools": [{"functionDeclarations": declared}],
        "toolConfig": {"functionCallingConfig": config},
    }


def _generation_config(prompt: Prompt, model: str) -> Json:
    named = {
        "temperature": prompt.temperature,
        "topP": prompt.top_p,
        "maxOutputTokens": prompt.max_tokens,
        "stopSequences": list(prompt.stop[:5]) or None,  # Gemini takes five at most
        "seed": None if prompt.seed is None else prompt.seed % SEEDS,
        "presencePenalty": prompt.presence_penalty,
        "frequencyPenalty": prompt.frequency_penalty,
        "responseMimeType": "application/json" if prompt.answer_format else None,
        "responseJsonSchema": prompt.answer_format.schema if prompt.answer_format else None,
        "thinkingConfig": _thinking(prompt.reasoning_effort, model),
    }
    return {name: value for name, value in named.items() if value is not None}


def _thinking(effort: Effort | None, model: str) -> Json | None:
    """How hard to think, as the generation of *model* wants to be told.

    The third cannot be told not to think at all; other models have nothing to set.
    """
    if effort is not None and model.startswith("gemini-3"):
        return {"thinkingLevel": LEVELS[effort]}
    if effort is not None and model.startswith("gemini-2.5"):
        return {"thinkingBudget": BUDGETS[effort]}
    return None


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
