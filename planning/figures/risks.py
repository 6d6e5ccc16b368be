"""The risk register: likelihood times impact, who watches each risk, and what stands ready for the worst. Pure."""

import functools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Literal

from planning.brief import Brief
from planning.content import Block, Column, Table
from planning.facts import Fact, FactBase
from planning.figures.finance import Forecast
from planning.figures.gathering import country_of, market_size, place_of
from planning.figures.goals import Goal, goals_of
from planning.figures.months import month_start
from planning.figures.plain import plain
from planning.figures.reading import Mistakes, rows
from planning.figures.roles import Roles, roles_of
from planning.figures.schedule import Planned, Schedule, milestone_ids
from planning.figures.spec import NOTHING_KNOWN, Spec, Unusable, asked
from planning.showing import UNKNOWN, Shown
from planning.wording import Words, words_in

Band = Literal["low", "medium", "high", "critical"]

FEWEST, MOST = 5, 12
CRITICAL = 15  # a score from which something has to stand ready
RESERVE = "reserve"
LARGE_SHARE = Decimal(60)  # percent of the income from one source


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """*likelihood* and *impact* from 1 to 5.

    *cover* is what stands ready: a milestone's id or `reserve`. A score of 15 or more has one.
    """

    risk: str
    likelihood: int
    impact: int
    owner: str
    mitigation: str
    trigger: str
    cover: str = ""

    @property
    def score(self) -> int:
        """From 1 to 25."""
        return self.likelihood * self.impact

    @property
    def band(self) -> Band:
        """How serious the score is; the thresholds are fixed."""
        if self.score >= CRITICAL:
            return "critical"
        if self.score >= 10:
            return "high"
        return "medium" if self.score >= 5 else "low"


def compute(
    proposed: Sequence[Risk], brief: Brief, schedule: Schedule, forecast: Forecast
) -> tuple[Risk, ...]:
    """The register, worst first: what is proposed, or else what the plan itself shows.

    Regulated fields always have their row. Raises `Unusable` for cover that is not there: a
    milestone that is unknown, a reserve where no cash is left at the end of the first year.
    """
    found = list(proposed) or list(_shown_by(brief, schedule, forecast))
    found += _regulated(brief)
    errors = [
        f"risks: {risk.risk}: {e}" for risk in found if (e := _uncovered(risk, schedule, forecast))
    ]
    if errors:
        raise Unusable(errors)
    return tuple(sorted(found, key=lambda risk: -risk.score))


def _uncovered(risk: Risk, schedule: Schedule, forecast: Forecast) -> str:
    """What is wrong with the cover of *risk*; empty for nothing."""
    if risk.cover == RESERVE:
        reserve = forecast.measures.reserve_months[0] if forecast.measures else None
        return "" if reserve else "there is no reserve; name a milestone"
    if risk.cover:
        return "" if schedule.find(risk.cover) else f"milestone {risk.cover} is unknown"
    return f"score {risk.score} needs a cover" if risk.score >= CRITICAL else ""


def regulated(brief: Brief) -> tuple[str, ...]:
    """The fields with rules of their own that the idea touches: health, children, finance, food."""
    idea = brief.idea
    texts = (idea.name, idea.mission, idea.primary_product, idea.people, *idea.goals)
    folded = " ".join(plain(text, 500) for text in texts).casefold()
    return tuple(field for field, pattern in _fields().items() if pattern.search(folded))


@functools.cache
def _fields() -> Mapping[str, re.Pattern[str]]:
    """For each field a pattern of the beginnings of its words, in all languages."""
    stems = json.loads((Path(__file__).parent / "regulated.json").read_text(encoding="utf-8"))
    return {
        field: re.compile(rf"(?<!\w)(?:ال)?(?:{'|'.join(map(re.escape, words))})")
        for field, words in stems.items()
    }


# ---- what the plan itself shows


def _shown_by(brief: Brief, schedule: Schedule, forecast: Forecast) -> Iterator[Risk]:
    teller = _Teller(words_in(brief.language), roles_of(brief))
    yield _of_money(teller, brief, schedule, forecast)
    yield from _of_income(teller, brief, forecast)
    yield from _of_people(teller, brief, schedule)
    yield from _of_time(teller, brief, schedule)
    yield from _of_goals(teller, brief, schedule)
    place = place_of(brief) or teller.words("figures.place_unknown")
    yield teller.tell("partners", 2, 3, teller.roles.lead, place=place)


@dataclass(frozen=True, slots=True)
class _Teller:
    """Writes a risk with its mitigation and trigger from the words called *key*, `_do` and `_sign`."""

    words: Words
    roles: Roles

    def tell(
        self, key: str, likelihood: int, impact: int, owner: str, cover: str = "", **said: str
    ) -> Risk:
        return Risk(
            risk=self.words(f"risks.{key}", **said),
            likelihood=likelihood,
            impact=impact,
            owner=owner,
            mitigation=self._filled(f"{key}_do", said),
            trigger=self._filled(f"{key}_sign", said),
            cover=cover,
        )

    def _filled(self, key: str, said: Mapping[str, str]) -> str:
        """`str.format` without values leaves braces as they are; texts without places need none."""
        return self.words(f"risks.{key}", **said) if said else self.words(f"risks.{key}")


