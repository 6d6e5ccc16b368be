"""The grant budget: sums to the cent, the cap on indirect costs, and nothing scaled in silence."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planning.brief import Brief
from planning.content import Table
from planning.facts import FactBase
from planning.figures import schedule as schedules
from planning.figures.budget import (
    CATEGORIES,
    SPEC,
    Budget,
    Cap,
    Line,
    Proposal,
    blocks,
    cap_of,
    compute,
    facts,
    grant_months,
    mtdc,
)
from planning.figures.gathering import facts_said
from planning.figures.quantities import number_in
from planning.figures.spec import Unusable
from tests.planning.briefs import NAMES, golden
from tests.planning.trying import some

US = golden("usa_federal")


def schedule_of(brief: Brief) -> schedules.Schedule:
    """Its default schedule."""
    return schedules.compute(schedules.SPEC.default(brief, FactBase()), brief.start)


def base_of(brief: Brief) -> FactBase:
    """What is said, and the schedule's facts."""
    return facts_said(brief).having(schedules.facts(schedule_of(brief), brief))


def default(name: str) -> Budget:
    """The budget of a golden idea without a model."""
    brief = golden(name)
    return compute(SPEC.default(brief, base_of(brief)), brief, schedule_of(brief))


def line(
    category: Any, cost: Decimal | None, quantity: Decimal = Decimal(1), periods: int = 1
) -> Line:
    """A budget line of which only the sum matters."""
    return Line(
        item=f"{category} item",
        category=category,
        activity="m1",
        quantity=quantity,
        unit_cost=cost,
        periods=periods,
        from_month=1,
        why="It is needed for this.",
    )


lines = st.builds(
    line,
    st.sampled_from(CATEGORIES),
    st.decimals(0, 10**6, places=2),
    st.decimals("0.01", 1000, places=2),
    st.integers(1, 36),
)
percent = st.decimals(0, 60, places=2)


@some
@given(
    st.lists(lines, min_size=1, max_size=12), percent, percent, st.none() | st.integers(0, 10**6)
)
def test_sums_agree_to_the_cent(
    found: list[Line], fringe: Decimal, indirect: Decimal, request: int | None
) -> None:
    """Lines and fringe are direct, direct and indirect the total, and somebody pays all of it."""
    figures = {} if request is None else {"grant_request": Decimal(request)}
    brief = replace(golden("senegal_literacy"), figures=figures)
    budget = compute(
        Proposal(lines=tuple(found), fringe_percent=fringe, indirect_percent=indirect),
        brief,
        schedule_of(brief),
    )
    salaries = sum(entry.total or 0 for entry in found if entry.category == "personnel")
    assert abs(budget.fringe - salaries * fringe / 100) <= Decimal("0.005")
    assert budget.direct == sum(entry.total or 0 for entry in found) + budget.fringe
    assert budget.total == budget.direct + budget.indirect
    assert budget.total == budget.request + budget.match + budget.in_kind
    assert sum(budget.by_category().values()) == budget.direct
    assert budget.indirect <= budget.direct * 7 / 100  # the call's cap
    assert budget.lines == tuple(found)
    if request is not None:
        assert budget.request == min(budget.total, request)
        assert budget.unallocated == max(request - budget.total, 0)


@some
@given(st.lists(lines, min_size=1, max_size=12), percent, percent)
def test_the_federal_cap_holds(found: list[Line], fringe: Decimal, indirect: Decimal) -> None:
    """Fifteen percent of modified total direct costs, whatever is proposed."""
    budget = compute(
        Proposal(lines=tuple(found), fringe_percent=fringe, indirect_percent=indirect),
        US,
        schedule_of(US),
    )
    within = budget.fringe
    for entry in found:
        total = entry.total or Decimal(0)
        if entry.category == "subaward":
            within += min(total, Decimal(50_000))
        elif entry.category not in {"equipment", "participants", "rent"}:
            within += total
    assert budget.indirect <= within * 15 / 100
    assert budget.indirect <= budget.direct * indirect / 100 + Decimal("0.005")


def test_mtdc_leaves_out_equipment_and_the_rest_of_a_subaward() -> None:
    """2 CFR 200.1; in another currency no part of a subaward is taken for fifty thousand dollars."""
    found = [
        line("personnel", Decimal(100_000)),
        line("equipment", Decimal(30_000)),
        line("subaward", Decimal(80_000)),
        line("subaward", Decimal(20_000)),
    ]
    assert mtdc(found, Decimal(10_000), "USD") == 100_000 + 50_000 + 20_000 + 10_000
    assert mtdc(found, Decimal(0), "EUR") == 100_000


@pytest.mark.parametrize(
    ("name", "cap"),
    [
        ("usa_federal", Cap(Decimal(15), "mtdc")),
        ("senegal_literacy", Cap(Decimal(7), "direct")),
        ("germany_repair", None),
        ("hostile", None),
    ],
)
def test_the_cap_is_read_from_the_call(name: str, cap: Cap | None) -> None:
    """A million percent is not read as one."""
    assert cap_of(golden(name)) == cap


def test_a_federal_call_without_a_figure_has_the_de_minimis_rate() -> None:
    """Only in the United States."""
    silent = replace(US, call="Notice of Funding Opportunity from a federal agency.")
    assert cap_of(silent) == Cap(Decimal(15), "mtdc", "2 CFR 200.414(f)")
    assert cap_of(replace(silent, country="KE")) is None


