"""Asking: one service after the other, cached, with rests after failures, and never in the way."""

import asyncio
import json
import os

import pytest

from cache import Freshness, ResponseCache
from planning.research import Findings, Query, researcher
from sandbox.running import RunningSandbox
from storage.memory import MemoryStore
from tests.doubles import TurnedClock
from tests.planning.research.conftest import Asking

WEB = ("tavily", "searxng", "duckduckgo", "brave", "mojeek", "wikipedia")
STAND_IN = {"duckduckgo": "search"}  # what the sandbox calls it, where that differs
BUSY = {
    "tavily": "rate_limited",
    "searxng": "too_many",
    "duckduckgo": "anomaly",
    "brave": "rate_limited",
    "mojeek": "blocked",
    "wikipedia": "ratelimited",
}


@pytest.mark.anyio
@pytest.mark.parametrize("name", WEB)
async def test_every_service_finds_something(
    asking: Asking, sandbox: RunningSandbox, name: str
) -> None:
    """Alone, over a real socket."""
    research = asking(name)
    findings = await research.find(Query("solar training Kenya", language="es", most=2))
    assert findings.error == ""
    assert 1 <= len(findings.sources) <= 2
    for source in findings.sources:
        assert source.url.startswith("https://")
        assert "olar" in source.title
        assert source.snippet
        assert source.backend == name
        assert source.fetched_at.endswith("+00:00")
    assert len(sandbox.calls(STAND_IN.get(name, name))) == 1


@pytest.mark.anyio
@pytest.mark.parametrize("name", WEB)
async def test_a_service_that_refuses_says_so_and_rests(
    asking: Asking, sandbox: RunningSandbox, clock: TurnedClock, name: str
) -> None:
    """Blocked is not the same as nothing found; and who blocks us is left alone."""
    stand_in = STAND_IN.get(name, name)
    research = asking(name)
    sandbox.fail(stand_in, error=BUSY[name])
    refused = await research.find("one")
    assert refused.sources == ()
    assert refused.error
    sandbox.heal()
    assert (await research.find("two")).error == "paused after repeated failures"
    assert len(sandbox.calls(stand_in)) == 1
    clock.turn(61)
    assert (await research.find("three")).sources


@pytest.mark.anyio
@pytest.mark.parametrize("name", WEB)
async def test_nothing_found_is_not_a_failure(
    asking: Asking, sandbox: RunningSandbox, name: str
) -> None:
    """The service answered; there is nothing. So it may be asked again at once."""
    sandbox.fail(STAND_IN.get(name, name), empty=True)
    research = asking(name)
    for words in ("one", "two", "three"):
        assert await research.find(words) == Findings()
    assert len(sandbox.calls(STAND_IN.get(name, name))) == 3


@pytest.mark.anyio
async def test_the_next_service_is_asked_when_one_fails_or_has_nothing(
    asking: Asking, sandbox: RunningSandbox
) -> None:
    """In the order given."""
    sandbox.fail("search", error="anomaly")
    sandbox.fail("brave", empty=True)
    research = asking("duckduckgo", "brave", "mojeek", "wikipedia")
    findings = await research.find("bees")
    assert {source.backend for source in findings.sources} == {"mojeek"}
    assert [record.provider for record in sandbox.log] == ["search", "brave", "mojeek"]


@pytest.mark.anyio
async def test_when_all_fail_the_reasons_are_told(asking: Asking, sandbox: RunningSandbox) -> None:
    """In our own words, with nothing of what the services sent."""
    sandbox.fail("search", error="blocked")
    sandbox.fail("wikipedia", malformed=True)
    sandbox.fail("tavily", error="auth")
    research = asking("duckduckgo", "wikipedia", "tavily")
    assert (await research.find("bees")).error == (
        "duckduckgo: it refused to search; wikipedia: its answer could not be read; "
        "tavily: the key was refused, or its quota is spent"
    )


