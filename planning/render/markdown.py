"""A document as GitHub-flavoured Markdown: charts and schedules are tables, marks lead to their sources. Pure.

Text is escaped so that it is read as it was written, whatever it holds: no HTML, no pictures, and no
link but those of the sources.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from planning.content import Block, Chart, Chips, Document, Gantt, Prose, Reference, Section, Table
from planning.render.clean import cleaned, day_of, one_line, web_address
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
from planning.showing import Shown
from planning.wording import words_in

SPECIAL = re.compile(r"[\\`*_\[\]<>~|]|&(?=[#\w])")
# What would begin a block at the beginning of a line: numbers, headings, bullets and rules, underlines.
BEGINS = re.compile(
    r"(?m)^(?:(\d{1,9})(?=[.)](?:\s|$))|(?=#{1,6}(?:\s|$))|(?=[-+](?:[\s-]|$))|(?==+\s*$))"
)
# What would make something else of a mark: another mark, an address, a definition.
BEHIND_MARK = re.compile(r"(\[S\d+\])(?=[\[(:])")
# What GitHub makes a link of although nobody wrote one.
LINKS = re.compile(r"(?i)\b(?:(?:https?|ftp|mailto|xmpp)(?=:)|www(?=\.))")
RULER = {"start": ":--", "center": ":-:", "end": "--:"}


def markdown(document: Document) -> str:
    """*document* as Markdown."""
    writer = _Writer(cleaned(document))
    return _joined(writer.parts()) + "\n"


def section_markdown(section: Section, document: Document) -> str:
    """*section* as Markdown, under its heading; its marks are those of *document*."""
    writer = _Writer(cleaned(replace(document, sections=(section,))))
    return _joined([*writer.section(writer.document.sections[0]), writer.definitions()]) + "\n"


def escaped(text: str) -> str:
    """*text* on one or several lines as Markdown that shows exactly it."""
    return BEGINS.sub(r"\1\\", _inert("\n".join(line.strip() for line in text.split("\n"))))


def _inert(text: str) -> str:
    """*text* with nothing in it that means something inside a line."""
    return LINKS.sub(r"\g<0>\\", SPECIAL.sub(r"\\\g<0>", text))


class _Writer:
    """Writes one document."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.words = words_in(document.language)
        self.shown = Shown(document.language, document.currency)
        self.numbers = numbered(document.references)
        self.marks = {
            reference.mark: self.numbers[reference.mark]
            for reference in document.references
            if web_address(reference.url)
        }

    def parts(self) -> Iterator[str]:
        """The whole document, block by block."""
        document = self.document
        yield f"# {self.line(document.title)}"
        yield self.inline((Span(one_line(document.subtitle), is_emphasis=True),))
        day = self.shown.date(document.written_on)
        venture = Span(one_line(document.venture), is_strong=True)
        yield self.inline((venture, Span(f" · {day}" if venture.text else day)))
        if document.is_draft:
            yield self.inline((Span(self.words("document.draft"), is_strong=True),))
        for notice in document.notices:
            yield _behind("> ", self.inline(spans_of(notice, self.marks)))
        for section in document.sections:
            yield from self.section(section)
        if document.questions:
            yield f"## {self.words('document.questions')}"
            yield "\n".join(f"- [ ] {self.line(question)}" for question in document.questions)
        if document.references:
            yield f"## {self.words('document.sources')}"
            yield "\n".join(map(self.source, document.references))
            yield self.definitions()

    def section(self, section: Section) -> Iterator[str]:
        """A section under its heading."""
        yield f"## {self.line(section.title)}"
        if section.author == "embedded":
            yield self.inline((Span(self.words("render.embedded"), is_emphasis=True),))
        for block in section.blocks:
            yield from self.block(block)

    def block(self, block: Block) -> Iterator[str]:
        """A block."""
        match block:
            case Prose():
                yield from self.nodes(read(block.markdown, self.marks))
            case Table():
                yield from self.table(block)
            case Gantt():
                yield from self.table(gantt_table(block, self.shown))
            case Chart():
                table = chart_table(block, self.shown)
                yield from self.table(table)
            case Chips():
                yield "\n".join(
                    f"- {self.chip(chip.goal, chip.label, chip.note)}" for chip in block.chips
                )

    def nodes(self, nodes: Sequence[Node]) -> Iterator[str]:
        """Prose, node by node; of two lists in a row the second has other bullets."""
        alternates = False
        for n, node in enumerate(nodes):
            follows = isinstance(node, Items) and n > 0 and isinstance(nodes[n - 1], Items)
            alternates = follows and not alternates
            yield self.node(node, alternates=alternates)

    def node(self, node: Node, *, alternates: bool = False) -> str:
        """A node of prose."""
        match node:
            case Paragraph(spans):
                return self.inline(spans)
            case Heading(level, spans):
                return f"{'#' * level} {self.line_of(spans)}"
            case Items():
                return self.items(node, alternates=alternates)
            case Quote(nodes):
                return _behind("> ", _joined(self.nodes(nodes)))
            case Verbatim(text):
                fence = "`" * max(3, _longest_run(text) + 1)
                return f"{fence}\n{text}\n{fence}"
            case Grid(header, rows, sides):
                return self.grid(header, rows, sides)
            case Rule():
                return "___"

    def items(self, items: Items, *, alternates: bool) -> str:
        """A list."""
        lines: list[str] = []
        is_tight = all(isinstance(n, Items) for item in items.items for n in item[1:])
        for n, item in enumerate(items.items):
            if items.first is None:
                bullet = "* " if alternates else "- "
            else:
                bullet = f"{items.first + n}{')' if alternates else '.'} "
            text = _joined(self.nodes(item), "\n" if is_tight else "\n\n")
            lines.append(bullet + _behind(" " * len(bullet), text)[len(bullet) :])
        return ("\n" if is_tight else "\n\n").join(lines)

    def table(self, table: Table) -> Iterator[str]:
        """A table between its caption and its note; sums are bold."""
        if not table.columns:
            return
        yield self.inline((Span(one_line(table.caption), is_strong=True),))
        first_total = len(table.rows) - table.totals
        rows = [
            tuple(
                replace_all(spans_of(cell, self.marks), is_strong=n >= first_total) for cell in row
            )
            for n, row in enumerate(table.rows)
        ]
        header = [spans_of(column.title, self.marks) for column in table.columns]
        yield self.grid(header, rows, [column.align for column in table.columns])
        yield self.inline(spans_of(one_line(table.note), self.marks))

    def grid(
        self, header: Sequence[Spans], rows: Iterable[Sequence[Spans]], sides: Sequence[str]
    ) -> str:
        """A table of spans."""
        lines = [self.row(header, len(header)), f"| {' | '.join(RULER[side] for side in sides)} |"]
        return "\n".join([*lines, *(self.row(row, len(header)) for row in rows)])

    def row(self, cells: Sequence[Spans], width: int) -> str:
        """A row of *width* cells."""
        texts = [self.line_of(spans, in_table=True) for spans in cells[:width]]
        return f"| {' | '.join([*texts, *[''] * (width - len(texts))])} |"

    def chip(self, goal: int, label: str, note: str) -> str:
        """A goal and what is said of it."""
        name = f"{self.words('render.goal', number=goal)}: {one_line(label)}"
        spans = (Span(name, is_strong=True), *spans_of(f" {one_line(note)}", self.marks))
        return self.line_of(spans)

    def source(self, reference: Reference) -> str:
        """A source, with a link if its address is one."""
        address = web_address(reference.url)
        title = escaped(one_line(reference.title) or address or reference.mark)
        parts = [f"[{title}](<{address}>)" if address else title]
        parts.append(self.words(f"render.tier_{reference.tier}"))
        if day := day_of(reference.fetched_at):
            parts.append(self.words("render.read_on", day=self.shown.day(day)))
        number = self.numbers[reference.mark]
        mark = number if reference.mark in self.marks else escaped(number)
        return f"- {mark} {' · '.join(parts)}"

    def definitions(self) -> str:
        """Where the marks lead."""
        return "\n".join(
            f"{self.marks[reference.mark]}: <{web_address(reference.url)}>"
            for reference in self.document.references
            if reference.mark in self.marks
        )

    def line(self, text: str) -> str:
        """Plain *text* on one line."""
        return self.line_of(spans_of(text, self.marks))

    def line_of(self, spans: Spans, *, in_table: bool = False) -> str:
        """*spans* on one line; a heading may not end on the sign that begins one."""
        flat = tuple(replace(span, text=" ".join(span.text.split("\n"))) for span in spans)
        text = self.inline(flat, in_table=in_table)
        return re.sub(r"#$", r"\#", text)

    def inline(self, spans: Spans, *, in_table: bool = False) -> str:
        """*spans* as Markdown; emphasis is left out where it would be read as something else."""
        text = _line("".join(map(_span, spans)))
        if any(s.is_strong or s.is_emphasis or s.is_struck or s.is_code for s in spans):
            if _words(read(text, self.marks)) != "".join(s.text for s in spans).split():
                text = _line("".join(_span(Span(s.text, mark=s.mark)) for s in spans))
            elif in_table:
                text = re.sub(r"(?<!\\)\|", r"\|", text)
        return text


