"""A part as prose out of a model: asked, tidied, continued when it was cut off, written again when it is wrong."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from answers import Routed
from planning.citations import harmless
from planning.content import Author
from planning.engine.asking import Asks
from planning.engine.outline import Part
from planning.engine.prompts import (
    continuation_prompt,
    key_of,
    remark_prompt,
    repair_prompt,
    section_key,
    section_prompt,
)
from planning.engine.proposing import Budget
from planning.engine.sheet import Sheet
from planning.engine.tidy import continued, tidied, whole_sentences
from planning.facts import SLOT
from planning.sentences import count_words
from providers.prompt import Prompt

# A slot as models spell it when they do not copy it: `{fact: x}`, `[[fact:x]]`, `{{Fact:x}}`.
LIKE_A_SLOT = re.compile(r"[{\[(<]{1,3}\s*fact\s*[:.]\s*([a-z0-9_.]+?)\.?\s*[}\])>]{1,3}", re.I)
LEAST_REST = 40  # words that a continuation may always have


@dataclass(frozen=True, slots=True)
class Text:
    """The prose of a part, as Markdown with slots for its figures.

    *is_cut* says that it was cut off and could not be brought to an end.
    """

    part: Part
    markdown: str
    author: Author
    provider: str = ""
    model: str = ""
    is_kept: bool = False
    is_cut: bool = False

    @property
    def words(self) -> int:
        """How many words it has, a slot counted as one."""
        return count_words(SLOT.sub("0", self.markdown))


async def write(
    sheet: Sheet, part: Part, written: Mapping[str, str], asks: Asks, budget: Budget
) -> Text:
    """*part* as a model writes it; *written* are the parts that are there already."""
    prompt = section_prompt(sheet, part, written)
    return await _written(sheet, part, section_key(sheet, part, written), prompt, asks, budget)


async def mend(
    sheet: Sheet, text: Text, violations: Sequence[str], asks: Asks, budget: Budget
) -> Text:
    """*text* written again without its *violations*; as it is when nothing better came."""
    prompt = repair_prompt(sheet, text.part, text.markdown, violations)
    mended = await _written(sheet, text.part, key_of(prompt), prompt, asks, budget)
    return text if mended.is_cut and not text.is_cut else mended


async def rewrite(sheet: Sheet, text: Text, remark: str, asks: Asks, budget: Budget) -> Text:
    """*text* written again as the founder's *remark* asks."""
    prompt = remark_prompt(sheet, text.part, text.markdown, remark)
    return await _written(sheet, text.part, key_of(prompt), prompt, asks, budget)


async def _written(
    sheet: Sheet, part: Part, key: str, prompt: Prompt, asks: Asks, budget: Budget
) -> Text:
    name = f"{sheet.outline.type}: {part.id}"
    answer = await asks.ask(key, prompt, name)
    text = _text(sheet, part, answer)
    if not text.is_cut:
        return text
    beginning = whole_sentences(text.markdown)
    if not beginning or not budget.take():
        return replace(text, markdown=beginning, is_cut=_is_short(part, beginning))
    left_words = max(LEAST_REST, part.words[1] - count_words(beginning))
    go_on = continuation_prompt(sheet, part, beginning, left_words)
    rest = await asks.ask(key_of(go_on), go_on, f"{name}, continued")
    more = _text(sheet, part, rest)
    whole = continued(beginning, more.markdown)
    if more.is_cut:
        whole = whole_sentences(whole)
    return replace(text, markdown=whole, is_cut=more.is_cut and _is_short(part, whole))


def _text(sheet: Sheet, part: Part, answer: Routed) -> Text:
    """What *answer* says, as the prose of *part*."""
    tidy = with_slots(tidied(answer.completion.text, sheet.title(part)))
    markdown = harmless(tidy, sheet.sources(part))
    return Text(
        part,
        markdown,
        "embedded" if answer.is_draft else "model",
        answer.provider,
        answer.model,
        is_kept=answer.cache in ("HIT", "STALE"),
        is_cut=answer.completion.finish_reason == "length",
    )


def _is_short(part: Part, text: str) -> bool:
    """Whether so little is left of a cut text that it cannot pass for the whole."""
    return count_words(text) < part.words[0]


def with_slots(text: str) -> str:
    """*text* with its slots spelled as they should be."""
    return LIKE_A_SLOT.sub(lambda slot: f"{{{{fact:{slot[1].lower()}}}}}", text)


def filled_in(text: str, figures: Mapping[str, str]) -> str:
    """*text* with every figure in its slot, and no unit said twice beside it.

    Models write `{{fact:x}} people` where the fact has its unit already.
    """

    def fill(slot: re.Match[str]) -> str:
        shown = figures.get(slot["id"])
        if shown is None:
            return slot[0]
        before, after = slot["before"] or "", slot["after"] or ""
        if before and shown.casefold().startswith(before.strip().casefold()):
            before = ""
        last = re.split(r"[\s\u00a0]", shown)[-1]
        if after and last.casefold() == after.strip().casefold():
            after = ""
        return f"{before}{shown}{after}"

    return AROUND_A_SLOT.sub(fill, text)


AROUND_A_SLOT = re.compile(
    r"(?P<before>(?<!\w)(?:[A-Z]{3}|[$€£¥₹])\s?)?"
    r"\{\{\s*fact:\s*(?P<id>[a-z0-9_.]+)\s*\}\}"
    r"(?P<after>\s+[^\W\d_]+(?!\w))?"
)
