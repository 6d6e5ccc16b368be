"""The words of the house: what is asked, what is answered, and what a provider must be able to say.

A `Provider` is a pure translation: it says what to send and how to read what came back, and does
no I/O. An `Upstream` is what the router calls: a provider joined to a transport, the embedded
model, or a scripted double.
"""

import contextlib
import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

import orjson

from providers.errors import FailureKind, ProviderError
from storage.ledger import ACCOUNT, Allowance, Need

Role = Literal["system", "user", "assistant"]
FinishReason = Literal["stop", "length", "tool_calls", "content_filter"]
Json = dict[str, Any]  # a JSON object as the wire carries it


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of the conversation."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """One paragraph of a sketch: a question, how its answer begins, and what stands there without one.

    *fixed* is added below it as it is: what is known needs no model.
    """

    heading: str
    question: str
    opening: str
    otherwise: str
    fixed: str = ""


@dataclass(frozen=True, slots=True)
class Sketch:
    """The wish again, for a model too small for it: facts, and passages asked for one by one."""

    facts: str
    passages: tuple[Passage, ...]
    sentences: int = 2  # at most, in each passage
    preface: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What is asked of a model; None leaves a parameter to the provider's default.

    Only the embedded model reads `sketch`. `notes` is JSON that has to stay with the answer (the
    sources it may cite): it is stored beside it and does not reach a provider. `least_tier` is the
    quality of model that the task needs (see `free_tiers`).
    """

    messages: tuple[Message, ...]
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    sketch: Sketch | None = None
    notes: Any = None
    least_tier: int = 1

    @property
    def fingerprint(self) -> str:
        """Equal for prompts that ask the same: SHA-256 over their canonical JSON, in hex."""
        canonical = orjson.dumps(asdict(self), option=orjson.OPT_SORT_KEYS)
        return hashlib.sha256(canonical).hexdigest()

    @property
    def estimated_tokens(self) -> int:
        """About how many tokens go in: a quarter of the bytes, which errs on the high side."""
        return sum(len(message.content.encode()) for message in self.messages) // 4 + 1


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens counted by the provider; 0 where it does not say."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    reasoning_tokens: int = 0
    cached_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Completion:
    """What a model answered. *model* is the one that did, which a provider may have chosen itself."""

    text: str
    finish_reason: FinishReason
    model: str
    usage: Usage = Usage()

    def normalised(self) -> Json:
        """The reply in the OpenAI `choices` shape, exactly as the guide shows it."""
        return {"choices": [{"message": {"content": self.text, "role": "assistant"}}]}


@dataclass(frozen=True, slots=True)
class Delta:
    """One piece of a streamed answer. `done` marks an explicit end without a finish reason."""

    text: str = ""
    finish_reason: FinishReason | None = None
    model: str | None = None
    usage: Usage | None = None
    done: bool = False


@dataclass(slots=True)
class Gathering:
    """A streamed answer on its way to being a `Completion`."""

    model: str
    pieces: list[str] = field(default_factory=list)
    finish_reason: FinishReason | None = None
    usage: Usage = Usage()
    done: bool = False

    def add(self, delta: Delta) -> None:
        """Take in the next piece; what comes after the end is dropped."""
        if not self.done and self.finish_reason is None:
            self.pieces.append(delta.text)
        self.finish_reason = self.finish_reason or delta.finish_reason
        self.model = delta.model or self.model
        self.usage = delta.usage or self.usage
        self.done = self.done or delta.done

    def completion(self) -> Completion:
        """The whole answer.

        Raises `ProviderError` (`TRUNCATED`) when the stream ended without saying that it was over.
        """
        if self.finish_reason is None and not self.done:
            raise ProviderError(FailureKind.TRUNCATED)
        return accept(
            Completion(
                text="".join(self.pieces),
                finish_reason=self.finish_reason or "stop",
                model=self.model,
                usage=self.usage,
            )
        )


def accept(completion: Completion) -> Completion:
    """*completion* itself, if there is an answer in it.

    Raises `ProviderError`: `CONTENT_FILTER` for a refused one, `EMPTY` for one without text.
    """
    if completion.finish_reason == "content_filter":
        raise ProviderError(FailureKind.CONTENT_FILTER)
    if not completion.text.strip():
        raise ProviderError(FailureKind.EMPTY, code=f"finish:{completion.finish_reason}")
    return completion


def read_name(value: Any) -> str | None:
    """*value* if it is a name; None for anything else that a body may have in its place."""
    return value if isinstance(value, str) and value else None


# What reading a body of an unexpected shape raises.
UNEXPECTED = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


def read_json(data: bytes | str) -> Any:
    """*data* as JSON, with the `NaN` and `Infinity` that some providers put into their numbers.

    Raises `ValueError`.
    """
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        try:
            return json.loads(data)
        except RecursionError:
            raise ValueError("nested out of all reason") from None


