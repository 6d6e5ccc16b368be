"""What a pasted grant call asks for: each requirement in the call's own words, and the part that answers it.

A call changes an outline only by this ledger: parts get its limits, what no part answers becomes a
part of its own, and the rest is listed as missing. Without a usable call the standard set stands.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from planning.brief import Brief
from planning.checks.call import requirements, section_for
from planning.content import Block, Column, Section, Table
from planning.engine.fence import Fences, said
from planning.engine.outline import COMPLIANCE, Outline, Part
from planning.engine.outlines import PROPOSAL
from planning.engine.sheet import Sheet
from planning.facts import FactBase
from planning.figures.plain import plain
from planning.figures.reading import Mistakes, Row, rows
from planning.figures.spec import NOTHING_KNOWN, asked
from planning.sentences import count_words

Kind = Literal["section", "budget", "eligibility", "attachment", "deadline", "other"]
KINDS: tuple[Kind, ...] = ("section", "budget", "eligibility", "attachment", "deadline", "other")
MOST = 24
MOST_OWN_PARTS = 3  # sections that a call may add: each costs a call to a model
LONGEST_QUOTE = 300
LONGEST_TITLE = 70
OWN_PART_WORDS = (80, 150)
WORDS_A_PAGE = 450

EXAMPLE = [
    {
        "quote": "The need statement may have at most 500 words.",
        "kind": "section",
        "part": "need",
        "words": 500,
        "characters": 0,
        "pages": 0,
    }
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """Something that the call asks for: *quote* is its own words, *part* the id of what answers it.

    *part* is empty while nothing does. Limits are 0 where the call sets none.
    """

    quote: str
    kind: Kind
    part: str = ""
    words: int = 0
    characters: int = 0
    pages: int = 0


@dataclass(frozen=True, slots=True)
class RequirementsSpec:
    """The requirements of the brief's call, quoted."""

    call: str
    name: str = "requirements"

    def told(self, brief: Brief, _facts: FactBase, /) -> str:
        """The question; the call itself stands beside it, fenced."""
        parts = ", ".join(part.id for part in PROPOSAL.parts)
        return asked(
            f"List what the grant call asks of a proposal, at most {MOST} requirements, each as an"
            ' object. "quote" is copied from the call word for word (at most 40 words); "kind" is'
            f' one of {", ".join(KINDS)}; "part" is the section that answers it, one of {parts}, or'
            ' empty when none does; "words", "characters" and "pages" are the limits that the call'
            " sets for it, or 0.",
            EXAMPLE,
            brief,
        )

    def read(self, parsed: object, _facts: FactBase = NOTHING_KNOWN, /) -> tuple[Requirement, ...]:
        """See `Spec.read`. What is not in the call was not asked for, and is left out."""
        mistakes = Mistakes()
        found = [self._requirement(row) for row in rows(parsed, self.name, mistakes, most=MOST)]
        mistakes.raise_any()
        quoted = tuple(r for r in found if _plain(r.quote) and _plain(r.quote) in _plain(self.call))
        if not quoted:
            mistakes.add(self.name, 'no "quote" stands in the call word for word')
        mistakes.raise_any()
        return tuple({_plain(r.quote): r for r in quoted}.values())

    def default(self, brief: Brief, _facts: FactBase, /) -> tuple[Requirement, ...]:
        """The sentences of the call that ask for something."""
        return found_by_words(self.call, brief.language)

    def _requirement(self, row: Row) -> Requirement:
        known = {part.id for part in PROPOSAL.parts}
        part = row.text("part", 30, least=0)
        return Requirement(
            quote=row.text("quote", LONGEST_QUOTE),
            kind=row.choice("kind", KINDS, absent="other"),
            part=part if part in known else "",
            words=row.whole("words", 0, 50_000, absent=0),
            characters=row.whole("characters", 0, 300_000, absent=0),
            pages=row.whole("pages", 0, 200, absent=0),
        )


def found_by_words(call: str, language: str) -> tuple[Requirement, ...]:
    """The requirements of *call* that its words give away, without a model."""
    return tuple(
        Requirement(
            quote=plain(each.text, LONGEST_QUOTE),
            kind="section" if each.most_words or each.most_characters else "other",
            part=each.section,
            words=each.most_words,
            characters=each.most_characters,
        )
        for each in requirements(call, language)[:MOST]
    )


