"""The theory of change: inputs, activities, outputs, outcomes, impact, and what each link assumes. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from planning.brief import Brief
from planning.content import Block, Column, Table
from planning.facts import FactBase
from planning.figures.gathering import figure
from planning.figures.goals import goals_of
from planning.figures.plain import plain
from planning.figures.reading import Mistakes, rows
from planning.figures.roles import roles_of
from planning.figures.spec import NOTHING_KNOWN, Spec, asked
from planning.showing import Shown
from planning.wording import words_in

Term = Literal["short", "medium", "long"]

TERMS: tuple[Term, ...] = ("short", "medium", "long")
FEWEST, MOST = 3, 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One way from an activity to an outcome, and what has to hold for it."""

    activity: str
    output: str
    outcome: str
    term: Term
    assumption: str


@dataclass(frozen=True, slots=True)
class Theory:
    """No orphans: each activity, output and outcome stands in a link; all lead to *impact*."""

    inputs: tuple[str, ...]
    links: tuple[Link, ...]
    impact: str


def compute(links: Sequence[Link], brief: Brief) -> Theory:
    """The theory with what the founder has (team, money) at its beginning and the mission at its end."""
    words, shown = words_in(brief.language), Shown(brief.language, brief.currency)
    team, cash = roles_of(brief).team, figure(brief, "opening_cash")
    inputs = (
        words("figures.input_team", roles=words("figures.comma").join(team))
        if team
        else words("figures.input_team_unknown"),
        words("figures.input_money", amount=shown.money(cash))
        if cash is not None
        else words("figures.input_money_unknown"),
    )
    by_term = sorted(links, key=lambda link: TERMS.index(link.term))
    return Theory(
        inputs, tuple(by_term), plain(brief.idea.mission, 200) or words("figures.mission_unknown")
    )


def blocks(theory: Theory, brief: Brief) -> tuple[Block, ...]:
    """The chains as a table, with inputs and impact below."""
    words = words_in(brief.language)
    shares = {"activity": 1.6, "output": 1.8, "outcome": 1.8, "term": 0.7, "link_assumption": 2}
    note = words(
        "figures.note_theory",
        inputs=words("figures.comma").join(theory.inputs),
        impact=theory.impact,
    )
    return (
        Table(
            caption=words("figures.theory"),
            columns=tuple(Column(words(f"figures.{name}"), share=s) for name, s in shares.items()),
            rows=tuple(
                (
                    link.activity,
                    link.output,
                    link.outcome,
                    words(f"figures.term_{link.term}"),
                    link.assumption,
                )
                for link in theory.links
            ),
            note=note,
        ),
    )


# ---- what a model proposes, and what stands without one

EXAMPLE = [
    {
        "activity": "Evening courses",
        "output": "200 women finish a course",
        "outcome": "They keep accounts of their business",
        "term": "medium",
        "assumption": "Courses fit beside the harvest",
    }
]


@dataclass(frozen=True, slots=True)
class TheorySpec:
    """Links, proposed."""

    name: str = "theory"

    def told(self, brief: Brief, _facts: FactBase, /) -> str:
        """The question."""
        return asked(
            'Propose the theory of change, as a list of 4 to 8 objects. "activity" is what the'
            ' venture does, "output" what can be counted right afterwards (use only numbers that'
            ' the founder gives), "outcome" what changes for people, "term" is short, medium or long'
            ' (use all three), "assumption" is what has to be true for output to become outcome.',
            EXAMPLE,
            brief,
        )

    def read(self, parsed: object, _facts: FactBase = NOTHING_KNOWN, /) -> tuple[Link, ...]:
        """Raises `Unusable` when a term is missing altogether."""
        mistakes = Mistakes()
        links = tuple(
            Link(
                activity=row.text("activity", 100),
                output=row.text("output", 140),
                outcome=row.text("outcome", 140),
                term=row.choice("term", TERMS),
                assumption=row.text("assumption", 160),
            )
            for row in rows(parsed, self.name, mistakes, least=FEWEST, most=MOST)
        )
        for term in TERMS:
            if term not in {link.term for link in links}:
                mistakes.add(self.name, f"no outcome is of {term} term")
        mistakes.raise_any()
        return links

    def default(self, brief: Brief, _facts: FactBase, /) -> tuple[Link, ...]:
        """The founder's counted goals as outputs, the goals in percent as outcomes.

        What the founder has not said is a place to fill, not an invention.
        """
        return tuple(_links(brief))


def _links(brief: Brief) -> Iterator[Link]:
    words, idea = words_in(brief.language), brief.idea
    people = plain(idea.people, 80) or words("figures.people_unknown")
    activity = plain(idea.primary_product, 100) or words("figures.product_unknown")
    goals = goals_of(brief)
    outputs = [plain(g.text, 140) for g in goals if not g.is_share][:4]
    outputs = outputs or [words("figures.output_unknown")]
    changes = [plain(g.text, 140) for g in goals if g.is_share][:3]

    def link(output: str, outcome: str, term: Term) -> Link:
        return Link(
            activity=activity,
            output=output,
            outcome=outcome,
            term=term,
            assumption=words(f"figures.assumes_{term}"),
        )

    for output in outputs:
        yield link(output, words("figures.outcome_short", people=people), "short")
    for change in changes or [words("figures.outcome_medium", people=people)]:
        yield link(outputs[0], change, "medium")
    yield link(outputs[0], words("figures.outcome_long", people=people), "long")


SPEC: Spec[tuple[Link, ...]] = TheorySpec()
