"""A stand-in for a SearXNG instance whose settings allow JSON."""

import json
from collections.abc import Mapping

from sandbox.exchange import Call, ErrorRow, Refused, Reply, made, reply_html, reply_json
from sandbox.faults import Fault, substitute
from sandbox.quotas import NoAllowance
from sandbox.search import results
from sandbox.text import Script

UNRESPONSIVE = [["brave", "Suspended: too many requests"], ["google", "CAPTCHA"]]


def _body(
    query: str, rows: list[dict[str, object]], unresponsive: list[list[str]]
) -> dict[str, object]:
    return {
        "query": query,
        "number_of_results": 0,
        "results": rows,
        "answers": [],
        "corrections": [],
        "infoboxes": [],
        "suggestions": [],
        "unresponsive_engines": unresponsive,
    }


ERRORS: Mapping[str, ErrorRow] = {
    "no_json": reply_html(403, "<!doctype html><title>403 Forbidden</title><h1>Forbidden</h1>"),
    "too_many": reply_html(429, "<!doctype html><title>429 Too Many Requests</title>"),
    "engines_down": reply_json(200, _body("", [], UNRESPONSIVE), ok=False),
    "unavailable": reply_html(502, "<html><body>Bad gateway</body></html>"),
}


class SearxNG:
    """Answers as a SearXNG instance does; a scripted reply is the JSON body."""

    name = "searxng"
    errors = ERRORS
    empty_forms = ("results",)

    def __init__(self) -> None:
        self.quotas = NoAllowance()

    def model(self, _call: Call) -> str:
        """Search has no models."""
        return ""

    def works(self, call: Call) -> bool:
        """Whether a call searches."""
        return call.path.rstrip("/") in ("", "/search")

    def answer(self, call: Call, fault: Fault, script: Script) -> Reply:
        """Answer a call."""
        if fault.error is not None:
            return made(ERRORS[fault.error], "", call.now)
        if reply := substitute(fault):
            return reply
        if not self.works(call):
            raise Refused(reply_html(404, "<!doctype html><title>404</title>"))
        asked = {**call.query, **call.form()}
        if asked.get("format") != "json":
            return reply_html(200, "<!doctype html><title>SearXNG</title>")
        if (text := script.take()) is not None:
            return reply_json(200, json.loads(text), ok=True)
        query = asked.get("q", "")
        found = [] if fault.empty else results(query, self.name)
        rows: list[dict[str, object]] = [
            {
                "url": url,
                "title": title,
                "content": text,
                "engine": "mojeek",
                "engines": ["mojeek"],
                "score": 1 / rank,
                "category": "general",
                "publishedDate": None,
            }
            for rank, (title, url, text) in enumerate(found, start=1)
        ]
        return reply_json(200, _body(query, rows, UNRESPONSIVE[:1] if rows else []), ok=bool(rows))