def _of_money(teller: _Teller, brief: Brief, schedule: Schedule, forecast: Forecast) -> Risk:
    finance = teller.roles.finance
    cover = _milestone_of(finance, schedule)
    if forecast.measures is None:
        names = (teller.words(f"figures.{name}") for name in forecast.missing)
        what = teller.words("figures.comma").join(names)
        return teller.tell("unknown_costs", 4, 4, finance, cover, what=what)
    shown = Shown(brief.language, brief.currency)
    gap, month = forecast.measures.funding_gap, forecast.measures.minimum_cash_month
    key, likelihood, impact, amount = "gap", 4, 5, gap
    if not gap:  # then the low scenario is what threatens
        low = forecast.scenarios[0].closing
        key, likelihood, impact, amount = "low_cash", 2, 4, min(low)
        month = low.index(amount) + 1
    when = shown.month(month_start(brief.start, month - 1))
    return teller.tell(
        key, likelihood, impact, finance, cover, amount=shown.money(amount), month=when
    )


def _of_income(teller: _Teller, brief: Brief, forecast: Forecast) -> Iterator[Risk]:
    measures = forecast.measures
    if measures and measures.largest_source and measures.largest_source[1] > LARGE_SHARE:
        source, share = measures.largest_source
        told = teller.words(
            "figures.source_share", source=source, share=Shown(brief.language, "").percent(share)
        )
        yield teller.tell("one_source", 3, 4, teller.roles.finance, source=told)
    sold = next(a for a in forecast.assumptions if a.id == "units_per_month")
    if sold.value:
        units = Shown(brief.language, brief.currency).number(sold.value)
        yield teller.tell("sales", 3, 4, teller.roles.programme, units=units)


def _of_people(teller: _Teller, brief: Brief, schedule: Schedule) -> Iterator[Risk]:
    roles = teller.roles
    held = [role for role in roles.team if role not in roles.open_roles]
    if len(held) <= 1:
        yield teller.tell("one_person", 3, 4, roles.lead, role=(held or [roles.lead])[0])
    owned = [p.start for p in schedule.milestones if p.milestone.owner in roles.open_roles]
    if roles.open_roles and owned:
        day = Shown(brief.language, brief.currency).day(min(owned))
        said = {"roles": teller.words("figures.comma").join(roles.open_roles), "date": day}
        yield teller.tell("open_roles", 3, 4, roles.lead, **said)


def _of_time(teller: _Teller, brief: Brief, schedule: Schedule) -> Iterator[Risk]:
    """The critical milestone that takes longest, among those that are not a goal kept to its date."""
    critical = [p for p in schedule.milestones if p.milestone.id in schedule.critical_path]
    inner = critical[:-1] or critical
    if inner:
        longest = max(inner, key=lambda p: p.milestone.days)
        end = Shown(brief.language, brief.currency).day(schedule.end)
        said = {"milestone": plain(longest.milestone.name, 90), "date": end}
        yield teller.tell("delay", 3, 3, longest.milestone.owner, **said)


def _of_goals(teller: _Teller, brief: Brief, schedule: Schedule) -> Iterator[Risk]:
    goals, evaluation = goals_of(brief), teller.roles.evaluation
    if not goals:
        people = plain(brief.idea.people, 80) or teller.words("figures.people_unknown")
        yield teller.tell("no_goals", 4, 3, evaluation, people=people)
    counted = [g for g in goals if not g.is_share and g.number is not None]
    if counted:
        largest = max(counted, key=lambda goal: goal.number or 0)
        yield _of_reach(teller, brief, schedule, largest)
    unmeasured = next((g for g in goals if g.is_share and g.baseline is None), None)
    if unmeasured:
        yield teller.tell("baseline", 4, 3, evaluation, goal=plain(unmeasured.text, 90))


def _of_reach(teller: _Teller, brief: Brief, schedule: Schedule, goal: Goal) -> Risk:
    """The largest goal may be missed; or it is larger than the market that the founder names."""
    text, programme = plain(goal.text, 90), teller.roles.programme
    size, number = market_size(brief), goal.number or Decimal(0)
    if size is None or size.unit.casefold() != goal.unit.casefold() or number <= size.value:
        return teller.tell("reach", 3, 4, programme, goal=text)
    told = Shown(brief.language, brief.currency).number(size.value)
    larger = teller.words("risks.too_large", goal=text, size=told)
    cover = _milestone_of(teller.roles.evaluation, schedule)
    return replace(teller.tell("reach", 4, 4, programme, cover, goal=text), risk=larger)


