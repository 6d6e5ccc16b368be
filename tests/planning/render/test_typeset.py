"""Setting type: no line is too long, nothing is lost, and text from the right is seen in its order."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from planning.render.clean import clean
from planning.render.typeset.faces import FAMILIES, Typecase, cut_of
from planning.render.typeset.lines import Galley, Look, _parts
from planning.render.typeset.printable import printable
from planning.wording import LANGUAGES, words_in

TYPECASE = Typecase()
LOOK = Look()


def lines(text: str, width: float, *, rtl: bool = False) -> list[str]:
    """*text* in lines of *width*, as they are seen from left to right."""
    galley = Galley([(text, LOOK)], TYPECASE, rtl=rtl)
    return ["".join(piece.text for piece in line.pieces) for line in galley.lines(width)]


def letters(text: str) -> list[str]:
    """The characters of *text* without spaces, in any order."""
    return sorted(c for c in text if not c.isspace())


@given(st.text(max_size=120), st.floats(20, 500), st.booleans())
@settings(max_examples=150, deadline=None)
@example("00U0\u0500\ufdc5", 20.0, False)
def test_lines_fit_and_lose_nothing(text: str, width: float, rtl: bool) -> None:
    text = clean(text)
    galley = Galley([(text, LOOK)], TYPECASE, rtl=rtl)
    found = galley.lines(width)
    assert all(line.width <= width + 1 or len(line.pieces) == 1 for line in found)
    seen = "".join(piece.text for line in found for piece in line.pieces)
    assert letters(seen) == letters(printable(text, TYPECASE.has))


@given(st.text("abcdefghij ", max_size=200), st.floats(60, 300))
@settings(max_examples=100, deadline=None)
def test_balanced_lines_are_as_many_and_no_longer(text: str, width: float) -> None:
    galley = Galley([(text, LOOK)], TYPECASE)
    plain, balanced = galley.lines(width), galley.balanced(width)
    assert len(balanced) == len(plain)
    assert max(line.width for line in balanced) <= max(line.width for line in plain) + 0.01


def test_lines_end_at_spaces_and_behind_dashes_between_letters() -> None:
    assert lines("one two three", 60) == ["one two", "three"]
    assert lines("well-known words", 30)[0] == "well-"
    assert lines("2027-2029 10-15", 55) == ["2027-2029", "10-15"]
    assert lines("no\u00a0break here", 60) == ["no\u00a0break", "here"]
    assert lines("a\nb", 500) == ["a", "b"]


def test_an_address_breaks_at_its_signs() -> None:
    assert lines("https://example.org/reports/2026/water-and-health", 150)[0].endswith(("/", "-"))


def test_chinese_breaks_anywhere_but_before_a_full_stop() -> None:
    parts = _parts("我们（今天）喝水。ABC水")
    assert parts == ["我", "们", "（今", "天）", "喝", "水。", "ABC", "水"]


def test_arabic_words_follow_each_other_to_the_left_and_figures_do_not_turn() -> None:
    (line,) = lines("في عام 2029 نخدم 10,000 شخص (UNICEF)", 500, rtl=True)
    assert line.split() == [")UNICEF(", "شخص", "10,000", "نخدم", "2029", "عام", "في"]


def test_a_latin_text_with_an_arabic_name_stays_in_its_order() -> None:
    (line,) = lines("The group مبادرة المياه works in Cairo.", 500)
    assert line == "The group المياه مبادرة works in Cairo."


@pytest.mark.parametrize("language", LANGUAGES)
def test_our_fonts_have_all_letters_of_our_languages(language: str) -> None:
    said = " ".join(
        words_in(language)(f"document.{key}")
        for key in ("sources", "contents", "questions", "draft")
    )
    assert printable(said, TYPECASE.has) == said


@pytest.mark.parametrize(
    "text",
    [
        "ĄĆĘŁŃÓŚŹŻ ąćęłńóśźż ŐŰőű ĞİŞğış",
        "ΑΒΓΔΩ άέήίόύώ",
        "ЇЄІҐ Ўў Ққ Ңң Әә",
        "ƁƊƘ ɓɗƙ ŋɔɛ ẹọṣ",
        "Ếềệỗưởặ",
        "€£¥₹₽₦₵₺₴₫₱₩₪₡₿",
        "“”„«»‘’–—…•→≥≤≈×÷±½²³₂",
        "آپچژگ ٠١٢٣ ۰۱۲۳ ؟،؛",
        "क्षत्रज्ञश्र ड़ढ़ ०१२३ ।॥",
    ],
)
def test_letters_and_signs_of_many_places_are_there(text: str) -> None:
    assert printable(text, TYPECASE.has) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\U0001f680", "[rocket]"),
        ("done ✅", "done ✓"),
        ("👩\u200d👧", "[woman]\u200d[girl]"),
        ("\U0001f1f0\U0001f1ea", "KE"),
        ("👍\U0001f3fd", "[thumbs up sign]"),
        ("中文 here", "[?] here"),
        ("\ue000", "[?]"),
        ("\u2003wide", " wide"),
    ],
)
def test_what_no_font_has_is_replaced(text: str, shown: str) -> None:
    assert printable(text, TYPECASE.has).replace("\u2003", " ") == shown


@given(st.text(max_size=40))
@settings(max_examples=200, deadline=None)
def test_shaped_text_says_what_it_shows(text: str) -> None:
    """Read in its direction, glyph by glyph; and no glyph is the one for missing characters."""
    text = printable(clean(text).replace("\n", " "), TYPECASE.has)
    for rtl in (False, True):
        parts = TYPECASE.shaped(text, "regular", rtl=rtl, tabular=False)
        seen = [glyph for part in parts for glyph in part.glyphs]
        assert all(glyph.number for glyph in seen)
        assert "".join(glyph.said for glyph in (reversed(seen) if rtl else seen)) == text


def test_ligatures_and_joined_letters_are_drawn() -> None:
    """Arabic letters have other forms inside a word, Devanagari letters melt together."""
    (word,) = TYPECASE.shaped("ببب", "regular", rtl=True, tabular=False)
    assert len({glyph.number for glyph in word.glyphs}) == 3
    (word,) = TYPECASE.shaped("क्षि", "regular", rtl=False, tabular=False)
    assert len(word.glyphs) < 4


def test_figures_in_tables_are_equally_wide() -> None:
    def width(text: str) -> float:
        return sum(p.width for p in TYPECASE.shaped(text, "regular", rtl=False, tabular=True))

    assert len({width(figure) for figure in "0123456789"}) == 1


def test_a_family_without_a_style_lends_the_nearest() -> None:
    latin, arabic, devanagari = FAMILIES
    assert cut_of(arabic, "italic") is cut_of(arabic, "regular")
    assert cut_of(devanagari, "display") is cut_of(devanagari, "bold")
    assert cut_of(latin, "bold-italic").name == "Inter-bold-italic"
