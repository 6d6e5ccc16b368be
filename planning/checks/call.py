"""What a pasted grant call asks for: its requirements, limits and what it says about AI. Pure."""

import re
from dataclasses import dataclass, replace
from typing import Literal

from planning.checks.vocabulary import names, pattern, speaks_of
from planning.language import terms
from planning.sentences import split_sentences

AiPolicy = Literal["unknown", "allowed", "disclose", "forbidden"]

MOST_READ = 40_000  # characters
MOST_REQUIREMENTS = 40
SHORTEST, LONGEST = 12, 400  # characters of a requirement

_ITEM = re.compile(r"^\s*(?:[-*•+]|\(?[\da-zA-Z]{1,2}[.)])\s+")
_LIMIT = re.compile(
    r"(\d[\d.,  ]*)\s*(words?|palabras|mots|palavras|wörter|worte|слов\w*|كلمة|كلمات|शब्द\w*"
    r"|characters?|caracteres|caractères|zeichen|знак\w*|символ\w*|حرف\w*|अक्षर\w*)",
    re.I,
)
_CHARACTERS = re.compile(r"char|carac|zeichen|знак|символ|حرف|अक्षर", re.I)


@dataclass(frozen=True, slots=True)
class Requirement:
    """One thing that a call asks for; *section* is the one that answers it, empty when none can be told.

    *most_words* and *most_characters* are 0 where it sets no limit.
    """

    text: str
    section: str
    most_words: int = 0
    most_characters: int = 0


def requirements(call: str, language: str) -> tuple[Requirement, ...]:
    """The requirements of *call*, in its order: the sentences that ask for something.

    A limit that stands behind one on its line (`max. 300 words`) belongs to it.
    """
    found: list[Requirement] = []
    for line in call[:MOST_READ].splitlines():
        begun = len(found)
        for sentence in split_sentences(line, language):
            words, characters = _limits(sentence)
            bare = _ITEM.sub("", sentence).strip()
            if len(bare) >= SHORTEST and speaks_of("asks", bare):
                found.append(Requirement(bare[:LONGEST], section_for(bare), words, characters))
            elif (words or characters) and len(found) > begun:
                found.append(_limited(found.pop(), words, characters))
    return tuple(dict.fromkeys(found))[:MOST_REQUIREMENTS]


def section_for(text: str) -> str:
    """The section of a proposal that answers *text*, by the first words that tell; empty for none."""
    places = {
        section: found.start()
        for section in names("answers")
        if (found := pattern(f"answers.{section}").search(text))
    }
    return min(places, key=lambda section: places[section]) if places else ""


def ai_policy(call: str, language: str) -> AiPolicy:
    """What *call* says about text that an AI has written."""
    speaking = [s for s in split_sentences(call[:MOST_READ], language) if speaks_of("ai", s)]
    if any(speaks_of("ai_forbidden", sentence) for sentence in speaking):
        return "forbidden"
    if any(speaks_of("ai_disclosed", sentence) for sentence in speaking):
        return "disclose"
    return "allowed" if speaking else "unknown"


def is_answered(requirement: Requirement, text: str, language: str) -> bool:
    """Whether a section's *text* has a third of the words of what is asked."""
    wanted = frozenset(terms(requirement.text, language))
    return not wanted or 3 * len(wanted & frozenset(terms(text, language))) >= len(wanted)


def _limited(requirement: Requirement, words: int, characters: int) -> Requirement:
    return replace(
        requirement,
        most_words=max(words, requirement.most_words),
        most_characters=max(characters, requirement.most_characters),
    )


def _limits(sentence: str) -> tuple[int, int]:
    words = characters = 0
    for number, unit in _LIMIT.findall(sentence):
        value = int(re.sub(r"\D", "", number) or 0)
        if _CHARACTERS.match(unit):
            characters = max(characters, value)
        else:
            words = max(words, value)
    return words, characters
