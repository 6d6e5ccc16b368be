"""HTML for the page: known elements only, no styles or scripts, and every picture described."""

import re
from collections import Counter
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planning.render.html import document_html, questions_html, section_html, sources_html
from planning.wording import LANGUAGES
from tests.planning.render import languages, sample

ELEMENTS = """
article header section h1 h2 h3 h4 p a strong em s code pre br hr ul ol li blockquote div
table caption thead tbody tfoot tr th td figure figcaption details summary span time
svg title desc line rect circle polyline polygon text
"""
ATTRIBUTES = """
class id lang dir href rel start scope aria-hidden aria-labelledby role viewbox direction
x y x1 y1 x2 y2 cx cy r rx width height points fill stroke stroke-width stroke-dasharray
font-size font-weight text-anchor
"""


class Page(HTMLParser):
    """What is in a page, and whether its elements are closed in their order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: Counter[str] = Counter()
        self.attributes: list[tuple[str, str]] = []
        self.words = ""
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements[tag] += 1
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in ("br", "hr"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements[tag] += 1
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data

    def values(self, name: str) -> list[str]:
        """The values of an attribute."""
        return [value for found, value in self.attributes if found == name]


def checked(text: str) -> Page:
    """The page, after what must hold for every one."""
    page = Page(text)
    assert page.open == []
    assert set(page.elements) <= set(ELEMENTS.split())
    assert {name for name, _ in page.attributes} <= set(ATTRIBUTES.split())
    assert len(set(page.values("id"))) == len(page.values("id"))
    for target in page.values("href"):
        assert re.match(r"#S\d+$|https://", target)
    assert set(page.values("rel")) <= {"noopener noreferrer nofollow"}
    return page


def test_a_plan_is_made_of_known_elements() -> None:
    page = checked(document_html(sample.plan(is_draft=True)))
    assert page.elements["h2"] == len(sample.plan().sections) + 2
    assert page.elements["svg"] == 6
    assert "Draft without AI" in page.words


def test_every_picture_has_a_title_a_description_and_its_values() -> None:
    page = checked(document_html(sample.plan()))
    assert page.elements["title"] == page.elements["desc"] == page.elements["svg"]
    assert page.elements["details"] == page.elements["svg"]
    ids = set(page.values("id"))
    assert all(set(value.split()) <= ids for value in page.values("aria-labelledby"))
    assert (
        "Base: $25,000 (Q1 2027) to $66,000 (Q4 2029); lowest $9,000, highest $66,000."
        in page.words
    )


def test_marks_lead_to_the_list_of_sources() -> None:
    document = sample.plan()
    targets = set(checked(section_html(document.sections[0], document)).values("href"))
    ids = set(checked(sources_html(document)).values("id"))
    assert targets == {"#S1", "#S2", "#S3", "#S4", "#S5"}
    assert targets <= {f"#{name}" for name in ids}


def test_a_table_has_a_caption_heads_and_a_foot() -> None:
    page = checked(section_html(sample.plan().sections[6], sample.plan()))
    assert page.elements["caption"] == 1
    assert page.values("scope") == ["col"] * 5
    assert page.elements["tfoot"] == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_parts_say_their_language_and_direction(language: str) -> None:
    document = languages.document(language)
    for part in (section_html(document.sections[0], document), questions_html(document)):
        page = checked(part)
        assert page.values("lang") == [language]
        assert page.values("dir") == ["rtl" if language == "ar" else "ltr"]


@pytest.mark.parametrize("text", sample.HOSTILE, ids=range(len(sample.HOSTILE)))
def test_hostile_text_is_only_ever_text(text: str) -> None:
    page = checked(document_html(sample.hostile(text)))
    assert all(t.startswith(("#S", "https://example.org/")) for t in page.values("href"))


@given(st.text(max_size=80))
@settings(max_examples=60, deadline=None)
def test_any_text_is_escaped(text: str) -> None:
    checked(document_html(sample.hostile(text)))


def test_nothing_to_say_is_nothing() -> None:
    document = sample.plan(references=(), questions=())
    assert sources_html(document) == questions_html(document) == ""
