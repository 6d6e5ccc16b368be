"""Text into lines: where it may break, how wide it is, and in which order its parts are seen.

A *piece* is text in one look and one direction that is never broken; a *word* is what stands between
two places where a line may end. Widths are in points.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from planning.render.typeset.faces import Shaped, Style, Typecase
from planning.render.typeset.printable import printable

SPACE = r" \t\u2000-\u2006\u2008-\u200a\u3000"
CHUNKS = re.compile(rf"\n|[{SPACE}]+|[^\n{SPACE}]+")
RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff]")
IDEOGRAPHS = (
    "\u2e80-\u2fdf\u3001-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef"
)
CLOSERS = "、。，．・：；？！）〕］｝〉》」』】ーぁぃぅぇぉっゃゅょァィゥェォッャュョ"
OPENERS = "（〔［｛〈《「『【"
# Where a line may end inside what has no spaces: behind a dash between letters, a slash, an ideograph.
INSIDE = re.compile(
    rf"(?<=[^\W\d_][^\W\d_][-–—/])(?=[^\W\d_])"
    rf"|(?<=[{IDEOGRAPHS}])(?<![{OPENERS}])(?![{CLOSERS}])|(?<![{OPENERS}])(?=[{IDEOGRAPHS}])(?![{CLOSERS}])"
)
ADDRESS = re.compile(r"(?<=[/?&=._%-])(?=\w)")
LONG = 24  # characters from which a word may break as an address does
EPSILON = 0.01


@dataclass(frozen=True, slots=True)
class Look:
    """How text looks: its style, its size in points and its ink; *target* is what it links to."""

    style: Style = "regular"
    size: float = 10.0
    ink: str = "ink"
    target: str = ""
    rise: float = 0.0
    is_tabular: bool = False
    is_struck: bool = False


class Piece(NamedTuple):
    """Text in one look and direction, shaped; an odd *level* is read from right to left."""

    text: str
    look: Look
    shaped: tuple[Shaped, ...]
    width: float
    level: int


@dataclass(slots=True)
class Word:
    """Pieces that stay together, and the space that follows unless the line ends."""

    pieces: list[Piece]
    width: float
    space: Piece | None = None
    ends_line: bool = False


class Line(NamedTuple):
    """Pieces from left to right, and how wide they are together."""

    pieces: tuple[Piece, ...]
    width: float


class Galley:
    """A text that is set once and broken into lines of any width."""

    def __init__(
        self, spans: Sequence[tuple[str, Look]], typecase: Typecase, *, rtl: bool = False
    ) -> None:
        self.typecase = typecase
        self.rtl = rtl
        shown = [(printable(text, typecase.has), look) for text, look in spans]
        self.text = "".join(text for text, _ in shown)
        self.words = list(self._words(shown))

    @property
    def natural_width(self) -> float:
        """The width of its widest line if nothing but a line break broke it."""
        widest = current = 0.0
        for word in self.words:
            current += word.width
            widest = max(widest, current)
            current = 0.0 if word.ends_line else current + (word.space.width if word.space else 0)
        return widest

    @property
    def longest_word(self) -> float:
        """The width below which words are broken."""
        return max((word.width for word in self.words), default=0.0)

    def lines(self, width: float) -> list[Line]:
        """The text in lines of at most *width*; only a character that is wider sticks out."""
        lines: list[Line] = []
        line: list[Piece] = []
        x = 0.0
        pending: Piece | None = None
        for word in self.words:
            gap = pending.width if pending else 0.0
            if line and x + gap + word.width > width + EPSILON:
                lines.append(self._line(line))
                line, x, pending, gap = [], 0.0, None, 0.0
            if word.width > width + EPSILON:
                for part in self._broken(word, width):
                    if line:
                        lines.append(self._line(line))
                    line, x = part, sum(piece.width for piece in part)
            else:
                if pending:
                    line.append(pending)
                line += word.pieces
                x += gap + word.width
            pending = word.space
            if word.ends_line:
                lines.append(self._line(line))
                line, x, pending = [], 0.0, None
        if line or not lines:
            lines.append(self._line(line))
        return lines

    def balanced(self, width: float) -> list[Line]:
        """As many lines as `lines` makes of *width*, about equally long: for headings."""
        lines = self.lines(width)
        if len(lines) < 2:
            return lines
        low, high = width / 2, width
        while high - low > 2:
            middle = (low + high) / 2
            if middle >= self.longest_word and len(self.lines(middle)) == len(lines):
                high = middle
            else:
                low = middle
        return self.lines(high)

    def _line(self, pieces: Sequence[Piece]) -> Line:
        return Line(tuple(_visual(pieces)), sum(piece.width for piece in pieces))

    def _words(self, spans: Sequence[tuple[str, Look]]) -> Iterator[Word]:
        """The words of *spans*; a word may have several looks."""
        levels = self._levels()
        word = Word([], 0.0)
        at = 0
        for text, look in spans:
            for part in CHUNKS.findall(text):
                if part == "\n":
                    yield Word(word.pieces, word.width, ends_line=True)
                    word = Word([], 0.0)
                elif part[0].isspace() and part[0] != "\u00a0":
                    space = self._piece(" ", look, levels[at] if levels else 0)
                    yield Word(word.pieces, word.width, space)
                    word = Word([], 0.0)
                else:
                    yield from self._closed(word, part, look, levels, at)
                at += len(part)
        if word.pieces:
            yield word

    def _closed(
        self, word: Word, text: str, look: Look, levels: Sequence[int], at: int
    ) -> Iterator[Word]:
        """Adds *text* to *word*; yields what came before each place inside where a line may end."""
        for n, part in enumerate(_parts(text)):
            if n:
                yield Word(word.pieces, word.width)
                word.pieces, word.width = [], 0.0
            for run, level in _runs(part, levels[at : at + len(part)] if levels else ()):
                piece = self._piece(run, look, level)
                word.pieces.append(piece)
                word.width += piece.width
            at += len(part)

    def _levels(self) -> Sequence[int]:
        """How deep each character is nested in right-to-left text; empty when there is none."""
        if not self.rtl and not RIGHT_TO_LEFT.search(self.text):
            return ()
        from bidi import algorithm

        levels: list[int] = []
        for paragraph in self.text.split("\n"):
            storage = algorithm.get_empty_storage()
            storage["base_level"] = int(self.rtl)
            storage["base_dir"] = "R" if self.rtl else "L"
            algorithm.get_embedding_levels(paragraph, storage)
            for n, character in enumerate(storage["chars"]):
                character["at"] = n
            algorithm.explicit_embed_and_overrides(storage)
            algorithm.resolve_weak_types(storage)
            algorithm.resolve_neutral_types(storage, False)
            algorithm.resolve_implicit_levels(storage, False)
            found = {character["at"]: character["level"] for character in storage["chars"]}
            previous = int(self.rtl)
            for n in range(len(paragraph)):
                previous = found.get(n, previous)  # joiners are left out: they go with their letter
                levels.append(previous)
            levels.append(int(self.rtl))
        return levels

    def _piece(self, text: str, look: Look, level: int) -> Piece:
        shaped = self.typecase.shaped(
            text, look.style, rtl=bool(level % 2), tabular=look.is_tabular
        )
        width = sum(part.width for part in shaped) * look.size / 1000
        return Piece(text, look, shaped, width, level)

    def _broken(self, word: Word, width: float) -> Iterator[list[Piece]]:
        """*word* in lines of at most *width*, broken between characters."""
        line: list[Piece] = []
        x = 0.0
        for piece in word.pieces:
            rest = piece
            while x + rest.width > width + EPSILON:
                parts = _cut(rest, width - x, width, is_first=not line)
                for text in parts[:-1]:
                    if text:
                        own = self._piece(text, rest.look, rest.level)
                        if line and x + own.width > width + EPSILON:
                            yield line  # by itself a letter may be wider than joined to the next
                            line = []
                        line.append(own)
                    yield line
                    line, x = [], 0.0
                rest = self._piece(parts[-1], rest.look, rest.level)
                if len(parts) == 1:
                    break
            line.append(rest)
            x += rest.width
        yield line


def _parts(text: str) -> list[str]:
    """*text* at the places inside where a line may end."""
    parts = INSIDE.split(text)
    return [
        piece
        for part in parts
        if part
        for piece in (ADDRESS.split(part) if len(part) >= LONG else [part])
    ]


def _runs(text: str, levels: Sequence[int]) -> Iterator[tuple[str, int]]:
    """*text* in runs of one level."""
    if not levels:
        yield text, 0
        return
    begin = 0
    for n in range(1, len(text) + 1):
        if n == len(text) or levels[n] != levels[begin]:
            yield text[begin:n], levels[begin]
            begin = n


def _visual(pieces: Sequence[Piece]) -> list[Piece]:
    """*pieces* in the order in which they are seen (rule L2 of the bidirectional algorithm)."""
    ordered = list(pieces)
    levels = {piece.level for piece in pieces}
    if levels <= {0}:
        return ordered
    lowest_odd = min((level for level in levels if level % 2), default=max(levels) + 1)
    for level in range(max(levels), lowest_odd - 1, -1):
        begin = 0
        while begin < len(ordered):
            end = begin
            while end < len(ordered) and ordered[end].level >= level:
                end += 1
            ordered[begin:end] = reversed(ordered[begin:end])
            begin = end + 1
    return ordered


def _may_break(text: str, at: int) -> bool:
    """Whether *text* can be cut before its character *at*: not before a mark, not at a joiner."""
    if not 0 < at < len(text):
        return at == 0
    joins = text[at - 1] in "\u200c\u200d\u094d" or text[at] in "\u200c\u200d"
    return not joins and not unicodedata.category(text[at]).startswith("M")


def _cut(piece: Piece, room: float, width: float, *, is_first: bool) -> list[str]:
    """The text of *piece* in parts: one that fits into *room*, others into *width*.

    The first is empty when nothing fits beside what stands on its line already.
    """
    parts: list[str] = []
    begin = at = 0
    used = 0.0
    parts_read = reversed(piece.shaped) if piece.level % 2 else piece.shaped
    for shaped in parts_read:
        glyphs = reversed(shaped.glyphs) if piece.level % 2 else shaped.glyphs
        for glyph in glyphs:
            advance = glyph.advance * piece.look.size / 1000
            if used + advance > room and at > begin - (not is_first) and _may_break(piece.text, at):
                parts.append(piece.text[begin:at])
                begin, used, room, is_first = at, 0.0, width, True
            used += advance
            at += len(glyph.said)
    return [*parts, piece.text[begin:]]
