"""A stand-in for OpenRouter's chat completions, model list and account pages."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sandbox import chat
from sandbox.exchange import (
    Call,
    ErrorRow,
    JsonObject,
    Refused,
    Reply,
    event,
    made,
    reply_json,
    reply_stream,
)
from sandbox.faults import HUGE_LINE_BYTES, Fault, substitute
from sandbox.quotas import ANY, Quotas, Refusal, midnight_after
from sandbox.text import Ask, Script, Written, write

USER = "user_sandbox"
CREATED = 1_763_800_000
FREE_ROUTER = "openrouter/free"
MODELS: Mapping[str, int] = {  # id and context length
    "openai/gpt-oss-20b:free": 131_072,
    "meta-llama/llama-3.3-70b-instruct:free": 131_072,
    "google/gemma-4-26b-a4b-it:free": 262_144,
    "google/gemma-4-31b-it:free": 262_144,
    "nvidia/nemotron-3-super-120b-a12b:free": 262_144,
    "qwen/qwen3-next-80b-a3b-instruct:free": 262_144,
    FREE_ROUTER: 131_072,
    "openai/gpt-oss-20b": 131_072,
}
REASONING = "Short plan: read the question, answer it."
REASONING_TOKENS = 8
EFFORT_SHARE = {
    "max": 0.95, "xhigh": 0.95, "high": 0.8, "medium": 0.5, "low": 0.2, "minimal": 0.1, "none": 0.0,
}  # fmt: skip
# Failures of the upstream, after which `models` names who is asked next.
UPSTREAM = ("upstream_pool", "provider_error", "unavailable", "provider_overloaded", "capacity")
EMPTY_FORMS = ("choices", "content", "reasoning")


def failure(
    code: int,
    message: str,
    metadata: JsonObject | None = None,
    headers: Mapping[str, str] | None = None,
    *,
    status: int | None = None,
) -> Reply:
    """OpenRouter's error object; `status` differs from the code when a 200 carries an error."""
    error: JsonObject = {"message": message, "code": code}
    if metadata is not None:
        error["metadata"] = metadata
    return reply_json(status or code, {"error": error, "user_id": USER}, headers, ok=False)


def exhausted(refusal: Refusal) -> Reply:
    """The 429 of the free allowance; the reset is in milliseconds."""
    headers = {
        "X-RateLimit-Limit": str(int(refusal.limit)),
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": str(int(refusal.resets_at * 1000)),
    }
    metadata: JsonObject = {"headers": headers}
    if refusal.exceeded == "minute":
        message = "Rate limit exceeded: free-models-per-min. "
    elif refusal.limit >= 1000:
        message = "Rate limit exceeded: free-models-per-day-high-balance. "
        metadata["limit_source"] = "openrouter_free_tier_daily"
    else:
        message = (
            "Rate limit exceeded: free-models-per-day. Add 10 credits to unlock 1000 free model "
            "requests per day"
        )
        metadata["limit_source"] = "openrouter_free_tier_daily"
    return failure(429, message, metadata, headers)


def _daily(limit: int) -> Callable[[str, float], Reply]:
    return lambda _model, now: exhausted(Refusal("day", limit, midnight_after(now, "UTC")))


def _upstream_pool(model: str, _now: float) -> Reply:
    raw = (
        f"{model} is temporarily rate-limited upstream. Please retry shortly, or add your own key "
        "to accumulate your rate limits: https://openrouter.ai/settings/integrations"
    )
    metadata = {
        "raw": raw,
        "provider_name": "Chutes",
        "limit_source": "upstream_provider_shared_pool",
        "remedy_hint": "Retry shortly, or add your own key.",
    }
    return failure(429, "Provider returned error", metadata, {"Retry-After": "12"})


def _in_choice(model: str, _now: float) -> Reply:
    choice = {
        "index": 0,
        "finish_reason": "error",
        "native_finish_reason": "error",
        "message": {"role": "assistant", "content": "Half an ans"},
        "error": {"code": 502, "message": "Provider disconnected", "metadata": {}},
    }
    return reply_json(200, {**_about(model), "choices": [choice]}, ok=False)


