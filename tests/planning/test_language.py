"""Languages: told by their function words and their script, or not told at all."""

import pytest

from planning.language import language_of, script_for, script_of, terms
from tests.planning.languages import PARAGRAPHS


@pytest.mark.parametrize(("language", "text"), PARAGRAPHS)
def test_a_paragraph_is_known_by_its_words(language: str, text: str) -> None:
    """Thirty words are enough."""
    assert language_of(text) == language


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Short.",
        "12 34 56",
        "| Line | Amount |\n| Rent | 500 |",
        "Nairobi Kisumu Mombasa Eldoret Nakuru Thika Malindi Kitale Garissa Nyeri Lamu Meru Isiolo "
        "Wajir Mandera Marsabit Moyale Lodwar Kakamega Bungoma Busia Siaya",
        "これは日本語の文章です。女性たちがランプを修理することを学びます。毎週十軒の家を訪れます。",
    ],
)
def test_what_says_nothing_about_a_language_is_not_told(text: str) -> None:
    """Names, tables, a few words, and languages that we do not know."""
    assert language_of(text) == ""


def test_the_script_is_that_of_most_letters() -> None:
    assert script_of("यह SDG 6 है और यह भी") == "Devanagari"
    assert script_of("123 !") == ""
    assert script_for("pt-BR") == "Latin"
    assert script_for("xx") == ""


def test_terms_are_stems_of_the_words_that_carry_meaning() -> None:
    """Forms of one word meet."""
    assert terms("The villages and the village", "en") == ["villag", "villag"]
    assert terms("Las escuelas rurales", "es") == ["escuel", "rurale"]
    assert terms("المدارس والقرى", "ar") == ["مدارس", "قرى"]
