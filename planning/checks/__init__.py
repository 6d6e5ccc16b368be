"""Checks that a machine runs on every document: findings in the founder's language, and one score. Pure.

`review` is the way in. The same document, facts and structures always give the same review.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from planning.brief import Brief
from planning.checks.base import (
    LONGEST_SENTENCE,
    NOTHING_EXPECTED,
    NOTHING_STRUCTURED,
    Check,
    Expected,
    Finding,
    Group,
    Hit,
    Structures,
    Subject,
)
from planning.checks.sources import grounding
from planning.checks.table import CHECKS
from planning.content import Document
from planning.facts import FactBase
from planning.wording import Words, words_in

__all__ = [
    "CHECKS",
    "Check",
    "Expected",
    "Finding",
    "Review",
    "Structures",
    "review",
    "violations",
]

# What one finding leaves of the sub-score of its group, in percent: many weigh more, never more than all.
LEFT = {"error": 80, "warning": 94}
LEFT_BY_QUESTION = 96  # of the facts, by each thing that only the founder can say and has not said
# What each group counts in the score of a document that has checks of it.
WEIGHTS: Mapping[Group, int] = {
    "sources": 30,
    "facts": 30,
    "writing": 20,
    "plan": 15,
    "money": 15,
    "funders": 30,
    "speech": 50,
}
NOT_READY = 89  # the most that a document with an error gets
MOST_TOLD = 12  # findings told to a model that writes a section again


@dataclass(frozen=True, slots=True)
class Review:
    """What the checks say: a readiness *score* from 0 to 100, and its *parts* by group.

    Open questions are no findings, but they lower the part of the facts.
    *grounding* is the percentage of the sentences with figures that have a source or a fact; None when
    there are none.
    """

    score: int
    findings: tuple[Finding, ...]
    parts: Mapping[Group, int]
    grounding: int | None = None

    @property
    def is_ready(self) -> bool:
        """Whether nothing blocks a final version."""
        return not any(finding.severity == "error" for finding in self.findings)

    def of(self, section: str) -> tuple[Finding, ...]:
        """The findings in one section."""
        return tuple(finding for finding in self.findings if finding.section == section)


def review(
    document: Document,
    facts: FactBase,
    brief: Brief,
    structures: Structures = NOTHING_STRUCTURED,
    expected: Expected = NOTHING_EXPECTED,
) -> Review:
    """Run all checks for this type of document.

    *structures* are the values that its tables were made of, *expected* what its outline asks for.
    """
    subject = Subject(
        document=document, facts=facts, brief=brief, has=structures, expected=expected
    )
    words = words_in(document.language)
    checks = [check for check in CHECKS if document.type in check.types]
    found = [(check, told(check, hit, words)) for check in checks for hit in check.find(subject)]
    found = list(dict.fromkeys(found))
    groups = list(dict.fromkeys(check.group for check in checks))
    parts = {group: _part([f for check, f in found if check.group == group]) for group in groups}
    if "facts" in parts:
        parts["facts"] = int(parts["facts"] * (LEFT_BY_QUESTION / 100) ** len(facts.questions))
    findings = tuple(finding for _, finding in found)
    return Review(_score(parts, findings), findings, parts, grounding(subject))


def told(check: Check, hit: Hit, words: Words) -> Finding:
    """A hit as a finding: its sentence cut to a readable length, and what is wrong in the founder's language."""
    key = f"checks.{(check.told_as or check.id).lower()}" + (
        f"_{hit.variant}" if hit.variant else ""
    )
    sentence = hit.sentence
    if len(sentence) > LONGEST_SENTENCE:
        sentence = f"{sentence[: LONGEST_SENTENCE - 1]}…"
    values = {name: str(value) for name, value in hit.values.items()}
    return Finding(
        check.id, hit.severity or check.severity, hit.section, sentence, words(key, **values)
    )


def violations(review: Review, section_id: str, most: int = MOST_TOLD) -> str:
    """What a model is told when it writes a section again: one line for each finding, errors first.

    Sentences are quoted, so that it knows which; empty when there is nothing to mend.
    """
    found = sorted(review.of(section_id), key=lambda finding: finding.severity != "error")[:most]
    lines = []
    for finding in found:
        quote = f" “{finding.sentence}”" if finding.sentence else ""
        lines.append(f"- {finding.message}{quote}")
    return "\n".join(lines)


def _part(findings: list[Finding]) -> int:
    """A group's sub-score: each finding takes its share of what is left, so that every one counts."""
    left = 100.0
    for severity in ("error", "warning"):
        number = sum(finding.severity == severity for finding in findings)
        left *= (LEFT[severity] / 100) ** number
    return int(left)


def _score(parts: Mapping[Group, int], findings: tuple[Finding, ...]) -> int:
    """The weighted mean of the sub-scores; with an error the document is not ready, and does not look so."""
    if not parts:
        return 100
    weight = sum(WEIGHTS[group] for group in parts)
    score = sum(WEIGHTS[group] * part for group, part in parts.items()) // weight
    has_error = any(finding.severity == "error" for finding in findings)
    return min(score, NOT_READY) if has_error else score
