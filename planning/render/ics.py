"""The milestones and deadlines of a document as a calendar that every calendar program reads (RFC 5545). Pure."""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from planning.content import Bar, Document, Gantt
from planning.render.clean import clean, cleaned, one_line, web_address
from planning.wording import words_in

LONGEST_LINE = 75  # octets, without the line break (RFC 5545, 3.1)
REMIND_BEFORE = timedelta(days=14)
NAMESPACE = uuid.UUID("6d1c1c6e-6e0d-5c2b-9a4f-5d1f5a0e7c11")


@dataclass(frozen=True, slots=True)
class Deadline:
    """A day by which something must be sent off, such as an application; *id* is the same every time."""

    id: str
    label: str
    day: date
    url: str = ""


def calendar(document: Document, deadlines: Sequence[Deadline] = ()) -> str:
    """The calendar of *document*: its schedule's bars, and *deadlines* with a reminder.

    The same document gives the same text. An event keeps its id when a later document has other
    dates for it, so that it moves instead of appearing twice.
    """
    document = cleaned(document)
    bars = [
        bar
        for section in document.sections
        for block in section.blocks
        if isinstance(block, Gantt)
        for bar in block.bars
    ]
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Trimaran//Plans//EN",
        "CALSCALE:GREGORIAN",
        f"NAME:{_text(document.venture or document.title)}",
        f"X-WR-CALNAME:{_text(document.venture or document.title)}",
    ]
    for bar in {bar.id: bar for bar in bars}.values():
        lines += _bar(document, bar)
    for deadline in {deadline.id: deadline for deadline in deadlines}.values():
        lines += _deadline(document, deadline)
    lines.append("END:VCALENDAR")
    return "".join(f"{folded}\r\n" for line in lines for folded in _folded(line))


def _bar(document: Document, bar: Bar) -> Iterator[str]:
    words = words_in(document.language)
    told = [bar.owner and f"{words('render.owner')}: {bar.owner}"]
    told.append(words("render.critical") if bar.is_critical else "")
    yield from _event(document, f"bar:{bar.id}", bar.label, bar.start, bar.end)
    yield f"DESCRIPTION:{_text(chr(10).join(filter(None, told)))}"
    yield "TRANSP:TRANSPARENT"
    yield "END:VEVENT"


def _deadline(document: Document, deadline: Deadline) -> Iterator[str]:
    label = words_in(document.language)("render.deadline", label=one_line(deadline.label))
    yield from _event(document, f"deadline:{deadline.id}", label, deadline.day, deadline.day)
    if address := web_address(deadline.url):
        yield f"URL:{address}"
    yield "BEGIN:VALARM"
    yield "ACTION:DISPLAY"
    yield f"DESCRIPTION:{_text(label)}"
    yield f"TRIGGER:-P{REMIND_BEFORE.days}D"
    yield "END:VALARM"
    yield "END:VEVENT"


def _event(document: Document, event_id: str, label: str, start: date, end: date) -> Iterator[str]:
    """The beginning of an event that lasts whole days; its end is the day after the last."""
    name = f"{document.type}\0{document.venture}\0{event_id}"
    last = max(start, end)
    after = last + timedelta(days=1) if last < date.max else last
    yield "BEGIN:VEVENT"
    yield f"UID:{uuid.uuid5(NAMESPACE, name)}"
    yield f"DTSTAMP:{_day(document.written_on)}T000000Z"
    yield f"DTSTART;VALUE=DATE:{_day(start)}"
    yield f"DTEND;VALUE=DATE:{_day(after)}"
    yield f"SUMMARY:{_text(one_line(label))}"


def _day(day: date) -> str:
    return day.isoformat().replace("-", "")


def _text(text: str) -> str:
    """*text* as a value of type TEXT (3.3.11)."""
    escaped = clean(text).replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return escaped.replace("\n", "\\n").replace("\t", " ")


def _folded(line: str) -> Iterator[str]:
    """*line* in pieces of at most 75 octets, all but the first behind a space; no character is cut."""
    piece, octets = "", 0
    for character in line:
        size = len(character.encode())
        if octets + size > LONGEST_LINE:
            yield piece
            piece, octets = " ", 1
        piece += character
        octets += size
    yield piece