def _available(code: str, *, retryable: bool, message: str, status: int) -> Reply:
    error = {
        "code": status,
        "message": message,
        "availability": {"code": code, "retryable": retryable},
    }
    return reply_json(status, {"error": error, "user_id": USER})


ERRORS: Mapping[str, ErrorRow] = {
    "bad_request": failure(400, "Invalid input", {"error_type": "invalid_request"}),
    "bad_model": lambda model, _now: failure(400, f"{model} is not a valid model ID"),
    "too_long": failure(
        400,
        "This endpoint's maximum context length is 131072 tokens. However, you requested about "
        "140000 tokens. Please reduce the length of either one.",
        {"error_type": "context_length_exceeded"},
    ),
    "missing_auth": failure(401, "Missing Authentication header"),
    "no_credentials": failure(401, "No auth credentials found"),
    "invalid_key": failure(401, "User not found."),
    "credits": failure(
        402,
        "Insufficient credits. Add more using https://openrouter.ai/credits",
        {"limit_source": "openrouter_credits"},
    ),
    "fewer_tokens": failure(
        402,
        "This request requires more credits, or fewer max_tokens. You requested up to 4096 tokens, "
        "but can only afford 1200. To increase, visit https://openrouter.ai/settings/credits",
        {"limit_source": "openrouter_credits"},
    ),
    "key_limit": failure(402, "Key limit exceeded.", {"limit_source": "openrouter_key_limit"}),
    "in_flight_budget": failure(
        402,
        "Too many requests in flight for your balance.",
        {"limit_source": "openrouter_in_flight_budget"},
    ),
    "moderation": lambda model, _now: failure(
        403,
        f"{model} requires moderation. Your input was flagged.",
        {
            "reasons": ["violence"],
            "flagged_input": "the flagged words",
            "provider_name": "OpenAI",
            "model_slug": model,
        },
    ),
    "guardrail": failure(403, "Request blocked by guardrail", {"patterns": ["secret"]}),
    "region": _available(
        "region_restricted",
        retryable=False,
        message="This model is not available in your region.",
        status=403,
    ),
    "no_endpoints": lambda model, _now: failure(404, f"No endpoints found for {model}."),
    "no_tools": failure(
        404,
        "No endpoints found that support tool use. To learn more about provider routing, visit: "
        "https://openrouter.ai/docs/guides/routing/provider-selection",
    ),
    "no_parameters": failure(404, "No endpoints found that can handle the requested parameters."),
    "data_policy": failure(
        404,
        "No endpoints found matching your data policy (Free model publication). Configure: "
        "https://openrouter.ai/settings/privacy",
    ),
    "free_ended": lambda model, _now: _available(
        "free_variant_ended",
        retryable=False,
        message=f"The free variant of {model} has ended.",
        status=404,
    ),
    "timeout": failure(
        408, "Operation timed out. Please try again later.", {"error_type": "timeout"}
    ),
    "precondition": failure(412, "Precondition failed", {"error_type": "precondition_failed"}),
    "too_large": failure(413, "Payload too large", {"error_type": "payload_too_large"}),
    "unprocessable": failure(422, "Unprocessable", {"error_type": "unprocessable"}),
    "daily_quota": _daily(50),
    "daily_quota_funded": _daily(1000),
    "minute_quota": lambda _model, now: exhausted(Refusal("minute", 20, now + 30)),
    "upstream_pool": _upstream_pool,
    "capacity": _available(
        "capacity_exhausted", retryable=True, message="No capacity at the moment.", status=429
    ),
    "ddos": failure(429, "Rate limit exceeded. Please slow down."),
    "internal": failure(500, "Internal Server Error", {"error_type": "server"}),
    "provider_error": failure(
        502,
        "Provider returned error",
        {"raw": '{"detail":"upstream connect error"}', "provider_name": "Chutes"},
    ),
    "unavailable": failure(503, "No available model provider meets your routing requirements"),
    "edge_timeout": failure(524, "A timeout occurred"),
    "provider_overloaded": failure(
        529, "Provider overloaded", {"error_type": "provider_overloaded"}
    ),
    "error_in_200": failure(
        502, "Provider returned error", {"provider_name": "Chutes"}, status=200
    ),
    "quota_in_200": failure(
        429, "Provider returned error", {"provider_name": "Chutes"}, status=200
    ),
    "error_in_choice": _in_choice,
}


