"""Who does what: for each activity one role that answers for it, and those who work on it. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from planning.brief import Brief
from planning.content import Block, Column, Table
from planning.facts import FactBase
from planning.figures.plain import plain
from planning.figures.reading import Mistakes, rows
from planning.figures.roles import roles_of
from planning.figures.schedule import Planned, Schedule, milestone_ids
from planning.figures.spec import NOTHING_KNOWN, Spec, asked
from planning.wording import words_in

MOST_COLUMNS = 8  # roles that fit beside one another on a page


@dataclass(frozen=True, slots=True)
class Duty:
    """An activity (a milestone's id) and the roles in it; *accountable* is exactly one."""

    activity: str
    accountable: str
    responsible: tuple[str, ...]
    consulted: tuple[str, ...] = ()
    informed: tuple[str, ...] = ()

    def letters(self, role: str) -> str:
        """What *role* is in it: `A`, `R`, both, `C`, `I`, or nothing."""
        parts = {
            "A": role == self.accountable,
            "R": role in self.responsible,
            "C": role in self.consulted,
            "I": role in self.informed,
        }
        return "/".join(letter for letter, is_so in parts.items() if is_so)


@dataclass(frozen=True, slots=True)
class Raci:
    """The duties, and those of their roles that have nobody yet."""

    duties: tuple[Duty, ...]
    open_roles: tuple[str, ...]


def compute(proposed: Sequence[Duty], schedule: Schedule, brief: Brief) -> Raci:
    """A duty for each milestone: the proposed one, else what follows from owners and dependencies.

    A role that nobody of the team has is an open one.
    """
    roles = roles_of(brief)
    by_activity = {duty.activity: duty for duty in proposed}
    duties = tuple(
        by_activity.get(planned.milestone.id) or _follows(planned, schedule, roles.lead)
        for planned in schedule.milestones
    )
    named = dict.fromkeys(role for duty in duties for role in _roles(duty))
    held = set(roles.team) - set(roles.open_roles)
    return Raci(duties, tuple(role for role in named if role not in held))


def _follows(planned: Planned, schedule: Schedule, lead: str) -> Duty:
    """The owner works, the lead answers; whose work comes before is asked, whose comes after is told."""
    m = planned.milestone
    owners = {p.milestone.id: p.milestone.owner for p in schedule.milestones}
    before = {owners[other] for other in m.depends_on} - {lead, m.owner}
    after = {p.milestone.owner for p in schedule.milestones if m.id in p.milestone.depends_on}
    return Duty(
        activity=m.id,
        accountable=lead,
        responsible=(m.owner,),
        consulted=tuple(sorted(before)),
        informed=tuple(sorted(after - before - {lead, m.owner})),
    )


def _roles(duty: Duty) -> tuple[str, ...]:
    return duty.accountable, *duty.responsible, *duty.consulted, *duty.informed


def blocks(raci: Raci, schedule: Schedule, brief: Brief) -> tuple[Block, ...]:
    """The matrix of activities and roles, those with the most duties first."""
    words = words_in(brief.language)
    counts = Counter(role for duty in raci.duties for role in _roles(duty))
    roles = [role for role, _ in counts.most_common(MOST_COLUMNS)]
    names = {p.milestone.id: p.milestone.name for p in schedule.milestones}
    note = words("figures.note_raci")
    if raci.open_roles:
        note += " " + words(
            "figures.note_open_roles", roles=words("figures.comma").join(raci.open_roles)
        )
    return (
        Table(
            caption=words("figures.raci"),
            columns=(
                Column(words("figures.activity"), share=2.4),
                *(Column(role, "center") for role in roles),
            ),
            rows=tuple(
                (f"{duty.activity}: {plain(names[duty.activity], 80)}", *map(duty.letters, roles))
                for duty in raci.duties
            ),
            note=note,
        ),
    )


# ---- what a model proposes


@dataclass(frozen=True, slots=True)
class RaciSpec:
    """Duties, proposed."""

    name: str = "duties"

    def told(self, brief: Brief, facts: FactBase, /) -> str:
        """The question, with the milestones and the roles there are."""
        roles = roles_of(brief)
        return asked(
            f"Say for each milestone who does what, as a list of objects. Milestones:"
            f" {_listed(facts)}. Roles: {', '.join(roles.all)}. Each has"
            f' exactly one "accountable" role and at least one "responsible".',
            [
                {
                    "activity": "m1",
                    "accountable": roles.lead,
                    "responsible": [roles.finance],
                    "consulted": [],
                    "informed": [roles.programme],
                }
            ],
            brief,
        )

    def read(self, parsed: object, facts: FactBase = NOTHING_KNOWN, /) -> tuple[Duty, ...]:
        """Raises `Unusable` for an unknown milestone, or one that has nobody to do it."""
        mistakes, known = Mistakes(), milestone_ids(facts)
        found: dict[str, Duty] = {}
        for row in rows(parsed, self.name, mistakes, least=1, most=16):
            activity = row.choice("activity", known) if known else row.text("activity", 12)
            accountable, responsible = row.text("accountable", 60), row.names("responsible")
            if not responsible:
                mistakes.add(f"{row.where}.responsible", "at least one role is needed")
            if activity in found:
                mistakes.add(f"{row.where}.activity", f"{activity} is there twice")
            taken = {accountable, *responsible}
            consulted = tuple(role for role in row.names("consulted") if role not in taken)
            taken |= set(consulted)
            informed = tuple(role for role in row.names("informed") if role not in taken)
            found[activity] = Duty(activity, accountable, responsible, consulted, informed)
        mistakes.raise_any()
        return tuple(found.values())

    def default(self, _brief: Brief, _facts: FactBase, /) -> tuple[Duty, ...]:
        """Nothing: owners and dependencies say enough."""
        return ()


def _listed(facts: FactBase) -> str:
    names = ((name, facts.facts[f"milestone.{name}"].value) for name in milestone_ids(facts))
    return "; ".join(f"{name} {value}" for name, value in names) or "as you named them"


SPEC: Spec[tuple[Duty, ...]] = RaciSpec()
