"""Markdown says what the document says, and nothing in it becomes markup or a link by accident."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from planning.content import Section
from planning.render.clean import clean
from planning.render.markdown import _Writer, escaped, markdown, section_markdown
from planning.render.prose import plain, read
from planning.wording import LANGUAGES
from tests.planning.render import languages, sample

AWKWARD = st.text(alphabet="ab 1.)#-+=*_`[]()<>|~\\&\nSé:!xw/", max_size=40)
GITHUB = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def squeezed(text: str) -> str:
    """*text* without spaces."""
    return "".join(text.split())


def html_of(text: str) -> str:
    """What a page of a code host makes of *text*; raw HTML is let through here."""
    return str(GITHUB.render(text))


def test_a_plan_has_its_headings_tables_and_sources() -> None:
    text = markdown(sample.plan())
    headings = re.findall(r"(?m)^## (.+)$", text)
    assert headings[:2] == ["Summary", "The need, and who lives with it"]
    assert headings[-2:] == ["Data needed", "Sources"]
    assert text.startswith("# Business plan roadmap 2027–2029\n")
    assert "| **Closing cash** |" in text
    assert "[1]: <https://washdata.org/reports/jmp-2025-wash-households>" in text


def test_a_chart_and_a_schedule_are_tables() -> None:
    text = markdown(sample.plan())
    assert "| Q1 2027 | $25,000 | $21,000 | $27,000 |" in text
    assert (
        "| Baseline survey | Survey lead | Feb\u00a03,\u00a02027 | Apr\u00a018,\u00a02027 |" in text
    )
    assert "Found the association and open its account \\*" in text


def test_marks_lead_to_their_sources_and_to_nothing_else() -> None:
    page = html_of(markdown(sample.plan()))
    targets = set(re.findall(r'href="([^"]+)"', page))
    assert targets == {r.url.replace("&", "&amp;") for r in sample.REFERENCES}
    by_mark = dict(re.findall(r'<a href="([^"]+)">(\d)</a>', page))
    assert set(by_mark.values()) == {"1", "2", "3", "4", "5"}


def test_one_section_can_be_written_alone() -> None:
    document = sample.plan()
    text = section_markdown(document.sections[0], document)
    assert text.startswith("## Summary\n")
    assert "[1]: <https://" in text
    other = Section("x", "*T*", ())
    assert section_markdown(other, document).startswith("## \\*T\\*\n")


@pytest.mark.parametrize("language", LANGUAGES)
def test_labels_are_in_the_language_of_the_document(language: str) -> None:
    text = markdown(languages.document(language))
    for words in languages.TEXTS[language].values():
        assert squeezed(escaped(words[0])) in squeezed(text)
    assert ("Owner" in text) == (language == "en")


@given(AWKWARD)
@settings(max_examples=300)
def test_escaped_text_is_read_as_it_was_written(text: str) -> None:
    text = clean(text)
    assert squeezed(plain(read(escaped(text)))) == squeezed(text)
    assert not re.search("<(?!/?p>|br)", html_of(escaped(text)))


@given(AWKWARD)
@settings(max_examples=300)
def test_prose_is_written_as_it_was_read(text: str) -> None:
    """What is written is read again as the same words, whatever was in it."""
    writer = _Writer(sample.plan(sections=()))
    nodes = read(clean(text), {"S1": "[1]"})
    written = "\n\n".join(writer.nodes(nodes))
    assert squeezed(plain(read(written, {"S1": "[1]"}))) == squeezed(plain(nodes))


@pytest.mark.parametrize("text", sample.HOSTILE, ids=range(len(sample.HOSTILE)))
def test_hostile_text_is_no_markup(text: str) -> None:
    page = html_of(markdown(sample.hostile(text)))
    allowed = (
        "a h1 h2 h3 h4 p em strong s ul ol li table thead tbody tr th td blockquote code pre hr br"
    )
    assert set(re.findall(r"<(\w+)", page)) <= set(allowed.split())
    assert all(t.startswith("https://example.org/") for t in re.findall(r'href="([^"]*)"', page))
    assert "<img" not in page
    assert "onerror=" not in re.sub(r">[^<]*<", "><", page)


def test_what_would_become_a_link_by_itself_does_not() -> None:
    assert escaped("see www.evil.example or https://evil.example") == (
        "see www\\.evil.example or https\\://evil.example"
    )
