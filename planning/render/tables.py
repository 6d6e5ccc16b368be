"""Charts and schedules in words: as tables, for forms that have no pictures, and as descriptions. Pure."""

from decimal import Decimal

from planning.content import Chart, Column, Gantt, Series, Table
from planning.showing import UNKNOWN, Shown
from planning.wording import words_in

WORDLESS = Decimal(10) ** 20  # no language has words for numbers beyond


def chart_table(chart: Chart, shown: Shown) -> Table:
    """The values of *chart*, a row for each category."""
    columns = (
        Column(""),
        *(Column(series.name, "end") for series in chart.series),
    )
    rows = tuple(
        (category, *(_value(series, n, chart.unit, shown) for series in chart.series))
        for n, category in enumerate(chart.categories)
    )
    return Table(chart.caption, columns, rows, note=chart.note)


def gantt_table(gantt: Gantt, shown: Shown) -> Table:
    """The tasks of *gantt*, a row each; a critical one has a mark behind its name."""
    words = words_in(shown.language)
    labels = {bar.id: bar.label for bar in gantt.bars}
    columns = (
        Column(words("render.task"), share=3),
        Column(words("render.owner"), share=1.5),
        Column(words("render.start")),
        Column(words("render.end")),
        Column(words("render.after"), share=2),
    )
    rows = tuple(
        (
            f"{bar.label} *" if bar.is_critical else bar.label,
            bar.owner,
            _unbroken(shown.day(bar.start)),
            _unbroken(shown.day(bar.end)),
            ", ".join(labels.get(task, task) for task in bar.depends_on),
        )
        for bar in gantt.bars
    )
    legend = f"* {words('render.critical')}" if any(b.is_critical for b in gantt.bars) else ""
    return Table(gantt.caption, columns, rows, note=" ".join(filter(None, (legend, gantt.note))))


def chart_described(chart: Chart, shown: Shown) -> str:
    """What *chart* shows, for those who cannot see it: where each series begins, ends and turns."""
    return " ".join(filter(None, (_trend(chart, series, shown) for series in chart.series)))


def gantt_described(gantt: Gantt, shown: Shown) -> str:
    """What *gantt* shows, for those who cannot see it: every task with its days."""
    return "; ".join(
        f"{bar.label}: {shown.day(bar.start)} \N{EN DASH} {shown.day(bar.end)}"
        for bar in gantt.bars
    )


def _unbroken(day: str) -> str:
    return day.replace(" ", "\N{NO-BREAK SPACE}")


def _value(series: Series, n: int, unit: str, shown: Shown) -> str:
    return _amount(series.values[n], unit, shown) if n < len(series.values) else UNKNOWN


def _amount(value: Decimal, unit: str, shown: Shown) -> str:
    """*value* in *unit*; a number beyond all words in powers of ten."""
    if not value.is_finite():
        return UNKNOWN
    return shown.amount(value, unit) if abs(value) < WORDLESS else f"{value:.2E}"


def _trend(chart: Chart, series: Series, shown: Shown) -> str:
    known = [
        (value, category)
        for value, category in zip(series.values, chart.categories, strict=False)
        if value.is_finite()
    ]
    if not known:
        return ""
    (first, first_at), (last, last_at) = known[0], known[-1]
    values, unit = [value for value, _ in known], chart.unit
    return words_in(shown.language)(
        "render.trend",
        name=series.name,
        first=_amount(first, unit, shown),
        first_at=first_at,
        last=_amount(last, unit, shown),
        last_at=last_at,
        low=_amount(min(values), unit, shown),
        high=_amount(max(values), unit, shown),
    )
