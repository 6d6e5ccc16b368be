"""The parts of a Word file that python-docx has no words for: fields, links, bookmarks, lists."""

import itertools
from collections.abc import Mapping

from docx.document import Document
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.oxml.xmlchemy import BaseOxmlElement
from docx.text.paragraph import Paragraph

from planning.render.palette import INKS

BULLETS = "•–·"
LEVELS, LEVEL_INDENT = 9, 360  # of lists; in twentieths of a point


def element(tag: str, attributes: Mapping[str, object] | None = None) -> BaseOxmlElement:
    """An element such as `w:t`, with its attributes."""
    made = OxmlElement(tag)
    for name, value in (attributes or {}).items():
        made.set(qn(name), str(value))
    return made


def within(parent: BaseOxmlElement, *children: BaseOxmlElement) -> BaseOxmlElement:
    """*parent* with *children* at its end."""
    for child in children:
        parent.append(child)
    return parent


def ink(name: str) -> str:
    """The colour of an ink as Word has it."""
    return INKS[name].removeprefix("#").upper()


def add_field(paragraph: Paragraph, code: str, shown: str, *, is_stale: bool = False) -> None:
    """Add a field such as `PAGE` that shows *shown* until it is computed."""
    for kind in ("begin", "code", "separate", "shown", "end"):
        run = paragraph.add_run()
        if kind == "code":
            text = element("w:instrText", {"xml:space": "preserve"})
            text.text = f" {code} "
            run._r.append(text)
        elif kind == "shown":
            run.text = shown
        else:
            mark = element("w:fldChar", {"w:fldCharType": kind})
            if is_stale and kind == "begin":
                mark.set(qn("w:dirty"), "true")
            run._r.append(mark)


def add_link(paragraph: Paragraph, *, address: str = "", anchor: str = "") -> BaseOxmlElement:
    """Add a link to a web address, or to a bookmark; its runs are appended to what is returned."""
    if address:
        relation = paragraph.part.relate_to(address, RELATIONSHIP_TYPE.HYPERLINK, is_external=True)
        link = element("w:hyperlink", {"r:id": relation, "w:history": "1"})
    else:
        link = element("w:hyperlink", {"w:anchor": anchor, "w:history": "1"})
    paragraph._p.append(link)
    return link


class Bookmarks:
    """Names places of a document; Word wants a number for each."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def around(self, paragraph: Paragraph, name: str) -> None:
        """Make *paragraph* the place called *name*."""
        number = next(self._numbers)
        begin = element("w:bookmarkStart", {"w:id": number, "w:name": name})
        end = element("w:bookmarkEnd", {"w:id": number})
        at = 1 if paragraph._p.pPr is not None else 0
        paragraph._p.insert(at, begin)
        paragraph._p.append(end)


class Lists:
    """The lists of a document: one numbering for bullets, and a fresh one for each numbered list."""

    def __init__(self, document: Document) -> None:
        self.root = document.part.numbering_part.element
        taken = [int(n.get(qn("w:abstractNumId"))) for n in self.root.findall(qn("w:abstractNum"))]
        self._abstract = itertools.count(max(taken, default=0) + 1)
        numbers = [int(n.get(qn("w:numId"))) for n in self.root.findall(qn("w:num"))]
        self._number = itertools.count(max(numbers, default=0) + 1)
        bullets = [(BULLETS[n % len(BULLETS)], "bullet") for n in range(LEVELS)]
        decimals = [(f"%{n + 1}.", "decimal") for n in range(LEVELS)]
        self._bullets = self._list(self._kind(bullets))
        self._decimals = self._kind(decimals)

    def number(self, first: int | None, level: int) -> int:
        """The number of a new list that counts from *first* at *level*; with None, of the bullets."""
        if first is None:
            return self._bullets
        return self._list(self._decimals, first=first, level=level)

    def put(self, paragraph: Paragraph, number: int, level: int) -> None:
        """Make *paragraph* an item of a list."""
        properties = paragraph._p.get_or_add_pPr()
        numbering = properties.get_or_add_numPr()
        within(
            numbering,
            element("w:ilvl", {"w:val": min(level, LEVELS - 1)}),
            element("w:numId", {"w:val": number}),
        )

    def _kind(self, levels: list[tuple[str, str]]) -> int:
        """Describe a kind of list; it has to stand before all lists that are of it."""
        number = next(self._abstract)
        kind = element("w:abstractNum", {"w:abstractNumId": number})
        kind.append(element("w:multiLevelType", {"w:val": "multilevel"}))
        for n, (text, form) in enumerate(levels):
            level = element("w:lvl", {"w:ilvl": n})
            left = LEVEL_INDENT * (n + 1)
            indent = element("w:ind", {"w:left": left, "w:hanging": LEVEL_INDENT})
            within(
                level,
                element("w:start", {"w:val": 1}),
                element("w:numFmt", {"w:val": form}),
                element("w:lvlText", {"w:val": text}),
                element("w:lvlJc", {"w:val": "left"}),
                within(element("w:pPr"), indent),
                within(element("w:rPr"), element("w:color", {"w:val": ink("accent")})),
            )
            kind.append(level)
        first = self.root.find(qn("w:num"))
        if first is None:
            self.root.append(kind)
        else:
            first.addprevious(kind)
        return number

    def _list(self, kind: int, *, first: int = 1, level: int = 0) -> int:
        number = next(self._number)
        made = element("w:num", {"w:numId": number})
        made.append(element("w:abstractNumId", {"w:val": kind}))
        override = element("w:lvlOverride", {"w:ilvl": min(level, LEVELS - 1)})
        made.append(within(override, element("w:startOverride", {"w:val": first})))
        self.root.append(made)
        return number
