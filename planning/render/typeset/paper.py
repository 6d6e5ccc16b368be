"""The canvas of a PDF: text in lines, drawings, links, and what is known only when all pages are laid out."""

import functools
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from operator import attrgetter
from typing import Any

from reportlab.lib.colors import Color, HexColor
from reportlab.pdfgen.canvas import Canvas

from planning.render.drawing import Dot, Drawing, Label, Path, Rect, Shape
from planning.render.drawing import Line as Stroke
from planning.render.palette import INKS
from planning.render.typeset.embedding import Embedded
from planning.render.typeset.faces import Cut, Typecase
from planning.render.typeset.lines import Galley, Line, Look, Piece

COLOURS: Mapping[str, Color] = {name: HexColor(value) for name, value in INKS.items()}
STRUCK_AT, STRUCK_WIDTH = 0.28, 0.06  # of the size
LINK_TOP, LINK_BOTTOM = 0.8, 0.25  # of the size


class Paper(Canvas):
    """A reportlab canvas that sets shaped text. *after_all* draws what waits for the last page."""

    _doc: Any  # reportlab's document, which its stubs leave out

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._embedded: dict[str, Embedded] = {}
        self._waiting: dict[str, Callable[[Paper], None]] = {}
        self.after_all: Callable[[Paper], None] = lambda _: None

    def _make_preamble(self) -> None:
        """Begin a page without reportlab's own first font, which would not be embedded."""
        self._preamble = "1 0 0 1 0 0 cm"

    def later(self, name: str) -> None:
        """Leave a place here for what `fill` draws under *name* when all pages are known."""
        self.doForm(name)

    def fill(self, name: str, draw: Callable[["Paper"], None]) -> None:
        """Draw at all places that were left under *name*; coordinates are those of the place."""
        self._waiting[name] = draw

    def save(self) -> None:
        """Fill the places that were left, and write the file; the last page is finished."""
        self.after_all(self)
        for name, draw in self._waiting.items():
            self.beginForm(name, -1000, -1000, 2000, 2000)
            draw(self)
            self.endForm()
        super().save()

    def setFont(self, *_: object, **__: object) -> None:  # noqa: N802 - reportlab's name
        """Nothing: reportlab's tables ask for a font that no text of ours is set in."""

    def embedded(self, cut: Cut) -> Embedded:
        """*cut* in this file."""
        found = self._embedded.get(cut.name)
        if found is None:
            found = self._embedded[cut.name] = Embedded(cut, len(self._embedded) + 1)
            self._doc.delayedFonts.append(found)
        return found

    def set_line(self, line: Line, x: float, y: float) -> None:
        """Draw *line* from *x* on its baseline *y*, with its links."""
        code: list[str] = []
        for look, pieces in itertools.groupby(line.pieces, key=attrgetter("look")):
            begin = x
            code.append(f"BT {_ink(look.ink)}")
            for piece in pieces:
                code += self._piece(piece, x, y + look.rise)
                x += piece.width
            code.append("ET")
            if look.is_struck:
                height, width = y + look.size * STRUCK_AT, look.size * STRUCK_WIDTH
                code.append(f"{begin:.2f} {height:.2f} {x - begin:.2f} {width:.2f} re f")
            if look.target:
                base = y + look.rise
                box = (begin, base - look.size * LINK_BOTTOM, x, base + look.size * LINK_TOP)
                self.link(look.target, box)
        self.addLiteral("\n".join(code))

    def link(self, target: str, box: tuple[float, float, float, float]) -> None:
        """Make *box* lead to a place of this document (`#name`) or to a web address."""
        if target.startswith("#"):
            self.linkRect("", target[1:], box, relative=1, Border="[0 0 0]")
        else:
            self.linkURL(target, box, relative=1)

    def text(
        self,
        typecase: Typecase,
        text: str,
        look: Look,
        x: float,
        y: float,
        *,
        anchor: str = "left",
        rtl: bool = False,
    ) -> float:
        """Draw *text* on one line at an anchor; returns its width."""
        line = Galley([(text.replace("\n", " "), look)], typecase, rtl=rtl).lines(float("inf"))[0]
        left = {"left": x, "middle": x - line.width / 2, "right": x - line.width}[anchor]
        self.set_line(line, left, y)
        return line.width

    def draw(self, drawing: Drawing, typecase: Typecase, *, rtl: bool = False) -> None:
        """Draw *drawing* with its top left corner at `(0, drawing.height)`."""
        for mark in drawing.marks:
            match mark:
                case Stroke():
                    self.setStrokeColor(COLOURS[mark.ink])
                    self.setLineWidth(mark.width)
                    self.setDash()
                    top = drawing.height
                    self.line(mark.x1, top - mark.y1, mark.x2, top - mark.y2)
                case Rect():
                    self.setFillColor(COLOURS[mark.ink])
                    y = drawing.height - mark.y - mark.height
                    radius = min(mark.radius, mark.width / 2, mark.height / 2)
                    draw = partial(self.roundRect, radius=radius) if radius > 0.1 else self.rect
                    draw(mark.x, y, mark.width, mark.height, stroke=0, fill=1)
                case Dot():
                    self.setFillColor(COLOURS[mark.ink])
                    y = drawing.height - mark.y
                    self.circle(mark.x, y, mark.radius, stroke=0, fill=1)
                case Path():
                    self.setStrokeColor(COLOURS[mark.ink])
                    self.setLineWidth(mark.width)
                    self.setLineJoin(1)
                    self.setLineCap(0 if mark.dash else 1)
                    self.setDash(list(mark.dash))
                    self._trace(mark.points, drawing.height, fill=0, stroke=1)
                    self.setDash()
                case Shape():
                    self.setFillColor(COLOURS[mark.ink])
                    self._trace(mark.points, drawing.height, fill=1, stroke=0)
                case Label():
                    look = Look(
                        "bold" if mark.is_bold else "regular", mark.size, mark.ink, is_tabular=True
                    )
                    y = drawing.height - mark.y
                    self.text(typecase, mark.text, look, mark.x, y, anchor=mark.anchor, rtl=rtl)

    def _trace(
        self, points: Sequence[tuple[float, float]], height: float, *, fill: int, stroke: int
    ) -> None:
        path = self.beginPath()
        for n, (x, y) in enumerate(points):
            (path.lineTo if n else path.moveTo)(x, height - y)
        if fill:
            path.close()
        self.drawPath(path, stroke=stroke, fill=fill)

    def _piece(self, piece: Piece, x: float, y: float) -> Iterator[str]:
        """The operators that draw *piece*."""
        size = piece.look.size
        for shaped in piece.shaped:
            font = self.embedded(shaped.cut)
            yield f"/{font.internal_name} {size * shaped.cut.scale:.2f} Tf"
            if shaped.is_level:
                yield f"1 0 0 1 {x:.2f} {y:.2f} Tm {font.coded(shaped)} TJ"
                x += shaped.width * size / 1000
                continue
            for glyph in shaped.glyphs:
                left, base = x + glyph.right * size / 1000, y + glyph.up * size / 1000
                yield f"1 0 0 1 {left:.2f} {base:.2f} Tm {font.operand([glyph])} TJ"
                x += glyph.advance * size / 1000


@functools.cache
def _ink(name: str) -> str:
    """The operator that makes *name* the colour of text; also of a colour such as `#112233`."""
    colour = COLOURS.get(name) or HexColor(name)
    return f"{colour.red:.3f} {colour.green:.3f} {colour.blue:.3f} rg"
