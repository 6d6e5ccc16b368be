"""Numbers in what founders write: any digits, any separators, with unit, period and year."""

from decimal import Decimal

import pytest
from babel.numbers import format_decimal
from hypothesis import given
from hypothesis import strategies as st

from planning.figures.quantities import number_in, quantities
from planning.wording import LANGUAGES
from tests.planning.trying import many

DIGITS = {"en": "0123456789", "ar": "٠١٢٣٤٥٦٧٨٩", "hi": "०१२३४५६७८९", "fa": "۰۱۲۳۴۵۶۷۸۹"}
numbers = st.decimals(0, 10**12, places=2)


@pytest.mark.parametrize("language", LANGUAGES)
@many
@given(value=numbers)
def test_a_number_as_its_language_writes_it_is_read_back(language: str, value: Decimal) -> None:
    """With the separators and groups of CLDR, lakhs among them."""
    assert number_in(format_decimal(value, locale=language)) == value


@pytest.mark.parametrize("digits", DIGITS.values(), ids=DIGITS)
@many
@given(value=numbers)
def test_digits_of_any_script_are_read(digits: str, value: Decimal) -> None:
    """In the groups of Arabic as well."""
    written = format_decimal(value, locale="en").translate(str.maketrans("0123456789", digits))
    assert number_in(written) == value
    assert number_in(written.replace(",", "٬").replace(".", "٫")) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("10 000", "10000"),
        ("10.000", "10000"),
        ("10,000", "10000"),
        ("10’000", "10000"),
        ("१०,०००", "10000"),
        ("١٠٬٠٠٠", "10000"),
        ("1,00,000", "100000"),
        ("12,5", "12.5"),
        ("0.125", "0.125"),
        ("1.234.567,89", "1234567.89"),
        ("2.5 million", "2500000"),
        ("3,5 mil", "3500"),
        ("2 mil millones", "2000000000"),
        ("10k", "10000"),
        ("2,8 тыс.", "2800"),
        ("٨٥ ألف", "85000"),
        ("2.5 लाख", "250000"),
        ("50 %", "50"),
        ("$1,200", "1200"),
        ("34,50 €", "34.50"),
        ("-5", "-5"),
    ],
)
def test_habits_of_many_places(text: str, value: str) -> None:
    """Three digits after a single separator are thousands, whoever wrote them."""
    assert number_in(text) == Decimal(value)


@pytest.mark.parametrize(
    "text", ["", "abc", "1,2,3", "12,34,5678.9.1", "192.168.0.1", "9" * 40, "5 apples and 3 pears"]
)
def test_what_is_no_number_is_none(text: str) -> None:
    """Addresses, versions, lists, and anything longer than a plan needs."""
    assert number_in(text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Train 5,000 people in green job skills each year", [("5000", "people", "year", None)]),
        ("Install 100 water filtration systems", [("100", "water filtration systems", "", None)]),
        (
            "Implement 100 community-based renewable energy projects in rural areas by 2030",
            [("100", "community-based renewable energy projects", "", 2030)],
        ),
        ("Reduce waterborne diseases by 50%", [("50", "%", "", None)]),
        ("Place 80 percent of graduates by 31.12.2029", [("80", "%", "", 2029)]),
        ("Raise $250,000 by 2028", [("250000", "USD", "", 2028)]),
        ("Recolher 1.200 toneladas de plástico por ano", [("1200", "toneladas", "year", None)]),
        (
            "Subir en 35% el ingreso de 180 familias campesinas para 2029",
            [("35", "%", "", 2029), ("180", "familias campesinas", "", 2029)],
        ),
        ("Alphabétiser 1 500 femmes par an", [("1500", "femmes", "year", None)]),
        ("Bis 2029 45 Menschen ausbilden", [("45", "Menschen", "", 2029)]),
        ("Изготовить 240 протезов в год", [("240", "протезов", "year", None)]),
        ("Обучить 30 техников к 2029 году", [("30", "техников", "", 2029)]),
        ("تدريب ١٬٢٠٠ مزارع كل سنة", [("1200", "مزارع", "year", None)]),
        ("تركيب ٣٥٠ مضخة شمسية بحلول عام ٢٠٣٠", [("350", "مضخة شمسية", "", 2030)]),
        ("हर साल १०,००० महिलाओं की जाँच करना", [("10000", "महिलाओं", "year", None)]),
        ("2029 तक 120 आशा कार्यकर्ताओं को", [("120", "आशा कार्यकर्ताओं", "", 2029)]),
        ("Reach 2,500 pupils a month", [("2500", "pupils", "month", None)]),
        ("Serve 50–100 farmers", [("50", "farmers", "", None)]),
        ("1. Plant 300 trees", [("300", "trees", "", None)]),
        ("Distribute 2030 lamps", [("2030", "lamps", "", None)]),
    ],
)
def test_a_goal_is_read_with_unit_period_and_year(
    text: str, expected: list[tuple[str, str, str, int | None]]
) -> None:
    """In the founder's language."""
    language = "de" if text.startswith("Bis") else ""
    found = [(str(q.value), q.unit, q.per, q.by_year) for q in quantities(text, language)]
    assert [(v.removesuffix(".0"), *rest) for v, *rest in found] == expected


@pytest.mark.parametrize(
    "text",
    [
        "Ages 15-65",
        "Fight COVID-19 with 3D printing",
        "Use CO2 sensors in a 12-week course",
        "Ready by 2030",
        "Due 2029-06-30",
        "See 10.0.0.1",
        "10^18 grains",
    ],
)
def test_ages_names_years_and_addresses_count_nothing(text: str) -> None:
    """A number inside a word, a range without a noun, a date."""
    assert [q for q in quantities(text) if q.unit not in {"", "%"}] == []
    assert not quantities(text)


def test_a_period_in_another_sense_is_none() -> None:
    """`Within a year` is a deadline, `renda mensal` a name."""
    assert quantities("Open 12 shops within a year")[0].per == ""
    assert quantities("Garantir renda mensal para 85 catadoras")[0].per == ""


@many
@given(st.text(max_size=300))
def test_any_text_can_be_read(text: str) -> None:
    """Without an error, and every quantity stands where it says."""
    for quantity in quantities(text):
        assert 0 <= quantity.start < quantity.end <= len(text)
        assert quantity.value.is_finite()
