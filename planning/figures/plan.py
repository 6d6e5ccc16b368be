"""Everything that is computed for one brief, in one value: the facts, the figures and their blocks. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from planning.brief import Brief
from planning.content import Block
from planning.facts import Fact, FactBase
from planning.figures import (
    assumptions,
    budget,
    finance,
    finance_tables,
    indicators,
    raci,
    risks,
    schedule,
    sdg,
    theory,
)
from planning.figures.gathering import facts_said
from planning.figures.spec import Spec, Unusable

T = TypeVar("T")

# In the order in which one needs the facts of another.
SPECS: tuple[Spec[Any], ...] = (
    schedule.SPEC,
    assumptions.SPEC,
    indicators.SPEC,
    budget.SPEC,
    risks.SPEC,
    theory.SPEC,
    sdg.SPEC,
    raci.SPEC,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What was computed; *base* holds what was said, found, assumed and computed.

    *rejected* says why a proposal was left out, by its spec's name.
    """

    base: FactBase
    schedule: schedule.Schedule
    forecast: finance.Forecast
    indicators: tuple[indicators.Indicator, ...]
    budget: budget.Budget
    risks: tuple[risks.Risk, ...]
    theory: theory.Theory
    sdgs: tuple[sdg.Served, ...]
    raci: raci.Raci
    rejected: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def blocks(self, brief: Brief) -> Mapping[str, tuple[Block, ...]]:
        """The tables and charts of each part.

        The parts are `schedule` (milestones, Gantt, the next 90 days), `finance`, `indicators`,
        `budget`, `risks`, `theory`, `sdg` and `raci`.
        """
        return {
            "schedule": schedule.blocks(self.schedule, self.base, brief),
            "finance": finance_tables.blocks(self.forecast, brief),
            "indicators": indicators.blocks(self.indicators, brief),
            "budget": budget.blocks(self.budget, self.schedule, brief),
            "risks": risks.blocks(self.risks, brief),
            "theory": theory.blocks(self.theory, brief),
            "sdg": sdg.blocks(self.sdgs, self.indicators, brief),
            "raci": raci.blocks(self.raci, self.schedule, brief),
        }


def planned(
    brief: Brief,
    proposals: Mapping[str, Any] | None = None,
    sourced: tuple[Fact, ...] = (),
) -> Plan:
    """The plan of *brief*.

    *proposals* are values that specs have read, by the spec's name; *sourced* are facts that
    research has found. Where there is no proposal, or it does not fit to the others, the default
    stands.
    """
    proposals, rejected = proposals or {}, dict[str, tuple[str, ...]]()

    def made(spec: Spec[T], base: FactBase, compute: Callable[[T], Any]) -> Any:
        if spec.name in proposals:
            try:
                return compute(proposals[spec.name])
            except Unusable as unusable:
                rejected[spec.name] = unusable.errors
        return compute(spec.default(brief, base))

    base = facts_said(brief).having(sourced)
    dates = made(schedule.SPEC, base, lambda p: schedule.compute(p, brief.start))
    base = base.having(schedule.facts(dates, brief))
    forecast = made(assumptions.SPEC, base, lambda p: finance.compute(p, brief, base))
    base = base.having(
        finance_tables.facts(forecast, brief), finance_tables.questions(forecast, brief)
    )
    measures = made(indicators.SPEC, base, lambda p: indicators.compute(p, brief))
    money = made(budget.SPEC, base, lambda p: budget.compute(p, brief, dates))
    register = made(risks.SPEC, base, lambda p: risks.compute(p, brief, dates, forecast))
    served = made(sdg.SPEC, base, lambda p: sdg.compute(p, measures, brief))
    return Plan(
        base=base.having(
            (
                *indicators.facts(measures, brief),
                *budget.facts(money, brief),
                *risks.facts(register, brief),
                *sdg.facts(served, brief),
            ),
            sdg.questions(served, brief),
        ),
        schedule=dates,
        forecast=forecast,
        indicators=measures,
        budget=money,
        risks=register,
        theory=made(theory.SPEC, base, lambda p: theory.compute(p, brief)),
        sdgs=served,
        raci=made(raci.SPEC, base, lambda p: raci.compute(p, dates, brief)),
        rejected=rejected,
    )
