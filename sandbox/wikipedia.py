"""A stand-in for Wikipedia's Action API: search as a generator, with introductions and addresses."""

import json
from collections.abc import Mapping
from urllib.parse import quote

from sandbox.exchange import (
    Call,
    ErrorRow,
    JsonObject,
    Refused,
    Reply,
    made,
    reply_html,
    reply_json,
)
from sandbox.faults import Fault, substitute
from sandbox.quotas import NoAllowance
from sandbox.text import Script

HELP = "See https://en.wikipedia.org/w/api.php for API usage."
ERRORS: Mapping[str, ErrorRow] = {
    "ratelimited": reply_json(
        200,
        {
            "error": {
                "code": "ratelimited",
                "info": "You've exceeded your rate limit. Please wait some time and try again.",
                "docref": HELP,
            },
            "servedby": "mw-api-ext.sandbox",
        },
        {"mediawiki-api-error": "ratelimited"},
        ok=False,
    ),
    "too_many": reply_html(429, "<html><body>Too many requests</body></html>"),
    "no_agent": reply_html(403, "Please set a user-agent and respect our robot policy."),
    "unavailable": reply_html(
        503, "<html><body>Our servers are currently under maintenance</body></html>"
    ),
}
WANTED = ["action", "generator", "gsrsearch", "prop", "format"]
MOST = 20  # extracts in one answer


class Wikipedia:
    """Answers as https://LANGUAGE.wikipedia.org/w/api.php does; a scripted reply is the JSON body."""

    name = "wikipedia"
    errors = ERRORS
    empty_forms = ("results",)

    def __init__(self) -> None:
        self.quotas = NoAllowance()

    def model(self, call: Call) -> str:
        """The language stands where others have a model."""
        return call.path.split("/")[1] if call.path.count("/") > 1 else ""

    def works(self, call: Call) -> bool:
        """Whether a call asks the API."""
        return call.path.endswith("/w/api.php")

    def answer(self, call: Call, fault: Fault, script: Script) -> Reply:
        """Answer a call."""
        if fault.error is not None:
            return made(ERRORS[fault.error], "", call.now)
        if reply := substitute(fault):
            return reply
        if not self.works(call):
            raise Refused(reply_html(404, "<html><body>Not found</body></html>"))
        if not call.headers.get("user-agent"):
            raise Refused(made(ERRORS["no_agent"], "", call.now))
        if (text := script.take()) is not None:
            return reply_json(200, json.loads(text), ok=True)
        missing = [name for name in WANTED if not call.query.get(name)]
        if missing or call.query["format"] != "json":
            code = f"missingparam: {', '.join(missing)}"
            return reply_json(200, {"error": {"code": "missingparam", "info": code}}, ok=False)
        pages = [] if fault.empty else self._pages(call)
        # A search without a match has no `query` at all.
        body: JsonObject = {"batchcomplete": True}
        if pages:
            body |= {"continue": {"gsroffset": len(pages), "continue": "gsroffset||"}}
            body |= {"query": {"pages": pages}}
        return reply_json(200, body, ok=bool(pages))

    def _pages(self, call: Call) -> list[JsonObject]:
        """Pages in the order of their ids, as the API sends them; `index` is their rank."""
        query, language = call.query["gsrsearch"], self.model(call)
        wanted = call.query.get("gsrlimit", "10")
        count = min(int(wanted) if wanted.isdigit() else 10, MOST, 3)
        pages = []
        for rank in range(1, count + 1):
            title = query.title() if rank == 1 else f"{query.title()} ({rank})"
            address = f"https://{language}.wikipedia.org/wiki/{quote(title.replace(' ', '_'))}"
            pages.append(
                {
                    "pageid": 9_000_000 - rank,
                    "ns": 0,
                    "title": title,
                    "index": rank,
                    "extract": f"{title} is a subject of which {rank * 12} % is known. It is studied.",
                    "contentmodel": "wikitext",
                    "pagelanguage": language,
                    "fullurl": address,
                    "canonicalurl": address,
                }
            )
        return sorted(pages, key=lambda page: str(page["pageid"]))
