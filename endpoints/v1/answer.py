"""What `/v1/chat/completions` answers: OpenAI's completion object, and its chunks."""

import math
import time
import uuid
from collections.abc import Iterator
from typing import Any

from answers import Origin, Routed
from providers.completion import Delta, ToolCallPiece, Usage
from providers.prompt import Json, ToolCall


def model_id(provider: str, model: str) -> str:
    """How a model of a provider is called here: `gemini/gemini-3.8-flash`."""
    return f"{provider}/{model}"


def completion_object(routed: Routed) -> Json:
    """The whole answer as OpenAI's `chat.completion`."""
    completion = routed.completion
    message: Json = {"role": "assistant", "content": completion.text or None, "refusal": None}
    if completion.reasoning:
        message["reasoning_content"] = completion.reasoning
    if completion.tool_calls:
        message["tool_calls"] = [_tool_call(call) for call in completion.tool_calls]
    else:
        message["content"] = completion.text
    logprobs = list(completion.logprobs)
    choice = {
        "index": 0,
        "message": message,
        "logprobs": {"content": logprobs, "refusal": None} if logprobs else None,
        "finish_reason": completion.finish_reason,
    }
    return {
        "id": _new_id(),
        "object": "chat.completion",
        "created": math.floor(time.time()),
        "model": model_id(routed.provider, routed.model),
        "choices": [choice],
        "usage": usage_object(completion.usage),
    }


def usage_object(usage: Usage) -> Json:
    """The tokens of an answer as OpenAI counts them; 0 where the provider does not say."""
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_tokens},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
    }


class Chunks:
    """The chunks of one streamed answer, all under one id.

    With *include_usage* every chunk has a `usage`, which only the last one fills.
    """

    def __init__(self, asked_for: str, *, include_usage: bool) -> None:
        self._usage = {"usage": None} if include_usage else {}
        self._id = _new_id()
        self._created = math.floor(time.time())
        self._model = asked_for

    def first(self, origin: Origin) -> Json:
        """The chunk that comes before all others, and says who is speaking."""
        self._model = model_id(origin.provider, origin.model)
        return self._chunk({"role": "assistant", "content": ""})

    def piece(self, delta: Delta) -> Json:
        """The next piece of the answer."""
        fields: Json = {}
        if delta.reasoning:
            fields["reasoning_content"] = delta.reasoning
        if delta.text:
            fields["content"] = delta.text
        if delta.tool_calls:
            fields["tool_calls"] = [_tool_call_piece(piece) for piece in delta.tool_calls]
        chunk = self._chunk(fields)
        if delta.logprobs:
            logprobs = {"content": list(delta.logprobs), "refusal": None}
            chunk["choices"][0]["logprobs"] = logprobs
        return chunk

    def last(self, routed: Routed) -> Iterator[Json]:
        """The end of a whole answer: why it ended, and what it took if that was asked for."""
        yield self._chunk({}, routed.completion.finish_reason)
        if self._usage:
            yield self._frame(choices=[], usage=usage_object(routed.completion.usage))

    def broken(self, error: Json) -> Json:
        """The end of an answer that broke off: no `[DONE]` follows."""
        return {**self._chunk({}, "error"), "error": error}

    def _chunk(self, delta: Json, finish_reason: str | None = None) -> Json:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return self._frame(choices=[choice], **self._usage)

    def _frame(self, **fields: Any) -> Json:
        return {
            "id": self._id,
            "object": "chat.completion.chunk",
            "created": self._created,
            "model": self._model,
            **fields,
        }


def _tool_call(call: ToolCall) -> Json:
    function = {"name": call.name, "arguments": call.arguments}
    return {"id": call.id, "type": "function", "function": function, **_extra(call.signature)}


def _tool_call_piece(piece: ToolCallPiece) -> Json:
    beginning = {"id": piece.id, "type": "function"} if piece.id else {}
    name = {"name": piece.name} if piece.name else {}
    return {
        "index": piece.index,
        **beginning,
        "function": {**name, "arguments": piece.arguments},
        **_extra(piece.signature),
    }


def _extra(signature: str) -> Json:
    """Gemini's proof of a thought, where Google's own OpenAI-compatible API puts it."""
    return {"extra_content": {"google": {"thought_signature": signature}}} if signature else {}


def _new_id() -> str:
    return f"chatcmpl-{uuid.uuid4().hex}"
