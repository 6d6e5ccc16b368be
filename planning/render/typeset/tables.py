"""Tables on pages: how wide their columns are, which size they need, and how they break."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from reportlab.platypus import Flowable
from reportlab.platypus import Table as Grid

from planning.render.columns import WIDEST_WORD, column_widths, row_lines
from planning.render.prose import Spans
from planning.render.typeset.flow import Text
from planning.render.typeset.lines import Look
from planning.render.typeset.paper import COLOURS
from planning.render.typeset.setter import Setter

SIZES = (8.6, 8.2, 7.8, 7.4)  # tried in this order until every word fits on one line
SMALLEST = 6.8
LEADING = 1.36
ROOMY, NARROW = 6.0, 4.2  # beside the text of a cell
ABOVE = 4.2  # and above it
MANY, HIGH = 8, 3.4  # columns, and lines of a row; beyond both the page is turned
TALL = 300.0  # a higher row is broken where its page ends, in points
HIGHEST_HEAD = 160.0  # a higher one is not repeated, in points
UNBROKEN = 230.0  # a table of this height is not broken, in points


@dataclass(frozen=True, slots=True)
class Cells:
    """A table made of spans: the header, the rows, the side of each column and its share."""

    header: tuple[Spans, ...]
    rows: tuple[tuple[Spans, ...], ...]
    sides: tuple[str, ...]
    shares: tuple[float, ...]
    totals: int = 0


@dataclass(frozen=True, slots=True)
class Fit:
    """How a table fits: its size, the widths of its columns, and whether its page is turned."""

    size: float
    widths: tuple[float, ...]
    is_wide: bool


class SetTable(Grid):
    """A reportlab table that knows how much of it must stay with its caption."""

    _rowHeights: Sequence[float]  # noqa: N815 - reportlab's name, which its stubs leave out

    below: float = 0.0  # height of the note that stands under it

    @property
    def least_height(self) -> float:
        """All of a low table with its note, of a higher one the header and two rows."""
        total, begin = float(sum(self._rowHeights)), float(sum(self._rowHeights[:3]))
        return total + self.below if total <= UNBROKEN else min(begin, UNBROKEN)


def set_tables(
    cells: Cells, setter: Setter, width: float, wide: float
) -> tuple[list[Flowable], bool]:
    """*cells* as one table, or several when there are more columns than a turned page has room for.

    The second value tells that they need a turned page, of *wide* points.
    """
    fit = fitted(cells, setter, width, wide)
    if fit is not None:
        return [_table(cells, setter, fit)], fit.is_wide
    parts = list(_parts(cells, setter, wide))
    return [
        _table(part, setter, fitted(part, setter, wide, wide) or _squeezed(part, setter, wide))
        for part in parts
    ], True


def fitted(cells: Cells, setter: Setter, width: float, wide: float) -> Fit | None:
    """The largest size and the widths with which *cells* fit; None if even a turned page is too narrow.

    A table of many columns whose rows would become high on an upright page gets a turned one.
    """
    words, wholes = _needs(cells, setter)
    padding = _padding(len(words))
    found: Fit | None = None
    for room in (width, wide) if wide > width else (width,):
        for size in SIZES:
            scaled = [[cell * size for cell in column] for column in wholes]
            widths = column_widths(
                [word * size for word in words], scaled, cells.shares, room, 2 * padding
            )
            if widths:
                found = Fit(size, tuple(widths), room > width)
                break
        if found and (len(words) < MANY or row_lines(scaled, found.widths, 2 * padding) <= HIGH):
            return found
    return found


def _padding(columns: int) -> float:
    """The room beside the text of each cell."""
    return ROOMY if columns < MANY else NARROW


def _squeezed(cells: Cells, setter: Setter, width: float) -> Fit:
    """The last resort: words are broken."""
    words, _ = _needs(cells, setter)
    total = sum(words) or 1.0
    return Fit(SMALLEST, tuple(width * word / total for word in words), is_wide=True)


def _needs(cells: Cells, setter: Setter) -> tuple[list[float], list[list[float]]]:
    """For each column the width of its longest word, and those of its cells, at a size of one point."""
    look, bold = Look(size=100, is_tabular=True), Look("bold", 100, is_tabular=True)
    words, wholes = [], []
    for n in range(len(cells.header)):
        galleys = [setter.galley(cells.header[n], bold)]
        galleys += [setter.galley(row[n] if n < len(row) else (), look) for row in cells.rows]
        words.append(max(galley.longest_word for galley in galleys) / 100)
        wholes.append([galley.natural_width / 100 for galley in galleys])
    return words, wholes


def _parts(cells: Cells, setter: Setter, wide: float) -> Iterator[Cells]:
    """*cells* in groups of columns, each behind the first column."""
    words, _ = _needs(cells, setter)
    least = [min(word * SIZES[-1], wide * WIDEST_WORD) + 2 * NARROW for word in words]
    group: list[int] = []
    used = least[0]
    for n in range(1, len(least)):
        if group and used + least[n] > wide:
            yield _columns(cells, [0, *group])
            group, used = [], least[0]
        group.append(n)
        used += least[n]
    yield _columns(cells, [0, *group])


def _columns(cells: Cells, chosen: Sequence[int]) -> Cells:
    def only(row: Sequence[Spans]) -> tuple[Spans, ...]:
        return tuple(row[n] if n < len(row) else () for n in chosen)

    return Cells(
        only(cells.header),
        tuple(map(only, cells.rows)),
        tuple(cells.sides[n] for n in chosen),
        tuple(cells.shares[n] for n in chosen),
        cells.totals,
    )


def _table(cells: Cells, setter: Setter, fit: Fit) -> SetTable:
    head = Look("bold", fit.size * 0.96, "accent", is_tabular=True)
    plain, bold = Look(size=fit.size, is_tabular=True), Look("bold", fit.size, is_tabular=True)
    first_total = len(cells.rows) - cells.totals
    rows = [_row(cells.header, head, cells, setter)]
    for n, row in enumerate(cells.rows):
        rows.append(_row(row, bold if n >= first_total else plain, cells, setter))
    widths = list(fit.widths)
    if setter.rtl:
        rows = [list(reversed(row)) for row in rows]
        widths.reverse()
    padding = _padding(len(widths))
    heights = [
        max(text.wrap(max(w - 2 * padding, 1), 0)[1] for text, w in zip(row, widths, strict=True))
        for row in rows
    ]
    table = SetTable(
        rows,
        colWidths=widths,
        repeatRows=int(heights[0] <= HIGHEST_HEAD),
        splitByRow=1,
        splitInRow=int(max(heights) > TALL),
        spaceBefore=6,
        spaceAfter=4,
        hAlign="LEFT",
    )
    table.setStyle(_style(heights, cells.totals, padding))
    return table


def _row(row: Sequence[Spans], look: Look, cells: Cells, setter: Setter) -> list[Text]:
    padded = [*row, *[()] * (len(cells.header) - len(row))][: len(cells.header)]
    return [
        Text(setter.galley(spans, look), setter.form(look.size * LEADING, side=side))
        for spans, side in zip(padded, cells.sides, strict=True)
    ]


def _style(heights: Sequence[float], totals: int, padding: float) -> list[tuple[Any, ...]]:
    style: list[tuple[Any, ...]] = [
        ("LEFTPADDING", (0, 0), (-1, -1), padding),
        ("RIGHTPADDING", (0, 0), (-1, -1), padding),
        ("TOPPADDING", (0, 0), (-1, -1), ABOVE - 0.6),
        ("BOTTOMPADDING", (0, 0), (-1, -1), ABOVE),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("VALIGN", (0, 0), (-1, 0), "BOTTOM"),
        ("BACKGROUND", (0, 0), (-1, 0), COLOURS["accent-soft"]),
        ("LINEBELOW", (0, 0), (-1, 0), 0.9, COLOURS["accent"]),
        ("LINEBELOW", (0, 1), (-1, -1), 0.4, COLOURS["line"]),
    ]
    rows = len(heights)
    if 0 < totals < rows:
        style += [
            ("LINEABOVE", (0, -totals), (-1, -totals), 0.9, COLOURS["accent"]),
            ("BACKGROUND", (0, -totals), (-1, -1), COLOURS["panel"]),
        ]
    # What stays together: the head with two rows, the last two rows, sums with a row before them.
    for first, end in ((0, 3), (rows - 2, rows), (rows - totals - 1, rows)):
        together = range(max(first, 0), min(end, rows))
        if len(together) > 1 and sum(heights[n] for n in together) <= UNBROKEN:
            style.append(("NOSPLIT", (0, together[0]), (-1, together[-1])))
    return style
