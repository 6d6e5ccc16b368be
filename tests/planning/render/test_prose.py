"""Prose is read once: structure stays, markup of strangers does not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planning.render.clean import clean, cleaned, day_of, one_line, web_address
from planning.render.prose import (
    Grid,
    Heading,
    Items,
    Node,
    Paragraph,
    Quote,
    Rule,
    Span,
    Verbatim,
    plain,
    read,
    spans_of,
)
from tests.planning.render import sample


def only(markdown: str, *marks: str) -> Node:
    """The one node of *markdown*."""
    (node,) = read(markdown, {mark: f"[{mark[1:]}]" for mark in marks})
    return node


def words(markdown: str) -> str:
    """What a reader sees of a paragraph."""
    node = only(markdown)
    assert isinstance(node, Paragraph)
    return "".join(span.text for span in node.spans)


def test_manners_are_kept_and_nest() -> None:
    node = only("a **b *c*** `d` ~~e~~")
    assert isinstance(node, Paragraph)
    assert node.spans == (
        Span("a "),
        Span("b ", is_strong=True),
        Span("c", is_strong=True, is_emphasis=True),
        Span(" "),
        Span("d", is_code=True),
        Span(" "),
        Span("e", is_struck=True),
    )


def test_a_mark_of_a_source_that_exists_is_told_apart() -> None:
    node = only("True [S1][S2], also [S1; S2]. Not [S3] or [S1, S3].", "S1", "S2")
    assert isinstance(node, Paragraph)
    assert [span.mark for span in node.spans if span.mark] == ["S1", "S2", "S1", "S2"]
    assert [span.text for span in node.spans if span.mark] == ["[1]", "[2]", "[1]", "[2]"]
    assert node.spans[-1].text == ". Not [S3] or [S1, S3]."


@pytest.mark.parametrize(
    ("markdown", "seen"),
    [
        ("[words](https://evil.example/?q=1)", "words"),
        ("![what it shows](https://evil.example/x.png)", "what it shows"),
        ("<https://evil.example>", "https://evil.example"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("[S1][x]\n\n[x]: https://evil.example", "[S1][x]"),
    ],
)
def test_links_and_html_are_words(markdown: str, seen: str) -> None:
    """A definition of a link is text as well, since it could turn a mark into a link elsewhere."""
    first = read(markdown)[0]
    assert isinstance(first, Paragraph)
    assert "".join(span.text for span in first.spans) == seen


def test_structure_is_a_tree() -> None:
    nodes = read(
        "# One\n\n##### Five\n\n3. a\n   - b\n4. c\n\n> q\n\n```\n<x>\n```\n\n---\n\n|a|b|\n|-|-:|\n|1|2|"
    )
    assert nodes[0] == Heading(3, (Span("One"),))
    assert nodes[1] == Heading(4, (Span("Five"),))
    inner = Items(((Paragraph((Span("b"),)),),))
    assert nodes[2] == Items(
        ((Paragraph((Span("a"),)), inner), (Paragraph((Span("c"),)),)), first=3
    )
    assert nodes[3] == Quote((Paragraph((Span("q"),)),))
    assert nodes[4] == Verbatim("<x>")
    assert nodes[5] == Rule()
    assert nodes[6] == Grid(
        ((Span("a"),), (Span("b"),)), (((Span("1"),), (Span("2"),)),), ("start", "end")
    )


def test_lines_are_joined_unless_they_are_broken_on_purpose() -> None:
    assert words("a\nb  \nc") == "a b\nc"


def test_plain_words_have_neither_marks_nor_markup() -> None:
    nodes = read("# H\n\nA **b** [S1].\n\n- c\n- d [S1]\n\n|x|\n|-|\n|y|", {"S1": "[1]"})
    assert plain(nodes) == "H\n\nA b.\n\nc\nd\n\nx\ny"


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    read(text, {"S1": "[1]"})
    spans_of(text, {"S1": "[1]"})


def test_cleaning_drops_what_cannot_be_seen_and_keeps_what_shapes_letters() -> None:
    assert clean("a\u202eb\u200bc\x00d\ufeffe\U000e0041f\u2066") == "abcdef"
    assert clean("क्\u200dष می\u200cخواهم") == "क्\u200dष می\u200cخواهم"
    assert clean("a\r\nb\u2028c\x85d\te") == "a\nb\nc\nd\te"
    assert clean("e\u0301") == "é"
    assert clean("half \ud800") == "half \ufffd"
    assert one_line(" a\n b\t c ") == "a b c"


@pytest.mark.parametrize(
    ("language", "tag"),
    [("pt-BR", "pt-BR"), ('en" onload="x', "en"), ("", "en"), ("zh-Hant-TW", "zh-Hant-TW")],
)
def test_a_language_is_a_tag_or_english(language: str, tag: str) -> None:
    assert cleaned(sample.plan(language=language)).language == tag


@given(st.text())
def test_clean_text_stays_as_it_is(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://example.org/a b?x=\u00e9", ""),
        ("https://example.org/é", "https://example.org/%C3%A9"),
        (" http://example.org ", "http://example.org"),
        ("HTTPS://example.org/(x)<y>", "HTTPS://example.org/%28x%29%3Cy%3E"),
        ("javascript:alert(1)", ""),
        ("java\nscript:alert(1)", ""),
        ("file:///etc/passwd", ""),
        ("//example.org", ""),
        ("https://", ""),
        ("https://a\\b", ""),
        ("data:text/html,x", ""),
        ("", ""),
    ],
)
def test_only_proper_web_addresses_become_links(url: str, address: str) -> None:
    assert web_address(url) == address


def test_a_day_is_read_from_an_iso_time() -> None:
    assert str(day_of("2026-11-24T08:30:00Z")) == "2026-11-24"
    assert day_of("yesterday") is None
