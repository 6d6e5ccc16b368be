"""What a document is made of: sections of prose, tables, schedules and charts, and where it all comes from. Pure.

The engine fills it, the checks read it, and each format renders it. Prose is Markdown in which a
sentence ends with the marks of its sources, such as `[S1]`; it never holds an address, since only
code writes links. Every text in it is untrusted: a renderer never takes it for markup of its own.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

Author = Literal["model", "code", "founder", "embedded"]  # who wrote a section's prose
Align = Literal["start", "end", "center"]
Tier = Literal["official", "academic", "established", "other"]


@dataclass(frozen=True, slots=True)
class Reference:
    """A source that was fetched: what stands there, when it was read, and how far it is trusted.

    *mark* is what prose cites it by (`S1`), *sha256* that of the snippet, in hex, and *fetched_at*
    an ISO time in UTC.
    """

    mark: str
    title: str
    url: str
    snippet: str
    fetched_at: str
    sha256: str
    tier: Tier = "other"
    backend: str = ""
    query: str = ""


@dataclass(frozen=True, slots=True)
class Prose:
    """Running text: Markdown paragraphs, lists, emphasis and sub-headings (from level 3)."""

    markdown: str


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; *share* is its part of the width, relative to the others."""

    title: str
    align: Align = "start"
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of plain text. The last *totals* rows are sums; *note* stands below."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    totals: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    """One task of a schedule, from *start* to *end*, both included."""

    id: str
    label: str
    start: date
    end: date
    owner: str = ""
    is_critical: bool = False
    depends_on: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Gantt:
    """A schedule as bars over time."""

    caption: str
    bars: tuple[Bar, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Series:
    """One line or set of columns of a chart: a value for each of its categories."""

    name: str
    values: tuple[Decimal, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart over *categories*; *unit* is that of its values (a currency code, `people`, `%`)."""

    caption: str
    kind: Literal["line", "columns", "stacked"]
    categories: tuple[str, ...]
    series: tuple[Series, ...]
    unit: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Chip:
    """A Sustainable Development Goal, by its number, and what is said of it."""

    goal: int
    label: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Chips:
    """Goals side by side, as coloured chips that we draw ourselves."""

    chips: tuple[Chip, ...]


Block = Prose | Table | Gantt | Chart | Chips


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a document under its own heading; *id* is the same in every language."""

    id: str
    title: str
    blocks: tuple[Block, ...]
    author: Author = "code"

    @property
    def text(self) -> str:
        """Its prose alone, as Markdown."""
        return "\n\n".join(block.markdown for block in self.blocks if isinstance(block, Prose))


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A whole document. *type* is what its route calls it; *questions* are what is still missing.

    *is_draft* says that no real model wrote it; *written_on* is the day it was finished.
    """

    type: str
    title: str
    subtitle: str
    venture: str
    language: str
    currency: str
    written_on: date
    sections: tuple[Section, ...]
    references: tuple[Reference, ...] = ()
    questions: tuple[str, ...] = ()
    is_draft: bool = False
    notices: tuple[str, ...] = field(default=())  # said before the first section: draft, AI use

    def section(self, section_id: str) -> Section | None:
        """The section called *section_id*, if there is one."""
        return next((s for s in self.sections if s.id == section_id), None)


def texts(value: object) -> Iterator[str]:
    """Every text in *value*, a document or a part of one, in the order in which it is read."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for each in value:
            yield from texts(each)
    elif is_dataclass(value):
        for its in fields(value):
            yield from texts(getattr(value, its.name))
