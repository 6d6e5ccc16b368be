"""A stand-in for Cloudflare Workers AI: native runs, the OpenAI-compatible path, the model list."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

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
from sandbox.quotas import ANY, NEURON_RATES, Quotas, Refusal, neurons
from sandbox.text import Ask, Script, Written, write

CREATED = 1_763_800_000
TRACE = "00000000-0000-4000-8000-000000000000"
DEFAULT_MAX_TOKENS = 256
# Models that answer, and stream, in OpenAI's shape on the native path.
OPENAI_SHAPED = (
    "@cf/google/gemma-4-26b-a4b-it",
    "@cf/zai-org/glm-4.7-flash",
    "@cf/nvidia/nemotron-3-120b-a12b",
    "@cf/openai/gpt-oss-20b",
    "@cf/openai/gpt-oss-120b",
    "@cf/qwen/qwen3.8-27b",
)
NATIVE = (
    "@cf/meta/llama-3.3-70b-instruct-fp8-fast",
    "@cf/meta/llama-3.1-8b-instruct-fast",
    "@cf/meta/llama-3.1-8b-instruct-fp8-fast",
    "@cf/meta/llama-4-scout-17b-16e-instruct",
)
NEVER_STREAMS = ("@cf/openai/gpt-oss-120b",)  # answers a stream request with plain JSON
PAID_ONLY = ("@cf/moonshotai/kimi-k2.6", "@cf/zai-org/glm-5.2", "@cf/zai-org/glm-5.3")
DEPRECATED = ("@cf/meta/llama-3.1-8b-instruct",)
EMPTY_FORMS = ("result", "response", "choices")
LIMIT_HEADERS = {
    "Ratelimit": '"default";r=1199;t=300',
    "Ratelimit-Policy": '"default";q=1200;w=300',
}


def failure(status: int, code: int, text: str, headers: Mapping[str, str] | None = None) -> Reply:
    """An error of a model, in Cloudflare's envelope."""
    message = f"AiError: AiError: {text} ({TRACE})"
    body: JsonObject = {
        "errors": [{"message": message, "code": code}],
        "success": False,
        "result": {},
        "messages": [],
    }
    return reply_json(status, body, {**LIMIT_HEADERS, **(headers or {})}, ok=False)


def platform(status: int, *errors: JsonObject, headers: Mapping[str, str] | None = None) -> Reply:
    """An error of the API in front of the models."""
    body: JsonObject = {"result": None, "success": False, "errors": errors, "messages": []}
    return reply_json(status, body, {**LIMIT_HEADERS, **(headers or {})}, ok=False)


def _no_route(path: str) -> Reply:
    return platform(
        404,
        {
            "code": 7003,
            "message": f"Could not route to {path}, perhaps your object identifier is invalid?",
        },
        {"code": 7000, "message": "No route for that URI"},
    )


_USED_UP = (
    "you have used up your daily free allocation of 10,000 neurons, please upgrade to "
    "Cloudflare's Workers Paid plan if you would like to continue usage."
)
_BAD_INPUT = "Bad input: Error: oneOf at '/' not met, 0 matches"

