"""Parts of a page that are more than a paragraph: lines of the contents, goals, boxes to tick."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

from reportlab.lib.colors import HexColor
from reportlab.platypus import Flowable

from planning.render.palette import goal_ink
from planning.render.typeset.flow import BASELINE, Text
from planning.render.typeset.lines import Look
from planning.render.typeset.paper import COLOURS, Paper
from planning.render.typeset.setter import Setter


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the contents: what it is called, where it leads, how deep it is nested."""

    title: str
    anchor: str
    level: int
    number: str = ""

    @property
    def look(self) -> Look:
        """How it looks."""
        is_part = self.level == 0
        return Look(
            "bold" if is_part else "regular", 10 if is_part else 9.4, "ink" if is_part else "muted"
        )


class ContentsLine(Flowable):
    """A line of the contents: a title that leads there, and a place for its page."""

    INDENT, PAGE = 24.0, 34.0
    MOST = 4  # lines

    def __init__(self, entry: Entry, setter: Setter) -> None:
        super().__init__()
        self.entry = entry
        self.setter = setter
        self.form = setter.form(15.4, before=7 if entry.level == 0 else 0)
        look = replace(entry.look, target=f"#{entry.anchor}")
        self.galley = setter.galley(entry.title, look)

    def wrap(self, width: float, _: float) -> tuple[float, float]:
        """As high as its title has lines."""
        self.lines = self.galley.lines(width - self.INDENT - self.PAGE)[: self.MOST]
        self.width, self.height = width, self.form.before + len(self.lines) * self.form.leading
        return self.width, self.height

    def draw(self) -> None:
        """Draw it, as reportlab asks it to."""
        paper = cast(Paper, self.canv)
        rtl, leading = self.setter.rtl, self.form.leading
        y = self.height - self.form.before - leading * BASELINE
        if self.entry.number:
            look = Look("bold", 10, "bar", is_tabular=True)
            x, anchor = (self.width, "right") if rtl else (0.0, "left")
            paper.text(self.setter.typecase, self.entry.number, look, x, y, anchor=anchor, rtl=rtl)
        for line in self.lines:
            x = self.width - self.INDENT - line.width if rtl else self.INDENT
            paper.set_line(line, x, y)
            y -= leading
        y += leading
        self._leader(paper, self.INDENT + self.lines[-1].width + 8, self.width - 24, y)
        paper.saveState()
        paper.translate(0 if rtl else self.width, y)
        paper.later(f"at-{self.entry.anchor}")
        paper.restoreState()

    def _leader(self, paper: Paper, begin: float, end: float, y: float) -> None:
        """Dots from the title to the page."""
        if end <= begin:
            return
        if self.setter.rtl:
            begin, end = self.width - end, self.width - begin
        paper.setStrokeColor(COLOURS["line"])
        paper.setLineWidth(0.6)
        paper.setDash([0.6, 3.2])
        paper.line(begin, y + 2, end, y + 2)
        paper.setDash()


class GoalChip(Flowable):
    """A goal: its number on its colour, and beside it what is said of it."""

    SIDE, GAP = 27.0, 12.0

    def __init__(self, goal: int, parts: Sequence[Text], setter: Setter) -> None:
        super().__init__()
        self.goal = goal
        self.parts = parts
        self.setter = setter

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        """As high as its text, and never lower than the chip."""
        inside = width - self.SIDE - self.GAP
        self.told = sum(part.wrap(inside, height)[1] for part in self.parts)
        self.width, self.height = width, max(self.told, self.SIDE) + 9
        return self.width, self.height

    def draw(self) -> None:
        """Draw it, as reportlab asks it to."""
        paper = cast(Paper, self.canv)
        rtl = self.setter.rtl
        x, top = (self.width - self.SIDE if rtl else 0.0), self.height - 4
        paper.setFillColor(HexColor(goal_ink(self.goal)))
        paper.roundRect(x, top - self.SIDE, self.SIDE, self.SIDE, 5, stroke=0, fill=1)
        look = Look("display", 13, "paper", is_tabular=True)
        middle, y = x + self.SIDE / 2, top - self.SIDE / 2 - 4.6
        paper.text(self.setter.typecase, str(self.goal), look, middle, y, anchor="middle")
        y = top - max((self.SIDE - self.told) / 2, 0)
        for part in self.parts:
            part.drawOn(paper, 0 if rtl else self.SIDE + self.GAP, y - part.height)
            y -= part.height


def tick_box(paper: Paper, text: Text) -> None:
    """A box to tick in the indent of *text*."""
    side = 8.0
    x = text.width - side if text.galley.rtl else 0.0
    y = text.height - text.form.leading * BASELINE - 0.8
    paper.setStrokeColor(COLOURS["accent"])
    paper.setLineWidth(0.9)
    paper.roundRect(x, y, side, side, 1.5, stroke=1, fill=0)
