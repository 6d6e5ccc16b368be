"""The search: cleaned, cached, paused after failures, and never in the way."""

import pytest

from cache import ResponseCache
from planning.research import LONGEST_SNIPPET, DuckDuckGo, Findings, Source, clean, plain, unwrap
from sandbox.running import RunningSandbox
from storage.memory import MemoryStore
from tests.doubles import TurnedClock


@pytest.fixture
def search(
    shared_sandbox: RunningSandbox, clock: TurnedClock, monkeypatch: pytest.MonkeyPatch
) -> DuckDuckGo:
    """The real search package, asking the stand-in."""
    from ddgs.engines import ENGINES

    monkeypatch.setattr(ENGINES["text"]["duckduckgo"], "search_url", "")
    shared_sandbox.heal()
    shared_sandbox.clear_log()
    cache = ResponseCache(store=MemoryStore(), clock=clock)
    return DuckDuckGo(cache, shared_sandbox.base_urls["SEARCH_URL"], clock)


@pytest.mark.anyio
async def test_what_was_found_is_cached(search: DuckDuckGo, shared_sandbox: RunningSandbox) -> None:
    """The same words are searched for once."""
    first = await search.find("solar training Kenya")
    assert 1 <= len(first.sources) <= 3
    assert all(source.url.startswith("https://") for source in first.sources)
    assert await search.find("solar training Kenya") == first
    assert len(shared_sandbox.calls("search")) == 1


@pytest.mark.anyio
@pytest.mark.parametrize("error", ["anomaly", "blocked", "rate_limited", "unavailable"])
async def test_a_search_that_is_refused_finds_nothing_and_says_so(
    search: DuckDuckGo, shared_sandbox: RunningSandbox, error: str
) -> None:
    """And is not remembered."""
    shared_sandbox.fail("search", error=error)
    assert (await search.find("words")).sources == ()
    shared_sandbox.heal()
    assert (await search.find("words")).sources != ()


@pytest.mark.anyio
async def test_after_two_failures_it_pauses_for_a_minute(
    search: DuckDuckGo, shared_sandbox: RunningSandbox, clock: TurnedClock
) -> None:
    """A service that blocks us is left alone."""
    shared_sandbox.fail("search", error="blocked")
    for words in ("one", "two"):
        await search.find(words)
    shared_sandbox.heal()
    assert (await search.find("three")).error == "paused after repeated failures"
    assert len(shared_sandbox.calls("search")) == 2
    clock.turn(60)
    assert (await search.find("three")).sources != ()


@pytest.mark.anyio
async def test_nobody_there_is_an_error_and_not_an_exception(clock: TurnedClock) -> None:
    """No network, say."""
    cache = ResponseCache(store=MemoryStore(), clock=clock)
    findings = await DuckDuckGo(cache, "http://127.0.0.1:1/html/", clock).find("words")
    assert findings == Findings(error="the search service could not be reached")


def test_results_become_sources() -> None:
    """Plain text, real addresses, and no page twice."""
    rows = [
        {"title": "A <b>b</b>", "href": "https://a.example/1", "body": "x\u200b &amp; y\n z"},
        {"title": "Again", "href": "https://a.example/1", "body": ""},
        {
            "title": "",
            "href": "//duckduckgo.com/l/?uddg=https%3A%2F%2Fb.example%2F2&rut=z",
            "body": "",
        },
        {"title": "No", "href": "javascript:alert(1)", "body": ""},
        {"title": "No", "href": "ftp://c.example", "body": ""},
        {},
    ]
    assert list(clean(rows)) == [
        Source("A b", "https://a.example/1", "x & y z"),
        Source("https://b.example/2", "https://b.example/2", ""),
    ]


def test_a_snippet_is_short() -> None:
    """A page cannot flood the prompt."""
    assert len(plain("word " * 1_000)) <= LONGEST_SNIPPET


def test_an_address_is_unwrapped_and_quoted() -> None:
    """So that it stands on one line."""
    assert unwrap("https://a.example/b c\nd") == "https://a.example/b%20c%0Ad"
    assert unwrap("https://duckduckgo.com/l/?x=1") == ""
