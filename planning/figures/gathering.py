"""What the founder said, as facts, and what is missing, as questions: the beginning of every fact base. Pure."""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal

from planning.brief import FIGURES, Brief
from planning.facts import Fact, FactBase, Question, Value
from planning.figures.goals import Goal, goals_of
from planning.figures.plain import plain
from planning.figures.quantities import Quantity, quantities
from planning.showing import CURRENCY, Shown
from planning.wording import Words, words_in

MOST_MONEY = Decimal(10) ** 13
MOST_COUNTED = Decimal(10) ** 10  # more than there are people
SIZE = re.compile(r"size|population|number|count|reach|total|tam", re.IGNORECASE)
MOST_TEAM = 12
IN_THE_FOUNDERS_WORDS = "the founder's words"

# What each figure is needed for; the others are asked for by nobody.
NEEDED: Mapping[str, str] = {
    "opening_cash": "use_finance",
    "monthly_staff_costs": "use_finance",
    "monthly_other_costs": "use_finance",
    "launch_costs": "use_finance",
    "price": "use_income",
    "units_per_month": "use_income",
    "funding_sought": "use_funding",
    "grant_request": "use_budget",
    "beneficiaries_year1": "use_reach",
}


def facts_said(brief: Brief) -> FactBase:
    """The fact base of *brief* before anything is computed.

    Facts: `name`, `mission`, `product`, `people`, `place`, `country`, `start`; `goal.1` (its text),
    `goal.1.number`, `goal.1.by`, `goal.1.baseline`; `market.size`; each of `FIGURES` under its own
    name; `team.1`. A question has the id of the fact that would answer it.
    """
    words = words_in(brief.language)
    return FactBase().having(
        (
            *_texts(brief, words),
            *_goals(brief, words),
            *_market(brief, words),
            *_figures(brief, words),
        ),
        (*_asked(words), *_asked_of_goals(brief, words), *_asked_of_figures(brief, words)),
    )


def currency_of(brief: Brief) -> str:
    """The code of the currency of the brief; dollars for anything that is none."""
    return brief.currency if CURRENCY.fullmatch(brief.currency) else "USD"


def figure(brief: Brief, name: str) -> Decimal | None:
    """The founder's figure called *name*; None when it was not given or can't be meant."""
    value = brief.figures.get(name)
    if value is None or not value.is_finite() or value < 0:
        return None
    most = MOST_MONEY if FIGURES[name] == "money" else MOST_COUNTED
    return value.quantize(Decimal("0.01")).normalize() + 0 if value <= most else None


def place_of(brief: Brief) -> str:
    """Where the venture works, as the founder says it, or its country; empty when neither is known."""
    return plain(brief.idea.place, 80) or country_of(brief)


def country_of(brief: Brief) -> str:
    """The country's name in the language of the brief; empty for a code that is none."""
    return Shown(brief.language, brief.currency).country(brief.country)


def _said(fact_id: str, label: str, value: Value, unit: str = "", basis: str = "") -> Fact:
    return Fact(
        id=fact_id,
        label=label,
        value=value,
        unit=unit,
        origin="said",
        basis=basis or IN_THE_FOUNDERS_WORDS,
    )


def _texts(brief: Brief, words: Words) -> Iterator[Fact]:
    idea = brief.idea
    said = {
        "name": plain(idea.name, 80),
        "mission": plain(idea.mission, 500),
        "product": plain(idea.primary_product, 200),
        "people": plain(idea.people, 200),
        "place": plain(idea.place, 120),
        "country": country_of(brief),
    }
    for name, text in said.items():
        if any(c.isalnum() for c in text):
            yield _said(name, words(f"figures.fact_{name}"), text)
    yield _said("start", words("figures.fact_start"), brief.start)
    for number, member in enumerate(brief.team[:MOST_TEAM], start=1):
        role, name = plain(member.role, 60), plain(member.name, 60)
        if role:
            text = f"{role}: {name}" if name else words("figures.open_role", role=role)
            yield _said(f"team.{number}", words("figures.fact_team", number=number), text)


def _goals(brief: Brief, words: Words) -> Iterator[Fact]:
    for goal in goals_of(brief):
        fact_id, n = f"goal.{goal.id}", goal.id
        yield _said(fact_id, words("figures.fact_goal", number=n), goal.text)
        if goal.number is not None:
            label = words("figures.fact_goal_number", number=n)
            yield _said(f"{fact_id}.number", label, goal.number, goal.unit, goal.text)
        if goal.baseline is not None:
            label = words("figures.fact_goal_baseline", number=n)
            yield _said(f"{fact_id}.baseline", label, goal.baseline, goal.unit, goal.text)
        if goal.by_year is not None and not _has_passed(goal, brief):
            label = words("figures.fact_goal_by", number=n)
            yield _said(f"{fact_id}.by", label, goal.due(brief.start), basis=goal.text)


def _market(brief: Brief, words: Words) -> Iterator[Fact]:
    size = market_size(brief)
    if size is not None:
        unit = size.unit if words.is_spoken else ""
        yield _said("market.size", words("figures.fact_market_size"), size.value, unit)


def market_size(brief: Brief) -> Quantity | None:
    """How many people or customers the target market has, if the founder says so."""
    for key, value in brief.idea.target_market.items():
        if SIZE.search(str(key)) and isinstance(value, str | int | float) and value is not True:
            found = quantities(plain(str(value)), brief.language)
            counted = [q for q in found if 0 < q.value <= MOST_COUNTED and q.unit != "%"]
            if counted:
                return max(counted, key=lambda quantity: quantity.value)
    return None


def _figures(brief: Brief, words: Words) -> Iterator[Fact]:
    for name, kind in FIGURES.items():
        value = figure(brief, name)
        if value is not None:
            unit = currency_of(brief) if kind == "money" else kind
            yield _said(name, words(f"figures.{name}"), value, unit)


def _asked(words: Words) -> Iterator[Question]:
    uses = {
        "name": "use_title",
        "mission": "use_mission",
        "product": "use_product",
        "people": "use_people",
        "place": "use_place",
        "country": "use_place",
        "market.size": "use_market_size",
    }
    for fact_id, use in uses.items():
        what = words(f"figures.fact_{fact_id.replace('.', '_')}")
        yield Question(fact_id, words("figures.question", what=what, use=words(f"figures.{use}")))
    yield Question("goal.1", words("figures.question_goals"))
    yield Question("team.1", words("figures.question_team"))


def _asked_of_goals(brief: Brief, words: Words) -> Iterator[Question]:
    for goal in goals_of(brief):
        text = plain(goal.text, 90)
        if goal.number is None:
            yield Question(
                f"goal.{goal.id}.number", words("figures.question_goal_number", goal=text)
            )
        if goal.is_share and goal.baseline is None:
            yield Question(
                f"goal.{goal.id}.baseline", words("figures.question_goal_baseline", goal=text)
            )
        if _has_passed(goal, brief):
            yield Question(f"goal.{goal.id}.by", words("figures.question_goal_by", goal=text))


def _asked_of_figures(brief: Brief, words: Words) -> Iterator[Question]:
    for name, use in NEEDED.items():
        what = words(f"figures.{name}")
        yield Question(name, words("figures.question", what=what, use=words(f"figures.{use}")))
    for name, value in brief.figures.items():
        if name in FIGURES and figure(brief, name) is None:
            what, given = words(f"figures.{name}"), plain(str(value), 24)
            yield Question(name, words("figures.question_implausible", what=what, given=given))


def _has_passed(goal: Goal, brief: Brief) -> bool:
    return goal.by_year is not None and date(goal.by_year, 12, 31) <= brief.start
