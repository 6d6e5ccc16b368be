"""Tavily, a search made for language models: 1,000 searches a month for a free key, no card needed.

Facts (docs.tavily.com, read in November 2026): `POST /search` with `Authorization: Bearer`; a search
of depth `basic` costs one credit. `results[]` has `title`, `url`, `content` (up to three passages that
fit the query) and `score`. Errors are `{"detail": {"error": …}}` with 401 (key), 429 (too fast), 432
(the plan's credits are spent) and 433 (the spending limit is reached).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from planning.research.base import Kind, Query, SearchFailed, Source
from planning.research.cleaning import clean
from planning.research.web import post_json
from providers.transport import Transport

ADDRESS = "https://api.tavily.com"


@dataclass(frozen=True, slots=True)
class Tavily:
    """See the module."""

    transport: Transport
    key: str = field(repr=False)
    address: str = ADDRESS
    name: str = field(default="tavily", init=False)
    kind: Kind = field(default="web", init=False)

    async def ask(self, query: Query) -> Sequence[Source]:
        """See `Backend.ask`."""
        body = {"query": query.text, "max_results": query.most, "search_depth": "basic"}
        headers = {"authorization": f"Bearer {self.key}"}
        answer = await post_json(self.transport, f"{self.address}/search", body, headers)
        return read(answer)[: query.most]


def read(answer: Any) -> tuple[Source, ...]:
    """The sources of an answer, best first. Raises `SearchFailed`."""
    results = answer.get("results") if isinstance(answer, dict) else None
    if not isinstance(results, list):
        raise SearchFailed("its answer could not be read")
    rows = (result for result in results if isinstance(result, dict))
    texts = (
        {"title": r.get("title"), "href": r.get("url"), "body": r.get("content")} for r in rows
    )
    return tuple(clean({k: str(v or "") for k, v in row.items()} for row in texts))
