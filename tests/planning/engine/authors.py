"""Doubles for the engine: a model that writes what it is asked for, as the sandbox's do, and a search."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from cache import ResponseCache
from planning.brief import Brief
from planning.engine.commission import Commission
from planning.figures.plain import plain
from planning.planner import Planner
from planning.research import Findings, NoSearch, Query, Search, Source
from providers.base import Emit, Identity, Terms
from providers.completion import Completion
from providers.errors import FailureKind, ProviderError
from providers.prompt import Prompt
from rate_limiter import RateLimiter
from router import Router
from sandbox import author
from sandbox.author import Habit
from storage.ledger import ACCOUNT, Allowance, Limits
from storage.memory import MemoryStore
from tests.doubles import TurnedClock

SUBJECTS = ("water", "income", "school", "health", "market", "weather")
PASSAGE = "The wells are far away, and the way is not safe."
Hook = Callable[[int], None]


@dataclass
class Author:
    """An upstream that writes. *habits* come in turn; *before* is called with the number of each call.

    *script* are answers that it gives first, in order, before it writes itself.
    """

    habits: Sequence[Sequence[Habit]] = ((),)
    before: Hook = lambda _: None
    script: list[str | FailureKind] = field(default_factory=list)
    name: str = "author"
    prompts: list[Prompt] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.identity = Identity(self.name, self.name.title(), f"{self.name.title()} API", "⚪")
        self.model = "author-1"
        scopes = ((ACCOUNT, Limits()), (self.model, Limits()))
        self.terms = Terms(Allowance(self.name, scopes=scopes))

    @property
    def calls(self) -> int:
        """How often it was asked."""
        return len(self.prompts)

    async def complete(
        self, prompt: Prompt, *, timeout_s: float, emit: Emit | None = None
    ) -> Completion:
        """See `Upstream.complete`."""
        self.before(len(self.prompts) + 1)
        self.prompts.append(prompt)
        if self.script:
            scripted = self.script.pop(0)
            if isinstance(scripted, FailureKind):
                raise ProviderError(scripted)
            return Completion(scripted, "stop", self.model)
        if prompt.sketch is not None:
            return Completion(PASSAGE, "stop", self.model)
        habits = self.habits[len(self.prompts) % len(self.habits)]
        text = author.composed("\n".join(m.text for m in prompt.messages), habits)
        if "cut" in habits:
            return Completion(text[: len(text) * 3 // 5], "length", self.model)
        return Completion(text, "stop", self.model)

    async def used_today(self) -> int | None:
        """See `Upstream.used_today`."""
        return None

    async def aclose(self) -> None:
        """See `Upstream.aclose`."""


def shelf_on(brief: Brief) -> tuple[Source, ...]:
    """What a good search brings for *brief*: six pages on its place, each with a figure, read today."""
    place = plain(brief.idea.place) or "this region"
    return tuple(
        Source(
            f"The {subject} office of {place}",
            f"https://office.example/{number}",
            f"In 2025, {number * 7 + 30} {subject} cases were counted in {place}. {subject}!",
            fetched_at="2026-11-24T08:00:00+00:00",
        )
        for number, subject in enumerate(SUBJECTS, start=1)
    )


@dataclass
class Library:
    """A search that finds the same sources for every query of a topic."""

    sources: tuple[Source, ...] = ()
    asked: list[str] = field(default_factory=list)

    async def find(self, query: str | Query, freshness: Any = None) -> Findings:
        """See `Search.find`."""
        self.asked.append(query if isinstance(query, str) else query.text)
        return Findings(self.sources)

    async def aclose(self) -> None:
        """See `Search.aclose`."""


def planner(
    *upstreams: Author,
    store: MemoryStore | None = None,
    clock: TurnedClock | None = None,
    search: Search | None = None,
    interval_s: float = 0,
    embedded: Author | None = None,
) -> Planner:
    """A planner over *upstreams*; several over one *store* are one service after restarts."""
    clock = clock or TurnedClock()
    cache = ResponseCache(store=store or MemoryStore(), clock=clock)
    limiter = RateLimiter(interval_s, clock=clock)
    router = Router(
        upstreams, cache, limiter, last_resort=embedded, clock=clock, chance=lambda: 0.0
    )
    return Planner(router, search or NoSearch())


async def written(made: Planner, document_type: str, brief: Brief, **more: Any) -> dict[str, Any]:
    """The finished document, as JSON."""
    run_id = await made.runs.begin(Commission(type=document_type, brief=brief, **more))
    outcome: dict[str, Any] = await made.runs.outcome(run_id)
    return outcome


def comparable(finished: dict[str, Any]) -> dict[str, Any]:
    """*finished* without what tells how it came about."""
    score = {k: v for k, v in finished["score"].items() if k not in ("calls", "kept")}
    return {**finished, "score": score}


def section(finished: dict[str, Any], section_id: str) -> dict[str, Any]:
    """One section of *finished*."""
    found: dict[str, Any] = next(
        s for s in finished["document"]["sections"] if s["id"] == section_id
    )
    return found


def prose(finished: dict[str, Any], section_id: str) -> str:
    """The prose of one section of *finished*."""
    blocks = section(finished, section_id)["blocks"]
    return "\n\n".join(block["markdown"] for block in blocks if block["block"] == "prose")
