"""The critical path against a brute-force reference, cycles, and the schedule that needs no model."""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planning.content import Gantt, Table
from planning.facts import FactBase
from planning.figures.gathering import facts_said
from planning.figures.months import horizon
from planning.figures.schedule import SPEC, Milestone, Schedule, blocks, compute, next_90_days
from planning.figures.spec import Unusable
from tests.planning.briefs import NAMES, golden
from tests.planning.trying import many

START = date(2027, 1, 1)


def milestone(name: str, days: int, after: Sequence[str] = (), not_before: int = 0) -> Milestone:
    """A milestone of which only the times matter."""
    return Milestone(
        id=name,
        name=name,
        owner="Lead",
        days=days,
        deliverable="-",
        done_when="-",
        depends_on=tuple(after),
        not_before=not_before,
    )


@st.composite
def plans(draw: st.DrawFn) -> list[Milestone]:
    """Up to seven milestones, each after some of those before it, in any order."""
    found: list[Milestone] = []
    for number in range(draw(st.integers(1, 7))):
        earlier = [m.id for m in found]
        after = draw(st.lists(st.sampled_from(earlier), unique=True)) if earlier else []
        days, begin = draw(st.integers(1, 30)), draw(st.sampled_from([0, 0, 5]))
        found.append(milestone(f"m{number}", days, after, begin))
    return draw(st.permutations(found))


def finish(plan: dict[str, Milestone], name: str) -> int:
    """The earliest end, by trying every way that leads to *name*."""
    m = plan[name]
    return max([m.not_before, *(finish(plan, other) for other in m.depends_on)]) + m.days


def tail(plan: dict[str, Milestone], name: str) -> int:
    """The most days that still follow on *name*, by trying every way from it."""
    after = (other for other in plan.values() if name in other.depends_on)
    return max((other.days + tail(plan, other.id) for other in after), default=0)


@many
@given(plans())
def test_dates_are_those_of_every_way_tried(milestones: list[Milestone]) -> None:
    """Early and late ends equal the brute force; a milestone with no slack is critical."""
    plan = {m.id: m for m in milestones}
    schedule = compute(milestones, START)
    end = max(finish(plan, name) for name in plan)
    for planned in schedule.milestones:
        name = planned.milestone.id
        assert planned.early_finish == finish(plan, name)
        assert planned.late_finish == end - tail(plan, name)
        assert planned.slack >= 0
        assert planned.end - planned.start == timedelta(planned.milestone.days - 1)
    assert schedule.end == START + timedelta(end - 1)


@many
@given(plans())
def test_nothing_begins_before_what_it_needs_has_ended(milestones: list[Milestone]) -> None:
    """And the order of the schedule is one in which it can be done."""
    schedule = compute(milestones, START)
    seen: dict[str, date] = {}
    for planned in schedule.milestones:
        assert all(seen[other] < planned.start for other in planned.milestone.depends_on)
        seen[planned.milestone.id] = planned.end


@many
@given(plans())
def test_the_critical_path_is_a_chain_without_gaps_to_the_end(milestones: list[Milestone]) -> None:
    """Each of its milestones begins on the day after the one before it."""
    schedule = compute(milestones, START)
    path = [schedule.find(name) for name in schedule.critical_path]
    chain = [planned for planned in path if planned is not None]
    assert chain[-1].end == schedule.end
    for before, after in pairwise(chain):
        assert after.start == before.end + timedelta(1)
        assert before.milestone.id in after.milestone.depends_on
    assert chain[0].early_start == chain[0].milestone.not_before


@many
@given(
    st.lists(
        st.lists(st.sampled_from(["m0", "m1", "m2", "m3"]), unique=True), min_size=4, max_size=4
    )
)
def test_a_cycle_is_refused_by_its_name(after: list[list[str]]) -> None:
    """The error names milestones of which each waits for the next."""
    plan = {f"m{n}": milestone(f"m{n}", 5, names) for n, names in enumerate(after)}
    try:
        compute(list(plan.values()), START)
    except Unusable as unusable:
        cycle = unusable.errors[0].partition(": ")[2].split(" → ")
        assert cycle[0] == cycle[-1]
        assert all(other in plan[name].depends_on for name, other in pairwise(cycle))
    else:
        assert_can_be_ordered(plan)


def assert_can_be_ordered(plan: dict[str, Milestone]) -> None:
    """Milestones can be taken away one after the other."""
    left = dict(plan)
    while left:
        free = [name for name, m in left.items() if not set(m.depends_on) & set(left)]
        assert free
        for name in free:
            del left[name]


def test_an_unknown_milestone_is_refused() -> None:
    """With both names."""
    with pytest.raises(Unusable, match="m1: it comes after m9"):
        compute([milestone("m1", 5, ["m9"])], START)


