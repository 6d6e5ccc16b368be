"""The whole plan of every golden idea, of any brief, and of anything that a model may answer."""

import json
from dataclasses import fields, is_dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planning.brief import Brief
from planning.content import Block, Chart, Chips, Gantt, Prose, Table
from planning.figures.plan import SPECS, planned
from planning.figures.spec import Spec, Together, Unusable
from planning.showing import Shown
from planning.wording import LANGUAGES
from tests.planning.briefs import NAMES, golden
from tests.planning.figures.test_goals import briefs
from tests.planning.trying import some

PARTS = {"schedule", "finance", "indicators", "budget", "risks", "theory", "sdg", "raci"}
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=12), inner, max_size=6)
    ),
    max_leaves=20,
)


def texts_of(value: object) -> list[str]:
    """Every text in a block, wherever it stands."""
    if isinstance(value, str):
        return [value]
    if is_dataclass(value):
        return [text for f in fields(value) for text in texts_of(getattr(value, f.name))]
    if isinstance(value, tuple):
        return [text for inner in value for text in texts_of(inner)]
    return []


def assert_well_formed(block: Block) -> None:
    """Rows as wide as their columns, a value for every category, ends after their beginnings."""
    match block:
        case Table():
            assert block.caption
            assert 0 <= block.totals <= len(block.rows)
            assert {len(row) for row in block.rows} == {len(block.columns)}
            assert all(column.title for column in block.columns)
        case Chart():
            assert block.unit
            assert all(len(series.values) == len(block.categories) for series in block.series)
            assert all(value.is_finite() for series in block.series for value in series.values)
        case Gantt():
            known = {bar.id for bar in block.bars}
            assert all(bar.start <= bar.end and set(bar.depends_on) <= known for bar in block.bars)
        case Chips():
            assert all(1 <= chip.goal <= 17 and chip.label for chip in block.chips)
        case Prose():
            assert block.markdown


def assert_whole(brief: Brief) -> None:
    """All parts are there, well formed, and free of what could harm a page."""
    parts = planned(brief).blocks(brief)
    assert set(parts) == PARTS
    for blocks in parts.values():
        assert blocks
        for block in blocks:
            assert_well_formed(block)
            for text in texts_of(block):
                assert not any(c in text for c in "\x00\x07\x1b\u202e\u202d\u2066\ufeff\n\t")
                assert "{{" not in text


@pytest.mark.parametrize("name", NAMES)
def test_every_idea_has_a_whole_plan_without_a_model(name: str) -> None:
    """Also the one with almost nothing in it, and the hostile one."""
    assert_whole(golden(name))


@some
@given(briefs)
def test_any_brief_has_a_whole_plan(brief: Brief) -> None:
    """Whatever the founder sent."""
    assert_whole(brief)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_plan_speaks_its_language_alone(language: str) -> None:
    """No English label is left in another one, but for words that both have."""
    brief = replace(golden("usa_federal"), team=())
    english = set(labels(replace(brief, language="en")))
    own = set(labels(replace(brief, language=language)))
    alike = {"Base", "Total", "Impact", "Score", "Services", "Item", "USD"}
    assert language == "en" or {text for text in own & english if len(text) > 2} <= alike


def labels(brief: Brief) -> list[str]:
    """Captions, titles of columns, and names of lines and series."""
    found: list[str] = []
    for blocks in planned(brief).blocks(brief).values():
        for block in blocks:
            if isinstance(block, Table):
                found += [block.caption, block.note, *(column.title for column in block.columns)]
            elif isinstance(block, Chart):
                found += [block.caption, *(s.name for s in block.series), *block.categories[:1]]
            elif isinstance(block, Gantt):
                found.append(block.caption)
    return [
        text for text in found if "Executive Director" not in text and "Lead Instructor" not in text
    ]


@pytest.mark.parametrize("name", NAMES)
def test_two_plans_of_the_same_brief_are_equal(name: str) -> None:
    """Nothing is left to chance."""
    assert planned(golden(name)) == planned(golden(name))


