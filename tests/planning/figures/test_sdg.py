"""The SDG map: 17 goals, 169 targets, what founders write, and honest strength."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planning.brief import Brief
from planning.content import Chips, Prose, Table
from planning.figures import indicators
from planning.figures.gathering import facts_said
from planning.figures.sdg import (
    SPEC,
    Proposed,
    Served,
    blocks,
    compute,
    goal_name,
    goals_in,
    is_target,
    target_label,
    targets_in,
    targets_of,
    warnings,
)
from planning.figures.spec import Unusable
from planning.wording import LANGUAGES
from tests.planning.briefs import NAMES, golden
from tests.planning.trying import many

COUNTS = (7, 8, 13, 10, 9, 8, 5, 12, 8, 10, 10, 11, 5, 10, 12, 12, 19)
SCRIPTS = {"ru": "Ѐ-ӿ", "ar": "؀-ۿ", "hi": "ऀ-ॿ"}


def served_by(brief: Brief, *proposed: Proposed) -> tuple[Served, ...]:
    """The map of *brief*, with its default indicators."""
    return compute(proposed, indicators.compute((), brief), brief)


def test_there_are_seventeen_goals_with_their_169_targets() -> None:
    """As many for each goal as the United Nations count."""
    assert tuple(len(targets_of(goal)) for goal in range(1, 18)) == COUNTS
    assert sum(COUNTS) == 169


@pytest.mark.parametrize("language", LANGUAGES)
def test_names_and_labels_are_in_every_language(language: str) -> None:
    """Short, in its own script, and none is there twice."""
    goals = [goal_name(goal, language) for goal in range(1, 18)]
    labels = [target_label(code, language) for goal in range(1, 18) for code in targets_of(goal)]
    assert len(set(goals)) == 17
    assert all(3 < len(label) <= 75 for label in labels)
    # Health and equality share one target in the UN's own list, too.
    assert len(set(labels)) >= 168
    if script := SCRIPTS.get(language):
        assert all(re.search(f"[{script}]", label) for label in (*goals, *labels))


def test_another_language_has_english_labels() -> None:
    """Rather than none."""
    assert goal_name(6, "sw") == "Clean Water and Sanitation"
    assert target_label("6.1", "pt-BR") == target_label("6.1", "pt")


@pytest.mark.parametrize(
    ("text", "goals"),
    [
        ("sdg12", (12,)),
        ("SDG 6: Clean Water and Sanitation", (6,)),
        ("ODS 4", (4,)),
        ("ODD 5 : Égalité entre les sexes", (5,)),
        ("Ziel 8", (8,)),
        ("ЦУР 3", (3,)),
        ("الهدف ١٣", (13,)),
        ("एसडीजी 5", (5,)),
        ("लक्ष्य ७", (7,)),
        ("Goal 13", (13,)),
        ("4", (4,)),
        ("4.7", (4,)),
        ("SDG 4.7", (4,)),
        ("SDGs 1, 4 and 13", (1, 4, 13)),
        ("SDG 1; SDG 2; SDG 3", (1, 2, 3)),
        ("Quality Education", (4,)),
        ("Vida submarina", (14,)),
        ("12 Responsible consumption", (12,)),
        ("#SDG-7", (7,)),
        ("\u202eSDG 6<script>", (6,)),
        ("SDG 99", ()),
        ("sdg0", ()),
        ("SDG -1", ()),
        ("Goal 2030", ()),
        ("six", ()),
        ("", ()),
    ],
)
def test_goals_are_read_as_founders_write_them(text: str, goals: tuple[int, ...]) -> None:
    """Numbers that are no goal are left out."""
    assert goals_in(text) == goals


@many
@given(st.text(max_size=120))
def test_any_text_names_only_goals_that_exist(text: str) -> None:
    """Whatever it is."""
    assert all(1 <= goal <= 17 for goal in goals_in(text))
    assert all(is_target(code) for code in targets_in(text))


def test_codes_are_those_of_the_list() -> None:
    """A number with a point in a text is no target."""
    assert targets_in("We serve 4.7 and 6.A, not 4.99 or 3.5% or 1.234.5") == ("4.7", "6.a")
    assert not is_target("18.1")


def test_goals_lead_to_targets_and_to_the_ventures_indicators() -> None:
    """EcoEd: each of its five goals is shown by a counted one."""
    found = {s.goal: s for s in served_by(golden("ecoed_empowerment"))}
    assert set(found) == {1, 4, 7, 8, 13}
    assert all(s.strength == "direct" and s.indicators for s in found.values())
    assert found[7].targets == ("7.2",)
    assert found[7].indicators == ("k3",)


@pytest.mark.parametrize("name", NAMES)
def test_strength_is_honest(name: str) -> None:
    """Direct needs an indicator with a target, contributing a target, and the rest is claimed."""
    brief = golden(name)
    counted = {i.id for i in indicators.compute((), brief) if i.target is not None}
    for s in served_by(brief):
        assert all(code in targets_of(s.goal) for code in s.targets)
        assert set(s.indicators) <= counted
        assert (s.strength == "direct") == bool(s.indicators)
        assert (s.strength == "claimed") == (not s.targets)


def test_washing_is_warned_of() -> None:
    """More than five goals, and those that nothing supports."""
    brief = golden("mexico_food")
    many, claimed = warnings(served_by(brief), brief)
    assert many.startswith("7 objetivos")
    assert "13 Acción por el clima" in claimed
    assert warnings(served_by(golden("clean_water")), golden("clean_water")) == ()


def test_a_model_can_only_make_a_goal_contribute() -> None:
    """It is no evidence that something is counted."""
    brief = golden("usa_federal")
    before = {s.goal: s.strength for s in served_by(brief)}
    after = {s.goal: s.strength for s in served_by(brief, Proposed("13.2", 1), Proposed("7.1", 0))}
    assert (before[13], after[13]) == ("claimed", "contributing")
    assert before[7] == after[7] == "direct"


def test_without_goals_of_the_founder_ours_are_marked() -> None:
    """And none is made up where the idea shows none."""
    brief = golden("almost_nothing")
    (ours,) = served_by(brief)
    assert (ours.goal, ours.is_added, ours.strength) == (10, True, "contributing")
    chips, _ = blocks((ours,), (), brief)
    assert isinstance(chips, Chips)
    assert chips.chips[0].label == "Reduced Inequalities (added by us)"
    blank = replace(brief, idea=replace(brief.idea, mission="We do things"))
    assert served_by(blank) == ()
    assert blocks((), (), blank) == (
        Prose("No goal is named yet, and none can be read from the idea."),
    )


def test_the_table_names_targets_indicators_and_strength() -> None:
    """In the language of the brief."""
    brief = golden("egypt_solar")
    measures = indicators.compute((), brief)
    _, table = blocks(compute((), measures, brief), measures, brief)
    assert isinstance(table, Table)
    rows = {row[0].split()[0]: row for row in table.rows}
    assert rows["7"][1].startswith("7.2 مزيد من الطاقة المتجددة")
    assert rows["13"][3] == "مُعلنة فقط"
    assert "العمل المناخي" in table.note


def test_a_code_that_is_none_of_the_169_is_told() -> None:
    """Small models invent them."""
    base = facts_said(golden("ecoed_empowerment"))
    assert SPEC.read([{"target": "4.4", "goal": 2}], base) == (Proposed("4.4", 2),)
    with pytest.raises(Unusable, match=r"'4\.99' is no target"):
        SPEC.read([{"target": "4.99", "goal": 2}], base)
    with pytest.raises(Unusable, match="7 is not between 0 and 4"):
        SPEC.read([{"target": "4.4", "goal": 7}], base)
