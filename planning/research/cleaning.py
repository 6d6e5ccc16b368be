"""What strangers wrote, made harmless: plain text on one line, and addresses that can be compared. Pure."""

import html
import re
import unicodedata
import urllib.parse
from collections.abc import Iterable, Iterator, Mapping

from planning.research.base import Source

LONGEST_TITLE = 160  # characters
LONGEST_SNIPPET = 500

# Letters and marks that show nothing: they pass for printable, and hide words or split them.
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\ufe00-\ufe0f\U000e0100-\U000e01ef]"
)
_TAG = re.compile(r"<!--.*?(?:-->|$)|</?[a-zA-Z!?/][^<>]*(?:>|$)", re.DOTALL)
# What chat templates put around the roles of a conversation, and prompts around their parts.
_ROLE = re.compile(
    r"<[|｜][^<>]{0,60}[|｜]>|\[/?(?:INST|SYS|SYSTEM|ASSISTANT|USER)\]|<{2,8}/?[\w |:-]{0,40}>{2,8}"
    r"|(?:^|(?<=[\s.!?]))#{1,6}\s*(?:system|assistant|user|human|instructions?|developer)\b\s*:?"
    r"|(?:^|(?<=[\s.!?\]]))(?:system|assistant|human|developer)\s*(?:prompt|message)?\s*:"
    r"|`{3,}|~{3,}|={4,}|-{4,}|_{4,}",
    re.IGNORECASE,
)
_MARK = re.compile(r"\[\s*(S?\d{1,3}(?:\s*[,;]\s*S?\d{1,3})*)\s*\]", re.IGNORECASE)
_SLOT = re.compile(r"\{\{|\}\}")
_ADDRESS = re.compile(
    r"(?:\b[a-z][a-z0-9+.-]{1,20}://|\bwww\.|\b(?:javascript|data|mailto):)\S*", re.I
)
_IMAGE = re.compile(r"!?\[([^\]]{0,300})\]\([^)]{0,2000}\)?")
_TRACKING = re.compile(
    r"(?:utm_\w+|fbclid|gclid|gclsrc|dclid|msclkid|yclid|mc_[ce]id|igshid|_hsenc|_hsmi|ref_src|cmpid)",
    re.IGNORECASE,
)
_BRACKETS = {
    ord("＜"): "<",
    ord("＞"): ">",
    ord("﹤"): "<",
    ord("﹥"): ">",
    ord("｛"): "{",
    ord("｝"): "}",
}


def plain(text: str, longest: int = LONGEST_SNIPPET) -> str:
    """*text* on one line, without tags, invisible characters, imitated roles and excess length.

    Entities are resolved and tags removed until nothing changes, so that neither hides the other.
    """
    text = unicodedata.normalize("NFC", text[: 20 * longest]).translate(_BRACKETS)
    for _ in range(8):
        before = text
        text = _TAG.sub(" ", html.unescape(_visible(text)))
        text = _ROLE.sub(" ", text)
        if text == before:
            break
    else:
        text = text.replace("<", " ").replace("&", " ")
    return cut(" ".join(text.split()), longest)


def untrusted(text: str, longest: int = LONGEST_SNIPPET) -> str:
    """*text* as a model may read it: `plain`, without addresses, links, marks of sources and slots."""
    text = _ADDRESS.sub(" ", _IMAGE.sub(r"\1", plain(text, longest)))
    text = _MARK.sub(r"(\1)", _SLOT.sub(" ", text)).replace("](", "] (")
    return " ".join(text.split())


def cut(text: str, longest: int) -> str:
    """*text*, or its first whole words that fit into *longest* characters."""
    if len(text) <= longest:
        return text
    whole = text[: longest + 1].rsplit(None, 1)[0]
    return whole if len(whole) >= longest // 2 else text[:longest]


def clean(rows: Iterable[Mapping[str, str]]) -> Iterator[Source]:
    """Rows of a result page as sources: unwrapped addresses, plain text, no page twice."""
    seen: set[str] = set()
    for row in rows:
        url = unwrap(row.get("href", ""))
        if not is_public(url) or canonical(url) in seen:
            continue
        seen.add(canonical(url))
        title = plain(row.get("title", ""), LONGEST_TITLE) or url
        yield Source(title, url, plain(row.get("body", "")))


def unwrap(url: str) -> str:
    """The address behind a DuckDuckGo redirect, quoted; any other address quoted."""
    try:
        parts = urllib.parse.urlsplit(url if "://" in url else f"https:{url}")
    except ValueError:
        return ""
    if parts.hostname and parts.hostname.endswith("duckduckgo.com"):
        url = urllib.parse.parse_qs(parts.query).get("uddg", [""])[0]
    return urllib.parse.quote(url, safe="%/:=&?~#+!$,;'@()*[]")


def is_public(url: str) -> bool:
    """Whether *url* is an http(s) address of a named host, without credentials in it."""
    try:
        parts = urllib.parse.urlsplit(url)
        host = parts.hostname or ""
        named = bool(re.fullmatch(r"(?:[\w-]+\.)+[^\W\d_][\w-]*", host))
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and named and "@" not in parts.netloc


def canonical(url: str) -> str:
    """What equal pages have in common: no scheme, `www.`, tracking, fragment and last slash."""
    try:
        parts = urllib.parse.urlsplit(url)
        host = (parts.hostname or "").removeprefix("www.").removeprefix("m.").rstrip(".")
        query = urllib.parse.parse_qsl(parts.query, keep_blank_values=True)
    except ValueError:
        return url
    kept = sorted((name, value) for name, value in query if not _TRACKING.fullmatch(name))
    path = re.sub(r"/(?:index\.(?:html?|php)|amp/?)?$", "", parts.path)
    return f"{host}{path}{'?' if kept else ''}{urllib.parse.urlencode(kept)}"


def _visible(text: str) -> str:
    kept = "".join(c for c in text if c.isprintable() or c.isspace())
    return _UNSEEN.sub("", kept)
