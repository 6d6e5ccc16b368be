"""Funders and grants: rated by rules, believed only as far as a source goes, and listed honestly."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planning.brief import Brief
from planning.content import Prose, Reference, Table
from planning.facts import Fact, FactBase
from planning.figures.spec import Unusable
from planning.funders import grant as grants
from planning.funders.fit import WEIGHTS, Offer, fit, may_apply, total
from planning.funders.funder import Funder, normal_name, ranked
from planning.funders.grant import Eligibility, Grant, status_at
from planning.funders.listing import amount, funder_blocks, grant_blocks, to_verify
from planning.funders.profile import Form, form_in, profile_of
from planning.funders.proposing import FUNDER_EXAMPLE, GRANT_EXAMPLE, FunderSpec, GrantSpec
from planning.idea import Idea
from planning.research.base import Findings, Query, Source
from planning.research.ledger import Ledger
from planning.showing import Shown
from planning.wording import words_in

TODAY = date(2026, 11, 24)
ENGLISH, SHOWN = words_in("en"), Shown("en", "USD")
IDEA = Idea(
    "EcoEd",
    "A non-profit for environmental education",
    ("Train 5,000 people",),
    {"geography": "Rural Kenya"},
    "Training programmes",
    ("SDG 4", "SDG 13"),
)
BRIEF = Brief(idea=IDEA, start=TODAY, figures={"grant_request": Decimal(20_000)})
PROFILE = profile_of(BRIEF, TODAY)
FACTS = FactBase({"goal.1": Fact(id="goal.1", label="Goal", value="Train", origin="said")})


def reference(mark: str, title: str, snippet: str) -> Reference:
    """A source."""
    return Reference(
        mark, title, f"https://a.example/{mark}", snippet, "2026-11-23T10:00:00+00:00", ""
    )


GIVES = (
    "The Green Schools Fund of the Acacia Foundation gives up to USD 50,000 to non-profits in Kenya"
)
SOURCES = (
    reference("S1", "Green Schools Fund", f"{GIVES} until 31 March 2027."),
    reference("S2", "Weather", "It rains on schools and on green trees."),
)


def offer(**changes: Any) -> Offer:
    """An offer of which nothing is known, with *changes*."""
    nothing: dict[str, Any] = {
        "themes": frozenset(),
        "text": "",
        "countries": frozenset(),
        "forms": frozenset(),
        "instrument": "grant",
        "floor": None,
        "ceiling": None,
        "currency": "USD",
    }
    return Offer(**(nothing | changes))


def funder(name: str = "Acacia", **changes: Any) -> Funder:
    """A funder that a source names."""
    given: dict[str, Any] = {
        "name": name,
        "category": "foundation",
        "instrument": "grant",
        "why": "It funds schools",
        "fact": "goal.1",
        "place": "Kenya",
        "approach": "Write",
        "mark": "S1",
        "url": "https://a.example/S1",
        "verified_on": TODAY,
        "confidence": "high",
    }
    return Funder(**(given | changes))


def grant(title: str = "Fund", **changes: Any) -> Grant:
    """A grant that a source names."""
    given: dict[str, Any] = {
        "title": title,
        "funder": "Acacia",
        "eligibility": Eligibility("yes", "Non-profits."),
        "place": "Kenya",
        "status": "open",
        "mark": "S1",
        "url": "https://a.example/S1",
        "fetched_on": TODAY,
    }
    return Grant(**(given | changes))


def test_the_profile_is_made_of_what_the_founder_said() -> None:
    assert (set(PROFILE.goals), PROFILE.country, PROFILE.form) == ({4, 13}, "KE", "nonprofit")
    assert (PROFILE.asks, PROFILE.yearly_budget, PROFILE.is_new) == (Decimal(20_000), None, True)


@pytest.mark.parametrize(
    ("text", "country", "form"),
    [
        ("a 501(c)(3) organisation", "US", "nonprofit_501c3"),
        ("a 501(c)(3) organisation", "KE", "nonprofit"),
        ("eine gemeinnützige GmbH", "DE", "nonprofit"),
        ("Solar Ltd.", "KE", "company"),
        ("une coopérative de femmes", "SN", "cooperative"),
        ("некоммерческая организация", "KZ", "nonprofit"),
        ("a group of friends", "KE", "unknown"),
    ],
)
def test_a_legal_form_is_only_what_is_said(text: str, country: str, form: Form) -> None:
    assert form_in(text, country) == form


def test_what_nobody_has_said_counts_half() -> None:
    assert fit(offer(), PROFILE, "en").total == 50


def test_the_total_is_the_weighted_sum() -> None:
    rated = fit(offer(themes=frozenset({4}), countries=frozenset({"KE"})), PROFILE, "en")
    assert sum(WEIGHTS.values()) == 100
    assert rated.scores == {
        "theme": 75,
        "geography": 100,
        "eligibility": 50,
        "size": 50,
        "stage": 50,
    }
    assert rated.total == total(rated.scores) == 70  # 22.5 + 25 + 10 + 7.5 + 5


@pytest.mark.parametrize(
    ("changes", "blockers"),
    [
        ({"countries": frozenset({"US"})}, ("country",)),
        ({"countries": frozenset({"*"})}, ()),
        ({"forms": frozenset({"company"})}, ("form",)),
        ({"forms": frozenset({"nonprofit_501c3"})}, ()),
        ({"instrument": "equity"}, ("equity",)),
    ],
)
def test_a_blocker_rules_out_instead_of_lowering_the_score(
    changes: dict[str, Any], blockers: tuple[str, ...]
) -> None:
    assert fit(offer(**changes), PROFILE, "en").blockers == blockers


@given(
    floor=st.none() | st.integers(1, 10**6),
    ceiling=st.none() | st.integers(1, 10**6),
    themes=st.frozensets(st.integers(1, 17), max_size=4),
)
def test_a_score_is_between_0_and_100_and_always_the_same(
    floor: int | None, ceiling: int | None, themes: frozenset[int]
) -> None:
    given_offer = offer(
        floor=None if floor is None else Decimal(floor),
        ceiling=None if ceiling is None else Decimal(ceiling),
        themes=themes,
    )
    rated = fit(given_offer, PROFILE, "en")
    assert 0 <= rated.total <= 100
    assert rated == fit(given_offer, PROFILE, "en")


def test_sums_in_another_currency_are_not_compared() -> None:
    assert fit(offer(ceiling=Decimal(1), currency="KES"), PROFILE, "en").scores["size"] == 50
    assert fit(offer(ceiling=Decimal(1)), PROFILE, "en").scores["size"] == 10
    assert fit(offer(ceiling=Decimal(15_000)), PROFILE, "en").scores["size"] == 40


def test_nobody_guesses_whether_a_form_may_apply() -> None:
    assert may_apply(frozenset(), "nonprofit") == "unknown"
    assert may_apply(frozenset({"company"}), "unknown") == "unknown"
    assert may_apply(frozenset({"nonprofit"}), "nonprofit_501c3") == "yes"
    assert may_apply(frozenset({"nonprofit_501c3"}), "nonprofit") == "unknown"
    assert may_apply(frozenset({"nonprofit_501c3"}), "company") == "no"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The Acacia Foundation", "acacia"),
        ("Fundación Árbol (Perú)", "Fundacion Arbol"),
        ("Acacia Trust Ltd", "Acacia"),
    ],
)
def test_equal_names_are_one_funder(one: str, other: str) -> None:
    assert normal_name(one) == normal_name(other)
    unsourced = funder(other, mark="", url="")
    [kept] = ranked([unsourced, funder(one)], PROFILE, "en")
    assert kept.is_verified


def test_the_best_stand_first_and_the_ruled_out_last() -> None:
    order = ranked(
        [
            funder("Ruled out", instrument="equity"),
            funder("Plain"),
            funder("Best", countries=frozenset({"KE"})),
        ],
        PROFILE,
        "en",
    )
    assert [each.name for each in order] == ["Best", "Plain", "Ruled out"]


def test_a_deadline_that_has_passed_closes_a_call() -> None:
    assert status_at("open", date(2026, 11, 23), TODAY) == "closed"
    assert status_at("open", TODAY, TODAY) == "open"
    assert status_at("forecast", None, TODAY) == "forecast"
    order = grants.ranked(
        [
            grant("Over", deadline=date(2026, 1, 1)),
            grant("Late", deadline=date(2027, 5, 1)),
            grant("Soon", deadline=date(2027, 1, 1)),
        ],
        PROFILE,
        "en",
    )
    assert [(each.title, each.status) for each in order] == [
        ("Soon", "open"),
        ("Late", "open"),
        ("Over", "closed"),
    ]


def test_grants_gov_gives_whole_grants() -> None:
    details = {
        "number": "X-1",
        "funder": "EPA",
        "status": "open",
        "opens": "",
        "deadline": "2027-03-31",
        "floor": "",
        "ceiling": "250000",
        "currency": "USD",
        "applicants": ["12"],
        "eligibility": "SAM.gov needed.",
        "country": "US",
    }
    source = Source(
        "Education Grants",
        "https://www.grants.gov/search-results-detail/1",
        "EPA offers.",
        "grants_gov",
        "2026-11-24T00:00:00+00:00",
        details,
    )
    ledger = Ledger().having(Query("x", "grants"), Findings((source,)))
    [found] = grants.grants_of(ledger, PROFILE)
    assert (found.ceiling, found.deadline, found.hours) == (
        Decimal(250_000),
        date(2027, 3, 31),
        grants.LARGE,
    )
    assert found.eligibility == Eligibility("unknown", "SAM.gov needed.")
    assert found.registrations == ("sam_gov",)
    assert found.days_left(TODAY) == 127
    [rated] = grants.ranked([found], PROFILE, "en")
    assert rated.fit
    assert rated.fit.blockers == ("country",)


def test_a_proposed_funder_is_believed_as_far_as_its_source_goes() -> None:
    proposed = {
        **FUNDER_EXAMPLE[0],
        "name": "Acacia Foundation",
        "source": "S1",
        "smallest": 10000,
        "largest": 50000,
    }
    [found] = FunderSpec(SOURCES).read([proposed], FACTS)
    assert (found.mark, found.url, found.verified_on) == (
        "S1",
        "https://a.example/S1",
        date(2026, 11, 23),
    )
    assert (found.floor, found.ceiling) == (None, Decimal(50_000))  # only the larger one is stated
    assert (found.fact, found.confidence) == ("goal.1", "medium")


@pytest.mark.parametrize(
    "changes",
    [
        {"source": "S2"},
        {"source": "S9"},
        {"source": ""},
        {"source": None},
        {"name": "Invented Trust", "source": "S1"},
    ],
)
def test_a_name_that_its_source_does_not_have_is_an_idea_to_verify(changes: dict[str, Any]) -> None:
    [found] = FunderSpec(SOURCES).read([{**FUNDER_EXAMPLE[0], "name": "Acacia", **changes}], FACTS)
    assert (found.mark, found.url, found.verified_on) == ("", "", None)
    assert (found.floor, found.ceiling, found.confidence) == (None, None, "low")
    [told] = to_verify([found], ENGLISH)
    assert isinstance(told, Prose)
    assert found.name in told.markdown
    assert "https" not in told.markdown


def test_a_proposed_grant_has_only_the_dates_and_sums_of_its_source() -> None:
    proposed = {
        **GRANT_EXAMPLE[0],
        "title": "Green Schools Fund",
        "funder": "Acacia Foundation",
        "largest": 50000,
        "smallest": 7000,
    }
    [found] = GrantSpec(SOURCES).read([proposed])
    assert (found.floor, found.ceiling, found.deadline) == (
        None,
        Decimal(50_000),
        date(2027, 3, 31),
    )
    [other] = GrantSpec(SOURCES).read([{**proposed, "deadline": "2027-04-15"}])
    assert other.deadline is None
    [unnamed] = GrantSpec(SOURCES).read([{**proposed, "source": "S2"}])
    assert (unnamed.mark, unnamed.ceiling, unnamed.eligibility.verdict) == ("", None, "unknown")


@pytest.mark.parametrize(
    "parsed", [None, [], {}, "text", [{}], [{"name": ""}], [{"title": 7}], [[1]]]
)
def test_what_cannot_be_used_is_refused_with_its_reasons(parsed: object) -> None:
    with pytest.raises(Unusable):
        FunderSpec(SOURCES).read(parsed, FACTS)


def test_no_default_makes_up_a_name() -> None:
    assert FunderSpec().default(BRIEF, FACTS) == ()
    assert GrantSpec().default(BRIEF, FACTS) == ()


def test_the_questions_show_an_example_and_the_known_facts() -> None:
    assert "goal.1" in FunderSpec().told(BRIEF, FACTS)
    assert "YYYY-MM-DD" in GrantSpec().told(BRIEF, FACTS)


@pytest.mark.parametrize(
    ("floor", "ceiling", "currency", "expected"),
    [
        (None, None, "USD", "unknown"),
        (None, Decimal(5_000), "USD", "up to $5,000"),
        (Decimal(500), Decimal(5_000), "USD", "$500 to $5,000"),
        (Decimal(500), None, "USD", "from $500"),
        (Decimal(500), Decimal(500), "USD", "$500"),
        (None, Decimal(5_000), "", "unknown"),
    ],
)
def test_an_amount_is_told_as_far_as_it_is_known(
    floor: Decimal | None, ceiling: Decimal | None, currency: str, expected: str
) -> None:
    assert amount(floor, ceiling, currency, ENGLISH, SHOWN) == expected


def test_funders_are_listed_by_category_with_their_marks() -> None:
    rows = ranked(
        [
            funder("A|B *c*"),
            funder("Fund II", category="bank", instrument="equity"),
            funder("Idea", mark="", url=""),
        ],
        PROFILE,
        "en",
    )
    blocks = funder_blocks(rows, ENGLISH, SHOWN)
    tables = [block for block in blocks if isinstance(block, Table)]
    assert [table.caption for table in tables] == ["Foundations", "Banks"]
    assert tables[0].rows[0][0] == "A|B *c*"
    assert tables[1].rows[0][4] == "not eligible"
    prose = "\n".join(block.markdown for block in blocks if isinstance(block, Prose))
    assert "**A\\|B \\*c\\*** [S1]" in prose
    assert "A non-profit cannot sell shares." in prose
    assert "Idea" not in prose


def test_grants_are_listed_with_their_days_left_and_registrations() -> None:
    rows = grants.ranked(
        [
            grant("Open", deadline=date(2026, 12, 24), registrations=("sam_gov",)),
            grant("Any", is_rolling=True),
        ],
        PROFILE,
        "en",
    )
    table, prose = grant_blocks(rows, ENGLISH, SHOWN, TODAY)
    assert isinstance(table, Table)
    assert isinstance(prose, Prose)
    assert table.rows[0][3] == "Dec\u00a024,\u00a02026 (30 days left)"
    assert table.rows[1][3] == "at any time"
    assert "SAM.gov" in prose.markdown


def test_an_empty_list_says_so() -> None:
    for blocks in (funder_blocks([], ENGLISH, SHOWN), grant_blocks([], ENGLISH, SHOWN, TODAY)):
        assert isinstance(blocks[0], Prose)
        assert "No source" in blocks[0].markdown


@pytest.mark.parametrize("language", ["es", "fr", "pt", "de", "ru", "ar", "hi", "sw"])
def test_every_language_has_its_words(language: str) -> None:
    words, shown = words_in(language), Shown(language, "EUR")
    rows = [funder(instrument="equity"), funder("B", mark="")]
    assert funder_blocks(ranked(rows, PROFILE, language), words, shown)
    assert grant_blocks(grants.ranked([grant()], PROFILE, language), words, shown, TODAY)
