"""Every check finds its defect and names it, is silent about a good document, and moves the score."""

import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planning.checks import (
    CHECKS,
    LEFT,
    LEFT_BY_QUESTION,
    NOT_READY,
    WEIGHTS,
    Check,
    Finding,
    Structures,
    review,
    violations,
)
from planning.checks.base import ALL_TYPES, Subject
from planning.content import Section
from planning.facts import FactBase
from planning.figures.plan import planned
from planning.showing import Shown
from planning.wording import LANGUAGES, words_in
from planning.wording import _area as area
from tests.planning.briefs import NAMES, golden
from tests.planning.checks.cases import GOOD, Case
from tests.planning.checks.defects import (
    DEFECTS,
    DEFECTS_TOLD_AS,
    Plant,
    with_questions_asked,
)
from tests.planning.checks.texts import TEXTS
from tests.planning.documents import document, section


def _number(key: str) -> str:
    """The check that has the words called *key*: `C9a` for `c9a_x`."""
    number = key.partition("_")[0]
    return f"{number[0].upper()}{number[1:]}"


BY_ID = {check.id: check for check in CHECKS}
CASES = [
    *((_number(key), key, document, plant) for key, document, plant in DEFECTS),
    *DEFECTS_TOLD_AS,
]
# Those that only add to the text, and so can be planted one after the other.
ADDED = [
    (key, plant)
    for key, document, plant in DEFECTS
    if document == "roadmap"
    and key in {"c1", "c2", "c3", "c4", "c7", "c7_leak", "c8_slot", "c9b", "c9c", "c12", "c14"}
]
REVIEWED = {name: make().reviewed() for name, make in GOOD.items()}
every_defect = pytest.mark.parametrize(
    ("check", "key", "document", "plant"),
    CASES,
    ids=[f"{n}-{row[1]}" for n, row in enumerate(CASES)],
)


def said_by(key: str, message: str, language: str = "en") -> bool:
    """Whether *message* is the words called *key*, with whatever values."""
    words = re.split(r"\{\w+\}", area("checks")[key][language])
    return re.fullmatch(".*".join(map(re.escape, words)), message, re.DOTALL) is not None


@pytest.mark.parametrize("name", GOOD)
def test_of_a_good_document_no_check_has_anything_to_say(name: str) -> None:
    """Each check's text that passes."""
    review = REVIEWED[name]
    assert review.findings == ()
    assert review.is_ready
    assert review.score >= 97
    assert review.grounding in (None, 100)


@every_defect
def test_a_defect_is_found_named_and_counted(
    check: str, key: str, document: str, plant: Plant
) -> None:
    """Each check's text that fails, in each of its ways: it says what is wrong, and lowers its part."""
    case, good = plant(GOOD[document]()), REVIEWED[document]
    bad = case.reviewed()
    assert any(f.check == check and said_by(key, f.message) for f in bad.findings), bad.findings
    assert bad.parts[BY_ID[check].group] < good.parts[BY_ID[check].group]
    assert 0 <= bad.score <= good.score
    assert plant(GOOD[document]()).reviewed() == bad
    for finding in bad.findings:
        assert_named(finding, case)


def assert_named(finding: Finding, case: Case) -> None:
    """A finding's sentence stands in the document word for word, or is what it is about."""
    assert len(finding.sentence) <= 300
    if finding.check in ("C3", "C4", "C7", "C9b", "C10", "P9"):
        prose = re.sub(r"[*_`]", "", " ".join(s.text for s in case.document.sections))
        start = re.sub(r"[*_`]", "", finding.sentence).rstrip("…")[:60]
        assert start in " ".join(prose.split()) or start in prose


