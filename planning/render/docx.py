"""A document as DOCX for Word and LibreOffice: real styles, tables, lists, links and fields, to be edited further.

Text is only ever text: it becomes no field, no link and no part of the file's structure. Charts and
schedules are pictures with their values beside them.
"""

import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time
from typing import Literal

import docx as word
from docx.enum.section import WD_ORIENT, WD_SECTION
from docx.enum.table import WD_ALIGN_VERTICAL, WD_TABLE_DIRECTION
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_TAB_ALIGNMENT
from docx.oxml.ns import qn
from docx.section import Section as WordSection
from docx.shared import Pt, RGBColor
from docx.table import Table as WordTable
from docx.table import _Cell
from docx.text.paragraph import Paragraph as WordParagraph
from docx.text.run import Run

from planning.content import Block, Chart, Chips, Document, Gantt, Prose, Reference, Section, Table
from planning.render.charts import chart_drawing
from planning.render.clean import cleaned, day_of, one_line, web_address
from planning.render.columns import column_widths, row_lines
from planning.render.drawing import Drawing, rough_width
from planning.render.gantt import gantt_drawings, mirrored
from planning.render.palette import goal_ink
from planning.render.png import png
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
from planning.render.tables import chart_table, gantt_table
from planning.render.typeset.faces import Typecase
from planning.render.typeset.setter import Setter
from planning.render.wordstyles import TABLE_SIZE, set_styles
from planning.render.wordxml import Bookmarks, Lists, add_field, add_link, element, ink, within
from planning.showing import Shown
from planning.wording import is_right_to_left, words_in

PageSize = Literal["A4", "Letter"]
SIZES = {"A4": (595.3, 841.9), "Letter": (612.0, 792.0)}
MARGIN, TOP = 64.0, 72.0
MANY, HIGH = 8, 3.4  # columns, and lines of a row; beyond both a table has a turned page
PADDING = 12.0  # beside the text of a cell, both sides together
MOST_VALUES = 6  # categories of a chart whose values also stand in a table
TALLEST = 560.0  # of a picture
MARK = re.compile(r"S\d{1,4}")  # what prose cites a source by
RTL = "\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc"
LATIN = "A-Za-z\u00c0-\u024f\u0370-\u052f"
# What is written the other way: Latin words in a text from the right, and the reverse.
IN_RTL = re.compile(rf"([{LATIN}](?:[^{RTL}]*[{LATIN}\d%)])?)")
IN_LTR = re.compile(rf"([{RTL}](?:[^{LATIN}]*[{RTL}])?)")
EPOCH = (1980, 1, 1, 0, 0, 0)  # of the members of the file, so that equal documents are equal


def docx(document: Document, *, page_size: PageSize = "A4", extra_font: str = "") -> bytes:
    """*document* as the bytes of a DOCX file; equal documents give equal bytes.

    *extra_font* is the path of a font for the labels of charts, as for `pdf.pdf`.
    """
    return _Writer(cleaned(document), page_size, extra_font).run()


@dataclass(frozen=True, slots=True)
class Entry:
    """A heading that stands in the contents."""

    title: str
    level: int
    bookmark: str