def error(name: str, model: str = "", now: float = 0.0) -> Reply:
    """A named error."""
    return made(ERRORS[name], model, now)


def _about(model: str) -> JsonObject:
    return {
        "id": f"gen-{CREATED}-sandbox",
        "provider": "Chutes",
        "model": model,
        "object": "chat.completion",
        "created": CREATED,
        "system_fingerprint": None,
    }


class OpenRouter:
    """Answers as OpenRouter does."""

    name = "openrouter"
    errors = ERRORS
    empty_forms = EMPTY_FORMS

    def __init__(self, key: str, quotas: Quotas) -> None:
        self._key = key
        self.quotas = quotas

    def model(self, call: Call) -> str:
        """The model a call is for."""
        return str(call.fields().get("model", ""))

    def works(self, call: Call) -> bool:
        """Whether a call generates."""
        return call.path == "/api/v1/chat/completions"

    def answer(self, call: Call, fault: Fault, script: Script) -> Reply:
        """Answer a call."""
        route = (call.method, call.path)
        if route != ("GET", "/api/v1/models"):
            self._check_key(call)
        if self.works(call) and call.method == "POST":
            return self._complete(call, fault, script)
        if reply := _failed(fault, "", call.now):
            return reply
        pages: Mapping[tuple[str, str], Callable[[Call], Reply]] = {
            ("GET", "/api/v1/models"): _list,
            ("GET", "/api/v1/key"): self._key_page,
            ("GET", "/api/v1/credits"): _credits,
        }
        if route not in pages:
            raise Refused(failure(404, "Not Found"))
        return pages[route](call)

    def _check_key(self, call: Call) -> None:
        given = call.headers.get("authorization")
        if given is None:
            raise Refused(error("missing_auth"))
        if not given.startswith("Bearer sk-or-"):
            raise Refused(error("no_credentials"))
        if given != f"Bearer {self._key}":
            raise Refused(error("invalid_key"))

    def _complete(self, call: Call, fault: Fault, script: Script) -> Reply:
        fields = call.fields()
        if wrong := chat.problem(fields):
            raise Refused(failure(400, wrong, {"error_type": "invalid_request"}))
        names = [name for name in (fields.get("model"), *(fields.get("models") or ())) if name]
        model, fault = _choose(names, fault)
        if model.endswith(":free"):
            meter = self.quotas.meter(ANY)
            if refusal := meter.refusal(call.now):
                raise Refused(exhausted(refusal))
            meter.count(call.now)  # failed attempts count as well
        if reply := _failed(fault, model, call.now):
            return reply
        ask = _ask(fields, model)
        if ask.input_tokens > MODELS[model]:
            raise Refused(error("too_long", model, call.now))
        answer = Answer(model, ask, fields, write(ask, script.take(), script.take_habits()), fault)
        headers = {"X-Generation-Id": f"gen-{CREATED}-sandbox"}
        if fields.get("stream"):
            return reply_stream(answer.frames(), headers, ok=answer.ok)
        if fault.error_midstream:
            return _in_choice(model, call.now)
        return reply_json(200, answer.whole(), headers, ok=answer.ok)

    def _key_page(self, call: Call) -> Reply:
        meter = self.quotas.meter(ANY)
        used = meter.used(call.now).requests_today
        data: JsonObject = {
            "label": "sk-or-v1-san...box",
            "limit": None,
            "limit_reset": None,
            "limit_remaining": None,
            "include_byok_in_limit": False,
            "usage": 0,
            "usage_daily": 0,
            "usage_weekly": 0,
            "usage_monthly": 0,
            "byok_usage": 0,
            "byok_usage_daily": 0,
            "byok_usage_weekly": 0,
            "byok_usage_monthly": 0,
            "is_free_tier": True,
            "is_management_key": False,
            "expires_at": None,
            "creator_user_id": USER,
            "rate_limit": {"requests": -1, "interval": "10s", "note": "deprecated"},
        }
        if (limit := meter.limits.requests_per_day) is not None:
            left = max(0, limit - used)
            data["free_model_daily_requests"] = {"used": used, "limit": limit, "remaining": left}
        return reply_json(200, {"data": data})


