"""Stand-ins for providers that speak OpenAI's chat format: one behaviour, and the manners of each."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

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
from sandbox.quotas import ANY, NO_LIMITS, Limits, Preset, Quotas, Refusal, midnight_after
from sandbox.text import Script, Written, write

CREATED = 1_763_800_000
THOUGHTS = "Short plan: read the question, answer it."
EMPTY_FORMS = ("choices", "content", "reasoning")

# How a provider puts a status, a message, a type and a code into a body.
Envelope = Callable[[int, str, str, str | None], JsonObject]


def _openai(_status: int, message: str, kind: str, code: str | None) -> JsonObject:
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def _flat(_status: int, message: str, kind: str, code: str | None) -> JsonObject:
    return {"message": message, "type": kind, "param": "quota", "code": code}


def _mistral(status: int, message: str, kind: str, code: str | None) -> JsonObject:
    if status in (401, 422):
        return {"detail": message}
    body = {"object": "error", "message": message, "type": kind, "param": None, "code": code}
    return {**body, "raw_status_code": status}


def _titled(status: int, message: str, kind: str, _code: str | None) -> JsonObject:
    return {"status": status, "title": kind, "detail": message}


def _plain(_status: int, message: str, _kind: str, _code: str | None) -> JsonObject:
    return {"error": message}


@dataclass(frozen=True, slots=True)
class Error:
    """One error as a provider words it; `{model}` stands for the model."""

    status: int
    message: str
    kind: str = "invalid_request_error"
    code: str | None = None
    retry_after_s: float | None = None

    def row(self, envelope: Envelope) -> ErrorRow:
        """The error in a provider's envelope."""
        hint = self.retry_after_s
        headers = {} if hint is None else {"retry-after": f"{hint:g}"}

        def reply(model: str, _now: float) -> Reply:
            message = self.message.replace("{model}", model)
            body = envelope(self.status, message, self.kind, self.code)
            return reply_json(self.status, body, headers, ok=False)

        return reply


