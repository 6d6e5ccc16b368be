"""The ledger, the trust in sites, cleaning and questions: values in, values out."""

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from planning.brief import Brief
from planning.funders.fit import WEIGHTS
from planning.idea import Idea
from planning.research import (
    BACKENDS,
    LONGEST_SNIPPET,
    Ledger,
    Query,
    Source,
    clean,
    plain,
    queries,
    unwrap,
)
from planning.research.base import Findings
from planning.research.cleaning import canonical, is_public
from planning.research.indicators import BY_GOAL, KNOWN, indicators_for
from planning.research.ledger import merged, told
from planning.research.places import country_name, country_of, place_in
from planning.research.queries import ASKED, plainly
from planning.research.tiers import tier
from planning.wording import words_in

QUERY = Query("clean water", topic="need")


def source(
    url: str, text: str = "Nine of ten wells were dry in the last year, a survey says."
) -> Source:
    """Something found."""
    return Source("A title", url, text, "brave", "2026-11-24T00:00:00+00:00")


def found(*sources: Source) -> Findings:
    """What was found."""
    return Findings(sources)


def brief(**changes: Any) -> Brief:
    """A brief of a venture in Kenya."""
    given: dict[str, Any] = {
        "name": "EcoEd",
        "mission": "To teach",
        "goals": (),
        "target_market": {"geography": "Rural Kenya"},
        "primary_product": "Training programmes",
        "sdgs": ("SDG 6", "SDG 4"),
    }
    circumstances = {k: changes.pop(k) for k in ("language", "country") if k in changes}
    return Brief(idea=Idea(**(given | changes)), start=date(2027, 1, 1), **circumstances)


@pytest.mark.parametrize(
    "other",
    [
        "http://www.known.example/page/",
        "https://known.example/page?utm_source=x&fbclid=y",
        "https://m.known.example/page#part",
        "https://known.example/page/index.html",
    ],
)
def test_a_page_is_in_the_ledger_once(other: str) -> None:
    ledger = Ledger().having(QUERY, found(source("https://known.example/page")))
    again = ledger.having(Query("x", topic="local"), found(source(other, "Something else.")))
    assert [reference.mark for reference in again.references] == ["S1"]
    assert again.topics["S1"] == ("need", "local")


def test_parameters_that_make_another_page_are_kept() -> None:
    assert canonical("https://a.example/?id=1&b=2") == canonical("https://a.example/?b=2&id=1")
    assert canonical("https://a.example/?id=1") != canonical("https://a.example/?id=2")


def test_a_text_that_others_copied_is_in_the_ledger_once() -> None:
    """Under the site that is trusted most of those that came together."""
    text = "Nine of ten wells were dry in the last year, a survey of the county says in its report."
    copy = text.replace("its", "the")
    ledger = Ledger().having(
        QUERY, found(source("https://blog.example/a", copy), source("https://www.who.int/a", text))
    )
    assert [(r.mark, r.tier) for r in ledger.references] == [("S1", "official")]


def test_marks_never_change_their_source() -> None:
    ledger = Ledger().having(QUERY, found(source("https://a.example/1", "One.")))
    more = ledger.having(QUERY, found(source("https://www.un.org/2", "Two.")))
    assert more.references[0] == ledger.references[0]
    assert more.get("S2") is more.references[1]
    assert more.get("S9") is None


def test_references_are_chosen_by_topic_and_trust() -> None:
    ledger = merged(
        [
            (Query("a", topic="need"), found(*(source(f"https://a.example/{n}", f"Text {n}.") for n in range(5)))),
            (Query("b", topic="funders"), found(source("https://www.un.org/x", "Money."))),
            (Query("c", topic="need"), found(source("https://who.int/x", "Health."))),
        ]
    )  # fmt: skip
    assert [r.mark for r in ledger.about("need", most=2)] == ["S1", "S7"]
    assert [r.mark for r in ledger.about("funders")] == ["S6"]
    assert len(ledger.about(most=99)) == 7