@pytest.mark.parametrize("name", NAMES)
def test_every_fact_can_be_shown(name: str) -> None:
    """In the language of its brief, with a label."""
    brief = golden(name)
    base = planned(brief).base
    shown = Shown(brief.language, brief.currency).all(base)
    assert set(shown) == set(base.facts)
    assert all(text.strip() for text in shown.values())
    assert all(fact.label for fact in base.facts.values())
    assert not {question.id for question in base.questions} & set(base.facts)


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_the_example_in_a_question_is_flat_and_small(spec: Spec[Any]) -> None:
    """At most eight fields in an object, so that a small model can fill it."""
    brief = golden("ecoed_empowerment")
    example = json.loads(spec.told(brief, planned(brief).base).rpartition("\n")[2])

    def flat(value: Any) -> None:
        if isinstance(value, list):
            for inner in value:
                flat(inner)
        elif isinstance(value, dict):
            assert len(value) <= 8
            for inner in value.values():
                flat(inner)

    flat(example)


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
@some
@given(answer=json_values)
def test_any_answer_is_read_or_refused_in_words(spec: Spec[Any], answer: Any) -> None:
    """Never another error, and never an endless list."""
    for said in (answer, {spec.name: answer, "lines": answer, "drivers": answer, "staff": answer}):
        errors = refusal(spec, said)
        assert len(errors) <= 12
        assert all(0 < len(error) < 400 for error in errors)


def refusal(spec: Spec[Any], answer: object) -> tuple[str, ...]:
    """What *spec* says against *answer*; nothing when it can be used."""
    try:
        spec.read(answer)
    except Unusable as unusable:
        return unusable.errors
    return ()


MILESTONES = [
    {
        "id": f"a{n}",
        "name": f"Step {n}",
        "owner": "Executive Director" if n % 3 else "Lead Instructor",
        "weeks": 6,
        "after": [f"a{n - 1}"] if n > 1 else [],
        "deliverable": "A report",
        "done_when": "It is sent",
    }
    for n in range(1, 9)
]


def test_the_defaults_follow_a_schedule_that_a_model_proposed() -> None:
    """Budget lines, risks and duties name its milestones."""
    brief = golden("usa_federal")
    milestones = SPECS[0].read(MILESTONES)
    plan = planned(brief, {"milestones": milestones})
    ids = {m.id for m in milestones}
    assert not plan.rejected
    assert {line.activity for line in plan.budget.lines} <= ids
    assert {risk.cover for risk in plan.risks} <= {*ids, "", "reserve"}
    assert {duty.activity for duty in plan.raci.duties} == ids
    assert plan.base.facts["milestone.a1.start"].value == date(2027, 7, 1)


def test_a_proposal_that_does_not_fit_the_others_is_left_out_and_said() -> None:
    """The default stands in its place."""
    brief = golden("usa_federal")
    line = {"item": "Trainer", "category": "personnel", "activity": "m7", "quantity": 1}
    line |= {"unit_cost": 10, "why": "A trainer is needed."}
    budget = next(spec for spec in SPECS if spec.name == "budget").read({"lines": [line]})
    fits = planned(brief, {"budget": budget})
    assert fits.budget.total == 10
    other = planned(brief, {"budget": budget, "milestones": SPECS[0].read(MILESTONES)})
    assert other.rejected == {"budget": ("lines: Trainer: activity m7 is unknown",)}
    assert other.budget.total == Decimal(437_690)


def test_assumptions_of_a_model_complete_the_finances() -> None:
    """An idea without figures has a forecast then, every value of it tagged as assumed."""
    brief = golden("ecoed_empowerment")
    finance = next(spec for spec in SPECS if spec.name == "finance").read(
        {
            "drivers": [{"id": "launch_costs", "value": 9000, "low": 7000, "high": 12000}],
            "staff": [{"role": "Director", "people": 1, "monthly_pay": 900}],
            "costs": [{"name": "Rent", "monthly": 300}],
        }
    )
    plan = planned(brief, {"finance": finance})
    assert plan.forecast.measures is not None
    assert plan.forecast.measures.funding_gap == 9000 + 36 * 1200
    assert plan.base.facts["finance.funding_gap"].value == 52_200
    assumed = [fact for fact in plan.base.facts.values() if fact.id.startswith("assumption.")]
    assert {"assumption.launch_costs", "assumption.staff.1", "assumption.other.1"} <= {
        f.id for f in assumed
    }
    assert all(fact.origin == "assumed" and fact.low is not None for fact in assumed)


def test_specs_can_be_asked_together() -> None:
    """In one question; what can be used of the answer is, and the rest is told."""
    together = Together(SPECS[:2])
    brief = golden("ecoed_empowerment")
    base = planned(brief).base
    told = together.told(brief, base)
    assert '"milestones", "finance"' in told
    assert '# "finance"' in told
    parts, errors = together.read_parts(
        {"milestones": MILESTONES, "finance": {"drivers": "none"}}, base
    )
    assert set(parts) == {"milestones"}
    assert errors == ("finance: nothing is proposed",)
    with pytest.raises(Unusable, match="nothing is proposed"):
        together.read({"milestones": MILESTONES})
    assert set(together.default(brief, base)) == {"milestones", "finance"}
