"""The schedule: milestones with owners, what each needs first, dates and the critical path. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import cycle

from planning.brief import Brief
from planning.content import Bar, Block, Column, Gantt, Table
from planning.facts import Fact, FactBase
from planning.figures.gathering import country_of, figure, place_of
from planning.figures.goals import Goal, goals_of
from planning.figures.months import HORIZON, horizon
from planning.figures.plain import plain
from planning.figures.reading import Mistakes, rows
from planning.figures.roles import Roles, roles_of
from planning.figures.spec import NOTHING_KNOWN, Spec, Unusable, asked
from planning.showing import Shown
from planning.wording import Words, words_in

WEEK = 7
MOST_WEEKS = HORIZON * 52 // 12
FEWEST, MOST = 6, 16
MOST_GOALS = 4  # a chart with more bars is not read
NEAR = 90  # days


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestone:
    """One piece of work of *days* days. *owner* is a role, *done_when* something that can be checked.

    *depends_on* are the ids of what has to be finished first; it begins no earlier than *not_before*
    days after the plan's start.
    """

    id: str
    name: str
    owner: str
    days: int
    deliverable: str
    done_when: str
    depends_on: tuple[str, ...] = ()
    not_before: int = 0


@dataclass(frozen=True, slots=True)
class Planned:
    """A milestone with its dates, both included.

    *early_start* to *late_finish* are days after the plan's start: a milestone of one day that
    begins at once starts at 0 and finishes at 1.
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
        """By how many days it may be late without moving the end of the plan."""
        return self.late_start - self.early_start

    @property
    def is_critical(self) -> bool:
        """Whether every day that it is late makes the plan late."""
        return self.slack == 0


@dataclass(frozen=True, slots=True)
class Schedule:
    """Milestones in an order in which each comes after what it depends on."""

    start: date
    milestones: tuple[Planned, ...]

    @property
    def end(self) -> date:
        """The last day of the last milestone."""
        return max((planned.end for planned in self.milestones), default=self.start)

    @property
    def critical_path(self) -> tuple[str, ...]:
        """The ids of the longest chain of milestones, from its first to the last of the plan.

        Of several equally long ones it is one; all their milestones are critical.
        """
        critical = {p.milestone.id: p for p in self.milestones if p.is_critical}
        last = max(critical.values(), key=lambda p: p.early_finish, default=None)
        chain: list[str] = []
        while last is not None:
            chain.append(last.milestone.id)
            before = (critical.get(other) for other in last.milestone.depends_on)
            begin = last.early_start
            last = next((p for p in before if p is not None and p.early_finish == begin), None)
        return tuple(reversed(chain))

    def find(self, milestone_id: str) -> Planned | None:
        """The milestone called *milestone_id*, if there is one."""
        return next((p for p in self.milestones if p.milestone.id == milestone_id), None)


@dataclass(frozen=True, slots=True)
class Step:
    """Something to do in the first 90 days: who, what, until when, and how one sees that it is done."""

    owner: str
    name: str
    by: date
    done_when: str


def compute(milestones: Sequence[Milestone], start: date) -> Schedule:
    """The schedule by the critical path method, from *start*.

    Raises `Unusable`, naming the ids, when milestones wait for one another or for an unknown one.
    """
    ordered = _ordered(milestones)
    finish: dict[str, int] = {}
    for m in ordered:
        ready = max((finish[other] for other in m.depends_on), default=0)
        finish[m.id] = max(ready, m.not_before) + m.days
    end = max(finish.values(), default=0)
    latest = dict.fromkeys(finish, end)
    for m in reversed(ordered):
        for other in m.depends_on:
            latest[other] = min(latest[other], latest[m.id] - m.days)
    planned = (_planned(m, finish[m.id], latest[m.id], start) for m in ordered)
    return Schedule(start, tuple(planned))


def _planned(m: Milestone, finish: int, latest: int, start: date) -> Planned:
    begin = finish - m.days
    first, last = start + timedelta(begin), start + timedelta(finish - 1)
    return Planned(m, begin, finish, latest - m.days, latest, first, last)


