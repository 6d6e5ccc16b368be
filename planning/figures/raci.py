"""Who does what: for each activity one role that answers for it, and those who work on it. Pure."""

from dataclasses import dataclass

from planning.figures.spec import Spec


@dataclass(frozen=True, slots=True)
class Duty:
    """An activity (a milestone's id) and the roles in it; *accountable* is exactly one."""

    activity: str
    accountable: str
    responsible: tuple[str, ...]
    consulted: tuple[str, ...] = ()
    informed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Raci:
    """The duties, the roles of the team, and the roles that are still open."""

    duties: tuple[Duty, ...]
    team: tuple[str, ...]
    open_roles: tuple[str, ...]


SPEC: Spec[tuple[Duty, ...]]