def _milestone_of(role: str, schedule: Schedule) -> str:
    """The first milestone that *role* owns, else the first of all: what stands ready."""
    owned: list[Planned] = [p for p in schedule.milestones if p.milestone.owner == role]
    return (owned or list(schedule.milestones))[0].milestone.id


def _regulated(brief: Brief) -> list[Risk]:
    words, lead = words_in(brief.language), roles_of(brief).lead
    country = country_of(brief) or words("figures.country_unknown")
    return [
        Risk(
            risk=words(f"risks.{field}"),
            likelihood=2,
            impact=5,
            owner=lead,
            mitigation=words("risks.compliance_do", country=country),
            trigger=words("risks.compliance_sign"),
        )
        for field in regulated(brief)
    ]


# ---- what others are told


def facts(risks: Sequence[Risk], brief: Brief) -> tuple[Fact, ...]:
    """`risk.top`, the one with the highest score."""
    label = words_in(brief.language)("figures.fact_top_risk")
    top = risks[0]
    basis = f"{top.likelihood} x {top.impact}"
    return (Fact(id="risk.top", label=label, value=top.risk, origin="computed", basis=basis),)


def blocks(risks: Sequence[Risk], brief: Brief) -> tuple[Block, ...]:
    """The register as a table, worst first."""
    words = words_in(brief.language)

    def cover(risk: Risk) -> str:
        if risk.cover == RESERVE:
            return words("figures.cover_reserve")
        return words("figures.milestone_named", id=risk.cover) if risk.cover else UNKNOWN

    shares = {"number": 0.5, "risk": 2.2, "likelihood": 0.8, "impact_score": 0.8, "score": 1.1}
    shares |= {"owner": 1.2, "mitigation": 2.2, "trigger": 1.6, "cover": 1}
    return (
        Table(
            caption=words("figures.risks"),
            columns=tuple(
                Column(words(f"figures.{c}"), "center" if share < 1 else "start", share)
                for c, share in shares.items()
            ),
            rows=tuple(
                (
                    f"r{number}",
                    risk.risk,
                    str(risk.likelihood),
                    str(risk.impact),
                    words(
                        "figures.score_and_band",
                        score=risk.score,
                        band=words(f"figures.band_{risk.band}"),
                    ),
                    risk.owner,
                    risk.mitigation,
                    risk.trigger,
                    cover(risk),
                )
                for number, risk in enumerate(risks, start=1)
            ),
            note=words("figures.note_risks"),
        ),
    )


# ---- what a model proposes

EXAMPLE = [
    {
        "risk": "The rains close the road to the workshop",
        "likelihood": 3,
        "impact": 4,
        "owner": "Programme lead",
        "mitigation": "Hold courses in two places",
        "trigger": "A week without access",
        "cover": "m5",
    }
]


@dataclass(frozen=True, slots=True)
class RiskSpec:
    """Risks, proposed."""

    name: str = "risks"

    def told(self, brief: Brief, facts: FactBase, /) -> str:
        """The question, with the milestones that may stand ready."""
        reserve = (RESERVE,) if facts.number("finance.reserve.year1") else ()
        known = ", ".join((*milestone_ids(facts), *reserve)) or "the milestones' ids"
        return asked(
            f"Name 5 to 8 risks of this very venture (its place, people, product, season, law, money),"
            f' as a list of objects. "likelihood" and "impact" are whole numbers from 1 to 5,'
            f' "trigger" is a sign that can be seen, "owner" one of {", ".join(roles_of(brief).all)}.'
            f" Where likelihood times impact is {CRITICAL} or more,"
            f' "cover" names what stands ready: one of {known}.',
            EXAMPLE,
            brief,
        )

    def read(self, parsed: object, facts: FactBase = NOTHING_KNOWN, /) -> tuple[Risk, ...]:
        """Raises `Unusable` also for a critical risk for which nothing stands ready."""
        mistakes, known = Mistakes(), milestone_ids(facts)
        found = []
        for row in rows(parsed, self.name, mistakes, least=FEWEST, most=MOST):
            risk = Risk(
                risk=row.text("risk", 160),
                likelihood=row.whole("likelihood", 1, 5),
                impact=row.whole("impact", 1, 5),
                owner=row.text("owner", 60),
                mitigation=row.text("mitigation", 200),
                trigger=row.text("trigger", 140),
                cover=row.choice("cover", ("", *known, RESERVE), absent="")
                if known
                else row.text("cover", 12, least=0),
            )
            if risk.score >= CRITICAL and not risk.cover:
                mistakes.add(f"{row.where}.cover", f"a score of {risk.score} needs one")
            found.append(risk)
        mistakes.raise_any()
        return tuple(found)

    def default(self, _brief: Brief, _facts: FactBase, /) -> tuple[Risk, ...]:
        """Nothing: `compute` reads the risks from the plan itself."""
        return ()


SPEC: Spec[tuple[Risk, ...]] = RiskSpec()
