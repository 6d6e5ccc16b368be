"""Marks of sources in prose: read, made to point somewhere, checked against the source, and added. Pure.

A model writes `[S1]`, `[S1, S3]`, `[S1][S2]` or just `[1]`, and small ones write none. Here every mark
becomes `[S1]`, those that point nowhere go, and a sentence whose figures stand in a source gets its mark.
No address that a model wrote stays in a text: code makes the links.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import log

from planning.content import Document, Reference, texts
from planning.facts import Fact, FactBase, slots
from planning.language import terms
from planning.numerals import Numeral, has_percent, numerals, same
from planning.research.cleaning import canonical
from planning.sentences import split_sentences

# How much of what a sentence says a source says too, from 0 to 1, before the sentence gets its mark;
# and how many words that carry meaning both must have. With figures: all of them stand in the source.
COVERED, LEAST_SHARED = 0.7, 4
COVERED_WITH_FIGURES, LEAST_SHARED_WITH_FIGURES = 0.3, 2

# [S1], [S1, S3], [s1; 2], [1], but neither [text](link) nor a footnote of code.
_MARK = re.compile(
    r"[ \t\u00a0]{0,4}\[\s{0,4}(?P<ids>[Ss]?\d{1,3}(?:\s*(?:[,;،]|and|&)\s*[Ss]?\d{1,3})*)\s*\](?!\()"
)
_OWN = re.compile(r"\[(S\d{1,3})\]")
_URL = re.compile(r"(?:\b[a-z][a-z0-9+.-]{1,20}://|\bwww\.)[^\s<>\"'\])}|`*]+", re.IGNORECASE)
_SCHEME = re.compile(r"\b(?:java|vb)script\s*:[^\s\]]*|\bdata:[\w.+-]+/[^\s\]]*", re.IGNORECASE)
_BARE_HOST = re.compile(
    r"(?<![\w@./-])(?:[\w-]+\.)+(?:com|org|net|edu|gov|int|io|info|co|africa|ngo|biz|dev|app|me|ai|[a-z]{2}(?=/))"
    r"(?![\w-])(?:/[^\s<>\"')\]}|`*]*)?"
)
_HTML = re.compile(r"<!--.*?(?:-->|\Z)|</?[a-zA-Z][^<>]*>", re.DOTALL)
_MAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+")
_REMOVED = "\0"  # where an address was, until the text around it is mended
# Lengths are bounded, so that a text of nothing but brackets takes no longer than another.
_IMAGE = re.compile(r"!\[([^\]]{0,300})\](?:\([^)]{0,2000}\)?|\[[^\]]{0,300}\])")
_LINK = re.compile(r"\[([^\]\n]{1,300})\]\(([^)\n]{0,2000})\)")
_IN_BRACKETS = re.compile(
    r"!?\[[^\]\n]{0,300}\]\([^)\n]{0,2000}\)|\([^()\n]{0,300}\)|<[^<>\n]{0,300}>"
)
_AUTOLINK = re.compile(r"<((?:https?|ftp|mailto):[^>\s]*)>", re.IGNORECASE)
_REFERENCE_LINK = re.compile(r"(?m)^[ \t]{0,3}\[[^\]\n]{1,300}\]:[ \t]*\S+.*$\n?")


@dataclass(frozen=True, slots=True)
class Cited:
    """A sentence with marks, and those of its figures that stand in none of the sources it cites."""

    sentence: str
    marks: tuple[str, ...]
    missing: tuple[Numeral, ...]


def marks(text: str) -> tuple[str, ...]:
    """The marks in *text*, as `S1`, each once, in order."""
    return tuple(dict.fromkeys(mark for found in _MARK.finditer(text) for mark in _ids(found)))


def dangling(text: str, references: Iterable[Reference]) -> tuple[str, ...]:
    """The marks in *text* that point to none of *references*."""
    known = {reference.mark for reference in references}
    return tuple(mark for mark in marks(text) if mark not in known)


def settled(text: str, references: Iterable[Reference]) -> str:
    """*text* with every mark in the one form `[S1]`, those together sorted, and none that points nowhere."""
    known = {reference.mark for reference in references}

    def settle(found: re.Match[str]) -> str:
        kept = sorted({mark for mark in _ids(found) if mark in known}, key=lambda m: int(m[1:]))
        return f" {''.join(f'[{mark}]' for mark in kept)}" if kept else ""

    one_each = _MARK.sub(settle, text)
    # [S2] [S1] side by side are one place.
    return re.sub(r"(?<=\])[ \t]+(?=\[S\d{1,3}\])|(?m:^) (?=\[S\d)", "", one_each)


def without_marks(text: str) -> str:
    """*text* without any mark."""
    return _MARK.sub("", text)


def cited(text: str, references: Iterable[Reference], language: str) -> tuple[Cited, ...]:
    """The sentences of *text* that cite something, each with the figures that its sources lack."""
    by_mark = {reference.mark: reference for reference in references}
    found = []
    for sentence in split_sentences(text, language):
        sources = [by_mark[mark] for mark in marks(sentence) if mark in by_mark]
        if sources:
            missing = tuple(
                numeral
                for numeral in numerals(sentence, language)
                if not any(stands(numeral, source) for source in sources)
            )
            found.append(Cited(sentence, marks(sentence), missing))
    return tuple(found)


def stands(numeral: Numeral, reference: Reference) -> bool:
    """Whether *reference* has that figure, rounded or not; a share in percent only where it speaks of one."""
    text = f"{reference.title}. {reference.snippet}"
    return any(
        same(numeral, other) and (numeral.is_percent == other.is_percent or has_percent(text))
        for other in numerals(text)
    )


def attributed(
    text: str, references: Sequence[Reference], language: str, known: Collection[Numeral] = ()
) -> str:
    """*text* with marks at the sentences that a source supports and that have none.

    A sentence with figures needs all of them in the source; one without any needs more words in
    common. Figures of *known* (the fact base's) ask for no source. Headings and tables get none.
    """
    if not references:
        return text
    coverage = _Coverage(references, language)
    written, place = [], 0
    for sentence in split_sentences(text, language):
        start = text.index(sentence, place)
        place, before = start + len(sentence), text[place:start]
        mark = (
            "" if marks(sentence) or re.match(r"#|\|", sentence) else coverage.best(sentence, known)
        )
        written += [before, _marked(sentence, mark) if mark else sentence]
    return "".join([*written, text[place:]])


def links(document: Document) -> Mapping[str, Reference]:
    """For each mark that the document's prose has, its reference, in the order of their first use."""
    by_mark = {reference.mark: reference for reference in document.references}
    prose = "\n".join(section.text for section in document.sections)
    return {mark: by_mark[mark] for mark in marks(prose) if mark in by_mark}


def with_cited_only(document: Document, facts: FactBase | None = None) -> Document:
    """*document* with the references that something in it cites, in the order of their first use.

    Behind them stand those that no sentence cites but that a figure of *facts* comes from. Marks
    stay as they are, so that its text can be sent back; what a reader sees is a reference's place.
    """
    by_mark = {reference.mark: reference for reference in document.references}
    said = marks("\n".join(texts(document.sections)))
    stated = facts.facts.values() if facts else ()
    used = (*said, *(fact.basis for fact in stated if fact.origin == "sourced"))
    kept = (by_mark[mark] for mark in dict.fromkeys(used) if mark in by_mark)
    return replace(document, references=tuple(kept))


def credited(text: str, facts: Mapping[str, Fact]) -> str:
    """*text* with marks at sentences that have none and whose slots are for *facts* of sources."""
    written, place = [], 0
    for sentence in split_sentences(text):
        start = text.index(sentence, place)
        place, before = start + len(sentence), text[place:start]
        told = (facts[fact_id] for fact_id in slots(sentence) if fact_id in facts)
        sources = () if marks(sentence) else {f.basis for f in told if f.origin == "sourced"}
        written += [before, _marked(sentence, "][".join(sorted(sources))) if sources else sentence]
    return "".join([*written, text[place:]])


def addresses(text: str) -> tuple[str, ...]:
    """Every web and mail address in *text*, and whatever else a reader could take for a link's target."""
    found = [_target(link) for link in _LINK.finditer(text)]
    for pattern in (_URL, _SCHEME, _MAIL, _BARE_HOST):
        found += [match[0] for match in pattern.finditer(text)]
        text = pattern.sub(" ", text)
    return tuple(dict.fromkeys(bare for each in found if (bare := each.rstrip(".,;:!?"))))


def strange_addresses(text: str, allowed: Iterable[str]) -> tuple[str, ...]:
    """The addresses in *text* that are none of *allowed* (those of the ledger and of the founder)."""
    known = _known(allowed)
    return tuple(each for each in addresses(text) if not _is_known(each, known))


def without_addresses(text: str, allowed: Iterable[str] = ()) -> str:
    """*text* without images, and without any link or address that is none of *allowed*.

    The name of a link stays where its target goes.
    """
    known = _known(allowed)

    def kept(found: re.Match[str]) -> str:
        bare = found[0].rstrip(".,;:!?")
        return found[0] if _is_known(bare, known) else _REMOVED + found[0][len(bare) :]

    text = _REFERENCE_LINK.sub("", _IMAGE.sub(r"\1", text.replace(_REMOVED, "")))
    text = _AUTOLINK.sub(lambda link: link[1], text)
    text = _LINK.sub(lambda link: link[0] if _is_known(_target(link), known) else link[1], text)
    # What is a link now was allowed.
    parts = re.split(r"(\[[^\]\n]{1,300}\]\([^)\n]{0,2000}\))", text)
    for place in range(0, len(parts), 2):
        for pattern in (_URL, _SCHEME, _MAIL, _BARE_HOST):
            parts[place] = pattern.sub(kept, parts[place])
        parts[place] = parts[place].replace("](", "] (")  # what is left of a link is none
    gone = rf"[ \t]{{0,4}}(?:\([ \t]{{0,4}}{_REMOVED}[ \t]{{0,4}}\)|{_REMOVED})"
    return re.sub(gone, "", "".join(parts))


def _target(link: re.Match[str]) -> str:
    """Where a link of Markdown leads: the first word in its brackets, with or without `<>`."""
    words = link[2].split()
    return words[0].strip("<>") if words else ""


def _known(allowed: Iterable[str]) -> frozenset[str]:
    return frozenset(canonical(each if "://" in each else f"https://{each}") for each in allowed)


def _is_known(address: str, known: frozenset[str]) -> bool:
    scheme = re.match(r"([a-z][a-z0-9+.-]*):", address, re.IGNORECASE)
    if scheme and scheme[1].lower() not in ("http", "https"):
        return False
    return canonical(address if "://" in address else f"https://{address}") in known


def _ids(found: re.Match[str]) -> Iterator[str]:
    for number in re.findall(r"\d{1,3}", found["ids"]):
        yield f"S{int(number)}"


def _marked(sentence: str, mark: str) -> str:
    """*sentence* with *mark* behind its last word, before the stop."""
    end = re.search(r"[.!?…।؟。]+[\"'”’»)\]*_]*$", sentence)
    place = end.start() if end else len(sentence)
    return f"{sentence[:place]} [{mark}]{sentence[place:]}"


class _Coverage:
    """How much of what a sentence says each source says too; rare words say more than frequent ones."""

    def __init__(self, references: Sequence[Reference], language: str) -> None:
        self._references = references
        self._language = language
        self._sources = [frozenset(terms(f"{r.title} {r.snippet}", language)) for r in references]
        held = Counter(term for source in self._sources for term in source)
        self._weights = {term: log(1 + len(references) / n) for term, n in held.items()}
        # A word that no source has is as telling as the rarest that one has.
        self._unknown = log(1 + len(references))

    def best(self, sentence: str, known: Collection[Numeral]) -> str:
        """The mark of the source that supports *sentence*; empty for none."""
        figures = [
            numeral
            for numeral in numerals(sentence, self._language)
            if not any(same(numeral, other) for other in known)
        ]
        words = frozenset(terms(sentence, self._language))
        weight = sum(self._weights.get(word, self._unknown) for word in words)
        least_covered = COVERED_WITH_FIGURES if figures else COVERED
        least_shared = LEAST_SHARED_WITH_FIGURES if figures else LEAST_SHARED
        best, found = 0.0, ""
        for reference, source in zip(self._references, self._sources, strict=True):
            shared = words & source
            covered = sum(self._weights[word] for word in shared) / weight if weight else 0.0
            if len(shared) < least_shared or covered < max(least_covered, best):
                continue
            if covered > best and all(stands(figure, reference) for figure in figures):
                best, found = covered, reference.mark
        return found


def harmless(text: str, references: Sequence[Reference] = (), allowed: Iterable[str] = ()) -> str:
    """A model's *text* as a document may have it.

    No HTML, nothing invisible, no address beside those *allowed* (a source's neither: code makes the
    links) and no sentence that only leads to one; every mark in one form and pointing to one of
    *references*.
    """
    known = tuple(allowed)
    text = _without_leads(_without_html(_visible(text)), known)
    return settled(without_addresses(text, known), references)


def _without_leads(text: str, allowed: Collection[str]) -> str:
    """*text* without the sentences that have a bare address as one of their words.

    Without it they would be torn ("See the report at ."); one in brackets or behind a link can go alone.
    """
    lines = []
    for line in text.split("\n"):
        torn = [
            s for s in split_sentences(line) if strange_addresses(_IN_BRACKETS.sub("", s), allowed)
        ]
        kept = line
        for sentence in torn:
            kept = kept.replace(sentence, "")
        if kept.strip(" -*+>") or not torn:
            lines.append(re.sub(r"(?<=\S) {2,}", " ", kept).rstrip() if torn else line)
    return "\n".join(lines) if any(map(str.strip, lines)) else text


def _without_html(text: str) -> str:
    """*text* without tags, also those that come together when others are taken out."""
    while (without := _HTML.sub("", text)) != text:
        text = without
    return re.sub(r"<(?=[a-zA-Z/!?])", "< ", text)


def _visible(text: str) -> str:
    """*text* without what shows nothing, but with line ends and the joiners that some scripts need."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    kept = (c for c in text if c.isprintable() or c in "\n\t\u00a0\u200c\u200d" or c.isspace())
    return re.sub("[\ufe00-\ufe0f\U000e0100-\U000e01ef\u2028\u2029]", "", "".join(kept))
