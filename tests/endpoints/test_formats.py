"""Which form a caller gets."""

import pytest

from endpoints.formats import FORMATS, NoSuchFormat, chosen, wants_events


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
