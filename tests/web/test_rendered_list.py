"""The list of what the studio takes from a rendered document holds all that the renderer writes."""

import re
from html.parser import HTMLParser

from planning.render.html import document_html
from tests.planning.render.sample import HOSTILE, hostile, plan
from tests.test_conventions import ROOT

LISTS = (ROOT / "web" / "rendered.js").read_text(encoding="utf-8")


class Written(HTMLParser):
    """What a piece of HTML is made of."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """See `HTMLParser`."""
        self.elements.add(tag)
        self.attributes.update(name for name, _ in attrs)


def listed(name: str) -> set[str]:
    """The words of the list called *name*, small as the parser has them."""
    found = re.search(rf"{name} = new Set\(`([^`]+)`", LISTS)
    assert found
    return {word.lower() for word in found[1].split()}


def test_every_element_and_attribute_of_a_document_is_on_the_list() -> None:
    """Prose of every kind, tables, schedules, charts, goals, questions and sources."""
    seen = Written()
    prose = "### A\n\n> q\n\n1. one\n\n- *e* **s** `c` ~~d~~\n\n---\n\n```\nv\n```\n"
    every_kind = prose + "\n| a | b |\n|---|--:|\n| 1 | 2 |"
    for document in (plan(), hostile(every_kind), *map(hostile, HOSTILE)):
        seen.feed(document_html(document))
    assert {"table", "svg", "figure", "blockquote", "pre", "s", "em"} <= seen.elements
    assert seen.elements - listed("ELEMENTS") == set()
    # The address of a link is looked at by itself; how it opens is ours.
    assert seen.attributes - listed("ATTRIBUTES") - {"href", "rel"} == set()
