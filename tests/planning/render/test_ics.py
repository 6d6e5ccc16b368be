"""Calendars that calendar programs read: whole days, stable ids, lines of the right length."""

import re
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar, Event

from planning.content import Bar, Gantt, Section
from planning.render.ics import Deadline, calendar
from tests.planning.render import languages, sample

DEADLINE = Deadline(
    "fund-1", "Fund; for, water", date(2027, 2, 28), "https://example.org/fund?a=1,2"
)


def events(text: str) -> list[Event]:
    """The events of a calendar, read by somebody else's program."""
    return [event for event in Calendar.from_ical(text).walk("VEVENT") if isinstance(event, Event)]


def days(event: Event) -> tuple[date, date]:
    """Its first day, and the day after its last."""
    first, after = event.decoded("DTSTART"), event.decoded("DTEND")
    assert type(first) is type(after) is date
    return first, after


def test_each_task_is_an_event_of_whole_days() -> None:
    found = events(calendar(sample.plan()))
    assert len(found) == 14
    first = found[0]
    assert str(first["SUMMARY"]) == "Found the association and open its account"
    assert days(first) == (date(2027, 1, 4), date(2027, 3, 5))
    assert str(first["DESCRIPTION"]) == "Owner: Director\nCritical path"
    assert all(begin < end for begin, end in map(days, found))


def test_a_deadline_has_a_reminder_and_an_address() -> None:
    (event,) = events(calendar(sample.plan(sections=()), [DEADLINE]))
    assert str(event["SUMMARY"]) == "Deadline: Fund; for, water"
    assert event["URL"] == "https://example.org/fund?a=1,2"
    (alarm,) = event.walk("VALARM")
    assert alarm.decoded("TRIGGER") == timedelta(days=-14)


def test_the_same_document_gives_the_same_calendar() -> None:
    assert calendar(sample.plan(), [DEADLINE]) == calendar(sample.plan(), [DEADLINE])


def test_an_event_keeps_its_id_when_its_days_change() -> None:
    def ids(**changes: object) -> dict[str, str]:
        bars = tuple(replace(bar, **changes) for bar in sample.schedule().bars)  # type: ignore[arg-type]
        section = Section("m", "M", (Gantt("g", bars),))
        found = events(calendar(sample.plan(sections=(section,))))
        return {str(event["SUMMARY"]): str(event["UID"]) for event in found}

    assert ids() == ids(start=date(2028, 1, 1), end=date(2028, 1, 2))
    assert len(set(ids().values())) == 14


def test_another_venture_has_other_ids() -> None:
    own = {str(event["UID"]) for event in events(calendar(sample.plan()))}
    other = {str(event["UID"]) for event in events(calendar(sample.plan(venture="Other")))}
    assert not own & other


@pytest.mark.parametrize("language", ["ar", "hi", "ru"])
def test_lines_are_folded_between_characters(language: str) -> None:
    text = calendar(languages.document(language), [replace(DEADLINE, label="مياه नदी вода " * 20)])
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    assert str(events(text)[-1]["SUMMARY"]).count("вода") == 20


def test_a_task_that_ends_before_it_begins_lasts_a_day() -> None:
    bars = (Bar("a", "A", date(2027, 5, 2), date(2027, 1, 1)), Bar("b", "B", date.min, date.max))
    found = events(calendar(sample.plan(sections=(Section("m", "M", (Gantt("g", bars),)),))))
    begin, end = days(found[0])
    assert end - begin == timedelta(days=1)


@pytest.mark.parametrize("text", sample.HOSTILE, ids=range(len(sample.HOSTILE)))
def test_hostile_text_stays_in_its_property(text: str) -> None:
    written = calendar(sample.hostile(text), [replace(DEADLINE, label=text, url=text)])
    assert len(events(written)) == 3
    begins = re.findall(r"(?m)^(?:BEGIN|ATTACH|ORGANIZER|ATTENDEE)[:;]\w+", written)
    assert begins == [
        "BEGIN:VCALENDAR",
        "BEGIN:VEVENT",
        "BEGIN:VEVENT",
        "BEGIN:VEVENT",
        "BEGIN:VALARM",
    ]


@given(st.text(max_size=200))
@settings(max_examples=100, deadline=None)
def test_any_name_is_folded_and_read_again(text: str) -> None:
    written = calendar(sample.plan(sections=()), [replace(DEADLINE, label=text)])
    assert all(len(line.encode()) <= 75 for line in written.split("\r\n"))
    assert len(events(written)) == 1
