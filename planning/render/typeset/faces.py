"""Fonts: which one has a character, and what a text looks like in it, as HarfBuzz shapes it.

A variable font is one file for all weights: a *cut* is the font at one place of its axes. Widths are
in thousandths of the size.
"""

import functools
import importlib.util
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

import uharfbuzz as hb

from planning.render.errors import UnusableFont

Style = Literal["regular", "bold", "italic", "bold-italic", "display"]

JOINERS = frozenset("\u200c\u200d")
PLAIN: Mapping[str, bool] = {"kern": True, "liga": True}
TABULAR: Mapping[str, bool] = {**PLAIN, "tnum": True}


class Glyph(NamedTuple):
    """A glyph of a font: its number, its advance and its shift, and the part of the text that it says."""

    number: int
    advance: float
    right: float
    up: float
    said: str


@dataclass(frozen=True, eq=False, slots=True)
class Shaped:
    """A text in one cut: its glyphs from left to right, and its width.

    What the glyphs say, read in the direction of the text, is the text.
    """

    cut: "Cut"
    glyphs: tuple[Glyph, ...]
    width: float
    is_level: bool  # no glyph is raised or shifted


@dataclass(eq=False, slots=True)
class Cut:
    """A font at one place of its axes; *scale* brings its letters to the height of the others."""

    name: str
    face: hb.Face
    font: hb.Font
    axes: Mapping[str, float]
    has: frozenset[int]
    scale: float

    @property
    def upem(self) -> int:
        """Units of the font in its size."""
        units: int = self.face.upem
        return units

    def shape(self, text: str, *, rtl: bool, tabular: bool, language: str) -> Shaped:
        """*text* in this cut, which must have its characters."""
        buffer = hb.Buffer()
        buffer.cluster_level = hb.BufferClusterLevel.MONOTONE_CHARACTERS
        buffer.add_str(text)
        buffer.guess_segment_properties()
        buffer.direction = "rtl" if rtl else "ltr"
        buffer.language = language
        hb.shape(self.font, buffer, TABULAR if tabular else PLAIN)
        per_mille = 1000 * self.scale / self.upem
        clusters: dict[int, list[Glyph]] = {}
        glyphs = zip(buffer.glyph_infos, buffer.glyph_positions, strict=True)
        for info, place in reversed(list(glyphs)) if rtl else glyphs:
            glyph = Glyph(
                info.codepoint,
                place.x_advance * per_mille,
                place.x_offset * per_mille,
                place.y_offset * per_mille,
                "",
            )
            clusters.setdefault(info.cluster, []).append(glyph)
        starts = [*clusters, len(text)]
        read = [
            glyph
            for n, cluster in enumerate(clusters.values())
            for glyph in self._spelled(cluster, text[starts[n] : starts[n + 1]], rtl)
        ]
        seen = tuple(reversed(read) if rtl else read)
        is_level = not any(glyph.right or glyph.up for glyph in seen)
        return Shaped(self, seen, sum(glyph.advance for glyph in seen), is_level)

    def _spelled(self, glyphs: Sequence[Glyph], text: str, rtl: bool) -> list[Glyph]:
        """*glyphs*, in reading order, with *text* shared out among them.

        Programs read a page glyph by glyph, and turn what is written from the right. So a glyph of
        several right-to-left letters says one, and glyphs without ink before it say the others.
        """
        surplus = len(text) - len(glyphs)
        if rtl and surplus > 0:
            blank = self.font.get_nominal_glyph(0x20)
            if blank:
                silent = [Glyph(blank, 0.0, 0.0, 0.0, text[n]) for n in range(surplus)]
                return silent + self._spelled(glyphs, text[surplus:], rtl)
        last = len(glyphs) - 1
        return [
            glyph._replace(said=text[n:] if n == last else text[n : n + 1])
            for n, glyph in enumerate(glyphs)
        ]


@dataclass(frozen=True, slots=True)
class File:
    """A font file in a package of ours, or anywhere (*package* is empty), at a place of its axes."""

    package: str
    name: str
    axes: Mapping[str, float] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        """Where it is. Raises `UnusableFont` when the package is not there."""
        if not self.package:
            return Path(self.name)
        found = importlib.util.find_spec(self.package)
        if found is None or not found.submodule_search_locations:
            raise UnusableFont(f"the font package {self.package} is not installed")
        return Path(found.submodule_search_locations[0]) / "files" / self.name


@dataclass(frozen=True, eq=False, slots=True)
class Family:
    """Cuts that go together, by style."""

    name: str
    files: Mapping[Style, File]
    scale: float = 1.0


BOLD, TEXT_SIZE, DISPLAY_SIZE = 640, 14, 32  # a weight, and optical sizes of Inter


def _inter(weight: float, size: float = TEXT_SIZE, *, is_italic: bool = False) -> File:
    name = f"Inter{'-Italic' if is_italic else ''}[opsz,wght].ttf"
    return File("fontpkg_inter", name, {"wght": weight, "opsz": size})


def _arabic(weight: str) -> File:
    return File("fontpkg_ibm_plex_sans_arabic", f"IBMPlexSansArabic-{weight}.ttf")


