"""What the finances assume: the founder's figures, a source's, or a proposal, each with its range. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from planning.brief import Brief
from planning.facts import FactBase
from planning.figures.gathering import MOST_COUNTED, currency_of, figure
from planning.figures.months import HORIZON, YEAR
from planning.figures.plain import plain
from planning.figures.reading import Mistakes, Row, row, rows
from planning.figures.roles import team_roles
from planning.figures.spec import NOTHING_KNOWN, Spec, asked
from planning.showing import Shown
from planning.wording import Words, words_in

Origin = Literal["founder", "source", "assumption"]

CENT = Decimal("0.01")
# The range around a figure for which nobody gave one, as parts of it: income falls short more
# easily than it exceeds, costs exceed more easily.
INCOME_RANGE = (Decimal("0.80"), Decimal("1.10"))
COST_RANGE = (Decimal("0.95"), Decimal("1.15"))
CERTAIN = (Decimal(1), Decimal(1))
# Sales begin when the pilot of the default schedule does: month 5, or 3 to 8.
FIRST_SALE = (Decimal(3), Decimal(5), Decimal(8))
MOST_RATIO = 3  # of a year's proposed costs to the annual budget that the founder gave
MOST_PAID = Decimal(10) ** 10

# What a model may propose, with the plausible range of its value.
DRIVERS: Mapping[str, tuple[Decimal, Decimal]] = {
    "price": (Decimal(0), MOST_PAID),
    "units_per_month": (Decimal(0), Decimal(10) ** 7),
    "unit_cost": (Decimal(0), MOST_PAID),
    "first_sale_month": (Decimal(1), Decimal(HORIZON)),
    "monthly_growth": (Decimal(0), Decimal(10)),
    "monthly_donations": (Decimal(0), MOST_PAID),
    "launch_costs": (Decimal(0), MOST_PAID),
}
MONTHLY = ("units_per_month", "monthly_donations", "monthly_staff_costs", "monthly_other_costs")
COSTS = ("first_sale_month", "unit_cost", "launch_costs")  # more of them is less cash


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumption:
    """A driver of the forecast. *value* is None when nobody has said it: "data needed".

    *low* and *high* are the ends of its range, low <= value <= high. *unit* is that of a fact, or
    `month` for a month of the plan; *is_monthly* says that it comes each month. *is_cost* says that
    more of it is less cash; *from_month* when a running cost begins. *basis* says why.
    """

    id: str
    label: str
    value: Decimal | None
    low: Decimal | None
    high: Decimal | None
    unit: str
    origin: Origin
    basis: str = ""
    is_monthly: bool = False
    is_cost: bool = False
    from_month: int = 1


@dataclass(frozen=True, slots=True)
class Driver:
    """A proposed value with its range, and why."""

    id: str
    value: Decimal
    low: Decimal
    high: Decimal
    why: str


@dataclass(frozen=True, slots=True)
class Post:
    """*people* in one role, each paid *monthly_pay* from *from_month* on."""

    role: str
    people: Decimal
    monthly_pay: Decimal
    from_month: int


@dataclass(frozen=True, slots=True)
class RunningCost:
    """What is paid each month from *from_month* on."""

    name: str
    monthly: Decimal
    from_month: int


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a model proposes for the finances; empty for a plan that rests on the founder alone."""

    drivers: tuple[Driver, ...] = ()
    staff: tuple[Post, ...] = ()
    costs: tuple[RunningCost, ...] = ()


def assumptions(proposal: Proposal, brief: Brief, base: FactBase) -> tuple[Assumption, ...]:
    """Every driver of the finances; what the founder said comes before a source, that before a proposal.

    A total that the founder gave for staff or other costs stands alone: proposed parts of it would
    be a second version of the same money.
    """
    return tuple(_assumptions(proposal, brief, base))


def _assumptions(proposal: Proposal, brief: Brief, base: FactBase) -> Iterator[Assumption]:
    words, money = words_in(brief.language), currency_of(brief)
    proposed = {driver.id: driver for driver in proposal.drivers}

    def driver(name: str) -> Assumption | None:
        unit = "units" if name == "units_per_month" else money
        return _driver(name, brief, base, proposed, unit, words)

    yield _opening(brief, words, money)
    if grants := figure(brief, "grants_secured"):
        yield _from(grants, CERTAIN, "grants_secured", words, money, "founder")
    if donations := driver("monthly_donations"):
        yield donations
    price, sold = driver("price"), driver("units_per_month")
    yield price or _unknown("price", words, money)
    yield sold or _unknown("units_per_month", words, "units")
    is_given_away = "unit_cost" in proposed
    if price and sold and sold.value and (price.value or is_given_away):
        yield from _of_sales(proposed, words, money)
    yield from _staff(proposal, brief, words, money)
    yield from _other(proposal, brief, words, money)
    yield driver("launch_costs") or _unknown("launch_costs", words, money)


