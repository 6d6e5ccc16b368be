"""What a reader finds in a finished PDF: its text, links, bookmarks and fonts."""

import io
from collections.abc import Iterator
from typing import Any

from pypdf import PdfReader
from pypdf.generic import Destination


def opened(file: bytes) -> PdfReader:
    """The file, read strictly."""
    return PdfReader(io.BytesIO(file), strict=True)


def text_of(file: bytes) -> str:
    """The text of all pages on one line."""
    return " ".join(" ".join(page.extract_text().split()) for page in opened(file).pages)


def web_links(file: bytes) -> list[str]:
    """The web addresses that the pages lead to."""
    return [str(a["/A"]["/URI"]) for a in annotations(file) if "/URI" in a.get("/A", {})]


def inner_links(file: bytes) -> list[tuple[int, float]]:
    """Where in the document its pages lead: on which page (from 1), at which height."""
    reader = opened(file)
    pages = {page.indirect_reference: n for n, page in enumerate(reader.pages, start=1)}
    found = []
    for page in reader.pages:
        for annotation in page.get("/Annots", []):
            if "/Dest" in annotation.get_object():
                target, _, _, top, _ = annotation.get_object()["/Dest"]
                found.append((pages[target.indirect_reference], float(top)))
    return found


def annotations(file: bytes) -> Iterator[Any]:
    """All annotations of all pages."""
    for page in opened(file).pages:
        for annotation in page.get("/Annots", []):
            yield annotation.get_object()


def bookmarks(file: bytes) -> list[tuple[int, str, int]]:
    """The outline: how deep, what it is called, on which page (from 1)."""
    reader = opened(file)

    def flat(items: Any, depth: int) -> Iterator[tuple[int, str, int]]:
        for item in items:
            if isinstance(item, Destination):
                page = reader.get_destination_page_number(item)
                yield depth, str(item.title), (page if page is not None else -1) + 1
            else:
                yield from flat(item, depth + 1)

    return list(flat(reader.outline, 0))


def fonts(file: bytes) -> dict[str, Any]:
    """The fonts of the file by their names."""
    found: dict[str, Any] = {}
    for page in opened(file).pages:
        resources: Any = page["/Resources"]
        for font in resources.get("/Font", {}).values():
            found[str(font.get_object()["/BaseFont"])] = font.get_object()
    return found


def glyphs(font: Any) -> list[int]:
    """The numbers of the glyphs that the codes of an embedded TrueType font stand for."""
    descendant = font["/DescendantFonts"][0].get_object()
    table = descendant["/CIDToGIDMap"].get_object().get_data()
    codes = [int(code) for code in descendant["/W"][::2]]
    return [int.from_bytes(table[2 * code : 2 * code + 2]) for code in codes]