def test_the_ledger_knows_what_came_of_the_search() -> None:
    nothing = Ledger().having(QUERY, Findings())
    assert nothing.outcome == "nothing"
    assert nothing.having(QUERY, Findings(error="late")).outcome == "failed"
    assert nothing.having(QUERY, found(source("https://a.example"))).outcome == "found"
    for key in ("nothing_found", "could_not_search"):
        assert words_in("hi")(f"research.{key}")


def test_sources_are_told_by_their_marks_without_addresses() -> None:
    ledger = Ledger().having(
        QUERY, found(source("https://a.example/x", "It is 7 % of https://b.example/y."))
    )
    assert told(ledger.references, "FENCE") == "FENCE BEGIN\n[S1] A title: It is 7 % of\nFENCE END"
    assert told((), "FENCE") == "FENCE BEGIN\nFENCE END"


def test_a_page_without_a_title_is_not_told_by_its_address() -> None:
    ledger = Ledger().having(
        QUERY, found(Source("https://a.example/x", "https://a.example/x", "Text."))
    )
    assert "[S1] untitled: Text." in told(ledger.references, "FENCE")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://www.who.int/x", "official"),
        ("https://data.gov.in/x", "official"),
        ("https://www.knbs.go.ke/x", "official"),
        ("https://data.worldbank.org/x", "official"),
        ("https://mit.edu", "academic"),
        ("https://www.uonbi.ac.ke", "academic"),
        ("https://doi.org/10.1/x", "academic"),
        ("https://en.wikipedia.org/wiki/X", "established"),
        ("https://www.bbc.co.uk/x", "established"),
        ("http://gov.evil.com", "other"),
        ("https://un.org.evil.com", "other"),
        ("https://evilun.org", "other"),
        ("https://go.to/x", "other"),
        ("https://x.ac.me/", "other"),
        ("https://[broken", "other"),
        ("", "other"),
    ],
)
def test_a_site_is_trusted_by_where_its_name_ends(url: str, expected: str) -> None:
    assert tier(url) == expected


def test_rows_become_sources() -> None:
    """Plain text, real addresses, and no page twice."""
    rows = [
        {"title": "A <b>b</b>", "href": "https://a.example/1", "body": "x\u200b &amp; y\n z"},
        {"title": "Again", "href": "https://a.example/1/?utm_campaign=z", "body": ""},
        {
            "title": "",
            "href": "//duckduckgo.com/l/?uddg=https%3A%2F%2Fb.example%2F2&rut=z",
            "body": "",
        },
        {"title": "No", "href": "javascript:alert(1)", "body": ""},
        {"title": "No", "href": "ftp://c.example", "body": ""},
        {"title": "No", "href": "https://user:pw@c.example/", "body": ""},
        {"title": "No", "href": "http://127.0.0.1/", "body": ""},
        {"title": "No", "href": "http://localhost/", "body": ""},
        {},
    ]
    assert list(clean(rows)) == [
        Source("A b", "https://a.example/1", "x & y z"),
        Source("https://b.example/2", "https://b.example/2", ""),
    ]


def test_a_snippet_is_short_and_ends_with_a_whole_word() -> None:
    """A page cannot flood the prompt."""
    cut = plain("word " * 1_000)
    assert len(cut) <= LONGEST_SNIPPET
    assert cut.endswith("word")


def test_figures_and_comparisons_survive_cleaning() -> None:
    assert (
        plain("3 &lt; 4 and 5 > 2; 1½ m², 12 % &#8211; 1,234")
        == "3 < 4 and 5 > 2; 1½ m², 12 % – 1,234"
    )


def test_an_address_is_unwrapped_and_quoted() -> None:
    """So that it stands on one line."""
    assert unwrap("https://a.example/b c\nd") == "https://a.example/b%20c%0Ad"
    assert unwrap("https://duckduckgo.com/l/?x=1") == ""
    assert unwrap("https://[broken") == ""
    assert not is_public("https://[broken")