def _ordered(milestones: Sequence[Milestone]) -> tuple[Milestone, ...]:
    """*milestones* with each after those that it depends on; otherwise as they were given."""
    known = {m.id: m for m in milestones}
    if len(known) < len(milestones):
        raise Unusable(["milestones: two have the same id"])
    unknown = [(m.id, other) for m in milestones for other in m.depends_on if other not in known]
    if unknown:
        raise Unusable(
            f"milestone {m}: it comes after {other}, which is unknown" for m, other in unknown
        )
    ordered: dict[str, Milestone] = {}
    waiting = list(milestones)
    while waiting:
        ready = [m for m in waiting if all(other in ordered for other in m.depends_on)]
        if not ready:
            raise Unusable(
                [f"milestones wait for one another: {' → '.join(_cycle(known, waiting))}"]
            )
        ordered |= {m.id: m for m in ready}
        waiting = [m for m in waiting if m.id not in ordered]
    return tuple(ordered.values())


def _cycle(known: Mapping[str, Milestone], waiting: Sequence[Milestone]) -> list[str]:
    """The ids of a cycle, from one of them back to itself; there is one among *waiting*."""
    left = {m.id for m in waiting}
    path = [waiting[0].id]
    while path[-1] not in path[:-1]:
        path.append(next(other for other in known[path[-1]].depends_on if other in left))
    return path[path.index(path[-1]) :]


def next_90_days(schedule: Schedule, base: FactBase, brief: Brief) -> tuple[Step, ...]:
    """What to do first: find what is missing, finish what is due by then, and begin what goes on."""
    words, roles = words_in(brief.language), roles_of(brief)
    until = schedule.start + timedelta(NEAR - 1)
    steps = []
    if base.questions:
        name = words("figures.answer_questions", number=len(base.questions))
        done = words("figures.answer_questions_done")
        steps.append(Step(roles.lead, name, schedule.start + timedelta(29), done))
    for planned in schedule.milestones:
        m = planned.milestone
        if planned.end <= until:
            steps.append(Step(m.owner, m.name, planned.end, m.done_when))
        elif planned.start <= until:
            steps.append(Step(m.owner, words("figures.begun", name=m.name), planned.start, ""))
    return tuple(sorted(steps, key=lambda step: step.by))


# ---- what others are told


def facts(schedule: Schedule, brief: Brief) -> tuple[Fact, ...]:
    """`milestone.ID`, its `.start` and `.end`, `schedule.end` and `schedule.critical_path`."""
    return tuple(_facts(schedule, words_in(brief.language)))


def _facts(schedule: Schedule, words: Words) -> Iterator[Fact]:
    for planned in schedule.milestones:
        m = planned.milestone
        name, fact_id = plain(m.name, 80), f"milestone.{m.id}"
        basis = f"{m.owner}; after: {', '.join(m.depends_on) or '-'}"
        yield Fact(
            id=fact_id, label=words("figures.milestone"), value=name, origin="assumed", basis=basis
        )
        for side, day in (("start", planned.start), ("end", planned.end)):
            label = words(f"figures.fact_milestone_{side}", name=name)
            yield Fact(
                id=f"{fact_id}.{side}", label=label, value=day, origin="computed", basis="CPM"
            )
    label = words("figures.fact_plan_end")
    yield Fact(id="schedule.end", label=label, value=schedule.end, origin="computed", basis="CPM")
    yield Fact(
        id="schedule.critical_path",
        label=words("figures.fact_critical_path"),
        value=_path(schedule),
        origin="computed",
        basis="CPM",
    )


def milestone_ids(facts: FactBase) -> tuple[str, ...]:
    """The ids of the milestones that *facts* know, in their order."""
    names = (fact_id.split(".") for fact_id in facts.facts)
    return tuple(name[1] for name in names if name[0] == "milestone" and len(name) == 2)


def blocks(schedule: Schedule, base: FactBase, brief: Brief) -> tuple[Block, ...]:
    """The table of milestones, the Gantt chart and the next 90 days."""
    words, shown = words_in(brief.language), Shown(brief.language, brief.currency)
    return (
        _table(schedule, words, shown),
        Gantt(words("figures.schedule"), tuple(_bar(planned) for planned in schedule.milestones)),
        _first_steps(next_90_days(schedule, base, brief), words, shown),
    )


