"""A stand-in for the Gemini API (Generative Language REST, v1 and v1beta)."""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from sandbox import gemini_fields
from sandbox.exchange import (
    Call,
    ErrorRow,
    JsonObject,
    Refused,
    Reply,
    dump,
    event,
    made,
    reply_json,
    reply_stream,
)
from sandbox.faults import HUGE_LINE_BYTES, Fault, substitute
from sandbox.quotas import GEMINI, Quotas, Refusal
from sandbox.text import Ask, Script, Tool, Written, as_prompt, count_tokens, write

JSON_UTF8 = "application/json; charset=UTF-8"
SERVICE = "generativelanguage.googleapis.com"
SENTINEL = "skip_thought_signature_validator"
SIGNATURE_PREFIX = b"sandbox-thought:"
DAY_RETRY_S = 21.497994  # a used-up day carries a short delay that means nothing
INPUT_TOKEN_LIMIT = 1_048_576
ALIASES = {  # exist on v1beta only
    "gemini-flash-latest": "gemini-3.8-flash",
    "gemini-flash-lite-latest": "gemini-3.5-flash-lite",
    "gemini-pro-latest": "gemini-3.1-pro-preview",
}
GONE = ("gemini-2.5-flash-lite",)  # listed, yet refused to new users
THINKING_TOKENS = {"MINIMAL": 0, "LOW": 16, "MEDIUM": 64, "HIGH": 256, "XHIGH": 512}
METRIC_REQUESTS = f"{SERVICE}/generate_content_free_tier_requests"
METRIC_TOKENS = f"{SERVICE}/generate_content_free_tier_input_token_count"
QUOTA_IDS = {
    "day": (METRIC_REQUESTS, "GenerateRequestsPerDayPerProjectPerModel-FreeTier"),
    "never": (METRIC_REQUESTS, "GenerateRequestsPerDayPerProjectPerModel-FreeTier"),
    "minute": (METRIC_REQUESTS, "GenerateRequestsPerMinutePerProjectPerModel-FreeTier"),
    "tokens": (METRIC_TOKENS, "GenerateContentInputTokensPerModelPerMinute-FreeTier"),
}

EMPTY_FORMS = ("candidates", "parts", "text")


def failure(code: int, status: str, message: str, details: list[JsonObject] | None = None) -> Reply:
    """Google's error object."""
    error: JsonObject = {"code": code, "message": message, "status": status}
    if details:
        error["details"] = details
    return reply_json(code, {"error": error}, content_type=JSON_UTF8)


def invalid(message: str, details: list[JsonObject] | None = None) -> Reply:
    """A request that the server cannot follow."""
    return failure(400, "INVALID_ARGUMENT", message, details)


def reason(name: str, message: str) -> list[JsonObject]:
    """The details that name the reason of a refusal."""
    return [
        {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": name,
            "domain": "googleapis.com",
            "metadata": {"service": SERVICE},
        },
        {
            "@type": "type.googleapis.com/google.rpc.LocalizedMessage",
            "locale": "en-US",
            "message": message,
        },
    ]


def refused_key(message: str) -> Reply:
    """A key that is wrong or expired is a 400 here, not a 401."""
    return invalid(message, reason("API_KEY_INVALID", message))


def denied(message: str, why: str | None = None) -> Reply:
    """A key without the right to call."""
    return failure(403, "PERMISSION_DENIED", message, reason(why, message) if why else None)


