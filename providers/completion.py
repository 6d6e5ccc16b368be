"""What a model answers: whole, or piece by piece on the way to being whole."""

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import orjson

from providers.errors import FailureKind, ProviderError
from providers.prompt import Json, ToolCall

FinishReason = Literal["stop", "length", "tool_calls", "content_filter"]


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens counted by the provider; 0 where it does not say."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    reasoning_tokens: int = 0
    cached_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Completion:
    """What a model answered. *model* is the one that did, which a provider may have chosen itself.

    *logprobs* holds OpenAI's `content` list. *ended* is False when the provider closed the answer
    without saying why: it may be whole, but nobody knows.
    """

    text: str
    finish_reason: FinishReason
    model: str
    usage: Usage = Usage()
    tool_calls: tuple[ToolCall, ...] = ()
    reasoning: str = ""
    logprobs: tuple[Json, ...] = ()
    ended: bool = True

    @property
    def is_whole(self) -> bool:
        """Whether nothing is missing, so that it may be kept for the next who asks."""
        return self.ended and self.finish_reason in ("stop", "tool_calls")

    def normalised(self) -> Json:
        """The reply in the OpenAI `choices` shape, exactly as the guide shows it."""
        return {"choices": [{"message": {"content": self.text, "role": "assistant"}}]}

    def deltas(self) -> "Iterator[Delta]":
        """The answer again as the pieces of a stream."""
        if self.reasoning:
            yield Delta(reasoning=self.reasoning)
        if self.text:
            yield Delta(text=self.text, logprobs=self.logprobs)
        for index, call in enumerate(self.tool_calls):
            yield Delta(
                tool_calls=(
                    ToolCallPiece(index, call.id, call.name, call.arguments, call.signature),
                )
            )


@dataclass(frozen=True, slots=True)
class ToolCallPiece:
    """A piece of a tool call: the first has its id and name, the others more of its arguments."""

    index: int
    id: str = ""
    name: str = ""
    arguments: str = ""
    signature: str = ""


@dataclass(frozen=True, slots=True)
class Delta:
    """One piece of a streamed answer. `done` marks an explicit end without a finish reason."""

    text: str = ""
    finish_reason: FinishReason | None = None
    model: str | None = None
    usage: Usage | None = None
    done: bool = False
    tool_calls: tuple[ToolCallPiece, ...] = ()
    reasoning: str = ""
    logprobs: tuple[Json, ...] = ()

    @property
    def has_content(self) -> bool:
        """Whether it carries a part of the answer itself, after which nobody else may answer."""
        return bool(self.text or self.tool_calls)

    @property
    def is_progress(self) -> bool:
        """Whether the model got on: a comment, a count or an empty piece is none."""
        return self.has_content or bool(self.reasoning)


