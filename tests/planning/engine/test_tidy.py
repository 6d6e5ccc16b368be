"""What models put around a section's prose, and what is left of it."""

import pytest

from planning.engine.tidy import continued, opening, tidied, whole_sentences, without_thoughts

PROSE = "Water is far away. Children fetch it before school."


@pytest.mark.parametrize(
    "written",
    [
        PROSE,
        f"<think>The user wants… {PROSE[:9]}</think>\n\n{PROSE}",
        f"I should begin with water.</think>{PROSE}",
        f"```markdown\n{PROSE}\n```",
        f"## The need\n\n{PROSE}",
        f"# Any title of the first level\n\n{PROSE}",
        f"**The Need:**\n\n{PROSE}",
        f"Sure! Here is the section you asked for:\n\n{PROSE}",
        f"Here's the text:\n{PROSE}",
        f"{PROSE}\n\n---\n\nLet me know if you would like changes!",
        f"{PROSE}\n\n(Word count: 9)",
        f"---\n{PROSE}\r\n",
        f"{PROSE}\n<think>Was that long enough?",
    ],
)
def test_only_the_prose_is_left(written: str) -> None:
    assert tidied(written, "The need") == PROSE


def test_sub_headings_move_below_the_sections_own() -> None:
    assert tidied(f"# Plan\n\n## First\n\n{PROSE}\n\n## Then", "Plan").startswith("### First")


def test_a_heading_that_is_not_the_sections_own_stays() -> None:
    assert tidied(f"### Who is concerned\n\n{PROSE}", "The need").startswith("### Who")


def test_prose_that_only_mentions_such_words_is_left_alone() -> None:
    text = (
        "Here is a village without water. Sure, rain falls. Let me know what you think, says Ana."
    )
    assert tidied(text, "The need") == text


def test_half_a_sentence_is_never_kept() -> None:
    assert whole_sentences(f"{PROSE} And then they wal") == PROSE
    assert whole_sentences(f"{PROSE}\n\n- One point.\n- Half a po") == f"{PROSE}\n\n- One point."
    assert whole_sentences("No end in si") == ""


def test_a_continuation_does_not_repeat_what_was_said() -> None:
    assert continued(PROSE, "Children fetch it before school. Then they learn.") == (
        f"{PROSE} Then they learn."
    )
    assert continued(PROSE, "### Next\n\nMore.") == f"{PROSE}\n\n### Next\n\nMore."
    assert continued(PROSE, "Then they learn.") == f"{PROSE} Then they learn."
    assert continued(PROSE, "") == PROSE


def test_an_opening_is_one_short_sentence() -> None:
    assert opening(f"**{PROSE}**") == "Water is far away."
    assert len(opening("word " * 90)) <= 160


def test_thoughts_are_removed_in_every_spelling() -> None:
    assert without_thoughts("<THINKING a='1'>x</THINKING>y") == "y"
    assert without_thoughts("a <reasoning>x</reasoning>b") == "a b"