def exhausted(model: str, refusal: Refusal, now: float) -> Reply:
    """The 429 of a quota."""
    metric, quota_id = QUOTA_IDS[refusal.exceeded]
    in_s = DAY_RETRY_S if refusal.exceeded in ("day", "never") else refusal.resets_at - now
    violation: JsonObject = {
        "quotaMetric": metric,
        "quotaId": quota_id,
        "quotaDimensions": {"location": "global", "model": model},
    }
    if refusal.exceeded != "never":
        violation["quotaValue"] = str(int(refusal.limit))
    message = (
        "You exceeded your current quota, please check your plan and billing details. For more "
        "information on this error, head to: https://ai.google.dev/gemini-api/docs/rate-limits. "
        "To monitor your current usage, head to: https://ai.dev/rate-limit. \n"
        f"* Quota exceeded for metric: {metric}, limit: {int(refusal.limit)}, model: {model}\n"
        f"Please retry in {in_s:.6f}s."
    )
    details: list[JsonObject] = [
        {
            "@type": "type.googleapis.com/google.rpc.Help",
            "links": [
                {
                    "description": "Learn more about Gemini API quotas",
                    "url": "https://ai.google.dev/gemini-api/docs/rate-limits",
                }
            ],
        },
        {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [violation]},
        {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{int(in_s)}s"},
    ]
    return failure(429, "RESOURCE_EXHAUSTED", message, details)


def _day_limit(model: str) -> int:
    return GEMINI.get(model, GEMINI["gemini-3.8-flash"]).requests_per_day or 0


def _not_found(model: str, version: str = "v1beta") -> Reply:
    return failure(
        404,
        "NOT_FOUND",
        f"models/{model} is not found for API version {version}, or is not supported for "
        "generateContent. Call ListModels to see the list of available models and their "
        "supported methods.",
    )


def _gone(model: str) -> Reply:
    return failure(
        404,
        "NOT_FOUND",
        f"This model models/{model} is no longer available to new users. Please update your code "
        "to use a newer model for the latest features and improvements.",
    )


def _missing_signature(function: str, position: int) -> Reply:
    return invalid(
        "Function call is missing a thought_signature in functionCall parts. This is required for "
        "tools to work correctly, and missing thought_signature may lead to degraded model "
        f"performance. Additional data, function call `default_api:{function}` , position "
        f"{position}. Please refer to https://ai.google.dev/gemini-api/docs/thought-signatures "
        "for more details."
    )


_NO_KEY = (
    "Method doesn't allow unregistered callers (callers without established identity). Please "
    "use API Key or other form of API consumer identity to call this API."
)
_BUSY = (
    "This model is currently experiencing high demand. Spikes in demand are usually temporary. "
    "Please try again later."
)
_TOO_LONG = (
    "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576)."
)
_INTERNAL = (
    "An internal error has occurred. Please retry or report in "
    "https://developers.generativeai.google/guide/troubleshooting"
)

ERRORS: Mapping[str, ErrorRow] = {
    "invalid_key": refused_key("API key not valid. Please pass a valid API key."),
    "expired_key": refused_key("API key expired. Please renew the API key."),
    "unknown_field": gemini_fields.unknown_field("x", "generation_config"),
    "too_long": invalid(_TOO_LONG),
    "multiple_candidates": invalid("Multiple candidates is not enabled for this model"),
    "missing_signature": _missing_signature("lookup", 2),
    "location": failure(
        400, "FAILED_PRECONDITION", "User location is not supported for the API use."
    ),
    "unauthenticated": failure(
        401, "UNAUTHENTICATED", "Request had invalid authentication credentials."
    ),
    "no_key": denied(_NO_KEY),
    "leaked_key": denied("Your API key was reported as leaked. Please use another API key."),
    "service_disabled": denied(
        "Generative Language API has not been used in project 0 before or it is disabled.",
        "SERVICE_DISABLED",
    ),
    "key_blocked": denied("Requests to this API are blocked.", "API_KEY_SERVICE_BLOCKED"),
    "referrer_blocked": denied(
        "Requests from referer <empty> are blocked.", "API_KEY_HTTP_REFERRER_BLOCKED"
    ),
    "suspended": denied("Permission denied: Consumer has been suspended.", "CONSUMER_SUSPENDED"),
    "model_not_found": lambda model, _now: _not_found(model),
    "model_gone": lambda model, _now: _gone(model),
    "timeout_408": failure(408, "DEADLINE_EXCEEDED", "Request timed out."),
    "too_large": failure(413, "INVALID_ARGUMENT", "Request is too large."),
    "daily_quota": lambda model, now: exhausted(model, Refusal("day", _day_limit(model), now), now),
    "minute_quota": lambda model, now: exhausted(
        model, Refusal("minute", GEMINI["gemini-3.8-flash"].requests_per_minute or 0, now + 34), now
    ),
    "token_quota": lambda model, now: exhausted(model, Refusal("tokens", 250_000, now + 12), now),
    "limit_zero": lambda model, now: exhausted(model, Refusal("never", 0, now), now),
    "bare_429": failure(
        429, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota)."
    ),
    "cancelled": failure(499, "CANCELLED", "The operation was cancelled."),
    "internal": failure(500, "INTERNAL", _INTERNAL),
    "overloaded": failure(503, "UNAVAILABLE", _BUSY),
    "overloaded_old": failure(
        503, "UNAVAILABLE", "The model is overloaded. Please try again later."
    ),
    "deadline": failure(
        504, "DEADLINE_EXCEEDED", "Deadline expired before operation could complete."
    ),
}