ERRORS: Mapping[str, ErrorRow] = {
    "neurons_4006": failure(429, 4006, _USED_UP),
    "neurons_3036": failure(429, 3036, _USED_UP),
    "capacity_3040": failure(429, 3040, "Capacity temporarily exceeded, please try again."),
    "minute_3021": failure(
        429, 3021, "rate limiting: inference request per min rate reached (300 per min)"
    ),
    "timeout_3007": failure(408, 3007, "Inference timeout"),
    "aborted_3008": failure(408, 3008, "Inference aborted"),
    "too_large_3006": failure(413, 3006, "Request is too large"),
    "invalid_5004": failure(400, 5004, "Invalid data for base64 input"),
    "schema_5006": failure(400, 5006, _BAD_INPUT),
    "input_8001": failure(400, 8001, "Invalid input"),
    "input_3003": failure(400, 3003, "Incomplete request"),
    "nsfw_8007": failure(400, 8007, "Input prompt contains NSFW content."),
    "no_model_5007": lambda model, _now: failure(400, 5007, f"No such model {model} or task"),
    "deprecated_5028": failure(
        400,
        5028,
        "This model was deprecated on 2026-05-30. Please use an alternative model.",
    ),
    "paid_5035": lambda model, _now: failure(
        403, 5035, f"Model {model} is not available on the Workers Free plan."
    ),
    "agreement_5016": failure(403, 5016, "Model agreement is required before using this model"),
    "account_5018": failure(403, 5018, "This account is not allowed to use this model"),
    "account_3023": failure(403, 3023, "This account is blocked"),
    "model_3041": failure(403, 3041, "This model is not allowed for this account"),
    "no_model_3042": failure(404, 3042, "No such model"),
    "method_5005": failure(405, 5005, "Method not allowed for this task"),
    "sdk_5019": failure(405, 5019, "The SDK is too old"),
    "internal_8005": failure(500, 8005, "Internal server error"),
    "upstream_7009": failure(502, 7009, "Upstream service unavailable"),
    "unavailable": failure(503, 8005, "Service temporarily unavailable"),
    "auth_10000": platform(401, {"code": 10000, "message": "Authentication error"}),
    "auth_10000_403": platform(403, {"code": 10000, "message": "Authentication error"}),
    "token_9109": platform(403, {"code": 9109, "message": "Invalid access token"}),
    "header_6003": platform(
        400,
        {
            "code": 6003,
            "message": "Invalid request headers",
            "error_chain": [{"code": 6111, "message": "Invalid format for Authorization header"}],
        },
    ),
    "account_7003": _no_route("/client/v4/accounts/unknown"),
    "method_7001": platform(405, {"code": 7001, "message": "Method not available for that URI."}),
    "api_limit": platform(
        429,
        {"code": 10429, "message": "Rate limit exceeded for this API"},
        headers={"retry-after": "300"},
    ),
    "success_false": platform(
        200, {"code": 8005, "message": f"AiError: AiError: Internal server error ({TRACE})"}
    ),
}


def error(name: str, model: str = "", now: float = 0.0) -> Reply:
    """A named error."""
    return made(ERRORS[name], model, now)


def exhausted(refusal: Refusal) -> Reply:
    """The 429 of a limit."""
    return error("minute_3021" if refusal.exceeded == "minute" else "neurons_4006")


@dataclass(frozen=True, slots=True)
class Target:
    """What a path addresses."""

    account: str
    rest: str


def read_path(path: str) -> Target | None:
    """The account and what follows it; None when no such route exists."""
    found = re.fullmatch(r"/client/v4/accounts/([^/]+)/ai/(.+)", path)
    return Target(found[1], found[2]) if found else None


class Cloudflare:
    """Answers as Cloudflare Workers AI does."""

    name = "cloudflare"
    errors = ERRORS
    empty_forms = EMPTY_FORMS

    def __init__(self, token: str, account: str, quotas: Quotas) -> None:
        self._token = token
        self._account = account
        self.quotas = quotas

    def model(self, call: Call) -> str:
        """The model a call is for."""
        target = read_path(call.path)
        if target and target.rest.startswith("run/"):
            return target.rest.removeprefix("run/")
        return str(call.fields().get("model", ""))

    def works(self, call: Call) -> bool:
        """Whether a call generates."""
        target = read_path(call.path)
        return target is not None and target.rest.startswith(("run/", "v1/chat/completions"))

    def answer(self, call: Call, fault: Fault, script: Script) -> Reply:
        """Answer a call."""
        self._check_token(call)
        target = read_path(call.path)
        if target is None or target.account != self._account:
            raise Refused(_no_route(call.path))
        if reply := _failed(fault, self.model(call), call.now):
            return reply
        if target.rest == "models/search" and call.method == "GET":
            return _search(call)
        if not self.works(call):
            raise Refused(_no_route(call.path))
        if call.method != "POST":
            raise Refused(error("method_7001"))
        return self._run(call, fault, script, native=target.rest.startswith("run/"))

    def _check_token(self, call: Call) -> None:
        given = call.headers.get("authorization")
        if given is None:
            raise Refused(error("auth_10000"))
        if not re.fullmatch(r"Bearer [A-Za-z0-9._~+/-]+=*", given):
            raise Refused(error("header_6003"))
        if given != f"Bearer {self._token}":
            raise Refused(error("auth_10000"))

    def _run(self, call: Call, fault: Fault, script: Script, *, native: bool) -> Reply:
        model = self.model(call)
        _check_model(model, call.now)
        fields = _check_fields(call.fields(), model, native=native)
        meter = self.quotas.meter(ANY)
        if refusal := meter.refusal(call.now):
            raise Refused(exhausted(refusal))
        limit = fields.get("max_completion_tokens") or fields.get("max_tokens")
        ask = chat.read(fields, max_tokens=limit or DEFAULT_MAX_TOKENS)
        written = write(ask, script.take(), script.take_habits())
        answer = Answer(model, ask, written, fault, native=native)
        meter.count(call.now, ask.input_tokens, answer.neurons)
        if fields.get("stream") and model not in NEVER_STREAMS:
            return reply_stream(answer.frames(), LIMIT_HEADERS, ok=answer.ok)
        if fault.error_midstream:
            return error("internal_8005", model, call.now)
        return reply_json(200, answer.whole(), LIMIT_HEADERS, ok=answer.ok)


