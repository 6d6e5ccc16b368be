"""Three years of cash: sums, scenarios, measures, and honesty where figures are missing."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planning.brief import Brief
from planning.content import Chart, Table
from planning.facts import Fact, FactBase
from planning.figures.assumptions import SPEC, Driver, Post, Proposal, RunningCost
from planning.figures.finance import Forecast, compute
from planning.figures.finance_tables import blocks, facts, questions
from planning.figures.gathering import facts_said
from planning.figures.months import HORIZON
from planning.figures.quantities import number_in
from planning.figures.spec import Unusable
from planning.wording import LANGUAGES
from tests.planning.briefs import NAMES, golden
from tests.planning.trying import some

NOBODY = golden("almost_nothing")
money = st.decimals(0, 10**7, places=2)
names = st.sampled_from(["Rent", "Transport", "Insurance"])
FIGURES = (
    "opening_cash",
    "launch_costs",
    "monthly_staff_costs",
    "monthly_other_costs",
    "price",
    "monthly_donations",
    "grants_secured",
    "funding_sought",
)


@st.composite
def drivers(draw: st.DrawFn, name: str, most: int, places: int = 2) -> Driver:
    """A proposed value inside its range."""
    low, value, high = sorted(draw(st.decimals(0, most, places=places)) for _ in range(3))
    return Driver(name, value, low, high, "")


@st.composite
def proposals(draw: st.DrawFn) -> Proposal:
    """Everything that a model may propose; units may cost more than they bring."""
    chosen = [
        drivers("price", 1000),
        drivers("units_per_month", 5000, 0),
        drivers("unit_cost", 1000),
        drivers("monthly_growth", 10, 1),
        drivers("launch_costs", 10**6),
    ]
    found = [draw(driver) for driver in chosen if draw(st.booleans())]
    months = sorted(draw(st.integers(1, HORIZON)) for _ in range(3))
    if draw(st.booleans()):
        early, usual, late = map(Decimal, months)
        found.append(Driver("first_sale_month", usual, early, late, ""))
    month = st.integers(1, HORIZON)
    people = st.decimals("0.5", 20, places=1)
    return Proposal(
        tuple(found),
        tuple(draw(st.lists(st.builds(Post, names, people, money, month), max_size=3))),
        tuple(draw(st.lists(st.builds(RunningCost, names, money, month), max_size=3))),
    )


@st.composite
def forecasts(draw: st.DrawFn) -> Forecast:
    """A forecast of any founder's figures and any proposal."""
    figures = draw(st.dictionaries(st.sampled_from(FIGURES), money))
    if draw(st.booleans()):
        figures["units_per_month"] = Decimal(draw(st.integers(0, 5000)))
    brief = replace(NOBODY, figures=figures)
    return compute(draw(proposals()), brief, facts_said(brief))


@some
@given(forecasts())
def test_cash_is_what_was_there_and_came_and_went(forecast: Forecast) -> None:
    """In every month of every scenario, to the last digit; totals are the sums of their lines."""
    for flow in forecast.scenarios:
        months = zip(flow.opening, flow.income, flow.costs, flow.closing, strict=True)
        assert all(opening + came - went == closing for opening, came, went, closing in months)
        assert all(
            before == after for before, after in zip(flow.closing, flow.opening[1:], strict=False)
        )
        for kind, totals in (("income", flow.income), ("cost", flow.costs)):
            lines = [line.months for line in flow.lines if line.kind == kind and line.months]
            for month in range(HORIZON):
                assert totals[month] == sum(line[month] for line in lines)


@some
@given(forecasts())
def test_low_is_never_above_base_and_base_never_above_high(forecast: Forecast) -> None:
    """For closing cash, in every month, also where each unit loses money."""
    low, base, high = (flow.closing for flow in forecast.scenarios)
    assert all(a <= b <= c for a, b, c in zip(low, base, high, strict=True))


