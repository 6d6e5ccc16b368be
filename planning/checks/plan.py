"""Checks of a plan: milestones, roles, indicators, theory of change, risks. Pure."""

import re
from collections import Counter
from collections.abc import Iterator

from planning.checks.base import Hit, Subject, hit
from planning.checks.vocabulary import speaks_of
from planning.figures.goals import goals_of
from planning.figures.months import horizon
from planning.figures.risks import regulated
from planning.figures.roles import roles_of
from planning.figures.schedule import Schedule, compute
from planning.figures.spec import Unusable
from planning.research.places import country_name, country_of

FEWEST_MILESTONES = 6
MOST_OWNED = 40  # percent of the milestones
FEWEST_RISKS = 5
COVER_FROM = 15  # a risk with this score needs something that stands ready
LEAST_SPAN = 50  # percent of the three years that the milestones reach into

_STEP = re.compile(r"(?m)^\s*\d{1,2}[.)]\s+\*{0,2}([^\n*]{3,120})")


def milestones_complete(subject: Subject) -> Iterator[Hit]:
    """There are at least six milestones, each with an owner, dates, a result, and how one sees that it is done."""
    schedule = subject.has.schedule
    if schedule is None:
        return
    if len(schedule.milestones) < FEWEST_MILESTONES:
        yield hit(
            "milestones", variant="few", number=len(schedule.milestones), least=FEWEST_MILESTONES
        )
    for planned in schedule.milestones:
        m = planned.milestone
        if not all(text.strip() for text in (m.id, m.name, m.owner, m.deliverable, m.done_when)):
            yield hit("milestones", m.name or m.id)


def milestones_in_order(subject: Subject) -> Iterator[Hit]:
    """Every milestone ends after it begins and begins after those that it waits for, without a circle."""
    schedule = subject.has.schedule
    if schedule is None:
        return
    yield from misplaced(schedule, "milestones")


def misplaced(schedule: Schedule, section: str) -> Iterator[Hit]:
    """The milestones of *schedule* that cannot be kept."""
    ends = {planned.milestone.id: planned.end for planned in schedule.milestones}
    for planned in schedule.milestones:
        m = planned.milestone
        waits_for = [
            other for other in m.depends_on if other not in ends or ends[other] >= planned.start
        ]
        if planned.end < planned.start or waits_for:
            yield hit(section, m.name, after=", ".join(waits_for) or m.id)
    try:
        again = compute([planned.milestone for planned in schedule.milestones], schedule.start)
    except Unusable:
        yield hit(section, variant="circle")
    else:
        if again.critical_path != schedule.critical_path:
            yield hit(section, variant="critical_path")


