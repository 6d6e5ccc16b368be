"""Tables on pages: how wide their columns are, which size they need, and how they break."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reportlab.platypus import Flowable
from reportlab.platypus import Table as Grid

from planning.render.columns import WIDEST_WORD, column_widths
from planning.render.prose import Spans
from planning.render.typeset.flow import Text
from planning.render.typeset.lines import Look
from planning.render.typeset.paper import COLOURS
from planning.render.typeset.setter import Setter

SIZES = (8.6, 8.2, 7.8, 7.4)  # tried in this order until every word fits on one line
SMALLEST = 6.8
LEADING = 1.36
PADDING = (6.0, 4.2)  # beside and above
CROWDED = 3.6  # times the width that the cells would like to have; then the page is turned
MANY = 7  # columns
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


class SetTable(Grid):  # type: ignore[misc]  # reportlab's stubs leave it untyped
    """A reportlab table that knows how much of it must stay with its caption."""

    @property
    def least_height(self) -> float:
        """All of a low table, of a higher one the header and two rows."""
        total = float(sum(self._rowHeights))
        return total if total <= UNBROKEN else float(sum(self._rowHeights[:3]))


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
    """The largest size and the widths with which *cells* fit; None when even a turned page is too narrow."""
    least, natural = _needs(cells, setter)
    is_crowded = len(least) >= MANY and sum(natural) * SIZES[-1] > CROWDED * width
    for room, is_wide in ((width, False), (wide, True)):
        if is_crowded and not is_wide and wide > width:
            continue
        for size in SIZES:
            words, whole = [w * size for w in least], [w * size for w in natural]
            widths = column_widths(words, whole, cells.shares, room, 2 * PADDING[0])
            if widths:
                return Fit(size, tuple(widths), is_wide and wide > width)
    return None


def _squeezed(cells: Cells, setter: Setter, width: float) -> Fit:
    """The last resort: words are broken."""
    least, _ = _needs(cells, setter)
    total = sum(least)
    return Fit(SMALLEST, tuple(width * part / total for part in least), is_wide=True)


def _needs(cells: Cells, setter: Setter) -> tuple[list[float], list[float]]:
    """For each column the width of its longest word and of its longest cell, at a size of one point."""
    look = Look(size=100, is_tabular=True)
    bold = Look("bold", 100, is_tabular=True)
    least, natural = [], []
    for n in range(len(cells.header)):
        galleys = [setter.galley(row[n], look) for row in cells.rows if n < len(row)]
        galleys.append(setter.galley(cells.header[n], bold))
        least.append(max(g.longest_word for g in galleys) / 100)
        natural.append(max(g.natural_width for g in galleys) / 100)
    return least, natural


def _parts(cells: Cells, setter: Setter, wide: float) -> Iterator[Cells]:
    """*cells* in groups of columns, each behind the first column."""
    least, _ = _needs(cells, setter)
    pads = 2 * PADDING[0]
    first = min(least[0] * SIZES[-1], wide * WIDEST_WORD) + pads
    group: list[int] = []
    used = first
    for n in range(1, len(least)):
        needed = min(least[n] * SIZES[-1], wide * WIDEST_WORD) + pads
        if group and used + needed > wide:
            yield _columns(cells, [0, *group])
            group, used = [], first
        group.append(n)
        used += needed
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
    table = SetTable(
        rows,
        colWidths=widths,
        repeatRows=1,
        splitByRow=1,
        splitInRow=1,
        spaceAfter=4,
        hAlign="LEFT",
    )
    table.setStyle(_style(len(rows), cells.totals))
    return table


def _row(row: Sequence[Spans], look: Look, cells: Cells, setter: Setter) -> list[Text]:
    padded = [*row, *[()] * (len(cells.header) - len(row))][: len(cells.header)]
    return [
        Text(setter.galley(spans, look), setter.form(look.size * LEADING, side=side))
        for spans, side in zip(padded, cells.sides, strict=True)
    ]


def _style(rows: int, totals: int) -> list[tuple[object, ...]]:
    beside, above = PADDING
    style: list[tuple[object, ...]] = [
        ("LEFTPADDING", (0, 0), (-1, -1), beside),
        ("RIGHTPADDING", (0, 0), (-1, -1), beside),
        ("TOPPADDING", (0, 0), (-1, -1), above - 0.6),
        ("BOTTOMPADDING", (0, 0), (-1, -1), above),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("VALIGN", (0, 0), (-1, 0), "BOTTOM"),
        ("BACKGROUND", (0, 0), (-1, 0), COLOURS["accent-soft"]),
        ("LINEBELOW", (0, 0), (-1, 0), 0.9, COLOURS["accent"]),
        ("LINEBELOW", (0, 1), (-1, -1), 0.4, COLOURS["line"]),
        ("NOSPLIT", (0, 0), (-1, min(2, rows - 1))),
        ("NOSPLIT", (0, -min(2, rows)), (-1, -1)),
    ]
    if 0 < totals < rows:
        style += [
            ("LINEABOVE", (0, -totals), (-1, -totals), 0.9, COLOURS["accent"]),
            ("BACKGROUND", (0, -totals), (-1, -1), COLOURS["panel"]),
            ("NOSPLIT", (0, -totals - 1), (-1, -1)),
        ]
    return style
