"""Indicators: each goal has one, with the founder's own number, and no invented baseline."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from planning.content import Table
from planning.figures.gathering import facts_said
from planning.figures.goals import goals_of
from planning.figures.indicators import SPEC, blocks, compute, facts
from planning.figures.quantities import number_in
from planning.figures.spec import Unusable
from tests.planning.briefs import NAMES, golden

ECO = golden("ecoed_empowerment")


@pytest.mark.parametrize("name", NAMES)
def test_every_goal_has_an_indicator_with_the_founders_number(name: str) -> None:
    """Metric, unit or data needed, baseline or a date, date, source, frequency and owner."""
    brief = golden(name)
    found = compute((), brief)
    assert found
    for goal in goals_of(brief):
        own = [i for i in found if i.goal == goal.id]
        assert own
        assert own[0].target == goal.number
    for indicator in found:
        assert indicator.metric
        assert indicator.source
        assert indicator.owner
        assert indicator.by > brief.start
        assert (indicator.baseline is None) == (indicator.baseline_by is not None)
        assert indicator.target is None or indicator.target != indicator.baseline


def test_a_goal_becomes_target_unit_and_period() -> None:
    """ "Train 5,000 people each year" is 5000 people per year."""
    train = compute((), ECO)[1]
    assert (train.target, train.unit, train.per) == (Decimal(5000), "people", "year")
    assert (train.baseline, train.baseline_by) == (Decimal(0), None)


def test_a_share_has_to_be_measured_first() -> None:
    """Unless the founder says where it stands."""
    poverty = compute((), ECO)[3]
    assert poverty.baseline is None
    assert poverty.baseline_by == date(2027, 3, 31)
    books = compute((), golden("senegal_literacy"))[2]
    assert (books.baseline, books.target, books.unit) == (Decimal(38), Decimal(60), "%")


def test_without_goals_people_are_counted_and_the_number_is_missing() -> None:
    """The founder's figures of people reached stand where there are some."""
    (reach,) = compute((), golden("almost_nothing"))
    assert (reach.metric, reach.target) == ("People reached", None)
    india = {i.metric: i.target for i in compute((), golden("india_clinic"))}
    assert india["तीसरे वर्ष में लाभान्वित लोग"] == 36_000


def test_the_table_shows_what_is_known_and_what_is_not() -> None:
    """One row each, in the language of the brief."""
    table = blocks(compute((), ECO), ECO)[0]
    assert isinstance(table, Table)
    rows = {row[0]: row for row in table.rows}
    assert rows["k2"][4] == "5,000 a year"
    assert rows["k4"][3] == "unknown → measure by Mar\u00a031,\u00a02027"
    table = blocks(compute((), golden("almost_nothing")), golden("almost_nothing"))[0]
    assert isinstance(table, Table)
    assert table.rows[0][4] == "Data needed"
    india = golden("india_clinic")
    table = blocks(compute((), india), india)[0]
    assert isinstance(table, Table)
    assert number_in(table.rows[0][4].split()[0]) == 10_000


def test_facts_hold_targets_with_their_origin() -> None:
    """The founder's are computed from the goal; a proposed one is assumed."""
    read = SPEC.read(ANSWER, facts_said(ECO))
    known = {f.id: f for f in facts(compute(read, ECO), ECO)}
    assert known["indicator.k1.target"].value == 10_000
    assert known["indicator.k1.target"].origin == "computed"
    assert known["indicator.k5.target"].origin == "assumed"


def row(goal: int, **changes: Any) -> dict[str, Any]:
    """An indicator as a model may send it."""
    found: dict[str, Any] = {
        "goal": goal,
        "metric": f"metric {goal}",
        "unit": "people",
        "target": 77,
        "by": "2029-06-30",
        "source": "attendance lists",
        "frequency": "Quarterly",
        "owner": "Director",
    }
    return found | changes


ANSWER = [row(1), row(2), row(3), row(4), row(0, metric="average income", unit="USD")]


def test_a_proposal_gives_source_and_owner_but_not_the_number() -> None:
    """The founder's number and words stand; what is more than that comes after."""
    found = compute(SPEC.read(ANSWER, facts_said(ECO)), ECO)
    assert found[0].target == 10_000
    assert (found[0].source, found[0].frequency) == ("attendance lists", "quarterly")
    assert found[0].metric.startswith("Educate 10,000")
    assert (found[4].metric, found[4].target, found[4].baseline) == (
        "average income",
        Decimal(77),
        None,
    )


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ([row(1), row(2), row(3)], "goal 4 has no indicator"),
        ([*ANSWER, row(9)], "9 is not between 0 and 4"),
        ([*ANSWER, row(1, by="soon")], "'soon' is not a date"),
        ([*ANSWER, row(1, by="2019-01-01")], "2019-01-01 is not within"),
        ([*ANSWER, row(1, by="2045")], "2045-12-31 is not within the plan"),
        ([*ANSWER, row(1, by="2029-13-01")], "is not a date"),
        ([*ANSWER, row(1, frequency="often")], "'often' is none of: weekly"),
        ([*ANSWER, row(1, target="many")], "'many' is not a number"),
    ],
)
def test_a_wrong_proposal_is_told(answer: list[dict[str, Any]], error: str) -> None:
    """Also a goal that is left out."""
    with pytest.raises(Unusable, match=error):
        SPEC.read(answer, facts_said(ECO))
