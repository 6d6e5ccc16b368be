"""Charts and schedules as drawings: round axes, bars where they belong, labels that do not collide."""

import itertools
import re
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planning.content import Bar, Chart, Gantt, Series
from planning.render.charts import _axis, chart_drawing
from planning.render.columns import column_widths, row_lines
from planning.render.drawing import (
    Dot,
    Drawing,
    Label,
    Line,
    Path,
    Rect,
    Shape,
    fitted,
    rough_width,
    wrapped,
)
from planning.render.gantt import gantt_drawings, mirrored
from planning.render.palette import GOALS, INKS, goal_ink
from planning.render.svg import svg
from planning.render.tables import chart_described, gantt_described
from planning.showing import Shown
from tests.planning.render import sample

SHOWN = Shown("en", "USD")
numbers = st.decimals(-10_000_000, 10_000_000, places=2)


def drawn(chart: Chart) -> Drawing:
    """A chart in an ordinary width."""
    return chart_drawing(chart, SHOWN, 460, rough_width)


def labels(drawing: Drawing) -> list[str]:
    """All texts of a drawing."""
    return [mark.text for mark in drawing.marks if isinstance(mark, Label)]


def inside(drawing: Drawing) -> bool:
    """Whether nothing sticks out, but for half a stroke."""
    for mark in drawing.marks:
        match mark:
            case Line():
                xs, ys = [mark.x1, mark.x2], [mark.y1, mark.y2]
            case Rect():
                xs, ys = [mark.x, mark.x + mark.width], [mark.y, mark.y + mark.height]
            case Dot() | Label():
                xs, ys = [mark.x], [mark.y]
            case Path() | Shape():
                xs, ys = [x for x, _ in mark.points], [y for _, y in mark.points]
        if (
            min(xs) < -6
            or max(xs) > drawing.width + 6
            or min(ys) < -6
            or max(ys) > drawing.height + 6
        ):
            return False
    return True


@given(st.floats(-1e12, 1e12), st.floats(-1e12, 1e12))
def test_an_axis_holds_its_values_and_zero_between_round_numbers(a: float, b: float) -> None:
    low, high, step = _axis(min(a, b), max(a, b))
    assert low <= min(a, b, 0) + 1e-6 * step
    assert high >= max(a, b, 0) - 1e-6 * step
    assert 1 <= round((high - low) / step) <= 8


@given(
    st.sampled_from(["line", "columns", "stacked"]),
    st.lists(st.lists(numbers, max_size=6), max_size=4),
    st.integers(0, 6),
)
@settings(max_examples=100, deadline=None)
def test_any_values_are_drawn_inside(kind: str, values: list[list[Decimal]], count: int) -> None:
    series = tuple(Series(f"S{n}", tuple(row)) for n, row in enumerate(values))
    chart = Chart("c", kind, tuple(f"C{n}" for n in range(count)), series, "USD")  # type: ignore[arg-type]
    assert inside(drawn(chart))


def test_a_column_is_as_high_as_its_value() -> None:
    chart = Chart("c", "columns", ("a", "b"), (Series("s", (Decimal(50), Decimal(100))),), "USD")
    half, whole = (
        m.height for m in drawn(chart).marks if isinstance(m, Rect) and m.ink == "series-1"
    )
    assert whole == pytest.approx(2 * half)


def test_losses_hang_below_zero() -> None:
    chart = Chart("c", "columns", ("a", "b"), (Series("s", (Decimal(50), Decimal(-50))),), "USD")
    up, down = (m for m in drawn(chart).marks if isinstance(m, Rect) and m.ink == "series-1")
    assert up.y + up.height == pytest.approx(down.y)


def test_stacked_parts_stand_on_each_other_below_their_sum() -> None:
    chart = sample.charts()[1]
    parts = [m for m in drawn(chart).marks if isinstance(m, Rect) and m.width > 20]
    assert parts[1].y + parts[1].height == pytest.approx(parts[0].y)
    assert "150.7K" in labels(drawn(chart))


