"""Everything that is computed for one brief, in one value: the facts, the figures and their blocks. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from planning.brief import Brief
from planning.content import Block
from planning.facts import FactBase
from planning.figures.finance import Forecast
from planning.figures.schedule import Schedule
from planning.figures.spec import Spec


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """*base* holds what was said and computed; *blocks* are by the name of their spec.

    *rejected* says why a proposal was left out: by its spec's name, what did not fit.
    """

    base: FactBase
    schedule: Schedule
    finance: Forecast
    blocks: Mapping[str, tuple[Block, ...]]
    rejected: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


SPECS: tuple[Spec[Any], ...] = ()  # in the order in which one needs the facts of another


def planned(brief: Brief, proposals: Mapping[str, Any] | None = None) -> Plan:
    """The plan of *brief*. *proposals* are values that specs have read, by the spec's name.

    Where there is none, or it does not fit to the others, the default stands.
    """
    raise NotImplementedError
