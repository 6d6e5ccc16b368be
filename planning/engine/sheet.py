"""What the parts of one document are written from: the brief, the plan, the sources, and how things are shown."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from planning.checks import Structures
from planning.citations import without_addresses
from planning.content import Block, Reference
from planning.engine.commission import Commission
from planning.engine.fence import Fences, said
from planning.engine.outline import Outline, Part
from planning.facts import Fact
from planning.figures.plan import Plan
from planning.funders.funder import Funder
from planning.funders.grant import Grant
from planning.numerals import Numeral, numerals
from planning.research import Ledger
from planning.showing import Shown
from planning.wording import Words, words_in

MOST_FACTS = 24  # for one part: more only fill its context


@dataclass(frozen=True)
class Sheet:
    """See the module.

    *defaulted* are the names of the proposals that code had to make, *extra* the blocks that are
    made beside the plan's, *funders* and *grants* what a list has, and *is_draft* says that no model
    writes.
    """

    commission: Commission
    outline: Outline
    plan: Plan
    ledger: Ledger
    fences: Fences
    today: date
    defaulted: tuple[str, ...] = ()
    extra: Mapping[str, tuple[Block, ...]] = field(default_factory=dict)
    funders: tuple[Funder, ...] | None = None
    grants: tuple[Grant, ...] | None = None
    is_draft: bool = False

    @cached_property
    def words(self) -> Words:
        """The words that code writes, in the document's language."""
        return words_in(self.commission.brief.language)

    @cached_property
    def shown(self) -> Shown:
        """How figures look in the document's language and currency."""
        brief = self.commission.brief
        return Shown(brief.language, brief.currency)

    @cached_property
    def blocks(self) -> Mapping[str, tuple[Block, ...]]:
        """The tables and charts that the plan has, by the name of what they show."""
        return self.plan.blocks(self.commission.brief)

    @cached_property
    def structures(self) -> Structures:
        """The values that those tables are made of, for the checks."""
        plan = self.plan
        return Structures(
            finance=plan.forecast,
            schedule=plan.schedule,
            budget=plan.budget,
            indicators=plan.indicators,
            risks=plan.risks,
            served=plan.sdgs,
            raci=plan.raci,
            theory=plan.theory,
            funders=self.funders,
            grants=self.grants,
        )

    @cached_property
    def figures(self) -> Mapping[str, str]:
        """Every fact by its id, as prose has it: what the founder wrote is a text there, and no markup."""
        facts = self.plan.base.facts
        return {
            fact_id: said(without_addresses(shown))
            if isinstance(facts[fact_id].value, str)
            else shown
            for fact_id, shown in self.shown.all(self.plan.base).items()
        }

    @cached_property
    def numerals(self) -> tuple[Numeral, ...]:
        """The figures of the fact base, which need no source."""
        language = self.commission.brief.language
        return tuple(n for text in self.figures.values() for n in numerals(text, language))

    @property
    def names(self) -> tuple[str, ...]:
        """The names in the list that a source has."""
        funders = (each.name for each in self.funders or () if each.is_verified)
        return (*funders, *(each.title for each in self.grants or () if each.is_verified))

    def title(self, part: Part) -> str:
        """The heading of *part*."""
        return part.title or self.words(f"outline.section_{part.id}")

    def blocks_of(self, name: str) -> tuple[Block, ...]:
        """The tables and charts called *name*; `first_steps` is what of the schedule comes first."""
        if name in self.extra:
            return self.extra[name]
        # The schedule comes as a table, a chart, and the table of what is done first.
        if name == "schedule":
            return self.blocks["schedule"][:2]
        if name == "first_steps":
            return self.blocks["schedule"][2:]
        return self.blocks.get(name, ())

    def facts(self, part: Part) -> tuple[Fact, ...]:
        """What *part* is told: the facts whose ids begin as its outline says, in its order."""
        known = self.plan.base.facts.values()
        told = (fact for start in part.facts for fact in known if _begins(fact.id, start))
        sourced = (fact for fact in known if fact.origin == "sourced" and part.topics)
        return tuple(dict.fromkeys((*told, *sourced)))[:MOST_FACTS]

    def sources(self, part: Part) -> tuple[Reference, ...]:
        """What *part* may cite."""
        return self.ledger.about(*part.topics) if part.topics else ()


def _begins(fact_id: str, start: str) -> bool:
    return (
        fact_id.startswith(start)
        if start.endswith(".")
        else (fact_id == start or fact_id.startswith((f"{start}.", f"{start}_")))
    )
