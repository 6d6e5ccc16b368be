"""From an idea to a document: as one letter, for the old endpoints, or section by section in a run."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from answers import Declined, Routed, Unanswered, Unfit
from cache import ANY_FRESH, Freshness
from planning.checks import review
from planning.documents.base import DocumentType
from planning.engine.commission import Commission
from planning.engine.engine import Engine
from planning.engine.journal import Journal
from planning.engine.runs import Runs
from planning.engine.shelf import Shelf
from planning.idea import Idea
from planning.letter import letter, spoken
from planning.proofreading import again, faults
from planning.research import Findings, Search
from providers.prompt import Prompt
from router import Router

SOON_S = 5.0  # a letter is written again only if a slot is that near
LEAST_TIME_S = 20.0  # … and if the caller has this much time left


@dataclass(frozen=True, slots=True)
class Written:
    """A document's text, and how it came about."""

    text: str
    routed: Routed


@dataclass(frozen=True)
class Planner:
    """Writes documents with what the router and the search give.

    *sitting_s* is how long a run may work at a time, in seconds, where the platform sets a limit.
    """

    router: Router
    search: Search
    sitting_s: float | None = None

    @cached_property
    def engine(self) -> Engine:
        """What writes documents section by section."""
        router = self.router
        return Engine(router, self.search, router.cache, router.clock, review)

    @cached_property
    def runs(self) -> Runs:
        """The runs in which it does so."""
        engine, journal = self.engine, Journal(self.router.cache)
        return Runs(engine, journal, engine.fences, self.router.clock, limit_s=self.sitting_s)

    async def write(
        self,
        document: DocumentType,
        idea: Idea,
        freshness: Freshness = ANY_FRESH,
        timeout_s: float | None = None,
    ) -> Written:
        """Write *document* about *idea* as one letter: one call, or two if the first text is at fault.

        Raises what `Router.complete` raises.
        """
        begin_s, framed = self.router.clock.monotonic(), list[Prompt]()

        async def frame() -> Prompt:
            findings = Findings()
            if document.query is not None:
                findings = await self.search.find(document.query(idea), freshness)
            framed.append(document.frame(idea, findings))
            return framed[-1]

        routed = await self.router.complete(
            document.key(idea), frame, name=document.name, freshness=freshness, timeout_s=timeout_s
        )
        if not routed.is_draft and (found := faults(routed.completion, document, idea)):
            findings = Findings.from_json(routed.notes)
            prompt = again(document.frame(idea, findings), routed.completion, found)
            left_s = None
            if timeout_s is not None:
                left_s = timeout_s - (self.router.clock.monotonic() - begin_s)
            better = await self._written_again(prompt, document, freshness, left_s, routed)
            if better and len(faults(better.completion, document, idea)) < len(found):
                routed = better
        text = routed.completion.text
        return Written(
            letter(
                text if document.query else spoken(text),
                Findings.from_json(routed.notes) if document.query else None,
                is_draft=routed.is_draft,
                is_cut=routed.completion.finish_reason == "length",
            ),
            routed,
        )

    async def _written_again(
        self,
        prompt: Prompt,
        document: DocumentType,
        freshness: Freshness,
        left_s: float | None,
        first: Routed,
    ) -> Routed | None:
        """The answer to *prompt*; None when there is none, or when it would keep the caller waiting.

        An answer that was kept is only ever mended by one that was kept as well: equal requests
        get equal texts.
        """
        key = f"{document.name}:again:{prompt.fingerprint}"
        if first.cache in ("HIT", "STALE"):
            kept = await Shelf(self.router.cache, freshness).answer(key)
            return kept and replace(kept, cache=first.cache, age_s=first.age_s)
        if left_s is not None and left_s < LEAST_TIME_S:
            return None
        able = [u for u in self.router.upstreams if not u.terms.unfit(prompt)]
        if await self.router.forecast(able, prompt, 1) > SOON_S:
            return None

        async def frame() -> Prompt:
            return prompt

        try:
            routed = await self.router.complete(
                key,
                frame,
                name=f"{document.name}, again",
                freshness=freshness,
                timeout_s=left_s,
                among=self.router.upstreams,
            )
        except (Declined, Unanswered, Unfit):
            return None
        attempts = (*first.attempts, *routed.attempts)
        return replace(routed, cache=first.cache, attempts=attempts)

    async def plan(self, commission: Commission) -> dict[str, Any]:
        """What a run for *commission* would take: calls, how many are left today, and until when."""
        return await self.engine.plan(commission)

    async def rewrite(
        self, run_id: str, part_id: str, remark: str, freshness: Freshness = ANY_FRESH
    ) -> dict[str, Any]:
        """One part of a finished run written again, as a finished run of its own.

        Raises `UnknownRun`, `Unwritten`, `Paused`, or what the router raises.
        """
        return await self.runs.rewrite(run_id, part_id, remark, freshness)

    async def revise(self, run_id: str, part_id: str, markdown: str) -> dict[str, Any]:
        """The same with the founder's own words, which cost no call."""
        return await self.runs.revise(run_id, part_id, markdown)