@pytest.mark.parametrize(
    ("place", "country"),
    [
        ("Rural Kenya", "KE"),
        ("Nairobi, Kenya and Kampala, Uganda", ""),
        ("Niger", "NE"),
        ("Nigeria", "NG"),
        ("Papua New Guinea", "PG"),
        ("the USA", "US"),
        ("developing countries", ""),
        ("", ""),
    ],
)
def test_a_country_is_taken_from_the_place_only_if_it_is_one(place: str, country: str) -> None:
    assert country_of(brief(target_market={"geography": place})) == country


def test_a_country_that_is_given_stands_and_is_named_in_the_language() -> None:
    given = brief(target_market={}, country="pe", language="es")
    assert country_of(given) == "PE"
    assert place_in(given, "es") == "Perú"
    assert country_name("XX", "es") == ""
    assert (
        country_of(brief(target_market={"region": "Zonas rurales del Perú"}, language="es")) == "PE"
    )


@pytest.mark.parametrize("language", ["en", "es", "fr", "pt-BR", "de", "ru", "ar", "hi", "sw"])
@pytest.mark.parametrize("document_type", ASKED)
def test_questions_are_short_and_plain_in_every_language(language: str, document_type: str) -> None:
    """In the founder's language and in English, each once."""
    asked = queries(document_type, brief(language=language))
    assert len(set(asked)) == len(asked) <= 9
    for query in asked:
        assert 0 < len(query.text) <= 160
        if query.kind == "web":
            assert not re.search(r"[\"()|{}]|\b(?:site|OR|AND)\b:?", query.text)
            assert "Kenya" in query.text
    languages = {query.language for query in asked if query.kind == "web"}
    assert languages <= {language.partition("-")[0], "en"}
    assert (not asked) == (document_type == "pitch")


def test_figures_are_asked_for_the_goals_of_the_founder() -> None:
    [asked] = [q for q in queries("proposal", brief()) if q.kind == "indicators"]
    assert asked.country == "KE"
    assert asked.text.split(";")[:3] == ["SP.POP.TOTL", "SH.H2O.BASW.ZS", "SE.PRM.CMPT.ZS"]
    assert not [q for q in queries("proposal", brief(target_market={})) if q.kind == "indicators"]


def test_federal_grants_are_asked_for_in_the_united_states_alone() -> None:
    assert not [q for q in queries("grants", brief()) if q.kind == "grants"]
    [asked] = [q for q in queries("grants", brief(country="US")) if q.kind == "grants"]
    assert "drinking water" in asked.text


def test_a_founder_cannot_steer_a_search_engine() -> None:
    hostile = 'bees site:evil.com OR "x" -good (a|b) inurl:login filetype:pdf {y} \\ +z'
    assert plainly(hostile) == "bees x good a b y z"
    for query in queries("roadmap", brief(primary_product=hostile)):
        assert "evil" not in query.text


def test_an_idea_that_says_nothing_asks_nothing() -> None:
    nothing = brief(name="", mission="", primary_product="", sdgs=(), target_market={})
    assert queries("roadmap", nothing) == ()


def test_every_indicator_has_its_words_and_every_goal_an_indicator() -> None:
    assert set(BY_GOAL) == set(range(1, 18))
    for each in KNOWN.values():
        assert words_in("ar")(f"research.{each.key}")
    assert indicators_for(()) == (KNOWN["SP.POP.TOTL"],)


def test_the_page_of_the_research_names_every_service_and_the_weights_of_the_fit() -> None:
    page = (Path(__file__).parents[3] / "docs" / "RESEARCH.md").read_text(encoding="utf-8")
    for name in BACKENDS:
        assert f"`{name}`" in page
    for part, weight in WEIGHTS.items():
        assert f"| {part} | {weight} |" in page