@pytest.mark.parametrize(
    ("call", "months"),
    [
        ("", 12),
        ("Projects last 18 months.", 18),
        ("Durée : 24 mois au plus.", 24),
        ("Laufzeit 9 Monate", 9),
        ("Срок: 30 месяцев", 30),
        ("Work for 400 months", 12),
    ],
)
def test_the_length_of_the_grant_is_read_from_the_call(call: str, months: int) -> None:
    """A year, when it says nothing that can be."""
    assert grant_months(replace(US, call=call)) == months


def test_lines_above_the_request_are_never_scaled_down() -> None:
    """The rest is to be paid by others, and the table says so."""
    budget = default("usa_federal")
    assert budget.total == Decimal("437690")
    assert (budget.request, budget.match) == (Decimal(400_000), Decimal(37_690))
    tables = [b for b in blocks(budget, schedule_of(US), US) if isinstance(b, Table)]
    assert any("$37,690 more than the grant requested" in table.note for table in tables)


def test_a_request_above_the_lines_is_not_filled_up() -> None:
    """What has no line is named."""
    brief = replace(US, figures={**US.figures, "grant_request": Decimal(900_000)})
    budget = compute(SPEC.default(brief, base_of(brief)), brief, schedule_of(brief))
    assert budget.request == budget.total
    assert budget.unallocated == 900_000 - budget.total


@pytest.mark.parametrize("name", NAMES)
def test_every_line_names_an_activity_and_a_reason(name: str) -> None:
    """And its months lie in the grant, each month of staff once."""
    budget, schedule = default(name), schedule_of(golden(name))
    for entry in budget.lines:
        assert schedule.find(entry.activity)
        assert len(entry.why) > 10
    staff = [entry for entry in budget.lines if entry.category == "personnel"]
    months = [
        m for entry in staff for m in range(entry.from_month, entry.from_month + entry.periods)
    ]
    assert months == list(range(1, budget.months + 1))


def test_money_follows_the_milestones() -> None:
    """A line's months are those in which its milestone is worked on."""
    schedule = schedule_of(US)
    for entry in default("usa_federal").lines:
        planned = schedule.find(entry.activity)
        assert planned is not None
        first = date(2027 + (5 + entry.from_month) // 12, (5 + entry.from_month) % 12 + 1, 15)
        assert planned.start <= first <= planned.end


def test_without_figures_the_budget_is_a_list_of_what_is_missing() -> None:
    """No sums, no facts, no payers."""
    brief = golden("almost_nothing")
    budget = default("almost_nothing")
    assert len(budget.missing) == 3
    assert facts(budget, brief) == ()
    shown, reasons = blocks(budget, schedule_of(brief), brief)
    assert isinstance(shown, Table)
    assert isinstance(reasons, Table)
    assert {row[-1] for row in shown.rows} == {"—"}
    assert "Data needed for" in shown.note


def test_the_table_adds_up_as_it_is_shown() -> None:
    """Each line, and the three sums below."""
    budget = default("senegal_literacy")
    brief = golden("senegal_literacy")
    table = blocks(budget, schedule_of(brief), brief)[0]
    assert isinstance(table, Table)
    *rows, direct, indirect, total = [[number_in(cell) for cell in row[4:]] for row in table.rows]
    for quantity, cost, periods, amount in rows:
        assert quantity is not None
        assert cost is not None
        assert quantity * cost * (periods or 0) == amount
    assert sum(row[-1] or 0 for row in rows) == direct[-1]
    assert (direct[-1] or 0) + (indirect[-1] or 0) == total[-1]
    assert {f.id: f.value for f in facts(budget, brief)}["budget.total"] == total[-1]


# ---- what a model proposes

ROW: dict[str, Any] = {
    "item": "Trainer",
    "category": "Personnel",
    "activity": "m7",
    "quantity": 2,
    "unit_cost": "450.50",
    "periods": 10,
    "from_month": 2,
    "why": "Two trainers hold the courses.",
}


def test_a_proposal_is_read() -> None:
    """Rates and lines."""
    read = SPEC.read({"fringe_percent": 12, "indirect_percent": "10", "lines": [ROW]}, base_of(US))
    assert read.fringe_percent == 12
    assert read.lines[0].total == 9010
    assert read.lines[0].category == "personnel"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"activity": "m99"}, "'m99' is none of: m1"),
        ({"category": "bribes"}, "'bribes' is none of: personnel"),
        ({"unit_cost": "a lot"}, "'a lot' is not a number"),
        ({"unit_cost": -5}, "-5 is not between 0"),
        ({"from_month": 30, "periods": 12}, "beyond month 36"),
        ({"why": "yes"}, r"why: a text is missing"),
        ({"quantity": 0}, "0 is not between 0.01"),
    ],
)
def test_a_wrong_line_is_told(changes: dict[str, Any], error: str) -> None:
    """By its field."""
    with pytest.raises(Unusable, match=error):
        SPEC.read({"lines": [ROW | changes]}, base_of(US))


def test_an_activity_that_is_not_in_the_schedule_is_refused() -> None:
    """Also when the proposal was read before there was one."""
    read = SPEC.read({"lines": [ROW | {"activity": "x1"}]})
    with pytest.raises(Unusable, match="activity x1 is unknown"):
        compute(read, US, schedule_of(US))
