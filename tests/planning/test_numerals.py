"""Numbers in texts: read as the language writes them, and compared as far as they were rounded."""

from decimal import Decimal

import pytest

from planning.numerals import Numeral, is_among, numerals, same


def only(text: str, language: str = "") -> Numeral:
    """The one number of *text*."""
    [found] = numerals(text, language)
    return found


@pytest.mark.parametrize(
    ("text", "language", "value"),
    [
        ("1,234 people", "en", "1234"),
        ("1.234 Menschen", "de", "1234"),
        ("1 234 personnes", "fr", "1234"),
        ("1.234 people", "en", "1.234"),
        ("1,234 Menschen", "de", "1.234"),
        ("1'234 Menschen", "de", "1234"),
        ("१,२३४ लोग", "hi", "1234"),
        ("١٬٢٣٤ شخص", "ar", "1234"),
        ("12,34,567 रुपये", "hi", "1234567"),
        ("1.234.567,89 €", "de", "1234567.89"),
        ("1,234,567.89", "en", "1234567.89"),
        ("1.2 thousand", "en", "1200"),
        ("1,2 млн человек", "ru", "1200000"),
        ("10 тыс. человек", "ru", "10000"),
        ("12 مليون", "ar", "12000000"),
        ("2.5 lakh", "en", "250000"),
        ("$1.2m", "en", "1200000"),
        ("500k users", "en", "500000"),
        ("US$2 billion", "en", "2000000000"),
        ("0.125", "en", "0.125"),
        ("3,5", "es", "3.5"),
    ],
)
def test_a_number_is_read_as_its_language_writes_it(text: str, language: str, value: str) -> None:
    assert only(text, language).value == Decimal(value)


def test_in_a_text_of_unknown_language_every_reading_counts() -> None:
    assert only("1.234").values == (Decimal(1234), Decimal("1.234"))
    assert only("1.23").values == (Decimal("1.23"),)


@pytest.mark.parametrize(
    "text",
    [
        "35 %",
        "35%",
        "35 per cent",
        "35 percent",
        "35 Prozent",
        "35 por ciento",
        "35 प्रतिशत",
        "35 процентов",
    ],
)
def test_percent_is_known_in_words_and_signs(text: str) -> None:
    assert only(text).is_percent


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("$5", "$"),
        ("USD 5", "USD"),
        ("USD5", "USD"),
        ("5 €", "€"),
        ("R$ 5", "$"),
        ("5 euros", "euros"),
        ("KES 12,000", "KES"),
        ("5 people", ""),
    ],
)
def test_money_is_known_by_its_sign_code_or_word(text: str, currency: str) -> None:
    assert only(text, "en").currency == currency


@pytest.mark.parametrize(
    ("text", "is_year"),
    [
        ("In 2024.", True),
        ("by 2030", True),
        ("2000 people", False),
        ("2,024", False),
        ("2024 %", False),
        ("$2024", False),
    ],
)
def test_a_year_is_no_count(text: str, is_year: bool) -> None:
    assert only(text, "en").is_year == is_year


@pytest.mark.parametrize(
    "text",
    [
        "CO2, COVID-19, PM2.5 and the 2nd",
        "SDG 6, ODS 4, Goal 13 and цель 6",
        "Year 2, Q1, month 3 and step 4",
        "1. First\n2) second",
        "as [S1] and [S2, S12] say",
        "version 1.2.3.4",
        "123456789012345678901234567890",
    ],
)
def test_what_counts_nothing_is_no_number(text: str) -> None:
    assert numerals(text, "en") == ()


def test_a_number_says_where_it_stands() -> None:
    text = "In all १,२३४ लोग and 12 %."
    assert [text[n.start : n.end] for n in numerals(text, "hi")] == ["१,२३४", "12 %"]


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("1,234", "1234", True),
        ("1.2 thousand", "1,234", True),
        ("1,234", "1.2 thousand", True),
        ("10,000", "9,987", True),
        ("10,000", "9,600", False),
        ("35 %", "34.6 %", True),
        ("50 %", "46 %", False),
        ("56.4 million", "56,432,944", True),
        ("2 million", "1.6 million", False),
        ("7", "7.2", False),
        ("2024", "2023", False),
        ("0", "0", True),
    ],
)
def test_two_numbers_are_the_same_as_far_as_they_were_rounded(
    one: str, other: str, expected: bool
) -> None:
    assert same(only(one, "en"), only(other)) == expected


def test_a_number_is_among_known_figures() -> None:
    assert is_among(only("5,000", "en"), [Decimal(5000)])
    assert not is_among(only("5,100", "en"), [Decimal(5000)])
