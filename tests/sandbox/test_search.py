"""The search stand-in, judged by the ddgs package."""

from typing import Any

import pytest
from ddgs import DDGS
from ddgs.engines import ENGINES
from ddgs.exceptions import DDGSException, TimeoutException

from sandbox.running import RunningSandbox


@pytest.fixture
def search(sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch) -> DDGS:
    url = f"{sandbox.base_urls['SEARCH_URL']}/search/html/"
    monkeypatch.setattr(ENGINES["text"]["duckduckgo"], "search_url", url)
    return DDGS(timeout=1)


def test_the_package_reads_titles_addresses_and_snippets(search: DDGS) -> None:
    found = search.text("rooftop bees", backend="duckduckgo", max_results=5)
    assert len(found) == 5
    assert found[0]["title"].startswith("Rooftop Bees:")
    assert found[0]["href"] == "https://example.org/rooftop-bees/1"
    assert "rooftop bees" in found[0]["body"]


def test_one_result_hides_behind_a_redirect_and_advertisements_are_dropped(search: DDGS) -> None:
    addresses = [each["href"] for each in search.text("bees", backend="duckduckgo")]
    assert not any("y.js" in address for address in addresses)
    assert sum("duckduckgo.com/l/?uddg=" in address for address in addresses) == 1


def test_further_pages_go_on_where_the_first_ended(search: DDGS) -> None:
    second = search.text("bees", backend="duckduckgo", page=2)
    assert second[0]["href"].endswith("/11")


def test_a_page_can_be_scripted(sandbox: RunningSandbox, search: DDGS) -> None:
    sandbox.reply(
        "search",
        '<html><body><div class="result__body"><h2><a href="https://a.example/">A</a></h2>'
        '<a href="https://a.example/">Text &amp; more</a></div></body></html>',
    )
    [found] = search.text("bees", backend="duckduckgo")
    assert found == {"title": "A", "href": "https://a.example/", "body": "Text & more"}


@pytest.mark.parametrize(
    "fault",
    [{"error": "anomaly"}, {"error": "rate_limited"}, {"error": "blocked"}, {"empty": True}],
    ids=str,
)
def test_blocked_and_empty_look_alike(
    sandbox: RunningSandbox, search: DDGS, fault: dict[str, Any]
) -> None:
    sandbox.fail("search", **fault)
    with pytest.raises(DDGSException, match="No results found"):
        search.text("bees", backend="duckduckgo")
    assert not sandbox.log[0].ok


def test_a_slow_page_times_out(sandbox: RunningSandbox, search: DDGS) -> None:
    sandbox.fail("search", hang=True)
    with pytest.raises(TimeoutException):
        search.text("bees", backend="duckduckgo")


def test_the_log_shows_the_posted_form(sandbox: RunningSandbox, search: DDGS) -> None:
    search.text("bees", backend="duckduckgo", region="ru-ru", timelimit="m")
    assert sandbox.log[0].request == {"q": "bees", "b": "", "l": "ru-ru", "df": "m"}
