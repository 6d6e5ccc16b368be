"""The key performance indicators: what is counted, from where to where, until when and by whom. Pure."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from planning.figures.spec import Spec


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """One measure of one goal (*goal* counts from 1).

    *baseline* is None when it is not known: it is measured until *baseline_by*. *target* is None
    when the founder's goal has no number.
    """

    id: str
    goal: int
    metric: str
    unit: str
    baseline: Decimal | None
    baseline_by: date | None
    target: Decimal | None
    by: date
    source: str
    frequency: str
    owner: str


SPEC: Spec[tuple[Indicator, ...]]
