"""Documents for tests, in one line each."""

from datetime import date
from typing import Any

from planning.content import Block, Document, Prose, Section

TODAY = date(2026, 11, 24)


def section(section_id: str, *blocks: str | Block, title: str = "") -> Section:
    """A section; text becomes prose."""
    made = tuple(Prose(block) if isinstance(block, str) else block for block in blocks)
    return Section(section_id, title or section_id.title(), made, "model")


def document(*sections: Section, document_type: str = "roadmap", **changes: Any) -> Document:
    """A document of *sections*, in English."""
    given: dict[str, Any] = {
        "type": document_type,
        "title": "A title",
        "subtitle": "",
        "venture": "Solar Kitchen",
        "language": "en",
        "currency": "USD",
        "written_on": TODAY,
        "sections": sections,
    }
    return Document(**(given | changes))
