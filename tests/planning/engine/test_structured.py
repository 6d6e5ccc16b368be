"""JSON as messy as models write it."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planning.engine.structured import Unreadable, part_of, read_json, unwrapped

VALUE = {"price": 12.5, "months": 6, "note": "paid {weekly}"}
TEXT = json.dumps(VALUE)


@pytest.mark.parametrize(
    "written",
    [
        TEXT,
        f"```json\n{TEXT}\n```",
        f"Here is the JSON you asked for:\n\n{TEXT}\n\nI hope this helps!",
        f"<think>maybe {{}} or [1]</think>{TEXT}",
        f"```\n{TEXT}",
        TEXT.replace('"', "'"),
        "{price: 12.5, months: 6, note: 'paid {weekly}',}",
        TEXT[:-1],
        '{\n// the price\n"price": 12.5, "months": 6, "note": "paid {weekly}"}',
        f"Thinking: {{maybe}}\n```json\n{TEXT}\n```\nor not",
    ],
)
def test_the_value_is_found_however_it_is_wrapped(written: str) -> None:
    assert read_json(written) == VALUE


@pytest.mark.parametrize(
    "written", ["", "I cannot do that.", "{}", "[]", "<think>{1}</think>", "12"]
)
def test_a_text_without_a_value_is_unreadable(written: str) -> None:
    with pytest.raises(Unreadable):
        read_json(written)


@given(st.text(alphabet='{}[]",:0a\\ \n`<>/think', max_size=200))
def test_no_text_breaks_the_ladder(text: str) -> None:
    """A value, or `Unreadable`; nothing else ever comes out."""
    with contextlib.suppress(Unreadable):
        assert isinstance(read_json(text), dict | list)


def test_a_bomb_of_brackets_is_unreadable_and_quick() -> None:
    with pytest.raises(Unreadable):
        read_json("[" * 150_000)


@pytest.mark.parametrize(
    "value",
    [
        {"finance": VALUE, "risks": []},
        {"Finance": VALUE},
        {"answer": {"finance": VALUE}},
        [{"risks": [1]}, {"finance": VALUE}],
        {"fin_ance": VALUE},
    ],
)
def test_a_part_is_found_by_its_name(value: Any) -> None:
    assert part_of(value, "finance") == VALUE


def test_a_part_that_is_not_there_is_none() -> None:
    assert part_of({"risks": 1}, "finance") is None
    assert part_of("finance", "finance") is None


@pytest.mark.parametrize(
    "value", [VALUE, [VALUE], {"result": VALUE}, {"answer": [{"rows": VALUE}]}]
)
def test_a_whole_is_unwrapped(value: Any) -> None:
    assert unwrapped(value, "rows") == VALUE
