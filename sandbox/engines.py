"""Stand-ins for the result pages of Brave and Mojeek, as the ddgs package reads them."""

import html
from collections.abc import Mapping

from sandbox.exchange import Call, ErrorRow, Refused, Reply, made, reply_html
from sandbox.faults import Fault, substitute
from sandbox.quotas import NoAllowance
from sandbox.search import results
from sandbox.text import Script

BRAVE_ERRORS: Mapping[str, ErrorRow] = {
    "rate_limited": reply_html(429, "<html><body>Too many requests</body></html>"),
    "captcha": reply_html(
        403, "<html><body><div id='pow-captcha'>I'm not a robot</div></body></html>"
    ),
    "unavailable": reply_html(503, "<html><body>Unavailable</body></html>"),
}
MOJEEK_ERRORS: Mapping[str, ErrorRow] = {
    "blocked": reply_html(
        403, "<html><body>Sorry your network appears to be sending automated queries</body></html>"
    ),
    "unavailable": reply_html(503, "<html><body>Unavailable</body></html>"),
}


class Engine:
    """What both have in common; a scripted reply is the page's HTML."""

    empty_forms = ("results",)

    def __init__(self, name: str, errors: Mapping[str, ErrorRow]) -> None:
        self.name = name
        self.errors = errors
        self.quotas = NoAllowance()

    def model(self, _call: Call) -> str:
        """Search has no models."""
        return ""

    def works(self, call: Call) -> bool:
        """Whether a call searches."""
        return call.path.rstrip("/") == "/search"

    def answer(self, call: Call, fault: Fault, script: Script) -> Reply:
        """Answer a call."""
        if fault.error is not None:
            return made(self.errors[fault.error], "", call.now)
        if reply := substitute(fault):
            return reply
        if not self.works(call):
            raise Refused(reply_html(404, "<html><body>Not found</body></html>"))
        if (page := script.take()) is not None:
            return reply_html(200, page, ok=True)
        found = [] if fault.empty else results(call.query.get("q", ""), self.name)
        return reply_html(200, self.page(found), ok=bool(found))

    def page(self, found: list[tuple[str, str, str]]) -> str:
        """The page of results: titles, addresses and snippets."""
        raise NotImplementedError


class Brave(Engine):
    """Answers as search.brave.com does: results are `div`s of type `web` among others."""

    def __init__(self) -> None:
        super().__init__("brave", BRAVE_ERRORS)

    def page(self, found: list[tuple[str, str, str]]) -> str:
        """See `Engine.page`."""
        rows = "".join(
            f'<div class="snippet" data-type="web"><div class="result-content"><a href="{address}">'
            f'<div class="site-name">example.org</div><div class="title">{title}</div></a>'
            f'<div class="generic-snippet snippet"><div class="content">{snippet}</div></div></div></div>'
            for title, address, snippet in _escaped(found)
        )
        return f'<html><body><div id="results"><div data-type="ad">Buy now</div>{rows}</div></body></html>'


class Mojeek(Engine):
    """Answers as www.mojeek.com does: results are items of a list."""

    def __init__(self) -> None:
        super().__init__("mojeek", MOJEEK_ERRORS)

    def page(self, found: list[tuple[str, str, str]]) -> str:
        """See `Engine.page`."""
        rows = "".join(
            f'<li class="r1"><h2><a class="title" href="{address}">{title}</a></h2>'
            f'<p class="i">example.org</p><p class="s">{snippet}</p></li>'
            for title, address, snippet in _escaped(found)
        )
        return f'<html><body><ul class="results-standard">{rows}</ul></body></html>'


def _escaped(found: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    return [
        (html.escape(title), html.escape(address), html.escape(snippet))
        for title, address, snippet in found
    ]
