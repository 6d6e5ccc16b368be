"""The theory of change: inputs, activities, outputs, outcomes, impact, and what each link assumes. Pure."""

from dataclasses import dataclass
from typing import Literal

from planning.figures.spec import Spec

Term = Literal["short", "medium", "long"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One way from an activity to an outcome, and what has to hold for it."""

    activity: str
    output: str
    outcome: str
    term: Term
    assumption: str


@dataclass(frozen=True, slots=True)
class Theory:
    """No orphans: each activity, output and outcome stands in a link; all lead to *impact*."""

    inputs: tuple[str, ...]
    links: tuple[Link, ...]
    impact: str


SPEC: Spec[tuple[Link, ...]]
