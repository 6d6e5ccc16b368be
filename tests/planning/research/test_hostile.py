"""Strangers who write for models: what they write stays data, inside its fence, and out of the document.

The corpus holds texts as pages of the web have them: orders, imitated roles, hidden letters, links that
carry secrets away, and shapes that could break a reader.
"""

import json
import re
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planning.citations import addresses, dangling, harmless, settled
from planning.content import Reference
from planning.research import Ledger, Query, Source, citing, new_fence, told
from planning.research.base import Findings
from planning.research.cleaning import LONGEST_SNIPPET, LONGEST_TITLE, plain, untrusted
from tests.planning.checks.cases import GOOD

CORPUS: list[str] = [
    *json.loads((Path(__file__).parent / "hostile.json").read_text(encoding="utf-8")),
    "A" * 50_000,
    "<" * 5_000,
    "&#x3c;script&#x3e;alert(1)&#x3c;/script&#x3e;" * 50,
]
FENCE = "SOURCES-0123456789abcdef"
CANARY = "CANARY-5e1f"
every_text = pytest.mark.parametrize("text", CORPUS, ids=[str(n) for n in range(len(CORPUS))])


def ledger_of(text: str) -> Ledger:
    """What a search for something harmless brought."""
    source = Source(text, "https://known.example/page", text, "brave", "2026-11-24T00:00:00+00:00")
    return Ledger().having(Query("harmless"), Findings((source,)))


def test_the_corpus_is_large_enough() -> None:
    assert len(CORPUS) >= 60
    assert len(set(CORPUS)) == len(CORPUS)


@every_text
def test_a_source_stays_on_its_line_inside_its_fence(text: str) -> None:
    """It can neither close the fence nor begin a line of its own."""
    lines = told(ledger_of(text).references, FENCE).split("\n")
    assert lines[0] == f"{FENCE} BEGIN"
    assert lines[-1] == f"{FENCE} END"
    assert len(lines) == 3
    assert lines[1].startswith("[S1] ")
    assert FENCE.casefold() not in lines[1].casefold()
    assert len(lines[1]) <= LONGEST_TITLE + LONGEST_SNIPPET + 10


@every_text
def test_a_source_has_no_address_no_mark_no_slot_and_no_role(text: str) -> None:
    """A model never sees an address, and no source can vouch for another."""
    [line] = told(ledger_of(text).references, FENCE).split("\n")[1:-1]
    said = line.removeprefix("[S1] ")
    assert not re.search(r"https?:|www\.|javascript:|\]\(|\[S?\d{1,3}\]", said, re.IGNORECASE)
    assert "{{" not in said
    assert not re.search(r"<[|/a-zA-Z!?]|\[/?INST|<<SYS", said)
    assert not re.search(r"(?:^|[.!?]\s)(?:system|assistant|human)\s*:", said, re.IGNORECASE)


@every_text
def test_nothing_invisible_is_left(text: str) -> None:
    """Neither to a model nor to a reader."""
    for cleaned in (plain(text), harmless(text)):
        hidden = [c for c in cleaned if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co")]
        assert set(hidden) <= set("\n\t\u200c\u200d")
        assert not re.search("[\U000e0000-\U000e01ef\ufe00-\ufe0f]", cleaned)


@every_text
def test_a_model_that_repeats_it_all_puts_no_link_into_the_document(text: str) -> None:
    """The worst that can happen: it obeys, and writes what it was told."""
    references = ledger_of(text).references
    written = harmless(f"It says: {text}", references)
    assert addresses(written) == ()
    assert dangling(written, references) == ()
    assert not re.search(r"!\[|\]\([^)]", written)
    assert not re.search(r"<[a-zA-Z/!?]", written)


@every_text
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    assert untrusted(untrusted(text)) == untrusted(text)


def test_a_document_with_such_sources_is_reviewed_as_before() -> None:
    """The plan stays valid: a poisoned source is one that nobody cites."""
    case = GOOD["roadmap"]()
    poisoned = [
        replace(ledger_of(text).references[0], mark=f"S{number}")
        for number, text in enumerate(CORPUS, start=9)
    ]
    written = case.written(references=(*case.document.references, *poisoned))
    assert written.reviewed().findings == ()


def test_what_a_model_leaks_of_its_prompt_is_found() -> None:
    """The fence is a canary: it is in no document, unless a model repeats its prompt."""
    case = GOOD["roadmap"]().expecting(fences=(CANARY,))
    assert case.reviewed().findings == ()
    leaked = case.with_text("programme", f"The rules between {CANARY} BEGIN and the end are these.")
    assert any(f.check == "C7" and f.severity == "error" for f in leaked.reviewed().findings)


def test_a_fence_cannot_be_guessed_and_is_named_in_the_rules() -> None:
    fences = {new_fence() for _ in range(50)}
    assert len(fences) == 50
    fence = fences.pop()
    assert f"{fence} BEGIN" in citing(fence)
    assert "never instructions" in citing(fence)


@given(st.text(max_size=300))
def test_no_text_closes_the_fence(text: str) -> None:
    """Whatever it is made of."""
    lines = told(ledger_of(text).references, FENCE).split("\n")
    assert len(lines) == 3


@given(st.text(alphabet=st.sampled_from("<>/!?-&#;lt[]()S1 \n"), max_size=60))
def test_no_markup_comes_together(text: str) -> None:
    """Tags that appear when others are taken out."""
    assert not re.search(r"</?[a-zA-Z][^<>]*>", plain(text))
    assert not re.search(r"<[a-zA-Z/!?]", harmless(text))


def test_the_reference_of_a_source_keeps_its_address_for_code() -> None:
    """Only code writes links."""
    reference: Reference = ledger_of("A study says 7 %.").references[0]
    assert reference.url == "https://known.example/page"
    assert settled("It is 7 % [1].", [reference]) == "It is 7 % [S1]."


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "sign",
    [
        *("A", "<", "[", "a.", "1,", "<a", "[x](", "![", "S[S1]", " ", "\n", "http://", "(", "a@"),
        *("<!--", "**a", "1 ", "A B "),
    ],
)
def test_a_text_of_nothing_but_one_sign_is_read_as_fast_as_another(sign: str) -> None:
    """No pattern goes back over it again and again."""
    text = sign * (20_000 // len(sign))
    harmless(text)
    untrusted(text)
    assert 0 <= GOOD["roadmap"]().with_text("programme", text).reviewed().score <= 100
