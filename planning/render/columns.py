"""How wide the columns of a table are, from what its cells hold. Pure."""

from collections.abc import Sequence

WIDEST_WORD = 0.3  # of the room; a longer word is broken
GREED = 0.7  # below one, so that a long cell takes less than its share from short ones


def column_widths(
    words: Sequence[float],
    cells: Sequence[float],
    shares: Sequence[float],
    room: float,
    padding: float,
) -> list[float] | None:
    """Widths that fill *room*: none below its longest word, long cells get what is left over.

    *words* has the width of each column's longest word, *cells* that of its longest cell, *padding*
    what every column needs beside its text. None when even the words do not fit.
    """
    cap = room * WIDEST_WORD
    floor = [min(width, cap) + padding for width in words]
    wish = [max(width + padding, low) for width, low in zip(cells, floor, strict=True)]
    if sum(floor) > room:
        return None
    if sum(wish) <= room:
        stretch = room / sum(wish)
        return [width * stretch for width in wish]
    widths = list(floor)
    left = room - sum(floor)
    hungry = {n for n in range(len(widths)) if wish[n] > widths[n]}
    while left > 0.01 and hungry:
        weights = {n: (wish[n] - floor[n]) ** GREED * max(shares[n], 0.1) for n in hungry}
        total = sum(weights.values())
        given = {n: min(left * weights[n] / total, wish[n] - widths[n]) for n in hungry}
        for n, more in given.items():
            widths[n] += more
        left -= sum(given.values())
        hungry = {n for n in hungry if wish[n] - widths[n] > 0.01}
    return widths
