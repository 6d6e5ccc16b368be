"""Pictures as values: lines, bars and labels at their places. A form draws them in its own way. Pure.

Lengths are in points, from the top left corner downwards. An *ink* is a name of `palette.INKS`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Anchor = Literal["left", "middle", "right"]
Measure = Callable[[str, float, bool], float]  # the width of a text at a size, bold or not


@dataclass(frozen=True, slots=True)
class Line:
    """A straight stroke."""

    x1: float
    y1: float
    x2: float
    y2: float
    ink: str
    width: float = 0.5


@dataclass(frozen=True, slots=True)
class Rect:
    """A filled rectangle with rounded corners."""

    x: float
    y: float
    width: float
    height: float
    ink: str
    radius: float = 0.0


@dataclass(frozen=True, slots=True)
class Path:
    """A stroke through *points*; with *dash* it is broken, so that it is told from others in grey."""

    points: tuple[tuple[float, float], ...]
    ink: str
    width: float = 1.5
    dash: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Shape:
    """A filled polygon."""

    points: tuple[tuple[float, float], ...]
    ink: str


@dataclass(frozen=True, slots=True)
class Dot:
    """A filled circle around a point."""

    x: float
    y: float
    radius: float
    ink: str


@dataclass(frozen=True, slots=True)
class Label:
    """A text on one line; *x* is its left end, its middle or its right end, *y* its baseline."""

    x: float
    y: float
    text: str
    size: float
    ink: str
    anchor: Anchor = "left"
    is_bold: bool = False


Mark = Line | Rect | Path | Shape | Dot | Label


@dataclass(frozen=True, slots=True)
class Drawing:
    """A picture with its size, what it is called and what it shows."""

    width: float
    height: float
    marks: tuple[Mark, ...]
    title: str
    description: str


def rough_width(text: str, size: float, is_bold: bool = False) -> float:
    """About how wide *text* is in an ordinary sans-serif; for forms that choose the font themselves."""
    ems = sum(
        1.0 if c > "\u2e7f" else 0.3 if c in " .,:;'il|!()" else 0.68 if c.isupper() else 0.56
        for c in text
    )
    return ems * size * (1.06 if is_bold else 1.0)


def fitted(text: str, width: float, size: float, measure: Measure, *, is_bold: bool = False) -> str:
    """*text*, cut with an ellipsis if it is wider than *width*."""
    if measure(text, size, is_bold) <= width:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if measure(f"{text[:middle].rstrip()}…", size, is_bold) <= width:
            low = middle
        else:
            high = middle - 1
    return f"{text[:low].rstrip()}…" if low else ""


def wrapped(
    text: str, width: float, size: float, measure: Measure, most: int = 2, *, is_bold: bool = False
) -> list[str]:
    """*text* in at most *most* lines of *width*; the last is cut if there is more."""
    lines: list[str] = []
    words = text.split()
    while words and len(lines) < most:
        if len(lines) == most - 1:
            taken = len(words)
        else:
            taken = 1
            while taken < len(words):
                if measure(" ".join(words[: taken + 1]), size, is_bold) > width:
                    break
                taken += 1
        lines.append(fitted(" ".join(words[:taken]), width, size, measure, is_bold=is_bold))
        words = words[taken:]
    return lines
