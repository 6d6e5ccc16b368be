"""A provider that speaks OpenAI's chat format is a row of facts; this is the behaviour they share."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
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
)
from providers.errors import FailureKind, ProviderError, Signals, failure, read_retry_after
from providers.prompt import AnswerFormat, Image, Json, Message, Prompt, Tool, ToolCall, ToolChoice

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


@dataclass(frozen=True, slots=True)
class Dialect:
    """In what the wire of one provider differs from OpenAI's.

    *renames* are fields that it calls otherwise, *omits* those that it does not take. Only models
    with *thinkers* in their name take `reasoning_effort`, in the words of *efforts*.
    *streams_all* is False where an answer with tools or in a format has to come in one piece.
    *call_id_length* is how many letters and digits the id of a tool call must have; 0 for any.
    *rolls* says that quotas fill up again all the time, so that a refusal is over when it says so
    and not at midnight.
    """

    renames: Mapping[str, str] = field(default_factory=dict)
    omits: frozenset[str] = frozenset()
    thinkers: str = ""
    efforts: Mapping[str, str] = field(default_factory=dict)
    streams_all: bool = True
    call_id_length: int = 0
    rolls: bool = False

    def spoken(self, body: Json) -> Json:
        """*body* as the provider wants it."""
        effort = body.get("reasoning_effort")
        if effort is not None:
            takes_it = self.thinkers in body["model"]
            body = {**body, "reasoning_effort": self.efforts.get(effort, effort)}
            body = body if takes_it else {k: v for k, v in body.items() if k != "reasoning_effort"}
        return {self.renames.get(k, k): v for k, v in body.items() if k not in self.omits}

    def call_id(self, given: str) -> str:
        """The id of a tool call, made anew where it is not of the length that is asked for."""
        length = self.call_id_length
        if not length or re.fullmatch(rf"[a-zA-Z0-9]{{{length}}}", given):
            return given
        return hashlib.sha256(given.encode()).hexdigest()[:length]


OPENAI = Dialect()


@dataclass(frozen=True)
class OpenAICompatible:
    """Talks to `{base_url}/chat/completions`, with a bearer key where there is one."""

    identity: Identity
    model: str
    base_url: str
    key: str = field(repr=False)
    dialect: Dialect = OPENAI

    def encode(self, prompt: Prompt, *, stream: bool) -> HttpRequest:
        """See `Provider.encode`."""
        body: Json = {
            "model": self.model,
            "messages": [_turn(message, self.dialect) for message in prompt.messages],
            **parameters(prompt),
        }
        can_stream = self.dialect.streams_all or not (prompt.tools or prompt.answer_format)
        if streams := stream and can_stream:
            body |= {"stream": True, "stream_options": {"include_usage": True}}
        url = f"{self.base_url}/chat/completions"
        return HttpRequest(url, self.headers(), self.dialect.spoken(body), streams=streams)

    def headers(self) -> dict[str, str]:
        """The headers of every request, with the key in them."""
        return {"authorization": f"Bearer {self.key}"} if self.key else {}

    @reading()
    def decode(self, response: HttpResponse) -> Completion:
        """See `Provider.decode`."""
        if response.status != 200:
            raise failure(self._signals_of(response))
        body = response.json()
        self.raise_if_failed(body)
        choice = body["choices"][0]
        finish = choice.get("finish_reason")
        if finish == "error":
            raise ProviderError(FailureKind.SERVER_ERROR, status=200)
        whole = Delta(
            finish_reason=FINISH_REASONS.get(finish or "", "stop"),
            model=read_name(body.get("model")),
            usage=read_usage(body.get("usage")) or Usage(),
            **read_content(choice["message"], choice.get("logprobs")),
        )
        return gathered((whole,), self.model)

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
            finish_reason=FINISH_REASONS.get(finish, "stop") if finish else None,
            model=read_name(event.get("model")),
            usage=usage,
            **read_content(choices[0].get("delta") or {}, choices[0].get("logprobs")),
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
        signals = Signals(
            status=response.status,
            codes=tuple(self.error_codes(body)),
            message=error_message(body),
            retry_after_s=read_retry_after(response.headers, response.received_at),
        )
        if self.dialect.rolls and signals.status == 429 and signals.retry_after_s is not None:
            return replace(signals, codes=("quota:rolling", *signals.codes))
        return signals

    def error_codes(self, body: Json) -> Iterator[str]:
        """The structured codes in an error body, the most telling first."""
        error = _error_in(body)
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


def _turn(message: Message, dialect: Dialect) -> Json:
    """One turn under OpenAI's names; an empty content is a text, since some refuse null."""
    turn: Json = {"role": message.role, "content": _content(message)}
    if message.tool_calls:
        turn["tool_calls"] = [_call(call, dialect) for call in message.tool_calls]
    if message.tool_call_id:
        turn["tool_call_id"] = dialect.call_id(message.tool_call_id)
    return turn