def _table(schedule: Schedule, words: Words, shown: Shown) -> Table:
    def row(planned: Planned) -> tuple[str, ...]:
        m = planned.milestone
        when = words(
            "figures.from_until", start=shown.day(planned.start), end=shown.day(planned.end)
        )
        return m.id, m.name, m.deliverable, m.owner, when, m.done_when, ", ".join(m.depends_on)

    shares = {
        "number": 0.5,
        "milestone": 2,
        "deliverable": 1.8,
        "owner": 1.2,
        "when": 1.3,
        "done_when": 1.8,
        "after": 0.8,
    }
    return Table(
        caption=words("figures.milestones"),
        columns=tuple(Column(words(f"figures.{c}"), share=share) for c, share in shares.items()),
        rows=tuple(row(planned) for planned in schedule.milestones),
        note=words(
            "figures.note_durations", start=shown.date(schedule.start), path=_path(schedule)
        ),
    )


def _bar(planned: Planned) -> Bar:
    m = planned.milestone
    return Bar(m.id, m.name, planned.start, planned.end, m.owner, planned.is_critical, m.depends_on)


def _first_steps(steps: Sequence[Step], words: Words, shown: Shown) -> Table:
    shares = {"what": 2.6, "who": 1.3, "by": 1, "done_when": 2}
    return Table(
        caption=words("figures.next_90_days"),
        columns=tuple(Column(words(f"figures.{c}"), share=share) for c, share in shares.items()),
        rows=tuple((s.name, s.owner, shown.day(s.by), s.done_when) for s in steps),
    )


def _path(schedule: Schedule) -> str:
    return " → ".join(schedule.critical_path)


# ---- what a model proposes, and what stands without one

EXAMPLE = [
    {
        "id": "m1",
        "name": "Register the association",
        "owner": "Director",
        "weeks": 6,
        "after": [],
        "deliverable": "Certificate of registration",
        "done_when": "The certificate is on file",
    },
    {
        "id": "m2",
        "name": "Pilot with 30 people",
        "owner": "Programme lead",
        "weeks": 12,
        "after": ["m1"],
        "deliverable": "Attendance lists",
        "done_when": "30 people have finished",
    },
]


@dataclass(frozen=True, slots=True)
class ScheduleSpec:
    """Milestones, proposed."""

    name: str = "milestones"

    def told(self, brief: Brief, _facts: FactBase, /) -> str:
        """The question, with the roles of the team."""
        roles = roles_of(brief)
        # Small models copy an example's owner, so it is one of the founder's own roles.
        owned = zip(EXAMPLE, cycle(roles.all), strict=False)
        example = [{**milestone, "owner": role} for milestone, role in owned]
        return asked(
            f"Propose 8 to 12 milestones for the first {HORIZON} months of the venture, as a list of"
            f' objects. "weeks" is how long one takes (1 to {MOST_WEEKS}), "after" lists the ids of'
            f' those that have to be finished first, "owner" is a role: one of'
            f" {', '.join(roles.all)}. No role owns more than a third. Cover"
            f" legal registration in {country_of(brief) or 'its country'}, measuring the starting"
            f" point, a pilot, its review, regular work and a public report. Begin at the earliest"
            f" date; leave some weeks free at the end.",
            example,
            brief,
        )

    def read(self, parsed: object, _facts: FactBase = NOTHING_KNOWN, /) -> tuple[Milestone, ...]:
        """Raises `Unusable` also for cycles and for a plan that does not fit into three years."""
        mistakes = Mistakes()
        found = tuple(
            Milestone(
                id=_id(row.text("id", 12)),
                name=row.text("name", 120),
                owner=row.text("owner", 60),
                days=row.whole("weeks", 1, MOST_WEEKS) * WEEK,
                deliverable=row.text("deliverable", 140),
                done_when=row.text("done_when", 140),
                depends_on=tuple(dict.fromkeys(_id(name) for name in row.names("after"))),
                not_before=row.whole("not_before", 0, MOST_WEEKS, absent=0) * WEEK,
            )
            for row in rows(parsed, self.name, mistakes, least=FEWEST, most=MOST)
        )
        mistakes.raise_any()
        length = max(p.early_finish for p in compute(found, date(2000, 1, 1)).milestones)
        if length > MOST_WEEKS * WEEK:
            mistakes.add(
                self.name, f"together they take {length // WEEK} weeks; {MOST_WEEKS} at most"
            )
        mistakes.raise_any()
        return found

    def default(self, brief: Brief, _facts: FactBase, /) -> tuple[Milestone, ...]:
        """Ten steps that every venture has, in the founder's words, and one for each of four goals."""
        steps = tuple(_steps(brief, roles_of(brief)))
        regular = compute(steps, brief.start).find("m9")
        return (*steps, *_goals(brief, regular.early_start if regular else 0))