@some
@given(forecasts())
def test_measures_follow_from_the_months(forecast: Forecast) -> None:
    """Each recomputed the slow way; there are none while a cost is missing."""
    measures, flow = forecast.measures, forecast.base
    assert (measures is None) == bool(forecast.missing)
    if measures is None:
        return
    assert measures.minimum_cash == min(flow.closing)
    assert flow.closing[measures.minimum_cash_month - 1] == measures.minimum_cash
    assert measures.funding_gap == max(Decimal(0), -min(flow.closing))
    lasting = [cash for cash in flow.closing if cash >= 0]
    if measures.runway_months is None:
        assert len(lasting) == HORIZON
    else:
        assert all(cash >= 0 for cash in flow.closing[: measures.runway_months])
        assert flow.closing[measures.runway_months] < 0
    recurring = [
        sum(
            line.months[m]
            for line in flow.lines
            if line.is_recurring and line.months and line.kind == "income"
        )
        for m in range(HORIZON)
    ]
    covering = [m + 1 for m in range(HORIZON) if recurring[m] > 0 and recurring[m] >= flow.costs[m]]
    assert measures.break_even_month == (covering[0] if covering else None)
    if measures.uses:
        uses = measures.uses
        assert uses.launch + uses.running + uses.reserve == uses.sought
        assert min(uses.launch, uses.running, uses.reserve, uses.uncovered) >= 0


@some
@given(forecasts())
def test_break_even_never_comes_before_the_first_income(forecast: Forecast) -> None:
    """A month without costs and without income is none."""
    if forecast.measures and forecast.measures.break_even_month:
        first = next(n for n, came in enumerate(forecast.base.income, start=1) if came > 0)
        assert forecast.measures.break_even_month >= first


def test_revenue_is_units_times_price() -> None:
    """From the first month with sales on, growing by the month, in whole units."""
    proposal = Proposal(
        (
            Driver("price", Decimal(10), Decimal(10), Decimal(10), ""),
            Driver("units_per_month", Decimal(100), Decimal(100), Decimal(100), ""),
            Driver("first_sale_month", Decimal(3), Decimal(3), Decimal(3), ""),
            Driver("monthly_growth", Decimal(5), Decimal(5), Decimal(5), ""),
        )
    )
    forecast = compute(proposal, NOBODY, FactBase())
    sales = forecast.base.lines[0].months
    assert sales is not None
    assert sales[:6] == tuple(
        map(Decimal, (0, 0, 1000, 1050, 1100, 1160))
    )  # 110.25 and 115.7625 units


def test_what_the_founder_said_stands_against_what_is_proposed() -> None:
    """A total for staff is not counted a second time by proposed roles."""
    brief = golden("usa_federal")
    proposal = Proposal(
        (Driver("launch_costs", Decimal(1), Decimal(1), Decimal(1), ""),),
        (Post("Director", Decimal(1), Decimal(99_999), 1),),
    )
    forecast = compute(proposal, brief, facts_said(brief))
    by_id = {a.id: a for a in forecast.assumptions}
    assert by_id["launch_costs"].value == 65_000
    assert by_id["launch_costs"].origin == "founder"
    assert by_id["monthly_staff_costs"].value == 21_500
    assert not any(name.startswith("staff.") for name in by_id)


def test_a_sourced_figure_comes_before_a_proposed_one() -> None:
    """And says where it is from."""
    found = Fact(
        id="price", label="Price", value=Decimal(8), unit="USD", origin="sourced", basis="S2"
    )
    proposal = Proposal((Driver("price", Decimal(99), Decimal(99), Decimal(99), ""),))
    forecast = compute(proposal, NOBODY, FactBase().having([found]))
    price = next(a for a in forecast.assumptions if a.id == "price")
    assert (price.value, price.origin, price.basis) == (Decimal(8), "source", "S2")