def read_count(value: Any) -> int:
    """A number of tokens; 0 for what is none."""
    is_number = isinstance(value, int | float) and math.isfinite(value)
    return max(0, int(value)) if is_number else 0


@contextlib.contextmanager
def reading() -> Iterator[None]:
    """Around the reading of a reply: a shape that nobody expected is raised as `BAD_BODY`."""
    try:
        yield
    except UNEXPECTED as error:
        raise ProviderError(FailureKind.BAD_BODY) from error


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """What to send: a POST of JSON, or a GET without it. The headers hold the key: not in repr."""

    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: Json = field(repr=False)
    method: Literal["GET", "POST"] = "POST"


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """What came back: header names in lower case, the decoded body, and when (epoch seconds)."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    received_at: float = 0.0

    def json(self) -> Json:
        """The body as a JSON object.

        Raises `ProviderError` (`BAD_BODY`) when it is anything else.
        """
        try:
            parsed = read_json(self.body.removeprefix(b"\xef\xbb\xbf"))
        except ValueError:
            raise ProviderError(FailureKind.BAD_BODY, status=self.status) from None
        if isinstance(parsed, list) and len(parsed) == 1:
            parsed = parsed[0]  # Gemini's OpenAI-compatible errors come in an array of one
        if not isinstance(parsed, dict):
            raise ProviderError(FailureKind.BAD_BODY, status=self.status)
        return parsed


@dataclass(frozen=True, slots=True)
class Identity:
    """How a provider is called: by programs, by people, and in the log lines of the guide."""

    name: str
    label: str
    announced_as: str
    mark: str


@dataclass(frozen=True, slots=True)
class Terms:
    """On which terms a model answers: its limits, its quality, and what a call costs of them.

    *quota_scope* is where the provider counts requests: the account, or each model by itself;
    *counts_refusals* says whether a call that it refuses costs one too.
    *units_per_million* are the units (neurons) for a million tokens in and out.
    """

    allowance: Allowance
    tier: int = 3
    context_tokens: int = 1_000_000
    quota_scope: str = ACCOUNT
    counts_refusals: bool = True
    units_per_million: tuple[float, float] = (0.0, 0.0)

    def unfit(self, prompt: Prompt) -> str:
        """Why the model does not suit *prompt*; empty when it does."""
        if self.tier < prompt.least_tier:
            return "not good enough for the task"
        if prompt.estimated_tokens + (prompt.max_tokens or 0) > self.context_tokens:
            return "its context is too small"
        return ""

    def need(self, prompt: Prompt) -> Need:
        """What a call is expected to cost, at the most."""
        return self._cost(prompt.estimated_tokens, prompt.max_tokens or 1024)

    def used(self, usage: Usage, prompt: Prompt) -> Need:
        """What a call did cost; as expected where the provider does not say."""
        if usage.prompt_tokens == 0 and usage.completion_tokens == 0:
            return self.need(prompt)
        return self._cost(usage.prompt_tokens, usage.completion_tokens)

    def _cost(self, tokens_in: int, tokens_out: int) -> Need:
        price_in, price_out = self.units_per_million
        return Need(tokens_in, (tokens_in * price_in + tokens_out * price_out) / 1_000_000)


class Provider(Protocol):
    """A pure translation between our words and one provider's wire format."""

    @property
    def identity(self) -> Identity:
        """Its names."""
        ...

    @property
    def model(self) -> str:
        """The model it asks."""
        ...

    def encode(self, prompt: Prompt, *, stream: bool) -> HttpRequest:
        """What to send for *prompt*, answered as an event stream or as one JSON body."""
        ...

    def decode(self, response: HttpResponse) -> Completion:
        """Read a whole reply. Raises `ProviderError` for any reply that is not a good answer."""
        ...

    def decode_event(self, data: str) -> Delta | None:
        """Read the data of one server-sent event; None when it says nothing.

        Raises `ProviderError` for an error inside the stream.
        """
        ...


@runtime_checkable
class Metered(Protocol):
    """A provider that can be asked how much of today's quota is used, which costs nothing of it."""

    def encode_meter(self) -> HttpRequest:
        """What to send to ask."""
        ...

    def decode_meter(self, response: HttpResponse) -> int | None:
        """The requests it has counted today; None when it does not say."""
        ...


class Upstream(Protocol):
    """Something that answers prompts: what the router calls."""

    @property
    def identity(self) -> Identity:
        """Its names."""
        ...

    @property
    def model(self) -> str:
        """The model it asks."""
        ...

    @property
    def terms(self) -> Terms:
        """On which terms it answers."""
        ...

    async def complete(self, prompt: Prompt, *, timeout_s: float) -> Completion:
        """Answer *prompt* within *timeout_s* seconds. Raises `ProviderError` when it cannot."""
        ...

    async def used_today(self) -> int | None:
        """The requests that the provider itself has counted today; None when it does not say."""
        ...

    async def aclose(self) -> None:
        """Let go of what it holds."""
        ...