def error(name: str, model: str = "", now: float = 0.0) -> Reply:
    """A named error."""
    return made(ERRORS[name], model, now)


@dataclass(frozen=True, slots=True)
class Target:
    """What a path addresses."""

    version: str
    model: str = ""
    verb: str = ""


def read_path(path: str) -> Target | None:
    """The version, model and verb of a path; None when no such route exists."""
    found = re.fullmatch(r"/(v1|v1beta)/models(?:/([^/:]+)(?::(\w+))?)?", path)
    return Target(found[1], found[2] or "", found[3] or "") if found else None


class Gemini:
    """Answers as the Gemini API does."""

    name = "gemini"
    errors = ERRORS
    empty_forms = EMPTY_FORMS

    def __init__(self, key: str, quotas: Quotas) -> None:
        self._key = key
        self.quotas = quotas

    def model(self, call: Call) -> str:
        """The model a call is for."""
        target = read_path(call.path)
        return ALIASES.get(target.model, target.model) if target else ""

    def works(self, call: Call) -> bool:
        """Whether a call generates."""
        return call.path.endswith((":generateContent", ":streamGenerateContent"))

    def answer(self, call: Call, fault: Fault, script: Script) -> Reply:
        """Answer a call."""
        self._check_key(call)
        if reply := _failed(fault, self.model(call), call.now):
            return reply
        target = read_path(call.path)
        if target is None:
            raise Refused(failure(404, "NOT_FOUND", "Requested entity was not found."))
        if call.method == "GET" and not target.verb:
            return self._list(call) if not target.model else self._get(target)
        if call.method != "POST" or target.verb not in VERBS:
            raise Refused(_not_found(target.model, target.version))
        if target.verb == "countTokens":
            return _count(call)
        return self._generate(call, target, fault, script)

    def _check_key(self, call: Call) -> None:
        key = call.headers.get("x-goog-api-key") or call.query.get("key")
        if not key:
            raise Refused(error("no_key"))
        if key != self._key:
            raise Refused(error("invalid_key"))

    def _list(self, call: Call) -> Reply:
        names = [*GEMINI, *GONE]
        size = int(call.query.get("pageSize", "50"))
        start = int(call.query.get("pageToken", "0") or "0")
        page: JsonObject = {"models": [_card(name) for name in names[start : start + size]]}
        if start + size < len(names):
            page["nextPageToken"] = str(start + size)
        return reply_json(200, page, content_type=JSON_UTF8)

    def _get(self, target: Target) -> Reply:
        name = ALIASES.get(target.model, target.model)
        if name not in GEMINI and name not in GONE:
            raise Refused(_not_found(target.model, target.version))
        return reply_json(200, _card(target.model), content_type=JSON_UTF8)

    def _generate(self, call: Call, target: Target, fault: Fault, script: Script) -> Reply:
        model = self._usable(target)
        request = gemini_fields.read(call.data(), "GenerateContentRequest")
        _check(request, model)
        ask = _ask(request, model)
        if ask.input_tokens > INPUT_TOKEN_LIMIT:
            raise Refused(
                invalid(
                    f"The input token count ({ask.input_tokens}) exceeds the maximum number of "
                    f"tokens allowed ({INPUT_TOKEN_LIMIT})."
                )
            )
        meter = self.quotas.meter(model)
        if refusal := meter.refusal(call.now, ask.input_tokens):
            raise Refused(exhausted(model, refusal, call.now))
        meter.count(call.now, ask.input_tokens)
        answer = Answer(model, ask, request, write(ask, script.take(), script.take_habits()), fault)
        if target.verb == "generateContent" and fault.error_midstream:
            return error(fault.error or "overloaded", model, call.now)
        if target.verb == "generateContent":
            return reply_json(200, answer.whole(), ok=answer.ok, content_type=JSON_UTF8)
        return _stream(answer, sse=call.query.get("alt") == "sse")

    def _usable(self, target: Target) -> str:
        if target.model in ALIASES:
            if target.version == "v1":
                raise Refused(_not_found(target.model, target.version))
            return ALIASES[target.model]
        if target.model in GONE:
            raise Refused(_gone(target.model))
        if target.model not in GEMINI:
            raise Refused(_not_found(target.model, target.version))
        return target.model


VERBS = ("generateContent", "streamGenerateContent", "countTokens")


