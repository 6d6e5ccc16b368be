"""Search engines without a key, read from their result pages by `ddgs`: DuckDuckGo, Brave and Mojeek.

Facts, from ddgs 9.16.1 as installed (November 2026): each engine is a class that posts or gets one
page and reads titles, addresses and snippets from it; it gives None for any status but 200
(DuckDuckGo says "202" to a caller it takes for a bot), and an empty list for a page without results.
The three have indexes of their own (DuckDuckGo shows Bing's); Yahoo shows Bing's too, Startpage
needs a token from a second page, and Google, Bing and Yandex are disabled. None of them promises
anything: terms, limits and markup can change at any time.
"""

import asyncio
import contextlib
import logging
import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from planning.research.base import Kind, Query, SearchFailed, Source
from planning.research.cleaning import clean
from planning.research.web import BUSY_HOLD_S
from providers.outbound import proxy_for

log = logging.getLogger("trimaran.research")

ENGINES = ("duckduckgo", "brave", "mojeek")
TIMEOUT_S = 5
_threads = ThreadPoolExecutor(3, thread_name_prefix="search")  # primp's client is synchronous
_environment = threading.Lock()
# What primp's client looks for when it is made, and cannot be told to leave alone.
PROXIES = {"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "PRIMP_PROXY"}


@dataclass(frozen=True, slots=True)
class ResultPage:
    """One of `ENGINES`, asked through *proxy* if that is set.

    *address* replaces that of its page, for a stand-in.
    """

    name: str
    address: str = ""
    proxy: str = field(default="", repr=False)
    kind: Kind = field(default="web", init=False)

    async def ask(self, query: Query) -> Sequence[Source]:
        """See `Backend.ask`."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(_threads, self._read, query)

    def _read(self, query: Query) -> Sequence[Source]:
        from ddgs.engines import ENGINES as CLASSES  # here: only a search should pay for the import
        from ddgs.exceptions import DDGSException, TimeoutException

        kind = CLASSES["text"][self.name]
        address = self.address or kind.search_url
        with _without_proxies():
            engine = kind(proxy=proxy_for(address, self.proxy), timeout=TIMEOUT_S)
        engine.search_url = address
        try:
            rows = engine.search(query.text, region=self._region(query))
        except TimeoutException:
            raise SearchFailed("no answer in time") from None
        except DDGSException as error:
            raise SearchFailed("the search service could not be reached") from error
        except Exception as error:
            # A page of a shape that ddgs did not expect: lxml and it raise all sorts of errors.
            raise SearchFailed("its page could not be read") from error
        if rows is None:
            raise SearchFailed("it refused to search", hold_s=BUSY_HOLD_S)
        found = ({"title": r.title, "href": r.href, "body": r.body} for r in rows)
        return tuple(clean(found))[: query.most]

    def _region(self, query: Query) -> str:
        """Country and language as ddgs wants them; `wt-wt` is DuckDuckGo's word for the whole world."""
        if self.name == "duckduckgo":
            return "wt-wt"
        language = query.language.partition("-")[0] or "en"
        return f"{(query.country or 'us').lower()}-{language}"


@contextlib.contextmanager
def _without_proxies() -> Iterator[None]:
    """Meanwhile the environment names no proxy: the setting alone decides about the way out."""
    with _environment:
        hidden = {name: value for name, value in os.environ.items() if name.upper() in PROXIES}
        for name in hidden:
            del os.environ[name]
        try:
            yield
        finally:
            os.environ.update(hidden)
