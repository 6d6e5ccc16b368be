"""The words of research: what is asked, what is found, and who can be asked. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from cache import ANY_FRESH, Freshness

Kind = Literal["web", "indicators", "grants"]
Topic = Literal["need", "local", "market", "funders", "grants", ""]


@dataclass(frozen=True, slots=True)
class Query:
    """One question to one kind of service, and how many sources are wanted at *most*.

    *text* is words for the web and for grants, and codes with semicolons between them for
    indicators. *language* is a BCP 47 tag, *country* an ISO 3166 code of two letters; either may
    be empty. *topic* is what the answer is good for.
    """

    text: str
    kind: Kind = "web"
    language: str = "en"
    country: str = ""
    most: int = 3
    topic: Topic = ""


@dataclass(frozen=True, slots=True)
class Source:
    """One thing that was found, cleaned: plain text and an http(s) address.

    *fetched_at* is an ISO time in UTC, *backend* who found it, and *details* what it says as
    values, where the service gives values.
    """

    title: str
    url: str
    snippet: str
    backend: str = ""
    fetched_at: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Findings:
    """What a search found; *error* says why it could not search. Neither: there is nothing."""

    sources: tuple[Source, ...] = ()
    error: str = ""

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Findings":
        """Findings again, from their JSON form."""
        return cls(tuple(Source(**source) for source in value["sources"]), value["error"])


class SearchFailed(Exception):
    """A service could not search; the message is our own words, and holds nothing of its answer.

    *hold_s* is for how many seconds it is to be left alone, if that is known.
    """

    def __init__(self, reason: str, hold_s: float = 0.0) -> None:
        super().__init__(reason)
        self.hold_s = hold_s


class Backend(Protocol):
    """A service that can be asked."""

    @property
    def name(self) -> str:
        """What settings and references call it."""
        ...

    @property
    def kind(self) -> Kind:
        """The kind of question that it answers."""
        ...

    async def ask(self, query: Query) -> Sequence[Source]:
        """What it has for *query*, cleaned, without the time. Raises `SearchFailed`."""
        ...


class Search(Protocol):
    """Something that finds sources."""

    async def find(self, query: str | Query, freshness: Freshness = ANY_FRESH) -> Findings:
        """What there is for *query*; never raises for a search that fails."""
        ...

    async def aclose(self) -> None:
        """Give up what it holds."""
        ...


class NoSearch:
    """Finds nothing: for `SEARCH=off`."""

    async def find(self, query: str | Query, freshness: Freshness = ANY_FRESH) -> Findings:  # noqa: ARG002 - the protocol's
        """See `Search.find`."""
        return Findings()

    async def aclose(self) -> None:
        """See `Search.aclose`."""
