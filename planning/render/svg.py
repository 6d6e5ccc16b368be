"""Drawings as SVG for a page with a strict content policy: attributes and classes, no styles, no scripts. Pure.

Each mark has its ink as a class (`ink-series-1`) beside its colour, so that a page can have its own.
"""

from collections.abc import Iterator
from html import escape

from planning.render.drawing import Dot, Drawing, Label, Line, Mark, Path, Rect, Shape
from planning.render.palette import INKS

ANCHORS = {"left": "start", "middle": "middle", "right": "end"}


def svg(drawing: Drawing, name: str) -> str:
    """*drawing* as an `svg` element; *name* makes the ids of its title and description unique."""
    width, height = _number(drawing.width), _number(drawing.height)
    return "".join(
        [
            f'<svg class="drawing" viewBox="0 0 {width} {height}" role="img" direction="ltr"',
            f' aria-labelledby="{name}-title {name}-desc">',
            f'<title id="{name}-title">{escape(drawing.title)}</title>',
            f'<desc id="{name}-desc">{escape(drawing.description)}</desc>',
            *map(_element, drawing.marks),
            "</svg>",
        ]
    )


def _element(mark: Mark) -> str:
    match mark:
        case Line():
            ends = _attributes(x1=mark.x1, y1=mark.y1, x2=mark.x2, y2=mark.y2)
            return f"<line {ends} {_stroke(mark.ink, mark.width)}/>"
        case Rect():
            place = _attributes(x=mark.x, y=mark.y, width=mark.width, height=mark.height)
            return f"<rect {place} {_attributes(rx=mark.radius)} {_fill(mark.ink)}/>"
        case Dot():
            return f"<circle {_attributes(cx=mark.x, cy=mark.y, r=mark.radius)} {_fill(mark.ink)}/>"
        case Path():
            dash = f' stroke-dasharray="{" ".join(map(_number, mark.dash))}"' if mark.dash else ""
            points = " ".join(_points(mark.points))
            return (
                f'<polyline points="{points}" fill="none" {_stroke(mark.ink, mark.width)}{dash}/>'
            )
        case Shape():
            return f'<polygon points="{" ".join(_points(mark.points))}" {_fill(mark.ink)}/>'
        case Label():
            place = _attributes(x=mark.x, y=mark.y)
            looks = f'font-size="{_number(mark.size)}" text-anchor="{ANCHORS[mark.anchor]}"'
            weight = ' font-weight="600"' if mark.is_bold else ""
            return f"<text {place} {looks}{weight} {_fill(mark.ink)}>{escape(mark.text)}</text>"


def _fill(ink: str) -> str:
    return f'class="ink-{ink}" fill="{INKS[ink]}"'


def _stroke(ink: str, width: float) -> str:
    return f'class="line-{ink}" stroke="{INKS[ink]}" stroke-width="{_number(width)}"'


def _points(points: tuple[tuple[float, float], ...]) -> Iterator[str]:
    return (f"{_number(x)},{_number(y)}" for x, y in points)


def _attributes(**values: float) -> str:
    return " ".join(f'{name}="{_number(value)}"' for name, value in values.items())


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
