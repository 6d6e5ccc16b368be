"""A stand-in for DuckDuckGo's HTML search page, as the ddgs package reads it."""

import html
from collections.abc import Mapping
from urllib.parse import quote

from sandbox.exchange import Call, ErrorRow, Refused, Reply, made, reply_html
from sandbox.faults import Fault, substitute
from sandbox.quotas import NoAllowance
from sandbox.text import Script

RESULTS = 40
FIRST_PAGE = 10
FURTHER_PAGE = 15
ANOMALY = (
    "<html><body><form id='challenge-form'><div class='anomaly-modal__title'>Unfortunately, bots "
    "use DuckDuckGo too.</div></form></body></html>"
)
SUBJECTS = ("market size", "a beginner's guide", "regulations", "costs and prices", "case study")

ERRORS: Mapping[str, ErrorRow] = {
    "anomaly": reply_html(202, ANOMALY),
    "blocked": reply_html(403, "<html><body>Forbidden</body></html>"),
    "rate_limited": reply_html(429, "<html><body>Too many</body></html>"),
    "unavailable": reply_html(503, "<html><body>Unavailable</body></html>"),
}


def error(name: str, model: str = "", now: float = 0.0) -> Reply:
    """A named error."""
    return made(ERRORS[name], model, now)


class Search:
    """Answers as html.duckduckgo.com does; a scripted reply is the page's HTML."""

    name = "search"
    errors = ERRORS
    empty_forms = ("results",)

    def __init__(self) -> None:
        self.quotas = NoAllowance()

    def model(self, _call: Call) -> str:
        """Search has no models."""
        return ""

    def works(self, call: Call) -> bool:
        """Whether a call searches."""
        return call.path.rstrip("/") == "/html"

    def answer(self, call: Call, fault: Fault, script: Script) -> Reply:
        """Answer a call."""
        if fault.error is not None:
            return error(fault.error, "", call.now)
        if reply := substitute(fault):
            return reply
        if not self.works(call):
            raise Refused(reply_html(404, "<html><body>Not found</body></html>"))
        form = {**call.query, **call.form()}
        if (page := script.take()) is not None:
            return reply_html(200, page, ok=True)
        found = [] if fault.empty else results(form.get("q", ""), offset=form.get("s", "0"))
        return reply_html(200, _page(found), ok=bool(found))


def results(query: str, site: str = "", offset: str = "0") -> list[tuple[str, str, str]]:
    """Title, address and snippet of what there is on *query* from an offset on; nothing for no query.

    Other engines know other pages: theirs have the engine's name as *site*.
    """
    start = int(offset) if offset.isdigit() else 0
    size = FURTHER_PAGE if start else FIRST_PAGE
    numbers = range(start, min(start + size, RESULTS)) if query.strip() else range(0)
    return [_result(query, number, f"{site}." if site else "") for number in numbers]


def _result(query: str, number: int, site: str) -> tuple[str, str, str]:
    subject = SUBJECTS[number % len(SUBJECTS)]
    address = f"https://{site}example.org/{quote(query.lower().replace(' ', '-'))}/{number + 1}"
    snippet = f"{query}: {subject}, explained with figures and sources (result {number + 1})."
    return f"{query.title()}: {subject}", address, snippet


def _page(results: list[tuple[str, str, str]]) -> str:
    """The page: an advertisement first, and one result behind a redirect, as on the real one."""
    if not results:
        return "<html><body><div class='no-results'>No results found.</div></body></html>"
    rows = [("An advertisement", "https://duckduckgo.com/y.js?ad_domain=example.com", "Buy now.")]
    for index, (title, address, snippet) in enumerate(results):
        hidden = f"//duckduckgo.com/l/?uddg={quote(address, safe='')}&rut=0"
        rows.append((title, hidden if index == 1 else address, snippet))
    return f"<html><body>{''.join(_row(*row) for row in rows)}</body></html>"


def _row(title: str, address: str, snippet: str) -> str:
    title, address, snippet = (html.escape(text) for text in (title, address, snippet))
    return (
        '<div class="result results_links"><div class="links_main links_deep result__body">'
        f'<h2 class="result__title"><a href="{address}">{title}</a></h2>'
        f'<a class="result__snippet" href="{address}">{snippet}</a></div></div>'
    )