def _content(message: Message) -> str | list[Json]:
    if not any(isinstance(part, Image) for part in message.parts):
        return message.text
    return [
        {"type": "image_url", "image_url": {"url": part.url}}
        if isinstance(part, Image)
        else {"type": "text", "text": part}
        for part in message.parts
    ]


def _call(call: ToolCall, dialect: Dialect) -> Json:
    function = {"name": call.name, "arguments": call.arguments}
    return {"id": dialect.call_id(call.id), "type": "function", "function": function}


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
        "tools": [_tool(tool) for tool in prompt.tools] or None,
        "tool_choice": _choice(prompt.tool_choice) if prompt.tools else None,
        "parallel_tool_calls": prompt.parallel_tool_calls if prompt.tools else None,
        "response_format": _format(prompt.answer_format),
        "logprobs": prompt.logprobs,
        "top_logprobs": prompt.top_logprobs,
        "reasoning_effort": prompt.reasoning_effort,
    }
    return {name: value for name, value in named.items() if value is not None}


def _tool(tool: Tool) -> Json:
    named = {
        "name": tool.name,
        "description": tool.description or None,
        "parameters": tool.parameters,
        "strict": tool.strict,
    }
    function = {name: value for name, value in named.items() if value is not None}
    return {"type": "function", "function": function}


def _choice(choice: ToolChoice | None) -> str | Json | None:
    if choice is None:
        return None
    if choice.name:
        return {"type": "function", "function": {"name": choice.name}}
    return choice.mode


def _format(asked: AnswerFormat | None) -> Json | None:
    if asked is None:
        return None
    if asked.schema is None:
        return {"type": "json_object"}
    named = {
        "name": asked.name,
        "description": asked.description or None,
        "schema": asked.schema,
        "strict": asked.strict,
    }
    schema = {name: value for name, value in named.items() if value is not None}
    return {"type": "json_schema", "json_schema": schema}


def read_content(message: Json, logprobs: Any = None) -> Json:
    """What a message, or a piece of one, contributes to a `Delta`: text, thoughts and tool calls."""
    thoughts = message.get("reasoning_content") or message.get("reasoning")
    calls = message.get("tool_calls") or ()
    listed = logprobs.get("content") if isinstance(logprobs, dict) else None
    return {
        "text": read_text(message.get("content")),
        "reasoning": thoughts if isinstance(thoughts, str) else "",
        "tool_calls": tuple(_read_call(call, place) for place, call in enumerate(calls)),
        "logprobs": tuple(listed) if isinstance(listed, list) else (),
    }


def _read_call(call: Json, place: int) -> ToolCallPiece:
    """A tool call or a piece of one; *place* is its number where the provider gives none."""
    function = call.get("function") or {}
    arguments = function.get("arguments")
    if isinstance(arguments, dict):  # some send the object itself
        arguments = orjson.dumps(arguments).decode()
    index = call.get("index")
    return ToolCallPiece(
        index=index if isinstance(index, int) else place,
        id=read_name(call.get("id")) or "",
        name=read_name(function.get("name")) or "",
        arguments=arguments if isinstance(arguments, str) else "",
    )


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
    error = _error_in(body)
    return str(next(filter(None, map(error.get, ("message", "detail", "title"))), ""))


def _error_in(body: Json) -> Json:
    """What says in *body* what went wrong: OpenAI's `error`, or the body itself where it is flat."""
    error = body.get("error")
    if isinstance(error, dict):
        return error
    return {"message": error} if error else body
