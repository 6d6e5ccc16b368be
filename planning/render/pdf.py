"""A document as PDF: cover, contents, sections, sources. All text goes through our own typesetting.

Nothing of the document is ever markup to reportlab, and nothing in it can open a file or an address.
It belongs into a process of its own, see `printer.py`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Literal

from reportlab import rl_config
from reportlab.lib.pagesizes import A4, LETTER
from reportlab.platypus import Flowable, NextPageTemplate, PageBreak, Spacer

from planning.content import (
    Block,
    Chart,
    Chips,
    Document,
    Gantt,
    Prose,
    Reference,
    Section,
    Table,
    texts,
)
from planning.render.charts import chart_drawing
from planning.render.clean import cleaned, day_of, one_line, web_address
from planning.render.drawing import Drawing
from planning.render.gantt import gantt_drawings, mirrored
from planning.render.prose import (
    Grid,
    Heading,
    Items,
    Node,
    Paragraph,
    Quote,
    Rule,
    Span,
    Spans,
    Verbatim,
    numbered,
    read,
    spans_of,
)
from planning.render.typeset.faces import Typecase
from planning.render.typeset.flow import (
    Bullet,
    Gap,
    Panel,
    Picture,
    Text,
    belongs_to_next,
    kept_together,
)
from planning.render.typeset.lines import Look
from planning.render.typeset.paper import Paper
from planning.render.typeset.parts import ContentsLine, Entry, GoalChip, tick_box
from planning.render.typeset.printable import require_script
from planning.render.typeset.setter import Setter
from planning.render.typeset.sheet import SMALL, Sheet
from planning.render.typeset.tables import Cells, SetTable, set_tables
from planning.showing import Shown
from planning.wording import is_right_to_left, words_in

PageSize = Literal["A4", "Letter"]

BODY, LEADING = 10.0, 15.4
SECTION, SUB, SUBSUB = 20.0, 12.4, 10.2  # sizes of headings
FEWEST_ENTRIES = 4  # sections from which a document has contents
INDENT = 15.0  # of a list
LONG_CHIP = 1500  # characters; what is said of a goal then stands below it
AROUND = 150.0  # room for what stands above and below a drawing: a heading, a caption, a note

rl_config.trustedHosts = []
rl_config.trustedSchemes = []
rl_config.invariant = 1
rl_config.useA85 = 0


def pdf(document: Document, *, page_size: PageSize = "A4", extra_font: str = "") -> bytes:
    """*document* as the bytes of a PDF file; equal documents give equal bytes.

    *extra_font* is the path of a font for scripts that ours lack. Raises `Unprintable` when
    the document's script is such a one, and `UnusableFont`.
    """
    document = cleaned(document)
    typecase = Typecase(extra_font, document.language)
    require_script("\n".join(texts(document)), typecase.has)
    setter = Setter(typecase, document.language, is_right_to_left(document.language))
    sheet = Sheet(document, setter, {"A4": A4, "Letter": LETTER}[page_size])
    return Press(document, setter, sheet).run()


class Press:
    """One document on its way to paper: what flows, which entries its contents have, on which pages."""

    def __init__(self, document: Document, setter: Setter, sheet: Sheet) -> None:
        self.document = document
        self.setter = setter
        self.sheet = sheet
        self.words = words_in(document.language)
        self.shown = Shown(document.language, document.currency)
        self.marks = numbered(document.references)
        self.entries: list[Entry] = []
        self.pages: dict[str, int] = {}
        self.is_turned: bool | None = None  # the page that the story has come to; None: the cover

    def run(self) -> bytes:
        """The file."""
        body: list[Flowable] = []
        for number, section in enumerate(self.document.sections, start=1):
            body += self._section(section, number)
        body += self._questions()
        body += self._sources()
        if sum(entry.level == 0 for entry in self.entries) < FEWEST_ENTRIES:
            story = [*body[:2], *self._notices(), *body[2:]]  # behind the break after the cover
        else:
            story = [NextPageTemplate("body"), PageBreak(), *self._contents(), *body]
        return self.sheet.print(story or [Spacer(1, 1)], self.entries, self.pages)

    def _contents(self) -> list[Flowable]:
        look = Look("display", SECTION + 2, "accent")
        form = self.setter.form(28, after=14)
        return [
            self.setter.text(self.words("document.contents"), look, form),
            *(ContentsLine(entry, self.setter) for entry in self.entries),
            Gap(24),
            *self._notices(),
        ]

    def _notices(self) -> list[Flowable]:
        """What the reader has to know first."""
        notices = self.document.notices
        if not notices:
            return []
        form, last = self.setter.form(13.6, after=6), self.setter.form(13.6)
        head = self.setter.text(
            self.words("render.please_note"),
            Look("bold", 9.2, "accent"),
            self.setter.form(13, after=3),
        )
        parts = [
            self.setter.text(
                spans_of(notice, self.marks), Look(size=9.2), last if n == len(notices) else form
            )
            for n, notice in enumerate(notices, start=1)
        ]
        panel = Panel([head, *parts], ink="accent", ground="accent-soft", rtl=self.setter.rtl)
        return [panel]

    def _section(self, section: Section, number: int) -> list[Flowable]:
        anchor = f"section-{number}"
        story: list[Flowable] = [self._heading(section.title, anchor, str(number))]
        if section.author == "embedded":
            form = self.setter.form(12, after=6, keeps_with_next=True)
            look = Look("italic", SMALL, "warn")
            story.append(self.setter.text(self.words("render.embedded"), look, form))
        turned: list[Flowable] = []
        for n, block in enumerate(section.blocks):
            flowables, is_wide = self._block(block, f"{anchor}-{n}")
            follows_prose = n > 0 and isinstance(section.blocks[n - 1], Prose)
            if follows_prose and not is_wide and isinstance(story[-1], Text):
                story[-1].introduces = not isinstance(block, Prose)
            (turned if is_wide else story).extend(flowables)
        # Turned pages come after the rest of the section, so that no half page stays empty.
        if turned and all(map(belongs_to_next, story)):
            return self._kept([*story, *turned], is_turned=True)
        return [*self._kept(story), *self._kept(turned, is_turned=True)]

    def _kept(self, story: Sequence[Flowable], *, is_turned: bool = False) -> list[Flowable]:
        """*story* on pages of its kind: a new one begins where the kind changes."""
        if not story:
            return []
        sheet = self.sheet
        size = (sheet.wide, sheet.low) if is_turned else (sheet.width, sheet.height)
        kept = kept_together(story, *size)
        if is_turned == self.is_turned:
            return kept
        self.is_turned = is_turned
        return [NextPageTemplate("wide" if is_turned else "body"), PageBreak(), *kept]

    def _heading(self, title: str, anchor: str, number: str = "") -> Text:
        title = one_line(title)
        look = Look("display", SECTION, "accent")
        form = self.setter.form(
            SECTION * 1.24, before=28, after=10, keeps_with_next=True, is_balanced=True
        )
        self.entries.append(Entry(title, anchor, 0, number))
        begin = partial(self._begin, title=title, anchor=anchor, level=0)
        galley = self.setter.galley(title, look)
        if not number:
            return Text(galley, form, anchor=anchor, on_draw=begin)
        figure = self.setter.galley(number, replace(look, ink="bar", is_tabular=True))
        form = replace(form, indent=figure.natural_width + 11)
        return Text(galley, form, bullet=Bullet(figure), anchor=anchor, on_draw=begin)

    def _begin(self, paper: Paper, *, title: str, anchor: str, level: int) -> None:
        """Note the page of a heading, and put it into the outline."""
        self.pages[anchor] = paper.getPageNumber()
        paper.addOutlineEntry(title, anchor, level, closed=level > 0)

    def _block(self, block: Block, anchor: str) -> tuple[list[Flowable], bool]:
        """A block, and whether it needs a turned page."""
        match block:
            case Prose():
                return list(self._prose(read(block.markdown, self.marks), anchor)), False
            case Table():
                return self._table(block)
            case Gantt():
                return self._gantt(block), False
            case Chart():
                drawing = chart_drawing(block, self.shown, self.sheet.width, self.setter.width)
                return self._pictures([drawing], block.caption, block.note), False
            case Chips():
                return self._chips(block), False

    def _prose(self, nodes: Sequence[Node], anchor: str, depth: int = 0) -> Iterator[Flowable]:
        for n, node in enumerate(nodes):
            match node:
                case Paragraph(spans):
                    form = self.setter.form(LEADING, after=7, indent=depth * INDENT)
                    yield self.setter.text(spans, Look(size=BODY), form)
                case Heading(level, spans):
                    yield self._subheading(spans, level, f"{anchor}-{n}")
                case Items(items, first):
                    yield from self._items(items, first, f"{anchor}-{n}", depth)
                case Quote(inner):
                    parts = [p for p in self._prose(inner, f"{anchor}-{n}") if isinstance(p, Text)]
                    yield Panel(parts, ink="line", ground="panel", rtl=self.setter.rtl)
                case Verbatim(text):
                    form = self.setter.form(12, after=8, indent=(depth + 1) * INDENT)
                    look = Look(size=SMALL, ink="muted", is_tabular=True)
                    yield self.setter.text(text, look, form)
                case Grid():
                    cells = Cells(node.header, node.rows, node.sides, (1.0,) * len(node.header))
                    # In prose a table does not turn the page: it is squeezed instead.
                    tables, _ = set_tables(cells, self.setter, self.sheet.width, self.sheet.width)
                    yield from [Gap(3), *tables, Gap(10)]
                case Rule():
                    yield Gap(8)

    def _subheading(self, spans: Spans, level: int, anchor: str) -> Text:
        size, ink = (SUB, "ink") if level == 3 else (SUBSUB, "accent")
        form = self.setter.form(
            size * 1.36, before=12, after=4, keeps_with_next=True, is_balanced=True
        )
        galley = self.setter.galley(spans, Look("bold", size, ink))
        if level > 3:
            return Text(galley, form)
        title = one_line("".join(span.text for span in spans))
        self.entries.append(Entry(title, anchor, 1))
        begin = partial(self._begin, title=title, anchor=anchor, level=1)
        return Text(galley, form, anchor=anchor, on_draw=begin)

    def _items(
        self, items: Sequence[Sequence[Node]], first: int | None, anchor: str, depth: int
    ) -> Iterator[Flowable]:
        look, mark = Look(size=BODY), Look("bold", BODY, "accent", is_tabular=True)
        for n, item in enumerate(items):
            bullet = self.setter.galley("•" if first is None else f"{first + n}.", mark)
            indent = depth * INDENT + max(INDENT, bullet.natural_width + 5)
            begins = bool(item) and isinstance(item[0], Paragraph)
            nodes = item if begins else (Paragraph((Span(""),)), *item)
            for k, node in enumerate(nodes):
                if isinstance(node, Paragraph):
                    is_last = depth == 0 and (n, k) == (len(items) - 1, len(nodes) - 1)
                    form = self.setter.form(LEADING, after=7 if is_last else 3, indent=indent)
                    galley = self.setter.galley(node.spans, look)
                    yield Text(galley, form, bullet=None if k else Bullet(bullet, depth * INDENT))
                else:
                    yield from self._prose([node], f"{anchor}-{n}-{k}", depth + 1)

    def _table(self, table: Table) -> tuple[list[Flowable], bool]:
        cells = Cells(
            tuple(spans_of(column.title, self.marks) for column in table.columns),
            tuple(tuple(spans_of(cell, self.marks) for cell in row) for row in table.rows),
            tuple(column.align for column in table.columns),
            tuple(column.share for column in table.columns),
            table.totals,
        )
        if not cells.header:
            return [], False
        tables, is_wide = set_tables(cells, self.setter, self.sheet.width, self.sheet.wide)
        note = self._note(table.note)
        if isinstance(tables[-1], SetTable):
            width = self.sheet.wide if is_wide else self.sheet.width
            tables[-1].below = note.wrap(width, self.sheet.height)[1]
        return [*self._caption(table.caption), *tables, note], is_wide

    def _gantt(self, gantt: Gantt) -> list[Flowable]:
        room = self.sheet.height - AROUND
        drawings = gantt_drawings(gantt, self.shown, self.sheet.width, self.setter.width, room)
        if self.setter.rtl:
            drawings = [mirrored(drawing) for drawing in drawings]
        return self._pictures(drawings, gantt.caption, gantt.note)

    def _pictures(self, drawings: Sequence[Drawing], caption: str, note: str) -> list[Flowable]:
        """*drawings* between their caption and their note."""
        story: list[Flowable] = []
        for n, drawing in enumerate(drawings, start=1):
            above = caption if n == 1 else self.words("render.continued", caption=caption)
            below = note if n == len(drawings) else ""
            story += self._caption(above)
            story.append(
                Picture(
                    drawing,
                    self.setter.typecase,
                    rtl=self.setter.rtl,
                    keeps_with_next=bool(below),
                )
            )
            story.append(self._note(below))
        return story

    def _caption(self, text: str) -> list[Flowable]:
        if not text:
            return []
        form = self.setter.form(12.8, before=9, after=5, keeps_with_next=True, is_balanced=True)
        return [self.setter.text(spans_of(text, self.marks), Look("bold", 9.2), form)]

    def _note(self, text: str) -> Flowable:
        """What stands below a table or a drawing; without it, the space that does."""
        if not text:
            return Gap(13)
        form = self.setter.form(11.6, before=1, after=13)
        return self.setter.text(spans_of(text, self.marks), Look(size=SMALL, ink="muted"), form)

    def _chips(self, chips: Chips) -> list[Flowable]:
        form = self.setter.form(13.2)
        story: list[Flowable] = []
        for chip in chips.chips:
            parts = [self.setter.text(spans_of(chip.label, self.marks), Look("bold", 9.6), form)]
            note = self.setter.text(
                spans_of(chip.note, self.marks), Look(size=9, ink="muted"), form
            )
            is_short = len(chip.label) + len(chip.note) < LONG_CHIP
            if chip.note and is_short:
                parts.append(note)
            story.append(GoalChip(chip.goal, parts if is_short else parts[:0], self.setter))
            if not is_short:
                story += [*parts, note]
        return [*story, Gap(8)]

    def _questions(self) -> list[Flowable]:
        if not self.document.questions:
            return []
        story: list[Flowable] = [self._heading(self.words("document.questions"), "questions")]
        form = self.setter.form(LEADING, after=5, indent=INDENT + 3)
        for question in self.document.questions:
            text = self.setter.text(spans_of(question, self.marks), Look(size=BODY), form)
            text.on_draw = partial(tick_box, text=text)
            story.append(text)
        return self._kept(story)

    def _sources(self) -> list[Flowable]:
        if not self.document.references:
            return []
        story: list[Flowable] = [self._heading(self.words("document.sources"), "sources")]
        for reference in self.document.references:
            story += self._source(reference)
        return self._kept(story)

    def _source(self, reference: Reference) -> Iterator[Flowable]:
        """Its mark and title, its address as a link, and how far it is trusted."""
        address = web_address(reference.url)
        mark = self.setter.galley(self.marks[reference.mark], Look("bold", SMALL, "accent"))
        form = self.setter.form(
            12.8, indent=max(30.0, mark.natural_width + 6), keeps_with_next=True
        )
        name = one_line(reference.title) or address or reference.mark
        title = self.setter.galley(name, Look("bold", 9.2, target=address))
        yield Text(title, form, bullet=Bullet(mark), anchor=reference.mark)
        form = replace(form, leading=self.setter.form(11.8).leading)
        if shown := address or one_line(reference.url):
            look = Look(size=SMALL, ink="accent", target=address)
            yield self.setter.text(shown, look, form)
        told = [self.words(f"render.tier_{reference.tier}")]
        if day := day_of(reference.fetched_at):
            told.append(self.words("render.read_on", day=self.shown.day(day)))
        look, form = Look(size=SMALL, ink="muted"), replace(form, after=9, keeps_with_next=False)
        yield self.setter.text(" · ".join(told), look, form)
