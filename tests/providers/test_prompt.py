"""A wish for JSON: lowered to what a model can do, never a reason not to ask it."""

import pytest

from providers.prompt import Ability, AnswerFormat, Message, Prompt

SCHEMA = {"type": "object"}


def prompt(*, is_wish: bool) -> Prompt:
    held_to = AnswerFormat(SCHEMA, is_wish=is_wish)
    return Prompt(messages=(Message("user", "Answer."),), answer_format=held_to)


def test_a_wish_needs_no_ability() -> None:
    assert prompt(is_wish=True).needs == frozenset()
    assert prompt(is_wish=False).needs == {"json", "schema"}


@pytest.mark.parametrize(
    ("abilities", "left"),
    [
        ({"json", "schema"}, AnswerFormat(SCHEMA, is_wish=True)),
        ({"json"}, AnswerFormat(None, is_wish=True)),
        ({"tools"}, None),
    ],
)
def test_a_wish_is_lowered_step_by_step(abilities: set[Ability], left: AnswerFormat | None) -> None:
    assert prompt(is_wish=True).suited_to(frozenset(abilities)).answer_format == left


def test_a_demand_is_left_as_it_is() -> None:
    asked = prompt(is_wish=False)
    assert asked.suited_to(frozenset()) is asked
