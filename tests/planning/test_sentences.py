"""Sentences of any script: where they end, how many words they have, how long they take to say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planning.sentences import (
    count_words,
    pace,
    parts,
    split_sentences,
    spoken_seconds,
    words_for,
)

SPLITS = [
    ("en", ["Imagine a village with light.", "We bring it.", "Will you join us?"]),
    ("en", ["Dr. Amina Odhiambo leads Mr. Otieno's team.", "They train 3.5 teachers a day!"]),
    ("en", ["It costs $2.50 e.g. in Kisumu, Nairobi etc. and more.", "J. K. Rowling agrees."]),
    ("en", ["We work in the U.S. and the U.N. Security Council knows.", "Call No. 5 today."]),
    ("en", ["We are in the U.S.", "We grow.", "That is plan B.", "It works."]),
    ("en", ["We need 5,000.", "Everybody helps.", "“Is it true?” she asked.", "“Yes.”", "Good."]),
    ("en", ["The need is large [1].", "It grows. [S2]", "We act… and we stay.", "Wait…", "Now."]),
    ("en", ["No.", "We never stop."]),
    ("en", ["1. First we listen.", "Then we build."]),
    ("de", ["Am 3. Oktober beginnen wir, z.B. in Köln.", "Im Jahr 2025 waren es 40."]),
    ("fr", ["M. Diallo dirige l’équipe.", "Et vous ?", "« Oui. »", "Venez !"]),
    ("es", ["¿Y usted?", "La Sra. Pérez ayuda.", "¡Únase hoy!"]),
    ("ar", ["هل تعلم؟", "نحن نبني قرية.", "انضم إلينا."]),
    ("ur", ["ہم گاؤں میں روشنی لاتے ہیں۔", "کیا آپ ساتھ ہیں؟"]),
    ("hi", ["डॉ. राव हमारे साथ हैं।", "क्या आप आएँगे?", "आज ही जुड़ें।"]),
    ("am", ["ሰላም ነው።", "እንሰራለን።"]),
    ("el", ["Θα έρθετε;", "Ναι."]),
    ("ru", ["Это 5 тыс. рублей.", "Мы ждём вас!"]),
]


@pytest.mark.parametrize(("language", "sentences"), SPLITS)
def test_a_sentence_ends_where_a_reader_would_say_so(language: str, sentences: list[str]) -> None:
    """In its own script, and not after an abbreviation."""
    assert split_sentences(" ".join(sentences), language) == tuple(sentences)


def test_cjk_sentences_need_no_space() -> None:
    """Their stops are wide enough."""
    text = "想象一个村庄。每家都有灯！你愿意加入吗？“是的。”谢谢"
    assert split_sentences(text, "zh") == (
        "想象一个村庄。", "每家都有灯！", "你愿意加入吗？", "“是的。”", "谢谢"
    )  # fmt: skip


def test_a_new_line_begins_a_new_sentence() -> None:
    """Headings and list items have no stop."""
    assert split_sentences("Our plan\n\nWe build.\n- We stay") == (
        "Our plan",
        "We build.",
        "- We stay",
    )


@given(st.text(), st.sampled_from(["en", "de", "el", "zh", "ar"]))
def test_nothing_is_lost(text: str, language: str) -> None:
    """Whatever the text, its sentences have all of its letters."""
    assert "".join("".join(split_sentences(text, language)).split()) == "".join(text.split())


@given(st.text(), st.integers(1, 60))
def test_parts_fit_and_lose_nothing(text: str, longest: int) -> None:
    """Each is within the limit, and together they are the text."""
    found = parts(text, longest)
    assert all(0 < len(part) <= longest for part in found)
    assert "".join("".join(found).split()) == "".join(text.split())


def test_a_very_long_word_is_cut_anywhere() -> None:
    """A part has to end somewhere."""
    assert parts("x" * 10_000, 3) == ("xxx",) * 3_333 + ("x",)


def test_parts_keep_sentences_whole_where_they_can() -> None:
    """As few as possible; a long sentence is cut after a comma."""
    text = "One two three. Four five six. Seven, eight nine ten eleven."
    assert parts(text, 30) == ("One two three. Four five six.", "Seven, eight nine ten eleven.")
    assert parts("A long beginning, and a long ending without stops", 24) == (
        "A long beginning,", "and a long ending", "without stops"
    )  # fmt: skip
    with pytest.raises(ValueError, match="room"):
        parts("a", 0)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("We don't stop — ever.", 4),
        ("* 5,000 people & 3 trees", 4),
        ("想象一个村庄。", 6),
        ("使用 AI 的村庄", 6),
        ("", 0),
    ],
)
def test_words_are_counted_as_they_are_said(text: str, words: int) -> None:
    """Signs are no words; an unspaced letter is one."""
    assert count_words(text) == words


def test_the_four_durations_have_their_english_ranges() -> None:
    """As speaking guides give them."""
    ranges = {seconds: words_for(seconds) for seconds in (30, 45, 60, 90)}
    assert ranges == {
        30: range(63, 79), 45: range(95, 116), 60: range(125, 151), 90: range(188, 226)
    }  # fmt: skip
    assert words_for(120) == range(250, 301)


def test_other_languages_have_a_pace_of_their_own() -> None:
    """Arabic packs more into a word than English, Chinese counts letters; unknown ones are as English."""
    assert words_for(60, "ar")[-1] < words_for(60)[0]
    assert words_for(60, "zh-Hans")[0] > words_for(60)[0]
    assert pace("xx") == pace("en-GB") == 140
    assert pace("th") == 560


def test_the_estimate_counts_figures_as_they_are_spoken() -> None:
    """Seventy words are half a minute, and a figure is longer than it looks."""
    assert spoken_seconds("word " * 70) == pytest.approx(30)
    assert spoken_seconds("1,250") > 3 * spoken_seconds("ten")
    assert spoken_seconds("-") == 0
