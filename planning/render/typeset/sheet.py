"""The pages that a document flows onto: cover, running heads and feet, page numbers."""

import io
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import landscape
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, PageTemplate

from planning.content import Document
from planning.render.clean import one_line
from planning.render.drawing import fitted
from planning.render.typeset.flow import Text
from planning.render.typeset.lines import Look
from planning.render.typeset.paper import COLOURS, Paper
from planning.render.typeset.parts import Entry
from planning.render.typeset.setter import Setter
from planning.showing import Shown
from planning.wording import words_in

SIDE, TOP, BOTTOM = 64.0, 76.0, 62.0  # margins, in points
SMALL = 8.2
BAND = 0.66  # of the cover is coloured
TITLE_SIZES = (40, 36, 32, 28, 24, 20, 16, 13)
# The hulls on the cover: their colours, and their lengths and places as parts of the width.
HULLS = (("#156079", 0.44, 0.36, 58), ("#27748f", 0.34, 0.56, 36), ("#3b8aa5", 0.25, 0.74, 18))


class Sheet:
    """The pages of one document."""

    def __init__(self, document: Document, setter: Setter, size: tuple[float, float]) -> None:
        self.document = document
        self.setter = setter
        self.size = size
        self.words = words_in(document.language)
        self.shown = Shown(document.language, document.currency)

    @property
    def width(self) -> float:
        """The width of the text on an upright page."""
        return self.size[0] - 2 * SIDE

    @property
    def wide(self) -> float:
        """The width of the text on a turned page."""
        return self.size[1] - 2 * SIDE

    @property
    def height(self) -> float:
        """The height of the text on an upright page."""
        return self.size[1] - TOP - BOTTOM

    @property
    def low(self) -> float:
        """The height of the text on a turned page."""
        return self.size[0] - TOP - BOTTOM

    def print(
        self, story: Sequence[Flowable], entries: Sequence[Entry], pages: Mapping[str, int]
    ) -> bytes:
        """The file with *story* on its pages; *pages* says where each of *entries* came to stand."""
        file, document = io.BytesIO(), self.document
        template = BaseDocTemplate(
            file,
            pagesize=self.size,
            lang=document.language,
            title=one_line(document.title),
            author=one_line(document.venture),
            subject=one_line(document.subtitle),
            creator="Trimaran",
            producer="Trimaran",
        )
        template.addPageTemplates(list(self._templates()))
        template.build(list(story), canvasmaker=partial(self._paper, entries, pages))
        return file.getvalue()

    def _paper(
        self,
        entries: Sequence[Entry],
        pages: Mapping[str, int],
        file: io.BytesIO,
        **options: object,
    ) -> Paper:
        paper = Paper(file, **{**options, "pageCompression": 1})
        written_on = self.document.written_on.isoformat().replace("-", "")
        paper.setDateFormatter(lambda *_: f"D:{written_on}000000Z")
        paper.setViewerPreference("DisplayDocTitle", "true")
        if self.setter.rtl:
            paper.setViewerPreference("Direction", "R2L")
        paper.after_all = partial(self._finish, entries, pages)
        return paper

    def _templates(self) -> Iterator[PageTemplate]:
        for name, size, draw in (
            ("cover", self.size, self._cover),
            ("body", self.size, self._running),
            ("wide", landscape(self.size), self._running),
        ):
            width, height = size[0] - 2 * SIDE, size[1] - TOP - BOTTOM
            frame = Frame(SIDE, BOTTOM, width, height, 0, 0, 0, 0)
            on_page = partial(draw, width=size[0], height=size[1])
            yield PageTemplate(name, [frame], onPage=on_page, pagesize=size)

    def _finish(self, entries: Sequence[Entry], pages: Mapping[str, int], paper: Paper) -> None:
        """What can be said only now: how many pages there are, and where sections begin."""
        total = paper.getPageNumber() - 1
        for number in range(2, total + 1):
            text = self.words("document.page", number=number, total=total)
            look = Look(size=SMALL, ink="muted", is_tabular=True)
            paper.fill(f"page-{number}", partial(self._end, text=text, look=look, x=0, y=0))
        for entry in entries:
            page = str(pages.get(entry.anchor, ""))
            draw = partial(self._end, text=page, look=entry.look, x=0, y=0)
            paper.fill(f"at-{entry.anchor}", draw)

    def _running(self, paper: Paper, _: BaseDocTemplate, width: float, height: float) -> None:
        """The head and the foot of a page."""
        head, foot = height - 46, 34
        begin, end = self._edges(width)
        room = width / 2 - SIDE - (40 if self.document.is_draft else 8)
        small = Look(size=SMALL, ink="muted")
        venture = self._fitted(self.document.venture, room)
        title = self._fitted(self.document.title, room)
        self._start(paper, venture, Look("bold", SMALL, "accent"), begin, head)
        self._end(paper, title, small, end, head)
        if self.document.is_draft:
            self._draft_label(paper, width / 2, head)
        paper.setStrokeColor(COLOURS["line"])
        paper.setLineWidth(0.5)
        paper.line(SIDE, head - 9, width - SIDE, head - 9)
        self._start(paper, self.shown.date(self.document.written_on), small, begin, foot)
        paper.saveState()
        paper.translate(end, foot)
        paper.later(f"page-{paper.getPageNumber()}")
        paper.restoreState()

    def _cover(self, paper: Paper, _: BaseDocTemplate, width: float, height: float) -> None:
        """The first page."""
        low = height * (1 - BAND)
        paper.setFillColor(COLOURS["accent"])
        paper.rect(0, low, width, height - low, stroke=0, fill=1)
        self._hulls(paper, width, low)
        begin, end = self._edges(width)
        venture = self._fitted(self.document.venture, self.width / 1.6)
        self._start(paper, venture, Look("bold", 13, "#a9d0de"), begin, height - 92)
        subtitle = self.setter.galley(self.document.subtitle, Look(size=14, ink="#d7e8ee"))
        below = subtitle.balanced(self.width * 0.9)[:4]
        leading = self.setter.form(21).leading
        y = low + 128 + len(below) * leading
        title = self._title(height - 130 - y)
        y = self._lines(paper, title, begin, y + title.height, title.form.leading)
        for line in below:
            y -= leading
            paper.set_line(line, begin - (line.width if self.setter.rtl else 0), y)
        day = self.shown.date(self.document.written_on)
        self._start(paper, day, Look(size=11), begin, low - 48)
        if self.document.is_draft:
            self._draft_label(paper, end, low - 48, is_at_end=True)

    def _lines(self, paper: Paper, text: Text, begin: float, y: float, leading: float) -> float:
        """Draw the lines of *text* down from *y*; returns where they end."""
        for line in text.lines:
            y -= leading
            paper.set_line(line, begin - (line.width if self.setter.rtl else 0), y + leading * 0.26)
        return y

    def _title(self, height: float) -> Text:
        """The title, as large as there is room for it."""
        for size in TITLE_SIZES:
            form = self.setter.form(size * 1.18, is_balanced=True)
            text = self.setter.text(
                one_line(self.document.title), Look("display", size, "paper"), form
            )
            _, used = text.wrap(self.width, height)
            if used <= height and text.galley.longest_word <= self.width:
                break
        text.lines = text.lines[: max(int(height / form.leading), 1)]
        text.height = len(text.lines) * form.leading
        return text

    def _draft_label(self, paper: Paper, x: float, y: float, *, is_at_end: bool = False) -> None:
        """A label that says that this is a draft, around *x* or up to it."""
        text, look = self.words("document.draft"), Look("bold", 7.6, "warn")
        width = self.setter.galley(text, look).natural_width + 14
        left = x - width / 2
        if is_at_end:
            left = x if self.setter.rtl else x - width
        paper.setFillColor(COLOURS["warn-soft"])
        paper.roundRect(left, y - 5, width, 16, 3, stroke=0, fill=1)
        typecase, rtl = self.setter.typecase, self.setter.rtl
        paper.text(typecase, text, look, left + width / 2, y, anchor="middle", rtl=rtl)

    def _hulls(self, paper: Paper, width: float, low: float) -> None:
        """Three hulls at the foot of the cover's ground."""
        paper.saveState()
        paper.translate(width if self.setter.rtl else 0, low)
        paper.scale(-1 if self.setter.rtl else 1, 1)
        for colour, part, place, y in HULLS:
            length, left = width * part, width * place
            keel, bow = y - length * 0.085, y + length * 0.07
            hull = paper.beginPath()
            hull.moveTo(left, y)
            hull.curveTo(left + length * 0.2, keel, left + length * 0.74, keel, left + length, bow)
            hull.curveTo(left + length * 0.72, y + 2, left + length * 0.3, y - 1, left, y)
            paper.setFillColor(HexColor(colour))
            paper.drawPath(hull, stroke=0, fill=1)
        paper.restoreState()

    def _edges(self, width: float) -> tuple[float, float]:
        """Where lines begin and end for a reader of this language."""
        return (width - SIDE, SIDE) if self.setter.rtl else (SIDE, width - SIDE)

    def _fitted(self, text: str, room: float) -> str:
        return fitted(one_line(text), room, SMALL, self.setter.width, is_bold=True)

    def _start(self, paper: Paper, text: str, look: Look, x: float, y: float) -> None:
        anchor = "right" if self.setter.rtl else "left"
        paper.text(self.setter.typecase, text, look, x, y, anchor=anchor, rtl=self.setter.rtl)

    def _end(self, paper: Paper, text: str, look: Look, x: float, y: float) -> None:
        anchor = "left" if self.setter.rtl else "right"
        paper.text(self.setter.typecase, text, look, x, y, anchor=anchor, rtl=self.setter.rtl)
