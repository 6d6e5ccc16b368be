"""What flows down the pages: paragraphs of set text, drawings, and how they keep together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

from reportlab.platypus import CondPageBreak, Flowable

from planning.render.drawing import Drawing
from planning.render.typeset.faces import Typecase
from planning.render.typeset.lines import Galley, Line
from planning.render.typeset.paper import COLOURS, Paper

FEWEST = 2  # lines of a paragraph that may stand alone at the foot or the head of a page
SLACK = 4.0  # points by which spaces between paragraphs may differ from what is counted here
UNBROKEN = 12  # lines of a heading that is not broken
SHORT = 2  # lines of a paragraph that stays with the table or drawing that it introduces
BASELINE = 0.74  # of the leading, from the top of a line


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How a paragraph stands: lengths in points, *side* as seen by a reader of its direction."""

    leading: float
    before: float = 0.0
    after: float = 0.0
    indent: float = 0.0
    side: str = "start"  # or center, end
    keeps_with_next: bool = False
    is_balanced: bool = False


@dataclass(frozen=True, slots=True)
class Bullet:
    """What stands in the indent beside the first line, *at* so many points from the edge."""

    galley: Galley
    at: float = 0.0


class Text(Flowable):
    """A paragraph. *anchor* is a name that links lead to; *on_draw* is called where it is drawn."""

    def __init__(
        self,
        galley: Galley,
        form: Form,
        *,
        bullet: Bullet | None = None,
        anchor: str = "",
        on_draw: Callable[[Paper], None] | None = None,
        lines: Sequence[Line] | None = None,
    ) -> None:
        super().__init__()
        self.galley = galley
        self.form = form
        self.bullet = bullet
        self.anchor = anchor
        self.on_draw = on_draw
        self.introduces = False  # the table or drawing that follows, if it is short
        self.lines: Sequence[Line] = lines or ()
        self._set_in: float | None = None
        self._is_part = lines is not None

    def getSpaceBefore(self) -> float:  # noqa: N802 - reportlab's name
        """See `Form.before`."""
        return self.form.before

    def getSpaceAfter(self) -> float:  # noqa: N802 - reportlab's name
        """See `Form.after`."""
        return self.form.after

    def wrap(self, width: float, _: float) -> tuple[float, float]:
        """Break the text into lines of *width*; its size then."""
        if not self._is_part and self._set_in != width:
            room = max(width - self.form.indent, 1)
            lines = self.galley.balanced if self.form.is_balanced else self.galley.lines
            self.lines = lines(room)
            self._set_in = width
        self.width, self.height = width, len(self.lines) * self.form.leading
        return self.width, self.height

    def split(self, width: float, height: float) -> list[Flowable]:
        """In two where *height* ends, with at least two lines on either side; empty if it cannot be."""
        self.wrap(width, height)
        fit = min(int(height / self.form.leading + 1e-6), len(self.lines) - FEWEST)
        if fit < FEWEST or (self.form.keeps_with_next and len(self.lines) <= UNBROKEN):
            return []
        head, tail = self.lines[:fit], self.lines[fit:]
        begin = Text(
            self.galley,
            self.form,
            bullet=self.bullet,
            anchor=self.anchor,
            on_draw=self.on_draw,
            lines=head,
        )
        return [begin, Text(self.galley, self.form, lines=tail)]

    def draw(self) -> None:
        """Draw its lines, as reportlab asks it to."""
        paper = cast(Paper, self.canv)
        if self.anchor:
            paper.bookmarkHorizontal(self.anchor, 0, self.height + self.form.before)
        if self.on_draw:
            self.on_draw(paper)
        rtl, leading = self.galley.rtl, self.form.leading
        begin = 0.0 if rtl else self.form.indent
        room = self.width - self.form.indent
        baseline = self.height - leading * BASELINE
        if self.bullet:
            mark, at = self.bullet.galley.lines(float("inf"))[0], self.bullet.at
            paper.set_line(mark, self.width - at - mark.width if rtl else at, baseline)
        slack = {"start": float(rtl), "center": 0.5, "end": float(not rtl)}[self.form.side]
        for line in self.lines:
            paper.set_line(line, begin + (room - line.width) * slack, baseline)
            baseline -= leading


class Gap(Flowable):
    """Space between two parts, which is not carried over to the next page."""

    def __init__(self, height: float) -> None:
        super().__init__()
        self.gap = height

    def wrap(self, *_: float) -> tuple[float, float]:
        """Nothing itself."""
        return 0.0, 0.0

    def getSpaceAfter(self) -> float:  # noqa: N802 - reportlab's name
        """The space."""
        return self.gap

    def draw(self) -> None:
        """Draw nothing."""