def outline_for(
    outline: Outline, asked_for: Sequence[Requirement], fences: Fences
) -> tuple[Outline, tuple[Requirement, ...]]:
    """*outline* as the call wants it, and what is *asked_for* with the parts that answer them now."""
    if not asked_for:
        return outline, ()
    answered = [_answered(requirement, outline) for requirement in asked_for]
    own: list[Part] = []
    for place, requirement in enumerate(answered):
        if requirement.kind == "section" and not requirement.part and len(own) < MOST_OWN_PARTS:
            part = _own_part(requirement, len(own) + 1, fences)
            own.append(part)
            answered[place] = replace(requirement, part=part.id)
    parts = [_within(part, answered) for part in outline.parts]
    before_conclusion = next(
        (place for place, part in enumerate(parts) if part.id == "conclusion"), len(parts)
    )
    own = [_within(part, answered) for part in own]
    parts = [*parts[:before_conclusion], *own, *parts[before_conclusion:]]
    last = next((place for place, part in enumerate(parts) if part.id == "ai_use"), len(parts))
    compliance = Part(id=COMPLIANCE, figures=(COMPLIANCE,))
    return outline.with_parts((*parts[:last], compliance, *parts[last:])), tuple(answered)


def _answered(requirement: Requirement, outline: Outline) -> Requirement:
    """*requirement* with a part, where its words name one; who may apply is answered by no text."""
    if requirement.part and outline.part(requirement.part):
        return requirement
    part = "" if requirement.kind in ("eligibility", "deadline") else section_for(requirement.quote)
    return replace(requirement, part=part if part and outline.part(part) else "")


def _own_part(requirement: Requirement, number: int, fences: Fences) -> Part:
    title = said(plain(requirement.quote, LONGEST_TITLE)).rstrip(".:;, ")
    return Part(
        id=f"call_{number}",
        title=title,
        words=OWN_PART_WORDS,
        facts=("name", "mission", "product", "people", "place", "goal.", "team.", "schedule."),
        topics=("need",),
        ask=(
            "What the grant call asks for, in its own words:\n"
            f"{fences.around('call', said(requirement.quote))}\n"
            "Answer it from the facts and sources alone; say what the founder still has to add."
        ),
    )


def _within(part: Part, asked_for: Iterable[Requirement]) -> Part:
    """*part* no longer than the call allows."""
    allowed = [
        limit
        for requirement in asked_for
        if requirement.part == part.id and requirement.kind in ("section", "budget")
        for limit in (
            requirement.words,
            requirement.characters // 7,
            requirement.pages * WORDS_A_PAGE,
        )
        if limit > 0
    ]
    if not allowed or not part.is_written:
        return part
    most = max(20, min(allowed))
    least, usual = part.words
    return replace(part, words=(min(least, most // 2), min(usual, most)))


def table(
    sheet: Sheet, asked_for: Sequence[Requirement], sections: Sequence[Section]
) -> tuple[Block, ...]:
    """The ledger of requirements: where each is answered, its limit, and how long the answer is."""
    words, by_id = sheet.words, {section.id: section for section in sections}
    lines = []
    for requirement in asked_for:
        section = by_id.get(requirement.part)
        where, length = words("outline.value_missing"), ""
        if section is not None:
            where = section.title
            length = words(
                "outline.words_and_characters",
                words=count_words(section.text),
                characters=len(section.text),
            )
        lines.append((said(requirement.quote), where, _limit(sheet, requirement), length))
    titles = ("requirement", "where", "limit", "length")
    shares = (3.4, 1.8, 1.2, 1.4)
    columns = tuple(
        Column(words(f"outline.column_{title}"), share=share)
        for title, share in zip(titles, shares, strict=True)
    )
    return (Table(words("outline.section_compliance"), columns, tuple(lines)),)


def _limit(sheet: Sheet, requirement: Requirement) -> str:
    limits = {
        "words": requirement.words,
        "characters": requirement.characters,
        "pages": requirement.pages,
    }
    told = (sheet.words(f"outline.limit_{u}", count=n) for u, n in limits.items() if n)
    return ", ".join(told)


def _plain(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())
