"""The schedule: milestones with owners, what each needs first, dates and the critical path. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from planning.brief import Brief
from planning.content import Block
from planning.facts import Fact
from planning.figures.spec import Spec


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestone:
    """One piece of work. *owner* is a role, *done_when* something that can be checked.

    *depends_on* are the ids of what has to be finished first; it begins no earlier than *not_before*
    weeks after the plan's start.
    """

    id: str
    name: str
    owner: str
    weeks: int
    deliverable: str
    done_when: str
    depends_on: tuple[str, ...] = ()
    not_before: int = 0


@dataclass(frozen=True, slots=True)
class Planned:
    """A milestone with its dates, both included. *earliest* to *latest* are days after the start.

    *slack* is by how many days it may be late without moving the end of the plan.
    """

    milestone: Milestone
    early_start: int
    early_finish: int
    late_start: int
    late_finish: int
    start: date
    end: date

    @property
    def slack(self) -> int:
        return self.late_start - self.early_start

    @property
    def is_critical(self) -> bool:
        return self.slack == 0


@dataclass(frozen=True, slots=True)
class Schedule:
    """Milestones in an order in which each comes after what it depends on."""

    start: date
    milestones: tuple[Planned, ...]

    @property
    def end(self) -> date:
        return max((planned.end for planned in self.milestones), default=self.start)

    @property
    def critical_path(self) -> tuple[str, ...]:
        return tuple(p.milestone.id for p in self.milestones if p.is_critical)


@dataclass(frozen=True, slots=True)
class Step:
    """Something to do in the first 90 days: who, what, until when, and how one sees that it is done."""

    owner: str
    name: str
    by: date
    done_when: str


def compute(milestones: Sequence[Milestone], brief: Brief) -> Schedule:
    """Raises `Unusable`, naming the cycle, when milestones wait for one another."""
    raise NotImplementedError


def next_90_days(schedule: Schedule) -> tuple[Step, ...]:
    raise NotImplementedError


def facts(schedule: Schedule, brief: Brief) -> tuple[Fact, ...]:
    raise NotImplementedError


def blocks(schedule: Schedule, brief: Brief) -> tuple[Block, ...]:
    """The table of milestones, the Gantt chart and the next 90 days."""
    raise NotImplementedError


SPEC: Spec[tuple[Milestone, ...]]