@pytest.mark.anyio
async def test_one_honest_nothing_outweighs_failures(
    asking: Asking, sandbox: RunningSandbox
) -> None:
    """Somebody could look."""
    sandbox.fail("search", error="blocked")
    sandbox.fail("mojeek", empty=True)
    research = asking("duckduckgo", "mojeek")
    assert await research.find("bees") == Findings()


@pytest.mark.anyio
async def test_what_was_found_is_cached_and_what_was_not_is_not(
    asking: Asking, sandbox: RunningSandbox
) -> None:
    """The same words are searched for once; a topic does not make them others."""
    research = asking("duckduckgo")
    first = await research.find(Query("bees", topic="need"))
    assert await research.find(Query("bees", topic="market")) == first
    assert len(sandbox.calls("search")) == 1
    await research.find(Query("bees", language="fr"))
    assert len(sandbox.calls("search")) == 2
    sandbox.fail("search", empty=True, times=1)
    assert (await research.find("wasps")) == Findings()
    assert (await research.find("wasps")).sources


@pytest.mark.anyio
async def test_no_store_keeps_nothing(asking: Asking, sandbox: RunningSandbox) -> None:
    """As the asker wants."""
    research = asking("duckduckgo")
    for _ in range(2):
        await research.find("bees", Freshness.from_header("no-store"))
    assert len(sandbox.calls("search")) == 2


@pytest.mark.anyio
async def test_equal_questions_at_the_same_time_are_asked_once(
    asking: Asking, sandbox: RunningSandbox
) -> None:
    """Sections of one document ask alike."""
    research = asking("wikipedia")
    found = await asyncio.gather(*(research.find("bees") for _ in range(5)))
    assert all(each == found[0] for each in found)
    assert len(sandbox.calls("wikipedia")) == 1


@pytest.mark.anyio
async def test_two_failures_in_a_row_are_followed_by_a_minute_of_rest(
    asking: Asking, sandbox: RunningSandbox, clock: TurnedClock
) -> None:
    """Also those that bring no hint, such as a page that cannot be read."""
    sandbox.fail("wikipedia", malformed=True)
    research = asking("wikipedia")
    for words in ("one", "two"):
        assert (await research.find(words)).error == "its answer could not be read"
    sandbox.heal()
    assert (await research.find("three")).error == "paused after repeated failures"
    clock.turn(61)
    assert (await research.find("three")).sources


@pytest.mark.anyio
async def test_a_spent_month_is_not_asked_again_for_an_hour(
    asking: Asking, sandbox: RunningSandbox, clock: TurnedClock
) -> None:
    """Tavily's credits come back with the month."""
    sandbox.fail("tavily", error="credits")
    research = asking("tavily", "mojeek")
    await research.find("one")
    clock.turn(3_500)
    assert (await research.find("two")).sources[0].backend == "mojeek"
    assert len(sandbox.calls("tavily")) == 1


@pytest.mark.anyio
async def test_retry_after_is_followed(
    asking: Asking, sandbox: RunningSandbox, clock: TurnedClock
) -> None:
    """It knows best."""
    sandbox.fail("searxng", status=429, headers={"Retry-After": "300"}, times=1)
    research = asking("searxng")
    await research.find("one")
    clock.turn(290)
    assert (await research.find("two")).error
    clock.turn(11)
    assert (await research.find("two")).sources


@pytest.mark.anyio
async def test_nobody_there_is_an_error_and_not_an_exception(clock: TurnedClock) -> None:
    """No network, say."""
    cache = ResponseCache(store=MemoryStore(), clock=clock)
    research = researcher(
        cache, order=("duckduckgo", "wikipedia"), stand_ins="http://127.0.0.1:1", clock=clock
    )
    unreached = "the search service could not be reached"
    expected = f"duckduckgo: {unreached}; wikipedia: {unreached}"
    assert await research.find("words") == Findings(error=expected)
    await research.aclose()


