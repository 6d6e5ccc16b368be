"""Web search before writing: best effort, cached, and never a reason to fail.

DuckDuckGo through `ddgs`, which reads its HTML page. There is no contract: it may be blocked at any
time, and cannot tell "blocked" from "nothing found". What it returns is text from strangers.
"""

import asyncio
import hashlib
import html
import logging
import re
import urllib.parse
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from cache import ANY_FRESH, Freshness, ResponseCache
from clock import SYSTEM_CLOCK, Clock

log = logging.getLogger("trimaran.research")

MOST_SOURCES = 3
LONGEST_SNIPPET = 300  # characters
DEADLINE_S = 6.0
PAUSE_S = 60.0  # after two failures in a row


@dataclass(frozen=True, slots=True)
class Source:
    """One search result, cleaned: plain text and an http(s) address."""

    title: str
    url: str
    snippet: str


@dataclass(frozen=True, slots=True)
class Findings:
    """What a search found; *error* says why it could not search."""

    sources: tuple[Source, ...] = ()
    error: str = ""

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Findings":
        """Findings again, from their JSON form."""
        return cls(tuple(Source(**source) for source in value["sources"]), value["error"])


class Search(Protocol):
    """Something that finds sources."""

    async def find(self, query: str, freshness: Freshness = ANY_FRESH) -> Findings:
        """What there is for *query*; never raises for a search that fails."""
        ...


class NoSearch:
    """Finds nothing: for `SEARCH=off`."""

    async def find(self, query: str, freshness: Freshness = ANY_FRESH) -> Findings:  # noqa: ARG002 - the protocol's
        """See `Search.find`."""
        return Findings()


@dataclass(slots=True)
class DuckDuckGo:
    """DuckDuckGo's HTML page. *search_url* replaces its address, for tests and the sandbox."""

    cache: ResponseCache
    search_url: str = ""
    clock: Clock = SYSTEM_CLOCK
    _threads: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(2, thread_name_prefix="search")
    )
    _failures: int = 0
    _paused_until_s: float = 0.0

    async def find(self, query: str, freshness: Freshness = ANY_FRESH) -> Findings:
        """See `Search.find`; what was found is cached like an answer."""
        key = f"search:{hashlib.sha256(query.encode()).hexdigest()}"
        known = await self.cache.find(key) if freshness.may_read else None
        if known is not None and freshness.accepts(known):
            return Findings.from_json(known.value)
        if self.clock.monotonic() < self._paused_until_s:
            return Findings(error="paused after repeated failures")
        findings = await self._ask(query)
        self._note(bool(findings.sources))
        if findings.sources and freshness.may_store:
            await self.cache.keep(key, asdict(findings))
        return findings

    async def _ask(self, query: str) -> Findings:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(DEADLINE_S):
                rows = await loop.run_in_executor(self._threads, self._search, query)
        except TimeoutError:
            return Findings(error="no answer in time")
        except Exception as error:  # noqa: BLE001 - a scraper fails in ways that it does not declare
            if "No results found" in str(error):
                return Findings()
            log.warning("the web search failed: %s", type(error).__name__)
            return Findings(error="the search service could not be reached")
        return Findings(tuple(clean(rows))[:MOST_SOURCES])

    def _search(self, query: str) -> list[dict[str, str]]:
        from ddgs import DDGS  # here, since only a search should pay for the import
        from ddgs.engines import ENGINES

        if self.search_url:
            ENGINES["text"]["duckduckgo"].search_url = self.search_url
        with DDGS(timeout=5) as search:
            return list(search.text(query, backend="duckduckgo", max_results=2 * MOST_SOURCES))

    def _note(self, found: bool) -> None:
        self._failures = 0 if found else self._failures + 1
        if self._failures >= 2:
            self._paused_until_s = self.clock.monotonic() + PAUSE_S


def clean(rows: Iterable[Mapping[str, str]]) -> Iterable[Source]:
    """Search results as sources: unwrapped addresses, plain text, no page twice."""
    seen: set[str] = set()
    for row in rows:
        url = unwrap(row.get("href", ""))
        if not re.match(r"https?://[^\s/]+\.", url) or url in seen:
            continue
        seen.add(url)
        yield Source(plain(row.get("title", "")) or url, url, plain(row.get("body", "")))


def unwrap(url: str) -> str:
    """The address behind a DuckDuckGo redirect; any other address as it is."""
    parts = urllib.parse.urlsplit(url if "://" in url else f"https:{url}")
    if parts.hostname and parts.hostname.endswith("duckduckgo.com"):
        return urllib.parse.parse_qs(parts.query).get("uddg", [""])[0]
    return urllib.parse.quote(url, safe="%/:=&?~#+!$,;'@()*[]")


def plain(text: str) -> str:
    """*text* on one line, without tags, invisible characters and excess length."""
    text = re.sub(r"<[^>]*>", " ", html.unescape(text))
    visible = "".join(c for c in text if c.isprintable() or c.isspace())
    return " ".join(visible.split())[:LONGEST_SNIPPET]
