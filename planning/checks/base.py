"""What a check looks at, what it finds, and how a finding is told. Pure."""

import functools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from planning.brief import Brief
from planning.citations import without_marks
from planning.content import Document, Prose, Section, Table
from planning.facts import FactBase
from planning.figures.budget import Budget
from planning.figures.finance import Forecast
from planning.figures.indicators import Indicator
from planning.figures.plan import Plan
from planning.figures.raci import Raci
from planning.figures.risks import Risk
from planning.figures.schedule import Schedule
from planning.figures.sdg import Served
from planning.figures.theory import Theory
from planning.funders.funder import Funder
from planning.funders.grant import Grant
from planning.language import terms
from planning.numerals import Numeral, is_among, numerals
from planning.sentences import split_sentences

Severity = Literal["error", "warning"]
Group = Literal["sources", "facts", "writing", "plan", "money", "funders", "speech"]

ALL_TYPES = frozenset({"roadmap", "business_plan", "investors", "grants", "proposal", "pitch"})
LONGEST_SENTENCE = 300  # characters of a sentence in a finding
SMALL = 12  # up to here a bare number is part of the language: "three steps", "2 trainers"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found: in which section, in which sentence, and what is wrong, for a founder."""

    check: str
    severity: Severity
    section: str
    sentence: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Structures:
    """The values that the tables of a document are made of; None or empty for what it does not have."""

    finance: Forecast | None = None
    schedule: Schedule | None = None
    budget: Budget | None = None
    indicators: tuple[Indicator, ...] | None = None
    risks: tuple[Risk, ...] | None = None
    served: tuple[Served, ...] | None = None
    raci: Raci | None = None
    theory: Theory | None = None
    funders: tuple[Funder, ...] | None = None
    grants: tuple[Grant, ...] | None = None

    @classmethod
    def of(cls, plan: Plan) -> "Structures":
        """Those of a plan, without lists of funders and grants."""
        return cls(
            finance=plan.forecast,
            schedule=plan.schedule,
            budget=plan.budget,
            indicators=plan.indicators,
            risks=plan.risks,
            served=plan.sdgs,
            raci=plan.raci,
            theory=plan.theory,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a document of its type has to be. *lengths* are the least and the most words by section.

    *cut* are the sections whose last answer a provider cut off, *fences* the words that must never
    leave a prompt, *seconds* how long a pitch is to last and *measured_s* how long its audio does.
    *most_characters* are a funder's limits by section.
    """

    sections: tuple[str, ...] = ()
    lengths: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    most_characters: Mapping[str, int] = field(default_factory=dict)
    cut: frozenset[str] = frozenset()
    fences: tuple[str, ...] = ()
    seconds: float = 60.0
    measured_s: float | None = None


NOTHING_STRUCTURED = Structures()
NOTHING_EXPECTED = Expected()


@dataclass(frozen=True, slots=True)
class Hit:
    """What a check has found, before it is told: *variant* picks its words, *values* fill them.

    *severity* stands for another one than the check's own.
    """

    section: str
    sentence: str = ""
    variant: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    severity: Severity | None = None


def hit(section: str, sentence: str = "", variant: str = "", **values: Any) -> Hit:
    """A hit in one line."""
    return Hit(section, sentence, variant, values)


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A document, and all that its checks compare it with. What several checks need is worked out once."""

    document: Document
    facts: FactBase
    brief: Brief
    has: Structures = NOTHING_STRUCTURED
    expected: Expected = NOTHING_EXPECTED

    @property
    def language(self) -> str:
        """The document's language."""
        return self.document.language

    @functools.cached_property
    def written(self) -> tuple[Section, ...]:
        """The sections with prose that a model wrote: those of code and of the founder are their own source."""
        return tuple(s for s in self.document.sections if s.author in ("model", "embedded"))

    @functools.cached_property
    def _sentences(self) -> Mapping[str, tuple[str, ...]]:
        return {
            section.id: tuple(sentences(section.text, self.language))
            for section in self.document.sections
        }

    @functools.cached_property
    def _figures(self) -> dict[str, tuple[Numeral, ...]]:
        return {}

    def sentences(self, section: Section) -> tuple[str, ...]:
        """The sentences of a section's prose, without markup, headings and tables."""
        return self._sentences[section.id]

    @functools.cached_property
    def all_sentences(self) -> tuple[tuple[Section, str], ...]:
        """Every sentence that a model wrote, with its section."""
        return tuple((s, sentence) for s in self.written for sentence in self.sentences(s))

    @functools.cached_property
    def text(self) -> str:
        """All that can be read in the document: headings, prose and tables."""
        parts: list[str] = [self.document.title, self.document.subtitle]
        for section in self.document.sections:
            parts += [section.title, *texts_of(section)]
        return "\n".join(parts)

    @functools.cached_property
    def terms(self) -> frozenset[str]:
        """The stems of all words in the document."""
        return frozenset(terms(self.text, self.language))

    @functools.cached_property
    def known(self) -> tuple[Decimal, ...]:
        """Every figure that the fact base and the founder's own words have."""
        found: list[Decimal] = []
        for fact in self.facts.facts.values():
            if isinstance(fact.value, Decimal):
                found += [fact.value, abs(fact.value)]
            elif isinstance(fact.value, date):
                found += [Decimal(fact.value.year), Decimal(fact.value.day)]
            else:
                found += [v for n in numerals(fact.value) for v in n.values]
        found += [v for n in numerals(self.said) for v in n.values]
        found += [Decimal(self.brief.start.year), Decimal(self.brief.start.day)]
        return tuple(dict.fromkeys(found))

    @functools.cached_property
    def said(self) -> str:
        """All that the founder wrote."""
        idea = self.brief.idea
        team = [f"{member.role} {member.name}" for member in self.brief.team]
        return "\n".join([idea.told(), *team, self.brief.call])

    def figures(self, sentence: str) -> tuple[Numeral, ...]:
        """The figures of *sentence* that have to come from somewhere: no small bare numbers."""
        if sentence not in self._figures:
            found = numerals(sentence, self.language)
            self._figures[sentence] = tuple(numeral for numeral in found if is_telling(numeral))
        return self._figures[sentence]

    def strangers(self, sentence: str) -> tuple[Numeral, ...]:
        """Those of them that are in no fact."""
        return tuple(n for n in self.figures(sentence) if not is_among(n, self.known))

    def is_named(self, name: str) -> bool:
        """Whether the founder or a source has that name."""
        folded = name.casefold()
        told = (f"{r.title} {r.snippet}".casefold() for r in self.document.references)
        return folded in self.said.casefold() or any(folded in text for text in told)

    def section(self, *ids: str) -> Section | None:
        """The first section with one of *ids*."""
        return next((s for s in self.document.sections if s.id in ids), None)


Find = Callable[[Subject], Iterable[Hit]]


@dataclass(frozen=True, slots=True)
class Check:
    """One check: its number, how severe a hit is, where it counts, which documents it is for.

    What it looks for is the first line of its function's docstring. It has words of its own, or those
    of the check that *told_as* names.
    """

    id: str
    severity: Severity
    group: Group
    types: frozenset[str]
    find: Find
    told_as: str = ""

    @property
    def about(self) -> str:
        """What it looks for, in one English sentence."""
        return (self.find.__doc__ or "").strip().splitlines()[0]


def is_telling(numeral: Numeral) -> bool:
    """Whether a number says something that has to come from somewhere."""
    if numeral.is_percent or numeral.currency or numeral.is_rounded:
        return True
    return numeral.value > SMALL or numeral.value != numeral.value.to_integral_value()


def texts_of(section: Section) -> Iterator[str]:
    """What can be read in a section: prose, and the cells and captions of its tables and charts."""
    for block in section.blocks:
        if isinstance(block, Prose):
            yield block.markdown
        elif isinstance(block, Table):
            yield block.caption
            yield from (" ".join(row) for row in block.rows)
            yield block.note


def sentences(markdown: str, language: str) -> Iterator[str]:
    """The sentences of *markdown*, without markup; headings, tables and code are none."""
    for line in markdown.splitlines():
        if not re.match(r"\s*(?:#{1,6}\s|\||```|~~~|[-*_]{3,}\s*$)", line):
            yield from split_sentences(bare(line), language)


def bare(line: str) -> str:
    """A line of Markdown without its list mark and emphasis."""
    line = re.sub(r"^\s*(?:>\s*)*(?:[-*+]|\d{1,2}[.)])?\s+|^\s*>\s*", "", f" {line}")
    line = re.sub(r"(\*\*|__|\*|_|`)(?=\S)(.+?)(?<=\S)\1", r"\2", line)
    return re.sub(r"\\([\\`*_\[\]<>|#])", r"\1", line).strip()


def words_in_prose(section: Section, language: str) -> str:
    """A section's prose as words, without markup and marks."""
    return without_marks(" ".join(sentences(section.text, language)))
