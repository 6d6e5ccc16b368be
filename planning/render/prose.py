"""Prose as a tree: one reading of its Markdown for all forms of a document. Pure.

HTML is text, pictures are their descriptions, and a link is its words without its address: prose has
no addresses of its own. What remains of links are the marks of sources, such as `[S1]`; a reader sees
the place of the source in the list, `[1]`.
"""

import functools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from markdown_it import MarkdownIt
from markdown_it.token import Token

from planning.content import Reference

MARKS = re.compile(r"\[(S\d{1,4}(?:\s*[,;]\s*S\d{1,4})*)\]")
HIGHEST_HEADING, LOWEST_HEADING = 3, 4
DEEPEST = 20  # of lists in lists in quotes

Side = Literal["start", "center", "end"]
Marks = Mapping[str, str]  # what a reader sees at each mark
NO_MARKS: Marks = {}


@dataclass(frozen=True, slots=True)
class Span:
    """Text in one manner. One with a *mark* stands for a source; a newline breaks the line."""

    text: str
    is_strong: bool = False
    is_emphasis: bool = False
    is_code: bool = False
    is_struck: bool = False
    mark: str = ""


Spans = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text."""

    spans: Spans


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading inside a section; *level* is 3 or 4, since the section's own is 2."""

    level: int
    spans: Spans


@dataclass(frozen=True, slots=True)
class Items:
    """A list, numbered from *first* or with bullets (None)."""

    items: tuple[tuple["Node", ...], ...]
    first: int | None = None


@dataclass(frozen=True, slots=True)
class Quote:
    """What somebody else said."""

    nodes: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Verbatim:
    """Text as it stands, line by line."""

    text: str


@dataclass(frozen=True, slots=True)
class Grid:
    """A table that stands in prose."""

    header: tuple[Spans, ...]
    rows: tuple[tuple[Spans, ...], ...]
    sides: tuple[Side, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """A line across."""


Node = Paragraph | Heading | Items | Quote | Verbatim | Grid | Rule


def numbered(references: Iterable[Reference]) -> Marks:
    """What a reader sees at the mark of each of *references*: its place among them, as `[1]`."""
    return {reference.mark: f"[{place}]" for place, reference in enumerate(references, start=1)}


def read(markdown: str, marks: Marks = NO_MARKS) -> tuple[Node, ...]:
    """*markdown* as a tree; *marks* are the sources that exist, all others stay text."""
    return tuple(_nodes(iter(_parser().parse(markdown)), marks))


def spans_of(text: str, marks: Marks = NO_MARKS) -> Spans:
    """Plain *text*, in which only marks mean something."""
    return tuple(_marked(Span(text), marks))


def plain(nodes: Iterable[Node]) -> str:
    """The words of *nodes*, without marks: to be searched, counted or spoken."""
    return "\n\n".join(filter(None, map(_plain, nodes)))


def words_of(spans: Spans) -> str:
    """The words of *spans*, without marks."""
    return re.sub(r"\s+(?=[.,;:!?]|$)", "", "".join(s.text for s in spans if not s.mark))


@functools.cache
def _parser() -> MarkdownIt:
    rules = ["table", "strikethrough"]
    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": DEEPEST}).enable(rules)
    return parser.disable(["reference", "html_block", "html_inline"])


def _nodes(tokens: Iterator[Token], marks: Marks) -> Iterator[Node]:
    """The nodes up to the token that closes the one around them."""
    for token in tokens:
        if token.nesting < 0:
            return
        match token.type:
            case "paragraph_open":
                if spans := _content(tokens, marks):
                    yield Paragraph(spans)
            case "heading_open":
                level = min(max(int(token.tag[1]), HIGHEST_HEADING), LOWEST_HEADING)
                if spans := _content(tokens, marks):
                    yield Heading(level, spans)
            case "bullet_list_open" | "ordered_list_open":
                first = int(token.attrs.get("start", 1)) if token.tag == "ol" else None
                yield Items(tuple(_items(tokens, marks)), first)
            case "blockquote_open":
                yield Quote(tuple(_nodes(tokens, marks)))
            case "fence" | "code_block":
                yield Verbatim(token.content.rstrip("\n"))
            case "table_open":
                yield _grid(tokens, marks)
            case "hr":
                yield Rule()


def _content(tokens: Iterator[Token], marks: Marks) -> Spans:
    """The inline content of what has just opened, up to its end."""
    found: Spans = ()
    for token in tokens:
        if token.nesting < 0:
            break
        found = tuple(_spans(token.children or (), marks))
    return found


def _items(tokens: Iterator[Token], marks: Marks) -> Iterator[tuple[Node, ...]]:
    for token in tokens:
        if token.type != "list_item_open":
            return
        yield tuple(_nodes(tokens, marks))


def _grid(tokens: Iterator[Token], marks: Marks) -> Grid:
    rows: list[list[Spans]] = []
    sides: list[Side] = []
    for token in tokens:
        if token.type == "table_close":
            break
        if token.type == "tr_open":
            rows.append([])
        elif token.type in ("th_open", "td_open"):
            if token.type == "th_open":
                sides.append(_side(str(token.attrs.get("style", ""))))
            rows[-1].append(_content(tokens, marks))
    return Grid(tuple(rows[0]), tuple(map(tuple, rows[1:])), tuple(sides))


def _side(style: str) -> Side:
    return "end" if "right" in style else "center" if "center" in style else "start"


def _spans(tokens: Sequence[Token], marks: Marks) -> Iterator[Span]:
    """Inline tokens as spans; neighbours in one manner become one, so that a mark is found whole."""
    manner = Span("")
    text = ""
    for token in tokens:
        changed = _manner(manner, token)
        if token.type == "code_inline":
            yield from _marked(replace(manner, text=text), marks)
            yield replace(manner, text=token.content, is_code=True)
            text = ""
        elif changed != manner:
            yield from _marked(replace(manner, text=text), marks)
            manner, text = changed, ""
        else:
            text += _text(token)
    yield from _marked(replace(manner, text=text), marks)


def _manner(manner: Span, token: Token) -> Span:
    """*manner* after *token*, which may begin or end one."""
    match token.type:
        case "strong_open" | "strong_close":
            return replace(manner, is_strong=token.nesting > 0)
        case "em_open" | "em_close":
            return replace(manner, is_emphasis=token.nesting > 0)
        case "s_open" | "s_close":
            return replace(manner, is_struck=token.nesting > 0)
    return manner


def _text(token: Token) -> str:
    match token.type:
        case "softbreak":
            return " "
        case "hardbreak":
            return "\n"
        case "image":
            return "".join(_text(child) for child in token.children or ())
    return token.content


def _marked(span: Span, marks: Marks) -> Iterator[Span]:
    """*span* cut at the marks in it; a mark that points nowhere stays text."""
    done = 0
    for found in MARKS.finditer(span.text):
        names = re.findall(r"S\d+", found[1])
        if not marks.keys() >= set(names):
            continue
        if before := span.text[done : found.start()]:
            yield replace(span, text=before)
        for name in names:
            yield Span(marks[name], mark=name)
        done = found.end()
    if rest := span.text[done:]:
        yield replace(span, text=rest)


def _plain(node: Node) -> str:
    match node:
        case Paragraph(spans) | Heading(_, spans):
            return words_of(spans)
        case Items(items):
            return "\n".join(filter(None, map(plain, items)))
        case Quote(nodes):
            return plain(nodes)
        case Verbatim(text):
            return text
        case Grid(header, rows):
            return "\n".join(", ".join(map(words_of, row)) for row in (header, *rows))
        case Rule():
            return ""