class _Writer:
    """Writes one document."""

    def __init__(self, document: Document, page_size: PageSize, extra_font: str) -> None:
        self.document = document
        self.size = SIZES[page_size]
        self.words = words_in(document.language)
        self.shown = Shown(document.language, document.currency)
        self.rtl = is_right_to_left(document.language)
        self.marks = numbered(document.references)
        self.setter = Setter(Typecase(extra_font, document.language), document.language, self.rtl)
        self.file = word.Document()
        self.lists = Lists(self.file)
        self.bookmarks = Bookmarks()
        self.entries = list(self._entries())
        self._pending = iter(self.entries)

    @property
    def width(self) -> float:
        """The width of the text on an upright page, in points."""
        return self.size[0] - 2 * MARGIN

    def run(self) -> bytes:
        """The file."""
        set_styles(self.file, self.document.language, self.width)
        self.style_ids = {style.name: style.style_id for style in self.file.styles}
        self._properties()
        first = self.file.sections[0]
        first.different_first_page_header_footer = True
        self._page(first)
        self._cover()
        self._contents()
        for section in self.document.sections:
            self._section(section)
        self._questions()
        self._sources()
        return _packed(self.file)

    # What the whole file has: styles, pages, properties.

    def _page(self, section: WordSection, *, is_turned: bool = False) -> None:
        """The size and the margins of a section's pages."""
        width, height = reversed(self.size) if is_turned else self.size
        section.orientation = WD_ORIENT.LANDSCAPE if is_turned else WD_ORIENT.PORTRAIT
        section.page_width, section.page_height = Pt(width), Pt(height)
        for side in ("left", "right", "top", "bottom"):
            margin = MARGIN if side in ("left", "right") else TOP
            setattr(section, f"{side}_margin", Pt(margin))
        if self.rtl:
            grid = section._sectPr.find(qn("w:docGrid"))
            if section._sectPr.find(qn("w:bidi")) is None:
                grid.addprevious(element("w:bidi"))
        self._running(section, width - 2 * MARGIN)

    def _properties(self) -> None:
        document, properties = self.document, self.file.core_properties
        written = datetime.combine(document.written_on, time(), UTC)
        properties.title = one_line(document.title)[:255]
        properties.author = one_line(document.venture)[:255]
        properties.last_modified_by = "Trimaran"
        properties.subject = one_line(document.subtitle)[:255]
        properties.language = document.language[:255]
        properties.comments = properties.keywords = properties.category = ""
        properties.created = properties.modified = written
        properties.revision = 1

    def _running(self, section: WordSection, width: float) -> None:
        """The head and the foot of a section's pages."""
        section.header.is_linked_to_previous = section.footer.is_linked_to_previous = False
        head, foot = section.header.paragraphs[0], section.footer.paragraphs[0]
        for paragraph in (head, foot):
            stops = paragraph.paragraph_format.tab_stops
            stops.add_tab_stop(Pt(width / 2), WD_TAB_ALIGNMENT.CENTER)
            stops.add_tab_stop(Pt(width), WD_TAB_ALIGNMENT.RIGHT)
        draft = self.words("document.draft") if self.document.is_draft else ""
        self._write(head, (Span(one_line(self.document.venture), is_strong=True), Span("\t")))
        for run in self._write(head, (Span(draft, is_strong=True),)):
            run.font.color.rgb = RGBColor.from_string(ink("warn"))
        self._write(head, (Span(f"\t{one_line(self.document.title)}"),))
        self._write(foot, (Span(f"{self.shown.date(self.document.written_on)}\t\t"),))
        # The words for "Page 3 of 20", with fields where the numbers stand.
        page = self.words("document.page", number="\0PAGE\0", total="\0NUMPAGES\0")
        for part in page.split("\0"):
            if part in ("PAGE", "NUMPAGES"):
                add_field(foot, part, "1")
            elif part:
                self._write(foot, (Span(part),))

    # The story.

    def _cover(self) -> None:
        document = self.document
        self._text(one_line(document.venture), "Subtitle")
        self._text(one_line(document.title), "Title")
        self._text(one_line(document.subtitle), "Subtitle")
        self._text(self.shown.date(document.written_on), "Normal")
        if document.is_draft:
            self._text(self.words("document.draft"), "Draft Label", is_strong=True)

    def _contents(self) -> None:
        """The contents as a field, filled with what we know, so that they are there at once."""
        heading = self._text(self.words("document.contents"), "TOC Heading")
        heading.paragraph_format.page_break_before = True
        first: WordParagraph | None = None
        for entry in self.entries:
            paragraph = self._empty(f"toc {entry.level}")
            first = first or self._begin_contents(paragraph)
            link = add_link(paragraph, anchor=entry.bookmark)
            for run in self._write(paragraph, (Span(entry.title),)):
                link.append(run._r)
        if self.entries:
            paragraph.add_run()._r.append(element("w:fldChar", {"w:fldCharType": "end"}))
        for notice in self.document.notices:
            self._spans(spans_of(notice, self.marks), "Notice")

    def _begin_contents(self, paragraph: WordParagraph) -> WordParagraph:
        begin = element("w:fldChar", {"w:fldCharType": "begin", "w:dirty": "true"})
        code = element("w:instrText", {"xml:space": "preserve"})
        code.text = ' TOC \\o "1-2" \\h \\z \\u '
        for part in (begin, code, element("w:fldChar", {"w:fldCharType": "separate"})):
            paragraph.add_run()._r.append(part)
        return paragraph

    def _entries(self) -> Iterator[Entry]:
        """The headings of the document, in their order."""
        titles: list[tuple[str, int]] = []
        for section in self.document.sections:
            titles.append((section.title, 1))
            for block in section.blocks:
                if isinstance(block, Prose):
                    titles += [
                        ("".join(span.text for span in node.spans), 2)
                        for node in read(block.markdown, self.marks)
                        if isinstance(node, Heading) and node.level == 3
                    ]
        if self.document.questions:
            titles.append((self.words("document.questions"), 1))
        if self.document.references:
            titles.append((self.words("document.sources"), 1))
        for n, (title, level) in enumerate(titles):
            yield Entry(one_line(title), level, f"_Toc{n + 1:06d}")

    def _heading(self, level: int, spans: Spans) -> None:
        paragraph = self._spans(spans, f"Heading {level}")
        if level < 3:
            entry = next(self._pending)
            self.bookmarks.around(paragraph, entry.bookmark)
            paragraph.paragraph_format.page_break_before = entry is self.entries[0] or None

    def _section(self, section: Section) -> None:
        self._heading(1, (Span(one_line(section.title)),))
        if section.author == "embedded":
            self._text(self.words("render.embedded"), "Draft Label")
        turned = [block for block in section.blocks if _is_wide(block, self.width)]
        for block in section.blocks:
            if block not in turned:
                self._block(block)
        if turned:
            self._next_pages(is_turned=True)
            for block in turned:
                self._block(block, self.size[1] - 2 * MARGIN)
            self._next_pages(is_turned=False)

    def _next_pages(self, *, is_turned: bool) -> None:
        section = self.file.add_section(WD_SECTION.NEW_PAGE)
        section.different_first_page_header_footer = False
        self._page(section, is_turned=is_turned)

    def _block(self, block: Block, width: float = 0.0) -> None:
        match block:
            case Prose():
                self._nodes(read(block.markdown, self.marks))
            case Table():
                self._table(block, width or self.width)
            case Gantt():
                drawings = gantt_drawings(block, self.shown, self.width, self.setter.width, TALLEST)
                drawings = [mirrored(drawing) for drawing in drawings] if self.rtl else drawings
                self._pictures(drawings, block.caption)
                self._table(replace(gantt_table(block, self.shown), caption=""), self.width)
            case Chart():
                drawing = chart_drawing(block, self.shown, self.width, self.setter.width)
                self._pictures([drawing], block.caption)
                if len(block.categories) <= MOST_VALUES:
                    self._table(replace(chart_table(block, self.shown), caption=""), self.width)
                else:
                    self._note(block.note)
            case Chips():
                self._chips(block)

    def _nodes(self, nodes: Sequence[Node], depth: int = 0, style: str = "Normal") -> None:
        for node in nodes:
            match node:
                case Paragraph(spans):
                    paragraph = self._spans(spans, style)
                    if depth:
                        paragraph.paragraph_format.left_indent = Pt(18 * depth)
                case Heading(level, spans):
                    self._heading(level - 1, spans)
                case Items():
                    self._items(node, depth)
                case Quote(inner):
                    self._nodes(inner, depth + 1, "Quote")
                case Verbatim(text):
                    self._text(text, "Note")
                case Grid(header, rows, sides):
                    self._grid(header, rows, sides, (1.0,) * len(header), self.width)
                    self._note("")
                case Rule():
                    pass  # what follows has its own space

    def _items(self, items: Items, depth: int) -> None:
        number = self.lists.number(items.first, depth)
        for item in items.items:
            rest = item
            if item and isinstance(item[0], Paragraph):
                paragraph, rest = self._spans(item[0].spans, "List Paragraph"), item[1:]
            else:
                paragraph = self._text("", "List Paragraph")
            self.lists.put(paragraph, number, depth)
            self._nodes(rest, depth + 1)

    def _table(self, table: Table, width: float) -> None:
        if not table.columns:
            return
        if table.caption:
            self._spans(spans_of(table.caption, self.marks), "Caption")
        self._grid(
            [spans_of(column.title, self.marks) for column in table.columns],
            [[spans_of(_loose(cell), self.marks) for cell in row] for row in table.rows],
            [column.align for column in table.columns],
            [column.share for column in table.columns],
            width,
            table.totals,
        )
        self._note(table.note)

    def _grid(
        self,
        header: Sequence[Spans],
        rows: Sequence[Sequence[Spans]],
        sides: Sequence[str],
        shares: Sequence[float],
        width: float,
        totals: int = 0,
    ) -> None:
        """A table of spans."""
        grid = self.file.add_table(rows=1 + len(rows), cols=len(header))
        grid.style = self.file.styles["Plan Table"]
        self._direct(grid)
        grid.autofit = False
        widths = _widths(header, rows, shares, width)
        for column, room in zip(grid.columns, widths, strict=True):
            column.width = Pt(room)
        first_total = len(rows) - totals
        for n, (row, cells) in enumerate(zip(grid.rows, [header, *rows], strict=True), start=-1):
            properties = row._tr.get_or_add_trPr()
            properties.append(element("w:cantSplit"))
            if n < 0:
                properties.append(element("w:tblHeader"))
            is_total = n >= first_total
            for cell, side, room, spans in zip(
                row.cells, sides, widths, [*cells, *[()] * len(header)], strict=False
            ):
                cell.width = Pt(room)
                bold = tuple(replace(s, is_strong=s.is_strong or is_total) for s in spans)
                self._cell(cell, bold, side)
                if is_total and n == first_total:
                    _top_line(cell)

    def _cell(self, cell: _Cell, spans: Spans, side: str) -> None:
        paragraph = cell.paragraphs[0]
        paragraph._p.style = self.style_ids["Table Text"]
        if side != "start":  # Word takes "right" for the end of the line, also in Arabic
            ends = {"end": WD_ALIGN_PARAGRAPH.RIGHT, "center": WD_ALIGN_PARAGRAPH.CENTER}
            paragraph.alignment = ends[side]
        self._write(paragraph, spans)

    def _direct(self, grid: WordTable) -> None:
        if self.rtl:
            grid.table_direction = WD_TABLE_DIRECTION.RTL

    def _pictures(self, drawings: Sequence[Drawing], caption: str) -> None:
        """Drawings as pictures, each with what it shows for those who cannot see it."""
        if caption:
            self._spans(spans_of(caption, self.marks), "Caption")
        for drawing in drawings:
            paragraph = self._text("", "Normal")
            paragraph.paragraph_format.keep_with_next = True
            picture = io.BytesIO(png(drawing, self.setter))
            shape = paragraph.add_run().add_picture(picture, width=Pt(drawing.width))
            shape._inline.docPr.set("descr", drawing.description)
            shape._inline.docPr.set("title", drawing.title)

    def _note(self, text: str) -> None:
        """What stands below a table or a picture; without it, a little space."""
        note = self._spans(spans_of(text, self.marks), "Note")
        if not text:
            note.paragraph_format.space_before = note.paragraph_format.space_after = Pt(0)

    def _chips(self, chips: Chips) -> None:
        """Goals: a number on its colour, and beside it what is said of it."""
        grid = self.file.add_table(rows=len(chips.chips), cols=2)
        self._direct(grid)
        grid.autofit = False
        grid.columns[0].width, grid.columns[1].width = Pt(34), Pt(self.width - 34)
        for row, chip in zip(grid.rows, chips.chips, strict=True):
            row._tr.get_or_add_trPr().append(element("w:cantSplit"))
            row.height = Pt(30)
            number, told = row.cells
            number.vertical_alignment = told.vertical_alignment = WD_ALIGN_VERTICAL.CENTER
            number.width, told.width = Pt(34), Pt(self.width - 34)
            colour = goal_ink(chip.goal).removeprefix("#").upper()
            shade = {"w:val": "clear", "w:color": "auto", "w:fill": colour}
            properties = number._tc.get_or_add_tcPr()
            properties.find(qn("w:vAlign")).addprevious(element("w:shd", shade))
            self._cell(number, (Span(str(chip.goal), is_strong=True),), "center")
            for run in number.paragraphs[0].runs:
                run.font.color.rgb = RGBColor.from_string(ink("paper"))
                run.font.size = Pt(14)
            self._cell(told, (Span(one_line(chip.label), is_strong=True),), "start")
            if chip.note:
                paragraph = told.add_paragraph()
                paragraph._p.style = self.style_ids["Table Text"]
                self._write(paragraph, spans_of(chip.note, self.marks))
        self._note("")

    def _questions(self) -> None:
        if not self.document.questions:
            return
        self._heading(1, (Span(self.words("document.questions")),))
        for question in self.document.questions:
            box = Span("☐\u00a0")
            self._spans((box, *spans_of(question, self.marks)), "List Paragraph")

    def _sources(self) -> None:
        if not self.document.references:
            return
        self._heading(1, (Span(self.words("document.sources")),))
        for reference in self.document.references:
            self._source(reference)

    def _source(self, reference: Reference) -> None:
        address = web_address(reference.url)
        paragraph = self._spans((Span(f"{self.marks[reference.mark]} ", is_strong=True),), "Source")
        title = Span(one_line(reference.title) or address or reference.mark)
        if address:
            link = add_link(paragraph, address=address)
            for run in self._write(paragraph, (title,)):
                run._r.style = self.style_ids["Hyperlink"]
                link.append(run._r)
        else:
            self._write(paragraph, (title,))
        told = [address] if address else []
        told.append(self.words(f"render.tier_{reference.tier}"))
        if day := day_of(reference.fetched_at):
            told.append(self.words("render.read_on", day=self.shown.day(day)))
        paragraph.add_run().add_break()
        for run in self._write(paragraph, (Span(" · ".join(told)),)):
            run.font.size = Pt(8.5)
            run.font.color.rgb = RGBColor.from_string(ink("muted"))
        if MARK.fullmatch(reference.mark):
            self.bookmarks.around(paragraph, reference.mark)

    # Text.

    def _text(self, text: str, style: str, *, is_strong: bool = False) -> WordParagraph:
        return self._spans((Span(text, is_strong=is_strong),), style)

    def _spans(self, spans: Spans, style: str) -> WordParagraph:
        paragraph = self._empty(style)
        self._write(paragraph, spans)
        return paragraph

    def _empty(self, style: str) -> WordParagraph:
        """A paragraph in *style*, which is not looked up anew each time."""
        paragraph = self.file.add_paragraph()
        paragraph._p.style = self.style_ids[style]
        return paragraph

    def _write(self, paragraph: WordParagraph, spans: Spans) -> list[Run]:
        """Add *spans* to *paragraph*: one run for each manner and direction; marks are links."""
        written: list[Run] = []
        for span in spans:
            for text, is_rtl in self._directed(span.text):
                run = paragraph.add_run(text)
                if span.is_strong:
                    run.bold = run.font.cs_bold = True
                if span.is_emphasis:
                    run.italic = run.font.cs_italic = True
                if span.is_struck:
                    run.font.strike = True
                if is_rtl:
                    run.font.rtl = True
                if span.mark:
                    run._r.style = self.style_ids["Source Mark"]
                    add_link(paragraph, anchor=span.mark).append(run._r)
                written.append(run)
        return written

    def _directed(self, text: str) -> Iterator[tuple[str, bool]]:
        """*text* in parts, each with whether it is written from the right."""
        other = IN_RTL if self.rtl else IN_LTR
        for n, part in enumerate(other.split(text)):
            if part:
                yield part, self.rtl != bool(n % 2)


