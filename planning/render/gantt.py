"""Schedules as drawings: a row for each task, its bar over the months, arrows for what waits for what. Pure."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from planning.content import Bar, Gantt
from planning.render.drawing import (
    Anchor,
    Drawing,
    Label,
    Line,
    Mark,
    Measure,
    Path,
    Rect,
    Shape,
    fitted,
    wrapped,
)
from planning.render.tables import gantt_described
from planning.showing import Shown
from planning.wording import words_in

OPPOSITE: Mapping[Anchor, Anchor] = {"left": "right", "middle": "middle", "right": "left"}
HEAD, FOOT = 30.0, 18.0  # heights
LINE, PAD = 9.8, 6.0  # of a row: the height of a line of its name, and the room above and below
SIZE, SMALL = 8.0, 6.9
NAMES = 0.34  # of the width is for the names
BAR = 9.0  # height of a bar
LEAST_BAR = 3.0
YEAR_NAMED = 34.0  # width that the number of a year needs
MONTH_NAMED, QUARTER_NAMED = (
    24.0,
    6.6,
)  # widths of a month from which each month, or each third, is named


@dataclass(frozen=True, slots=True)
class Row:
    """A task with its name in lines; *top* and *height* are its place in the drawing."""

    bar: Bar
    name: tuple[str, ...]
    top: float
    height: float

    @property
    def middle(self) -> float:
        """The height at which its bar lies."""
        return self.top + self.height / 2


@dataclass(frozen=True, slots=True)
class Scale:
    """Days along the width."""

    left: float
    width: float
    first: date
    last: date

    def x(self, day: date) -> float:
        """Where *day* begins."""
        days = (self.last - self.first).days + 1
        return self.left + self.width * (day - self.first).days / days

    @property
    def month(self) -> float:
        """About how wide a month is."""
        return self.width * 30.4 / ((self.last - self.first).days + 1)


def gantt_drawings(
    gantt: Gantt, shown: Shown, width: float, measure: Measure, highest: float = math.inf
) -> list[Drawing]:
    """*gantt* in *width* points, in as many drawings as it takes for none to be above *highest*."""
    bars = [_forwards(bar) for bar in gantt.bars]
    if not bars:
        return []
    names = round(width * NAMES)
    days = max(measure(shown.day(bar.end), SMALL, False) for bar in bars) + 12
    scale = _scale(bars, names + days, width)
    rows = [_row(bar, names - 8, measure) for bar in bars]
    return [
        _drawing(gantt, part, scale, shown, names, measure)
        for part in _parts(rows, highest - HEAD - FOOT)
    ]


def mirrored(drawing: Drawing) -> Drawing:
    """*drawing* as those see it who read from right to left."""
    width = drawing.width

    def turned(mark: Mark) -> Mark:
        match mark:
            case Line():
                return replace(mark, x1=width - mark.x1, x2=width - mark.x2)
            case Rect():
                return replace(mark, x=width - mark.x - mark.width)
            case Path() | Shape():
                return replace(mark, points=tuple((width - x, y) for x, y in mark.points))
            case Label():
                return replace(mark, x=width - mark.x, anchor=OPPOSITE[mark.anchor])
        return replace(mark, x=width - mark.x)

    return replace(drawing, marks=tuple(map(turned, drawing.marks)))


def _forwards(bar: Bar) -> Bar:
    return bar if bar.start <= bar.end else replace(bar, start=bar.end, end=bar.start)


def _row(bar: Bar, room: float, measure: Measure) -> Row:
    name = tuple(wrapped(bar.label, room, SIZE, measure, 2, is_bold=bar.is_critical))
    lines = len(name) + bool(bar.owner)
    return Row(bar, name, 0.0, 2 * PAD + max(lines, 1) * LINE - 2)


def _parts(rows: Sequence[Row], room: float) -> list[list[Row]]:
    """*rows* in parts of about equal height that fit into *room*, each row at its place."""
    total = sum(row.height for row in rows)
    share = total / max(math.ceil(total / room), 1) if room < math.inf else total
    parts: list[list[Row]] = [[]]
    y = HEAD
    for row in rows:
        is_full = y - HEAD + row.height > room or y - HEAD >= share
        if parts[-1] and is_full:
            parts.append([])
            y = HEAD
        parts[-1].append(replace(row, top=y))
        y += row.height
    return parts


def _scale(bars: Sequence[Bar], left: float, width: float) -> Scale:
    """Whole months around all *bars*."""
    first = min(bar.start for bar in bars).replace(day=1)
    last = max(bar.end for bar in bars)
    return Scale(left, width - left, first, _month_end(last))


def _month_end(day: date) -> date:
    if (day.year, day.month) == (date.max.year, 12):
        return date.max
    return _next_month(day) - timedelta(days=1)


def _next_month(day: date, months: int = 1) -> date:
    count = day.year * 12 + day.month - 1 + months
    return date(min(count // 12, date.max.year), count % 12 + 1, 1)


def _drawing(
    gantt: Gantt,
    rows: Sequence[Row],
    scale: Scale,
    shown: Shown,
    names: float,
    measure: Measure,
) -> Drawing:
    width, bottom = scale.left + scale.width, rows[-1].top + rows[-1].height
    marks: list[Mark] = [Rect(0, row.top, width, row.height, "panel") for row in rows[::2]]
    marks += _months(scale, bottom, shown, measure)
    marks.append(Line(0, HEAD, width, HEAD, "accent", 0.9))
    marks.append(Line(0, bottom, width, bottom, "line", 0.6))
    head = words_in(shown.language)
    marks.append(Label(4, 25, head("render.task"), SMALL, "muted"))
    marks.append(Label(scale.left - 8, 25, head("render.end"), SMALL, "muted", "right"))
    marks += _arrows(rows, scale)
    for row in rows:
        marks += _task(row, scale, shown, names - 8, measure)
    legend = list(_legend(rows, scale, bottom, shown, measure))
    part = replace(gantt, bars=tuple(row.bar for row in rows))
    height = bottom + (FOOT if legend else 2)
    return Drawing(width, height, (*marks, *legend), gantt.caption, gantt_described(part, shown))


def _months(scale: Scale, bottom: float, shown: Shown, measure: Measure) -> Iterator[Mark]:
    """The head: years above, every month, every third or none below, with a line down from each."""
    months = 1 if scale.month >= MONTH_NAMED else 3 if scale.month >= QUARTER_NAMED else 12
    if months == 12:
        months *= max(math.ceil(YEAR_NAMED / (scale.month * 12)), 1)
    day = scale.first
    while day <= scale.last:
        x = scale.x(day)
        following = _next_month(day, months - (day.year * 12 + day.month - 1) % months)
        end = scale.x(following) if following <= scale.last else scale.left + scale.width
        if day.month == 1 or day == scale.first:
            yield Line(x, 0, x, bottom, "line", 0.6)
            until = end if months >= 12 else _year_end(day, scale)
            if until - x > measure(str(day.year), SIZE, True) + 4:
                yield Label(x + 4, 11, str(day.year), SIZE, "accent", is_bold=True)
        else:
            yield Line(x, 16, x, bottom, "grid", 0.5)
        name = shown.month_name(day)
        if months < 12 and end - x >= measure(name, SMALL, False) + 4:
            yield Label(x + 3, 25, name, SMALL, "muted")
        if following <= day:
            return
        day = following


def _year_end(day: date, scale: Scale) -> float:
    """Where the year of *day* ends."""
    if day.year >= scale.last.year:
        return scale.left + scale.width
    return scale.x(date(day.year + 1, 1, 1))


def _task(row: Row, scale: Scale, shown: Shown, room: float, measure: Measure) -> Iterator[Mark]:
    """The name, the owner, the last day and the bar of a task."""
    bar = row.bar
    y = row.top + PAD + SIZE - 1
    for line in row.name:
        yield Label(4, y, line, SIZE, "ink", is_bold=bar.is_critical)
        y += LINE
    if bar.owner:
        yield Label(4, y - 0.6, fitted(bar.owner, room, SMALL, measure), SMALL, "muted")
    day = shown.day(bar.end)
    yield Label(scale.left - 8, row.middle + SMALL * 0.35, day, SMALL, "muted", "right")
    x, end = _ends(bar, scale)
    ink = "warn" if bar.is_critical else "bar"
    if bar.start == bar.end:
        half, y = BAR / 2 + 0.5, row.middle
        yield Shape(((x, y - half), (x + half, y), (x, y + half), (x - half, y)), ink)
    else:
        yield Rect(x, row.middle - BAR / 2, end - x, BAR, ink, 2)


def _ends(bar: Bar, scale: Scale) -> tuple[float, float]:
    """Where *bar* begins and ends; the shortest can still be seen."""
    x = scale.x(bar.start)
    if bar.start == bar.end:
        return x, x
    end = scale.x(bar.end) + scale.width / ((scale.last - scale.first).days + 1)
    return x, max(end, x + LEAST_BAR)


def _arrows(rows: Sequence[Row], scale: Scale) -> Iterator[Mark]:
    """From the end of a task to the beginning of each that waits for it."""
    by_id = {row.bar.id: row for row in rows}
    for row in rows:
        for task in row.bar.depends_on:
            before = by_id.get(task)
            if before is not None and before is not row:
                yield from _arrow(before, row, scale)


def _arrow(before: Row, row: Row, scale: Scale) -> Iterator[Mark]:
    _, x = _ends(before.bar, scale)
    start, _ = _ends(row.bar, scale)
    y, goal = before.middle, row.middle
    down = 1 if goal > y else -1
    if row.bar.start == row.bar.end or start - 4 < x:
        into = max(start, x - 1) if row.bar.start == row.bar.end else start + 3
        edge = goal - down * (BAR / 2 + 1.5)
        yield Path(((x, y), (max(x, into), y), (into, y), (into, edge)), "faint", 0.6)
        yield _tip(into, edge + down, 0, down)
    else:
        turn = x + 3
        yield Path(((x, y), (turn, y), (turn, goal), (start - 1, goal)), "faint", 0.6)
        yield _tip(start - 0.5, goal, 1, 0)


def _tip(x: float, y: float, right: int, down: int) -> Shape:
    back, half = 3.4, 1.6
    if right:
        return Shape(((x, y), (x - back, y - half), (x - back, y + half)), "faint")
    return Shape(((x, y), (x - half, y - down * back), (x + half, y - down * back)), "faint")


def _legend(
    rows: Sequence[Row], scale: Scale, bottom: float, shown: Shown, measure: Measure
) -> Iterator[Mark]:
    """What the two colours mean, if there are two."""
    if not any(row.bar.is_critical for row in rows):
        return
    words = words_in(shown.language)
    x, y = scale.left + 2, bottom + 13
    for ink, key in (("warn", "render.critical"), ("bar", "render.other_tasks")):
        yield Rect(x, y - 6, 14, 6, ink, 1.5)
        yield Label(x + 18, y, words(key), SMALL, "muted")
        x += 18 + measure(words(key), SMALL, False) + 14