def _opening(brief: Brief, words: Words, money: str) -> Assumption:
    cash = figure(brief, "opening_cash")
    if cash is not None:
        return _from(cash, CERTAIN, "opening_cash", words, money, "founder")
    basis = words("figures.basis_zero")
    return _from(Decimal(0), CERTAIN, "opening_cash", words, money, "assumption", basis)


def _driver(
    name: str,
    brief: Brief,
    base: FactBase,
    proposed: Mapping[str, Driver],
    unit: str,
    words: Words,
) -> Assumption | None:
    """What is known of *name*; None when nobody says anything."""
    around = COST_RANGE if name in COSTS else INCOME_RANGE
    said, sourced = figure(brief, name), base.facts.get(name)
    if said is not None:
        return _from(said, around, name, words, unit, "founder")
    if sourced is not None and sourced.origin == "sourced" and isinstance(sourced.value, Decimal):
        return _from(sourced.value, around, name, words, unit, "source", sourced.basis)
    return _proposed(proposed[name], unit, words) if name in proposed else None


def _of_sales(proposed: Mapping[str, Driver], words: Words, money: str) -> Iterator[Assumption]:
    """What sales need beside price and number: cost of a unit, first month, growth."""
    early, usual, late = FIRST_SALE
    zero = Decimal(0)
    unproposed = (
        Driver("unit_cost", zero, zero, zero, words("figures.basis_unit_cost")),
        Driver("first_sale_month", usual, early, late, words("figures.basis_first_sale")),
        Driver("monthly_growth", zero, zero, zero, words("figures.basis_no_growth")),
    )
    units = {
        "unit_cost": money,
        "first_sale_month": "month",
        "monthly_growth": "%",
    }
    for driver in unproposed:
        yield _proposed(proposed.get(driver.id, driver), units[driver.id], words)


def _staff(proposal: Proposal, brief: Brief, words: Words, unit: str) -> Iterator[Assumption]:
    total = figure(brief, "monthly_staff_costs")
    if total is not None:
        yield _from(total, COST_RANGE, "monthly_staff_costs", words, unit, "founder")
    elif not proposal.staff:
        yield _unknown("monthly_staff_costs", words, unit)
    else:
        shown = Shown(brief.language, brief.currency)
        for number, post in enumerate(proposal.staff, start=1):
            label = words(
                "figures.post",
                role=post.role,
                people=shown.number(post.people),
                month=post.from_month,
            )
            monthly = _cents(post.people * post.monthly_pay)
            yield _running(f"staff.{number}", label, monthly, unit, post.from_month)


def _other(proposal: Proposal, brief: Brief, words: Words, unit: str) -> Iterator[Assumption]:
    total = figure(brief, "monthly_other_costs")
    if total is not None:
        yield _from(total, COST_RANGE, "monthly_other_costs", words, unit, "founder")
    elif not proposal.costs:
        yield _unknown("monthly_other_costs", words, unit)
    else:
        for number, cost in enumerate(proposal.costs, start=1):
            label = words("figures.running", name=cost.name, month=cost.from_month)
            yield _running(f"other.{number}", label, cost.monthly, unit, cost.from_month)


def _running(cost_id: str, label: str, monthly: Decimal, unit: str, from_month: int) -> Assumption:
    least, most = (_cents(monthly * part) for part in COST_RANGE)
    return Assumption(
        id=cost_id,
        label=label,
        value=monthly,
        low=least,
        high=most,
        unit=unit,
        origin="assumption",
        is_monthly=True,
        is_cost=True,
        from_month=from_month,
    )


def _from(
    value: Decimal,
    around: tuple[Decimal, Decimal],
    name: str,
    words: Words,
    unit: str,
    origin: Origin,
    basis: str = "",
) -> Assumption:
    """A figure with a range around it; things that are counted keep whole ends."""
    step = Decimal(1) if name == "units_per_month" and value == value.to_integral_value() else CENT
    least, most = (_cents(value * part, step) for part in around)
    return Assumption(
        id=name,
        label=words(f"figures.{name}"),
        value=value,
        low=least,
        high=most,
        unit=unit,
        origin=origin,
        basis=basis,
        is_monthly=name in MONTHLY,
        is_cost=around is COST_RANGE,
    )


def _proposed(driver: Driver, unit: str, words: Words) -> Assumption:
    return Assumption(
        id=driver.id,
        label=words(f"figures.{driver.id}"),
        value=driver.value,
        low=driver.low,
        high=driver.high,
        unit=unit,
        origin="assumption",
        basis=driver.why,
        is_monthly=driver.id in MONTHLY,
        is_cost=driver.id in COSTS,
    )


def _unknown(name: str, words: Words, unit: str) -> Assumption:
    return Assumption(
        id=name,
        label=words(f"figures.{name}"),
        value=None,
        low=None,
        high=None,
        unit=unit,
        origin="assumption",
        is_monthly=name in MONTHLY,
    )


def _cents(value: Decimal, step: Decimal = CENT) -> Decimal:
    """*value* in the smallest coin, without zeros that say nothing."""
    return value.quantize(step, ROUND_HALF_UP).normalize() + 0


# ---- what a model proposes

