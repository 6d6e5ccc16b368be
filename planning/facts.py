"""The fact base of one idea: every figure its documents may state, where it comes from, and what is missing. Pure.

Prose does not contain figures of its own: it says `{{fact:beneficiaries.year1}}`, and code puts the
figure there, so that it is the same everywhere.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal

Origin = Literal["said", "sourced", "computed", "assumed"]
Value = Decimal | date | str

SLOT = re.compile(r"\{\{\s*fact:\s*([a-z0-9_.]+)\s*\}\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One thing that is known or assumed.

    *unit* is an ISO 4217 code for money, `%` for a share in percent, `months`, `people` or another
    plural noun; empty for a date or a text. *basis* says where it comes from: the founder's own
    words, the mark of a source (`S3`), the formula, or why it is assumed. An assumption has a range
    from *low* to *high*.
    """

    id: str
    label: str
    value: Value
    unit: str = ""
    origin: Origin
    basis: str = ""
    low: Decimal | None = None
    high: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """Something that only the founder can say, and what it is needed for."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class FactBase:
    """Facts by id, in the order in which they came, and what is missing."""

    facts: Mapping[str, Fact] = field(default_factory=dict)
    questions: tuple[Question, ...] = ()

    def having(self, facts: Iterable[Fact] = (), questions: Iterable[Question] = ()) -> "FactBase":
        """The same with *facts* and *questions* added.

        What the founder said is never replaced by anything else. Raises `ValueError` for an id that
        is known already with another value of the same origin.
        """
        known = dict(self.facts)
        for fact in facts:
            before = known.get(fact.id)
            if before is None:
                known[fact.id] = fact
            elif before.origin == fact.origin and before.value != fact.value:
                raise ValueError(f"two values for {fact.id}: {before.value} and {fact.value}")
            elif before.origin != "said":
                known[fact.id] = fact
        asked = {question.id: question for question in (*self.questions, *questions)}
        return FactBase(known, tuple(q for q in asked.values() if q.id not in known))

    def number(self, fact_id: str) -> Decimal | None:
        """The value of a numeric fact; None when it is not known or no number."""
        fact = self.facts.get(fact_id)
        return fact.value if fact is not None and isinstance(fact.value, Decimal) else None


def slots(text: str) -> tuple[str, ...]:
    """The ids of the facts that *text* asks for, in order."""
    return tuple(SLOT.findall(text))


def filled(text: str, shown: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    """*text* with every slot replaced by what *shown* has for its fact, and the ids that it lacks.

    A slot whose fact is not known stays as it is, for a check to find.
    """
    missing = tuple(fact_id for fact_id in slots(text) if fact_id not in shown)
    return SLOT.sub(lambda slot: shown.get(slot[1], slot[0]), text), missing
