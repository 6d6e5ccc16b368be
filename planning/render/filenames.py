"""The name under which a document is saved, and the header that tells a browser. Pure."""

import re
import unicodedata
from urllib.parse import quote

from planning.render.clean import one_line

LONGEST = 80  # characters before the ending; some file systems allow 255 bytes
# Names that Windows keeps for devices, with any ending.
DEVICES = frozenset(
    {"con", "prn", "aux", "nul", *(f"{d}{n}" for d in ("com", "lpt") for n in "0123456789¹²³")}
)
FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f;=%\']')


def filename(venture: str, document_type: str, ending: str) -> str:
    """The name of a document's file: `Clean Water - business plan.pdf`; safe on every system."""
    subject = document_type.replace("_", " ")
    name = f"{_safe(venture)} - {subject}" if _safe(venture) else subject
    return f"{name}.{ending}"


def content_disposition(name: str) -> str:
    """The header that offers *name* for saving (RFC 6266): in ASCII, and in UTF-8 for those who can."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    stem, dot, ending = plain.rpartition(".")
    stem = " ".join(re.sub(r"[^\w .,()&+-]", "", stem).split()).strip(" .-") or "document"
    exact = quote(name, safe="")
    return f"attachment; filename=\"{stem}{dot}{ending}\"; filename*=UTF-8''{exact}"


def _safe(text: str) -> str:
    """*text* without what a path, a shell or a header could take for its own."""
    name = " ".join(FORBIDDEN.sub(" ", one_line(text)).split())
    name = name[:LONGEST].strip(" .-")
    if name.partition(".")[0].strip().casefold() in DEVICES:
        return f"{name}_".replace(".", "_")
    return name
