"""The budget of a grant: lines tied to activities and months, fringe, indirect costs within the cap. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_DOWN, ROUND_HALF_UP, Context, Decimal, localcontext
from typing import Literal

from planning.brief import Brief
from planning.content import Block, Column, Table
from planning.facts import Fact, FactBase
from planning.figures.gathering import currency_of, figure
from planning.figures.months import HORIZON, YEAR, month_start
from planning.figures.plain import plain
from planning.figures.quantities import quantities
from planning.figures.reading import Mistakes, Row, rows
from planning.figures.roles import team_roles
from planning.figures.schedule import Schedule, milestone_ids
from planning.figures.spec import NOTHING_KNOWN, Spec, Unusable, asked
from planning.showing import UNKNOWN, Shown
from planning.wording import Words, words_in

Category = Literal[
    "personnel",
    "travel",
    "equipment",
    "supplies",
    "services",
    "subaward",
    "participants",
    "rent",
    "other",
]

CATEGORIES: tuple[Category, ...] = (
    "personnel",
    "travel",
    "equipment",
    "supplies",
    "services",
    "subaward",
    "participants",
    "rent",
    "other",
)
CENT = Decimal("0.01")
NOTHING = Decimal(0)
EXACT = Context(prec=60)
MOST_PAID = Decimal(10) ** 11
MOST_LINES = 20

# Modified total direct costs leave these out, and of each subaward what is above the first part of
# it: 2 CFR 200.1, "Modified Total Direct Cost (MTDC)". Dollars, since 1 October 2024.
OUTSIDE_MTDC = frozenset({"equipment", "participants", "rent"})
SUBAWARD_WITHIN_MTDC = Decimal(50_000)
DE_MINIMIS = Decimal(15)  # percent of MTDC: 2 CFR 200.414(f), since 1 October 2024
FEDERAL = re.compile(
    r"2 CFR|MTDC|modified total direct|grants\.gov|Notice of Funding", re.IGNORECASE
)
MOST_CAP = Decimal(60)  # percent; a call that says more is not read as a cap
INDIRECT = re.compile(
    r"indirect|overhead|administrative cost|gemeinkosten|indirekt|indirecto|administrativ|gastos generales"
    r"|frais généraux|custos indiretos|косвенн|накладн|غير المباشرة|الإدارية|अप्रत्यक्ष|उपरिव्यय",
    re.IGNORECASE,
)
MONTH_WORDS = re.compile(
    r"^(?:months?|mois|mes(?:es)?|monate?n?|мес|أشهر|شهر|महीन|माह)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """*quantity* times *unit_cost* times *periods*. *unit_cost* is None when it is not known.

    *activity* is the id of a milestone, *from_month* the month of the plan in which it begins.
    """

    item: str
    category: Category
    activity: str
    quantity: Decimal
    unit_cost: Decimal | None
    periods: int
    from_month: int
    why: str

    @property
    def total(self) -> Decimal | None:
        """What it costs; None when that is not known."""
        if self.unit_cost is None:
            return None
        return EXACT.multiply(EXACT.multiply(self.quantity, self.unit_cost), Decimal(self.periods))


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """Lines, and the rates of fringe on personnel and of indirect costs, in percent."""

    lines: tuple[Line, ...]
    fringe_percent: Decimal = NOTHING
    indirect_percent: Decimal = NOTHING


@dataclass(frozen=True, slots=True)
class Cap:
    """The most that a funder pays for indirect costs: *percent* of all direct costs, or of MTDC.

    *rule* is where that is written, or empty for the pasted call.
    """

    percent: Decimal
    of: Literal["direct", "mtdc"]
    rule: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """lines + fringe = direct; direct + indirect = total = request + match + in_kind, to the cent.

    *missing* are the items whose cost is not known; the sums leave them out. *unallocated* is what
    the founder asks for beyond the lines; it is not part of the request.
    """

    lines: tuple[Line, ...]
    fringe_percent: Decimal
    fringe: Decimal
    direct: Decimal
    indirect_percent: Decimal
    indirect: Decimal
    cap: Cap | None
    total: Decimal
    request: Decimal
    match: Decimal
    in_kind: Decimal
    unallocated: Decimal
    missing: tuple[str, ...]
    months: int

    def by_category(self) -> Mapping[str, Decimal]:
        """The sum of each category, fringe among them; their sum is *direct*."""
        sums: dict[str, Decimal] = {}
        for line in self.lines:
            if line.total is not None:
                sums[line.category] = sums.get(line.category, NOTHING) + line.total
        if self.fringe:
            sums["fringe"] = self.fringe
        return sums


def compute(proposal: Proposal, brief: Brief, schedule: Schedule) -> Budget:
    """The budget; quantities are never scaled to fit what is asked for.

    Raises `Unusable` when a line names an activity that is not in *schedule*.
    """
    unknown = [line for line in proposal.lines if schedule.find(line.activity) is None]
    if unknown:
        raise Unusable(
            f"lines: {line.item}: activity {line.activity} is unknown" for line in unknown
        )
    cap, asked_for = cap_of(brief), figure(brief, "grant_request")
    with localcontext(EXACT):
        known = [line for line in proposal.lines if line.total is not None]
        salaries = _sum(line for line in known if line.category == "personnel")
        fringe = _cents(salaries * proposal.fringe_percent / 100)
        direct = _sum(known) + fringe
        indirect = _cents(direct * proposal.indirect_percent / 100)
        if cap is not None:
            base = direct if cap.of == "direct" else mtdc(known, fringe, currency_of(brief))
            most = (base * cap.percent / 100).quantize(CENT, ROUND_DOWN)
            indirect = min(indirect, most)
        total = direct + indirect
        request = total if asked_for is None else min(total, asked_for)
        return Budget(
            lines=proposal.lines,
            fringe_percent=proposal.fringe_percent,
            fringe=fringe,
            direct=direct,
            indirect_percent=proposal.indirect_percent,
            indirect=indirect,
            cap=cap,
            total=total,
            request=request,
            match=total - request,
            in_kind=NOTHING,
            unallocated=max((asked_for or total) - total, NOTHING),
            missing=tuple(dict.fromkeys(x.item for x in proposal.lines if x.total is None)),
            months=grant_months(brief),
        )


def mtdc(lines: Sequence[Line], fringe: Decimal, currency: str) -> Decimal:
    """Modified total direct costs. In another currency than dollars no part of a subaward counts."""
    within = SUBAWARD_WITHIN_MTDC if currency == "USD" else NOTHING
    totals = ((line.category, line.total or NOTHING) for line in lines)
    return fringe + sum(
        (
            min(total, within) if category == "subaward" else total
            for category, total in totals
            if category not in OUTSIDE_MTDC
        ),
        NOTHING,
    )


def cap_of(brief: Brief) -> Cap | None:
    """What the pasted call says of indirect costs, else the US federal rule where it holds."""
    is_federal = brief.country.upper() == "US" and FEDERAL.search(brief.call) is not None
    for sentence in re.split(r"(?<=[.!?。।])\s+|\n", brief.call[:20_000]):
        shares = [
            q.value for q in quantities(sentence) if q.unit == "%" and 0 < q.value <= MOST_CAP
        ]
        if INDIRECT.search(sentence) and shares:
            is_modified = re.search(r"modified|MTDC", sentence, re.IGNORECASE) is not None
            return Cap(min(shares), "mtdc" if is_modified else "direct")
    return Cap(DE_MINIMIS, "mtdc", "2 CFR 200.414(f)") if is_federal else None


def grant_months(brief: Brief) -> int:
    """For how long the grant runs: what the call says, else a year."""
    spans = (q.value for q in quantities(brief.call) if MONTH_WORDS.search(q.unit))
    months = [int(value) for value in spans if 3 <= value <= HORIZON]
    return months[0] if months else YEAR


def _sum(lines: Iterator[Line] | Sequence[Line]) -> Decimal:
    return sum((line.total or NOTHING for line in lines), NOTHING)


def _cents(value: Decimal) -> Decimal:
    return value.quantize(CENT, ROUND_HALF_UP)


# ---- what others are told


def facts(budget: Budget, brief: Brief) -> tuple[Fact, ...]:
    """`budget.direct`, `.indirect`, `.total`, `.request`, `.match`; nothing while a cost is missing."""
    if budget.missing:
        return ()
    words, money = words_in(brief.language), currency_of(brief)
    sums = {
        "direct": ("direct", budget.direct, "sum of the lines + fringe"),
        "indirect": ("indirect", budget.indirect, f"{budget.indirect_percent} %, within the cap"),
        "total": ("fact_budget_total", budget.total, "direct + indirect"),
        "request": ("request", budget.request, "the lesser of total and what is asked for"),
        "match": ("match", budget.match, "total - request"),
    }
    return tuple(
        Fact(
            id=f"budget.{name}",
            label=words(f"figures.{label}"),
            value=value,
            unit=money,
            origin="computed",
            basis=basis,
        )
        for name, (label, value, basis) in sums.items()
    )


def blocks(budget: Budget, schedule: Schedule, brief: Brief) -> tuple[Block, ...]:
    """The lines, their categories, who pays, and why each line is needed.

    Categories and payers only where there are sums.
    """
    words, shown = words_in(brief.language), Shown(brief.language, currency_of(brief))
    sums = (
        (_categories(budget, words, shown), _funding(budget, words, shown)) if budget.total else ()
    )
    return (_lines(budget, words, shown), *sums, _reasons(budget, schedule, words))


def _lines(budget: Budget, words: Words, shown: Shown) -> Table:
    def row(line: Line) -> tuple[str, ...]:
        months = f"{line.from_month}–{line.from_month + line.periods - 1}"
        return (
            line.item,
            words(f"figures.category_{line.category}"),
            line.activity,
            months if line.periods > 1 else str(line.from_month),
            shown.number(line.quantity),
            words("figures.unknown") if line.unit_cost is None else shown.cash(line.unit_cost),
            str(line.periods),
            UNKNOWN if line.total is None else shown.cash(line.total),
        )

    def total(label: str, amount: Decimal) -> tuple[str, ...]:
        is_known = any(line.total is not None for line in budget.lines)
        return label, "", "", "", "", "", "", shown.cash(amount) if is_known else UNKNOWN

    fringe = f"{words('figures.category_fringe')} ({shown.percent(budget.fringe_percent)})"
    shares = {"item": 2.4, "category": 1.3, "activity": 0.8, "months": 0.8, "quantity": 0.8}
    shares |= {"cost_each": 1.1, "periods": 0.8, "total": 1.2}
    at_end = {"quantity", "cost_each", "periods", "total"}
    return Table(
        caption=words("figures.budget_lines", currency=shown.currency),
        columns=tuple(
            Column(words(f"figures.{name}"), "end" if name in at_end else "start", share)
            for name, share in shares.items()
        ),
        rows=(
            *(row(line) for line in budget.lines),
            *([total(fringe, budget.fringe)] if budget.fringe else []),
            total(words("figures.direct"), budget.direct),
            total(words("figures.indirect"), budget.indirect),
            total(words("figures.total"), budget.total),
        ),
        totals=3,
        note=" ".join(_notes(budget, words, shown)),
    )


def _notes(budget: Budget, words: Words, shown: Shown) -> Iterator[str]:
    months = shown.amount(Decimal(budget.months), "months")
    yield words("figures.note_budget", months=months)
    if budget.cap is None:
        if not budget.indirect:
            yield words("figures.note_no_cap")
    else:
        yield words(
            "figures.note_cap",
            percent=shown.percent(budget.cap.percent),
            base=words(f"figures.base_{budget.cap.of}"),
            why=budget.cap.rule or words("figures.cap_call"),
        )
    if budget.missing:
        yield words(
            "figures.note_budget_missing", items=words("figures.comma").join(budget.missing)
        )


def _categories(budget: Budget, words: Words, shown: Shown) -> Table:
    sums = budget.by_category()
    return Table(
        caption=words("figures.budget_categories", currency=shown.currency),
        columns=(
            Column(words("figures.category"), share=2),
            Column(words("figures.amount"), "end"),
        ),
        rows=(
            *((words(f"figures.category_{c}"), shown.cash(amount)) for c, amount in sums.items()),
            (words("figures.indirect"), shown.cash(budget.indirect)),
            (words("figures.total"), shown.cash(budget.total)),
        ),
        totals=1,
    )


def _funding(budget: Budget, words: Words, shown: Shown) -> Table:
    parts = {"request": budget.request, "match": budget.match, "in_kind": budget.in_kind}
    note = ""
    if budget.match:
        note = words("figures.note_over_request", amount=shown.money(budget.match))
    elif budget.unallocated:
        note = words("figures.note_under_request", amount=shown.money(budget.unallocated))
    return Table(
        caption=words("figures.budget_funding", currency=shown.currency),
        columns=(Column(words("figures.line"), share=2), Column(words("figures.amount"), "end")),
        rows=(
            *((words(f"figures.{name}"), shown.cash(amount)) for name, amount in parts.items()),
            (words("figures.total"), shown.cash(budget.total)),
        ),
        totals=1,
        note=note,
    )


def _reasons(budget: Budget, schedule: Schedule, words: Words) -> Table:
    names = {p.milestone.id: p.milestone.name for p in schedule.milestones}
    return Table(
        caption=words("figures.budget_reasons"),
        columns=(
            Column(words("figures.item"), share=1.4),
            Column(words("figures.activity"), share=1.6),
            Column(words("figures.why"), share=2.4),
        ),
        rows=tuple(
            (line.item, f"{line.activity}: {plain(names[line.activity], 90)}", line.why)
            for line in budget.lines
        ),
    )


# ---- what a model proposes, and what stands without one

EXAMPLE = {
    "fringe_percent": 12,
    "indirect_percent": 10,
    "lines": [
        {
            "item": "Trainer",
            "category": "personnel",
            "activity": "m2",
            "quantity": 2,
            "unit_cost": 450,
            "periods": 10,
            "from_month": 2,
            "why": "Two trainers hold the evening courses.",
        }
    ],
}


@dataclass(frozen=True, slots=True)
class BudgetSpec:
    """Budget lines, proposed."""

    name: str = "budget"

    def told(self, brief: Brief, facts: FactBase, /) -> str:
        """The question, with what the founder says of the money and the milestones there are."""
        months, cap = grant_months(brief), cap_of(brief)
        request = figure(brief, "grant_request")
        limit = f" that cost {request} together" if request else ""
        indirect = f" at most {cap.percent}" if cap else " 0 unless the funder pays indirect costs"
        staff = figure(brief, "monthly_staff_costs")
        salaries = f" Staff costs {staff} a month in all." if staff else ""
        known = ", ".join(milestone_ids(facts)) or "the milestones' ids"
        return asked(
            f"Propose the lines of a grant budget for {months} months{limit}, in"
            f" {currency_of(brief)}, at most {MOST_LINES}. A line costs quantity times unit_cost"
            f' times periods; "activity" is one of {known}; "category" one of'
            f' {", ".join(CATEGORIES)}; months count from 1; "why" is one sentence.{salaries}'
            f' "fringe_percent" is on personnel, "indirect_percent"{indirect}.',
            EXAMPLE,
            brief,
        )

    def read(self, parsed: object, facts: FactBase = NOTHING_KNOWN, /) -> Proposal:
        """Raises `Unusable` also for an activity that is not among the milestones."""
        mistakes, known = Mistakes(), milestone_ids(facts)
        answer = Row(parsed if isinstance(parsed, Mapping) else {}, self.name, mistakes)
        proposal = Proposal(
            lines=tuple(
                _read(row, known)
                for row in rows(parsed, "lines", mistakes, least=1, most=MOST_LINES)
            ),
            fringe_percent=answer.number("fringe_percent", 0, 60, absent=NOTHING),
            indirect_percent=answer.number("indirect_percent", 0, MOST_CAP, absent=NOTHING),
        )
        mistakes.raise_any()
        return proposal

    def default(self, brief: Brief, facts: FactBase, /) -> Proposal:
        """The founder's staff, running and launch costs over the grant, with what is unknown named.

        Where the funder has a rule for indirect costs, they are asked for in full.
        """
        cap = cap_of(brief)
        return Proposal(
            lines=tuple(_default_lines(brief, facts)),
            indirect_percent=cap.percent if cap else NOTHING,
        )


def _read(row: Row, known: tuple[str, ...]) -> Line:
    line = Line(
        item=row.text("item", 80),
        category=row.choice("category", CATEGORIES),
        activity=row.choice("activity", known) if known else row.text("activity", 12),
        quantity=_cents(row.number("quantity", CENT, 10**7)),
        unit_cost=_cents(row.number("unit_cost", 0, MOST_PAID)),
        periods=row.whole("periods", 1, HORIZON, absent=1),
        from_month=row.whole("from_month", 1, HORIZON, absent=1),
        why=row.text("why", 200, least=10),
    )
    if line.from_month + line.periods - 1 > HORIZON:
        row.mistakes.add(row.where, f"it goes on beyond month {HORIZON}")
    return line


@dataclass(frozen=True, slots=True)
class Stage:
    """A milestone of the critical path, and the months of the grant in which money goes into it."""

    activity: str
    name: str
    first: int
    months: int


def _stages(brief: Brief, facts: FactBase) -> tuple[Stage, ...]:
    """The months of the grant along the critical path, each with the milestone of its middle."""
    path = str(facts.facts["schedule.critical_path"].value).split(" → ")
    begins = {name: facts.facts[f"milestone.{name}.start"].value for name in path}
    months = range(1, grant_months(brief) + 1)
    middles = (month_start(brief.start, month - 1) + timedelta(14) for month in months)
    in_month = [
        [name for name, begin in begins.items() if isinstance(begin, date) and begin <= middle][-1:]
        or path[:1]
        for middle in middles
    ]
    return tuple(
        Stage(
            activity=name,
            name=str(facts.facts[f"milestone.{name}"].value),
            first=in_month.index([name]) + 1,
            months=in_month.count([name]),
        )
        for name in path
        if [name] in in_month
    )


def _default_lines(brief: Brief, facts: FactBase) -> Iterator[Line]:
    """Staff and running costs of each stage, and the launch with the stage after the first.

    The founder's staff costs are taken to hold their fringe.
    """
    words, stages = words_in(brief.language), _stages(brief, facts)
    roles = words("figures.comma").join(team_roles(brief)) or words("figures.unknown")

    def line(name: str, cost: str, category: Category, stage: Stage, periods: int) -> Line:
        return Line(
            item=words(f"figures.item_{name}", roles=roles),
            category=category,
            activity=stage.activity,
            quantity=Decimal(1),
            unit_cost=figure(brief, cost),
            periods=periods,
            from_month=stage.first,
            why=words(f"figures.why_{name}", activity=stage.name),
        )

    yield line("launch", "launch_costs", "supplies", stages[:2][-1], 1)
    for stage in stages:
        yield line("staff", "monthly_staff_costs", "personnel", stage, stage.months)
        yield line("other", "monthly_other_costs", "other", stage, stage.months)


SPEC: Spec[Proposal] = BudgetSpec()
