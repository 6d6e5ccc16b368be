"""The founder's goals as something to count: how much of what, from where, until when. Pure."""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from planning.brief import Brief
from planning.figures.months import HORIZON, YEAR, month_end
from planning.figures.plain import plain
from planning.figures.quantities import Period, Quantity, quantities
from planning.wording import words_in

MOST_GOALS = 12
# What stands between the two shares of `from 38 % to 60 %`.
TO = re.compile(r"\s*(?:to|a|à|auf|bis|até|para|до|إلى|الى|से)\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """One goal in the founder's words; *id* counts from 1 and keeps its place in the list.

    *number* is None when the goal has none, *baseline* when the founder does not say where it
    begins, and *by_year* when no year is named.
    """

    id: int
    text: str
    number: Decimal | None = None
    unit: str = ""
    per: Period = ""
    baseline: Decimal | None = None
    by_year: int | None = None

    @property
    def is_share(self) -> bool:
        """Whether it is told in percent: a change of something that has to be measured first."""
        return self.unit == "%"

    def due(self, start: date) -> date:
        """The day until which it counts.

        Without a year of the founder's: the second year for what comes again each year, since the
        first builds it up, else the whole plan. A year that has passed is not taken.
        """
        if self.by_year is not None and date(self.by_year, 12, 31) > start:
            return date(self.by_year, 12, 31)
        return month_end(start, 2 * YEAR if self.per else HORIZON)


def goals_of(brief: Brief) -> tuple[Goal, ...]:
    """The goals that say something, in their order."""
    texts = (plain(text) for text in brief.idea.goals)
    said = [text for text in texts if any(c.isalnum() for c in text)][:MOST_GOALS]
    return tuple(_goal(n, text, brief.language) for n, text in enumerate(said, start=1))


def _goal(number: int, text: str, language: str) -> Goal:
    found = [q for q in quantities(text, language) if q.value > 0]
    if not found:
        return Goal(id=number, text=text)
    main, baseline = next((q for q in found if q.unit), found[0]), None
    if len(found) > 1 and _is_from_to(text, found[0], found[1]):
        main, baseline = found[1], found[0].value
    spoken = words_in(language).is_spoken
    unit = main.unit if spoken or main.unit == "%" else ""
    return Goal(
        id=number,
        text=text,
        number=main.value,
        unit=unit,
        per=main.per,
        baseline=baseline,
        by_year=main.by_year,
    )


def _is_from_to(text: str, first: Quantity, second: Quantity) -> bool:
    between = text[first.end : second.start]
    return first.unit == second.unit == "%" and TO.fullmatch(between) is not None
