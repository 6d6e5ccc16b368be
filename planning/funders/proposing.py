"""What a model is asked for when it lists funders or grants, and how little of its answer is believed. Pure.

A name without a source that names it is an idea to verify, and an amount or a date that its source does
not state is not known.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import get_args

from planning.brief import Brief
from planning.citations import stands
from planning.content import Reference
from planning.facts import FactBase
from planning.figures.reading import Mistakes, Row, rows
from planning.figures.spec import NOTHING_KNOWN, asked
from planning.funders.fit import EVERYWHERE, Instrument, Verdict
from planning.funders.funder import CATEGORIES, Funder, is_named, read_on, verified
from planning.funders.grant import Eligibility, Grant, effort
from planning.numerals import numerals

MOST = 12
MOST_MONEY = Decimal(10) ** 12
INSTRUMENTS: tuple[Instrument, ...] = get_args(Instrument)
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)

FUNDER_EXAMPLE = [
    {
        "name": "Example Foundation",
        "category": "foundation",
        "instrument": "grant",
        "why": "It funds girls' education in East Africa, which is the founder's first goal",
        "fact": "goal.1",
        "countries": ["KE", "UG"],
        "place": "East Africa",
        "smallest": 10000,
        "largest": 50000,
        "currency": "USD",
        "approach": "A letter of two pages through its form",
        "source": "S2",
    }
]
GRANT_EXAMPLE = [
    {
        "title": "Community Water Fund 2027",
        "funder": "Example Foundation",
        "who_may_apply": "Registered non-profits in Kenya",
        "may_apply": "unknown",
        "countries": ["KE"],
        "place": "Kenya",
        "smallest": 5000,
        "largest": 20000,
        "currency": "USD",
        "deadline": "2027-03-31",
        "rolling": "no",
        "source": "S1",
    }
]


@dataclass(frozen=True, slots=True)
class FunderSpec:
    """Funders, proposed; *references* are the sources that the model is told."""

    references: tuple[Reference, ...] = ()
    name: str = "funders"

    def told(self, brief: Brief, facts: FactBase, /) -> str:
        """See `Spec.told`."""
        ids = ", ".join(list(facts.facts)[:20])
        return asked(
            f"List 6 to {MOST} funders that this venture could approach, of at least three categories with two"
            f' names each. "category" is one of {", ".join(CATEGORIES)}; "instrument" one of'
            f' {", ".join(INSTRUMENTS)}. "why" names what of this venture makes it fit, and "fact" is the id of'
            f' that fact: one of {ids}. "countries" are codes of two letters, or "*" for everywhere. "source" is'
            " the mark of the search result that names this funder; leave it empty if none does. Give an amount"
            " only if that search result states it, otherwise null. Name only organisations that exist.",
            FUNDER_EXAMPLE,
            brief,
        )

    def read(self, parsed: object, facts: FactBase = NOTHING_KNOWN, /) -> tuple[Funder, ...]:
        """See `Spec.read`. Raises `Unusable` when there are no objects with names."""
        mistakes = Mistakes()
        found = [
            _funder(row, facts, self.references)
            for row in rows(parsed, self.name, mistakes, least=1, most=2 * MOST)
        ]
        mistakes.raise_any()
        return tuple(found)

    def default(self, _brief: Brief, _facts: FactBase, /) -> tuple[Funder, ...]:
        """Nobody: a name is never made up."""
        return ()


@dataclass(frozen=True, slots=True)
class GrantSpec:
    """Grants, proposed; *references* are the sources that the model is told."""

    references: tuple[Reference, ...] = ()
    name: str = "grants"

    def told(self, brief: Brief, _facts: FactBase, /) -> str:
        """See `Spec.told`."""
        return asked(
            f"List up to {MOST} grants or calls for proposals that the search results name and that this venture"
            ' could apply for. "who_may_apply" repeats what the result says about applicants, empty if it says'
            ' nothing; "may_apply" is yes, no or unknown. "countries" are codes of two letters, or "*" for'
            ' everywhere. "source" is the mark of the search result. Give an amount or a date ("deadline", as'
            ' YYYY-MM-DD) only if that result states it, otherwise null; "rolling" is yes only if it says so.',
            GRANT_EXAMPLE,
            brief,
        )

    def read(self, parsed: object, _facts: FactBase = NOTHING_KNOWN, /) -> tuple[Grant, ...]:
        """See `Spec.read`. Raises `Unusable` when there are no objects with titles."""
        mistakes = Mistakes()
        found = [
            _grant(row, self.references)
            for row in rows(parsed, self.name, mistakes, least=1, most=2 * MOST)
        ]
        mistakes.raise_any()
        return tuple(found)

    def default(self, _brief: Brief, _facts: FactBase, /) -> tuple[Grant, ...]:
        """None: a call is never made up."""
        return ()


def _funder(row: Row, facts: FactBase, references: Sequence[Reference]) -> Funder:
    fact = row.text("fact", 60, least=0)
    if fact not in facts.facts:
        # Models name one that there is not; what the venture is fits at least.
        fact = next((known for known in ("mission", "product", "name") if known in facts.facts), "")
    funder = Funder(
        name=row.text("name", 120),
        category=row.choice("category", CATEGORIES, absent="other"),
        instrument=row.choice("instrument", INSTRUMENTS, absent="unknown"),
        why=row.text("why", 300),
        fact=fact,
        countries=_countries(row),
        place=row.text("place", 80, least=0),
        approach=row.text("approach", 300, least=0),
        mark=_mark(row, references),
        currency=_currency(row),
    )
    funder = verified(funder, references)
    source = _source(funder.mark, references)
    return replace(
        funder, floor=_amount(row, "smallest", source), ceiling=_amount(row, "largest", source)
    )


def _grant(row: Row, references: Sequence[Reference]) -> Grant:
    title, funder = row.text("title", 160), row.text("funder", 120, least=0)
    source = _source(_mark(row, references), references)
    if source and not (is_named(title, source) or (funder and is_named(funder, source))):
        source = None
    says = row.text("who_may_apply", 300, least=0) if source else ""
    verdict: Verdict = "unknown"
    if says:
        verdict = row.choice("may_apply", VERDICTS, absent="unknown")
    ceiling = _amount(row, "largest", source)
    deadline = _deadline(row, source)
    return Grant(
        title=title,
        funder=funder,
        eligibility=Eligibility(verdict, says),
        place=row.text("place", 80, least=0),
        status="unknown" if deadline is None else "open",
        floor=_amount(row, "smallest", source),
        ceiling=ceiling,
        currency=_currency(row),
        deadline=deadline,
        is_rolling=bool(source)
        and deadline is None
        and row.text("rolling", 5, least=0).casefold() == "yes",
        countries=_countries(row),
        hours=effort(ceiling, ()),
        summary=source.snippet if source else "",
        mark=source.mark if source else "",
        url=source.url if source else "",
        fetched_on=read_on(source) if source else None,
    )


def _mark(row: Row, references: Sequence[Reference]) -> str:
    said = re.search(r"\d{1,3}", row.text("source", 12, least=0))
    mark = f"S{int(said[0])}" if said else ""
    return mark if any(each.mark == mark for each in references) else ""


def _source(mark: str, references: Sequence[Reference]) -> Reference | None:
    return next((each for each in references if mark and each.mark == mark), None)


def _countries(row: Row) -> frozenset[str]:
    named = (name.upper() for name in row.names("countries"))
    return frozenset(name for name in named if name == EVERYWHERE or re.fullmatch("[A-Z]{2}", name))


def _currency(row: Row) -> str:
    code = row.text("currency", 8, least=0).upper()
    return code if re.fullmatch("[A-Z]{3}", code) else ""


def _amount(row: Row, key: str, source: Reference | None) -> Decimal | None:
    """An amount that *source* states; None for any other."""
    if source is None or row.values.get(key) in (None, "", 0, "unknown", "null"):
        return None
    amount = row.number(key, 0, MOST_MONEY)
    stated = [numeral for numeral in numerals(f"{amount:f}") if stands(numeral, source)]
    return amount if stated and amount > 0 else None


def _deadline(row: Row, source: Reference | None) -> date | None:
    """A date whose year and day *source* states; None for any other."""
    try:
        day = date.fromisoformat(row.text("deadline", 10, least=0))
    except ValueError:
        return None
    if source is None:
        return None
    text = f"{source.title} {source.snippet}"
    figures = set(re.findall(r"\d+", text))
    is_stated = str(day.year) in figures and {str(day.day), f"{day.day:02}"} & figures
    return day if is_stated else None
