"""A document on its way: part by part, each checked and mended at once, and the summary last."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from typing import Any

from planning.checks import Expected, Finding, Review
from planning.content import Document, Section
from planning.engine.archive import Finished, kept_review
from planning.engine.asking import Asks
from planning.engine.drafts import Draw, drafted
from planning.engine.fence import END as FENCE_MARK
from planning.engine.layout import document, section
from planning.engine.mending import (
    Reviews,
    errors_of,
    is_unsupported,
    mendable,
    violations,
    without,
)
from planning.engine.outline import COMPLIANCE, SUMMARY, Part
from planning.engine.preparing import Prepared
from planning.engine.proposing import Budget
from planning.engine.requirements import table
from planning.engine.run import Desk
from planning.engine.sheet import Sheet
from planning.engine.writing import Text, filled_in, mend, write

LONGEST_TOLD = 200  # characters of a sentence in an event


class Composition:
    """One document on its way: the texts that there are, and what the founder is asked because of them."""

    def __init__(
        self,
        prepared: Prepared,
        asks: Asks | None,
        budget: Budget,
        desk: Desk,
        review: Reviews,
        draw: Draw | None,
    ) -> None:
        self.sheet: Sheet = prepared.sheet
        self.requirements = prepared.requirements
        self.asks = asks
        self.budget = budget
        self.desk = desk
        self.review = review
        self.draw = draw
        self.texts: dict[str, Text] = {}
        self.sections: dict[str, Section] = {}
        self.questions: list[str] = []
        self.mended: set[str] = set()

    async def done(self) -> Finished:
        """The finished document."""
        self._tell_outline()
        parts = self.sheet.outline.in_order_of_writing
        for part in parts:
            await self.desk.go_on()
            if part.id == SUMMARY:
                await self._mend_across()
            if part.id == COMPLIANCE:
                continue  # it tells where the others answer, and how long they are
            self._put(part, await self._text(part))
            await self._check(part)
            await self._tell_section(part)
        if self.requirements:
            blocks = table(self.sheet, self.requirements, tuple(self.sections.values()))
            self.sheet = replace(self.sheet, extra={**self.sheet.extra, COMPLIANCE: blocks})
            ledger = next(p for p in self.sheet.outline.parts if p.id == COMPLIANCE)
            self._put(ledger, None)
            await self._tell_section(ledger)
        self.desk.tell("stage", stage="checks")
        review = await self._review(self._in_order(), is_whole=True)
        self._tell_check("", review.findings, review.score)
        return Finished(
            document=self._document(self._in_order()),
            facts=self.sheet.plan.base,
            review=kept_review(review),
            texts={part_id: text.markdown for part_id, text in self.texts.items()},
            calls=0,
            kept=0,
            models=models_of(self.texts.values()),
        )

    async def _text(self, part: Part) -> Text | None:
        """The prose of *part*: the founder's own, a model's, or code's; None where only tables stand."""
        if part.id in self.sheet.commission.edited:
            return Text(part, self.sheet.commission.edited[part.id], "founder")
        if not part.is_written:
            return None
        title = self.sheet.title(part)
        self.desk.tell("stage", stage="writing", section=part.id, title=title)
        if self.asks is None:
            return await drafted(self.sheet, part, self.draw)
        written = {part_id: text.markdown for part_id, text in self.texts.items()}
        text = await write(self.sheet, part, written, self.asks, self.budget)
        if text.is_cut or not text.markdown:
            # Half a section is none: what is known stands there instead.
            return await drafted(self.sheet, part, None)
        return text

    def _put(self, part: Part, text: Text | None) -> None:
        if text is not None:
            self.texts[part.id] = text
        self.sections[part.id] = section(self.sheet, part, text)

    async def _check(self, part: Part) -> None:
        """Have *part* written again once if a check fails, and take out what still fails then."""
        text = self.texts.get(part.id)
        if text is None or text.author != "model":
            return
        errors = await self._errors(part)
        if errors and part.id not in self.mended:
            text, errors = await self._mend(part, text, errors)
        if errors:
            self._take_out(part, text, errors)
        self._tell_check(part.id, errors)

    async def _mend(
        self, part: Part, text: Text, errors: Sequence[Finding]
    ) -> tuple[Text, Sequence[Finding]]:
        """*text* written again for its *errors*, if there is a call for it and it became no worse."""
        told = mendable(errors, len(self.sheet.sources(part)))
        if self.asks is None or not told or not self.budget.take():
            return text, errors
        self.mended.add(part.id)
        self._tell_check(part.id, errors)
        self.desk.tell("stage", stage="repair", section=part.id, title=self.sheet.title(part))
        again = await mend(self.sheet, text, violations(told), self.asks, self.budget)
        self._put(part, again)
        left = await self._errors(part)
        if again.markdown and len(left) <= len(errors):
            return again, left
        self._put(part, text)
        return text, errors

    def _take_out(self, part: Part, text: Text, errors: Sequence[Finding]) -> None:
        """Take out the sentences that no check lets stand; the founder is asked what supports them."""
        left = without(text.markdown, errors, lambda s: filled_in(s, self.sheet.figures))
        if left == text.markdown or not left.strip():
            return
        self._put(part, replace(text, markdown=left))
        if is_unsupported(errors):
            words, title = self.sheet.words, self.sheet.title(part)
            self.questions.append(words("outline.removed", title=title))

    async def _mend_across(self) -> None:
        """Mend what only shows when all parts are there, before the summary leans on them."""
        review = await self._review(self._in_order())
        for part in self.sheet.outline.parts:
            text = self.texts.get(part.id)
            errors: Sequence[Finding] = errors_of(review, part.id)
            is_open = text is not None and text.author == "model" and part.id not in self.mended
            if is_open and errors and text is not None:
                text, errors = await self._mend(part, text, errors)
                if errors:
                    self._take_out(part, text, errors)
                await self._tell_section(part)

    def _in_order(self) -> tuple[Section, ...]:
        """The sections that there are, in the outline's order."""
        in_order = (self.sections.get(part.id) for part in self.sheet.outline.parts)
        return tuple(each for each in in_order if each is not None)

    def _document(self, sections: Sequence[Section]) -> Document:
        asked = (*(q.text for q in self.sheet.plan.base.questions), *self.questions)
        questions = tuple(dict.fromkeys(asked))
        return document(self.sheet, tuple(sections), questions, self.sheet.today)

    async def _review(self, sections: Sequence[Section], *, is_whole: bool = False) -> Review:
        """What the checks say of *sections*; that others are missing only when it *is_whole*.

        In a thread: they read every sentence.
        """
        sheet = self.sheet
        wanted = sheet.outline.parts if is_whole else sections
        expected = expected_of(sheet, tuple(each.id for each in wanted), self.texts.values())
        return await asyncio.to_thread(
            self.review,
            self._document(sections),
            sheet.plan.base,
            sheet.commission.brief,
            sheet.structures,
            expected,
        )

    async def _errors(self, part: Part) -> Sequence[Finding]:
        """What is wrong with *part* by itself."""
        return errors_of(await self._review([self.sections[part.id]]), part.id)

    def _tell_outline(self) -> None:
        """Tell what the document will be made of, and the sources that it may cite."""
        begun = self._document(())
        self.desk.tell(
            "outline",
            venture=begun.venture,
            title=begun.title,
            subtitle=begun.subtitle,
            language=begun.language,
            is_draft=begun.is_draft,
            notices=list(begun.notices),
            sections=[
                {"id": p.id, "title": self.sheet.title(p), "is_written": p.is_written}
                for p in self.sheet.outline.parts
            ],
            references=[asdict(reference) for reference in begun.references],
        )

    async def _tell_section(self, part: Part) -> None:
        """Tell that *part* is there: its prose as Markdown, and all of it as HTML."""
        written, text = self.sections[part.id], self.texts.get(part.id)
        self.desk.tell(
            "section",
            id=part.id,
            title=written.title,
            position=1 + [each.id for each in self.sheet.outline.parts].index(part.id),
            of=len(self.sheet.outline.parts),
            author=written.author,
            words=text.words if text else 0,
            provider=text.provider if text else "",
            model=text.model if text else "",
            kept=text.is_kept if text else False,
            markdown=written.text,
            html=await asyncio.to_thread(_html, written, self._document([written])),
        )

    def _tell_check(
        self, part_id: str, findings: Sequence[Finding], score: int | None = None
    ) -> None:
        told: dict[str, Any] = {"section": part_id or None}
        told["findings"] = [
            {
                "check": finding.check,
                "severity": finding.severity,
                "section": finding.section,
                "sentence": finding.sentence[:LONGEST_TOLD],
                "message": finding.message,
            }
            for finding in findings
        ]
        self.desk.tell("check", **told, **({} if score is None else {"score": score}))


def _html(written: Section, of: Document) -> str:
    """*written* as HTML; in a thread, since charts take a while."""
    from planning.render.html import section_html

    return section_html(written, of)


def expected_of(sheet: Sheet, sections: tuple[str, ...], texts: Iterable[Text]) -> Expected:
    """What the checks may expect of a document that has these *sections* by now."""
    outline = sheet.outline
    return Expected(
        sections=sections,
        lengths={part.id: part.words for part in outline.parts if part.is_written},
        cut=frozenset(text.part.id for text in texts if text.is_cut),
        fences=(FENCE_MARK,),
        seconds=float(sheet.commission.seconds),
    )


def models_of(texts: Iterable[Text]) -> tuple[str, ...]:
    """Who wrote *texts*."""
    return tuple(dict.fromkeys(f"{t.provider}/{t.model}" for t in texts if t.model))