COMMON: Mapping[str, Error] = {
    "bad_request": Error(400, "A field of the request is not valid.", code="invalid_request"),
    "too_long": Error(
        400, "This model's maximum context length is exceeded.", code="context_length_exceeded"
    ),
    "invalid_key": Error(401, "Invalid API Key", code="invalid_api_key"),
    "no_model": Error(404, "The model `{model}` does not exist.", code="model_not_found"),
    "minute_quota": Error(429, "Rate limit reached.", "requests", "rate_limit_exceeded", 7),
    "internal": Error(500, "Internal server error.", "internal_server_error"),
    "unavailable": Error(503, "The service is unavailable for a moment.", "service_unavailable"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """In what one provider differs from the others.

    *rejects* are fields that it does not take. *limit_headers* names the headers that carry the
    requests of the day and the tokens of the minute, where it has any.
    """

    name: str
    prefix: str  # of its environment variables
    base: str  # the path below its prefix
    key: str
    models: tuple[str, ...]
    limits: Limits = NO_LIMITS
    counts_by_model: bool = False
    envelope: Envelope = _openai
    errors: Mapping[str, Error] = field(default_factory=dict)
    rejects: frozenset[str] = frozenset()
    efforts: tuple[str, ...] = ()
    call_id: str = ""  # a pattern
    thoughts: str = "reasoning"
    limit_headers: tuple[str, str] | None = None
    always_counts: bool = False

    def rows(self) -> dict[str, ErrorRow]:
        """Its named errors."""
        return {k: e.row(self.envelope) for k, e in {**COMMON, **self.errors}.items()}


GROQ = Manners(
    name="groq",
    prefix="GROQ",
    base="/openai/v1",
    key="gsk_sandbox",
    models=("openai/gpt-oss-120b", "qwen/qwen3.8-27b", "openai/gpt-oss-20b"),
    limits=Limits(
        requests_per_minute=30,
        requests_per_day=1_000,
        tokens_per_minute=8_000,
        as_of="2026-09-24",
        source="Groq documentation, rate limits of the free plan",
    ),
    counts_by_model=True,
    errors={
        "daily_tokens": Error(
            429,
            "Rate limit reached for model `{model}` in organization `org_sandbox` service tier "
            "`on_demand` on tokens per day (TPD): Limit 200000, Used 199050, Requested 3619. Please "
            "try again in 9m38.016s.",
            "tokens",
            "rate_limit_exceeded",
            578,
        ),
        "too_many_tokens": Error(
            413,
            "Request too large for model `{model}` on tokens per minute (TPM): Limit 8000, "
            "Requested 12328, please reduce your message size and try again.",
            "tokens",
            "rate_limit_exceeded",
        ),
        "decommissioned": Error(
            400, "The model `{model}` has been decommissioned.", code="model_decommissioned"
        ),
        "tool_use_failed": Error(400, "Failed to call a function.", code="tool_use_failed"),
        "flex_capacity": Error(498, "Flex tier capacity exceeded.", "capacity"),
    },
    rejects=frozenset({"logprobs", "top_logprobs", "logit_bias"}),
    efforts=("low", "medium", "high"),
    limit_headers=("x-ratelimit-{}-requests", "x-ratelimit-{}-tokens"),
)

CEREBRAS = Manners(
    name="cerebras",
    prefix="CEREBRAS",
    base="/v1",
    key="csk-sandbox",
    models=("gpt-oss-120b", "qwen-3.8-27b"),
    limits=Limits(
        requests_per_minute=5,
        tokens_per_minute=30_000,
        as_of="2026-09-24",
        source="Cerebras documentation, rate limits of the free trial",
    ),
    counts_by_model=True,
    envelope=_flat,
    errors={
        "invalid_key": Error(401, "Wrong API Key", code="wrong_api_key"),
        "payment": Error(402, "Payment required.", "payment_required_error", "payment_required"),
        "minute_quota": Error(
            429,
            "Requests per minute limit exceeded - too many requests sent.",
            "too_many_requests_error",
            "request_quota_exceeded",
        ),
        "daily_tokens": Error(
            429,
            "Tokens per day limit exceeded - too many tokens processed.",
            "too_many_tokens_error",
            "token_quota_exceeded",
        ),
        "queue": Error(
            429,
            "We're experiencing high traffic right now! Please try again soon.",
            "too_many_requests_error",
            "queue_exceeded",
        ),
    },
    rejects=frozenset({"frequency_penalty", "presence_penalty", "parallel_tool_calls"}),
    efforts=("low", "medium", "high"),
    limit_headers=("x-ratelimit-{}-requests-day", "x-ratelimit-{}-tokens-minute"),
)

MISTRAL = Manners(
    name="mistral",
    prefix="MISTRAL",
    base="/v1",
    key="sandbox-mistral-key",
    models=("mistral-medium-latest", "mistral-small-latest"),
    limits=Limits(
        requests_per_minute=60,
        tokens_per_minute=500_000,
        as_of="2026-10-11",
        source="Mistral's help pages; one request a second is not enforced here",
    ),
    envelope=_mistral,
    errors={
        "invalid_key": Error(401, "Unauthorized"),
        "unknown_field": Error(422, "Extra inputs are not permitted"),
        "minute_quota": Error(429, "Rate limit exceeded", "rate_limited", "1300"),
        "capacity": Error(429, "Service tier capacity exceeded for this model.", code=None),
    },
    rejects=frozenset({"seed", "stream_options", "reasoning_effort", "logprobs", "top_logprobs"}),
    call_id="[a-zA-Z0-9]{9}",
    always_counts=True,
)

GITHUB_MODELS = Manners(
    name="github_models",
    prefix="GITHUB_MODELS",
    base="/inference",
    key="github_pat_sandbox",
    models=("openai/gpt-4.1-mini",),
    limits=Limits(
        requests_per_minute=15,
        requests_per_day=150,
        as_of="2026-07-30",
        source="GitHub documentation before the service was retired",
    ),
    counts_by_model=True,
    errors={
        "daily_quota": Error(
            429,
            "Rate limit of 150 per 86400s exceeded for UserByModelByDay. Please wait 43190 seconds "
            "before retrying.",
            "RateLimitReached",
            "RateLimitReached",
            43_190,
        ),
        "too_many_tokens": Error(
            413, "Request body too large. Max size: 8000 tokens.", code="tokens_limit_reached"
        ),
        "retired": Error(
            410,
            "GitHub Models is temporarily unavailable as part of a scheduled retirement brownout.",
            code="github_models_retirement_brownout",
        ),
    },
)

NVIDIA = Manners(
    name="nvidia",
    prefix="NVIDIA",
    base="/v1",
    key="nvapi-sandbox",
    models=("nvidia/nemotron-3-super-120b-a12b", "openai/gpt-oss-120b"),
    limits=Limits(
        requests_per_minute=40,
        requests_per_day=10_000,
        as_of="2026-08-20",
        source="reports of users",
    ),
    envelope=_titled,
    errors={
        "bad_request": Error(400, "Validation: Unsupported parameter(s): `user`", "Bad Request"),
        "too_long": Error(400, "This model's maximum context length is 131072.", "Bad Request"),
        "invalid_key": Error(403, "Authorization failed", "Forbidden"),
        "no_model": Error(404, "Function 'sandbox': Not found for account", "Not Found"),
        "end_of_life": Error(410, "The model '{model}' has reached its end of life.", "Gone"),
        "minute_quota": Error(429, "Too many requests at once.", "Too Many Requests"),
    },
    rejects=frozenset({"parallel_tool_calls"}),
    thoughts="reasoning_content",
)

HUGGINGFACE = Manners(
    name="huggingface",
    prefix="HUGGINGFACE",
    base="/v1",
    key="hf_sandbox",
    models=("openai/gpt-oss-120b",),
    errors={
        "no_model": Error(
            400,
            "The requested model '{model}' is not supported by any provider you have enabled.",
            code="model_not_supported",
        ),
    },
)
# Its own errors are a bare text, those of the providers behind it are not.
HUGGINGFACE_TEXTS = {
    "invalid_key": Error(401, "Invalid username or password."),
    "credits": Error(
        402,
        "You have depleted your monthly included credits. Purchase pre-paid credits to continue "
        "using Inference Providers.",
    ),
}

SAMBANOVA = Manners(
    name="sambanova",
    prefix="SAMBANOVA",
    base="/v1",
    key="sandbox-sambanova-key",
    models=("DeepSeek-V3.1", "gpt-oss-120b"),
    limits=Limits(
        requests_per_minute=20,
        requests_per_day=20,
        as_of="2026-08-24",
        source="SambaNova documentation, rate limits of the free tier",
    ),
    errors={
        "payment": Error(
            402, "A payment method is required.", "billing_error", "PAYMENT_METHOD_REQUIRED"
        ),
        "service_tier": Error(422, "Couldn't find valid service tier for the model."),
        "daily_quota": Error(429, "Requests per day limit exceeded.", "rate_limit_error"),
    },
    limit_headers=("x-ratelimit-{}-requests-day", ""),
)

OLLAMA = Manners(
    name="ollama",
    prefix="OLLAMA",
    base="/v1",
    key="",
    models=("gpt-oss:20b",),
    errors={
        "no_model": Error(404, 'model "{model}" not found, try pulling it first', "api_error"),
    },
)

CUSTOM = Manners(
    name="custom",
    prefix="CUSTOM",
    base="/v1",
    key="sandbox-custom-key",
    models=("custom-model",),
    errors={
        "no_money": Error(
            429, "You exceeded your current quota.", "insufficient_quota", "insufficient_quota"
        ),
    },
    thoughts="reasoning_content",
)

ALL = (GROQ, CEREBRAS, MISTRAL, GITHUB_MODELS, NVIDIA, HUGGINGFACE, SAMBANOVA, OLLAMA, CUSTOM)


class Compatible:
    """Answers as the provider of *manners* does."""

    empty_forms = EMPTY_FORMS

    def __init__(self, manners: Manners, preset: Preset = "real") -> None:
        self.manners = manners
        self.name = manners.name
        self.errors = manners.rows()
        if manners is HUGGINGFACE:
            self.errors |= {k: error.row(_plain) for k, error in HUGGINGFACE_TEXTS.items()}
        limits = NO_LIMITS if preset == "unlimited" else manners.limits
        buckets = manners.models if manners.counts_by_model else (ANY,)
        self.quotas = Quotas(dict.fromkeys(buckets, limits), limits)

    def model(self, call: Call) -> str:
        """The model a call is for."""
        return str(call.fields().get("model", ""))

    def works(self, call: Call) -> bool:
        """Whether a call generates."""
        return call.path == f"{self.manners.base}/chat/completions"

    def answer(self, call: Call, fault: Fault, script: Script) -> Reply:
        """The reply to one call."""
        if failed := self._failed(fault, self.model(call), call.now):
            return failed
        self._check_key(call)
        if call.method == "GET" and call.path == f"{self.manners.base}/models":
            return reply_json(200, {"object": "list", "data": [_card(m) for m in self._models]})
        if call.method != "POST" or not self.works(call):
            return self._error("no_model", "this path", call.now)
        return self._complete(call, fault, script)

    @property
    def _models(self) -> tuple[str, ...]:
        return self.manners.models

    def _error(self, name: str, model: str, now: float) -> Reply:
        return made(self.errors[name], model, now)

    def _failed(self, fault: Fault, model: str, now: float) -> Reply | None:
        if fault.error is not None and not fault.error_midstream:
            return self._error(fault.error, model, now)
        return substitute(fault)

    def _check_key(self, call: Call) -> None:
        key = self.manners.key
        if key and call.headers.get("authorization") != f"Bearer {key}":
            raise Refused(self._error("invalid_key", "", call.now))

    def _complete(self, call: Call, fault: Fault, script: Script) -> Reply:
        fields, model = call.fields(), self.model(call)
        self._check(fields, call.now)
        limit = fields.get("max_completion_tokens") or fields.get("max_tokens")
        thinks = "gpt-oss" in model or "nemotron" in model
        ask = chat.read(fields, max_tokens=limit, thinking_tokens=8 if thinks else 0)
        meter = self.quotas.meter(model if self.manners.counts_by_model else ANY)
        if refusal := meter.refusal(call.now, ask.input_tokens):
            return self._exhausted(refusal, model, call.now)
        written = write(ask, script.take(), script.take_habits())
        usage = chat.usage(ask, written)
        meter.count(call.now, usage["total_tokens"])
        headers = self._limit_headers(model, call.now)
        answer = Answer(self.manners, model, fields, written, usage, fault)
        if fields.get("stream"):
            return reply_stream(answer.frames(), headers, ok=answer.ok)
        return reply_json(200, answer.whole(), headers, ok=answer.ok)

    def _check(self, fields: JsonObject, now: float) -> None:
        """Refuse what this provider does not take."""
        manners, model = self.manners, str(fields.get("model", ""))
        if model not in manners.models:
            raise Refused(self._error("no_model", model, now))
        if chat.problem(fields) or manners.rejects & set(fields):
            unknown = "unknown_field" if "unknown_field" in self.errors else "bad_request"
            raise Refused(self._error(unknown, model, now))
        effort = fields.get("reasoning_effort")
        if effort is not None and manners.efforts and effort not in manners.efforts:
            raise Refused(self._error("bad_request", model, now))
        if not all(re.fullmatch(manners.call_id or ".*", given) for given in _call_ids(fields)):
            raise Refused(self._error("bad_request", model, now))

    def _exhausted(self, refusal: Refusal, model: str, now: float) -> Reply:
        """The 429 for a limit, with the seconds until there is room again."""
        is_daily = refusal.exceeded == "day" and "daily_quota" in self.errors
        reply = self._error("daily_quota" if is_daily else "minute_quota", model, now)
        left_s = max(1, round(min(refusal.resets_at, midnight_after(now, "UTC")) - now))
        return reply_json(
            429, _data(reply), {**self._limit_headers(model, now), "retry-after": str(left_s)}
        )

    def _limit_headers(self, model: str, now: float) -> dict[str, str]:
        if self.manners.limit_headers is None:
            return {}
        meter = self.quotas.meter(model if self.manners.counts_by_model else ANY)
        limits, used = meter.limits, meter.used(now)
        counts = (
            (limits.requests_per_day, used.requests_today),
            (limits.tokens_per_minute, used.tokens_this_minute),
        )
        named = zip(self.manners.limit_headers, counts, strict=True)
        return {
            name.format(word): str(value)
            for name, (limit, spent) in named
            if name and limit is not None
            for word, value in (("limit", limit), ("remaining", max(0, limit - spent)))
        }


def _data(reply: Reply) -> object:
    return Call(method="", path="", now=0, body=reply.body).data()


def _call_ids(fields: JsonObject) -> list[str]:
    messages: list[JsonObject] = fields["messages"]
    made_by_us = [call["id"] for m in messages for call in m.get("tool_calls") or ()]
    return made_by_us + [m["tool_call_id"] for m in messages if "tool_call_id" in m]


def _card(model: str) -> JsonObject:
    return {"id": model, "object": "model", "created": CREATED, "owned_by": "sandbox"}


def _likely(token: str, logprob: float) -> JsonObject:
    return {"token": token, "logprob": logprob, "bytes": list(token.encode())}


@dataclass(frozen=True, slots=True)
class Answer:
    """One generation, ready to be sent whole or in chunks."""

    manners: Manners
    model: str
    fields: JsonObject
    written: Written
    usage: JsonObject
    fault: Fault

    @property
    def ok(self) -> bool:
        """Whether the reply is what the caller hoped for."""
        fault = self.fault
        broken = fault.empty or fault.thinking_ate_budget or fault.error_midstream or fault.blocked
        return not broken and fault.finish in (None, "stop", "length", "tool_calls")

    def whole(self) -> JsonObject:
        """The reply in one object."""
        about = {**self._about("chat.completion"), "usage": self._usage()}
        if self.fault.error_midstream:
            return {"error": {"message": "The server had an error.", "type": "server_error"}}
        if self.fault.empty in ("choices", "default"):
            return {**about, "choices": []}
        message = chat.message(self.written)
        if self._thoughts:
            message[self.manners.thoughts] = self._thoughts
        if self._is_empty:
            message["content"] = ""
        logprobs = self._logprobs(message["content"])
        choice = {"index": 0, "message": message, "logprobs": logprobs}
        choice["finish_reason"] = self._finish
        return {**about, "choices": [choice]}

    def frames(self) -> list[bytes]:
        """The reply as the events of a stream."""
        if self.fault.empty in ("choices", "default"):
            return [event(self._chunk([], self._usage())), b"data: [DONE]\n\n"]
        parts = [] if self._is_empty else chat.deltas(self.written)
        thoughts = "x" * HUGE_LINE_BYTES if self.fault.huge_line else self._thoughts
        if thoughts:
            parts.insert(0, {"role": "assistant", self.manners.thoughts: thoughts})
        frames = [event(self._delta(part)) for part in parts]
        if self.fault.error_midstream:
            error = {"error": {"message": "The server had an error.", "type": "server_error"}}
            return [*frames[: max(1, len(frames) // 2)], event(error)]
        counts = self.manners.always_counts
        last = self._delta({}, self._finish)
        frames.append(event({**last, "usage": self._usage()} if counts else last))
        if (self.fields.get("stream_options") or {}).get("include_usage"):
            frames.append(event(self._chunk([], self._usage())))
        return [*frames, b"data: [DONE]\n\n"]

    @property
    def _thoughts(self) -> str:
        thinks = self.written.thinking_tokens or self.fault.thinking_ate_budget
        return THOUGHTS if thinks or self.fault.empty == "reasoning" else ""

    @property
    def _is_empty(self) -> bool:
        fault = self.fault
        is_silent = fault.thinking_ate_budget or fault.empty in ("content", "reasoning")
        return is_silent or fault.blocked is not None

    @property
    def _finish(self) -> str:
        if self.fault.blocked is not None:
            return "content_filter"
        ate = self.fault.thinking_ate_budget or self.fault.empty == "reasoning"
        return self.fault.finish or ("length" if ate else self.written.finish)

    def _usage(self) -> JsonObject:
        counts = dict(self.usage)
        thinking = self.written.thinking_tokens
        if self.fault.empty in ("choices", "content", "default"):
            counts |= {"completion_tokens": 0, "total_tokens": counts["prompt_tokens"]}
            thinking = 0
        return {**counts, "completion_tokens_details": {"reasoning_tokens": thinking}}

    def _delta(self, delta: JsonObject, finish: str | None = None) -> JsonObject:
        logprobs = self._logprobs(delta.get("content"))
        choice = {"index": 0, "delta": delta, "logprobs": logprobs, "finish_reason": finish}
        return self._chunk([choice])

    def _logprobs(self, text: str | None) -> JsonObject | None:
        """How likely each word was, and what else might have been said in its place."""
        if not text or not self.fields.get("logprobs"):
            return None
        others = ["", " perhaps", " or"][: self.fields.get("top_logprobs") or 0]
        return {
            "content": [
                {
                    **_likely(word, -0.1),
                    "top_logprobs": [_likely(word + o, -0.1 - n) for n, o in enumerate(others)],
                }
                for word in re.findall(r"\S+\s*|\s+", text)
            ],
            "refusal": None,
        }

    def _chunk(self, choices: list[JsonObject], usage: JsonObject | None = None) -> JsonObject:
        chunk = {**self._about("chat.completion.chunk"), "choices": choices}
        return chunk if usage is None else {**chunk, "usage": usage}

    def _about(self, kind: str) -> JsonObject:
        about = {"id": f"chatcmpl-{CREATED}", "object": kind, "created": CREATED}
        return {**about, "model": self.model, "system_fingerprint": "fp_sandbox"}
