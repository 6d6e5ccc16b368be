"""What code takes out of a text after its checks: sentences, never more."""

import pytest

from planning.checks import Finding
from planning.engine.mending import is_unsupported, mendable, violations, without

TEXT = """The need is great. Already 87,654 homes pay. Water is far.

- One point stands.
- Ask [Insert name] first. The rest stands.

### A heading"""


def finding(check: str, sentence: str = "", message: str = "wrong") -> Finding:
    return Finding(check, "error", "need", sentence, message)


def test_a_sentence_without_support_goes_and_nothing_else() -> None:
    left = without(TEXT, [finding("C3", "Already 87,654 homes pay.")])
    assert "87,654" not in left
    assert left.startswith("The need is great. Water is far.\n\n- One point stands.")
    assert left.endswith("### A heading")


def test_a_leftover_goes_with_its_sentence_though_the_check_quotes_the_whole_line() -> None:
    left = without(TEXT, [finding("C7", "- Ask [Insert name] first. The rest stands.")])
    assert "[Insert" not in left
    assert "- The rest stands." in left
    assert "Already 87,654 homes pay." in left


def test_the_slot_of_a_figure_is_seen_as_the_check_saw_it() -> None:
    raw = "We reach {{fact:n}} people. We learn."
    shown = lambda s: s.replace("{{fact:n}}", "5,000")  # noqa: E731
    assert without(raw, [finding("C8", "We reach 5,000 people [S1].")], shown) == "We learn."


@pytest.mark.parametrize("check", ["C6", "C10", "C14", "B13"])
def test_what_taking_out_cannot_mend_stays(check: str) -> None:
    assert without(TEXT, [finding(check, "Water is far.")]) == TEXT


def test_a_point_that_loses_its_only_sentence_goes() -> None:
    assert "One point" not in without(TEXT, [finding("C4", "- One point stands.")])


def test_a_model_is_told_of_each_fault_once_and_of_a_few_at_most() -> None:
    told = violations([finding("C3", "A."), finding("C3", "A."), finding("C6")])
    assert told == ("wrong In: “A.”", "wrong")
    assert len(violations([finding("C3", f"{n}.") for n in range(50)])) == 8


def test_no_call_is_spent_on_what_no_model_can_mend() -> None:
    """Three facts from two sources."""
    found = [finding("P2"), finding("C3")]
    assert [f.check for f in mendable(found, 2)] == ["C3"]
    assert [f.check for f in mendable(found, 3)] == ["P2", "C3"]


def test_the_founder_is_asked_only_about_figures() -> None:
    assert is_unsupported([finding("C4")])
    assert not is_unsupported([finding("C7")])
