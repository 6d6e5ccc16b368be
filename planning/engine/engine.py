"""The engine: what a document needs, then part by part, each checked and mended at once, and the summary last.

write      the whole document; each answer is kept, so a run that is taken up again repeats none
outlook    the same up to the first answer that is not kept: what a run would take
rewrite    one part alone, with the founder's remark
revise     one part alone, in the founder's own words
"""

import asyncio
import math
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from answers import Unanswered
from cache import ANY_FRESH, Freshness, ResponseCache
from clock import Clock
from planning.brief import Brief
from planning.engine.archive import Finished, kept_review
from planning.engine.asking import (
    Asks,
    KeptAnswers,
    Models,
    NotKept,
    Tell,
    best_tier,
    nothing_ends_it,
)
from planning.engine.commission import Commission
from planning.engine.composing import Composition, expected_of, models_of
from planning.engine.drafts import Draw
from planning.engine.fence import Fences
from planning.engine.layout import section
from planning.engine.mending import Reviews
from planning.engine.outline import SUMMARY
from planning.engine.outlines import OUTLINES
from planning.engine.outlook import Outlook, outlook
from planning.engine.preparing import Prepared, Preparing, count_calls
from planning.engine.proposing import Budget
from planning.engine.run import Desk
from planning.engine.sheet import Sheet
from planning.engine.shelf import Shelf
from planning.engine.writing import Text, rewrite, write
from planning.research import Search
from providers.prompt import Prompt
from router import Router

USUAL_TIER = 2  # the quality of model that a section asks for


class Unwritten(LookupError):
    """The document has no such part, or none that a model writes."""


