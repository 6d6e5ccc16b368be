"""Services that give values: the World Bank's figures and the calls of Grants.gov."""

from datetime import datetime
from decimal import Decimal

import pytest

from planning.research import Ledger, Query
from planning.wording import words_in
from sandbox.running import RunningSandbox
from tests.doubles import TurnedClock
from tests.planning.research.conftest import Asking

FIGURES = Query(
    "SP.POP.TOTL;SH.H2O.BASW.ZS;SE.PRM.CMPT.ZS;SN.XX.NONE.ZS",
    "indicators",
    country="KE",
    most=9,
    topic="need",
)


@pytest.fixture
def clock() -> TurnedClock:
    """Today is a day in November 2026."""
    return TurnedClock(datetime.fromisoformat("2026-11-24T12:00:00+00:00").timestamp())


@pytest.mark.anyio
async def test_the_newest_known_value_of_each_figure_is_taken(
    asking: Asking, sandbox: RunningSandbox
) -> None:
    """One call for all; a year without a value is passed over, a figure without any is left out."""
    findings = await asking("world_bank").find(FIGURES)
    population, water, school = findings.sources
    assert population.title == "Population, total, Kenya (World Bank)"
    assert population.snippet.startswith("Kenya: Population, total: 56,432,944 in 2025.")
    assert population.url == "https://data.worldbank.org/indicator/SP.POP.TOTL?locations=KE"
    assert (water.details["value"], water.details["year"]) == ("63.13", 2024)
    assert school.details["year"] == 2016
    assert len(sandbox.calls("world_bank")) == 1


@pytest.mark.anyio
async def test_figures_become_facts_with_the_mark_of_their_source(asking: Asking) -> None:
    """In the words of the founder's language."""
    ledger = Ledger().having(FIGURES, await asking("world_bank").find(FIGURES))
    population, water, _ = ledger.facts(words_in("es"))
    assert (population.id, population.value) == ("need.sp_pop_totl", Decimal(56_432_944))
    assert (population.unit, population.origin, population.basis) == ("people", "sourced", "S1")
    assert population.label == "Población (2025)"
    assert (water.unit, water.value) == ("%", Decimal("63.13"))
    assert ledger.references[0].tier == "official"
    assert Ledger.from_json(ledger.to_json()) == ledger


@pytest.mark.anyio
@pytest.mark.parametrize("country", ["XX", "", "KE/../x", "KEN"])
async def test_a_country_that_it_does_not_know_gives_nothing(
    asking: Asking, sandbox: RunningSandbox, country: str
) -> None:
    """And one that is no code is not even sent."""
    findings = await asking("world_bank").find(Query("SP.POP.TOTL", "indicators", country=country))
    assert findings.sources == ()
    assert len(sandbox.calls("world_bank")) == (country == "XX")


@pytest.mark.anyio
async def test_a_call_has_its_amounts_dates_and_applicants(
    asking: Asking, sandbox: RunningSandbox
) -> None:
    """What the search leaves out is fetched for each."""
    findings = await asking("grants_gov").find(Query("education", "grants", country="US", most=3))
    first, second, third = findings.sources
    assert first.title == "Environmental Education Grants – 2026"
    assert first.url == "https://www.grants.gov/search-results-detail/358500"
    assert first.details == {
        "number": "EPA-I-OECA-26-01",
        "funder": "Environmental Protection Agency",
        "status": "open",
        "opens": "2026-01-15",
        "deadline": "2027-03-31",
        "floor": "50000",
        "ceiling": "250000",
        "currency": "USD",
        "applicants": ["12"],
        "eligibility": "Organizations must be registered in SAM.gov.",
        "country": "US",
    }
    assert (second.details["status"], second.details["deadline"]) == ("forecast", "")
    assert (second.details["floor"], second.details["ceiling"]) == ("", "")
    assert third.details["floor"] == ""
    assert len(sandbox.calls("grants_gov")) == 4


@pytest.mark.anyio
async def test_a_call_without_details_stands_without_them(
    asking: Asking, sandbox: RunningSandbox
) -> None:
    """One answer fewer is no reason to lose the list."""
    sandbox.fail("grants_gov", path="fetchOpportunity", status=500)
    findings = await asking("grants_gov").find(Query("education", "grants"))
    assert len(findings.sources) == 3
    assert {source.details["ceiling"] for source in findings.sources} == {""}


@pytest.mark.anyio
@pytest.mark.parametrize("error", ["broken_inside", "errorcode", "unavailable"])
async def test_an_error_inside_a_success_is_an_error(
    asking: Asking, sandbox: RunningSandbox, error: str
) -> None:
    """Never an empty list that looks like an honest one."""
    sandbox.fail("grants_gov", error=error)
    assert (await asking("grants_gov").find(Query("education", "grants"))).error
