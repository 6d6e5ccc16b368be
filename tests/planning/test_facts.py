"""The fact base: one value for each fact, and what the founder said stands."""

from decimal import Decimal

import pytest

from planning.facts import Fact, FactBase, Question, filled


def said(fact_id: str, value: str) -> Fact:
    """A number that the founder gave."""
    return Fact(id=fact_id, label=fact_id, value=Decimal(value), origin="said")


def test_what_the_founder_said_is_never_replaced() -> None:
    """Neither by an assumption nor by a source."""
    guess = Fact(id="people", label="people", value=Decimal(7), origin="assumed")
    assert FactBase().having([said("people", "10")]).having([guess]).number("people") == 10


def test_what_the_founder_says_replaces_a_guess() -> None:
    """Whichever came first."""
    guess = Fact(id="people", label="people", value=Decimal(7), origin="assumed")
    assert FactBase().having([guess]).having([said("people", "10")]).number("people") == 10


def test_two_values_of_one_origin_are_an_error() -> None:
    """A figure is the same everywhere."""
    with pytest.raises(ValueError, match="two values for people"):
        FactBase().having([said("people", "10"), said("people", "11")])


def test_a_question_is_over_when_its_fact_is_known() -> None:
    """The same id asks and answers."""
    base = FactBase().having(questions=[Question("people", "How many people?")])
    assert base.questions
    assert not base.having([said("people", "10")]).questions


def test_slots_are_filled_and_unknown_ones_are_told() -> None:
    """An unknown slot stays, so that a check can name it."""
    text, missing = filled("{{fact:a.b}} of {{ fact:c }}", {"a.b": "10"})
    assert text == "10 of {{ fact:c }}"
    assert missing == ("c",)