def test_the_ends_of_lines_are_told_apart() -> None:
    """Labels that would cover each other move."""
    series = tuple(Series(f"S{n}", (Decimal(1), Decimal(100 + n))) for n in range(4))
    drawing = drawn(Chart("c", "line", ("a", "b"), series, "USD"))
    ends = sorted(m.y for m in drawing.marks if isinstance(m, Label) and m.is_bold)
    assert len(ends) == 4
    assert all(below - above >= 7 for above, below in itertools.pairwise(ends))


def test_series_differ_in_grey_as_well() -> None:
    paths = [
        m for m in drawn(sample.charts()[0]).marks if isinstance(m, Path) and len(m.points) > 2
    ]
    assert len({path.dash for path in paths}) == 3


def test_many_categories_are_named_only_as_far_as_there_is_room() -> None:
    drawing = drawn(sample.charts()[3])
    names = [m for m in drawing.marks if isinstance(m, Label) and m.text.endswith(("2027", "2028"))]
    assert 3 < len(names) < 24
    for left, right in itertools.pairwise(names):
        width = rough_width(left.text, left.size)
        assert right.x - left.x > width


def test_a_chart_is_described_in_words() -> None:
    told = chart_described(sample.charts()[4], SHOWN)
    assert told == "Share: 40% (Jan) to 84% (Dec); lowest 40%, highest 84%."


def test_bars_lie_on_their_days() -> None:
    bars = (
        Bar("a", "A", date(2027, 1, 1), date(2027, 6, 30)),
        Bar("b", "B", date(2027, 7, 1), date(2027, 12, 31)),
    )
    (drawing,) = gantt_drawings(Gantt("g", bars), SHOWN, 460, rough_width)
    first, second = (m for m in drawing.marks if isinstance(m, Rect) and m.ink == "bar")
    assert first.x + first.width == pytest.approx(second.x)
    assert second.x + second.width == pytest.approx(460)


def test_a_critical_task_is_told_apart_and_explained() -> None:
    (drawing,) = gantt_drawings(sample.schedule(), SHOWN, 460, rough_width)
    assert {m.ink for m in drawing.marks if isinstance(m, Rect | Shape)} >= {"warn", "bar"}
    assert "Critical path" in labels(drawing)


def test_a_long_schedule_comes_in_parts_of_about_equal_height() -> None:
    drawings = gantt_drawings(sample.schedule(60), SHOWN, 460, rough_width, 500)
    assert len(drawings) > 2
    assert all(drawing.height <= 500 for drawing in drawings)
    assert min(d.height for d in drawings) > 250
    found = [text for drawing in drawings for text in labels(drawing) if text == "Baseline survey"]
    assert len(found) == 4 + (60 % 14 > 1)


@given(st.lists(st.tuples(st.dates(), st.integers(0, 5000)), min_size=1, max_size=6))
@settings(max_examples=80, deadline=None)
def test_any_days_are_drawn_inside(spans: list[tuple[date, int]]) -> None:
    bars = []
    for n, (start, days) in enumerate(spans):
        end = date.fromordinal(min(start.toordinal() + days, date.max.toordinal()))
        bars.append(Bar(str(n), f"Task {n}", start, end, depends_on=(str(n - 1),)))
    (drawing,) = gantt_drawings(Gantt("g", tuple(bars)), SHOWN, 460, rough_width)
    assert inside(drawing)
    assert inside(mirrored(drawing))


def test_a_mirrored_schedule_has_its_names_at_the_right() -> None:
    (drawing,) = gantt_drawings(sample.schedule(), SHOWN, 460, rough_width)
    turned = mirrored(drawing)
    name = next(m for m in turned.marks if isinstance(m, Label) and m.text == "Baseline survey")
    assert (name.x, name.anchor) == (456, "right")
    assert mirrored(turned) == drawing


