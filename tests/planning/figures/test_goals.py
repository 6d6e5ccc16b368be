"""What the founder said, as goals to count, facts and named questions."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planning.brief import FIGURES, Brief, Member
from planning.figures.gathering import country_of, facts_said, figure, market_size
from planning.figures.goals import Goal, goals_of
from planning.figures.plain import plain
from planning.figures.roles import roles_of
from planning.idea import Idea
from planning.wording import LANGUAGES
from tests.planning.briefs import NAMES, golden
from tests.planning.trying import some


def goal(text: str, language: str = "en") -> Goal:
    """The goal that *text* is."""
    idea = replace(golden("clean_water").idea, goals=(text,))
    return goals_of(replace(golden("clean_water"), idea=idea, language=language))[0]


def test_a_goal_is_due_in_the_founders_year() -> None:
    """Else at the end of year 2 for what comes again each year, and of the plan for the rest."""
    start = date(2027, 1, 1)
    assert goal("Plant 300 trees by 2028").due(start) == date(2028, 12, 31)
    assert goal("Plant 300 trees each year").due(start) == date(2028, 12, 31)
    assert goal("Plant 300 trees").due(start) == date(2029, 12, 31)
    assert goal("Plant 300 trees by 2024").due(start) == date(2029, 12, 31)


@pytest.mark.parametrize(
    "text",
    [
        "Raise the share from 38 % to 60 %",
        "Faire passer la part de 38 % à 60 %",
        "Den Anteil von 38 % auf 60 % heben",
        "Subir la parte de 38% a 60%",
        "Поднять долю с 38 % до 60 %",
        "رفع النسبة من ٣٨٪ إلى ٦٠٪",
    ],
)
def test_from_one_share_to_another_is_a_baseline_and_a_target(text: str) -> None:
    """In many languages."""
    read = goal(text)
    assert (read.baseline, read.number, read.unit) == (Decimal(38), Decimal(60), "%")


def test_goals_that_say_nothing_are_left_out() -> None:
    """Blank lines and mere punctuation are no goals; the others keep their words."""
    brief = replace(
        golden("clean_water"),
        idea=replace(golden("clean_water").idea, goals=("", " - ", "Dig 5 wells")),
    )
    assert [(g.id, g.text) for g in goals_of(brief)] == [(1, "Dig 5 wells")]


@pytest.mark.parametrize("name", NAMES)
def test_figures_appear_as_they_were_given(name: str) -> None:
    """Those that can be meant; the others become questions."""
    brief = golden(name)
    base = facts_said(brief)
    asked = {question.id for question in base.questions}
    for key, value in brief.figures.items():
        if figure(brief, key) is None:
            assert key in asked
            assert key not in base.facts
        else:
            assert base.facts[key].value == value
            assert base.facts[key].origin == "said"


def test_everything_that_is_missing_is_asked_for() -> None:
    """Each with what it is needed for, and only what is missing."""
    asked = {
        question.id: question.text for question in facts_said(golden("almost_nothing")).questions
    }
    assert {
        "name",
        "product",
        "people",
        "place",
        "goal.1",
        "team.1",
        "opening_cash",
        "price",
    } <= set(asked)
    assert asked["launch_costs"] == "Launch costs: needed for the three-year finances"
    assert "mission" not in asked
    told = facts_said(golden("germany_repair"))
    assert {question.id for question in told.questions} == {
        "goal.3.baseline",
        "grant_request",
        "beneficiaries_year1",
    }


def test_a_goal_without_number_or_with_a_past_year_is_asked_about() -> None:
    """By its words."""
    goals = ("Train communities", "Plant 300 trees by 2024")
    brief = golden("clean_water")
    base = facts_said(replace(brief, idea=replace(brief.idea, goals=goals)))
    asked = {question.id: question.text for question in base.questions}
    assert "“Train communities”" in asked["goal.1.number"]
    assert "has passed" in asked["goal.2.by"]
    assert "goal.2.by" not in base.facts


@pytest.mark.parametrize(
    ("name", "size", "unit"),
    [
        ("clean_water", "10000", "people"),
        ("india_clinic", "250000", "लोग"),
        ("egypt_solar", "85000", "مزارع"),
        ("kazakhstan_prosthetics", "2800", "детей"),
        ("brazil_recycling", "3500", "pessoas"),
        ("germany_repair", "62000", "Haushalte"),
    ],
)
def test_the_size_of_the_market_is_read(name: str, size: str, unit: str) -> None:
    """From whatever the target market calls it."""
    found = market_size(golden(name))
    assert found is not None
    assert (found.value, found.unit) == (Decimal(size), unit)


def test_the_country_has_its_name_in_the_language() -> None:
    """And a code that is none has no name."""
    assert country_of(golden("germany_repair")) == "Deutschland"
    assert country_of(golden("india_clinic")) == "भारत"
    assert country_of(golden("hostile")) == ""


def test_hostile_text_is_made_plain() -> None:
    """No control, no hidden direction, no slot and no mark of ours is left in any fact."""
    for fact in facts_said(golden("hostile")).facts.values():
        if isinstance(fact.value, str):
            assert fact.value == plain(fact.value, 600)
            assert not any(c in fact.value for c in "\u202e\u202d\u2066\u200b\x00\x07\x1b\n")
            assert "{{" not in fact.value
            assert "[S1]" not in fact.value


@some
@given(st.text(max_size=500), st.integers(2, 100))
def test_plain_text_is_one_short_line(text: str, most: int) -> None:
    """Whatever goes in, and a second time changes nothing."""
    line = plain(text, most)
    assert len(line) <= most
    assert line == line.strip()
    assert line.isprintable() or any(c in line for c in "\u200c\u200d\u2009\u202f\xa0")
    assert plain(line, most) == line


def test_roles_go_to_those_whose_name_tells_it() -> None:
    """Who has no name is open, and so is work that nobody has."""
    roles = roles_of(golden("usa_federal"))
    assert (roles.lead, roles.finance, roles.programme) == (
        "Executive Director",
        "Finance Officer",
        "Lead Instructor",
    )
    assert roles.open_roles == ("Lead Instructor", "Monitoring and learning")
    assert roles_of(golden("brazil_recycling")).finance == "Tesoureira"
    assert roles_of(golden("senegal_literacy")).finance == "Comptable"
    assert roles_of(golden("germany_repair")).finance == "Buchhaltung"


texts = st.text(max_size=60)
briefs = st.builds(
    Brief,
    idea=st.builds(
        Idea,
        name=texts,
        mission=texts,
        goals=st.lists(texts, max_size=5).map(tuple),
        target_market=st.dictionaries(texts, texts | st.integers() | st.none(), max_size=4),
        primary_product=texts,
        sdgs=st.lists(texts, max_size=4).map(tuple),
    ),
    start=st.dates(date(2024, 1, 1), date(2060, 12, 31)),
    country=st.sampled_from(["", "DE", "KE", "XX", "usa"]) | texts,
    language=st.sampled_from([*LANGUAGES, "sw", "pt-BR", "zh-Hans", "", "x"]) | texts,
    currency=st.sampled_from(["USD", "EUR", "JPY", "XYZ", "", "usd"]),
    team=st.lists(st.builds(Member, texts, texts), max_size=4).map(tuple),
    figures=st.dictionaries(
        st.sampled_from(sorted(FIGURES)), st.decimals() | st.decimals(0, 10**7, places=2)
    ),
    call=texts,
)


@some
@given(briefs)
def test_any_brief_has_its_facts(brief: Brief) -> None:
    """However odd it is: the start is known, and what is not known is asked for."""
    base = facts_said(brief)
    assert base.facts["start"].value == brief.start
    assert not {question.id for question in base.questions} & set(base.facts)
