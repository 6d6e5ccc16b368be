"""The kinds of documents; a new one is a new file and a line here."""

from planning.documents import grants, investors, pitch, proposal, roadmap
from planning.documents.base import DocumentType

DOCUMENTS: tuple[DocumentType, ...] = (
    roadmap.DOCUMENT,
    investors.DOCUMENT,
    grants.DOCUMENT,
    proposal.DOCUMENT,
    pitch.DOCUMENT,
)
