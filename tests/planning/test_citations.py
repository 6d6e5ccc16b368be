"""Citations: every mark points somewhere, every cited figure stands there, no address is a model's own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planning.citations import (
    addresses,
    attributed,
    cited,
    credited,
    dangling,
    harmless,
    links,
    marks,
    settled,
    strange_addresses,
    with_cited_only,
    without_addresses,
    without_marks,
)
from planning.content import Column, Reference, Table
from planning.facts import Fact, FactBase
from planning.numerals import numerals
from tests.planning.documents import document, section


def source(mark: str, snippet: str, title: str = "A report") -> Reference:
    """A reference under *mark*."""
    return Reference(mark, title, f"https://known.example/{mark}", snippet, "2026-11-24", "")


POWER = source(
    "S1",
    "Kenya: Access to electricity (% of population): 76.2 in 2023. Source: World Bank.",
    "Access to electricity, Kenya (World Bank)",
)
LANTERNS = source(
    "S2",
    "A trial in 40 rural schools in Kenya found that pupils with solar lanterns studied 1.5 hours "
    "longer each evening, and exam results rose by 9 per cent.",
    "Solar lanterns in rural schools",
)
KEROSENE = source(
    "S3",
    "Kerosene lamps cause burns and lung disease; households spend up to 10 % of their income on "
    "kerosene. In all, 1,234,567 households use it.",
    "Kerosene and health",
)
SOURCES = (POWER, LANTERNS, KEROSENE)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One [S1].", ("S1",)),
        ("One [S1, S3].", ("S1", "S3")),
        ("One [S1][S2].", ("S1", "S2")),
        ("One [1] and [ s2 ; 3 ].", ("S1", "S2", "S3")),
        ("One [S01].", ("S1",)),
        ("[1](https://x.example) is a link, [2024] a year, [x] a box.", ()),
    ],
)
def test_marks_are_read_in_every_form(text: str, expected: tuple[str, ...]) -> None:
    assert marks(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One [1].", "One [S1]."),
        ("One[S3, 1].", "One [S1][S3]."),
        ("One [S1] [S2].", "One [S1][S2]."),
        ("One [S7].", "One."),
        ("One [S1, S7].", "One [S1]."),
        ("One [S0] two [S99].", "One two."),
        ("[S1] begins.\n[S2] as well.", "[S1] begins.\n[S2] as well."),
        ("Quoi ? Oui : non.  \nhard break", "Quoi ? Oui : non.  \nhard break"),
    ],
)
def test_marks_get_one_form_and_those_that_point_nowhere_go(text: str, expected: str) -> None:
    """The valid ones beside them stay, also the last."""
    assert settled(text, SOURCES) == expected
    assert settled(expected, SOURCES) == expected
    assert dangling(expected, SOURCES) == ()


@given(st.text(alphabet="ab [](),;S0123456789.\n", max_size=60))
def test_after_settling_no_mark_points_nowhere(text: str) -> None:
    assert dangling(settled(text, SOURCES), SOURCES) == ()


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Three in four people, 76.2 %, have power [S1].", "en"),
        ("About 76% have power [S1].", "en"),
        ("In 2023 there were 1.2 million such households [S1][S3].", "en"),
        ("Es gibt 1.234.567 solche Haushalte [S3].", "de"),
        ("Il y a 1 234 567 ménages [S3].", "fr"),
        ("Таких домохозяйств 1,2 млн [S3].", "ru"),
        ("ऐसे 1,234,567 परिवार हैं [S3].", "hi"),
        ("هناك ١٬٢٣٤٬٥٦٧ أسرة [S3].", "ar"),
        ("Results rose by 9 percent [S2].", "en"),
    ],
)
def test_a_cited_figure_stands_in_its_source(text: str, language: str) -> None:
    """Rounded or not, in the digits and habits of the language."""
    assert [each.missing for each in cited(text, SOURCES, language)] == [()]


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("About 80% have power [S1].", ["80%"]),
        ("In 2021, 76.2 % had power [S1].", ["2021"]),
        ("There are 40% fewer [S2].", []),  # it speaks of percent, and has a 40
        ("There are 12 million households and 10 % of income [S3].", ["12 million"]),
        ("It is 1.234 % [S3].", ["1.234 %"]),
        ("It costs 76 million [S1].", ["76 million"]),
    ],
)
def test_a_figure_that_its_source_lacks_is_named(text: str, missing: list[str]) -> None:
    [found] = cited(text, SOURCES, "en")
    assert [numeral.text for numeral in found.missing] == missing


@pytest.mark.parametrize(
    ("sentence", "mark"),
    [
        ("About 76 % of people in Kenya had access to electricity in 2023.", "S1"),
        ("Pupils with solar lanterns studied 1.5 hours longer each evening.", "S2"),
        ("Exam results rose by 9% in rural schools.", "S2"),
        ("Households spend 10 % of their income on kerosene.", "S3"),
        ("Kerosene lamps cause burns and lung disease in households.", "S3"),
    ],
)
def test_a_sentence_that_a_source_supports_gets_its_mark(sentence: str, mark: str) -> None:
    """Small models write none."""
    assert attributed(sentence, SOURCES, "en") == f"{sentence[:-1]} [{mark}]."


@pytest.mark.parametrize(
    "sentence",
    [
        "The venture will train 40 women in the first year.",
        "Our team meets every week to discuss progress with partners.",
        "Households spend 30 % of their income on kerosene.",
        "Solar energy is important for development.",
        "We give solar lanterns to pupils and teach them to repair each of them on their own.",
        "The programme opens in 2023 with solar lanterns.",
        "### Kerosene lamps cause burns and lung disease in households",
        "| Kerosene lamps cause burns | lung disease in households |",
        "Lamps and households.",
        "",
    ],
)
def test_a_sentence_that_no_source_supports_gets_none(sentence: str) -> None:
    """Nor do headings and tables."""
    assert attributed(sentence, SOURCES, "en") == sentence


def test_attribution_leaves_the_rest_of_the_text_as_it_is() -> None:
    """Also a sentence that stands there twice, and one that has a mark already."""
    text = (
        "- Exam results rose by 9% in rural schools.\n\n"
        "Exam results rose by 9% in rural schools. And more [S3].\n"
    )
    assert attributed(text, SOURCES, "en") == (
        "- Exam results rose by 9% in rural schools [S2].\n\n"
        "Exam results rose by 9% in rural schools [S2]. And more [S3].\n"
    )
    assert attributed(text, (), "en") == text


def test_figures_of_the_fact_base_ask_for_no_source() -> None:
    """A sentence may have its own figures beside those of a source."""
    sentence = "Our 60 pupils with solar lanterns studied 1.5 hours longer each evening."
    assert attributed(sentence, SOURCES, "en") == sentence
    assert "[S2]" in attributed(sentence, SOURCES, "en", numerals("60", "en"))


def test_links_are_those_of_the_marks_that_are_used() -> None:
    """In the order of their first use."""
    written = document(section("a", "One [S3], two [S1]."), section("b", "[S3] [S9]"))
    assert list(links(document(*written.sections, references=SOURCES))) == ["S3", "S1"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("see [this](https://evil.example/?q=1)", "see this"),
        ('see [this](<https://evil.example> "title").', "see this."),
        ("see [this](javascript:alert(1))", "see this)"),
        ("an ![image](https://evil.example/p.png?q=secret) here", "an image here"),
        ("go to https://evil.example/x.", "go to."),
        ("go (https://evil.example/x) there", "go there"),
        ("go to <https://evil.example/x>, now", "go to, now"),
        ("go to www.evil.example/a now", "go to now"),
        ("go to evil.com/a?b=c now", "go to now"),
        ("write to a.b@evil.example.", "write to."),
        ("data:text/html;base64,PHNjcmlwdD4= here", " here"),
        ("[x]: https://evil.example/hidden\ntext", "text"),
        ("[ref][x]\n\n[x]: https://evil.example", "[ref][x]\n\n"),
        ("see [ours](https://known.example/S1)", "see [ours](https://known.example/S1)"),
        ("see https://www.known.example/S1?utm_source=x.", "see https://www.known.example/S1?utm_source=x."),
        ("The data: 5 villages. File: none.", "The data: 5 villages. File: none."),
        ("U.S. and S.A. de C.V. e.g. this, 3.5 and node.js", "U.S. and S.A. de C.V. e.g. this, 3.5 and node.js"),
        ("Quoi ? Oui : non.  \nhard", "Quoi ? Oui : non.  \nhard"),
    ],
)  # fmt: skip
def test_only_addresses_that_are_allowed_stay(text: str, expected: str) -> None:
    assert without_addresses(text, [POWER.url]) == expected


def test_strange_addresses_are_named() -> None:
    text = "see [this](https://evil.example/?q=1), known.example/S1 and grants.gov"
    assert addresses(text) == ("https://evil.example/?q=1", "grants.gov")
    assert strange_addresses(text, [POWER.url, "grants.gov"]) == ("https://evil.example/?q=1",)


@given(st.text(alphabet="htps:/.wevilcom()[]<>!@ ax?=", max_size=80))
def test_nothing_that_looks_like_an_address_is_left(text: str) -> None:
    """Whatever is nested in whatever."""
    assert strange_addresses(without_addresses(text), ()) == ()


def test_marks_can_be_left_out() -> None:
    assert without_marks("One [S1][S2], two [3].") == "One, two."


def test_only_cited_sources_are_listed_in_the_order_of_their_first_use() -> None:
    """A mark in a table counts as well; what a figure comes from stands last; marks stay as they are."""
    table = Table("Funders", (Column("Name"),), (("The Trust [S5]",),))
    whole = document(
        section("summary", "Light helps [S4]."),
        section("need", "Lamps [S2], and again [S4].", table),
        references=tuple(source(f"S{n}", "x") for n in range(1, 7)),
    )
    people = Fact(id="p", label="", value="9", origin="sourced", basis="S1")
    said = Fact(id="q", label="", value="9", origin="said", basis="S3")
    listed = with_cited_only(whole, FactBase({"p": people, "q": said}))
    assert [each.mark for each in listed.references] == ["S4", "S2", "S5", "S1"]
    assert listed.sections == whole.sections
    assert [each.mark for each in with_cited_only(whole).references] == ["S4", "S2", "S5"]


def test_a_figure_from_a_source_brings_its_mark() -> None:
    facts = {
        "market.people": Fact(
            id="market.people", label="", value="9", origin="sourced", basis="S2"
        ),
        "price": Fact(id="price", label="", value="4", origin="said"),
    }
    text = (
        "There are {{fact:market.people}} of them. One costs {{fact:price}}.\n\n"
        "- Of {{fact:market.people}}, half [S3]."
    )
    assert credited(text, facts) == (
        "There are {{fact:market.people}} of them [S2]. One costs {{fact:price}}.\n\n"
        "- Of {{fact:market.people}}, half [S3]."
    )


@pytest.mark.parametrize(
    ("written", "left"),
    [
        (
            "Rain helps. See www.made.example/a and https://b.example. Wells do too.",
            "Rain helps. Wells do too.",
        ),
        ("A study (https://b.example/x) says so.", "A study says so."),
        ("A [study](https://b.example/x) says so.", "A study says so."),
        ("- One.\n- Look at https://b.example/x.\n- Two.", "- One.\n- Two."),
        ("It grew to {{fact:goal.1.number}} [S1].", "It grew to {{fact:goal.1.number}} [S1]."),
    ],
)
def test_what_a_model_points_to_leaves_no_torn_sentence(written: str, left: str) -> None:
    assert harmless(written, [POWER]) == left