def test_a_schedule_is_described_with_its_days() -> None:
    bars = (Bar("a", "A", date(2027, 1, 1), date(2027, 1, 1) + timedelta(days=1)),)
    assert (
        gantt_described(Gantt("g", bars), SHOWN)
        == "A: Jan\u00a01,\u00a02027 – Jan\u00a02,\u00a02027"
    )


def test_svg_has_neither_styles_nor_scripts() -> None:
    text = svg(drawn(sample.charts()[0]), "c")
    assert "style=" not in text
    assert 'class="line-series-1"' in text
    assert '<title id="c-title">Closing cash in three scenarios</title>' in text


@given(st.text(max_size=60), st.floats(5, 200))
def test_a_fitted_text_fits(text: str, width: float) -> None:
    assert rough_width(fitted(text, width, 8, rough_width), 8) <= max(width, 0)
    for line in wrapped(text, width, 8, rough_width, 3):
        assert rough_width(line, 8) <= width


@given(
    st.lists(st.tuples(st.floats(1, 80), st.floats(0, 400)), min_size=1, max_size=8),
    st.floats(100, 700),
)
def test_columns_fill_the_room_and_hold_their_words(
    columns: list[tuple[float, float]], room: float
) -> None:
    words = [word for word, _ in columns]
    cells = [[word, word + more] for word, more in columns]
    widths = column_widths(words, cells, [1.0] * len(columns), room, 8)
    if widths is None:
        assert sum(min(word, room * 0.3) + 8 for word in words) > room
    else:
        assert sum(widths) == pytest.approx(room, abs=0.02)
        assert all(
            w >= min(word, room * 0.3) + 8 - 1e-6 for w, word in zip(widths, words, strict=True)
        )


def test_the_longest_cells_get_the_room_that_is_left() -> None:
    """Whichever makes most rows high; a cell that fits on one line gets nothing more."""
    cells = [[20.0, 20.0], [300.0, 280.0], [90.0, 30.0]]
    short, long, middle = column_widths([20, 40, 30], cells, [1.0] * 3, 300, 8) or []
    assert short == pytest.approx(28)
    assert long > middle > 38
    assert row_lines(cells, [short, long, middle], 8) < 2.2


def test_every_goal_has_a_colour_of_its_own_that_white_stands_out_on() -> None:
    assert len(set(GOALS.values())) == 17
    for goal in range(1, 18):
        red, green, blue = (int(goal_ink(goal)[n : n + 2], 16) / 255 for n in (1, 3, 5))
        linear = [
            c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (red, green, blue)
        ]
        luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
        assert 1.05 / (luminance + 0.05) >= 3.0  # large text, WCAG 2.2, 1.4.3
    assert goal_ink(99) == INKS["accent"]


@pytest.mark.parametrize("start", [date(2026, 12, 1), date(2026, 10, 5), date(2027, 1, 1)])
def test_the_years_above_a_schedule_never_stand_upon_each_other(start: date) -> None:
    """A plan that begins in December has no room for that year's number."""
    bars = tuple(
        Bar(f"m{n}", f"Task {n}", start + timedelta(90 * n), start + timedelta(90 * n + 80))
        for n in range(8)
    )
    (drawing,) = gantt_drawings(Gantt("Plan", bars), SHOWN, 460, rough_width, 700)
    years = [m for m in drawing.marks if isinstance(m, Label) and re.fullmatch(r"20\d\d", m.text)]
    assert [year.text for year in years][-1] == "2028"
    for before, after in itertools.pairwise(sorted(years, key=lambda label: label.x)):
        assert after.x - before.x >= rough_width(before.text, before.size, True)


def test_a_stack_with_one_part_still_says_what_it_is() -> None:
    chart = Chart(
        "Money", "stacked", ("Q1", "Q2"), (Series("Gap", (Decimal(1), Decimal(2))),), "USD"
    )
    assert "Gap" in labels(drawn(chart))