@dataclass(frozen=True)
class Engine:
    """Writes documents with what the router, the search and the checks give."""

    router: Router
    search: Search
    cache: ResponseCache
    clock: Clock
    review: Reviews
    _fences: list[Fences] = field(default_factory=list)  # one, once it is known

    async def fences(self) -> Fences:
        """The fences of this service, with the secret that its store keeps."""
        if not self._fences:
            made = await asyncio.to_thread(Fences.of, self.cache.store)
            if not self._fences:  # nobody was quicker
                self._fences.append(made)
        return self._fences[0]

    @property
    def has_models(self) -> bool:
        """Whether there is a real model to ask; without one, documents are laid out by code."""
        return bool(self.router.upstreams)

    async def write(self, commission: Commission, desk: Desk) -> dict[str, Any]:
        """See `runs.Writes.write`."""
        shelf = Shelf(self.cache, desk.freshness, desk.kept_for_s)
        ahead = await self.outlook(commission, shelf)
        desk.tell("plan", **plan_to_json(commission, ahead))
        models = Models(self.router, shelf, self.clock, desk.tell, desk.go_on, desk.left_s)
        asks = models if self.has_models else None
        budget = Budget(OUTLINES[commission.type].repairs)
        preparing = await self._preparing(commission, shelf, asks, budget, desk.tell)
        prepared = await preparing.prepared()
        composition = Composition(prepared, asks, budget, desk, self.review, self._draw)
        finished = await composition.done()
        return replace(finished, calls=models.calls, kept=models.kept).to_json()

    async def plan(self, commission: Commission) -> dict[str, Any]:
        """What `outlook` sees, as JSON."""
        return plan_to_json(commission, await self.outlook(commission))

    async def outlook(self, commission: Commission, shelf: Shelf | None = None) -> Outlook:
        """What a run for *commission* would take now."""
        shelf = shelf or Shelf(self.cache)
        outline = OUTLINES[commission.type]
        calls, kept = (0, 0) if not self.has_models else await self._missing(commission, shelf)
        return await outlook(
            self.router.limiter,
            self.router.upstreams,
            self.clock,
            expected=calls,
            repairs=outline.repairs,
            kept=kept,
            least_tier=min(USUAL_TIER, best_tier(self.router)),
        )

    async def rewrite(
        self, commission: Commission, before: Any, part_id: str, remark: str, desk: Desk
    ) -> dict[str, Any]:
        """See `runs.Writes.rewrite`. Raises `Unwritten`."""
        kept = Finished.from_json(before)
        shelf = Shelf(self.cache, desk.freshness, desk.kept_for_s)
        models = Models(self.router, shelf, self.clock, desk.tell, desk.go_on, desk.left_s)
        budget = Budget(1)
        asks = models if self.has_models else None
        if part_id not in kept.texts or asks is None:
            raise Unwritten(f"the document has no section {part_id[:40]!r} that a model writes")
        preparing = await self._preparing(commission, shelf, asks, budget, desk.tell)
        prepared = await preparing.prepared()
        sheet = prepared.sheet
        part = sheet.outline.part(part_id)
        if part is None or not part.is_written:
            raise Unwritten(f"the document has no section {part_id[:40]!r} that a model writes")
        text = await rewrite(sheet, Text(part, kept.texts[part_id], "model"), remark, asks, budget)
        return await self._changed(kept, sheet, text, models)

    async def revise(
        self, commission: Commission, before: Any, part_id: str, markdown: str, desk: Desk
    ) -> dict[str, Any]:
        """See `runs.Writes.revise`. Raises `Unwritten`."""
        kept = Finished.from_json(before)
        shelf = Shelf(self.cache, desk.freshness, desk.kept_for_s)
        models = Models(self.router, shelf, self.clock, desk.tell, desk.go_on, desk.left_s)
        asks = models if self.has_models else None
        preparing = await self._preparing(commission, shelf, asks, Budget(0), desk.tell)
        prepared = await preparing.prepared()
        part = prepared.sheet.outline.part(part_id)
        if part is None or kept.document.section(part_id) is None:
            raise Unwritten(f"the document has no section {part_id[:40]!r}")
        return await self._changed(kept, prepared.sheet, Text(part, markdown, "founder"), models)

    async def _changed(
        self, kept: Finished, sheet: Sheet, text: Text, models: Models
    ) -> dict[str, Any]:
        """*kept* with *text* in place of its part, checked anew."""
        written, part_id = section(sheet, text.part, text), text.part.id
        sections = tuple(written if each.id == part_id else each for each in kept.document.sections)
        changed = replace(kept.document, sections=sections, written_on=self.today)
        expected = expected_of(sheet, tuple(each.id for each in sections), [text])
        found = await asyncio.to_thread(
            self.review, changed, kept.facts, sheet.commission.brief, sheet.structures, expected
        )
        finished = replace(
            kept,
            document=changed,
            review=kept_review(found),
            texts={**kept.texts, part_id: text.markdown},
            calls=models.calls,
            kept=models.kept,
            models=tuple(dict.fromkeys((*kept.models, *models_of([text])))),
        )
        return finished.to_json()

    @property
    def today(self) -> date:
        """The date, in UTC."""
        return datetime.fromtimestamp(self.clock.time(), UTC).date()

    async def start_for(self, commission: Commission, freshness: Freshness = ANY_FRESH) -> date:
        """When a plan begins whose founder names no day: the first of the next month.

        It is kept with the commission, so that an equal one tomorrow is still equal.
        """
        key = f"start:{replace(commission, brief=_undated(commission.brief)).digest}"
        shelf = Shelf(self.cache, freshness, kept_for_s=48 * 3600.0)
        if (kept := await shelf.find(key)) is not None:
            return date.fromisoformat(kept)
        begins = (self.today.replace(day=1) + timedelta(days=32)).replace(day=1)
        await shelf.keep(key, begins.isoformat())
        return begins

    async def embedded(self, prompt: Prompt) -> str:
        """What the embedded model makes of *prompt*; empty when it cannot."""
        local = self.router.last_resort
        if local is None:
            return ""

        async def frame() -> Prompt:
            return prompt

        try:
            routed = await self.router.complete(
                f"draft:{prompt.fingerprint}", frame, name="draft", among=(local,)
            )
        except Unanswered:
            return ""
        return routed.completion.text.strip()

    @property
    def _draw(self) -> Draw | None:
        return self.embedded if self.router.last_resort is not None else None

    async def _preparing(
        self,
        commission: Commission,
        shelf: Shelf,
        asks: Asks | None,
        budget: Budget,
        tell: Tell,
        *,
        search: bool = True,
    ) -> Preparing:
        return Preparing(
            commission,
            await self.fences(),
            shelf,
            self.search if search else None,
            asks,
            budget,
            tell,
            self.today,
        )

    async def _missing(self, commission: Commission, shelf: Shelf) -> tuple[int, int]:
        """How many answers a run still needs, and how many are kept already."""
        asks, budget = KeptAnswers(shelf), Budget(OUTLINES[commission.type].repairs)
        preparing = await self._preparing(commission, shelf, asks, budget, _silent, search=False)
        try:
            prepared = await preparing.prepared()
        except NotKept:
            return max(1, count_calls(commission) - asks.kept), asks.kept
        sheet, repairs = prepared.sheet, budget.left
        missing, written = 0, dict(commission.edited)
        for part in sheet.outline.in_order_of_writing:
            if not part.is_written or part.id in written:
                continue
            try:
                if part.id == SUMMARY and missing:
                    raise NotKept
                written[part.id] = (await write(sheet, part, written, asks, budget)).markdown
            except NotKept:
                missing += 1
        if missing == 1 and SUMMARY not in written and sheet.outline.part(SUMMARY):
            # The summary may have been written from parts that were mended: look through the whole.
            return await self._missing_after_mending(prepared, shelf, repairs)
        return missing, asks.kept

    async def _missing_after_mending(
        self, prepared: Prepared, shelf: Shelf, repairs: int
    ) -> tuple[int, int]:
        """As `_missing`, where all but the summary is kept for certain and *repairs* are left."""
        asks, budget = KeptAnswers(shelf), Budget(repairs)
        desk = Desk(_silent, nothing_ends_it, lambda: math.inf)
        try:
            await Composition(prepared, asks, budget, desk, self.review, None).done()
        except NotKept:
            return 1, asks.kept
        return 0, asks.kept


def plan_to_json(commission: Commission, ahead: Outlook) -> dict[str, Any]:
    """What a run will take, as its first event and the plan route tell it."""
    done_at = None
    if ahead.done_at is not None:
        done_at = datetime.fromtimestamp(ahead.done_at, UTC).isoformat(timespec="seconds")
    return {
        "type": commission.type,
        "calls": {"expected": ahead.expected, "most": ahead.most, "kept": ahead.kept},
        "left_today": ahead.left_today,
        "fits_today": ahead.fits_today,
        "done_in_s": ahead.done_in_s,
        "done_at": done_at,
        "pacing": "interval" if ahead.interval_s > 0 else "quota",
        "interval_s": ahead.interval_s,
        "providers": ahead.providers,
        "is_draft": ahead.providers == 0,
        "advice": [
            {"change": advice.change, "done_in_s": advice.done_in_s} for advice in ahead.advice
        ],
    }


def _undated(brief: Brief) -> Brief:
    return replace(brief, start=date.min)


def _silent(kind: str, **data: Any) -> None:
    """Nobody is told of a run that is only looked ahead at."""
