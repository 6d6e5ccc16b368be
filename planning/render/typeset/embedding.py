"""Fonts inside a PDF file: each cut with the glyphs that were drawn, and what they say when copied.

reportlab embeds one character for each glyph, and of a variable font only its default weight. Here
a cut goes in as a composite font, subset and pinned to its place on the axes by HarfBuzz. Its codes
stand for a glyph together with what it says, so that the table from codes back to text is exact
also where glyphs have other borders than letters have.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import uharfbuzz as hb
from reportlab.pdfbase import pdfdoc

from planning.render.typeset.faces import Cut, Glyph, Shaped

NEEDLESS = ("GSUB", "GPOS", "GDEF", "STAT", "BASE", "name", "post", "cmap", "OS/2", "gasp", "DSIG")
PER_BLOCK = 100  # entries of a block in a character map, at most (PDF 32000-1, 9.10.3)


class Embedded:
    """A cut in one PDF file; it is written when the file is, with the glyphs used until then."""

    def __init__(self, cut: Cut, number: int) -> None:
        self.cut = cut
        self.internal_name = f"T{number}"
        self.is_cff = "glyf" not in cut.face.table_tags
        self._codes: dict[
            tuple[int, str, bool], int
        ] = {}  # by glyph, text and whether it is silent
        self._coded: dict[Shaped, str] = {}

    def coded(self, shaped: Shaped) -> str:
        """The operand that shows *shaped*, whose glyphs all stand on the line."""
        found = self._coded.get(shaped)
        if found is None:
            found = self._coded[shaped] = self.operand(shaped.glyphs)
        return found

    def operand(self, glyphs: Iterable[Glyph]) -> str:
        """The operand that shows *glyphs*, with the shifts that their advances ask for."""
        parts: list[str] = []
        run = ""
        for glyph in glyphs:
            is_silent = not glyph.advance and bool(self._advance(glyph.number))
            run += f"{self._code(glyph, is_silent):04x}"
            stated = 0 if is_silent else self._advance(glyph.number)
            if shift := round(stated - glyph.advance / self.cut.scale):
                parts.append(f"<{run}>{shift}")
                run = ""
        if run:
            parts.append(f"<{run}>")
        return f"[{''.join(parts)}]"

    def _code(self, glyph: Glyph, is_silent: bool) -> int:
        """The code of *glyph* saying what it says. In CFF fonts it is the glyph's own number."""
        key = (glyph.number, glyph.said, is_silent)
        if key not in self._codes:
            self._codes[key] = glyph.number if self.is_cff else len(self._codes) + 1
        return self._codes[key]

    def _advance(self, glyph: int) -> int:
        """The advance of *glyph* as the file states it, in thousandths of the size."""
        units: int = self.cut.font.get_glyph_h_advance(glyph)
        return round(units * 1000 / self.cut.upem)

    def addObjects(self, doc: Any) -> None:  # noqa: N802 - reportlab's name
        """Write the font into *doc*, reportlab's own document, when that is finished."""
        name = f"{_tag(self._codes)}+{self.cut.name}"
        font = pdfdoc.PDFDictionary(
            {
                "Type": "/Font",
                "Subtype": "/Type0",
                "BaseFont": f"/{name}",
                "Encoding": "/Identity-H",
                "DescendantFonts": pdfdoc.PDFArray([self._descendant(doc, name)]),
                "ToUnicode": doc.Reference(_stream(doc, self._character_map())),
            }
        )
        doc.idToObject[pdfdoc.BasicFonts].dict[self.internal_name] = doc.Reference(font)

    def _descendant(self, doc: Any, name: str) -> Any:
        subset, numbers = _subset(self.cut, {glyph for glyph, _, _ in self._codes}, self.is_cff)
        widths: list[object] = []
        for (glyph, _, is_silent), code in sorted(self._codes.items(), key=lambda item: item[1]):
            widths += [code, pdfdoc.PDFArray([0 if is_silent else self._advance(glyph)])]
        system = {"Registry": pdfdoc.PDFString("Adobe"), "Ordering": pdfdoc.PDFString("Identity")}
        descendant = {
            "Type": "/Font",
            "Subtype": "/CIDFontType0" if self.is_cff else "/CIDFontType2",
            "BaseFont": f"/{name}",
            "CIDSystemInfo": pdfdoc.PDFDictionary({**system, "Supplement": 0}),
            "DW": 0,
            "W": pdfdoc.PDFArray(widths),
            "FontDescriptor": doc.Reference(self._descriptor(doc, name, subset)),
        }
        if not self.is_cff:
            codes = {code: numbers[glyph] for (glyph, _, _), code in self._codes.items()}
            table = b"".join(
                codes.get(code, 0).to_bytes(2) for code in range(max(codes, default=0) + 1)
            )
            descendant["CIDToGIDMap"] = doc.Reference(_stream(doc, table))
        return doc.Reference(pdfdoc.PDFDictionary(descendant))

    def _descriptor(self, doc: Any, name: str, subset: hb.Face) -> pdfdoc.PDFDictionary:
        if self.is_cff:
            file = _stream(doc, bytes(subset.reference_table("CFF ").data))
            file.dictionary["Subtype"] = "/CIDFontType0C"
        else:
            file = _stream(doc, bytes(subset.blob.data))
            file.dictionary["Length1"] = len(file.content)
        extents = self.cut.font.get_font_extents("ltr")
        per_mille = 1000 / self.cut.upem
        up, down = round(extents.ascender * per_mille), round(extents.descender * per_mille)
        return pdfdoc.PDFDictionary(
            {
                "Type": "/FontDescriptor",
                "FontName": f"/{name}",
                "Flags": 4,  # symbolic: its codes are its own
                "ItalicAngle": -10 if "italic" in self.cut.name else 0,
                "StemV": 80 if "regular" in self.cut.name else 120,
                "Ascent": up,
                "Descent": down,
                "CapHeight": round(up * 0.75),
                "FontBBox": pdfdoc.PDFArray([-1000, down, 2000, up]),
                "FontFile3" if self.is_cff else "FontFile2": doc.Reference(file),
            }
        )

    def _character_map(self) -> bytes:
        """What each code says: the table that makes text searchable and lets it be copied."""
        said = {code: text for (_, text, _), code in self._codes.items() if text}
        entries = [f"<{code:04x}> <{_utf16(said[code])}>" for code in sorted(said)]
        blocks = [entries[n : n + PER_BLOCK] for n in range(0, len(entries), PER_BLOCK)]
        lines = [
            "/CIDInit /ProcSet findresource begin 12 dict begin begincmap",
            "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def",
            "/CMapName /Adobe-Identity-UCS def /CMapType 2 def",
            "1 begincodespacerange\n<0000> <ffff>\nendcodespacerange",
            *(f"{len(b)} beginbfchar\n" + "\n".join(b) + "\nendbfchar" for b in blocks),
            "endcmap CMapName currentdict /CMap defineresource pop end end",
        ]
        return "\n".join(lines).encode()


