"""Three years of finances: every month's cash in three scenarios, and what follows from it. Pure."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from planning.brief import Brief
from planning.content import Block
from planning.facts import Fact, FactBase, Question
from planning.figures.spec import Spec

Scenario = Literal["low", "base", "high"]
Source = Literal["founder", "source", "assumption"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumption:
    """A driver of the forecast. *value* is None when nobody has said it: "data needed".

    *low* and *high* are the ends of its range, low <= value <= high; *basis* says why.
    """

    id: str
    value: Decimal | None
    low: Decimal | None
    high: Decimal | None
    unit: str
    origin: Source
    basis: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """Money in or out over 36 months; *months* is None when a driver of it is not known."""

    id: str
    label: str
    kind: Literal["income", "cost"]
    months: tuple[Decimal, ...] | None
    is_recurring: bool = True


@dataclass(frozen=True, slots=True)
class CashFlow:
    """One scenario. `opening[m] + income[m] - costs[m] == closing[m]` for each of the 36 months."""

    scenario: Scenario
    lines: tuple[Line, ...]
    opening: tuple[Decimal, ...]
    income: tuple[Decimal, ...]
    costs: tuple[Decimal, ...]
    closing: tuple[Decimal, ...]


@dataclass(frozen=True, slots=True)
class Forecast:
    """Three scenarios, with low <= base <= high for closing cash in every month.

    *missing* are the ids of the facts without which the measures can't be computed; with one of
    them missing each measure below is None.
    """

    assumptions: tuple[Assumption, ...]
    scenarios: tuple[CashFlow, CashFlow, CashFlow]
    missing: tuple[str, ...]
    break_even_month: int | None
    runway_months: int | None
    minimum_cash: Decimal | None
    minimum_cash_month: int | None
    funding_gap: Decimal | None
    reserve_months: tuple[Decimal, ...] | None
    largest_source: tuple[str, Decimal] | None  # its label and its share in percent


def compute(proposal: object, brief: Brief, base: FactBase) -> Forecast:
    raise NotImplementedError


def facts(forecast: Forecast, brief: Brief) -> tuple[Fact, ...]:
    raise NotImplementedError


def questions(forecast: Forecast, brief: Brief) -> tuple[Question, ...]:
    raise NotImplementedError


def blocks(forecast: Forecast, brief: Brief) -> tuple[Block, ...]:
    """Assumptions, year 1 by month, years 2 and 3 by quarter, the scenarios, and two charts."""
    raise NotImplementedError


SPEC: Spec[object]
