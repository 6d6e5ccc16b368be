"""The stand-ins of search services: Brave and Mojeek judged by the ddgs package, others by what is documented."""

from typing import Any

import pytest
from ddgs.engines import ENGINES

from sandbox.running import RunningSandbox
from tests.sandbox.conftest import Post

WIKIPEDIA = (
    "/wikipedia/es/w/api.php?action=query&generator=search&gsrsearch=agua&gsrlimit=2"
    "&prop=extracts%7Cinfo&inprop=url&format=json&formatversion=2"
)
AGENT = {"user-agent": "a test"}
KENYA = "/world_bank/v2/country/KE/indicator"


@pytest.mark.parametrize("name", ["brave", "mojeek"])
def test_the_package_reads_the_result_page(sandbox: RunningSandbox, name: str) -> None:
    engine = ENGINES["text"][name](timeout=2)
    engine.search_url = f"{sandbox.url}/{name}/search"
    found = engine.search("rooftop bees", region="ke-en") or []
    assert len(found) == 10
    assert found[0].title == "Rooftop Bees: market size"
    assert found[0].href == f"https://{name}.example.org/rooftop-bees/1"
    assert "rooftop bees" in found[0].body
    sandbox.fail(name, status=403)
    assert engine.search("bees") is None
    sandbox.heal()
    sandbox.fail(name, empty=True)
    assert engine.search("bees") == []


def test_wikipedia_gives_introductions_ranked_by_their_index(ask: Post) -> None:
    status, answer = ask(WIKIPEDIA, headers=AGENT, method="GET")
    assert status == 200
    pages = answer["query"]["pages"]
    assert sorted(page["index"] for page in pages) == [1, 2]
    assert pages[0]["fullurl"].startswith("https://es.wikipedia.org/wiki/Agua")


def test_wikipedia_has_no_query_when_nothing_matches(sandbox: RunningSandbox, ask: Post) -> None:
    sandbox.fail("wikipedia", empty=True)
    assert ask(WIKIPEDIA, headers=AGENT, method="GET")[1] == {"batchcomplete": True}


def test_wikipedia_turns_away_whoever_has_no_name(ask: Post) -> None:
    assert ask(WIKIPEDIA, headers={"user-agent": ""}, method="GET")[0] == 403


@pytest.mark.parametrize(
    ("path", "length"),
    [
        (f"{KENYA}/SP.POP.TOTL?format=json&date=2020:2024", 2),
        (f"{KENYA}/SP.POP.TOTL;EG.ELC.ACCS.ZS?format=json&source=2&date=2024", 2),
        (f"{KENYA}/SP.POP.TOTL;EG.ELC.ACCS.ZS?format=json&date=2024", 1),
        ("/world_bank/v2/country/XX/indicator/SP.POP.TOTL?format=json", 1),
    ],
)
def test_the_world_bank_answers_with_two_parts_or_one_message(
    ask: Post, path: str, length: int
) -> None:
    status, answer = ask(path, method="GET")
    assert (status, len(answer)) == (200, length)
    if length == 2:
        assert answer[1][0]["countryiso3code"] == "KEN"
    else:
        assert answer[0]["message"][0]["id"] == "120"


def test_a_year_that_is_not_known_yet_is_null(ask: Post) -> None:
    _, answer = ask(f"{KENYA}/EG.ELC.ACCS.ZS?format=json&date=2023:2026", method="GET")
    assert [(row["date"], row["value"]) for row in answer[1]] == [
        ("2026", None),
        ("2025", None),
        ("2024", None),
        ("2023", 76.2),
    ]


def test_grants_gov_answers_a_search_and_gives_details(ask: Post) -> None:
    _, answer = ask("/grants_gov/v1/api/search2", {"keyword": "education", "rows": 2})
    assert answer["errorcode"] == 0
    hits = answer["data"]["oppHits"]
    assert len(hits) == 2
    assert isinstance(hits[0]["id"], str)
    wanted = {"opportunityId": int(hits[0]["id"])}
    _, details = ask("/grants_gov/v1/api/fetchOpportunity", wanted)
    assert details["data"]["synopsis"]["awardCeiling"] == "250000"
    _, missing = ask("/grants_gov/v1/api/fetchOpportunity", {"opportunityId": 1})
    assert missing["errorcode"] == 0
    assert "synopsis" not in missing["data"]


@pytest.mark.parametrize(
    ("body", "key", "status"),
    [
        ({"query": "bees", "max_results": 3}, "tvly-sandbox-key", 200),
        ({"query": "bees"}, "wrong", 401),
        ({"query": ""}, "tvly-sandbox-key", 400),
        ({"query": "bees", "max_results": 21}, "tvly-sandbox-key", 400),
    ],
)
def test_tavily_wants_a_key_and_a_question(
    ask: Post, body: dict[str, Any], key: str, status: int
) -> None:
    got, answer = ask("/tavily/search", body, {"authorization": f"Bearer {key}"})
    assert got == status
    if status == 200:
        assert len(answer["results"]) == 3
    else:
        assert answer["detail"]["error"]


def test_the_key_of_tavily_is_not_in_the_log(sandbox: RunningSandbox, ask: Post) -> None:
    ask(
        "/tavily/search",
        {"query": "tvly-sandbox-key"},
        {"authorization": "Bearer tvly-sandbox-key"},
    )
    assert "tvly-sandbox-key" not in repr(sandbox.log)


def test_searxng_gives_json_when_asked_for_it(ask: Post) -> None:
    _, answer = ask("/searxng/search?q=bees&format=json", method="GET")
    assert answer["results"][0]["url"].startswith("https://searxng.example.org/")
    assert isinstance(ask("/searxng/search?q=bees", method="GET")[1], str)


@pytest.mark.parametrize("name", ["wikipedia", "world_bank", "grants_gov", "searxng", "tavily"])
def test_an_answer_can_be_scripted_as_json(sandbox: RunningSandbox, ask: Post, name: str) -> None:
    paths = {
        "wikipedia": WIKIPEDIA,
        "world_bank": f"{KENYA}/SP.POP.TOTL?format=json",
        "grants_gov": "/grants_gov/v1/api/search2",
        "searxng": "/searxng/search?q=bees&format=json",
        "tavily": "/tavily/search",
    }
    sandbox.reply(name, '{"said": "as scripted"}')
    headers = {**AGENT, "authorization": "Bearer tvly-sandbox-key"}
    body = {"query": "bees"} if name in ("tavily", "grants_gov") else None
    _, answer = ask(paths[name], body, headers, "POST" if body else "GET")
    assert answer == {"said": "as scripted"}
