"""The text that old clients get: safe, complete, honest about sources."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planning.letter import (
    CUT_LABEL,
    DRAFT_LABEL,
    citations,
    dangling_marks,
    harmless,
    letter,
    spoken,
    unlink,
)
from planning.research import Findings, Source

SOURCE = Source('A "quoted" title', "https://known.example/page", "text")
FOUND = Findings((SOURCE,))


def test_a_letter_is_label_text_and_citations_in_this_order() -> None:
    """Each part on its own."""
    text = letter("Body [1].", FOUND, is_draft=True, is_cut=True)
    assert text == (
        f"{DRAFT_LABEL}\n\nBody [1].\n\n{CUT_LABEL}\n\n"
        "Citations:\n[1] A “quoted” title: https://known.example/page"
    )


def test_a_letter_without_citations_has_no_block() -> None:
    """The pitch, that is."""
    assert letter("Body.", None, is_draft=False, is_cut=False) == "Body."


def test_the_block_says_when_nothing_was_found_and_when_nothing_could_be() -> None:
    """In the words that clients know."""
    assert citations(Findings()) == "Citations: No relevant citations found."
    assert citations(Findings(error="late")) == "Citations: DuckDuckGo search error: late"


def test_marks_that_point_nowhere_are_removed() -> None:
    """And only those; a link's text is not a mark."""
    assert dangling_marks("One [1], two [2], zero [0], far [77].", 1) == "One [1], two, zero, far."
    assert dangling_marks("[1](https://x.example)", 0) == "[1](https://x.example)"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "see [the page](https://known.example/page)",
            "see [the page](https://known.example/page)",
        ),
        ("see [this](https://evil.example)", "see this"),
        ("see [this](javascript:alert(1))", "see this)"),
        ('see [this](<https://evil.example> "title")', "see this"),
        ("![pixel](https://evil.example/p.png?q=secret)", ""),
        ("go to https://evil.example/x.", "go to (link removed)"),
        ("go to https://known.example/page.", "go to https://known.example/page."),
        ("go to www.evil.example now", "go to (link removed) now"),
    ],
)
def test_only_addresses_that_were_found_remain(text: str, expected: str) -> None:
    """A model cannot invent a link."""
    assert unlink(text, [SOURCE]) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('He said "yes" and "no".', "He said “yes” and “no”."),
        ("a\tb\\c", "a    bc"),
        ("Title\n=====\ntext", "## Title\ntext"),
        ("one\r\ntwo\rthree", "one\ntwo\nthree"),
        ("<img src=x onerror=alert(1)>text</img>", "text"),
        ("<script>alert(1)</script>", "alert(1)"),
        ("3 < 4 and <- here", "3 < 4 and <- here"),
        ("<scr<script>ipt>", "&lt;script>"),
        ("a\u202eb\x00c\u200bd", "abcd"),
    ],
)
def test_what_old_clients_misread_is_replaced(text: str, expected: str) -> None:
    """They unescape nothing, and put the text into a page."""
    assert harmless(text) == expected


@given(st.text(alphabet=st.sampled_from("<>/!?-ab \"'=\n&;"), max_size=60))
def test_no_text_opens_an_element(text: str) -> None:
    """Whatever is nested in whatever."""
    assert not re.search(r"<[a-zA-Z/!?]", harmless(text))


@given(st.text())
def test_any_text_becomes_harmless(text: str) -> None:
    """No straight quote, tab, backslash or control character is left."""
    assert not re.search(r'["\t\\\x00-\x09\x0b-\x1f]', harmless(text))


def test_what_is_spoken_has_no_markup() -> None:
    """Nor labels, nor marks."""
    text = f"{DRAFT_LABEL}\n\n## Pitch\n- **We** bring _light_ [1].\n> `Join` us."
    assert spoken(text) == "Pitch\nWe bring light.\nJoin us."


@given(st.text(max_size=200))
def test_speaking_twice_changes_nothing_more(text: str) -> None:
    """What has been cleaned is clean."""
    assert "\n\n## " not in spoken(text)
