"""The risk register: likelihood times impact, who watches each risk, and what stands ready for the worst. Pure."""

from dataclasses import dataclass
from typing import Literal

from planning.figures.spec import Spec

Band = Literal["low", "medium", "high", "critical"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """*likelihood* and *impact* from 1 to 5; *cover* is what stands ready: a milestone's id, a
    budget line or the reserve. A score of 15 or more always has one."""

    id: str
    risk: str
    likelihood: int
    impact: int
    owner: str
    mitigation: str
    trigger: str
    cover: str = ""

    @property
    def score(self) -> int:
        return self.likelihood * self.impact


SPEC: Spec[tuple[Risk, ...]]
