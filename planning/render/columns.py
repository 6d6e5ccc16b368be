"""How wide the columns of a table are, from what its cells hold. Pure."""

from collections.abc import Sequence

WIDEST_WORD = 0.3  # of the room; a longer word is broken
STEPS = 90  # in which the room is given away
MOST_ROWS = 80  # that are looked at
WRAPPED = 1.08  # lines are not filled to their end


def column_widths(
    words: Sequence[float],
    cells: Sequence[Sequence[float]],
    shares: Sequence[float],
    room: float,
    padding: float,
) -> list[float] | None:
    """Widths that fill *room*: none below its longest word, the rest so that rows are low.

    *words* has the width of each column's longest word, *cells* for each column the widths of its
    cells on one line, *padding* what every column needs beside its text. A column with a greater
    share gets more of what is left over. None when even the words do not fit.
    """
    floor = [min(width, room * WIDEST_WORD) + padding for width in words]
    if sum(floor) > room:
        return None
    wish = [
        max(max(column, default=0.0) + padding, low)
        for column, low in zip(cells, floor, strict=True)
    ]
    if sum(wish) <= room:
        return [width * room / sum(wish) for width in wish]
    rows = list(zip(*(column[:MOST_ROWS] for column in cells), strict=False))
    return _lowest(floor, wish, rows, shares, room, padding)


def row_lines(cells: Sequence[Sequence[float]], widths: Sequence[float], padding: float) -> float:
    """How many lines the rows have on average; *cells* by column, as for `column_widths`."""
    rows = list(zip(*cells, strict=False))
    high = (
        max(_lines(cell, width - padding) for cell, width in zip(row, widths, strict=True))
        for row in rows
    )
    return sum(high) / max(len(rows), 1)


def _lowest(
    floor: Sequence[float],
    wish: Sequence[float],
    rows: Sequence[Sequence[float]],
    shares: Sequence[float],
    room: float,
    padding: float,
) -> list[float]:
    """Widths from *floor* up: bit by bit to the column that makes most rows lower."""
    widths = list(floor)
    step = (room - sum(floor)) / STEPS
    for _ in range(STEPS):
        gains = [0.0] * len(widths)
        for row in rows:
            lines = [_lines(cell, width - padding) for cell, width in zip(row, widths, strict=True)]
            n = max(range(len(lines)), key=lines.__getitem__)
            if lines[n] > 1:
                gains[n] += lines[n] - _lines(row[n], widths[n] + step - padding)
        for n, share in enumerate(shares):
            gains[n] *= max(share, 0.1) ** 0.5
        best = max(range(len(gains)), key=gains.__getitem__)
        if gains[best] <= 0:  # every row has one line: the rest goes to whom it fits least
            best = max(range(len(widths)), key=lambda n: wish[n] / widths[n])
        widths[best] += step
    return widths


def _lines(cell: float, width: float) -> float:
    """About how many lines a cell of this width on one line has in *width*."""
    return cell * WRAPPED / max(width, 1.0) if cell > width else 1.0