@settings(max_examples=20, deadline=None)
@given(st.lists(st.sampled_from(ADDED), min_size=2, max_size=5, unique_by=lambda each: each[0]))
def test_every_further_defect_keeps_the_score_from_rising(planted: list[tuple[str, Plant]]) -> None:
    """Also on top of others."""
    case, score = GOOD["roadmap"](), REVIEWED["roadmap"].score
    for key, plant in planted:
        case = plant(case)
        lower = case.reviewed().score
        assert lower <= score, key
        score = lower


def test_every_check_has_a_defect_and_every_defect_a_check() -> None:
    """So that no new check is left untested."""
    assert {check.id for check in CHECKS} == {case[0] for case in CASES}


def test_every_message_is_used_by_a_defect() -> None:
    """No words without a way to say them."""
    labels = {"readiness", "error", "warning", "grounding"}
    keys = {key for key in area("checks") if not key.startswith("group_")} - labels
    assert keys == {case[1] for case in CASES}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_founder_is_told_in_the_language_of_the_document(language: str) -> None:
    """Every message can be filled with its values."""
    words = words_in(language)
    for key, entry in area("checks").items():
        values = dict.fromkeys(re.findall(r"\{(\w+)\}", entry[language]), "7")
        assert words(f"checks.{key}", **values)


def test_open_questions_lower_the_part_of_the_facts_without_being_errors() -> None:
    """A plan is as sure as its answers."""
    good, open_ones = (
        GOOD["roadmap"]().reviewed(),
        with_questions_asked(GOOD["roadmap"]()).reviewed(),
    )
    assert open_ones.findings == ()
    assert open_ones.parts["facts"] < good.parts["facts"]
    assert open_ones.is_ready


def test_a_document_with_an_error_does_not_look_ready() -> None:
    """However good the rest is."""
    review = GOOD["roadmap"]().with_text("programme", "See https://evil.example/x.").reviewed()
    assert not review.is_ready
    assert review.score <= 89


def test_violations_tell_a_model_what_to_mend_in_one_section() -> None:
    """Errors first, with the sentence, and nothing of other sections."""
    case = GOOD["roadmap"]()
    case = case.with_text("programme", "This is revolutionary. About 7,400 cooks wait.")
    case = case.with_text("operations", "As an AI language model, I cannot say more.")
    told = violations(case.reviewed(), "programme").splitlines()
    assert len(told) == 2
    assert "7,400" in told[0]
    assert told[0].endswith("“About 7,400 cooks wait.”")
    assert "revolutionary" in told[1]
    assert violations(case.reviewed(), "summary") == ""


def test_sections_of_the_founder_and_of_code_are_their_own_source() -> None:
    """What the founder wrote is a fact."""
    case = GOOD["roadmap"]().with_text("programme", "About 7,400 cooks live here.")
    sections = tuple(
        replace(s, author="founder") if s.id == "programme" else s for s in case.document.sections
    )
    assert case.written(sections=sections).reviewed().findings == ()


def test_words_that_are_the_founders_own_are_no_leak_and_no_hype() -> None:
    """A venture may be about language models."""
    case = GOOD["roadmap"]().with_text("programme", "As an AI language model shows, it works.")
    idea = replace(
        case.brief.idea, primary_product="As an AI language model for schools, revolutionary"
    )
    again = case.with_text("programme", "It is revolutionary.").briefed(idea=idea)
    assert {f.check for f in again.reviewed().findings} & {"C7", "C9b"} == set()


@given(st.text(max_size=400))
@settings(max_examples=25, deadline=None)
def test_no_text_breaks_a_check(text: str) -> None:
    """Whatever a model writes."""
    for name in ("roadmap", "proposal", "pitch"):
        section = {"roadmap": "programme", "proposal": "organisation", "pitch": "pitch"}[name]
        review = GOOD[name]().with_text(section, text).reviewed()
        assert 0 <= review.score <= 100
        assert all(isinstance(finding, Finding) for finding in review.findings)


def test_an_empty_document_is_reviewed_as_well() -> None:
    """With nothing expected and nothing known."""
    case = GOOD["roadmap"]()
    empty = Case(document=replace(case.document, sections=(), references=(), questions=()))
    assert 0 <= empty.reviewed().score <= 100


