"""The Sustainable Development Goals: 17 goals, 169 targets, and how honestly the venture serves them. Pure."""

from dataclasses import dataclass
from typing import Literal

Strength = Literal["direct", "contributing", "claimed"]


@dataclass(frozen=True, slots=True)
class Served:
    """A goal of the venture: the targets it serves, by code, and the indicators that show it."""

    goal: int
    targets: tuple[str, ...]
    indicators: tuple[str, ...]
    strength: Strength
    is_added: bool = False  # not chosen by the founder


def goals_in(text: str) -> tuple[int, ...]:
    """The goals that *text* names: `sdg12`, `SDG 6: Clean Water`, `ODS 4`, `Goal 13`, `4`."""
    raise NotImplementedError


def is_target(code: str) -> bool:
    """Whether *code* (`4.7`, `6.a`) is one of the 169."""
    raise NotImplementedError


def goal_name(goal: int, language: str) -> str:
    raise NotImplementedError


def target_label(code: str, language: str) -> str:
    raise NotImplementedError
