"""What is worth a second call: a letter cut off, unfinished, in another language, or too long to speak. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from planning.checks.writing import LEAK, PLACEHOLDER
from planning.documents.base import DocumentType
from planning.idea import Idea
from planning.language import language_of
from planning.sentences import count_words
from providers.completion import Completion
from providers.prompt import Message, Prompt

SPOKEN_WORDS = (75, 150)  # half a minute to a minute
LONGEST_QUOTE = 120

AGAIN = """\
Your text cannot be used as it is:
{faults}
Write the whole text again and put this right. Keep everything else. Begin with the text itself."""


def faults(completion: Completion, document: DocumentType, idea: Idea) -> tuple[str, ...]:
    """What is wrong with a letter, as its writer is told it; empty when it can go out."""
    text, found = completion.text, []
    if completion.finish_reason == "length":
        found.append("It was cut off before its end. Write it shorter, so that it ends.")
    for line in text.splitlines():
        if left := PLACEHOLDER.search(line) or LEAK.search(line):
            found.append(f"This does not belong into it: “{left[0].strip()[:LONGEST_QUOTE]}”")
            break
    said, written = language_of(f"{idea.mission} {' '.join(idea.goals)}"), language_of(text)
    if said and written and said != written:
        found.append(f"It is not in the language of the mission ({said}).")
    least, most = SPOKEN_WORDS
    if document.query is None and not least <= count_words(text) <= most:
        found.append(f"It has {count_words(text)} words; {least} to {most} can be spoken in time.")
    return tuple(found)


def again(prompt: Prompt, completion: Completion, found: Sequence[str]) -> Prompt:
    """*prompt* after an answer with faults, to have it written again; the embedded model is not asked."""
    told = AGAIN.format(faults="\n".join(f"- {fault}" for fault in found))
    turns = (Message("assistant", completion.text), Message("user", told))
    return replace(prompt, messages=(*prompt.messages, *turns), temperature=0.2, sketch=None)
