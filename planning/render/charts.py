"""Charts as drawings: lines, columns and stacked columns over an axis with round numbers. Pure."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from planning.content import Chart
from planning.render.drawing import (
    Dot,
    Drawing,
    Label,
    Line,
    Mark,
    Measure,
    Path,
    Rect,
    fitted,
    wrapped,
)
from planning.render.palette import series_ink
from planning.render.tables import WORDLESS, chart_described
from planning.showing import Shown

SIZE, SMALL = 8.0, 7.2  # of labels
PLOT_HEIGHT = 142.0
LEGEND_ROW = 14.0
TICKS = 5  # about so many lines across
DASHES: Sequence[tuple[float, ...]] = ((), (5, 2.2), (1.6, 1.8), (7, 2, 1.6, 2), (3, 1.5), (9, 3))
LEAST = 1e-9  # smaller differences are none
MOST_NAMED = 10  # categories that are all named, however long their names are


BESIDE = SMALL + 1.5  # from one label to the next


@dataclass(frozen=True, slots=True)
class Plot:
    """Where the values stand: a rectangle, and the numbers at its top and bottom."""

    left: float
    top: float
    width: float
    height: float
    low: float
    high: float
    step: float
    slots: int

    @property
    def slot(self) -> float:
        """The width of one category."""
        return self.width / max(self.slots, 1)

    def x(self, category: int) -> float:
        """The middle of a category."""
        return self.left + self.slot * (category + 0.5)

    def y(self, value: float) -> float:
        """The height of a value."""
        return self.top + self.height * (self.high - value) / (self.high - self.low)

    def ticks(self) -> Iterator[float]:
        """The numbers that have a line across."""
        count = round((self.high - self.low) / self.step)
        yield from (self.low + n * self.step for n in range(count + 1))


def chart_drawing(chart: Chart, shown: Shown, width: float, measure: Measure) -> Drawing:
    """*chart* in *width* points; how high it is follows from what it holds."""
    values = [_numbers(series.values, len(chart.categories)) for series in chart.series]
    legend, top = _legend(chart, width, measure, shown)
    low, high, step = _axis(*_extent(chart, values))
    ticks = [
        _short(tick, chart.unit, shown) for tick in Plot(0, 0, 1, 1, low, high, step, 1).ticks()
    ]
    left = max((measure(tick, SMALL, False) for tick in ticks), default=0) + 8
    ends = _end_labels(chart, values, shown)
    right = max((measure(end, SMALL, True) for end in ends), default=0) + (8 if ends else 2)
    plot = Plot(
        left, top, width - left - right, PLOT_HEIGHT, low, high, step, len(chart.categories)
    )
    marks: list[Mark] = [*legend, *_grid(plot, ticks)]
    if chart.kind == "line":
        marks += _lines(plot, values, ends)
    elif chart.kind == "stacked":
        marks += _stacks(plot, values, chart.unit, shown, measure)
    else:
        marks += _columns(plot, values, chart.unit, shown, measure)
    names, lines = _names(plot, chart.categories, measure)
    marks += names
    height = plot.top + plot.height + 6 + lines * (SMALL + 2) + 2
    return Drawing(width, height, tuple(marks), chart.caption, chart_described(chart, shown))


def _numbers(values: Sequence[Decimal], most: int) -> list[float]:
    numbers = [float(value) if value.is_finite() else 0.0 for value in values[:most]]
    return [number if math.isfinite(number) else 0.0 for number in numbers]


def _extent(chart: Chart, values: Sequence[Sequence[float]]) -> tuple[float, float]:
    """The lowest and the highest number that the axis must hold; zero is always there."""
    if chart.kind == "stacked":
        stacks = [_stack(values, n) for n in range(len(chart.categories))]
        ends = [end for stack in stacks for end in stack]
    else:
        ends = [number for series in values for number in series]
    return min(ends, default=0.0), max(ends, default=0.0)


def _stack(values: Sequence[Sequence[float]], category: int) -> tuple[float, float]:
    """How far down and up the stack of a category goes."""
    parts = [series[category] for series in values if category < len(series)]
    return sum(p for p in parts if p < 0), sum(p for p in parts if p > 0)


def _axis(low: float, high: float) -> tuple[float, float, float]:
    """Round numbers around *low*, *high* and zero, and the step between lines."""
    low, high = min(low, 0.0), max(high, 0.0)
    if high - low < LEAST:
        return 0.0, 1.0, 1.0
    rough = (high - low) / TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= rough * 0.999)
    return math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step, step


def _short(value: float, unit: str, shown: Shown) -> str:
    """*value* for the axis: in thousands or millions when it is large."""
    is_short = abs(value) < WORDLESS
    text = shown.short(Decimal(repr(round(value, 6)))) if is_short else f"{value:.1e}"
    return f"{text}\N{NO-BREAK SPACE}%" if unit == "%" else text


def _legend(chart: Chart, width: float, measure: Measure, shown: Shown) -> tuple[list[Mark], float]:
    """The names of the series beside their inks, below the unit; and where the plot begins."""
    marks: list[Mark] = []
    x, y = 0.0, SIZE
    if chart.unit and chart.unit != "%":  # the numbers say that they are percentages
        unit = shown.unit(chart.unit)
        marks.append(Label(0, y, unit, SMALL, "muted"))
        x = measure(unit, SMALL, False) + 16
    # A stack may have one part alone: without its name nobody knows which.
    if len(chart.series) > 1 or (chart.kind == "stacked" and chart.series):
        for n, series in enumerate(chart.series):
            name = fitted(series.name, width - 22, SIZE, measure)
            needed = 20 + measure(name, SIZE, False)
            if x > 0 and x + needed > width:
                x, y = 0.0, y + LEGEND_ROW
            marks.append(_key(chart, n, x, y))
            marks.append(Label(x + 20, y, name, SIZE, "ink"))
            x += needed + 16
    return marks, y + 12 if marks else 8.0


def _key(chart: Chart, n: int, x: float, y: float) -> Mark:
    if chart.kind == "line":
        line = ((x, y - 2.6), (x + 15, y - 2.6))
        return Path(line, series_ink(n), 2, DASHES[n % len(DASHES)])
    return Rect(x + 7, y - 6.8, 8, 8, series_ink(n), 1.5)


def _grid(plot: Plot, ticks: Sequence[str]) -> Iterator[Mark]:
    for value, text in zip(plot.ticks(), ticks, strict=True):
        y = plot.y(value)
        is_zero = abs(value) < plot.step / 1000
        ink = "faint" if is_zero else "grid"
        yield Line(plot.left, y, plot.left + plot.width, y, ink, 0.8 if is_zero else 0.6)
        yield Label(plot.left - 6, y + SMALL * 0.35, text, SMALL, "muted", "right")


def _lines(plot: Plot, values: Sequence[Sequence[float]], ends: Sequence[str]) -> Iterator[Mark]:
    for n, series in reversed(list(enumerate(values))):
        points = tuple((plot.x(k), plot.y(value)) for k, value in enumerate(series))
        if len(points) > 1:
            yield Path(points, series_ink(n), 1.8, DASHES[n % len(DASHES)])
        if points:
            yield Dot(*points[-1], 2.4, series_ink(n))
    heights = [plot.y(series[-1]) if series else plot.top for series in values]
    for (n, y), text in zip(
        _apart(heights, plot.top + plot.height), _sorted_by(heights, ends), strict=False
    ):
        if text:
            x = plot.x(len(values[n]) - 1) + 6
            yield Label(x, y + SMALL * 0.35, text, SMALL, series_ink(n), is_bold=True)


def _sorted_by(heights: Sequence[float], texts: Sequence[str]) -> list[str]:
    return [texts[n] for n in sorted(range(len(texts)), key=lambda n: heights[n])]


def _apart(heights: Sequence[float], lowest: float) -> list[tuple[int, float]]:
    """Labels from the highest down, moved so far that none covers another, nor lies under *lowest*."""
    placed: list[tuple[int, float]] = []
    for n in sorted(range(len(heights)), key=lambda n: heights[n]):
        y = max(heights[n], placed[-1][1] + BESIDE) if placed else heights[n]
        placed.append((n, y))
    for place, (n, y) in reversed(list(enumerate(placed))):
        placed[place] = n, min(y, lowest)
        lowest = placed[place][1] - BESIDE
    return placed


def _end_labels(chart: Chart, values: Sequence[Sequence[float]], shown: Shown) -> list[str]:
    """What stands at the end of each line: its last value."""
    if chart.kind != "line":
        return []
    return [_short(series[-1], chart.unit, shown) if series else "" for series in values]


def _columns(
    plot: Plot, values: Sequence[Sequence[float]], unit: str, shown: Shown, measure: Measure
) -> Iterator[Mark]:
    if not values:
        return
    group = min(plot.slot * 0.72, 46.0 * len(values))
    each = group / len(values)
    tops: list[tuple[float, float, str]] = []
    for n, series in enumerate(values):
        for k, value in enumerate(series):
            x = plot.x(k) - group / 2 + n * each
            gap = min(1.0, each * 0.1)
            yield _column(plot, x + gap, each - 2 * gap, 0.0, value, series_ink(n))
            tops.append((x + each / 2, value, _short(value, unit, shown)))
    yield from _told(plot, tops, plot.slot if len(values) == 1 else each, measure)


def _stacks(
    plot: Plot, values: Sequence[Sequence[float]], unit: str, shown: Shown, measure: Measure
) -> Iterator[Mark]:
    width = min(plot.slot * 0.66, 52.0)
    tops: list[tuple[float, float, str]] = []
    for k in range(plot.slots):
        low = high = 0.0
        for n, series in enumerate(values):
            if k >= len(series) or series[k] == 0:
                continue
            base = high if series[k] > 0 else low
            yield _column(plot, plot.x(k) - width / 2, width, base, series[k], series_ink(n))
            low, high = low + min(series[k], 0), high + max(series[k], 0)
        tops.append((plot.x(k), high, _short(low + high, unit, shown)))
    yield from _told(plot, tops, plot.slot, measure)


def _told(
    plot: Plot, tops: Sequence[tuple[float, float, str]], room: float, measure: Measure
) -> Iterator[Mark]:
    """The values above their columns (below, if they are losses), if all of them have room."""
    if any(measure(text, SMALL, True) > room - 2 for _, _, text in tops):
        return
    for x, value, text in tops:
        y = plot.y(value) - 3 if value >= 0 else plot.y(value) + SMALL + 1
        yield Label(x, y, text, SMALL, "ink", "middle", is_bold=True)


def _column(plot: Plot, x: float, width: float, base: float, value: float, ink: str) -> Rect:
    top, bottom = plot.y(max(base, base + value)), plot.y(min(base, base + value))
    return Rect(x, top, width, max(bottom - top, 0.4), ink)


def _names(plot: Plot, categories: Sequence[str], measure: Measure) -> tuple[list[Mark], int]:
    """The names of the categories below the plot, and on how many lines they stand."""
    y = plot.top + plot.height + 6 + SMALL
    widest = max((measure(name, SMALL, False) for name in categories), default=0)
    every, lines = 1, 1
    if widest + 6 > plot.slot:
        if len(categories) <= MOST_NAMED:
            lines = 3
        else:
            every = math.ceil((min(widest, 90) + 8) / plot.slot)
    marks: list[Mark] = []
    used = 1
    for n in range(0, len(categories), every):
        room = plot.slot * every - 4
        parts = wrapped(categories[n], room, SMALL, measure, lines)
        used = max(used, len(parts))
        for row, part in enumerate(parts):
            marks.append(Label(plot.x(n), y + row * (SMALL + 2), part, SMALL, "muted", "middle"))
    return marks, used
