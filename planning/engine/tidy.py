"""A model's prose as a part of a document: what is not the section itself is taken off. Pure."""

import re

from planning.sentences import split_sentences

THOUGHTS = re.compile(r"<(think|thinking|reasoning|thought)\b[^>]*>.*?</\1\s*>", re.DOTALL | re.I)
THOUGHTS_BEFORE = re.compile(r"^.*</(?:think|thinking|reasoning|thought)\s*>", re.DOTALL | re.I)
THOUGHTS_TO_THE_END = re.compile(
    r"<(?:think|thinking|reasoning|thought)\b[^>]*>.*\Z", re.DOTALL | re.I
)
WHOLE_FENCE = re.compile(
    r"\A\s*```[ \t]*(?:markdown|md|text)?[ \t]*\n(.*?)\n?```[ \t]*\Z", re.DOTALL
)
# How models begin when they talk about the section instead of writing it.
PREAMBLE = re.compile(
    r"\A\s*(?:(?:sure|certainly|of course|okay|ok|absolutely)\b[^\n]{0,120}[:.!]\s*\n"
    r"|(?:here is|here's|below is|this is)\b[^\n]{0,120}:\s*\n)+",
    re.I,
)
# … and how they take their leave.
CLOSING = re.compile(
    r"\n+(?:[-*_]{3,}\s*\n+)?(?:let me know|i hope this|feel free to|would you like|if you need"
    r"|please let me know|\(?word count)\b[^\n]*\s*\Z",
    re.I,
)
HEADING = re.compile(r"(?m)^[ \t]{0,3}(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*$")
BOLD_HEADING = re.compile(r"(?m)^[ \t]{0,3}\*\*([^*\n]{3,80})\*\*[ \t]*:?[ \t]*$")
RULE = re.compile(r"(?m)^[ \t]*(?:[-*_][ \t]*){3,}$\n?")
TOP_LEVEL = 3  # the section's own heading stands above; sub-headings begin here
LEAST_OVERLAP = 12  # characters; shorter is chance
ENDS = (".", "!", "?", "…", "。", "！", "？", "।", "؟", "۔", "]", ")", "”", "»", '"')


def without_thoughts(text: str) -> str:
    """*text* without what a model thought aloud before it answered."""
    text = THOUGHTS.sub("", text)
    text = THOUGHTS_BEFORE.sub("", text)  # some providers swallow the opening tag
    return THOUGHTS_TO_THE_END.sub("", text)


def tidied(text: str, title: str) -> str:
    """*text* as the prose of the section *title*.

    Thoughts, a fence around the whole, an opening remark, a closing offer, rules and the section's
    own heading go; sub-headings move below it.
    """
    text = without_thoughts(text).replace("\r\n", "\n").replace("\r", "\n")
    if fenced := WHOLE_FENCE.match(text):
        text = fenced[1]
    text = CLOSING.sub("", PREAMBLE.sub("", text.strip()))
    text = RULE.sub("", text)
    return _with_headings_below(_without_own_heading(text.strip(), title)).strip()


def whole_sentences(text: str) -> str:
    """*text* up to the end of its last whole sentence: what a cut left unfinished goes."""
    lines = text.rstrip().split("\n")
    while lines:
        kept = [s for s in split_sentences(lines[-1]) if s.endswith(ENDS)]
        if kept:
            lines[-1] = " ".join(kept)
            return "\n".join(lines).rstrip()
        lines.pop()
    return ""


def continued(beginning: str, continuation: str) -> str:
    """*beginning*, which ends with a whole sentence, and what was written to go on from there.

    A continuation often says the last words again; they are not said twice.
    """
    continuation = continuation.strip()
    for size in range(min(len(beginning), len(continuation)), LEAST_OVERLAP - 1, -1):
        if beginning.endswith(continuation[:size]):
            continuation = continuation[size:].lstrip()
            break
    if not beginning or not continuation:
        return beginning or continuation
    is_new_block = re.match(r"#{1,6} |[-*+] |\d+[.)] ", continuation)
    return f"{beginning}\n\n{continuation}" if is_new_block else f"{beginning} {continuation}"


def opening(text: str, longest: int = 160) -> str:
    """How *text* begins: its first sentence, at most *longest* characters of it."""
    plain = re.sub(r"[#*_>`]+", "", text)
    first = next(iter(split_sentences(plain)), "")
    return first if len(first) <= longest else f"{first[: longest - 1].rsplit(' ', 1)[0]}…"


def _without_own_heading(text: str, title: str) -> str:
    first, _, rest = text.partition("\n")
    found = HEADING.match(first) or BOLD_HEADING.match(first)
    if not found:
        return text
    is_first_level = first.lstrip().startswith(("# ", "## "))
    return (
        rest.lstrip()
        if is_first_level or _plain(found[found.lastindex or 1]) == _plain(title)
        else text
    )


def _with_headings_below(text: str) -> str:
    levels = [len(found[1]) for found in HEADING.finditer(text)]
    if not levels or min(levels) >= TOP_LEVEL:
        return text
    down = TOP_LEVEL - min(levels)
    return HEADING.sub(lambda h: f"{'#' * min(6, len(h[1]) + down)} {h[2]}", text)


def _plain(text: str) -> str:
    return re.sub(r"[\W\d_]+", "", text).lower()