@pytest.mark.anyio
async def test_a_service_that_hangs_is_given_up(asking: Asking, sandbox: RunningSandbox) -> None:
    """So that the next one has its turn, within the time for all."""
    sandbox.fail("searxng", hang=True)
    research = asking("searxng", "wikipedia")
    research.attempt_s = 0.2
    started_s = asyncio.get_running_loop().time()
    assert (await research.find("bees")).sources[0].backend == "wikipedia"
    assert asyncio.get_running_loop().time() - started_s < 3


@pytest.mark.anyio
async def test_all_together_have_a_deadline(asking: Asking, sandbox: RunningSandbox) -> None:
    """What comes after it is not asked."""
    sandbox.fail("searxng", hang=True)
    research = asking("searxng", "wikipedia")
    research.deadline_s = 0.2
    assert "no time was left for it" in (await research.find("bees")).error
    assert sandbox.calls("wikipedia") == []


@pytest.mark.anyio
@pytest.mark.parametrize(
    "fault", [{"gzip_bomb": True}, {"redirect": True}, {"html": True}], ids=str
)
async def test_a_strange_answer_is_a_failure(
    asking: Asking, sandbox: RunningSandbox, fault: dict[str, bool]
) -> None:
    """No redirect is followed, nothing is inflated, no page is taken for an answer."""
    for name in ("tavily", "searxng", "wikipedia", "world_bank", "grants_gov"):
        sandbox.fail(name, **fault)
    research = asking("tavily", "searxng", "wikipedia")
    assert (await research.find("bees")).error.count(";") == 2
    assert (await asking().find(Query("SP.POP.TOTL", "indicators", country="KE"))).error
    assert (await asking().find(Query("bees", "grants"))).error


@pytest.mark.anyio
async def test_a_searxng_whose_engines_are_all_blocked_could_not_search(
    asking: Asking, sandbox: RunningSandbox
) -> None:
    """Although it answers with an empty list."""
    sandbox.fail("searxng", error="engines_down")
    assert (await asking("searxng").find("bees")).error == "none of its engines answered"


@pytest.mark.anyio
@pytest.mark.parametrize("name", ["tavily", "searxng", "wikipedia", "world_bank", "grants_gov"])
@pytest.mark.parametrize(
    "body",
    [
        "null", "[]", "{}", "7", '"text"', '{"results": 7}', '{"results": [7, null, {}]}',
        '{"query": {"pages": [null, {"index": "x"}]}}', '{"error": "odd"}', "[{}, null]",
        '[{"page": 1}, [null, {"indicator": 7}, {"value": "NaN"}]]',
        '{"errorcode": 0, "data": {"oppHits": [null, {"id": "x"}, {"id": {}}]}}',
    ],
)  # fmt: skip
async def test_whatever_a_service_answers_nothing_breaks(
    asking: Asking, sandbox: RunningSandbox, name: str, body: str
) -> None:
    """Shapes that nobody foresaw."""
    sandbox.reply(name, body)
    kind = {"world_bank": "indicators", "grants_gov": "grants"}.get(name, "web")
    text = "SP.POP.TOTL" if kind == "indicators" else "bees"
    findings = await asking(name).find(Query(text, kind, country="KE"))  # type: ignore[arg-type]  # one of the kinds
    assert findings.sources == ()
    json.dumps(findings.error)


@pytest.mark.anyio
async def test_an_empty_question_is_not_asked(asking: Asking, sandbox: RunningSandbox) -> None:
    """An idea may say nothing at all."""
    assert await asking().find("  ") == Findings()
    assert sandbox.log == []


@pytest.mark.anyio
@pytest.mark.parametrize("name", ["duckduckgo", "brave", "mojeek", "tavily", "wikipedia"])
async def test_proxies_in_the_environment_are_ignored(
    asking: Asking, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """`OUTBOUND_PROXY` alone decides about the way out."""
    monkeypatch.delenv("NO_PROXY", raising=False)
    proxies = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "all_proxy", "PRIMP_PROXY")
    for variable in proxies:
        monkeypatch.setenv(variable, "http://127.0.0.1:1")
    assert (await asking(name).find("solar training Kenya")).sources
    assert {os.environ[variable] for variable in proxies} == {"http://127.0.0.1:1"}
