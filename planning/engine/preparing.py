"""Before the first sentence: what is found, what is assumed, what is computed, and what a call or a list asks for.

Every answer is kept by what it was asked from. The assumptions are asked for in the same words
for every document of a brief, so that all of them have one fact base, and pay for it once.
"""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import orjson

from planning.engine.asking import Asks, NotKept, Tell
from planning.engine.commission import Commission
from planning.engine.fence import Fences
from planning.engine.outline import Outline, Part
from planning.engine.outlines import OUTLINES
from planning.engine.prompts import proposal_prompt, results
from planning.engine.proposing import Budget, proposed
from planning.engine.requirements import Requirement, RequirementsSpec, outline_for
from planning.engine.sheet import Sheet
from planning.engine.shelf import Shelf
from planning.engine.structured import part_of
from planning.figures.gathering import facts_said
from planning.figures.plan import SPECS, planned
from planning.figures.spec import Spec, Together
from planning.funders import funder as funders
from planning.funders import grant as grants
from planning.funders.listing import funder_blocks, grant_blocks, to_verify
from planning.funders.profile import Profile, profile_of
from planning.funders.proposing import FunderSpec, GrantSpec
from planning.research import Ledger, Search
from planning.research.ledger import merged
from planning.research.queries import queries
from planning.sentences import words_for
from planning.wording import words_in

ASSUMPTIONS = "assumptions"
LONGEST_CALL = 30_000  # characters of a pasted call that a model reads


@dataclass(frozen=True, slots=True)
class Prepared:
    """What the parts are written from, and what the founder's call asks for."""

    sheet: Sheet
    requirements: tuple[Requirement, ...] = ()