EXAMPLE = {
    "drivers": [
        {"id": "price", "value": 12, "low": 10, "high": 14, "why": "what similar courses cost"},
        {"id": "launch_costs", "value": 8000, "low": 6000, "high": 11000, "why": "tools, permits"},
    ],
    "staff": [{"role": "Director", "people": 1, "monthly_pay": 900, "from_month": 1}],
    "costs": [{"name": "Rent", "monthly": 300, "from_month": 1}],
}


@dataclass(frozen=True, slots=True)
class FinanceSpec:
    """Assumptions of the finances, proposed where the founder gave no figure."""

    name: str = "finance"

    def told(self, brief: Brief, _facts: FactBase, /) -> str:
        """The question; it asks only for what the founder has not said."""
        wanted = [name for name in DRIVERS if figure(brief, name) is None]
        parts = [f'"drivers": one object for each of {", ".join(wanted)} that fits the venture']
        if figure(brief, "monthly_staff_costs") is None:
            roles = ", ".join(team_roles(brief)) or "of your choice"
            parts.append(f'"staff": one object for each paid role ({roles})')
        if figure(brief, "monthly_other_costs") is None:
            parts.append('"costs": the other running costs, such as rent, transport, insurance')
        return asked(
            f"Propose cautious assumptions for the finances of the first {HORIZON} months, in"
            f" {currency_of(brief)}. {'; '.join(parts)}. Each driver has a value, a low and a high,"
            f' and a short reason; "monthly_growth" is in percent (0 to 10), months count from 1 to'
            f" {HORIZON}. Leave out price and units if nothing is sold. Grants and savings are not"
            f" asked for: only the founder can know them.",
            EXAMPLE,
            brief,
        )

    def read(self, parsed: object, facts: FactBase = NOTHING_KNOWN, /) -> Proposal:
        """Raises `Unusable` for values out of range or against what is known in *facts*."""
        mistakes = Mistakes()
        answer = row(parsed, self.name, mistakes).values
        proposal = Proposal(
            drivers=_drivers_in(answer, facts, mistakes),
            staff=tuple(
                Post(
                    role=post.text("role", 60),
                    people=post.number("people", CENT, 500),
                    monthly_pay=_cents(post.number("monthly_pay", 0, MOST_PAID)),
                    from_month=post.whole("from_month", 1, HORIZON, absent=1),
                )
                for post in rows(answer.get("staff"), "staff", mistakes, most=12)
            ),
            costs=tuple(
                RunningCost(
                    name=cost.text("name", 60),
                    monthly=_cents(cost.number("monthly", 0, MOST_PAID)),
                    from_month=cost.whole("from_month", 1, HORIZON, absent=1),
                )
                for cost in rows(answer.get("costs"), "costs", mistakes, most=12)
            ),
        )
        if proposal == Proposal():
            mistakes.add(self.name, "nothing is proposed")
        _against_the_budget(proposal, facts, mistakes)
        mistakes.raise_any()
        return proposal

    def default(self, _brief: Brief, _facts: FactBase, /) -> Proposal:
        """Nothing: without a model, what the founder has not said is missing, and said to be."""
        return Proposal()


def _drivers_in(
    answer: Mapping[str, object], facts: FactBase, mistakes: Mistakes
) -> tuple[Driver, ...]:
    found: dict[str, Driver] = {}
    for read in rows(answer.get("drivers"), "drivers", mistakes, most=len(DRIVERS)):
        driver = _driver_in(read, facts.number("market.size"))
        if driver.id in found:
            mistakes.add(f"{read.where}.id", f"{driver.id} is there twice")
        found[driver.id] = driver
    return tuple(found.values())


def _driver_in(read: Row, people: Decimal | None) -> Driver:
    name = read.choice("id", tuple(DRIVERS))
    least, most = DRIVERS[name]
    if name == "units_per_month":
        most = min(most, people or MOST_COUNTED)  # not more than the market has
    value = _cents(read.number("value", least, most))
    low = _cents(read.number("low", least, most, absent=value))
    high = _cents(read.number("high", least, most, absent=value))
    if not low <= value <= high:
        read.mistakes.add(
            read.where, f"low {low}, value {value}, high {high} are not in this order"
        )
    if name == "first_sale_month" and any(v != v.to_integral_value() for v in (low, value, high)):
        read.mistakes.add(read.where, "months are whole numbers")
    return Driver(name, value, low, high, plain(str(read.values.get("why") or ""), 120))


def _against_the_budget(proposal: Proposal, facts: FactBase, mistakes: Mistakes) -> None:
    """A year's proposed costs are not far above the annual budget, if that is known."""
    budget = facts.number("annual_budget")
    monthly = sum((p.people * p.monthly_pay for p in proposal.staff), Decimal(0))
    monthly += sum((c.monthly for c in proposal.costs), Decimal(0))
    if budget and monthly * YEAR > budget * MOST_RATIO:
        mistakes.add(
            "finance",
            f"staff and costs are {monthly * YEAR} a year, but the annual budget is {budget}",
        )


SPEC: Spec[Proposal] = FinanceSpec()
