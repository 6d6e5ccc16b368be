"""What a provider must be able to say, and on which terms its models answer.

A `Provider` is a pure translation: it says what to send and how to read what came back, and does
no I/O. An `Upstream` is what the router calls: a provider joined to a transport, the embedded
model, or a scripted double.
"""

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

import orjson

from providers.completion import Completion, Delta, Usage, whole_characters
from providers.errors import FailureKind, ProviderError
from providers.prompt import ALL_ABILITIES, Ability, Json, Prompt
from storage.ledger import ACCOUNT, Allowance, Need


def read_name(value: Any) -> str | None:
    """*value* if it is a name; None for anything else that a body may have in its place."""
    return whole_characters(value) if isinstance(value, str) and value else None


MOST_TOKENS = 1 << 40
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
    """A number of tokens; 0 for what is none, or more than any model can write."""
    is_number = isinstance(value, int | float) and 0 <= value <= MOST_TOKENS
    return int(value) if is_number else 0


@contextlib.contextmanager
def reading() -> Iterator[None]:
    """Around the reading of a reply: a shape that nobody expected is raised as `BAD_BODY`."""
    try:
        yield
    except UNEXPECTED as error:
        raise ProviderError(FailureKind.BAD_BODY) from error


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """What to send: a POST of JSON, or a GET without it. The headers hold the key: not in repr.

    *streams* says that the answer is asked for as an event stream.
    """

    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: Json = field(repr=False)
    method: Literal["GET", "POST"] = "POST"
    streams: bool = False


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


TOO_SMALL = "its context is too small"
LACKS: Mapping[Ability, str] = {
    "images": "cannot see images",
    "tools": "cannot call tools",
    "json": "cannot be held to JSON",
    "schema": "cannot be held to a schema",
    "logprobs": "does not tell its log probabilities",
}


@dataclass(frozen=True, slots=True)
class Terms:
    """On which terms a model answers: its limits, its quality, and what a call costs of them.

    *quota_scope* is where the provider counts requests: the account, or each model by itself;
    *counts_refusals* says whether a call that it refuses costs one too. *key_scope* is where it is
    noted that the key was refused.
    *units_per_million* are the units for a million tokens in and out, and *unit* what they are
    called; *counts_output* says that tokens that come out count for the minute too.
    *abilities* are what it can do beside writing text.
    """

    allowance: Allowance
    tier: int = 3
    context_tokens: int = 1_000_000
    quota_scope: str = ACCOUNT
    key_scope: str = ACCOUNT
    counts_refusals: bool = True
    units_per_million: tuple[float, float] = (0.0, 0.0)
    unit: str = "neurons"
    counts_output: bool = False
    abilities: frozenset[Ability] = ALL_ABILITIES

    def unfit(self, prompt: Prompt) -> str:
        """Why the model does not suit *prompt*; empty when it does."""
        if self.tier < prompt.least_tier:
            return "not good enough for the task"
        if lacking := prompt.needs - self.abilities:
            return " and ".join(LACKS[ability] for ability in sorted(lacking))
        if prompt.estimated_tokens + (prompt.max_tokens or 0) > self.context_tokens:
            return TOO_SMALL
        return ""

    def need(self, prompt: Prompt) -> Need:
        """What a call is expected to cost, at the most."""
        return self.cost(prompt.estimated_tokens, prompt.max_tokens or 1024)

    def used(self, usage: Usage, prompt: Prompt) -> Need:
        """What a call did cost; as expected where the provider does not say."""
        if usage.prompt_tokens == 0 and usage.completion_tokens == 0:
            return self.need(prompt)
        return self.cost(usage.prompt_tokens, usage.completion_tokens)

    def cost(self, tokens_in: int, tokens_out: int) -> Need:
        """What so many tokens in and out cost."""
        price_in, price_out = self.units_per_million
        tokens = tokens_in + (tokens_out if self.counts_output else 0)
        return Need(tokens, (tokens_in * price_in + tokens_out * price_out) / 1_000_000)


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
        """What to send for *prompt*: answered as one JSON body, or with *stream* in events.

        Where a provider cannot stream what is asked, the request does not ask for it.
        """
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


Emit = Callable[[Delta], None]


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

    async def complete(
        self, prompt: Prompt, *, timeout_s: float, emit: Emit | None = None
    ) -> Completion:
        """Answer *prompt* within *timeout_s* seconds. Raises `ProviderError` when it cannot.

        *emit* is given the pieces of the answer as they come, where it comes in pieces.
        """
        ...

    async def used_today(self) -> int | None:
        """The requests that the provider itself has counted today; None when it does not say."""
        ...

    async def aclose(self) -> None:
        """Let go of what it holds."""
        ...