def test_without_figures_nothing_is_invented() -> None:
    """No measures, no facts of sums, no charts: a table with what is needed, and questions."""
    forecast = compute(SPEC.default(NOBODY, FactBase()), NOBODY, facts_said(NOBODY))
    assert forecast.missing == ("monthly_staff_costs", "monthly_other_costs", "launch_costs")
    assert not any(f.id.startswith("finance.") for f in facts(forecast, NOBODY))
    assert [q.id for q in questions(forecast, NOBODY)] == list(forecast.missing)
    assumed, years = blocks(forecast, NOBODY)
    assert isinstance(assumed, Table)
    assert isinstance(years, Table)
    values = {row[0]: row[1] for row in assumed.rows}
    assert values["Launch costs"] == "Data needed"
    assert values["Cash at the start"] == "0"
    assert {cell for row in years.rows for cell in row[1:]} == {"—"}


def test_figures_that_cannot_be_meant_are_left_out() -> None:
    """Infinity, a negative price and more money than there is are missing, not computed with."""
    brief = golden("hostile")
    forecast = compute(Proposal(), brief, facts_said(brief))
    assert set(forecast.missing) == {"monthly_other_costs", "launch_costs"}
    assert forecast.base.opening[0] == 0


@pytest.mark.parametrize("name", [n for n in NAMES if n not in {"almost_nothing", "hostile"}])
def test_every_assumption_has_value_unit_range_and_origin(name: str) -> None:
    """low <= value <= high; the founder's own are tagged as such."""
    brief = golden(name)
    forecast = compute(Proposal(), brief, facts_said(brief))
    for driver in forecast.assumptions:
        assert driver.unit
        if driver.value is not None and driver.low is not None and driver.high is not None:
            assert driver.low <= driver.value <= driver.high
        if driver.id in brief.figures:
            assert (driver.value, driver.origin) == (brief.figures[driver.id], "founder")


@pytest.mark.parametrize("language", LANGUAGES)
def test_tables_add_up_as_they_are_shown(language: str) -> None:
    """Read back from the cells in every language: opening + income - costs = closing."""
    brief = replace(golden("brazil_recycling"), language=language)
    tables = [
        b
        for b in blocks(compute(Proposal(), brief, facts_said(brief)), brief)
        if isinstance(b, Table)
    ]
    flows = [table for table in tables if table.totals == 3]
    assert len(flows) == 4
    for table in flows:
        numbers = [[number_in(cell) for cell in row[1:]] for row in table.rows]
        columns: list[tuple[Any, ...]] = list(zip(*numbers, strict=True))
        assert all(number is not None for column in columns for number in column)
        for opening, *lines, came, went, closing in columns:
            assert opening + came - went == closing
            assert sum(lines[:3]) == came
            assert sum(lines[3:]) == went
    halves = [flows[0].rows[-2][-1], flows[1].rows[-2][-2]]
    year = number_in(flows[1].rows[-2][-1])
    assert year == sum(number_in(half) or 0 for half in halves)


def test_charts_have_a_value_for_every_month_and_quarter() -> None:
    """Three scenarios and the base one with the funding sought; what has to be raised is the gap."""
    brief = golden("kenya_soil")
    forecast = compute(Proposal(), brief, facts_said(brief))
    cash, funding = (block for block in blocks(forecast, brief) if isinstance(block, Chart))
    assert [len(series.values) for series in cash.series] == [36] * 4
    assert [len(series.values) for series in funding.series] == [12] * len(funding.series)
    assert forecast.measures is not None
    assert sum(funding.series[-1].values) == forecast.measures.funding_gap
    with_funding = cash.series[3].values
    assert all(a + 2_500_000 == b for a, b in zip(cash.series[1].values, with_funding, strict=True))


def test_a_chart_never_says_that_the_gap_is_filled() -> None:
    """Money that is only sought is no income in any scenario."""
    brief = golden("kenya_soil")
    asked = compute(Proposal(), brief, facts_said(brief))
    quiet = replace(
        brief, figures={k: v for k, v in brief.figures.items() if k != "funding_sought"}
    )
    assert compute(Proposal(), quiet, facts_said(quiet)).base == asked.base


