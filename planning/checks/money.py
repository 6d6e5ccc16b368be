"""Checks of the money: sums that hold, scenarios in their order, and figures that fit to one another. Pure."""

from collections.abc import Iterator
from decimal import Decimal

from planning.checks.base import Hit, Subject, hit
from planning.figures.finance import CashFlow, Forecast
from planning.figures.months import HORIZON

MOST_FROM_ONE = 60  # percent of all income
LEAST_RESERVE = 3  # months
# Each of these figures is at most the next, where both are known.
RISING: tuple[tuple[str, str], ...] = (
    ("beneficiaries_year1", "beneficiaries_year3"),
    ("beneficiaries_year3", "market.size"),
    ("market.som", "market.sam"),
    ("market.sam", "market.tam"),
    ("market.size", "need.sp_pop_totl"),
    ("grants_secured", "market.tam"),
)


def finances_add_up(subject: Subject) -> Iterator[Hit]:
    """Every month opens with what the last one closed with, sums are sums, and a gap is told as large as it is."""
    forecast = subject.has.finance
    if forecast is None:
        return
    for flow in forecast.scenarios:
        month = _wrong_month(flow)
        if month:
            yield hit("finances", flow.scenario, month=month, scenario=flow.scenario)
    yield from _wrong_measures(forecast)


def scenarios_in_order(subject: Subject) -> Iterator[Hit]:
    """The low scenario is never above the base one, nor that above the high one; assumptions have ranges."""
    forecast = subject.has.finance
    if forecast is None:
        return
    low, base, high = forecast.scenarios
    for month in range(len(base.closing)):
        if not low.closing[month] <= base.closing[month] <= high.closing[month]:
            yield hit("finances", variant="order", month=month + 1)
            break
    for each in forecast.assumptions:
        if each.value is None:
            continue
        is_ranged = (
            each.low is not None and each.high is not None and each.low <= each.value <= each.high
        )
        if not is_ranged or not each.unit or each.origin not in ("founder", "source", "assumption"):
            yield hit("finances", each.label, label=each.label)


def money_lasts(subject: Subject) -> Iterator[Hit]:
    """A reserve of months is shown, and no single source pays for most of it."""
    measures = subject.has.finance.measures if subject.has.finance else None
    if measures is None:
        return
    reserves = [months for months in measures.reserve_months if months is not None]
    if reserves and reserves[-1] < LEAST_RESERVE:
        yield hit("finances", variant="reserve", months=round(reserves[-1], 1), least=LEAST_RESERVE)
    if measures.largest_source is not None and measures.largest_source[1] > MOST_FROM_ONE:
        label, share = measures.largest_source
        yield hit("finances", label, source=label, percent=round(share))


def figures_fit(subject: Subject) -> Iterator[Hit]:
    """Figures of different sections fit: people to need, revenue to market, funding to its use."""
    facts = subject.facts
    for smaller, larger in RISING:
        less, more = facts.number(smaller), facts.number(larger)
        if less is not None and more is not None and less > more:
            labels = {"smaller": facts.facts[smaller].label, "larger": facts.facts[larger].label}
            yield hit("", **labels, less=f"{less:,}", more=f"{more:,}")
    forecast = subject.has.finance
    if forecast is None:
        return
    reachable = facts.number("market.som")
    revenue = sum(forecast.base.income[-12:], Decimal(0))
    if reachable is not None and revenue > reachable:
        yield hit("finances", variant="revenue", less=f"{revenue:,.0f}", more=f"{reachable:,}")
    uses = forecast.measures.uses if forecast.measures else None
    if uses is not None:
        if uses.launch + uses.running + uses.reserve != uses.sought:
            yield hit("funding", variant="uses")
        launch = facts.number("launch_costs")
        if launch is not None and uses.launch > launch:
            yield hit("funding", variant="launch", less=f"{launch:,}", more=f"{uses.launch:,}")


def _wrong_month(flow: CashFlow) -> int:
    """The first month (from 1) whose sums do not hold; 0 when all do."""
    if len({len(flow.opening), len(flow.income), len(flow.costs), len(flow.closing), HORIZON}) > 1:
        return 1
    for month in range(HORIZON):
        income = sum(
            (line.months[month] for line in flow.lines if line.months and line.kind == "income"),
            Decimal(0),
        )
        costs = sum(
            (line.months[month] for line in flow.lines if line.months and line.kind == "cost"),
            Decimal(0),
        )
        balance = flow.opening[month] + flow.income[month] - flow.costs[month]
        before = flow.closing[month - 1] if month else flow.opening[0]
        if (income, costs, balance, before) != (
            flow.income[month],
            flow.costs[month],
            flow.closing[month],
            flow.opening[month],
        ):
            return month + 1
    return 0


def _wrong_measures(forecast: Forecast) -> Iterator[Hit]:
    measures, base = forecast.measures, forecast.base
    if measures is None:
        if not forecast.missing:
            yield hit("finances", variant="measures")
        return
    lowest = min(base.closing)
    gap = max(Decimal(0), -lowest)
    if measures.minimum_cash != lowest or measures.funding_gap != gap:
        yield hit("finances", variant="gap", gap=f"{gap:,.0f}")
    first = next((m + 1 for m, amount in enumerate(base.income) if amount > 0), None)
    if measures.break_even_month is not None and (
        first is None or measures.break_even_month < first
    ):
        yield hit("finances", variant="break_even", month=measures.break_even_month)