def _failed(fault: Fault, model: str, now: float) -> Reply | None:
    if fault.blocked is not None:
        return error("nsfw_8007", model, now)
    if fault.error is not None and not fault.error_midstream:
        return error(fault.error, model, now)
    return substitute(fault)


def _check_model(model: str, now: float) -> None:
    if model in DEPRECATED:
        raise Refused(error("deprecated_5028", model, now))
    if model in PAID_ONLY:
        raise Refused(error("paid_5035", model, now))
    if model not in OPENAI_SHAPED + NATIVE:
        raise Refused(error("no_model_5007", model, now))


def _check_fields(fields: JsonObject, model: str, *, native: bool) -> JsonObject:
    """The request with a bare prompt turned into a message; refused when it does not fit."""
    if native and isinstance(fields.get("prompt"), str) and "messages" not in fields:
        fields = {**fields, "messages": [{"role": "user", "content": fields["prompt"]}]}
    if chat.problem(fields) is not None:
        raise Refused(failure(400, 5006, _BAD_INPUT))
    older = model in NATIVE
    for message in fields["messages"]:
        content = message.get("content")
        if content is None or (older and not isinstance(content, str)):
            raise Refused(failure(400, 5006, _BAD_INPUT))
    if older:  # these know neither `stop` nor `n`, and take no notice of them
        fields = {name: value for name, value in fields.items() if name not in ("stop", "n")}
    _check_json_mode(fields, native=native)
    return fields


def _check_json_mode(fields: JsonObject, *, native: bool) -> None:
    """JSON mode takes a bare schema on the native path, OpenAI's envelope on the other."""
    style = fields.get("response_format") or {}
    if style.get("type") not in ("json_object", "json_schema"):
        return
    if fields.get("stream"):
        raise Refused(failure(400, 5006, "JSON Mode is not supported with streaming"))
    if style["type"] == "json_schema":
        schema = style.get("json_schema")
        enveloped = isinstance(schema, dict) and isinstance(schema.get("schema"), dict)
        if not isinstance(schema, dict) or enveloped == native:
            raise Refused(failure(400, 5006, "JSON Mode couldn't be met"))


def _search(call: Call) -> Reply:
    """The model list; pages go on until an empty one."""
    page, size = int(call.query.get("page", "1")), int(call.query.get("per_page", "20"))
    names = [*OPENAI_SHAPED, *NATIVE, *PAID_ONLY]
    shown = names[(page - 1) * size : page * size]
    body = {
        "result": [_card(name) for name in shown],
        "success": True,
        "errors": [],
        "messages": [],
        "result_info": {
            "page": page,
            "per_page": size,
            "count": len(shown),
            "total_count": len(names),
        },
    }
    return reply_json(200, body, LIMIT_HEADERS)


def _card(name: str) -> JsonObject:
    properties: list[JsonObject] = [{"property_id": "context_window", "value": "131072"}]
    if name in PAID_ONLY:
        properties.append({"property_id": "require_workers_paid", "value": "true"})
    if name in NEURON_RATES:
        prices = [
            {"unit": f"per M {way} tokens", "price": rate * 0.011 / 1000, "currency": "USD"}
            for way, rate in zip(("input", "output"), NEURON_RATES[name], strict=True)
        ]
        properties.append({"property_id": "price", "value": prices})
    return {
        "id": name,
        "source": 1,
        "name": name,
        "description": f"{name} as the sandbox plays it",
        "task": {"id": "text-generation", "name": "Text Generation"},
        "properties": properties,
    }