@pytest.mark.parametrize("name", NAMES)
def test_a_schedule_without_a_model_keeps_the_rules(name: str) -> None:
    """At least six milestones with all their fields, inside three years, no owner with too many."""
    brief = golden(name)
    schedule = compute(SPEC.default(brief, facts_said(brief)), brief.start)
    owners = [planned.milestone.owner for planned in schedule.milestones]
    assert len(owners) >= 6
    assert all(owners.count(owner) <= 0.4 * len(owners) for owner in owners)
    assert schedule.end <= horizon(brief.start)
    for planned in schedule.milestones:
        m = planned.milestone
        assert all((m.id, m.name, m.owner, m.deliverable, m.done_when))
        assert brief.start <= planned.start <= planned.end


def plan_of(name: str) -> Schedule:
    """The default schedule of a golden idea."""
    brief = golden(name)
    return compute(SPEC.default(brief, FactBase()), brief.start)


def test_the_legal_step_names_the_country_and_fundraising_its_amount() -> None:
    """Or says that they are missing."""
    names = [planned.milestone.name for planned in plan_of("germany_repair").milestones]
    assert "Rechtliche Gründung und Bankkonto (Deutschland)" in names
    assert any("90.000" in name for name in names)
    names = [planned.milestone.name for planned in plan_of("almost_nothing").milestones]
    assert "Legal registration and bank account (country: data needed)" in names
    assert "Fundraising (amount: data needed)" in names


def test_a_founders_year_ends_the_milestone_of_its_goal() -> None:
    """Beyond three years it is an interim count, and says until when the goal runs."""
    train = plan_of("germany_repair").find("g2")
    assert train is not None
    assert train.end == date(2029, 12, 31)
    projects = plan_of("ecoed_empowerment").find("g3")
    assert projects is not None
    assert projects.end == date(2029, 12, 31)
    assert projects.milestone.done_when.endswith("by December 31, 2030")


def test_the_first_90_days_begin_with_what_is_missing() -> None:
    """Nothing in them is due later; what goes on is begun."""
    brief = golden("almost_nothing")
    base, schedule = facts_said(brief), plan_of("almost_nothing")
    steps = next_90_days(schedule, base, brief)
    assert any(f"{len(base.questions)} open questions" in step.name for step in steps)
    assert all(step.by < brief.start + timedelta(90) for step in steps)
    assert [step.by for step in steps] == sorted(step.by for step in steps)
    assert not any(
        "open questions" in step.name for step in next_90_days(schedule, FactBase(), brief)
    )


def test_blocks_show_the_schedule_as_table_and_bars() -> None:
    """The same milestones in both, the critical ones marked."""
    brief, schedule = golden("usa_federal"), plan_of("usa_federal")
    table, gantt, first = blocks(schedule, facts_said(brief), brief)
    assert isinstance(table, Table)
    assert isinstance(gantt, Gantt)
    assert isinstance(first, Table)
    assert [row[0] for row in table.rows] == [bar.id for bar in gantt.bars]
    assert {bar.id for bar in gantt.bars if bar.is_critical} >= set(schedule.critical_path)
    assert " → ".join(schedule.critical_path) in table.note


def proposal(**changes: object) -> list[dict[str, object]]:
    """Six milestones in a row, as a model may send them; *changes* are to the last."""
    rows: list[dict[str, object]] = [
        {
            "id": f"M{n}",
            "name": f"Step {n}",
            "owner": "Lead",
            "weeks": "4",
            "after": [f"m{n - 1}"] if n > 1 else "",
            "deliverable": "A paper",
            "done_when": "It is signed",
        }
        for n in range(1, 7)
    ]
    rows[-1] |= changes
    return rows


def test_a_proposal_is_read_whatever_its_wrapping() -> None:
    """A list, under a key, or by id; numbers as text, ids in capitals."""
    read = SPEC.read(proposal())
    assert [m.id for m in read] == ["m1", "m2", "m3", "m4", "m5", "m6"]
    assert read[5].days == 28
    assert SPEC.read({"milestones": proposal()}) == read
    by_id = {str(row["id"]): {k: v for k, v in row.items() if k != "id"} for row in proposal()}
    assert SPEC.read({"milestones": by_id}) == read


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"weeks": 400}, r"milestones\[6\]\.weeks: 400 is not between 1 and 156"),
        ({"weeks": "soon"}, r"milestones\[6\]\.weeks: 'soon' is not a number"),
        ({"weeks": 150}, "together they take 170 weeks"),
        ({"after": ["m9"]}, "m6: it comes after m9"),
        ({"id": "m1"}, "two have the same id"),
        ({"owner": ""}, r"milestones\[6\]\.owner: a text is missing"),
        ({"after": ["m6"]}, "m6 → m6"),
    ],
)
def test_a_proposal_that_cannot_be_is_told_why(changes: dict[str, object], error: str) -> None:
    """In words that a model can act on."""
    with pytest.raises(Unusable, match=error):
        SPEC.read(proposal(**changes))


def test_too_few_milestones_are_refused() -> None:
    """And so is no answer at all."""
    with pytest.raises(Unusable, match="5 objects, but 6 to 16"):
        SPEC.read(proposal()[:5])
    nothings: tuple[object, ...] = (None, [], {}, "no", 7)
    for nothing in nothings:
        with pytest.raises(Unusable):
            SPEC.read(nothing)