def work_shared(subject: Subject) -> Iterator[Hit]:
    """Nobody owns most milestones, and they reach into the plan without filling it to its last day."""
    schedule = subject.has.schedule
    if schedule is None or not schedule.milestones:
        return
    owners = Counter(planned.milestone.owner for planned in schedule.milestones)
    owner, most = owners.most_common(1)[0]
    if 100 * most > MOST_OWNED * len(schedule.milestones) and len(schedule.milestones) > 1:
        yield hit("milestones", owner, owner=owner, percent=100 * most // len(schedule.milestones))
    start, end = schedule.start, horizon(schedule.start)
    span = 100 * (schedule.end - start).days // max(1, (end - start).days)
    if span < LEAST_SPAN:
        yield hit("milestones", variant="short", percent=span)
    elif any(p.end >= end for p in schedule.milestones if not p.milestone.id.startswith("g")):
        # Work on a goal (g1, g2, …) goes on to the end of the plan; a step of its own should not.
        yield hit("milestones", variant="full")


def duties_clear(subject: Subject) -> Iterator[Hit]:
    """Each activity has one role that answers for it, at least one that works on it, and all of them exist."""
    raci = subject.has.raci
    if raci is None:
        return
    roles = {*roles_of(subject.brief).all, *raci.open_roles}
    for duty in raci.duties:
        named = (duty.accountable, *duty.responsible, *duty.consulted, *duty.informed)
        if not duty.accountable or not duty.responsible:
            yield hit("team", duty.activity)
        for role in dict.fromkeys(name for name in named if name and name not in roles):
            yield hit("team", duty.activity, "role", role=role)
    for activity, number in Counter(duty.activity for duty in raci.duties).items():
        if number > 1:
            yield hit("team", activity)


def indicators_complete(subject: Subject) -> Iterator[Hit]:
    """Each goal has an indicator, and every indicator a unit, a start, a target, a source and an owner."""
    indicators = subject.has.indicators
    if indicators is None:
        return
    for each in indicators:
        has_start = each.baseline is not None or each.baseline_by is not None
        words = (each.metric, each.source, each.frequency, each.owner)
        # The founder's own words say what they count.
        has_unit = bool(each.unit.strip()) or each.target is None or each.is_founders
        if not (all(text.strip() for text in words) and has_start and has_unit):
            yield hit("indicators", each.metric or each.id)
        elif each.target is not None and each.target == each.baseline:
            yield hit("indicators", each.metric, "no_change")
    measured = {each.goal for each in indicators}
    for goal in goals_of(subject.brief):
        if goal.id not in measured:
            yield hit("indicators", goal.text, "goal")


def theory_whole(subject: Subject) -> Iterator[Hit]:
    """Every activity leads over an output to an outcome, and each link says what has to be true for it."""
    theory = subject.has.theory
    if theory is None:
        return
    for link in theory.links:
        if not all(text.strip() for text in (link.activity, link.output, link.outcome)):
            yield hit("theory", link.activity or link.output or link.outcome)
        elif not link.assumption.strip():
            yield hit("theory", link.outcome, "assumption")
        if link.term not in ("short", "medium", "long"):
            yield hit("theory", link.outcome, "term")
    if not theory.links or not theory.impact.strip():
        yield hit("theory", variant="impact")
    schedule = subject.has.schedule
    if schedule is not None:
        known = {p.milestone.id for p in schedule.milestones} | {
            p.milestone.name for p in schedule.milestones
        }
        for activity in dict.fromkeys(link.activity for link in theory.links):
            if activity.strip() and activity not in known and re.fullmatch(r"m\d+", activity):
                yield hit("theory", activity, "orphan")


def risks_covered(subject: Subject) -> Iterator[Hit]:
    """There are five risks or more with an owner, an answer and a sign, and a cover for the worst."""
    risks = subject.has.risks
    if risks is None:
        return
    if len(risks) < FEWEST_RISKS:
        yield hit("risks", variant="few", number=len(risks), least=FEWEST_RISKS)
    for each in risks:
        if (
            not (1 <= each.likelihood <= 5 and 1 <= each.impact <= 5)
            or each.score != each.likelihood * each.impact
        ):
            yield hit("risks", each.risk, "score")
        elif not all(
            text.strip() for text in (each.risk, each.owner, each.mitigation, each.trigger)
        ):
            yield hit("risks", each.risk)
        elif each.score >= COVER_FROM and not each.cover.strip():
            yield hit("risks", each.risk, "cover", score=each.score)


def rules_watched(subject: Subject) -> Iterator[Hit]:
    """Work with health, children, money or food has a risk or a step about the rules for it."""
    risks = " ".join(f"{r.risk} {r.mitigation}" for r in subject.has.risks or ())
    section = subject.section("operations")
    if not risks and section is None:
        return
    answers = f"{risks} {section.text if section else ''}"
    for field in regulated(subject.brief):
        if not speaks_of(f"{field}_rule", answers):
            yield hit("risks", variant=field)


def legal_steps_placed(subject: Subject) -> Iterator[Hit]:
    """Legal steps name their country, and raising money is a part of the timeline rather than a step."""
    country = country_name(country_of(subject.brief), subject.language)
    place = subject.brief.idea.place
    operations = subject.section("operations", "legal")
    if country and operations is not None:
        text = f"{operations.title} {operations.text}".casefold()
        if speaks_of("legal", text) and not any(
            p and p.casefold() in text for p in (country, place)
        ):
            first = next((s for s in subject.sentences(operations) if speaks_of("legal", s)), "")
            yield hit(operations.id, first, country=country)
    steps = subject.section("steps", "step_by_step")
    if steps is not None:
        for step in _STEP.findall(steps.text):
            if speaks_of("fundraising", step):
                yield hit(steps.id, step.strip(), "fundraising")