def _failed(fault: Fault, model: str, now: float) -> Reply | None:
    if fault.error is not None and not fault.error_midstream:
        return error(fault.error, model, now)
    return substitute(fault)


def _card(name: str) -> JsonObject:
    return {
        "name": f"models/{name}",
        "version": "001",
        "displayName": name.replace("-", " ").title(),
        "inputTokenLimit": INPUT_TOKEN_LIMIT,
        "outputTokenLimit": 65_536,
        "supportedGenerationMethods": ["generateContent", "countTokens"],
    }


def _count(call: Call) -> Reply:
    request = gemini_fields.read(call.data(), "CountTokensRequest")
    inner = request.get("generateContentRequest", request)
    tokens = count_tokens(as_prompt(_texts(inner)))
    details = [{"modality": "TEXT", "tokenCount": tokens}]
    return reply_json(
        200, {"totalTokens": tokens, "promptTokensDetails": details}, content_type=JSON_UTF8
    )


# Reading the request


def _parts(content: Any) -> list[JsonObject]:
    return list(content.get("parts") or []) if isinstance(content, dict) else []


def _texts(request: JsonObject) -> list[str]:
    contents = [request.get("systemInstruction"), *(request.get("contents") or [])]
    return [str(part.get("text", "")) for content in contents for part in _parts(content)]


def _check(request: JsonObject, model: str) -> None:
    """The checks a real request meets after its fields were understood."""
    contents = request.get("contents")
    if not contents:
        raise Refused(invalid("* GenerateContentRequest.contents: contents is not specified\n"))
    for index, content in enumerate(contents):
        _check_content(content, f"GenerateContentRequest.contents[{index}]")
    config = request.get("generationConfig") or {}
    if config.get("candidateCount", 1) != 1:
        raise Refused(error("multiple_candidates"))
    if len(config.get("stopSequences") or []) > 5:
        raise Refused(invalid("The number of stop sequences must not exceed 5."))
    thinking = config.get("thinkingConfig") or {}
    if "thinkingLevel" in thinking and "thinkingBudget" in thinking:
        raise Refused(invalid("You can only set only one of thinking budget and thinking level."))
    if config.get("responseSchema") and config.get("responseJsonSchema"):
        raise Refused(invalid("Only one of response_schema and response_json_schema can be set."))
    if model.startswith("gemini-3"):
        _check_signatures(contents)
    _check_answers(contents)


def _check_content(content: JsonObject, where: str) -> None:
    if content.get("role", "user") not in ("user", "model"):
        raise Refused(invalid("Please use a valid role: user, model."))
    parts = _parts(content)
    if not parts:
        raise Refused(invalid(f"* {where}.parts: contents.parts must not be empty.\n"))
    for index, part in enumerate(parts):
        has_data = any(name in part for name in gemini_fields.PART_DATA if name != "text")
        if not has_data and not part.get("text") and not part.get("thoughtSignature"):
            raise Refused(
                invalid(
                    f"* {where}.parts[{index}].data: required oneof field 'data' must have one "
                    "initialized field\n"
                )
            )
        if "inlineData" in part and decoded(part["inlineData"].get("data")) is None:
            raise Refused(
                invalid(
                    f"Invalid value at '{where.split('.')[-1]}.parts[{index}].inline_data.data' "
                    "(TYPE_BYTES), Base64 decoding failed"
                )
            )


def _check_signatures(contents: list[JsonObject]) -> None:
    """The first call of a turn must be replayed with the signature it came with."""
    for position, content in enumerate(contents, 1):
        calls = [part for part in _parts(content) if "functionCall" in part]
        if not calls:
            continue
        signature = calls[0].get("thoughtSignature")
        if not signature:
            name = str(calls[0]["functionCall"].get("name", ""))
            raise Refused(_missing_signature(name, position))
        known = (decoded(signature) or b"").startswith(SIGNATURE_PREFIX)
        if signature != SENTINEL and decoded(signature) != SENTINEL.encode() and not known:
            raise Refused(invalid("Corrupted thought signature."))


def _check_answers(contents: list[JsonObject]) -> None:
    """Every function call is answered by the turn that follows it, all calls in one turn."""
    for content, following in pairwise(contents):
        calls = sum("functionCall" in part for part in _parts(content))
        answers = sum("functionResponse" in part for part in _parts(following))
        if (calls or answers) and calls != answers:
            raise Refused(
                invalid(
                    "Please ensure that the number of function response parts is equal to the "
                    "number of function call parts of the function call turn."
                )
            )


