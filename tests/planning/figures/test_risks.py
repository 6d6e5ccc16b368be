"""The risk register: scores, bands, cover for the worst, and regulated fields in eight languages."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planning.brief import Brief
from planning.content import Table
from planning.facts import FactBase
from planning.figures import assumptions, finance, risks
from planning.figures import schedule as schedules
from planning.figures.gathering import facts_said
from planning.figures.risks import SPEC, Risk, blocks, compute, regulated
from planning.figures.spec import Unusable
from planning.wording import LANGUAGES
from tests.planning.briefs import NAMES, golden
from tests.planning.trying import many


def schedule_of(brief: Brief) -> schedules.Schedule:
    """Its default schedule."""
    return schedules.compute(schedules.SPEC.default(brief, FactBase()), brief.start)


def register(brief: Brief, *proposed: Risk) -> tuple[Risk, ...]:
    """The register of *brief*."""
    forecast = finance.compute(assumptions.Proposal(), brief, facts_said(brief))
    return compute(proposed, brief, schedule_of(brief), forecast)


def risk(likelihood: int, impact: int, cover: str = "") -> Risk:
    """A risk of which only the score matters."""
    return Risk(
        risk="Rain",
        likelihood=likelihood,
        impact=impact,
        owner="Lead",
        mitigation="A roof",
        trigger="Clouds",
        cover=cover,
    )


@many
@given(st.integers(1, 5), st.integers(1, 5))
def test_the_score_is_the_product_and_bands_are_fixed(likelihood: int, impact: int) -> None:
    """1-4 low, 5-9 medium, 10-14 high, 15-25 critical."""
    found = risk(likelihood, impact)
    assert found.score == likelihood * impact
    limits = {
        "low": range(1, 5),
        "medium": range(5, 10),
        "high": range(10, 15),
        "critical": range(15, 26),
    }
    assert found.score in limits[found.band]


@pytest.mark.parametrize("name", NAMES)
def test_a_register_without_a_model_is_whole(name: str) -> None:
    """Five rows or more, worst first, every field filled, and cover for what is critical."""
    brief = golden(name)
    found = register(brief)
    schedule = schedule_of(brief)
    assert len(found) >= 5
    assert [r.score for r in found] == sorted((r.score for r in found), reverse=True)
    for entry in found:
        assert all((entry.risk, entry.owner, entry.mitigation, entry.trigger))
        assert "{" not in entry.risk + entry.mitigation + entry.trigger or name == "hostile"
        if entry.score >= 15:
            assert entry.cover == "reserve" or schedule.find(entry.cover)


def test_risks_tell_of_this_venture() -> None:
    """Its gap, its one source, its sales, its open roles, its goal."""
    told = " ".join(r.risk for r in register(golden("germany_repair")))
    for part in ("214.720", "92\N{NO-BREAK SPACE}%", "620", "Ausbildung", "10.000 Geräte"):
        assert part in told


def test_where_no_money_is_missing_the_low_scenario_is_watched() -> None:
    """With what would be left then."""
    brief = golden("kenya_soil")
    rich = replace(brief, figures={**brief.figures, "opening_cash": Decimal(10**8)})
    told = [r.risk for r in register(rich)]
    assert any(text.startswith("If things go badly, cash falls to Ksh") for text in told)
    assert not any("funding gap" in text for text in told)


def test_unknown_costs_are_the_first_risk() -> None:
    """It names what is missing, and the milestone that stands ready."""
    first = register(golden("ecoed_empowerment"))[0]
    assert first.score == 16
    assert "Staff costs a month, Other costs a month, Launch costs" in first.mitigation
    assert first.cover == "m4"


def test_a_goal_larger_than_its_target_group_is_critical() -> None:
    """Where both are counted in the same unit."""
    brief = golden("clean_water")
    market = {"size": "900 people"}
    idea = replace(brief.idea, goals=("Reach 5,000 people each year",), target_market=market)
    told = [r.risk for r in register(replace(brief, idea=idea))]
    assert "The goal “Reach 5,000 people each year” is larger than the target group (900)" in told
    assert not any("larger than" in r.risk for r in register(golden("mexico_food")))


WORDS = {
    "en": ("a clinic for patients", "a school for children", "loans and savings", "meals and food"),
    "es": ("clínica de salud", "escuela para niños", "crédito y ahorro", "comida y alimentos"),
    "fr": ("soins de santé", "école pour enfants", "microcrédit, épargne", "repas et aliments"),
    "pt": (
        "clínica de saúde",
        "escola para crianças",
        "poupança e crédito",
        "refeições, alimentos",
    ),
    "de": ("Klinik, Gesundheit", "Schule für Kinder", "Kredite und Sparen", "Lebensmittel"),
    "ru": ("клиника, здоровье", "школа для детей", "кредиты, сбережения", "питание, кухня"),
    "ar": ("عيادة صحية", "مدرسة للأطفال", "قروض وادخار", "طعام ووجبات"),
    "hi": ("स्वास्थ्य क्लिनिक", "बच्चों का स्कूल", "ऋण और बचत", "भोजन और पोषण"),
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_regulated_fields_raise_a_row_of_compliance(language: str) -> None:
    """Health, children, finance and food, in every language; with the country that makes the rules."""
    fields = ("health", "children", "finance", "food")
    brief = replace(golden("almost_nothing"), language=language, country="KE")
    for field, mission in zip(fields, WORDS[language], strict=True):
        of_field = replace(brief, idea=replace(brief.idea, mission=mission))
        assert field in regulated(of_field)
        assert any(r.score == 10 for r in register(of_field))
    assert regulated(replace(brief, idea=replace(brief.idea, mission="We plant trees"))) == ()


def test_proposed_risks_stand_with_the_regulated_ones_beside_them() -> None:
    """The model does not have to know the law."""
    brief = golden("india_clinic")
    proposed = [risk(2, n % 5 + 1) for n in range(5)]
    found = register(brief, *proposed)
    assert len(found) == 7
    assert {r.owner for r in found} == {"Lead", "निदेशक"}


def test_a_critical_risk_without_cover_is_refused() -> None:
    """And so is cover that does not exist."""
    brief = golden("clean_water")
    with pytest.raises(Unusable, match="score 20 needs a cover"):
        register(brief, risk(4, 5))
    with pytest.raises(Unusable, match="milestone m99 is unknown"):
        register(brief, risk(1, 1, "m99"))
    with pytest.raises(Unusable, match="there is no reserve"):
        register(brief, risk(4, 5, "reserve"))
    figures = {**golden("kenya_soil").figures, "opening_cash": Decimal(10**8)}
    rich = replace(golden("kenya_soil"), figures=figures)
    assert register(rich, risk(4, 5, "reserve"))[0].cover == "reserve"


def test_the_table_names_score_band_and_cover() -> None:
    """A row for each."""
    brief = golden("ecoed_empowerment")
    table = blocks(register(brief), brief)[0]
    assert isinstance(table, Table)
    assert table.rows[0][4] == "16 (critical)"
    assert table.rows[0][8] == "milestone m4"
    assert risks.facts(register(brief), brief)[0].id == "risk.top"


ROW: dict[str, Any] = {
    "risk": "Floods",
    "likelihood": 4,
    "impact": "4",
    "owner": "Director",
    "mitigation": "Move upstairs",
    "trigger": "Two days of rain",
    "cover": "m3",
}


def test_a_proposal_is_read() -> None:
    """Numbers as text, too."""
    brief = golden("clean_water")
    base = facts_said(brief).having(schedules.facts(schedule_of(brief), brief))
    assert [r.score for r in SPEC.read([ROW] * 5, base)] == [16] * 5


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"likelihood": 6}, "6 is not between 1 and 5"),
        ({"impact": 2.5}, "2.5 is not a whole number"),
        ({"cover": ""}, "a score of 16 needs one"),
        ({"cover": "hope"}, "'hope' is none of"),
        ({"trigger": None}, "trigger: a text is missing"),
    ],
)
def test_a_wrong_proposal_is_told(changes: dict[str, Any], error: str) -> None:
    """By row and field."""
    brief = golden("clean_water")
    base = facts_said(brief).having(schedules.facts(schedule_of(brief), brief))
    with pytest.raises(Unusable, match=error):
        SPEC.read([ROW, ROW, ROW, ROW, ROW | changes], base)
