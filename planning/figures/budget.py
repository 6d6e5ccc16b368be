"""The budget of a grant: lines tied to activities and months, fringe, indirect costs within the cap. Pure."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from planning.figures.spec import Spec

Category = Literal[
    "personnel",
    "travel",
    "equipment",
    "supplies",
    "services",
    "subaward",
    "participants",
    "rent",
    "other",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """quantity x unit_cost x periods. *unit_cost* is None when it is not known.

    *activity* is the id of a milestone, *from_month* the month of the plan in which it begins.
    """

    item: str
    category: Category
    activity: str
    quantity: Decimal
    unit_cost: Decimal | None
    periods: int
    from_month: int
    why: str

    @property
    def total(self) -> Decimal | None:
        return None if self.unit_cost is None else self.quantity * self.unit_cost * self.periods


@dataclass(frozen=True, slots=True)
class Cap:
    """The most that a funder pays for indirect costs: *percent* of all direct costs, or of MTDC."""

    percent: Decimal
    of: Literal["direct", "mtdc"]
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """direct + indirect = total = request + match + in_kind, to the smallest coin."""

    lines: tuple[Line, ...]
    fringe_percent: Decimal
    fringe: Decimal
    direct: Decimal
    indirect_percent: Decimal
    indirect: Decimal
    cap: Cap | None
    total: Decimal
    request: Decimal
    match: Decimal
    in_kind: Decimal
    missing: tuple[str, ...]


SPEC: Spec[object]