def _line(text: str) -> str:
    """*text* as it stands at the beginning of a block."""
    text = BEHIND_MARK.sub(lambda m: f"{m[1]} " if text[m.end()] == "[" else f"{m[1]}\\", text)
    return BEGINS.sub(r"\1\\", text.strip())


def replace_all(spans: Spans, *, is_strong: bool) -> Spans:
    """*spans*, all strong if they are to be; marks stay as they are."""
    return tuple(s if s.mark else replace(s, is_strong=s.is_strong or is_strong) for s in spans)


def _span(span: Span) -> str:
    if span.mark:
        return span.text
    inner = span.text.strip()
    if not inner:
        return span.text
    before = span.text[: len(span.text) - len(span.text.lstrip())]
    after = span.text[len(span.text.rstrip()) :]
    if span.is_code:
        ticks = "`" * (_longest_run(inner) + 1)
        pad = " " if inner[0] == "`" or inner[-1] == "`" else ""
        text = f"{ticks}{pad}{inner}{pad}{ticks}"
    else:
        text = _inert(re.sub(r" *\n *", "\n", inner)).replace("\n", "\\\n")
    for is_on, sign in ((span.is_struck, "~~"), (span.is_emphasis, "*"), (span.is_strong, "**")):
        text = f"{sign}{text}{sign}" if is_on else text
    return before + text + after


def _words(nodes: Sequence[Node]) -> list[str]:
    """The words of prose that is one paragraph, to be compared; nothing of any other."""
    if len(nodes) != 1 or not isinstance(nodes[0], Paragraph):
        return []
    return "".join(span.text for span in nodes[0].spans).split()


def _longest_run(text: str) -> int:
    """How many backticks stand in a row in *text*, at most."""
    return max(map(len, re.findall(r"`+", text)), default=0)


def _behind(prefix: str, text: str) -> str:
    """Every line of *text* behind *prefix*."""
    return "\n".join(
        f"{prefix}{line}".rstrip() if not line else prefix + line for line in text.split("\n")
    )


def _joined(parts: Iterable[str], between: str = "\n\n") -> str:
    return between.join(part for part in parts if part)
