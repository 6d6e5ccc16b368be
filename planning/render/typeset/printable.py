"""Characters that no font has: what is put in their place, and when a document cannot be printed."""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from planning.render.errors import Unprintable

Has = Callable[[str], bool]

MOST_MISSING = 0.02  # of all letters; beyond, a reader would miss too much
LOOKALIKES: Mapping[str, str] = {
    "\u2705": "✓",
    "\u2611": "✓",
    "\u2714": "✓",
    "\u274c": "✗",
    "\u2716": "✗",
    "\u2718": "✗",
    "\u2b50": "★",
    "\u2757": "!",
    "\u2753": "?",
    "\u27a1": "→",
    "\u2192": "->",
    "\u2011": "-",
    "\u2010": "-",
    "\u2212": "-",
    "\u202f": "\u00a0",
    "\u2009": " ",
    "\u00a0": " ",
    "\u2022": "-",
}
FLAG_A, TONES = 0x1F1E6, range(0x1F3FB, 0x1F400)
UNKNOWN = "[?]"


def printable(text: str, has: Has) -> str:
    """*text* with characters that no font has replaced by others that are seen, never by a box.

    A sign gets one that looks like it, or its name in brackets; a letter gets its parts, or
    a question mark in brackets.
    """
    if all(map(has, set(text))):
        return text
    shown = "".join(c if c == "\n" or has(c) else _instead(c, has) for c in text)
    return re.sub(r"(?:\[\?\]){2,}", UNKNOWN, shown)


def require_script(text: str, has: Has) -> None:
    """Raise `Unprintable` if so many letters of *text* have no glyph that it could not be read."""
    counts = Counter(text)
    letters = {c: n for c, n in counts.items() if unicodedata.category(c)[0] in "LM"}
    missing = {c: n for c, n in letters.items() if not has(c) and _instead(c, has) == UNKNOWN}
    if sum(missing.values()) <= MOST_MISSING * sum(letters.values()):
        return
    scripts = Counter[str]()
    for character, count in missing.items():
        scripts[_script(character)] += count
    script = scripts.most_common(1)[0][0]
    raise Unprintable(
        f"The PDF fonts have no letters for {script}. Take this document as DOCX or Markdown, or "
        "name a font file that has them in PDF_FONT_CJK."
    )


def _instead(character: str, has: Has) -> str:
    for replacement in _candidates(character):
        if all(map(has, replacement)):
            return replacement
    return UNKNOWN


def _candidates(character: str) -> Iterator[str]:
    code = ord(character)
    if character in LOOKALIKES:
        yield LOOKALIKES[character]
    category = unicodedata.category(character)
    if category in ("Mn", "Me", "Cf") or code in TONES:
        yield ""
    if FLAG_A <= code < FLAG_A + 26:
        yield chr(ord("A") + code - FLAG_A)
    if category == "Zs":
        yield " "
    plain = unicodedata.normalize("NFKD", character)
    if plain != character:
        yield plain
        yield "".join(c for c in plain if not unicodedata.combining(c)) or UNKNOWN
    if category[0] == "S":
        name = unicodedata.name(character, "").lower()
        yield f"[{re.sub(r'^(heavy|white|black) ', '', name)}]" if name else UNKNOWN


def _script(character: str) -> str:
    """The script of a letter, as the first word of its name says it."""
    name = unicodedata.name(character, "an unknown script").split(" LETTER")[0]
    first = name.split()[0]
    cjk = {"CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO"}
    return "Chinese, Japanese or Korean" if first in cjk else first.capitalize()
