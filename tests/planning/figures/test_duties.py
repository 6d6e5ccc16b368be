"""Who does what, and why it should work: RACI and the theory of change, whole without a model."""

from typing import Any

import pytest

from planning.content import Table
from planning.facts import FactBase
from planning.figures import raci, theory
from planning.figures import schedule as schedules
from planning.figures.gathering import facts_said
from planning.figures.plain import plain
from planning.figures.raci import Duty
from planning.figures.spec import Unusable
from planning.figures.theory import Link
from tests.planning.briefs import NAMES, golden

US = golden("usa_federal")


def schedule_of(name: str) -> schedules.Schedule:
    """The default schedule of a golden idea."""
    brief = golden(name)
    return schedules.compute(schedules.SPEC.default(brief, FactBase()), brief.start)


BASE = facts_said(US).having(schedules.facts(schedule_of("usa_federal"), US))


@pytest.mark.parametrize("name", NAMES)
def test_each_activity_has_one_who_answers_and_somebody_who_works(name: str) -> None:
    """Every milestone, and every role is one of the team or named as open."""
    brief, schedule = golden(name), schedule_of(name)
    found = raci.compute((), schedule, brief)
    assert [d.activity for d in found.duties] == [p.milestone.id for p in schedule.milestones]
    held = {plain(member.role, 60) for member in brief.team}
    for duty in found.duties:
        assert duty.accountable
        assert duty.responsible
        for role in (duty.accountable, *duty.responsible, *duty.consulted, *duty.informed):
            assert role in held or role in found.open_roles
        assert not set(duty.consulted) & {duty.accountable, *duty.responsible}


@pytest.mark.parametrize("name", NAMES)
def test_the_matrix_has_exactly_one_a_in_each_row(name: str) -> None:
    """And an R."""
    brief, schedule = golden(name), schedule_of(name)
    table = raci.blocks(raci.compute((), schedule, brief), schedule, brief)[0]
    assert isinstance(table, Table)
    for row in table.rows:
        letters = [letter for cell in row[1:] for letter in cell.split("/")]
        assert letters.count("A") == 1
        assert "R" in letters


def test_a_proposed_duty_stands_and_the_others_follow() -> None:
    """A role that nobody has is open."""
    read = raci.SPEC.read(
        [
            {
                "activity": "M1",
                "accountable": "Treasurer",
                "responsible": "Finance Officer, Volunteer",
            }
        ],
        BASE,
    )
    assert read == (Duty("m1", "Treasurer", ("Finance Officer", "Volunteer")),)
    found = raci.compute(read, schedule_of("usa_federal"), US)
    assert found.duties[0] == read[0]
    assert {"Treasurer", "Volunteer", "Lead Instructor"} <= set(found.open_roles)
    assert "Finance Officer" not in found.open_roles


@pytest.mark.parametrize(
    ("duty", "error"),
    [
        ({"activity": "m1", "accountable": "Director", "responsible": []}, "at least one role"),
        ({"activity": "m1", "accountable": "", "responsible": ["X"]}, "accountable: a text"),
        ({"activity": "m77", "accountable": "X", "responsible": ["X"]}, "'m77' is none of"),
    ],
)
def test_a_duty_without_somebody_is_refused(duty: dict[str, Any], error: str) -> None:
    """And one for an activity that does not exist."""
    with pytest.raises(Unusable, match=error):
        raci.SPEC.read([duty], BASE)


def test_two_who_answer_are_refused() -> None:
    """The same activity a second time."""
    duty = {"activity": "m1", "accountable": "X", "responsible": ["Y"]}
    with pytest.raises(Unusable, match="m1 is there twice"):
        raci.SPEC.read([duty, duty], BASE)


@pytest.mark.parametrize("name", NAMES)
def test_a_theory_has_no_orphans_and_all_three_terms(name: str) -> None:
    """Each link is whole; the mission is at its end."""
    brief = golden(name)
    found = theory.compute(theory.SPEC.default(brief, FactBase()), brief)
    assert {link.term for link in found.links} == {"short", "medium", "long"}
    for link in found.links:
        assert all((link.activity, link.output, link.outcome, link.assumption))
    assert found.inputs
    assert found.impact


def test_goals_in_percent_are_outcomes_and_counted_ones_outputs() -> None:
    """In the founder's words."""
    links = theory.SPEC.default(golden("ecoed_empowerment"), FactBase())
    outputs = {link.output for link in links}
    assert "Train 5,000 people in green job skills each year" in outputs
    medium = [link.outcome for link in links if link.term == "medium"]
    assert medium == [
        "Reduce poverty rates by 20% in target communities through sustainable livelihood programs"
    ]


def test_what_is_not_known_is_a_place_to_fill() -> None:
    """No product, no people, no team, no money."""
    brief = golden("almost_nothing")
    found = theory.compute(theory.SPEC.default(brief, FactBase()), brief)
    table = theory.blocks(found, brief)[0]
    assert isinstance(table, Table)
    assert table.rows[0][0] == "the product or programme (data needed)"
    assert "the team (data needed), money at hand (data needed)" in table.note


LINK = {
    "activity": "Courses",
    "output": "People finish",
    "outcome": "They find work",
    "term": "Short",
    "assumption": "There is work",
}


def test_a_theory_needs_every_term() -> None:
    """Else the missing one is named."""
    whole = [LINK, LINK | {"term": "medium"}, LINK | {"term": "long"}]
    assert [link.term for link in theory.SPEC.read(whole)] == ["short", "medium", "long"]
    assert isinstance(theory.SPEC.read({"theory": whole})[0], Link)
    with pytest.raises(Unusable, match="no outcome is of long term"):
        theory.SPEC.read([LINK, LINK, LINK | {"term": "medium"}])
    with pytest.raises(Unusable, match="assumption: a text is missing"):
        theory.SPEC.read([*whole, LINK | {"assumption": "  "}])
