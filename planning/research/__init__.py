"""Research before writing: what the web, the World Bank and grant databases say, as numbered sources.

What comes back is text from strangers: it is cleaned, told to a model as data inside a fence, cited by
marks, and linked by code alone. Outbound addresses are fixed; no address of a user is ever fetched.
"""

from collections.abc import Sequence

from cache import ResponseCache
from clock import SYSTEM_CLOCK, Clock
from planning.research.asking import Researcher
from planning.research.base import (
    Backend,
    Findings,
    NoSearch,
    Query,
    Search,
    SearchFailed,
    Source,
)
from planning.research.cleaning import LONGEST_SNIPPET, clean, plain, unwrap
from planning.research.grants_gov import ADDRESS as GRANTS_GOV
from planning.research.grants_gov import GrantsGov
from planning.research.ledger import Ledger, citing, new_fence, told
from planning.research.queries import queries
from planning.research.scraped import ENGINES, ResultPage
from planning.research.searxng import SearxNG
from planning.research.tavily import ADDRESS as TAVILY
from planning.research.tavily import Tavily
from planning.research.wikipedia import ADDRESS as WIKIPEDIA
from planning.research.wikipedia import Wikipedia
from planning.research.world_bank import ADDRESS as WORLD_BANK
from planning.research.world_bank import WorldBank
from providers.transport import Transport

__all__ = [
    "BACKENDS",
    "LONGEST_SNIPPET",
    "Backend",
    "Findings",
    "Ledger",
    "NoSearch",
    "Query",
    "Researcher",
    "Search",
    "SearchFailed",
    "Source",
    "citing",
    "clean",
    "new_fence",
    "plain",
    "queries",
    "researcher",
    "told",
    "unwrap",
]

# In the order in which they are asked. The first two need a key or an address of their own.
BACKENDS = ("tavily", "searxng", *ENGINES, "wikipedia", "world_bank", "grants_gov")


def researcher(
    cache: ResponseCache,
    *,
    order: Sequence[str] = BACKENDS,
    tavily_key: str = "",
    searxng_url: str = "",
    stand_ins: str = "",
    proxy: str = "",
    clock: Clock = SYSTEM_CLOCK,
) -> Researcher:
    """The search services of *order* (some of `BACKENDS`) that can be asked, with a transport of their own.

    *stand_ins* is the address of stand-ins for all of them, in place of the real ones. They are asked
    through *proxy* if that is set.
    """
    transport = Transport(clock=clock, proxy=proxy)
    page = {"duckduckgo": "search/html/", "brave": "brave/search", "mojeek": "mojeek/search"}

    def address(name: str, real: str) -> str:
        return f"{stand_ins}/{name}" if stand_ins else real

    backends: dict[str, Backend] = {
        name: ResultPage(name, f"{stand_ins}/{page[name]}" if stand_ins else "", proxy)
        for name in ENGINES
    }
    wikipedia = f"{stand_ins}/wikipedia/{{language}}/w/api.php" if stand_ins else WIKIPEDIA
    backends["wikipedia"] = Wikipedia(transport, wikipedia)
    backends["world_bank"] = WorldBank(transport, address("world_bank", WORLD_BANK), clock)
    backends["grants_gov"] = GrantsGov(transport, address("grants_gov", GRANTS_GOV))
    if tavily_key:
        backends["tavily"] = Tavily(transport, tavily_key, address("tavily", TAVILY))
    if searxng_url:
        backends["searxng"] = SearxNG(transport, searxng_url)
    return Researcher(
        [backends[name] for name in order if name in backends], cache, transport, clock
    )