def _subset(cut: Cut, glyphs: set[int], is_cff: bool) -> tuple[hb.Face, Mapping[int, int]]:
    """The font of *cut* with *glyphs* alone, and their numbers in it."""
    asked = hb.SubsetInput()
    asked.glyph_set.update({0, *glyphs})
    asked.flags = hb.SubsetFlags.NO_HINTING | hb.SubsetFlags.NO_LAYOUT_CLOSURE
    if is_cff:
        asked.flags |= hb.SubsetFlags.RETAIN_GIDS | hb.SubsetFlags.CFF_IDENTITY_CHARSET
        asked.flags |= hb.SubsetFlags.DOWNGRADE_CFF2
    asked.drop_table_tag_set.update(int.from_bytes(f"{tag:4}".encode()) for tag in NEEDLESS)
    for axis in cut.face.axis_infos:
        asked.pin_axis_location(cut.face, axis.tag, cut.axes.get(axis.tag, axis.default_value))
    plan = hb.SubsetPlan(cut.face, asked)
    return plan.execute(), plan.old_to_new_glyph_mapping


def _stream(doc: Any, content: bytes) -> Any:
    stream: Any = pdfdoc.PDFStream()
    stream.content = content
    if doc.compression:
        stream.filters = [pdfdoc.PDFZCompress]
    return stream


def _utf16(text: str) -> str:
    return text.encode("utf-16-be").hex()


def _tag(codes: Iterable[tuple[int, str, bool]]) -> str:
    """The six letters that tell one subset from another; equal subsets have equal ones."""
    number = 0
    for glyph, _, _ in codes:
        number = (number * 31 + glyph) % 26**6
    return "".join(chr(65 + number // 26**power % 26) for power in range(6))