def _failed(fault: Fault, model: str, now: float) -> Reply | None:
    if fault.blocked is not None:
        return error("moderation", model, now)
    if fault.error is not None and not fault.error_midstream:
        return error(fault.error, model, now)
    return substitute(fault)


def _choose(names: list[str], fault: Fault) -> tuple[str, Fault]:
    """The model that answers: the first of `model` and `models` that exists and is not failing."""
    known = [name for name in dict.fromkeys(names) if name in MODELS]
    if not known:
        raise Refused(error("bad_model", names[0] if names else "undefined", 0))
    if fault.model == known[0] and fault.error in UPSTREAM and len(known) > 1:
        known, fault = known[1:], Fault()
    return (next(iter(MODELS)) if known[0] == FREE_ROUTER else known[0]), fault


def _ask(fields: JsonObject, model: str) -> Ask:
    limit = fields.get("max_completion_tokens") or fields.get("max_tokens")
    return chat.read(fields, max_tokens=limit, thinking_tokens=_thinking(fields, model, limit))


def _thinking(fields: JsonObject, model: str, limit: int | None) -> int:
    reasoning = fields.get("reasoning") or {}
    effort = str(reasoning.get("effort") or fields.get("reasoning_effort"))
    if isinstance(budget := reasoning.get("max_tokens"), int):
        return max(0, budget)
    if effort in EFFORT_SHARE and limit:
        return int(limit * EFFORT_SHARE[effort])
    off = effort == "none" or reasoning.get("enabled") is False or "gpt-oss" not in model
    return 0 if off else REASONING_TOKENS


def _list(call: Call) -> Reply:
    start = int(call.query.get("offset", "0"))
    end = start + int(call.query.get("limit", "1000"))
    return reply_json(200, {"data": [_card(name) for name in list(MODELS)[start:end]]})


def _card(name: str) -> JsonObject:
    price = "0" if name.endswith(":free") or name == FREE_ROUTER else "0.00000005"
    return {
        "id": name,
        "canonical_slug": name.removesuffix(":free"),
        "name": name,
        "created": CREATED,
        "context_length": MODELS[name],
        "architecture": {
            "modality": "text->text",
            "input_modalities": ["text"],
            "output_modalities": ["text"],
            "tokenizer": "Other",
        },
        "pricing": {"prompt": price, "completion": price, "request": "0", "image": "0"},
        "top_provider": {
            "context_length": MODELS[name],
            "max_completion_tokens": None,
            "is_moderated": False,
        },
        "per_request_limits": None,
        "supported_parameters": ["max_tokens", "temperature", "tools", "response_format"],
        "default_parameters": {},
        "supported_voices": None,
        "links": {"details": f"/api/v1/models/{name}/endpoints"},
    }


def _credits(_call: Call) -> Reply:
    return reply_json(200, {"data": {"total_credits": 0, "total_usage": 0}})


