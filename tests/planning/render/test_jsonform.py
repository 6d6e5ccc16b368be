"""A document survives JSON, and what is no document is refused with its place."""

import json
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planning.content import (
    Bar,
    Chart,
    Chip,
    Chips,
    Column,
    Document,
    Gantt,
    Prose,
    Reference,
    Section,
    Series,
    Table,
)
from planning.facts import Fact, FactBase, Question
from planning.render.jsonform import (
    Unreadable,
    document_as_json,
    document_from_json,
    facts_as_json,
    facts_from_json,
)
from tests.planning.render import sample

T = TypeVar("T")
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
numbers = st.decimals(allow_nan=False, allow_infinity=False)


def through_json(form: Any) -> Any:
    """*form* as it comes back from a file."""
    return json.loads(json.dumps(form))


def few(values: st.SearchStrategy[T]) -> st.SearchStrategy[tuple[T, ...]]:
    """At most two of *values*."""
    return st.lists(values, max_size=2).map(tuple)


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """Any document."""
    bars = st.builds(Bar, id=texts, label=texts, owner=texts, depends_on=few(texts))
    series = st.builds(Series, texts, few(numbers))
    columns = st.builds(Column, texts, share=st.floats(0, 9))
    rows = few(few(texts))
    kinds = st.one_of(
        st.builds(Prose, texts),
        st.builds(Table, texts, few(columns), rows, st.integers(0, 3), texts),
        st.builds(Gantt, texts, few(bars), texts),
        st.builds(
            Chart,
            texts,
            st.sampled_from(["line", "columns", "stacked"]),
            few(texts),
            few(series),
            texts,
        ),
        st.builds(Chips, few(st.builds(Chip, st.integers(), texts, texts))),
    )
    sections = st.builds(
        Section,
        texts,
        texts,
        few(kinds),
        st.sampled_from(["model", "code", "founder", "embedded"]),
    )
    references = st.builds(Reference, *[texts] * 6, st.sampled_from(["official", "other"]))
    return Document(
        type=draw(texts),
        title=draw(texts),
        subtitle=draw(texts),
        venture=draw(texts),
        language=draw(texts),
        currency=draw(texts),
        written_on=draw(st.dates()),
        sections=draw(few(sections)),
        references=draw(few(references)),
        questions=draw(few(texts)),
        is_draft=draw(st.booleans()),
        notices=draw(few(texts)),
    )


@given(documents())
@settings(max_examples=100, deadline=None)
def test_a_document_comes_back_as_it_was(document: Document) -> None:
    assert document_from_json(through_json(document_as_json(document))) == document


def test_a_plan_comes_back_with_its_decimals_and_days() -> None:
    form = document_as_json(sample.plan())
    assert form["document"]["sections"][5]["blocks"][2]["series"][0]["values"][0] == "25000"
    assert form["document"]["written_on"] == "2026-11-24"
    assert form["document"]["sections"][5]["blocks"][2]["block"] == "chart"
    assert form["document"]["sections"][5]["blocks"][2]["kind"] == "line"
    assert document_from_json(through_json(form)) == sample.plan()


def test_half_characters_do_not_break_the_file() -> None:
    form = document_as_json(sample.plan(title="half \ud800"))
    json.dumps(form, ensure_ascii=False).encode()


def test_a_review_and_facts_travel_along() -> None:
    base = FactBase().having(
        [
            Fact(id="a", label="A", value=Decimal("1.50"), unit="USD", origin="said"),
            Fact(id="b", label="B", value=date(2027, 1, 1), origin="computed"),
            Fact(id="c", label="C", value="12", origin="assumed", low=Decimal(1), high=Decimal(2)),
        ],
        [Question("d", "D?")],
    )
    review = {"score": 87, "findings": [{"check": "C1", "cost": Decimal("1.5")}]}
    form = through_json(document_as_json(sample.plan(), review=review, facts=base))
    assert form["review"] == {"score": 87, "findings": [{"check": "C1", "cost": "1.5"}]}
    assert facts_from_json(form["facts"]) == base
    assert facts_as_json(facts_from_json(form["facts"])) == form["facts"]


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (["version"], 99, "version"),
        (["document"], None, "document: an object"),
        (["document", "title"], 7, "document.title: str"),
        (["document", "is_draft"], 1, "document.is_draft: bool"),
        (["document", "written_on"], "yesterday", "document.written_on: a date"),
        (["document", "sections"], {}, "document.sections: a list"),
        (["document", "sections", 0, "author"], "x", r"document.sections\[0\].author: model, code"),
        (
            ["document", "sections", 0, "blocks", 0, "block"],
            "x",
            r"blocks\[0\].block: prose, table",
        ),
        (
            ["document", "sections", 5, "blocks", 2, "series", 0, "values", 3],
            "1,5",
            "a number in a string",
        ),
        (["document", "sections", 5, "blocks", 1, "columns", 0, "share"], "1", "a number"),
    ],
)
def test_what_is_no_document_is_refused_with_its_place(
    path: list[Any], value: Any, told: str
) -> None:
    form = through_json(document_as_json(sample.plan()))
    place = form
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(Unreadable, match=told):
        document_from_json(form)


def test_a_missing_field_is_named() -> None:
    form = through_json(document_as_json(sample.plan()))
    del form["document"]["references"][0]["tier"]
    with pytest.raises(Unreadable, match=r"references\[0\].tier: missing"):
        document_from_json(form)


@pytest.mark.parametrize(
    "form", [None, [], {}, {"facts": [1], "questions": []}, {"facts": [{"type": "x"}]}]
)
def test_what_are_no_facts_is_refused(form: Any) -> None:
    with pytest.raises(Unreadable):
        facts_from_json(form)
