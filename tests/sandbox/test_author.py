"""The stand-ins as authors: they read what is asked, and misbehave on command."""

import json
import re

import pytest

from sandbox.author import HABITS, composed, is_asked
from sandbox.checks import BadControl
from sandbox.running import RunningSandbox
from tests.sandbox.conftest import Post

SECTION = """# The document
1. Summary
2. The need (this is yours)

# Facts
{{fact:people}} = People: 5,000 people (said by the founder)

# Search results
[S1] A title: a snippet

# Your task
Section: The need
Write it.
Length: between 90 and 140 words.
Language: Spanish (es)."""
ROWS = """Answer with one JSON object that has the keys "risks", "theory", each as told below.

# "risks"
Name 5 to 8 risks. Write every text in the language with the tag en.
[{"risk": "The rains close the road", "likelihood": 3, "impact": 4}]

# "theory"
Propose it.
[{"activity": "Courses", "output": "200 finish", "outcome": "They earn", "term": "medium", "assumption": "x"}]"""


def test_a_section_has_its_length_its_language_its_slots_and_its_marks() -> None:
    text = composed(SECTION)
    assert 90 <= len(text.split()) <= 140
    assert "{{fact:people}}" in text
    assert "[S1]" in text
    assert "Las fuentes describen" in text
    assert composed(SECTION) == text


def test_json_has_every_key_and_enough_rows() -> None:
    found = json.loads(composed(ROWS))
    assert set(found) == {"risks", "theory"}
    assert len(found["risks"]) == 6
    assert {row["term"] for row in found["theory"]} == {"short", "medium", "long"}


@pytest.mark.parametrize(
    ("habit", "shows"),
    [
        ("fence", r"^```"),
        ("thoughts", r"^<think>"),
        ("preamble", r"^Sure!"),
        ("heading", r"^## The need"),
        ("links", r"https://made-up\.example"),
        ("marks", r"\[S77\]"),
        ("figures", r"87,654"),
        ("english", r"\bthe\b"),
        ("leak", r"As an AI"),
        ("placeholder", r"\[Insert"),
    ],
)
def test_every_bad_habit_shows(habit: str, shows: str) -> None:
    assert habit in HABITS
    text = composed(SECTION, [habit])
    assert re.search(shows, text)
    assert not re.search(shows, composed(SECTION))


def test_json_can_be_broken_or_not_come_at_all() -> None:
    for habit in ("broken", "prose"):
        with pytest.raises(ValueError, match=r"."):
            json.loads(composed(ROWS, [habit]))


def test_other_questions_are_none_of_its_business() -> None:
    assert not is_asked("What is the capital of Kenya?")


def test_habits_come_in_turn_and_are_forgotten_with_the_replies(
    sandbox: RunningSandbox, ask: Post
) -> None:
    status, answer = ask("/_control/habits/gemini", [["fence", "thoughts"], []])
    assert (status, answer["habits"]) == (200, [["fence", "thoughts"], []])
    script = sandbox._scripts["gemini"]
    assert [script.take_habits() for _ in range(3)] == [
        ("fence", "thoughts"),
        (),
        ("fence", "thoughts"),
    ]
    ask("/_control/replies", method="DELETE")
    assert script.take_habits() == ()


def test_an_unknown_habit_is_told(sandbox: RunningSandbox, ask: Post) -> None:
    status, answer = ask("/_control/habits/gemini", [["singing"]])
    assert status == 400
    assert "singing" in answer["error"]
    with pytest.raises(BadControl):
        sandbox.misbehave("nobody", ("fence",))