def decoded(text: object) -> bytes | None:
    """Bytes from either base64 alphabet, padded or not; None when it is neither."""
    if not isinstance(text, str):
        return None
    plain = text.replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except binascii.Error:
        return None


def _ask(request: JsonObject, model: str) -> Ask:
    config = request.get("generationConfig") or {}
    schema = config.get("responseJsonSchema") or config.get("responseSchema")
    texts = _texts(request)
    images = sum("inlineData" in p for c in request["contents"] for p in _parts(c))
    return Ask(
        prompt=as_prompt(_texts({"contents": request["contents"][-1:]})) or as_prompt(texts),
        input_tokens=max(1, count_tokens(as_prompt(texts))) + 258 * images,
        max_tokens=config.get("maxOutputTokens"),
        stops=tuple(config.get("stopSequences") or ()),
        wants_json=config.get("responseMimeType") == "application/json",
        schema=schema,
        tool=_tool(request),
        thinking_tokens=_thinking(config.get("thinkingConfig") or {}, model),
    )


def _thinking(config: JsonObject, model: str) -> int:
    """Thinking tokens: full Flash models think unless told otherwise, Lite and Gemma do not."""
    if "thinkingLevel" in config:
        return THINKING_TOKENS.get(str(config["thinkingLevel"]).upper(), 64)
    budget = config.get("thinkingBudget", -1)
    default = 0 if "lite" in model or model.startswith("gemma") else THINKING_TOKENS["MEDIUM"]
    return default if budget < 0 else min(int(budget), THINKING_TOKENS["MEDIUM"])


def _tool(request: JsonObject) -> Tool | None:
    """The function the model will call: none once the last turn brought a function's answer."""
    declared = [
        function
        for tool in request.get("tools") or []
        for function in tool.get("functionDeclarations") or []
    ]
    choice = (request.get("toolConfig") or {}).get("functionCallingConfig") or {}
    if allowed := choice.get("allowedFunctionNames"):
        declared = [function for function in declared if function.get("name") in allowed]
    answered = any("functionResponse" in part for part in _parts(request["contents"][-1]))
    mode = str(choice.get("mode", "AUTO")).upper()
    if not declared or mode == "NONE" or (answered and mode != "ANY"):
        return None
    first = declared[0]
    schema = first.get("parametersJsonSchema") or first.get("parameters") or {"type": "object"}
    return Tool(first["name"], schema)


# Writing the answer


