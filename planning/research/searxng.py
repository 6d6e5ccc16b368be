"""SearXNG at an address of the operator's own: one search engine that asks many, without any key.

Facts (docs.searxng.org, read in November 2026): `GET /search?q=…&format=json`. JSON has to be switched
on under `search.formats` in its settings; otherwise it answers 403, as most public instances do.
`results[]` has `url`, `title`, `content` and `engine`; `unresponsive_engines` lists pairs of an engine
and why it did not answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from planning.research.base import Kind, Query, SearchFailed, Source
from planning.research.cleaning import clean
from planning.research.web import get_json
from providers.transport import Transport


@dataclass(frozen=True, slots=True)
class SearxNG:
    """See the module; *address* is that of the instance."""

    transport: Transport
    address: str
    name: str = field(default="searxng", init=False)
    kind: Kind = field(default="web", init=False)

    async def ask(self, query: Query) -> Sequence[Source]:
        """See `Backend.ask`."""
        language = query.language.partition("-")[0] or "all"
        parameters = {"q": query.text, "format": "json", "language": language, "safesearch": "1"}
        return read(await get_json(self.transport, f"{self.address}/search", parameters))[
            : query.most
        ]


def read(answer: Any) -> tuple[Source, ...]:
    """The sources of an answer, best first. Raises `SearchFailed`, also when no engine answered it."""
    results = answer.get("results") if isinstance(answer, dict) else None
    if not isinstance(results, list):
        raise SearchFailed("its answer could not be read")
    if not results and answer.get("unresponsive_engines"):
        raise SearchFailed("none of its engines answered")
    rows = (result for result in results if isinstance(result, dict))
    texts = (
        {"title": r.get("title"), "href": r.get("url"), "body": r.get("content")} for r in rows
    )
    return tuple(clean({k: str(v or "") for k, v in row.items()} for row in texts))
