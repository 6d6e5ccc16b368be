"""Parts of a document as HTML for a page: classes only, no styles, no scripts, no links but the sources'. Pure.

Every text is escaped; there are no elements but those that are written here. Ids begin with the
section's own id, marks lead to `#S1`.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from html import escape

from planning.content import Block, Chart, Chips, Document, Gantt, Prose, Reference, Section, Table
from planning.render.charts import chart_drawing
from planning.render.clean import cleaned, day_of, one_line, web_address
from planning.render.drawing import Drawing, rough_width
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
from planning.render.svg import svg
from planning.render.tables import chart_table, gantt_table
from planning.showing import Shown
from planning.wording import is_right_to_left, words_in

WIDTH = 540.0  # of drawings; they are scaled to the width of the page


def section_html(section: Section, document: Document) -> str:
    """*section* as a `section` element; its language, its currency and its marks are *document*'s."""
    whole = cleaned(replace(document, sections=(section,)))
    return _Writer(whole).section(whole.sections[0])


def sources_html(document: Document) -> str:
    """The sources of *document* as a `section` element, each with the id that its marks lead to."""
    return _Writer(cleaned(document)).sources()


def questions_html(document: Document) -> str:
    """What *document* still needs, as a `section` element."""
    return _Writer(cleaned(document)).questions()


def document_html(document: Document) -> str:
    """All of *document* as an `article` element: headings, notices, sections, questions, sources."""
    return _Writer(cleaned(document)).article()