def _id(text: str) -> str:
    """*text* as an id of a fact may be."""
    return re.sub(r"[^a-z0-9]", "", text.casefold())


# Which step, whose, how many weeks, and after which ones: durations are ours, and said to be assumed.
STEPS: tuple[tuple[str, str, int, tuple[str, ...]], ...] = (
    ("legal", "lead", 8, ()),
    ("team", "lead", 8, ()),
    ("baseline", "evaluation", 8, ()),
    ("funding", "finance", 16, ()),
    ("partners", "lead", 10, ("m1",)),
    ("prepare", "programme", 10, ("m2",)),
    ("pilot", "programme", 12, ("m1", "m3", "m6")),
    ("review", "evaluation", 4, ("m7",)),
    ("regular", "programme", 13, ("m4", "m5", "m8")),
    ("report", "evaluation", 6, ("m9",)),
)


def _steps(brief: Brief, roles: Roles) -> Iterator[Milestone]:
    words, idea = words_in(brief.language), brief.idea
    sought = figure(brief, "funding_sought") or figure(brief, "grant_request")
    shown = Shown(brief.language, brief.currency)
    said = {
        "country": country_of(brief) or words("figures.country_unknown"),
        "people": plain(idea.people, 60) or words("figures.people_unknown"),
        "place": place_of(brief) or words("figures.place_unknown"),
        "product": plain(idea.primary_product, 60) or words("figures.product_unknown"),
        "amount": shown.money(sought) if sought else words("figures.amount_unknown"),
        "roles": words("figures.comma").join(roles.open_roles),
    }
    for number, (step, kind, weeks, after) in enumerate(STEPS, start=1):
        key = "team_agreed" if step == "team" and not roles.open_roles else step
        yield Milestone(
            id=f"m{number}",
            name=words(f"schedule.{key}", **said),
            owner=getattr(roles, kind),
            days=weeks * WEEK,
            deliverable=words(f"schedule.{step}_deliverable"),
            done_when=words(f"schedule.{step}_done"),
            depends_on=after,
        )


def _goals(brief: Brief, begin: int) -> Iterator[Milestone]:
    """The founder's goals, worked for from the day on which regular work begins until they are due."""
    words, roles = words_in(brief.language), roles_of(brief)
    for goal in goals_of(brief)[:MOST_GOALS]:
        due = min(goal.due(brief.start), horizon(brief.start))
        days = (due - brief.start).days + 1 - begin
        yield Milestone(
            id=f"g{goal.id}",
            name=words("schedule.goal", number=goal.id, goal=plain(goal.text, 90)),
            owner=roles.lead if goal.id % 2 else roles.programme,
            days=max(days, WEEK),
            deliverable=words("schedule.goal_deliverable"),
            done_when=_counted(goal, brief, words),
            depends_on=("m8",),
        )


def _counted(goal: Goal, brief: Brief, words: Words) -> str:
    if goal.number is None:
        return words("schedule.goal_done_unnumbered")
    shown, due = Shown(brief.language, brief.currency), goal.due(brief.start)
    amount = shown.amount(goal.number, goal.unit)
    if due > horizon(brief.start):
        return words("schedule.goal_done_later", amount=amount, date=shown.date(due))
    return words("schedule.goal_done", amount=amount)


SPEC: Spec[tuple[Milestone, ...]] = ScheduleSpec()