@dataclass(frozen=True, slots=True)
class Answer:
    """One generation, ready to be sent whole or in chunks."""

    model: str
    ask: Ask
    fields: JsonObject
    written: Written
    fault: Fault

    @property
    def ok(self) -> bool:
        """Whether the reply is what the caller hoped for."""
        fault = self.fault
        broken = fault.empty or fault.thinking_ate_budget or fault.error_midstream
        return not broken and fault.finish in (None, "stop", "length", "tool_calls")

    def whole(self) -> JsonObject:
        """The reply in one object."""
        about = {**_about(self.model), "usage": self._usage()}
        if self.fault.empty in ("choices", "default"):
            return {**about, "choices": []}
        message = chat.message(self.written, self._reasoning)
        if self._reasoning is not None:
            detail = {"type": "reasoning.text", "text": self._reasoning, "format": "unknown"}
            message["reasoning_details"] = [{**detail, "index": 0}]
        if self._is_empty:
            message["content"] = ""
        choice = {"index": 0, "logprobs": None, **self._finish(), "message": message}
        return {**about, "choices": [choice]}

    def frames(self) -> list[bytes]:
        """The reply as the events of a stream: comments first, usage always."""
        comment = b": OPENROUTER PROCESSING\n\n"
        if self.fault.empty in ("choices", "default"):
            return [
                comment,
                event(self._chunk(choices=[], usage=self._usage())),
                b"data: [DONE]\n\n",
            ]
        parts = [] if self._is_empty else chat.deltas(self.written)
        if self._reasoning is not None:
            parts.insert(0, {"role": "assistant", "content": "", "reasoning": self._reasoning})
        if self.fault.huge_line:
            parts.insert(
                0, {"role": "assistant", "content": "", "reasoning": "x" * HUGE_LINE_BYTES}
            )
        frames = [comment, comment, *(event(self._delta(part)) for part in parts)]
        if self.fault.error_midstream:
            return [*frames[: max(3, len(frames) // 2)], event(self._broken())]
        last = self._chunk(
            [{"index": 0, "delta": {"content": ""}, **self._finish(), "logprobs": None}]
        )
        return [*frames, event(last), event(self._chunk([], self._usage())), b"data: [DONE]\n\n"]

    @property
    def _reasoning(self) -> str | None:
        excluded = (self.fields.get("reasoning") or {}).get("exclude")
        thought = self.written.thinking_tokens or self.fault.thinking_ate_budget
        return REASONING if thought and not excluded else None

    @property
    def _is_empty(self) -> bool:
        return self.fault.thinking_ate_budget or self.fault.empty in ("content", "reasoning")

    def _finish(self) -> JsonObject:
        reason = self.fault.finish or self.written.finish
        if self.fault.thinking_ate_budget or self.fault.empty == "reasoning":
            reason = self.fault.finish or "length"
        return {"finish_reason": reason, "native_finish_reason": reason}

    def _usage(self) -> JsonObject:
        counts = chat.usage(self.ask, self.written)
        thinking = self.written.thinking_tokens
        if self.fault.empty in ("choices", "content", "default"):
            counts |= {"completion_tokens": 0, "total_tokens": counts["prompt_tokens"]}
            thinking = 0
        if self.fault.thinking_ate_budget:
            thinking = counts["completion_tokens"]
        return {
            **counts,
            "cost": 0,
            "is_byok": False,
            "prompt_tokens_details": {"cached_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": thinking},
            "cost_details": {"upstream_inference_cost": None},
        }

    def _delta(self, delta: JsonObject) -> JsonObject:
        choice = {"index": 0, "delta": delta, "finish_reason": None, "native_finish_reason": None}
        return self._chunk([{**choice, "logprobs": None}])

    def _chunk(self, choices: list[JsonObject], usage: JsonObject | None = None) -> JsonObject:
        chunk = {**_about(self.model), "object": "chat.completion.chunk", "choices": choices}
        return chunk if usage is None else {**chunk, "usage": usage}

    def _broken(self) -> JsonObject:
        error = {
            "code": 502,
            "message": "Provider disconnected",
            "metadata": {"error_type": "provider_unavailable", "provider_code": "502"},
        }
        choice = {"index": 0, "delta": {"content": ""}, "finish_reason": "error"}
        return {**self._chunk([choice]), "error": error}