def test_facts_tell_break_even_in_words() -> None:
    """Also when it never comes."""
    brief = golden("brazil_recycling")
    told = {f.id: f.value for f in facts(compute(Proposal(), brief, FactBase()), brief)}
    assert told["finance.break_even"] == "jul. de 2027"
    brief = golden("germany_repair")
    told = {f.id: f.value for f in facts(compute(Proposal(), brief, FactBase()), brief)}
    assert told["finance.break_even"] == "nicht innerhalb von 36 Monaten"
    assert told["finance.funding_gap"] == Decimal(214_720)


# ---- what a model proposes

ANSWER: dict[str, Any] = {
    "drivers": [{"id": "price", "value": "12", "low": 10, "high": 14, "why": "like others"}],
    "staff": [{"role": "Director", "people": 1, "monthly_pay": 900.5, "from_month": 2}],
    "costs": [{"name": "Rent", "monthly": "1,300"}],
}


def test_a_proposal_is_read() -> None:
    """With numbers as text, and months that begin with the first."""
    read = SPEC.read(ANSWER)
    assert read.drivers == (Driver("price", Decimal(12), Decimal(10), Decimal(14), "like others"),)
    assert read.staff == (Post("Director", Decimal(1), Decimal("900.5"), 2),)
    assert read.costs == (RunningCost("Rent", Decimal(1300), 1),)


@pytest.mark.parametrize(
    ("driver", "error"),
    [
        ({"id": "price", "value": -1}, "price|-1 is not between 0"),
        ({"id": "price", "value": 5, "low": 6, "high": 7}, "low 6, value 5, high 7"),
        ({"id": "monthly_growth", "value": 40}, "40 is not between 0 and 10"),
        ({"id": "first_sale_month", "value": 40}, "40 is not between 1 and 36"),
        ({"id": "first_sale_month", "value": 2.5}, "months are whole numbers"),
        ({"id": "grants_secured", "value": 5}, "'grants_secured' is none of: price"),
        ({"id": "price", "value": float("inf")}, "is not a number"),
        ({"id": "price", "value": True}, "True is not a number"),
        ({"id": "units_per_month", "value": 9000}, "9000 is not between 0 and 420"),
    ],
)
def test_an_implausible_driver_is_told_to_the_model(driver: dict[str, Any], error: str) -> None:
    """Grants among them: only the founder can know those."""
    with pytest.raises(Unusable, match=error):
        SPEC.read({"drivers": [driver]}, facts_said(golden("mexico_food")))


def test_costs_far_above_the_annual_budget_are_refused() -> None:
    """Where the founder has named one."""
    facts_of_us = facts_said(golden("usa_federal"))
    staff = [{"role": "Director", "people": 9, "monthly_pay": 20_000}]
    with pytest.raises(Unusable, match="2160000 a year, but the annual budget is 310000"):
        SPEC.read({"staff": staff}, facts_of_us)
    assert SPEC.read({"staff": staff}).staff


def test_the_question_asks_only_for_what_is_not_known() -> None:
    """So a small model has less to answer."""
    asked = SPEC.told(golden("usa_federal"), FactBase())
    assert "launch_costs," not in asked.partition("Answer with JSON")[0]
    assert '"staff": one object' not in asked
    assert "in USD" in asked
    assert '"staff": one object' in SPEC.told(NOBODY, FactBase())


def test_months_of_pay_begin_when_they_are_said_to() -> None:
    """Not before."""
    forecast = compute(SPEC.read(ANSWER), NOBODY, FactBase())
    pay = next(line for line in forecast.base.lines if line.id == "staff.1")
    assert pay.months == (Decimal(0), *(Decimal("900.5"),) * 35)


def test_a_brief_without_any_currency_is_counted_in_dollars() -> None:
    """Rather than refused."""
    brief: Brief = replace(golden("usa_federal"), currency="dollars")
    assert all(
        "USD" in b.caption
        for b in blocks(compute(Proposal(), brief, FactBase()), brief)[1:3]
        if isinstance(b, Table)
    )
