"""Text without what no reader can see: control characters, overrides of direction, half characters. Pure.

Every renderer takes a cleaned document, so that none has to think of them again.
"""

import dataclasses
import functools
import re
import unicodedata
from collections.abc import Mapping
from datetime import date, datetime
from typing import TypeVar

from planning.content import Document

# C0 and C1 without newline and tab; soft hyphens; zero-width spaces; marks, embeddings, overrides and
# isolates of direction; half characters; interlinear marks; tags; characters that are none.
UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x84\x86-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f"
    "\ufdd0-\ufdef\ufeff\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e0fff]"
)
HALVES = re.compile("[\ud800-\udfff]")
BREAKS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
ADDRESS = re.compile(r"https?://[^\s/?#\\]+[^\s\\]*", re.IGNORECASE)

T = TypeVar("T")


@functools.lru_cache(maxsize=4096)
def clean(text: str) -> str:
    """*text* composed (NFC), with plain line breaks, and without what cannot be seen."""
    if text.isascii() and text.isprintable():
        return text
    text = BREAKS.sub("\n", HALVES.sub("\N{REPLACEMENT CHARACTER}", text))
    return unicodedata.normalize("NFC", UNSEEN.sub("", text))


def cleaned(document: Document) -> Document:
    """*document* with all its text cleaned, and with a language tag that is one."""
    language = document.language if LANGUAGE_TAG.fullmatch(document.language) else "en"
    return dataclasses.replace(_cleaned(document), language=language)


def one_line(text: str) -> str:
    """*text* cleaned and on one line."""
    return " ".join(clean(text).split())


def web_address(url: str) -> str:
    """*url* as it can stand in a link, if it is an `http` or `https` address; else empty."""
    url = clean(url).strip()
    if not ADDRESS.fullmatch(url):
        return ""
    return "".join(
        c if c.isascii() and (c.isalnum() or c in "-._~:/?#[]@!$&*+,;=%") else _percent(c)
        for c in url
    )


def day_of(moment: str) -> date | None:
    """The day of an ISO time, such as a reference has; None for what is none."""
    try:
        return datetime.fromisoformat(moment.strip()).date()
    except ValueError:
        return None


def _percent(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode())


def _cleaned(value: T) -> T:
    if isinstance(value, str):
        return clean(value)  # type: ignore[return-value]  # a str in, a str out
    if isinstance(value, tuple):
        return tuple(map(_cleaned, value))  # type: ignore[return-value]  # of the same types
    if isinstance(value, Mapping):
        return {key: _cleaned(inner) for key, inner in value.items()}  # type: ignore[return-value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        inner = {f.name: _cleaned(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return dataclasses.replace(value, **inner)
    return value