@dataclass(frozen=True, slots=True)
class Answer:
    """One generation, ready to be sent whole or in chunks."""

    model: str
    ask: Ask
    request: JsonObject
    written: Written
    fault: Fault

    @property
    def ok(self) -> bool:
        """Whether the reply is what the caller hoped for."""
        fault = self.fault
        broken = fault.blocked or fault.empty or fault.thinking_ate_budget or fault.error_midstream
        return not broken and fault.finish in (None, "STOP", "MAX_TOKENS")

    def whole(self) -> JsonObject:
        """The reply in one object."""
        if self.fault.blocked is not None:
            return self._blocked(self.fault.blocked)
        if self.fault.empty in ("candidates", "default"):
            return self._about(0, 0)
        if self._has_no_parts:
            return self._without_parts()
        parts = self._thoughts() + self._content()
        return self._candidate(parts, self._finish(), self.written.tokens)

    def deltas(self) -> list[JsonObject]:
        """The reply as the objects of a stream; the counts are cumulative."""
        if self.fault.blocked is not None or self.fault.empty is not None or self._has_no_parts:
            return [self.whole()]
        written = self.written
        if written.tool is not None:
            return [self._candidate(self._thoughts() + self._content(), "STOP", written.tokens)]
        sent, deltas = 0, []
        if thoughts := self._thoughts():
            deltas.append(self._candidate(thoughts, None, 0))
        for piece in written.pieces:
            sent += count_tokens(piece)
            deltas.append(self._candidate([{"text": piece}], None, min(sent, written.tokens)))
        last = {"text": "", "thoughtSignature": _signature("end")} if self._signs else {"text": ""}
        return [*deltas, self._candidate([last], self._finish(), written.tokens)]

    @property
    def _signs(self) -> bool:
        return self.model.startswith("gemini-3") and self.written.thinking_tokens > 0

    @property
    def _has_no_parts(self) -> bool:
        written, fault = self.written, self.fault
        ate = written.finish == "length" and not written.text and written.tool is None
        stopped = fault.finish is not None and fault.finish not in ("STOP", "MAX_TOKENS")
        return ate or stopped or fault.thinking_ate_budget or fault.empty == "parts"

    def _without_parts(self) -> JsonObject:
        ate = self.fault.thinking_ate_budget or (
            self.written.finish == "length" and self.fault.finish is None
        )
        finish = self.fault.finish or ("MAX_TOKENS" if ate else "STOP")
        budget = self.ask.max_tokens or THINKING_TOKENS["HIGH"]
        reply = self._about(0, budget if ate else self.written.thinking_tokens)
        content = {"role": "model"}
        candidate = {"content": content, "finishReason": finish, "index": 0}
        if finish not in ("STOP", "MAX_TOKENS"):
            del candidate["content"]
            candidate["finishMessage"] = f"The sandbox was told to finish with {finish}."
        return {"candidates": [candidate], **reply}

    def _blocked(self, why: str) -> JsonObject:
        return {"promptFeedback": {"blockReason": why}, **self._about(0, 0)}

    def _thoughts(self) -> list[JsonObject]:
        config = (self.request.get("generationConfig") or {}).get("thinkingConfig") or {}
        shown = config.get("includeThoughts") and self.written.thinking_tokens
        text = "**Weighing the question**\n\nFirst what is asked, then the shortest honest answer."
        return [{"text": text, "thought": True}] if shown else []

    def _content(self) -> list[JsonObject]:
        written = self.written
        if written.tool is not None:
            part: JsonObject = {
                "functionCall": {
                    "id": f"call-{written.tool.name}",
                    "name": written.tool.name,
                    "args": written.arguments,
                }
            }
            if self.model.startswith("gemini-3"):
                part["thoughtSignature"] = _signature(written.tool.name)
            return [part]
        if self.fault.empty == "text":
            return [{"text": ""}]
        # The number of parts is free: a text of more than one piece comes in two.
        half = "".join(written.pieces[: len(written.pieces) // 2])
        texts = [text for text in (half, written.text[len(half) :]) if text]
        parts: list[JsonObject] = [{"text": text} for text in texts]
        if parts and self._signs:
            parts[-1]["thoughtSignature"] = _signature("end")
        return parts

    def _finish(self) -> str:
        if self.fault.finish is not None:
            return self.fault.finish
        return "MAX_TOKENS" if self.written.finish == "length" else "STOP"

    def _candidate(self, parts: list[JsonObject], finish: str | None, tokens: int) -> JsonObject:
        candidate: JsonObject = {"content": {"role": "model", "parts": parts}, "index": 0}
        if finish is not None:
            candidate["finishReason"] = finish
        return {"candidates": [candidate], **self._about(tokens, self.written.thinking_tokens)}

    def _about(self, tokens: int, thinking: int) -> JsonObject:
        prompt = self.ask.input_tokens
        usage: JsonObject = {"promptTokenCount": prompt}
        if tokens:
            usage["candidatesTokenCount"] = tokens
        if thinking:
            usage["thoughtsTokenCount"] = thinking
        usage["totalTokenCount"] = prompt + tokens + thinking
        usage["promptTokensDetails"] = [{"modality": "TEXT", "tokenCount": prompt}]
        return {
            "usageMetadata": usage,
            "modelVersion": self.model,
            "responseId": f"sandbox-{count_tokens(self.ask.prompt)}",
        }


def _signature(name: str) -> str:
    return base64.b64encode(SIGNATURE_PREFIX + name.encode()).decode()


def _stream(answer: Answer, *, sse: bool) -> Reply:
    deltas = answer.deltas()
    if answer.fault.huge_line and len(deltas) > 1:
        thought = {"text": "x" * HUGE_LINE_BYTES, "thought": True}
        deltas.insert(0, {"candidates": [{"content": {"role": "model", "parts": [thought]}}]})
    if answer.fault.error_midstream:
        name = answer.fault.error or "overloaded"
        body = error(name, answer.model, 0).body
        frames = [event(delta, "\r\n\r\n") for delta in deltas[: max(1, len(deltas) // 2)]]
        return reply_stream([*frames, b"data: " + body + b"\r\n\r\n"], ok=False)
    if sse:
        return reply_stream([event(delta, "\r\n\r\n") for delta in deltas], ok=answer.ok)
    lines = [(b"[" if i == 0 else b",\r\n") + dump(delta) for i, delta in enumerate(deltas)]
    return reply_stream([*lines, b"]"], ok=answer.ok, content_type=JSON_UTF8)
