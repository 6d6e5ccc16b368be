"""Slots as models spell them, and units that would be said twice."""

import pytest

from planning.engine.writing import filled_in, with_slots

FIGURES = {"goal.1.number": "5,000\u00a0people", "gap": "KES\u00a01,200", "by": "January 5, 2027"}


@pytest.mark.parametrize(
    "spelled",
    [
        "{{fact:goal.1.number}}",
        "{fact:goal.1.number}",
        "{{ Fact: goal.1.number }}",
        "[fact:goal.1.number]",
        "[[fact:goal.1.number]]",
        "{{fact.goal.1.number}}",
        "(fact:goal.1.number)",
        "{{fact:goal.1.number.}}",
    ],
)
def test_a_slot_is_understood_however_it_is_spelled(spelled: str) -> None:
    assert filled_in(with_slots(f"Train {spelled} a year."), FIGURES) == (
        "Train 5,000\u00a0people a year."
    )


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("{{fact:goal.1.number}} people learn.", "5,000\u00a0people learn."),
        ("{{fact:goal.1.number}} farmers learn.", "5,000\u00a0people farmers learn."),
        ("KES {{fact:gap}} are missing.", "KES\u00a01,200 are missing."),
        ("Until {{fact:by}}.", "Until January 5, 2027."),
        ("{{fact:unknown}} people.", "{{fact:unknown}} people."),
        ("{{fact:gap}}, {{fact:gap}}", "KES\u00a01,200, KES\u00a01,200"),
    ],
)
def test_a_figure_comes_with_its_unit_once(written: str, read: str) -> None:
    assert filled_in(written, FIGURES) == read