def _is_wide(block: Block, room: float) -> bool:
    """Whether *block* needs a turned page: its words do not fit into *room*, or its rows are high."""
    if not isinstance(block, Table) or len(block.columns) < MANY:
        return False
    header = [spans_of(column.title) for column in block.columns]
    rows = [[spans_of(_loose(cell)) for cell in row] for row in block.rows]
    words, cells = _needs(header, rows)
    widths = column_widths(words, cells, [column.share for column in block.columns], room, PADDING)
    return widths is None or row_lines(cells, widths, PADDING) > HIGH


def _loose(cell: str) -> str:
    """*cell* with days that may end a line before their year: here widths are estimates."""
    return re.sub(r"\u00a0(?=(?:19|20)\d\d\b)", " ", cell)


def _widths(
    header: Sequence[Spans], rows: Sequence[Sequence[Spans]], shares: Sequence[float], room: float
) -> list[float]:
    """The widths of columns in points; the font is not known, so that they are estimates."""
    words, cells = _needs(header, rows)
    found = column_widths(words, cells, shares, room, PADDING)
    return found or [room / len(header)] * len(header)


def _needs(
    header: Sequence[Spans], rows: Sequence[Sequence[Spans]]
) -> tuple[list[float], list[list[float]]]:
    """For each column about how wide its longest word is, and how wide its cells are."""
    words, cells = [], []
    for n in range(len(header)):
        texts = ["".join(s.text for s in row[n]) if n < len(row) else "" for row in [header, *rows]]
        cells.append([rough_width(text, TABLE_SIZE) for text in texts])
        parts = [part for text in texts for part in re.split(r"[ \n]+", text)]
        words.append(max(rough_width(part, TABLE_SIZE, True) for part in parts))
    return words, cells


def _top_line(cell: _Cell) -> None:
    """A strong line above *cell*: what follows are sums."""
    line = {"w:val": "single", "w:sz": 8, "w:space": 0, "w:color": ink("accent")}
    borders = within(element("w:tcBorders"), element("w:top", line))
    properties = cell._tc.get_or_add_tcPr()
    width = properties.find(qn("w:tcW"))
    if width is None:
        properties.insert(0, borders)
    else:
        width.addnext(borders)


def _packed(file: object) -> bytes:
    """The file, its members with one and the same time."""
    written = io.BytesIO()
    file.save(written)  # type: ignore[attr-defined]
    packed = io.BytesIO()
    with zipfile.ZipFile(written) as source, zipfile.ZipFile(packed, "w") as target:
        for name in source.namelist():
            member = zipfile.ZipInfo(name, EPOCH)
            member.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(member, source.read(name))
    return packed.getvalue()
