"""What checks found in a part: why it is written again, and what code takes out when that did not help. Pure."""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from planning.brief import Brief
from planning.checks import Expected, Finding, Review, Structures
from planning.checks.writing import LEAK, PLACEHOLDER
from planning.citations import without_marks
from planning.content import Document
from planning.facts import FactBase
from planning.sentences import split_sentences

# Checks whose sentence can simply go: invented addresses, marks and figures, gaps, prompt text.
REMOVABLE = frozenset({"C1", "C2", "C3", "C4", "C7", "C8", "P9", "E3", "E10"})
# Of those, the ones after which the founder is asked what supports the figure.
UNSUPPORTED = frozenset({"C3", "C4", "C8", "E10"})
OF_A_LINE = frozenset({"C7"})  # quotes the whole line in which a leftover stands
FACTS_OF_A_NEED = 3
MOST_TOLD = 8  # faults that a model is told of at once


class Reviews(Protocol):
    """Checks a document, which may be only partly written."""

    def __call__(
        self,
        document: Document,
        facts: FactBase,
        brief: Brief,
        structures: Structures,
        expected: Expected,
    ) -> Review: ...


def errors_of(review: Review, section: str) -> tuple[Finding, ...]:
    """The errors in the section called *section*."""
    return tuple(f for f in review.findings if f.section == section and f.severity == "error")


def mendable(findings: Iterable[Finding], sources: int) -> tuple[Finding, ...]:
    """Those of *findings* that a model could put right, with so many *sources* to cite.

    Where nothing was found, the need cannot have its three facts, however often it is written.
    """
    return tuple(f for f in findings if f.check != "P2" or sources >= FACTS_OF_A_NEED)


def violations(findings: Iterable[Finding]) -> tuple[str, ...]:
    """*findings* as a model is told of them."""
    told = dict.fromkeys(
        f"{finding.message} In: “{finding.sentence}”" if finding.sentence else finding.message
        for finding in findings
    )
    return tuple(told)[:MOST_TOLD]


def without(markdown: str, findings: Iterable[Finding], shown: Callable[[str], str] = str) -> str:
    """*markdown* without the sentences of those *findings* that can simply go.

    *shown* makes of a sentence what the checks saw: the one with its figures in it.
    """
    found = [f for f in findings if f.check in REMOVABLE and f.sentence.strip()]
    faulty = {_plain(f.sentence) for f in found if f.check not in OF_A_LINE}
    of_a_line = any(f.check in OF_A_LINE for f in found)
    if not found:
        return markdown

    def may_stay(sentence: str) -> bool:
        seen = shown(sentence)
        has_leftover = of_a_line and (PLACEHOLDER.search(seen) or LEAK.search(seen))
        return not has_leftover and not _is_one_of(seen, faulty)

    lines = []
    for line in markdown.split("\n"):
        sentences = split_sentences(line)
        kept = [s for s in sentences if may_stay(s)]
        if sentences and not kept:
            continue
        lines.append(line if len(kept) == len(sentences) else _rejoined(line, kept))
    return "\n".join(lines).strip()


def is_unsupported(findings: Iterable[Finding]) -> bool:
    """Whether any of *findings* is a figure that nothing supports."""
    return any(finding.check in UNSUPPORTED for finding in findings)


def _rejoined(line: str, kept: Sequence[str]) -> str:
    """*kept* sentences with what stood before the first one of *line*: a point of a list, its indent."""
    indent = line[: len(line) - len(line.lstrip())]
    bullet = next((b for b in ("- ", "* ", "+ ") if line.lstrip().startswith(b)), "")
    text = " ".join(kept)
    return f"{indent}{text if text.startswith(bullet) else bullet + text}"


def _is_one_of(sentence: str, faulty: set[str]) -> bool:
    plain = _plain(sentence)
    return any(plain == other or (len(other) > 20 and other in plain) for other in faulty)


def _plain(sentence: str) -> str:
    return "".join(c for c in without_marks(sentence).casefold() if c.isalnum())
