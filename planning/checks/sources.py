"""Checks of sources: marks that point somewhere, addresses that exist, figures that stand there. Pure."""

import hashlib
import re
from collections.abc import Iterator
from datetime import datetime

from planning.checks.base import Hit, Subject, hit, texts_of
from planning.checks.names import organisations
from planning.checks.vocabulary import speaks_of
from planning.citations import dangling, marks, stands, strange_addresses
from planning.content import Reference
from planning.numerals import Numeral
from planning.research.cleaning import is_public

LEAST_GROUNDED = 80  # percent of the sentences with figures
# Sites that code itself names, and that everybody who applies in the United States needs.
ALLOWED = ("grants.gov", "sam.gov")


def marks_resolve(subject: Subject) -> Iterator[Hit]:
    """Every mark points to a source that was fetched, and no source was changed since."""
    references = subject.document.references
    for section in subject.document.sections:
        for sentence in subject.sentences(section):
            for mark in dangling(sentence, references):
                yield hit(section.id, sentence, mark=mark)
    for reference in references:
        if not is_whole(reference):
            yield hit("sources", reference.title, "reference", mark=reference.mark)


def addresses_known(subject: Subject) -> Iterator[Hit]:
    """No address stands in the document that neither a source nor the founder has."""
    known = [reference.url for reference in subject.document.references]
    allowed = [*known, *ALLOWED, *_addresses_said(subject)]
    for section in subject.document.sections:
        text = "\n".join(texts_of(section))
        for address in strange_addresses(text, allowed):
            yield hit(section.id, _line_with(text, address), address=_short(address))


def figures_sourced(subject: Subject) -> Iterator[Hit]:
    """Every figure and every named organisation comes from a source, the founder, or is called an assumption."""
    for section, sentence in subject.all_sentences:
        if _cited(subject, sentence) or is_labelled(sentence):
            continue
        if strangers := subject.strangers(sentence):
            yield hit(section.id, sentence, figures=told(strangers))
        elif names := [
            n for n in organisations(sentence, subject.language) if not subject.is_named(n)
        ]:
            yield hit(section.id, sentence, "organisation", name=names[0])


def figures_stand(subject: Subject) -> Iterator[Hit]:
    """Every cited figure stands in the source that is cited for it."""
    for section, sentence in subject.all_sentences:
        sources = _cited(subject, sentence)
        if not sources:
            continue
        strangers = subject.strangers(sentence)
        missing = [n for n in strangers if not any(stands(n, source) for source in sources)]
        if missing:
            # A sentence of which nothing stands there is a wrong citation, else a doubtful one.
            is_wrong = len(missing) == len(strangers)
            yield Hit(
                section.id,
                sentence,
                values={"figures": told(missing), "marks": ", ".join(marks(sentence))},
                severity="error" if is_wrong else "warning",
            )


def mostly_grounded(subject: Subject) -> Iterator[Hit]:
    """Four of five sentences with figures have a source or a fact behind them."""
    share = grounding(subject)
    if share is not None and share < LEAST_GROUNDED:
        yield hit("", share=share, least=LEAST_GROUNDED)


def grounding(subject: Subject) -> int | None:
    """The percentage of the sentences with figures that are grounded; None when there are none."""
    with_figures = [s for _, s in subject.all_sentences if subject.figures(s)]
    if not with_figures:
        return None
    good = sum(_is_grounded(subject, sentence) for sentence in with_figures)
    return 100 * good // len(with_figures)


def is_whole(reference: Reference) -> bool:
    """Whether *reference* has an address, a time, and the text that its digest was made of."""
    try:
        datetime.fromisoformat(reference.fetched_at)
    except ValueError:
        return False
    digest = hashlib.sha256(reference.snippet.encode()).hexdigest()
    return bool(reference.title) and is_public(reference.url) and digest == reference.sha256


def is_labelled(sentence: str) -> bool:
    """Whether *sentence* says itself that it guesses, aims, asks, or lacks something."""
    return speaks_of("assumed", sentence) or speaks_of("needed", sentence)


def told(figures: list[Numeral] | tuple[Numeral, ...]) -> str:
    """*figures* as a founder reads them, at most three."""
    shown = ", ".join(figure.text.strip() for figure in figures[:3])
    return f"{shown}, …" if len(figures) > 3 else shown


def _is_grounded(subject: Subject, sentence: str) -> bool:
    strangers = subject.strangers(sentence)
    sources = _cited(subject, sentence)
    return all(any(stands(n, source) for source in sources) for n in strangers) or (
        not sources and is_labelled(sentence)
    )


def _cited(subject: Subject, sentence: str) -> list[Reference]:
    wanted = marks(sentence)
    return [each for each in subject.document.references if each.mark in wanted]


def _addresses_said(subject: Subject) -> list[str]:
    return re.findall(r"[\w.+-]+@[\w.-]+\w|(?:https?://|www\.)[^\s<>\"')\]]+", subject.said)


def _line_with(text: str, part: str) -> str:
    return next((line.strip() for line in text.splitlines() if part in line), "")


def _short(address: str) -> str:
    return address if len(address) <= 60 else f"{address[:59]}…"
