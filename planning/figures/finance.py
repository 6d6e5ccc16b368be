"""Three years of finances: every month's cash in three scenarios, and what follows from it. Pure.

The sums are exact: nothing is rounded between a price and a total, so that what is shown adds up.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from itertools import accumulate
from typing import Literal

from planning.brief import Brief
from planning.facts import FactBase
from planning.figures.assumptions import Assumption, Proposal, assumptions
from planning.figures.gathering import figure
from planning.figures.months import HORIZON, YEAR
from planning.wording import Words, words_in

Scenario = Literal["low", "base", "high"]
Kind = Literal["income", "cost"]
Months = tuple[Decimal, ...]  # an amount for each month of the plan

SCENARIOS: tuple[Scenario, Scenario, Scenario] = ("low", "base", "high")
OPPOSITE: Mapping[Scenario, Scenario] = {"low": "high", "base": "base", "high": "low"}
EXACT = Context(prec=60)
NOTHING = Decimal(0)
# Without these there are no costs to speak of, and nothing is computed from the rest.
ESSENTIAL = ("monthly_staff_costs", "monthly_other_costs", "launch_costs")
TENTH = Decimal("0.1")


@dataclass(frozen=True, slots=True)
class Line:
    """Money in or out over 36 months; *months* is None when what drives it is not known."""

    id: str
    label: str
    kind: Kind
    months: Months | None
    is_recurring: bool = True


@dataclass(frozen=True, slots=True)
class CashFlow:
    """One scenario. `opening[m] + income[m] - costs[m] == closing[m]` for each of the 36 months."""

    scenario: Scenario
    lines: tuple[Line, ...]
    opening: Months
    income: Months
    costs: Months
    closing: Months


@dataclass(frozen=True, slots=True)
class Uses:
    """What the funding sought is for; the parts are the whole. *uncovered* is what it does not reach."""

    sought: Decimal
    launch: Decimal
    running: Decimal
    reserve: Decimal
    uncovered: Decimal


@dataclass(frozen=True, slots=True)
class Measures:
    """What follows from the base scenario; months count from 1.

    *break_even_month* is None when income that comes again never covers the costs of a month,
    *runway_months* None when the cash lasts for the whole plan. *reserve_months* are those at the
    end of each year (None for a year without costs). *largest_source* is a label and its share of
    all income in percent.
    """

    break_even_month: int | None
    runway_months: int | None
    minimum_cash: Decimal
    minimum_cash_month: int
    funding_gap: Decimal
    reserve_months: tuple[Decimal | None, ...]
    largest_source: tuple[str, Decimal] | None
    uses: Uses | None


@dataclass(frozen=True, slots=True)
class Forecast:
    """Three scenarios (low, base, high), with low <= base <= high for closing cash in every month.

    *missing* are the ids of the facts without which costs are not known; then *measures* is None,
    and the totals are only of what is known.
    """

    assumptions: tuple[Assumption, ...]
    scenarios: tuple[CashFlow, CashFlow, CashFlow]
    missing: tuple[str, ...]
    measures: Measures | None

    @property
    def base(self) -> CashFlow:
        """The scenario that the others lie around."""
        return self.scenarios[1]


def compute(proposal: Proposal, brief: Brief, base: FactBase) -> Forecast:
    """The forecast from the founder's figures and, where there is none, from *proposal*.

    Money that has still to be raised is not counted as income: the gap is what it is for.
    """
    drivers = assumptions(proposal, brief, base)
    known = {driver.id: driver for driver in drivers if driver.value is not None}
    words = words_in(brief.language)
    with localcontext(EXACT):
        low, mid, high = (_cash_flow(scenario, known, drivers, words) for scenario in SCENARIOS)
        missing = tuple(
            name for name in ESSENTIAL if any(d.id == name and d.value is None for d in drivers)
        )
        sought = figure(brief, "funding_sought") or figure(brief, "grant_request")
        measures = None if missing else _measures(mid, known, sought)
    return Forecast(drivers, (low, mid, high), missing, measures)


def _cash_flow(
    scenario: Scenario,
    known: Mapping[str, Assumption],
    drivers: Sequence[Assumption],
    words: Words,
) -> CashFlow:
    lines = tuple(_lines(scenario, known, drivers, words))
    income = _total(line for line in lines if line.kind == "income")
    costs = _total(line for line in lines if line.kind == "cost")
    start = _end(known["opening_cash"], scenario)
    nets = (i - c for i, c in zip(income, costs, strict=True))
    balance = tuple(accumulate(nets, initial=start))
    return CashFlow(scenario, lines, balance[:-1], income, costs, balance[1:])


def _lines(
    scenario: Scenario,
    known: Mapping[str, Assumption],
    drivers: Sequence[Assumption],
    words: Words,
) -> Iterator[Line]:
    sold = _sold(scenario, known)
    price, unit_cost = known.get("price"), known.get("unit_cost")
    sales = _times(sold, _end(price, scenario)) if price else None
    yield Line("sales", words("figures.sales"), "income", sales)
    if donations := known.get("monthly_donations"):
        given = (_end(donations, scenario),) * HORIZON
        yield Line("donations", words("figures.donations"), "income", given)
    if grants := known.get("grants_secured"):
        yield Line(
            "grants", words("figures.grants"), "income", _once(_end(grants, scenario)), False
        )
    if sold and unit_cost and unit_cost.high:
        spent = _times(sold, _end(unit_cost, scenario))
        yield Line("unit_costs", words("figures.unit_costs"), "cost", spent)
    for driver in drivers:
        if driver.id.startswith(("monthly_staff", "staff.")):
            yield _cost("staff", driver, scenario, words)
        elif driver.id.startswith(("monthly_other", "other.")):
            yield _cost("other", driver, scenario, words)
    launch = known.get("launch_costs")
    spent_once = _once(_end(launch, scenario)) if launch else None
    yield Line("launch", words("figures.launch_costs"), "cost", spent_once, False)


def _cost(kind: str, driver: Assumption, scenario: Scenario, words: Words) -> Line:
    is_total = driver.id.startswith("monthly_")
    line_id, label = (kind, words(f"figures.{kind}")) if is_total else (driver.id, driver.label)
    if driver.value is None:
        return Line(line_id, label, "cost", None)
    before = (NOTHING,) * (driver.from_month - 1)
    return Line(
        line_id, label, "cost", before + (_end(driver, scenario),) * (HORIZON - len(before))
    )


def _sold(scenario: Scenario, known: Mapping[str, Assumption]) -> Months | None:
    """Units sold in each month; None when they are not known.

    If each unit loses money, the worst for the cash is to sell many: then the low scenario has the
    most units, and low <= base <= high holds all the same.
    """
    if not all(name in known for name in ("units_per_month", "price")):
        return None
    if "unit_cost" not in known:  # nothing is sold, or for nothing
        return (NOTHING,) * HORIZON
    margin = _end(known["price"], scenario) - _end(known["unit_cost"], scenario)
    many = scenario if margin >= 0 else OPPOSITE[scenario]
    level = _end(known["units_per_month"], many)
    growth = 1 + _end(known["monthly_growth"], many) / 100
    first = int(_end(known["first_sale_month"], many))
    step = _step(known["units_per_month"])
    months = [NOTHING] * (first - 1)
    while len(months) < HORIZON:
        months.append(level.quantize(step, ROUND_HALF_UP))
        level *= growth
    return tuple(months)


def _step(units: Assumption) -> Decimal:
    """Whole units, unless parts of one were given."""
    given = (units.value, units.low, units.high)
    return (
        Decimal(1)
        if all(v is None or v == v.to_integral_value() for v in given)
        else Decimal("0.01")
    )


def _end(driver: Assumption, scenario: Scenario) -> Decimal:
    """The end of a driver's range that *scenario* takes: for the low one, what leaves less cash."""
    side = OPPOSITE[scenario] if driver.is_cost else scenario
    value = {"low": driver.low, "base": driver.value, "high": driver.high}[side]
    return NOTHING if value is None else value


