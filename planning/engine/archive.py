"""A finished document as JSON and back: what is kept for a day, and what every format is made from."""

import functools
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from pydantic import TypeAdapter

from planning.checks import Finding, Review
from planning.content import Document
from planning.facts import Fact, FactBase, Question


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
            "document": _documents().dump_python(self.document, mode="json"),
            "facts": [_fact_to_json(fact) for fact in self.facts.facts.values()],
            "questions": [asdict(question) for question in self.facts.questions],
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
            document=_documents().validate_python(value["document"]),
            facts=FactBase(
                {fact["id"]: _fact_from_json(fact) for fact in value["facts"]},
                tuple(Question(**question) for question in value["questions"]),
            ),
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


@functools.cache
def _documents() -> TypeAdapter[Document]:
    return TypeAdapter(Document)


def _fact_to_json(fact: Fact) -> dict[str, Any]:
    """*fact* as JSON; the kind of its value stands beside it, since JSON has only texts for it."""
    kind = "number" if isinstance(fact.value, Decimal) else "date"
    kind = "text" if isinstance(fact.value, str) else kind
    texts = {
        end: None if v is None else str(v) for end, v in (("low", fact.low), ("high", fact.high))
    }
    return {**asdict(fact), "value": str(fact.value), "kind": kind, **texts}


def _fact_from_json(value: Mapping[str, Any]) -> Fact:
    read: dict[str, Any] = {"number": Decimal, "date": date.fromisoformat, "text": str}
    own = {name: inner for name, inner in value.items() if name != "kind"}
    ends = {end: None if value[end] is None else Decimal(value[end]) for end in ("low", "high")}
    return Fact(**{**own, "value": read[value["kind"]](value["value"]), **ends})