class _Writer:
    """Writes parts of one document."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.words = words_in(document.language)
        self.shown = Shown(document.language, document.currency)
        self.rtl = is_right_to_left(document.language)
        self.marks = numbered(document.references)
        tag = escape(document.language)
        self.reading = f'lang="{tag}" dir="{"rtl" if self.rtl else "ltr"}"'

    def article(self) -> str:
        """The whole document."""
        document = self.document
        draft = f'<p class="draft">{escape(self.words("document.draft"))}</p>'
        return "".join(
            [
                f'<article class="document" {self.reading}><header>',
                f'<p class="venture">{escape(one_line(document.venture))}</p>',
                f"<h1>{escape(one_line(document.title))}</h1>",
                f'<p class="subtitle">{escape(one_line(document.subtitle))}</p>',
                f"<p><time>{escape(self.shown.date(document.written_on))}</time></p>",
                draft if document.is_draft else "",
                *(
                    f'<p class="notice">{self.inline(spans_of(notice, self.marks))}</p>'
                    for notice in document.notices
                ),
                "</header>",
                *map(self.section, document.sections),
                self.questions(),
                self.sources(),
                "</article>",
            ]
        )

    def section(self, section: Section) -> str:
        """A section."""
        name = _id(section.id)
        tag = f'<p class="embedded">{escape(self.words("render.embedded"))}</p>'
        parts = [
            f'<section class="section" id="section-{name}" {self.reading}>',
            f"<h2>{escape(one_line(section.title))}</h2>",
            tag if section.author == "embedded" else "",
            *(self.block(block, f"{name}-{n}") for n, block in enumerate(section.blocks)),
            "</section>",
        ]
        return "".join(parts)

    def block(self, block: Block, name: str) -> str:
        """A block; *name* is unique in the document."""
        match block:
            case Prose():
                return "".join(self.nodes(read(block.markdown, self.marks)))
            case Table():
                return self.table(block)
            case Gantt():
                drawings = gantt_drawings(block, self.shown, WIDTH, rough_width)
                drawings = [mirrored(drawing) for drawing in drawings] if self.rtl else drawings
                return self.figure(drawings, block.note, gantt_table(block, self.shown), name)
            case Chart():
                drawing = chart_drawing(block, self.shown, WIDTH, rough_width)
                return self.figure([drawing], block.note, chart_table(block, self.shown), name)
            case Chips():
                return self.chips(block)

    def nodes(self, nodes: Iterable[Node]) -> Iterator[str]:
        """Prose, node by node."""
        for node in nodes:
            match node:
                case Paragraph(spans):
                    yield f"<p>{self.inline(spans)}</p>"
                case Heading(level, spans):
                    yield f"<h{level}>{self.inline(spans)}</h{level}>"
                case Items(items, first):
                    yield self.items(items, first)
                case Quote(inner):
                    yield f"<blockquote>{''.join(self.nodes(inner))}</blockquote>"
                case Verbatim(text):
                    yield f"<pre><code>{escape(text)}</code></pre>"
                case Grid(header, rows, sides):
                    yield self.grid(header, rows, sides)
                case Rule():
                    yield "<hr>"

    def items(self, items: Sequence[Sequence[Node]], first: int | None) -> str:
        """A list."""
        inner = "".join(f"<li>{self.item(item)}</li>" for item in items)
        if first is None:
            return f"<ul>{inner}</ul>"
        start = f' start="{first}"' if first != 1 else ""
        return f"<ol{start}>{inner}</ol>"

    def item(self, item: Sequence[Node]) -> str:
        """What stands in a list item; a single paragraph without its element."""
        if item and isinstance(item[0], Paragraph):
            return self.inline(item[0].spans) + "".join(self.nodes(item[1:]))
        return "".join(self.nodes(item))

    def inline(self, spans: Spans) -> str:
        """Spans."""
        return "".join(map(_span, spans))

    def table(self, table: Table) -> str:
        """A table with its caption and its note."""
        header = tuple(spans_of(column.title, self.marks) for column in table.columns)
        rows = [[spans_of(cell, self.marks) for cell in row] for row in table.rows]
        sides = [column.align for column in table.columns]
        caption = self.inline(spans_of(table.caption, self.marks))
        note = self.inline(spans_of(table.note, self.marks))
        below = f'<p class="note">{note}</p>' if note else ""
        return self.grid(header, rows, sides, caption, table.totals) + below

    def grid(
        self,
        header: Sequence[Spans],
        rows: Sequence[Sequence[Spans]],
        sides: Sequence[str],
        caption: str = "",
        totals: int = 0,
    ) -> str:
        """A table of spans; the last *totals* rows are its foot."""
        if not header:
            return ""
        body, foot = rows[: len(rows) - totals], rows[len(rows) - totals :]
        head = "".join(
            f'<th scope="col" class="{side}">{self.inline(spans)}</th>'
            for spans, side in zip(header, sides, strict=True)
        )
        return "".join(
            [
                '<div class="table-frame"><table>',
                f"<caption>{caption}</caption>" if caption else "",
                f"<thead><tr>{head}</tr></thead><tbody>",
                *(self.row(row, sides) for row in body),
                "</tbody>",
                f"<tfoot>{''.join(self.row(row, sides) for row in foot)}</tfoot>" if foot else "",
                "</table></div>",
            ]
        )

    def row(self, cells: Sequence[Spans], sides: Sequence[str]) -> str:
        """A row, as wide as the table."""
        padded = [*cells, *[()] * (len(sides) - len(cells))][: len(sides)]
        inner = "".join(
            f'<td class="{side}">{self.inline(spans)}</td>'
            for spans, side in zip(padded, sides, strict=True)
        )
        return f"<tr>{inner}</tr>"

    def figure(self, drawings: Sequence[Drawing], note: str, values: Table, name: str) -> str:
        """Drawings with their caption, their note, and their values as a table to open."""
        pictures = "".join(svg(drawing, f"{name}-{n}") for n, drawing in enumerate(drawings))
        below = self.inline(spans_of(note, self.marks))
        own = values.note if values.note != note else ""
        table = self.table(replace(values, caption="", note=own.removesuffix(note)))
        return "".join(
            [
                f"<figure><figcaption>{escape(values.caption)}</figcaption>{pictures}",
                f'<p class="note">{below}</p>' if below else "",
                f"<details><summary>{escape(self.words('render.values'))}</summary>{table}</details>",
                "</figure>",
            ]
        )

    def chips(self, chips: Chips) -> str:
        """Goals side by side."""
        items = "".join(
            f'<li class="goal goal-{chip.goal}">'
            f'<span class="goal-number" aria-hidden="true">{chip.goal}</span> '
            f'<strong><span class="goal-name">{escape(self.words("render.goal", number=chip.goal))}:</span> '
            f"{escape(one_line(chip.label))}</strong> "
            f"<span>{self.inline(spans_of(chip.note, self.marks))}</span></li>"
            for chip in chips.chips
        )
        return f'<ul class="goals">{items}</ul>'

    def questions(self) -> str:
        """What is still missing."""
        if not self.document.questions:
            return ""
        items = "".join(
            f"<li>{self.inline(spans_of(question, self.marks))}</li>"
            for question in self.document.questions
        )
        head = escape(self.words("document.questions"))
        return (
            f'<section class="questions" {self.reading}><h2>{head}</h2><ul>{items}</ul></section>'
        )

    def sources(self) -> str:
        """The sources."""
        if not self.document.references:
            return ""
        items = "".join(map(self.source, self.document.references))
        head = escape(self.words("document.sources"))
        return f'<section class="sources" {self.reading}><h2>{head}</h2><ol>{items}</ol></section>'

    def source(self, reference: Reference) -> str:
        """A source; it is a link if its address is one."""
        address = web_address(reference.url)
        title = escape(one_line(reference.title) or address or reference.mark)
        if address:
            rel = 'rel="noopener noreferrer nofollow"'
            title = f'<a href="{escape(address)}" {rel}>{title}</a>'
        told = [self.words(f"render.tier_{reference.tier}")]
        if day := day_of(reference.fetched_at):
            told.append(self.words("render.read_on", day=self.shown.day(day)))
        return (
            f'<li id="{_id(reference.mark)}"><span class="mark">{self.marks[reference.mark]}</span> '
            f'{title} <span class="tier tier-{reference.tier}">{escape(" · ".join(told))}</span></li>'
        )


def _span(span: Span) -> str:
    text = escape(span.text).replace("\n", "<br>")
    if span.mark:
        return f'<a class="mark" href="#{span.mark}">{text}</a>'
    for is_on, name in (
        (span.is_code, "code"),
        (span.is_struck, "s"),
        (span.is_emphasis, "em"),
        (span.is_strong, "strong"),
    ):
        text = f"<{name}>{text}</{name}>" if is_on else text
    return text


def _id(name: str) -> str:
    """*name* as it can stand in an id."""
    return re.sub(r"[^\w-]", "-", name)