def _times(units: Months | None, each: Decimal) -> Months | None:
    return None if units is None else tuple(number * each for number in units)


def _once(amount: Decimal) -> Months:
    """All of it in the first month."""
    return (amount, *(NOTHING,) * (HORIZON - 1))


def _total(lines: Iterator[Line]) -> Months:
    known = [line.months for line in lines if line.months is not None]
    return (
        tuple(sum(month, NOTHING) for month in zip(*known, strict=True))
        if known
        else (NOTHING,) * HORIZON
    )


def _measures(flow: CashFlow, known: Mapping[str, Assumption], sought: Decimal | None) -> Measures:
    least = min(flow.closing)
    gap = max(-least, NOTHING)
    below = (month for month, cash in enumerate(flow.closing) if cash < 0)
    return Measures(
        break_even_month=_break_even(flow),
        runway_months=next(below, None),
        minimum_cash=least,
        minimum_cash_month=flow.closing.index(least) + 1,
        funding_gap=gap,
        reserve_months=tuple(_reserve(flow, year) for year in range(HORIZON // YEAR)),
        largest_source=_largest_source(flow),
        uses=_uses(sought, _end(known["launch_costs"], "base"), gap) if sought else None,
    )


def _break_even(flow: CashFlow) -> int | None:
    recurring = _total(line for line in flow.lines if line.kind == "income" and line.is_recurring)
    months = zip(recurring, flow.costs, strict=True)
    return next(
        (n for n, (came, went) in enumerate(months, start=1) if came >= went and came > 0), None
    )


def _reserve(flow: CashFlow, year: int) -> Decimal | None:
    """How many months of that year's costs the cash at its end would pay."""
    costs = sum(flow.costs[year * YEAR : (year + 1) * YEAR], NOTHING)
    if costs == 0:
        return None
    cash = max(flow.closing[(year + 1) * YEAR - 1], NOTHING)
    return (cash * YEAR / costs).quantize(TENTH, ROUND_HALF_UP)


def _largest_source(flow: CashFlow) -> tuple[str, Decimal] | None:
    sums = {
        line.label: sum(line.months or (), NOTHING) for line in flow.lines if line.kind == "income"
    }
    total = sum(sums.values(), NOTHING)
    if total == 0:
        return None
    label = max(sums, key=lambda source: sums[source])
    return label, (sums[label] * 100 / total).quantize(Decimal(1), ROUND_HALF_UP)


def _uses(sought: Decimal, launch: Decimal, gap: Decimal) -> Uses:
    covered = min(gap, sought)
    start = min(launch, covered)
    return Uses(sought, start, covered - start, sought - covered, gap - covered)