def whole_characters(text: str) -> str:
    """*text* with the halves of characters joined (JSON may escape both), and lone ones replaced."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


class Halves:
    """Joins the pieces of a text where a character was cut in two: its first half waits for the second."""

    def __init__(self) -> None:
        self._first = ""

    def next(self, piece: str) -> str:
        """*piece* as it can be passed on."""
        if not self._first and piece.isascii():
            return piece
        text, self._first = self._first + piece, ""
        if "\ud800" <= text[-1:] <= "\udbff":
            text, self._first = text[:-1], text[-1]
        return whole_characters(text)

    def rest(self) -> str:
        """What stands for a half whose other never came."""
        return whole_characters(self._first)


@dataclass(slots=True)
class Gathering:
    """A streamed answer on its way to being a `Completion`.

    With *one_call* only the first of its tool calls is taken: not every provider can be told so.
    """

    model: str
    one_call: bool = False
    finish_reason: FinishReason | None = None
    usage: Usage = Usage()
    done: bool = False
    _texts: list[str] = field(default_factory=list)
    _thoughts: list[str] = field(default_factory=list)
    _text_halves: Halves = field(default_factory=Halves)
    _thought_halves: Halves = field(default_factory=Halves)
    _logprobs: list[Json] = field(default_factory=list)
    _calls: list[ToolCall] = field(default_factory=list)
    _open: dict[int, int] = field(default_factory=dict)  # the provider's index: ours

    def add(self, delta: Delta) -> Delta | None:
        """Take in the next piece; what of it a reader should see, None for nothing.

        What comes after the end is dropped. Tool calls are numbered anew: some providers number
        all of them 0, and some give no id.
        """
        fresh = None
        if not self.done and self.finish_reason is None and delta.is_progress:
            fresh = self._readable(delta)
            self._texts.append(fresh.text)
            self._thoughts.append(fresh.reasoning)
            self._logprobs.extend(fresh.logprobs)
        self.finish_reason = self.finish_reason or delta.finish_reason
        self.model = delta.model or self.model
        self.usage = delta.usage or self.usage
        self.done = self.done or delta.done
        return fresh if fresh is not None and fresh.is_progress else None

    def completion(self) -> Completion:
        """The whole answer.

        Raises `ProviderError` (`TRUNCATED`) when the stream ended without saying that it was over.
        """
        if self.finish_reason is None and not self.done:
            raise ProviderError(FailureKind.TRUNCATED)
        return accept(
            Completion(
                text="".join(self._texts) + self._text_halves.rest(),
                finish_reason=self.finish_reason or "stop",
                model=self.model,
                usage=self.usage,
                tool_calls=tuple(
                    call if call.arguments else replace(call, arguments="{}")
                    for call in self._calls[: 1 if self.one_call else None]
                ),
                reasoning="".join(self._thoughts) + self._thought_halves.rest(),
                logprobs=tuple(self._logprobs),
                ended=self.finish_reason is not None,
            )
        )

    def _readable(self, delta: Delta) -> Delta:
        """*delta* as it can be written on: whole characters, calls under our numbers, sound numbers."""
        text = self._text_halves.next(delta.text)
        reasoning = self._thought_halves.next(delta.reasoning)
        calls = tuple(
            piece
            for piece in map(self._place, delta.tool_calls)
            if piece.index == 0 or not self.one_call
        )
        logprobs = delta.logprobs if _can_be_written(delta.logprobs) else ()
        own = (text, reasoning, calls, logprobs)
        if own == (delta.text, delta.reasoning, delta.tool_calls, delta.logprobs):
            return delta
        return replace(delta, text=text, reasoning=reasoning, tool_calls=calls, logprobs=logprobs)

    def _place(self, piece: ToolCallPiece) -> ToolCallPiece:
        """*piece* under our number for its call; its id and name only where they are new."""
        piece = replace(piece, arguments=whole_characters(piece.arguments))
        number = self._open.get(piece.index)
        if number is None or piece.id not in ("", self._calls[number].id):
            number = self._open[piece.index] = len(self._calls)
            self._calls.append(ToolCall(piece.id or new_call_id(), "", ""))
            piece = replace(piece, id=self._calls[number].id)
        else:
            piece = replace(piece, id="")
        call = self._calls[number]
        piece = replace(piece, index=number, name="" if call.name else piece.name)
        self._calls[number] = replace(
            call,
            name=call.name or piece.name,
            arguments=call.arguments + piece.arguments,
            signature=call.signature or piece.signature,
        )
        return piece


def _can_be_written(value: Any) -> bool:
    """Whether *value*, which a provider wrote, is JSON that we can write as well."""
    try:
        orjson.dumps(value)
    except orjson.JSONEncodeError:
        return False
    return True


def gathered(deltas: Iterable[Delta], model: str) -> Completion:
    """The answer that *deltas* make up. Raises `ProviderError` as `Gathering.completion` does."""
    gathering = Gathering(model)
    for delta in deltas:
        gathering.add(delta)
    return gathering.completion()


def accept(completion: Completion) -> Completion:
    """*completion* itself, if there is an answer in it.

    A provider may end an answer that calls tools with its plain word for the end.
    Raises `ProviderError`: `CONTENT_FILTER` for a refused one, `EMPTY` for one without content.
    """
    if completion.finish_reason == "content_filter":
        raise ProviderError(FailureKind.CONTENT_FILTER)
    if completion.tool_calls:
        is_cut = completion.finish_reason == "length"
        return completion if is_cut else replace(completion, finish_reason="tool_calls")
    if not completion.text.strip():
        raise ProviderError(FailureKind.EMPTY, code=f"finish:{completion.finish_reason}")
    return completion


def new_call_id() -> str:
    """An id for a tool call whose provider gave none."""
    return f"call_{uuid.uuid4().hex[:24]}"