class Picture(Flowable):
    """A drawing; with *keeps_with_next* its note stays on its page."""

    AFTER = 4.0

    def __init__(
        self, drawing: Drawing, typecase: Typecase, *, rtl: bool, keeps_with_next: bool = False
    ) -> None:
        super().__init__()
        self.drawing = drawing
        self.typecase = typecase
        self.rtl = rtl
        self.keeps_with_next = keeps_with_next
        self.width, self.height = drawing.width, drawing.height

    def wrap(self, *_: float) -> tuple[float, float]:
        """Its size, which does not depend on the room."""
        return self.width, self.height

    def getSpaceAfter(self) -> float:  # noqa: N802 - reportlab's name
        """The space below it."""
        return self.AFTER

    def draw(self) -> None:
        """Draw it, as reportlab asks it to."""
        cast(Paper, self.canv).draw(self.drawing, self.typecase, rtl=self.rtl)


class Panel(Flowable):
    """Paragraphs on a coloured ground with a bar at their start."""

    PADDING, BAR, AFTER = 10.0, 3.0, 10.0

    def __init__(self, parts: Sequence[Text], *, ink: str, ground: str, rtl: bool) -> None:
        super().__init__()
        self.parts = parts
        self.ink = ink
        self.ground = ground
        self.rtl = rtl

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        """Its size with all parts."""
        inside = width - 2 * self.PADDING - self.BAR
        heights = [part.wrap(inside, height)[1] for part in self.parts]
        gaps = sum(part.form.after for part in self.parts[:-1])
        self.width, self.height = width, sum(heights) + gaps + 2 * self.PADDING
        return self.width, self.height

    def getSpaceAfter(self) -> float:  # noqa: N802 - reportlab's name
        """The space below it."""
        return self.AFTER

    def split(self, width: float, height: float) -> list[Flowable]:
        """In two between its parts, or within one; empty if it cannot be."""
        inside, left = width - 2 * self.PADDING - self.BAR, height - 2 * self.PADDING
        for n, part in enumerate(self.parts):
            _, high = part.wrap(inside, left)
            if high > left:
                pieces = part.split(inside, left)
                head = [*self.parts[:n], *cast(list[Text], pieces[:1])]
                tail = [*cast(list[Text], pieces[1:] or [part]), *self.parts[n + 1 :]]
                return [self._like(head), self._like(tail)] if head else []
            left -= high + part.form.after
        return [self]

    def draw(self) -> None:
        """Draw the ground, the bar and the parts, as reportlab asks it to."""
        paper = cast(Paper, self.canv)
        paper.setFillColor(COLOURS[self.ground])
        paper.rect(0, 0, self.width, self.height, stroke=0, fill=1)
        paper.setFillColor(COLOURS[self.ink])
        paper.rect(self.width - self.BAR if self.rtl else 0, 0, self.BAR, self.height, 0, 1)
        x = self.PADDING + (0 if self.rtl else self.BAR)
        y = self.height - self.PADDING
        for part in self.parts:
            part.drawOn(paper, x, y - part.height)
            y -= part.height + part.form.after

    def _like(self, parts: Sequence[Text]) -> "Panel":
        return Panel(parts, ink=self.ink, ground=self.ground, rtl=self.rtl)


def kept_together(story: Sequence[Flowable], width: float, height: float) -> list[Flowable]:
    """*story* with page breaks where what belongs to the next would otherwise end a page alone.

    *width* and *height* are those of the text on its pages.
    """
    kept: list[Flowable] = []  # from the last to the first
    needed = 0.0  # by what follows
    for flowable in reversed(story):
        _, own = flowable.wrap(width, height)
        if belongs_to_next(flowable):
            needed += SLACK + own + flowable.getSpaceAfter() + flowable.getSpaceBefore()
            if kept and isinstance(kept[-1], CondPageBreak):
                kept.pop()
            kept += [flowable, CondPageBreak(min(needed, height))]
        else:
            needed = _least(flowable, own)
            kept.append(flowable)
            if hasattr(flowable, "least_height"):
                kept.append(CondPageBreak(min(needed, height)))
    return kept[::-1]


def belongs_to_next(flowable: Flowable) -> bool:
    """Whether *flowable*, which was wrapped, must not be the last on its page.

    reportlab has an attribute for this, but its way cannot break what is higher than a page.
    """
    if isinstance(flowable, Text):
        is_short = len(flowable.lines) <= SHORT
        return flowable.form.keeps_with_next or (flowable.introduces and is_short)
    return isinstance(flowable, Picture) and flowable.keeps_with_next


def _least(flowable: Flowable, height: float) -> float:
    """How much of *flowable* must stand on the page of what it belongs to."""
    if isinstance(flowable, Text):
        return min(height, (FEWEST + 1) * flowable.form.leading)
    return float(getattr(flowable, "least_height", height))
