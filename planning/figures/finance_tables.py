"""The finances as facts, tables and charts. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import accumulate

from planning.brief import Brief
from planning.content import Block, Chart, Column, Series, Table
from planning.facts import Fact, Question
from planning.figures.assumptions import COST_RANGE, INCOME_RANGE, Assumption
from planning.figures.finance import CashFlow, Forecast, Line, Measures, Months, Uses
from planning.figures.gathering import currency_of
from planning.figures.months import HORIZON, YEAR, month_start
from planning.showing import UNKNOWN, Shown
from planning.wording import Words, words_in

QUARTER = 3
HALF = 6
YEARS = HORIZON // YEAR
NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Pen:
    """How a forecast is written: for whom, in which words and forms."""

    brief: Brief
    words: Words
    shown: Shown
    currency: str

    def month(self, number: int) -> str:
        """The name of a month of the plan, counted from 1."""
        return self.shown.month(month_start(self.brief.start, number - 1))


def pen_of(brief: Brief) -> Pen:
    """The pen for *brief*."""
    currency = currency_of(brief)
    return Pen(brief, words_in(brief.language), Shown(brief.language, currency), currency)


# ---- facts and questions


def facts(forecast: Forecast, brief: Brief) -> tuple[Fact, ...]:
    """`finance.year1.income`, `.costs`, `.closing` and so on, and each measure; `assumption.ID`.

    Sums and measures are there only when all costs are known.
    """
    pen = pen_of(brief)
    computed = _computed(forecast, forecast.measures, pen) if forecast.measures else ()
    return (*_assumed(forecast), *computed)


def _assumed(forecast: Forecast) -> Iterator[Fact]:
    for driver in forecast.assumptions:
        if driver.value is not None and driver.origin == "assumption":
            yield Fact(
                id=f"assumption.{driver.id}",
                label=driver.label,
                value=driver.value,
                unit="" if driver.unit == "month" else driver.unit,
                origin="assumed",
                basis=driver.basis,
                low=driver.low,
                high=driver.high,
            )


def _computed(forecast: Forecast, measures: Measures, pen: Pen) -> Iterator[Fact]:
    def fact(name: str, label: str, value: Decimal | str, unit: str, basis: str) -> Fact:
        return Fact(
            id=f"finance.{name}",
            label=label,
            value=value,
            unit=unit,
            origin="computed",
            basis=basis,
        )

    words, money = pen.words, pen.currency
    for year in range(1, YEARS + 1):
        span = slice((year - 1) * YEAR, year * YEAR)
        sums = {
            "income": sum(forecast.base.income[span], NOTHING),
            "costs": sum(forecast.base.costs[span], NOTHING),
            "closing": forecast.base.closing[span][-1],
        }
        for name, value in sums.items():
            label = words(f"figures.fact_year_{name}", year=year)
            yield fact(f"year{year}.{name}", label, value, money, "12 months of the forecast")
    for flow in (forecast.scenarios[0], forecast.scenarios[2]):
        scenario = words(f"figures.scenario_{flow.scenario}")
        label = words("figures.fact_scenario_closing", scenario=scenario)
        basis = "the forecast with the ends of all ranges"
        yield fact(f"{flow.scenario}.closing", label, flow.closing[-1], money, basis)
    for name, (text, basis) in _told(measures, pen).items():
        yield fact(name, words(f"figures.{name}"), text, "", basis)
    yield fact("minimum_cash", words("figures.minimum_cash"), measures.minimum_cash, money, "min")
    gap = measures.funding_gap
    yield fact("funding_gap", words("figures.funding_gap"), gap, money, "-min(cash, 0)")
    for year, months in enumerate(measures.reserve_months, start=1):
        if months is not None:
            label = words("figures.reserve_months", year=year)
            yield fact(f"reserve.year{year}", label, months, "months", "cash / a month's costs")
    if measures.largest_source:
        share = measures.largest_source[1]
        label = words("figures.fact_source_share")
        yield fact("source_share", label, share, "%", "of the income of 36 months")


def _told(measures: Measures, pen: Pen) -> dict[str, tuple[str, str]]:
    """The measures that are told in words, each with its basis."""
    words, shown = pen.words, pen.shown
    even, runway, source = (
        measures.break_even_month,
        measures.runway_months,
        measures.largest_source,
    )
    return {
        "break_even": (
            pen.month(even) if even else words("figures.break_even_never"),
            "the first month in which income that comes again covers all costs",
        ),
        "runway": (
            words("figures.runway_all")
            if runway is None
            else shown.amount(Decimal(runway), "months"),
            "months before cash falls below 0",
        ),
        "largest_source": (
            words("figures.source_share", source=source[0], share=shown.percent(source[1]))
            if source
            else words("figures.source_none"),
            "of the income of 36 months",
        ),
    }


def questions(forecast: Forecast, brief: Brief) -> tuple[Question, ...]:
    """What the founder has to say before the measures can be computed."""
    words = words_in(brief.language)
    use = words("figures.use_finance")
    return tuple(
        Question(name, words("figures.question", what=words(f"figures.{name}"), use=use))
        for name in forecast.missing
    )


# ---- blocks


def blocks(forecast: Forecast, brief: Brief) -> tuple[Block, ...]:
    """Assumptions, year 1 by month, years 2 and 3 by quarter, the scenarios, measures and two charts.

    While costs are missing there are only the assumptions, and three years with what is known.
    """
    pen, measures = pen_of(brief), forecast.measures
    if measures is None:
        return _assumptions(forecast, pen), _three_years(forecast, pen)
    uses = (_use_of_funds(measures.uses, pen),) if measures.uses else ()
    return (
        _assumptions(forecast, pen),
        *_year_1(forecast, pen),
        *_quarters(forecast, pen),
        _scenarios(forecast, pen),
        _table_of_measures(measures, pen),
        *uses,
        _cash_chart(forecast, measures, pen),
        _funding_chart(forecast.base, pen),
    )


def _assumptions(forecast: Forecast, pen: Pen) -> Table:
    words = pen.words

    def row(driver: Assumption) -> tuple[str, ...]:
        unit = pen.shown.unit(driver.unit)
        unit = words("figures.per_month", unit=unit) if driver.is_monthly else unit
        if driver.value is None:
            return driver.label, words("figures.unknown"), unit, UNKNOWN, UNKNOWN, UNKNOWN
        number = pen.shown.cash if driver.unit == pen.currency else pen.shown.number
        values = (driver.value, driver.low or NOTHING, driver.high or NOTHING)
        value, low, high = (number(v) for v in values)
        origin = words(f"figures.origin_{driver.origin}")
        # A source is told by its mark, which leads to it.
        basis = f"[{driver.basis}]" if driver.origin == "source" else driver.basis
        origin = f"{origin}: {basis}" if driver.basis else origin
        return driver.label, value, unit, low, high, origin

    shares = {"assumption": 2.2, "value": 1.1, "unit": 1.2, "low": 1, "high": 1, "origin": 1.8}
    return Table(
        caption=words("figures.assumptions"),
        columns=tuple(
            Column(
                words(f"figures.{name}"), "end" if name in {"value", "low", "high"} else "start", s
            )
            for name, s in shares.items()
        ),
        rows=tuple(row(driver) for driver in forecast.assumptions),
        note=" ".join(_notes(forecast, pen)),
    )


def _notes(forecast: Forecast, pen: Pen) -> Iterator[str]:
    if forecast.missing:
        yield _incomplete(forecast, pen)
    income, costs = (
        " / ".join(
            f"{'+' if part > 1 else '−'}{pen.shown.percent(abs(part - 1) * 100)}" for part in around
        )
        for around in (INCOME_RANGE, COST_RANGE)
    )
    yield pen.words("figures.note_ranges", income=income, costs=costs, currency=pen.currency)


def _incomplete(forecast: Forecast, pen: Pen) -> str:
    names = (pen.words(f"figures.{name}") for name in forecast.missing)
    what = pen.words("figures.comma").join(names)
    return pen.words("figures.note_incomplete", what=what)


def _year_1(forecast: Forecast, pen: Pen) -> Iterator[Table]:
    for first in (1, HALF + 1):
        spans = [(pen.month(m), slice(m - 1, m)) for m in range(first, first + HALF)]
        spans.append((pen.words("figures.total"), slice(first - 1, first - 1 + HALF)))
        if first > 1:
            spans.append((pen.words("figures.year", year=1), slice(0, YEAR)))
        last = first + HALF - 1
        caption = pen.words("figures.year1_half", first=first, last=last, currency=pen.currency)
        yield _periods(caption, spans, forecast, pen)


def _quarters(forecast: Forecast, pen: Pen) -> Iterator[Table]:
    for year in range(2, YEARS + 1):
        begin = (year - 1) * YEAR
        spans = [
            (
                pen.words("figures.quarter", year=year, quarter=quarter + 1),
                slice(begin + quarter * QUARTER, begin + (quarter + 1) * QUARTER),
            )
            for quarter in range(YEAR // QUARTER)
        ]
        spans.append((pen.words("figures.year", year=year), slice(begin, begin + YEAR)))
        caption = pen.words("figures.year_quarters", year=year, currency=pen.currency)
        yield _periods(caption, spans, forecast, pen)


def _three_years(forecast: Forecast, pen: Pen) -> Table:
    spans = [
        (pen.words("figures.year", year=year + 1), slice(year * YEAR, (year + 1) * YEAR))
        for year in range(YEARS)
    ]
    return _periods(pen.words("figures.three_years", currency=pen.currency), spans, forecast, pen)


def _periods(
    caption: str, spans: Sequence[tuple[str, slice]], forecast: Forecast, pen: Pen
) -> Table:
    """A cash flow over *spans*, each with its title; the last three rows are the sums.

    While something is missing, they are sums of what is known, and no cash is told.
    """
    flow, words, is_whole = forecast.base, pen.words, not forecast.missing

    def row(label: str, cells: Sequence[Decimal | None]) -> tuple[str, ...]:
        return label, *(UNKNOWN if c is None else pen.shown.cash(c) for c in cells)

    def summed(months: Months | None) -> list[Decimal | None]:
        return [None if months is None else sum(months[s], NOTHING) for _, s in spans]

    def line(entry: Line) -> tuple[str, ...]:
        label = entry.label
        if entry.months is None:
            label = f"{label} ({words('figures.unknown')})"
        return row(label, summed(entry.months))

    def total(kind: str, months: Months) -> tuple[str, ...]:
        is_known = any(entry.months is not None for entry in flow.lines if entry.kind == kind)
        name = f"figures.total_{'income' if kind == 'income' else 'costs'}{known}"
        return row(words(name), summed(months if is_known else None))

    known = "" if is_whole else "_known"
    opening = [flow.opening[s][0] if is_whole else None for _, s in spans]
    closing = [flow.closing[s][-1] if is_whole else None for _, s in spans]
    return Table(
        caption=caption,
        columns=(
            Column(words("figures.line"), share=2),
            *(Column(title, "end") for title, _ in spans),
        ),
        rows=(
            row(words("figures.opening_cash"), opening),
            *(line(entry) for entry in flow.lines),
            total("income", flow.income),
            total("cost", flow.costs),
            row(words("figures.closing_cash"), closing),
        ),
        totals=3,
        note="" if is_whole else _incomplete(forecast, pen),
    )


def _scenarios(forecast: Forecast, pen: Pen) -> Table:
    words = pen.words

    def rows(flow: CashFlow) -> Iterator[tuple[str, ...]]:
        years = [slice(year * YEAR, (year + 1) * YEAR) for year in range(YEARS)]
        values = {
            "total_income": [sum(flow.income[year], NOTHING) for year in years],
            "total_costs": [sum(flow.costs[year], NOTHING) for year in years],
            "closing_cash": [flow.closing[year][-1] for year in years],
        }
        scenario = words(f"figures.scenario_{flow.scenario}")
        for name, cells in values.items():
            yield scenario, words(f"figures.{name}"), *(pen.shown.cash(cell) for cell in cells)

    return Table(
        caption=words("figures.three_scenarios", currency=pen.currency),
        columns=(
            Column(words("figures.scenario")),
            Column(words("figures.line"), share=1.6),
            *(Column(words("figures.year", year=year + 1), "end") for year in range(YEARS)),
        ),
        rows=tuple(row for flow in forecast.scenarios for row in rows(flow)),
    )


def _table_of_measures(measures: Measures, pen: Pen) -> Table:
    words, shown = pen.words, pen.shown

    def in_month(amount: Decimal) -> str:
        month = pen.month(measures.minimum_cash_month)
        return words("figures.amount_in_month", amount=shown.money(amount), month=month)

    gap = measures.funding_gap
    told = {name: text for name, (text, _) in _told(measures, pen).items()}
    reserve = tuple(
        (
            words("figures.reserve_months", year=year),
            UNKNOWN if months is None else shown.amount(months, "months"),
        )
        for year, months in enumerate(measures.reserve_months, start=1)
    )
    return Table(
        caption=words("figures.measures"),
        columns=(
            Column(words("figures.measure"), share=1.4),
            Column(words("figures.value"), share=1.6),
        ),
        rows=(
            (words("figures.break_even"), told["break_even"]),
            (words("figures.runway"), told["runway"]),
            (words("figures.minimum_cash"), in_month(measures.minimum_cash)),
            (words("figures.funding_gap"), in_month(gap) if gap else shown.money(gap)),
            *reserve,
            (words("figures.largest_source"), told["largest_source"]),
        ),
    )


def _use_of_funds(uses: Uses, pen: Pen) -> Table:
    words, cash = pen.words, pen.shown.cash
    parts = {"use_launch": uses.launch, "use_running": uses.running, "use_reserve": uses.reserve}
    note = ""
    if uses.uncovered:
        note = words("figures.uncovered", amount=pen.shown.money(uses.uncovered))
    return Table(
        caption=words("figures.use_of_funds", currency=pen.currency),
        columns=(Column(words("figures.use"), share=2), Column(words("figures.amount"), "end")),
        rows=(
            *((words(f"figures.{name}"), cash(amount)) for name, amount in parts.items()),
            (words("figures.total"), cash(uses.sought)),
        ),
        totals=1,
        note=note,
    )


def _cash_chart(forecast: Forecast, measures: Measures, pen: Pen) -> Chart:
    """Closing cash of the three scenarios, and of the base one with the funding sought."""
    series = [
        Series(pen.words(f"figures.scenario_{flow.scenario}"), flow.closing)
        for flow in forecast.scenarios
    ]
    if measures.uses:
        funded = tuple(cash + measures.uses.sought for cash in forecast.base.closing)
        series.append(Series(pen.words("figures.with_funding"), funded))
    return Chart(
        caption=pen.words("figures.cash_chart"),
        kind="line",
        categories=tuple(pen.month(month) for month in range(1, HORIZON + 1)),
        series=tuple(series),
        unit=pen.currency,
    )


def _funding_chart(flow: CashFlow, pen: Pen) -> Chart:
    """Income by source, and what has still to be raised so that cash never falls below 0."""
    quarters = [slice(begin, begin + QUARTER) for begin in range(0, HORIZON, QUARTER)]
    series = [
        Series(line.label, tuple(sum(line.months[quarter], NOTHING) for quarter in quarters))
        for line in flow.lines
        if line.kind == "income" and line.months and any(line.months)
    ]
    needed = tuple(accumulate((max(-cash, NOTHING) for cash in flow.closing), max))
    raised = [needed[quarter][-1] for quarter in quarters]
    rises = tuple(now - before for before, now in zip([NOTHING, *raised], raised, strict=False))
    if any(rises):
        series.append(Series(pen.words("figures.to_be_raised"), rises))
    return Chart(
        caption=pen.words("figures.funding_chart"),
        kind="stacked",
        categories=tuple(
            pen.words("figures.quarter", year=number // 4 + 1, quarter=number % 4 + 1)
            for number in range(len(quarters))
        ),
        series=tuple(series),
        unit=pen.currency,
    )
