"""Wikipedia's own API: the first sentences of the articles that match, in the founder's language.

Facts (MediaWiki Action API, documentation read in November 2026): `action=query` with the generator
`search` and `prop=extracts|info` gives the introduction as plain text and the address of each page;
`index` is the rank, and a search without a match has no `query` at all. Errors come with status 200
as `{"error": {"code", "info"}}`; the edge answers 429 with a page of text. Keyless; clients are asked
to name themselves and to be slow. Texts are CC BY-SA 4.0.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from planning.research.base import Kind, Query, SearchFailed, Source
from planning.research.cleaning import LONGEST_TITLE, is_public, plain, unwrap
from planning.research.web import BUSY_HOLD_S, get_json
from providers.transport import Transport

ADDRESS = "https://{language}.wikipedia.org/w/api.php"
# Those of its larger editions that a founder may write in.
LANGUAGES = frozenset(
    {
        *("ar", "bn", "cs", "da", "de", "el", "en", "es", "fa", "fi", "fr", "he", "hi", "hu", "id"),
        *("it", "ja", "ko", "ms", "nl", "no", "pl", "pt", "ro", "ru", "sv", "sw", "ta", "th", "tr"),
        *("uk", "ur", "vi", "zh"),
    }
)
INTRODUCTION = 600  # characters asked for


@dataclass(frozen=True, slots=True)
class Wikipedia:
    """See the module. *address* has a place for the `{language}`."""

    transport: Transport
    address: str = ADDRESS
    name: str = field(default="wikipedia", init=False)
    kind: Kind = field(default="web", init=False)

    async def ask(self, query: Query) -> Sequence[Source]:
        """See `Backend.ask`."""
        language = query.language.partition("-")[0].lower()
        url = self.address.format(language=language if language in LANGUAGES else "en")
        parameters = {
            "action": "query",
            "generator": "search",
            "gsrsearch": query.text,
            "gsrlimit": str(query.most),
            "prop": "extracts|info",
            "exintro": "1",
            "explaintext": "1",
            "exchars": str(INTRODUCTION),
            "exlimit": "max",
            "inprop": "url",
            "redirects": "1",
            "format": "json",
            "formatversion": "2",
        }
        return read(await get_json(self.transport, url, parameters))[: query.most]


def read(answer: Any) -> tuple[Source, ...]:
    """The sources of an answer, best first. Raises `SearchFailed`."""
    if not isinstance(answer, dict):
        raise SearchFailed("its answer could not be read")
    if (error := answer.get("error")) is not None:
        code = error.get("code") if isinstance(error, dict) else None
        raise SearchFailed("it refused to search", BUSY_HOLD_S if code == "ratelimited" else 0.0)
    query = answer.get("query")
    pages = query.get("pages") if isinstance(query, dict) else []
    rows = [p for p in pages if isinstance(p, dict)] if isinstance(pages, list) else []
    rows.sort(key=lambda page: page["index"] if isinstance(page.get("index"), int) else 1_000)
    sources = (
        Source(
            plain(str(page.get("title", "")), LONGEST_TITLE),
            unwrap(str(page.get("fullurl", ""))),
            plain(str(page.get("extract", ""))),
        )
        for page in rows
    )
    return tuple(s for s in sources if s.title and s.snippet and is_public(s.url))
