"""Numbers, money and dates in the document's language."""

import re
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planning.facts import Fact, FactBase, filled
from planning.figures.quantities import number_in
from planning.showing import Shown
from planning.wording import LANGUAGES
from tests.planning.trying import some

amounts = st.decimals(-(10**12), 10**12, places=2)


@pytest.mark.parametrize(
    ("language", "number", "money", "day", "share"),
    [
        ("en", "1,234,567.5", "$10,000", "January 5, 2027", "20%"),
        ("es", "1.234.567,5", "10.000 US$", "5 de enero de 2027", "20 %"),
        ("fr", "1 234 567,5", "10 000 $US", "5 janvier 2027", "20 %"),
        ("pt-BR", "1.234.567,5", "US$ 10.000", "5 de janeiro de 2027", "20%"),
        ("de", "1.234.567,5", "10.000 $", "5. Januar 2027", "20 %"),
        ("ru", "1 234 567,5", "10 000 $", "5 января 2027 г.", "20 %"),
        ("hi", "12,34,567.5", "$10,000", "5 जनवरी 2027", "20%"),
        ("sw", "1,234,567.5", "US$ 10,000", "5 Januari 2027", "20%"),
        ("xx-nowhere", "1,234,567.5", "$10,000", "January 5, 2027", "20%"),
    ],
)
def test_values_have_the_forms_of_the_language(
    language: str, number: str, money: str, day: str, share: str
) -> None:
    """Also of one whose words we do not speak; a language that nobody knows gets English forms."""
    shown = Shown(language, "USD")
    told = (
        shown.number(Decimal("1234567.5")),
        shown.money(Decimal(10_000)),
        shown.date(date(2027, 1, 5)),
        shown.percent(Decimal(20)),
    )
    assert tuple(" ".join(text.split()) for text in told) == (number, money, day, share)


def test_an_amount_that_is_not_whole_has_its_currencys_decimals() -> None:
    """Two for most, none for yen; a column of cash leaves the currency out."""
    shown = Shown("en", "USD")
    assert shown.money(Decimal("34.5")) == "$34.50"
    assert shown.money(Decimal(1500), "KES") == "KES\N{NO-BREAK SPACE}1,500"
    assert shown.money(Decimal("1500.5"), "JPY") == "¥1,500"
    assert shown.cash(Decimal("-82000.5")) == "-82,000.50"


@pytest.mark.parametrize("language", LANGUAGES)
@some
@given(value=amounts)
def test_what_is_shown_can_be_read_back(language: str, value: Decimal) -> None:
    """So a check finds the figure in the text."""
    shown = Shown(language, "EUR")
    assert number_in(shown.number(value)) == value
    assert number_in(shown.cash(value)) == value


@pytest.mark.parametrize("language", LANGUAGES)
def test_months_stand_in_the_number_that_fits(language: str) -> None:
    """And no language shows the name of CLDR's unit."""
    shown = Shown(language, "EUR")
    for number in ("0", "1", "2", "5", "11", "1.5"):
        for unit in ("days", "weeks", "months", "years"):
            assert "duration" not in shown.amount(Decimal(number), unit)
    assert Shown("de", "EUR").amount(Decimal(1), "months") == "1 Monat"
    assert Shown("ru", "EUR").amount(Decimal(5), "months") == "5 месяцев"


def test_facts_are_shown_for_slots_in_prose() -> None:
    """Money, counted things, shares, dates and texts."""
    said = (
        Fact(id="cash", label="Cash", value=Decimal(5000), unit="EUR", origin="said"),
        Fact(id="reach", label="Reach", value=Decimal(1200), unit="people", origin="said"),
        Fact(id="trees", label="Trees", value=Decimal(3), unit="Bäume", origin="said"),
        Fact(id="share", label="Share", value=Decimal("12.5"), unit="%", origin="said"),
        Fact(id="start", label="Start", value=date(2027, 3, 1), origin="said"),
        Fact(id="name", label="Name", value="Werkstatt", origin="said"),
    )
    shown = Shown("de", "EUR").all(FactBase().having(said))
    text = "{{fact:name}}: {{fact:cash}}, {{fact:reach}}, {{fact:trees}}, {{fact:share}}, {{fact:start}}"
    told, missing = filled(text, shown)
    assert (
        " ".join(told.split())
        == "Werkstatt: 5.000 €, 1.200 Personen, 3 Bäume, 12,5 %, 1. März 2027"
    )
    assert missing == ()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_day_in_a_table_stays_on_one_line(language: str) -> None:
    text = Shown(language, "EUR").day(date(2027, 1, 5))
    assert not re.search(r"[^\S\u00a0]", text)
    assert "2027" in text