@pytest.mark.parametrize("name", NAMES)
def test_figures_of_the_fact_base_are_known_in_every_language(name: str) -> None:
    """As code writes them into prose, in the document's own language."""
    brief = golden(name)
    plan = planned(brief)
    shown = Shown(brief.language, brief.currency)
    case = Case(document(language=brief.language), plan.base, brief)
    subject = Subject(document=case.document, facts=plan.base, brief=brief)
    for fact in plan.base.facts.values():
        is_huge = isinstance(fact.value, Decimal) and abs(fact.value) >= Decimal(10) ** 12
        if not isinstance(fact.value, str) and not is_huge:
            sentence = f"Xx {shown.fact(fact)}."
            assert subject.strangers(sentence) == (), (sentence, fact.id)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("document_type", ["roadmap", "business_plan", "proposal"])
def test_what_is_computed_passes_the_checks_of_structures(name: str, document_type: str) -> None:
    """For ideas of many countries, also an empty and a hostile one: no error but of what they say themselves."""
    brief = golden(name)
    plan = planned(brief)
    tables = [Section(part, part, blocks) for part, blocks in plan.blocks(brief).items()]
    written = document(
        *tables,
        document_type=document_type,
        language=brief.language,
        currency=brief.currency,
        questions=tuple(question.text for question in plan.base.questions),
    )
    found = Case(written, plan.base, brief, Structures.of(plan)).reviewed().findings
    wrong = [
        f for f in found if f.severity == "error" and not (name == "hostile" and f.check == "C2")
    ]
    assert wrong == []


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize(
    ("document_type", "part"),
    [("roadmap", "programme"), ("proposal", "organisation"), ("proposal", "method")],
)
def test_plain_prose_in_eight_languages_is_left_alone(
    name: str, document_type: str, part: str
) -> None:
    """No check mistakes good text for bad because of its language."""
    brief = golden(name)
    written = document(
        section(part, TEXTS[name]),
        document_type=document_type,
        language=brief.language,
        currency=brief.currency,
    )
    assert Case(written, planned(brief).base, brief).reviewed().of(part) == ()


PAGE = (Path(__file__).parents[3] / "docs" / "CHECKS.md").read_text(encoding="utf-8")
ORDER = ("roadmap", "business_plan", "proposal", "investors", "grants", "pitch")


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_the_page_of_the_checks_says_what_they_look_for(check: Check) -> None:
    """A line for each, as it is in the table."""
    types = "all" if check.types == ALL_TYPES else ", ".join(t for t in ORDER if t in check.types)
    line = f"| {check.id} | {check.severity} | {check.group} | {types} | {check.about} |"
    assert line in PAGE.splitlines()


def test_the_page_of_the_checks_has_no_line_without_a_check_and_the_true_weights() -> None:
    """And says how the score is made."""
    assert set(re.findall(r"(?m)^\| ([A-Z]\d+[a-d]?) \|", PAGE)) == {check.id for check in CHECKS}
    for group, weight in WEIGHTS.items():
        assert f"| {group} | {weight} |" in PAGE
    assert f"an error leaves {LEFT['error']} %, a warning {LEFT['warning']} %" in PAGE
    assert f"leaves {LEFT_BY_QUESTION} % of the facts" in PAGE
    assert f"at most {NOT_READY} with an error" in PAGE


def test_the_documents_own_currency_needs_no_explanation() -> None:
    """An amount has its code in many languages, and the founder chose it."""
    text = document(section("finances", "It costs 3,312 MXN. It costs 12 XAG."), currency="MXN")
    found = review(text, FactBase(), golden("almost_nothing"))
    assert [f.message for f in found.findings if f.check == "C9c"]
    assert not [f for f in found.findings if f.check == "C9c" and "MXN" in f.message]
