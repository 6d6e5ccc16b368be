"""A finished document as JSON and back: what is kept for a day, and what every format is made from."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from planning.checks import Finding, Review
from planning.content import Document
from planning.facts import FactBase
from planning.render.jsonform import document_as_json, document_from_json, facts_from_json


@dataclass(frozen=True, slots=True)
class KeptFinding:
    """See `mending.Finding`."""

    check: str
    severity: Literal["error", "warning"]
    section: str
    sentence: str
    message: str


@dataclass(frozen=True, slots=True)
class KeptReview:
    """See `mending.Review`."""

    score: int
    findings: tuple[KeptFinding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A finished document, the facts it states, what the checks say of it, and how it came about.

    *texts* is the prose of its parts with slots, for a part to be written again. *calls* is how
    many calls to models the last sitting made, and *kept* how many answers it had already.
    """

    document: Document
    facts: FactBase
    review: KeptReview
    texts: Mapping[str, str]
    calls: int
    kept: int
    models: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """It as JSON."""
        findings = self.review.findings
        return {
            **document_as_json(self.document, facts=self.facts),
            "findings": [asdict(finding) for finding in findings],
            "score": {
                "score": self.review.score,
                "errors": sum(finding.severity == "error" for finding in findings),
                "warnings": sum(finding.severity == "warning" for finding in findings),
                "calls": self.calls,
                "kept": self.kept,
            },
            "texts": dict(self.texts),
            "models": list(self.models),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Finished":
        """It again, from its JSON form."""
        score = value["score"]
        return cls(
            document=document_from_json(value),
            facts=facts_from_json(value["facts"]),
            review=KeptReview(
                score["score"], tuple(KeptFinding(**finding) for finding in value["findings"])
            ),
            texts=value["texts"],
            calls=score["calls"],
            kept=score["kept"],
            models=tuple(value["models"]),
        )


def kept_review(review: Review) -> KeptReview:
    """*review* as it is kept."""
    return KeptReview(review.score, tuple(map(kept_finding, review.findings)))


def kept_finding(finding: Finding) -> KeptFinding:
    """*finding* as it is kept."""
    return KeptFinding(
        finding.check, finding.severity, finding.section, finding.sentence, finding.message
    )
