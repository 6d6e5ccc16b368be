"""Which form a caller gets."""

import json
import re

import pytest

from endpoints.formats import FORMATS, NoSuchFormat, chosen, sent, wants_events
from planning.content import Document
from planning.engine.archive import Finished, KeptReview
from planning.facts import FactBase
from planning.render.printer import Printer
from tests.planning.documents import document, section
from tests.planning.render.opened import text_of, web_links
from tests.planning.render.sample import reference
from tests.planning.render.test_docx import all_text


@pytest.mark.parametrize(
    ("asked", "accept", "name"),
    [
        (None, "", "json"),
        (None, "*/*", "json"),
        (None, "text/event-stream", "json"),
        (None, "application/*", "json"),
        (None, "text/*", "markdown"),
        (None, "text/html,application/xhtml+xml,*/*;q=0.8", "html"),
        (None, "application/pdf;q=0.4, text/calendar;q=0.9", "ics"),
        (None, "application/pdf;q=0, application/json", "json"),
        (None, "APPLICATION/PDF", "pdf"),
        ("pdf", "text/html", "pdf"),
        (None, "application/msword, */*;q=0.1", "json"),
    ],
)
def test_the_form_is_the_one_that_is_liked_best(asked: str | None, accept: str, name: str) -> None:
    assert chosen(asked, accept) is FORMATS[name]


@pytest.mark.parametrize(
    ("asked", "accept"),
    [("exe", "*/*"), (None, "image/png"), (None, "application/pdf;q=0,image/png")],
)
def test_what_there_is_not_is_refused(asked: str | None, accept: str) -> None:
    with pytest.raises(NoSuchFormat, match="there are json"):
        chosen(asked, accept)


def test_who_wants_events_says_so() -> None:
    assert wants_events("text/event-stream")
    assert wants_events("application/json;q=0.1, text/event-stream")
    assert not wants_events("*/*")
    assert not wants_events("text/event-stream;q=0")


LISTED = tuple(reference(n, f"Report {n}", f"https://known.example/{n}") for n in range(1, 5))


def finished(of: Document) -> Finished:
    """*of* as it is kept."""
    review = KeptReview(90, ())
    return Finished(document=of, facts=FactBase(), review=review, texts={}, calls=0, kept=0)


@pytest.mark.anyio
async def test_every_form_lists_the_same_sources_in_the_order_in_which_they_are_cited() -> None:
    """Four were found, and two are cited: the fourth first. In JSON marks stay, so that text can be sent back."""
    whole = finished(
        document(section("need", "First [S4]. Then [S2]. Again [S4]."), references=LISTED)
    )
    printer, bodies = Printer(), {}
    for name in ("json", "markdown", "text", "html", "pdf", "docx"):
        bodies[name] = bytes((await sent(whole, FORMATS[name], printer, {})).body)
    await printer.aclose()
    form = json.loads(bodies["json"])["document"]
    assert [each["mark"] for each in form["references"]] == ["S4", "S2"]
    assert form["sections"][0]["blocks"][0]["markdown"] == "First [S4]. Then [S2]. Again [S4]."
    texts = {
        "markdown": bodies["markdown"].decode(),
        "text": json.loads(bodies["text"]),
        "html": re.sub(r"<[^>]+>", "", bodies["html"].decode()),
        "pdf": text_of(bodies["pdf"]),
        "docx": all_text(bodies["docx"]),
    }
    for name, text in texts.items():
        said = re.sub(r"\s+", " ", text)
        assert re.search(r"First ?\[1\] ?\. ?Then ?\[2\] ?\. ?Again ?\[1\] ?\.", said), name
        assert re.search(r"\[1\] ?(.{0,5})Report 4.*\[2\] ?(.{0,5})Report 2", said), name
        assert "Report 1" not in said, name
        assert "Report 3" not in said, name
    assert web_links(bodies["pdf"])