@dataclass(frozen=True, slots=True)
class Preparing:
    """How one document is prepared. *asks* is None where no model writes; *search* where nothing is looked up."""

    commission: Commission
    fences: Fences
    shelf: Shelf
    search: Search | None
    asks: Asks | None
    budget: Budget
    tell: Tell
    today: date

    async def prepared(self) -> Prepared:
        """All of it, in the order in which one thing needs the other."""
        outline, brief = OUTLINES[self.commission.type], self.commission.brief
        self.tell("stage", stage="assumptions")
        proposals = await self._proposals()
        requirements = await self._requirements(outline)
        self.tell("stage", stage="research")
        ledger = await self._found()
        sourced = ledger.facts(words_in(brief.language))
        plan = await asyncio.to_thread(planned, brief, proposals, sourced)
        unused = {spec.name for spec in SPECS} - set(proposals) | set(plan.rejected)
        defaulted = tuple(spec.name for spec in SPECS if spec.name in unused)
        outline, requirements = outline_for(outline, requirements, self.fences)
        outline = outline.with_parts(tuple(_timed(p, self.commission) for p in outline.parts))
        sheet = Sheet(
            self.commission,
            outline,
            plan,
            ledger,
            self.fences,
            self.today,
            defaulted=defaulted,
            is_draft=self.asks is None,
        )
        if outline.lists:
            self.tell("stage", stage="list")
            sheet = await self._listed(sheet, profile_of(brief, self.today))
        return Prepared(sheet, requirements)

    async def _found(self) -> Ledger:
        """What the search services have; asked once for a brief, and again only when they failed."""
        brief = self.commission.brief
        asked = queries(self.commission.type, brief)
        digest = hashlib.sha256(orjson.dumps([_texts(query) for query in asked])).hexdigest()
        key = f"research:{self.commission.type}:{digest}"
        search = self.search

        async def look() -> dict[str, Any]:
            if search is None:
                raise NotKept
            freshness = self.shelf.freshness
            findings = await asyncio.gather(*(search.find(query, freshness) for query in asked))
            return merged(zip(asked, findings, strict=True)).to_json()

        return Ledger.from_json(
            await self.shelf.once(key, look, lasts=lambda kept: not kept["failures"])
        )

    async def _proposals(self) -> Mapping[str, Any]:
        """What a model assumes, by the name of its spec; nothing where no model writes."""
        if self.asks is None:
            return {}
        brief, together = self.commission.brief, Together(SPECS)
        base = await asyncio.to_thread(facts_said, brief)

        def read(parsed: Any) -> tuple[Mapping[str, Any], Sequence[str]]:
            by_name = {spec.name: part_of(parsed, spec.name) for spec in SPECS}
            return together.read_parts(by_name, base)

        prompt = proposal_prompt(brief, self.fences, together.told(brief, base))
        return await proposed(prompt, ASSUMPTIONS, read, self.asks, self.budget)

    async def _requirements(self, outline: Outline) -> tuple[Requirement, ...]:
        """What the pasted call asks for; nothing where there is none, or it is for another document."""
        brief = self.commission.brief
        if outline.type != "proposal" or not brief.call.strip():
            return ()
        spec = RequirementsSpec(brief.call)
        base = facts_said(brief)
        if self.asks is None:
            return spec.default(brief, base)
        self.tell("stage", stage="call")
        call = self.fences.around("call", brief.call[:LONGEST_CALL])
        question = Together((spec,)).told(brief, base)
        prompt = proposal_prompt(brief, self.fences, question, f"# The grant call\n{call}")
        parts = await proposed(prompt, spec.name, _reading(spec), self.asks, self.budget)
        found: tuple[Requirement, ...] = parts.get(spec.name) or spec.default(brief, base)
        return found

    async def _listed(self, sheet: Sheet, profile: Profile) -> Sheet:
        """*sheet* with the funders or the grants of its list, and the blocks that show them."""
        brief, words, shown = self.commission.brief, sheet.words, sheet.shown
        ledger, rest = sheet.ledger, "to_verify"
        if sheet.outline.lists == "funders":
            named = await self._proposed(sheet, FunderSpec(ledger.references), ("funders",))
            rated = funders.ranked(named, profile, brief.language)
            blocks = {
                "candidates": funder_blocks(rated, words, shown),
                rest: to_verify(rated, words),
            }
            return replace(sheet, extra=blocks, funders=rated)
        named = await self._proposed(sheet, GrantSpec(ledger.references), ("grants", "funders"))
        known = (*grants.grants_of(ledger, profile), *named)
        found = grants.ranked(known, profile, brief.language)
        listed = grant_blocks(found, words, shown, self.today)
        return replace(sheet, extra={"calls": listed, rest: to_verify(found, words)}, grants=found)

    async def _proposed(self, sheet: Sheet, spec: Spec[Any], topics: Sequence[str]) -> Any:
        brief, base = self.commission.brief, sheet.plan.base
        if self.asks is None:
            return spec.default(brief, base)
        question = Together((spec,)).told(brief, base)
        told = results(self.fences, sheet.ledger.about(*topics))
        prompt = proposal_prompt(brief, self.fences, question, told)
        read = _reading(spec, base)
        parts = await proposed(prompt, spec.name, read, self.asks, self.budget)
        return parts.get(spec.name) or spec.default(brief, base)


def _reading(spec: Spec[Any], *facts: Any) -> Any:
    """Reads the one part that *spec* asks for, wherever in the answer it stands."""

    def read(parsed: Any) -> tuple[Mapping[str, Any], Sequence[str]]:
        inner = part_of(parsed, spec.name)
        return Together((spec,)).read_parts({spec.name: parsed if inner is None else inner}, *facts)

    return read


def _timed(part: Part, commission: Commission) -> Part:
    """A pitch as long as it is to be spoken."""
    if commission.type != "pitch":
        return part
    words = words_for(commission.seconds, commission.brief.language)
    return replace(part, words=(words.start, words.stop - 1))


def _texts(query: Any) -> list[str]:
    return [query.kind, query.text, query.language, query.country, str(query.most), query.topic]


def count_calls(commission: Commission) -> int:
    """How many calls a document takes at first: assumptions, a list, a call's requirements, and its parts."""
    outline = OUTLINES[commission.type]
    written = [p for p in outline.parts if p.is_written and p.id not in commission.edited]
    has_call = commission.type == "proposal" and bool(commission.brief.call.strip())
    return 1 + bool(outline.lists) + has_call + len(written)