@dataclass(frozen=True, slots=True)
class Answer:
    """One generation, in the shape of its model and path."""

    model: str
    ask: Ask
    written: Written
    fault: Fault
    native: bool

    @property
    def ok(self) -> bool:
        """Whether the reply is what the caller hoped for."""
        fault = self.fault
        broken = fault.empty or fault.thinking_ate_budget or fault.error_midstream
        return not broken and fault.finish in (None, "stop", "length", "tool_calls")

    @property
    def neurons(self) -> float:
        """What it costs."""
        tokens = self.written.tokens + self.written.thinking_tokens
        return neurons(self.model, self.ask.input_tokens, tokens)

    def whole(self) -> JsonObject:
        """The reply in one object."""
        if not self.native:
            return self._completion()
        result = self._completion() if self.model in OPENAI_SHAPED else self._native_result()
        empty = self.fault.empty in ("result", "default")
        return {
            "result": None if empty else result,
            "success": True,
            "errors": [],
            "messages": [],
        }

    def frames(self) -> list[bytes]:
        """The reply as the events of a stream."""
        shaped = self.model in OPENAI_SHAPED or not self.native
        frames = self._openai_frames() if shaped else self._native_frames()
        if self.fault.error_midstream:
            broken = json.loads(error(self.fault.error or "internal_8005", self.model).body)
            return [*frames[: max(1, len(frames) // 2)], event(broken)]
        return [*frames, b"data: [DONE]\n\n"]

    @property
    def _is_empty(self) -> bool:
        return self.fault.empty is not None or self.fault.thinking_ate_budget

    def _usage(self) -> JsonObject:
        return chat.usage(self.ask, self.written)

    def _native_result(self) -> JsonObject:
        written = self.written
        response: Any = None if written.tool else written.text
        if (self.ask.wants_json or self.ask.schema) and written.finish == "stop":
            response = _loaded(written.text)  # JSON mode answers with an object, not a text
        calls = (
            [{"name": written.tool.name, "arguments": written.arguments}] if written.tool else []
        )
        empty = "" if self._is_empty else response
        return {"response": empty, "tool_calls": calls, "usage": self._usage()}

    def _completion(self) -> JsonObject:
        message = chat.message(self.written)
        if self._is_empty:
            message["content"] = ""
        choice = {"index": 0, "message": message, "finish_reason": self._finish, "logprobs": None}
        return {
            **self._about("chat.completion"),
            "choices": [] if self.fault.empty == "choices" else [choice],
            "usage": {**self._usage(), "neurons": round(self.neurons, 4)},
        }

    def _about(self, kind: str) -> JsonObject:
        return {"id": "chatcmpl-sandbox", "object": kind, "created": CREATED, "model": self.model}

    @property
    def _finish(self) -> str:
        ate = "length" if self.fault.thinking_ate_budget else None
        return self.fault.finish or ate or self.written.finish

    def _native_frames(self) -> list[bytes]:
        texts = [] if self._is_empty else self.written.pieces
        frames = [
            event({"response": text, "p": "abcd"[: 1 + i % 4]}) for i, text in enumerate(texts)
        ]
        if self.fault.huge_line:
            frames.insert(0, event({"response": "", "p": "x" * HUGE_LINE_BYTES}))
        if self.written.tool is not None:
            frames = [event({"response": "", "tool_calls": self._native_result()["tool_calls"]})]
        return [*frames, event({"response": "", "usage": self._usage()})]

    def _openai_frames(self) -> list[bytes]:
        deltas = [] if self._is_empty else chat.deltas(self.written)
        if self.fault.huge_line:
            deltas.insert(0, {"role": "assistant", "reasoning_content": "x" * HUGE_LINE_BYTES})
        frames = [event(self._chunk(delta)) for delta in deltas]
        last = self._chunk({}, self._finish)
        zeros = dict.fromkeys(self._usage(), 0)
        usage = {**self._about("chat.completion.chunk"), "choices": [], "usage": zeros}
        # After OpenAI's own chunks a native trailer follows, without `choices`.
        trailer = {"response": "", "usage": {**self._usage(), "neurons": round(self.neurons, 4)}}
        return [*frames, event(last), event(usage), event(trailer)]

    def _chunk(self, delta: JsonObject, finish: str | None = None) -> JsonObject:
        choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
        return {**self._about("chat.completion.chunk"), "choices": [choice]}


def _loaded(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
