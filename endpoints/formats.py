"""The forms in which a finished document is sent: chosen by `?format=` or `Accept`, made beside the event loop."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, replace

import orjson
from fastapi import Response

from planning.citations import with_cited_only
from planning.engine.archive import Finished
from planning.letter import letter_of
from planning.render.filenames import content_disposition, filename
from planning.render.jsonform import document_as_json
from planning.render.printer import Printer


class NoSuchFormat(Exception):
    """The document cannot be had in the form that was asked for."""

    def __init__(self, asked: str) -> None:
        shown = asked[:80].encode("ascii", "backslashreplace").decode()
        super().__init__(f"There is no format {shown!r}; there are {', '.join(FORMATS)}")


Make = Callable[[Finished, Printer], Awaitable[bytes]]


@dataclass(frozen=True, slots=True)
class Format:
    """One form: its media type, how its file ends, and what makes it."""

    media_type: str
    ending: str
    make: Make
    is_file: bool = False  # offered for saving, not shown


async def _pdf(finished: Finished, printer: Printer) -> bytes:
    return await printer.pdf(finished.document)


async def _docx(finished: Finished, printer: Printer) -> bytes:
    return await printer.docx(finished.document)


def _aside(render: Callable[[Finished], str | bytes]) -> Make:
    """*render* in a thread: it computes for some milliseconds."""

    async def make(finished: Finished, _: Printer) -> bytes:
        rendered = await asyncio.to_thread(render, finished)
        return rendered if isinstance(rendered, bytes) else rendered.encode()

    return make


def _json(finished: Finished) -> bytes:
    review = {
        "score": finished.review.score,
        "findings": [asdict(finding) for finding in finished.review.findings],
    }
    form = document_as_json(finished.document, review=review, facts=finished.facts)
    return orjson.dumps({**form, "models": list(finished.models)})


def _markdown(finished: Finished) -> str:
    from planning.render.markdown import markdown

    return markdown(finished.document)


def _text(finished: Finished) -> bytes:
    """As the old endpoints send a document: one JSON string, safe for the clients that read those."""
    return orjson.dumps(letter_of(_markdown(finished), finished.document.references))


def _html(finished: Finished) -> str:
    from planning.render.html import document_html

    return document_html(finished.document)


def _ics(finished: Finished) -> str:
    from planning.render.ics import calendar

    return calendar(finished.document)


DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
FORMATS: Mapping[str, Format] = {
    "json": Format("application/json", "json", _aside(_json)),
    "markdown": Format("text/markdown; charset=utf-8", "md", _aside(_markdown)),
    "text": Format("application/json", "json", _aside(_text)),
    "html": Format("text/html; charset=utf-8", "html", _aside(_html)),
    "pdf": Format("application/pdf", "pdf", _pdf, is_file=True),
    "docx": Format(DOCX, "docx", _docx, is_file=True),
    "ics": Format("text/calendar; charset=utf-8", "ics", _aside(_ics), is_file=True),
}
# What `Accept` may say, and which form it means; the first that fits is taken where all are welcome.
ACCEPTED: Mapping[str, str] = {
    "application/json": "json",
    "text/markdown": "markdown",
    "text/html": "html",
    "application/pdf": "pdf",
    DOCX: "docx",
    "text/calendar": "ics",
    "text/plain": "markdown",
}


def chosen(asked: str | None, accept: str) -> Format:
    """The form that `?format=` names, else the one that `Accept` likes best. Raises `NoSuchFormat`."""
    if asked is not None:
        if asked not in FORMATS:
            raise NoSuchFormat(asked)
        return FORMATS[asked]
    wanted = [media for media, _ in _by_preference(accept) if media != "text/event-stream"]
    if not wanted:
        return FORMATS["json"]
    for media in wanted:
        for known, name in ACCEPTED.items():
            if media in ("*/*", known, f"{known.partition('/')[0]}/*"):
                return FORMATS[name]
    raise NoSuchFormat(accept)


def wants_events(accept: str) -> bool:
    """Whether the caller would rather watch than wait."""
    return any(media == "text/event-stream" for media, _ in _by_preference(accept))


async def sent(
    finished: Finished, form: Format, printer: Printer, headers: Mapping[str, str]
) -> Response:
    """*finished* in that form, with its own name when it is a file. Raises `RenderError`.

    Of its sources only those that it cites are sent, the same in every form.
    """
    document = with_cited_only(finished.document, finished.facts)
    body = await form.make(replace(finished, document=document), printer)
    name = filename(document.venture, document.type, form.ending)
    saving = {"Content-Disposition": content_disposition(name)} if form.is_file else {}
    return Response(body, media_type=form.media_type, headers={**headers, **saving})


def _by_preference(accept: str) -> list[tuple[str, float]]:
    """The media types of an `Accept` header with their weight, the best first; refused ones are left out."""
    found = []
    for entry in accept.lower().split(","):
        media, *parameters = (part.strip() for part in entry.split(";"))
        weights = [re.fullmatch(r"q=([01](?:\.\d{0,3})?)", p) for p in parameters]
        weight = next((float(w[1]) for w in weights if w), 1.0)
        if media and weight > 0:
            found.append((media, weight))
    return sorted(found, key=lambda each: -each[1])
