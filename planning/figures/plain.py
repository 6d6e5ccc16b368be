"""Text that others wrote, made plain: without control characters, hidden directions and our own marks. Pure."""

import re
import unicodedata

KEPT = (
    "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"  # Devanagari and Persian are spelt with them
)
OUR_MARKS = re.compile(r"\[S\d{1,3}\]|\{\{|\}\}")


def plain(text: str, most: int = 300) -> str:
    """*text* on one line of at most *most* characters, cut at a word with an ellipsis.

    What only steers a screen (controls, overridden directions, halves of characters) is left out,
    and so are marks that prose has a meaning for: `[S1]` and slots of facts.
    """
    shown = "".join(c if _is_shown(c) else " " * c.isspace() for c in text[: most * 8])
    line = " ".join(OUR_MARKS.sub(" ", shown).split())
    if len(line) <= most:
        return line
    cut = line[: most - 1]
    return (cut.rsplit(" ", 1)[0] if " " in cut[most // 2 :] else cut).rstrip(" ,;:") + "…"


def _is_shown(char: str) -> bool:
    return char in KEPT or unicodedata.category(char) not in {
        "Cc",
        "Cf",
        "Cs",
        "Co",
        "Cn",
        "Zl",
        "Zp",
    }


def with_our_digits(text: str) -> str:
    """*text* with every decimal digit, of whatever script, as 0 to 9, each in its place."""
    return "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text)
