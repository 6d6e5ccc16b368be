"""A document as the old endpoints send it: one text, safe for the clients that are known to read it.

One client turns the JSON string back into text by replacing only `\\n`, another puts the Markdown
into the page as HTML. So the text has no straight double quotes, tabs or backslashes, no HTML, and
no link that the search did not find.
"""

import re
from collections.abc import Sequence

from planning.content import Reference
from planning.research import Findings, Source

DRAFT_LABEL = "[Draft by the embedded model. Add a free API key for a full document.]"
CUT_LABEL = "[The answer was cut off here by the provider's length limit.]"


def letter(text: str, findings: Findings | None, *, is_draft: bool, is_cut: bool) -> str:
    """The whole text of an answer; *findings* is None for a document without citations."""
    sources = findings.sources if findings else ()
    body = harmless(unlink(dangling_marks(text, len(sources)), sources))
    parts = [DRAFT_LABEL] if is_draft else []
    parts.append(body)
    if is_cut:
        parts.append(CUT_LABEL)
    if findings is not None:
        parts.append(citations(findings))
    return "\n\n".join(parts)


def letter_of(markdown: str, references: Sequence[Reference]) -> str:
    """A whole document as such a text: its Markdown, and its sources in the block that clients look for.

    Its marks, such as [1], are the numbers of that block.
    """
    sources = tuple(Source(each.title, each.url, each.snippet) for each in references)
    return letter(markdown, Findings(sources), is_draft=False, is_cut=False)


def spoken(text: str) -> str:
    """*text* as it is spoken: without labels, headings, emphasis and list marks."""
    text = text.replace(DRAFT_LABEL, "").replace(CUT_LABEL, "")
    text = re.sub(r"(?m)^\s*(#{1,6}|[-*+]|>)\s+", "", text)
    text = re.sub(r"[*_`]{1,3}(\S(?:.*?\S)?)[*_`]{1,3}", r"\1", text)
    return re.sub(r"\s*\[\d+\]", "", text).strip()


def citations(findings: Findings) -> str:
    """The Citations block, in the form that clients look for."""
    if findings.sources:
        lines = (f"[{n}] {s.title}: {s.url}" for n, s in enumerate(findings.sources, start=1))
        return harmless("\n".join(["Citations:", *lines]))
    if findings.error:
        return f"Citations: DuckDuckGo search error: {findings.error}"
    return "Citations: No relevant citations found."


def dangling_marks(text: str, sources: int) -> str:
    """*text* without citation marks such as [7] that point at no source."""
    return re.sub(
        r" ?\[(\d{1,3})\](?!\()",
        lambda mark: mark.group(0) if 1 <= int(mark.group(1)) <= sources else "",
        text,
    )


def unlink(text: str, sources: Sequence[Source]) -> str:
    """*text* without images and without any address that is not a source's."""
    known = {source.url for source in sources}
    text = re.sub(r"!\[[^\]]*\]\([^)]*\)", "", text)
    text = re.sub(
        r"\[([^\]]+)\]\(\s*<?([^)\s>]*)[^)]*\)",
        lambda link: link.group(0) if link.group(2) in known else link.group(1),
        text,
    )
    return re.sub(
        r"\b(?:https?://|www\.)[^\s<>)\]\"']+",
        lambda url: url.group(0) if url.group(0).rstrip(".,;:") in known else "(link removed)",
        text,
    )


def harmless(text: str) -> str:
    """*text* without HTML and without the characters that old clients do not unescape."""
    text = re.sub(r"<!--.*?-->|</?[a-zA-Z][^<>]*>", "", text, flags=re.DOTALL)
    text = re.sub(r"<(?=[a-zA-Z/!?])", "&lt;", text)
    text = re.sub(r'"([^"\n]*)"', "“\\1”", text).replace('"', "”")
    text = text.replace("\\", "").replace("\t", "    ").replace("\r\n", "\n").replace("\r", "\n")
    text = re.sub(r"(?m)^(\S.*)\n(=+|-{2,})[ ]*$", r"## \1", text)  # setext headings
    return "".join(c for c in text if c == "\n" or c.isprintable()).strip()