def _devanagari(weight: float) -> File:
    axes = {"wght": weight, "wdth": 100}
    return File("fontpkg_noto_sans_devanagari", "NotoSansDevanagari[wdth,wght].ttf", axes)


FAMILIES = (
    Family(
        "Inter",
        {
            "regular": _inter(400),
            "bold": _inter(BOLD),
            "italic": _inter(400, is_italic=True),
            "bold-italic": _inter(BOLD, is_italic=True),
            "display": _inter(660, DISPLAY_SIZE),
        },
    ),
    Family(
        "IBMPlexSansArabic",
        {
            "regular": _arabic("Regular"),
            "bold": _arabic("SemiBold"),
            "display": _arabic("Bold"),
        },
        scale=1.06,
    ),
    Family(
        "NotoSansDevanagari",
        {"regular": _devanagari(400), "bold": _devanagari(BOLD)},
        scale=1.04,
    ),
)
# A style that a family lacks is taken from the next one here.
INSTEAD: Mapping[Style, Style] = {
    "display": "bold",
    "bold-italic": "bold",
    "italic": "regular",
    "bold": "regular",
}


class Typecase:
    """All cuts, in the order in which they are asked for a character.

    *extra* is a font file for scripts that the others lack. Raises `UnusableFont` for one that
    cannot be read.
    """

    def __init__(self, extra: str = "", language: str = "en") -> None:
        self.language = language
        self.families = FAMILIES + ((extra_family(extra),) if extra else ())
        self._chosen: dict[tuple[str, Style], Cut | None] = {}
        self._shaped: dict[tuple[str, Style, bool, bool], tuple[Shaped, ...]] = {}

    def cut_for(self, character: str, style: Style) -> Cut | None:
        """The first cut that has *character*, in *style* as far as its family goes."""
        key = (character, style)
        if key not in self._chosen:
            code = ord(character)
            self._chosen[key] = next(
                (cut for family in self.families if code in (cut := cut_of(family, style)).has),
                None,
            )
        return self._chosen[key]

    def has(self, character: str) -> bool:
        """Whether *character* can be shown, or is a joiner that only changes its neighbours."""
        return character in JOINERS or self.cut_for(character, "regular") is not None

    def shaped(self, text: str, style: Style, *, rtl: bool, tabular: bool) -> tuple[Shaped, ...]:
        """*text* cut by cut, from left to right; every character must be one that it `has`."""
        key = (text, style, rtl, tabular)
        found = self._shaped.get(key)
        if found is None:
            parts = tuple(
                cut.shape(part, rtl=rtl, tabular=tabular, language=self.language)
                for cut, part in self._runs(text, style)
            )
            found = self._shaped[key] = parts[::-1] if rtl else parts
        return found

    def _runs(self, text: str, style: Style) -> Iterator[tuple[Cut, str]]:
        """*text* in runs of one cut; what belongs to no script stays with what stands before it."""
        run, current = "", None
        for character in text:
            if current is not None and _stays(character, current):
                run += character
                continue
            cut = self.cut_for(character, style) or self.cut_for("?", style)
            if current is not None and cut is not current:
                yield current, run
                run = ""
            current = cut
            run += character
        if current is not None:
            yield current, run


def _stays(character: str, cut: Cut) -> bool:
    """Whether *character* (a mark, a joiner, a sign) is set in the cut of what stands before it."""
    if character in JOINERS:
        return True
    return unicodedata.category(character)[0] in "MPSZ" and ord(character) in cut.has


@functools.cache
def extra_family(path: str) -> Family:
    """The font file at *path* as a family. Raises `UnusableFont`."""
    face, _ = _opened(Path(path))
    axes = {axis.tag for axis in face.axis_infos}
    files: dict[Style, File] = {"regular": File("", path, {"wght": 400} if "wght" in axes else {})}
    if "wght" in axes:
        files["bold"] = File("", path, {"wght": BOLD})
    return Family("Extra", files)


def cut_of(family: Family, style: Style) -> Cut:
    """The cut of *family* in *style*, or in the nearest that it has."""
    while style not in family.files:
        style = INSTEAD[style]
    return _cut(family, style)


@functools.cache
def _cut(family: Family, style: Style) -> Cut:
    file = family.files[style]
    face, has = _opened(file.path)
    font = hb.Font(face)
    if file.axes:
        font.set_variations(dict(file.axes))
    return Cut(f"{family.name}-{style}", face, font, file.axes, has, family.scale)


@functools.cache
def _opened(path: Path) -> tuple[hb.Face, frozenset[int]]:
    """The font at *path*, and the characters that it has."""
    try:
        face = hb.Face(hb.Blob.from_file_path(str(path)))
    except hb.HarfBuzzError:
        raise UnusableFont(f"the font file {path.name} cannot be read") from None
    if not {"glyf", "CFF ", "CFF2"} & set(face.table_tags):
        raise UnusableFont(f"{path.name} is no TrueType or OpenType font")
    return face, frozenset(code for code in face.unicodes if not _is_private(code))


def _is_private(code: int) -> bool:
    """Whether *code* means something else in every font."""
    return 0xE000 <= code <= 0xF8FF or code >= 0xF0000
