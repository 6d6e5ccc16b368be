"""A stand-in for Tavily's search: a key, a number of credits, and passages that fit the query."""

import json
from collections.abc import Mapping

from sandbox.exchange import Call, ErrorRow, Refused, Reply, made, reply_html, reply_json
from sandbox.faults import Fault, substitute
from sandbox.quotas import NoAllowance
from sandbox.search import results
from sandbox.text import Script


def _refused(status: int, words: str) -> Reply:
    return reply_json(status, {"detail": {"error": words}})


ERRORS: Mapping[str, ErrorRow] = {
    "auth": _refused(401, "Unauthorized: missing or invalid API key."),
    "rate_limited": _refused(429, "Your request has been blocked due to excessive requests."),
    "credits": _refused(432, "This request exceeds your plan's set usage limit."),
    "spending": _refused(433, "This request exceeds the pay-as-you-go limit."),
    "unavailable": reply_html(503, "<html><body>Unavailable</body></html>"),
}
MOST = 20


class Tavily:
    """Answers as api.tavily.com does; a scripted reply is the JSON body."""

    name = "tavily"
    errors = ERRORS
    empty_forms = ("results",)

    def __init__(self, key: str) -> None:
        self.quotas = NoAllowance()
        self._key = key

    def model(self, _call: Call) -> str:
        """Search has no models."""
        return ""

    def works(self, call: Call) -> bool:
        """Whether a call searches."""
        return call.method == "POST" and call.path == "/search"

    def answer(self, call: Call, fault: Fault, script: Script) -> Reply:
        """Answer a call."""
        if fault.error is not None:
            return made(ERRORS[fault.error], "", call.now)
        if reply := substitute(fault):
            return reply
        if not self.works(call):
            raise Refused(reply_json(404, {"detail": "Not Found"}))
        if call.headers.get("authorization") != f"Bearer {self._key}":
            raise Refused(made(ERRORS["auth"], "", call.now))
        if (text := script.take()) is not None:
            return reply_json(200, json.loads(text), ok=True)
        fields = call.fields()
        query = fields.get("query")
        if not isinstance(query, str) or not query.strip():
            return reply_json(400, {"detail": {"error": "Query is missing."}})
        wanted = fields.get("max_results", 5)
        if not isinstance(wanted, int) or not 0 <= wanted <= MOST:
            return reply_json(400, {"detail": {"error": "max_results must be between 0 and 20."}})
        found = [] if fault.empty else results(query, self.name)[:wanted]
        rows = [
            {
                "title": title,
                "url": url,
                "content": text,
                "score": 0.9 - rank / 50,
                "raw_content": None,
            }
            for rank, (title, url, text) in enumerate(found)
        ]
        body = {
            "query": query,
            "follow_up_questions": None,
            "answer": None,
            "images": [],
            "results": rows,
            "response_time": 1.09,
            "request_id": "00000000-0000-4000-8000-000000000000",
        }
        return reply_json(200, body, ok=bool(rows))
