"""Which language a text is in, by its script and its function words, and which of its words carry meaning. Pure.

Words such as "the" and "de" are a third of any prose and hardly shared between languages, so a list of
fifty decides about a paragraph; of a title or a table it says nothing. The lists stand in
`languages.json`; a decision page tells why no library does this.
"""

import functools
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

LEAST_WORDS = 20  # fewer say nothing about the language
LEAST_SHARE = 0.12  # of function words, in prose of a language that we know
LEAST_LEAD = 1.5  # of the first language over the second
STEM = 6  # letters: what forms of one word have in common, in the languages that we know
SHORTEST = 3  # letters of a word that carries meaning, where words are long

_WORD = re.compile(r"[^\W\d_](?:[\w\u0300-\u036f\u064b-\u0652\u0900-\u097f’'-]*[\w\u0900-\u097f])?")


@dataclass(frozen=True, slots=True)
class _Profile:
    script: str
    words: frozenset[str]


def primary(tag: str) -> str:
    """The language of a BCP 47 tag: `pt` of `pt-BR`."""
    return re.split(r"[-_]", tag.strip().lower(), maxsplit=1)[0]


def language_of(text: str) -> str:
    """The language of *text* as two letters; empty where it is too short, or none that we know."""
    words = words_of(text)
    script = script_of(text)
    if len(words) < LEAST_WORDS or not script:
        return ""
    counted = Counter(words)
    scores = {
        language: sum(n * _weights()[w] for w, n in counted.items() if w in profile.words)
        for language, profile in _profiles().items()
        if profile.script == script
    }
    if not scores:
        return ""
    first, *others = sorted(scores, key=lambda language: scores[language], reverse=True)
    held = sum(n for w, n in counted.items() if w in _profiles()[first].words) / len(words)
    leads = not others or scores[first] >= LEAST_LEAD * scores[others[0]]
    return first if held >= LEAST_SHARE and leads else ""


def script_of(text: str) -> str:
    """The script of most letters of *text*: `Latin`, `Cyrillic`, `Arabic`, `Devanagari`, …; or empty."""
    counted = Counter(_script(c) for c in text if c.isalpha())
    name, number = counted.most_common(1)[0] if counted else ("", 0)
    return name if number > sum(counted.values()) / 2 else ""


def script_for(language: str) -> str:
    """The script that *language* is written in; empty for one that we do not know."""
    profile = _profiles().get(primary(language))
    return profile.script if profile else ""


def is_function_word(word: str, language: str) -> bool:
    """Whether *word* only joins others: `the`, `with`."""
    profile = _profiles().get(primary(language))
    return profile is not None and word.casefold() in profile.words


def words_of(text: str) -> list[str]:
    """The words of *text* in small letters, without numbers and signs."""
    return [word.casefold() for word in _WORD.findall(unicodedata.normalize("NFC", text))]


def terms(text: str, language: str) -> list[str]:
    """The words of *text* that carry meaning, cut to their stem; in their order, with repetitions."""
    profile = _profiles().get(primary(language))
    stops = profile.words if profile else frozenset()
    return [
        _stem(word)
        for word in words_of(text)
        if word not in stops and (len(word) >= SHORTEST or not word.isascii())
    ]


def _stem(word: str) -> str:
    if "\u0600" <= word[0] <= "\u06ff":
        word = re.sub(r"^(?:وال|بال|كال|فال|لل|ال)(?=\w{3})", "", word)
    bare = unicodedata.normalize("NFKD", word)
    return "".join(c for c in bare if not unicodedata.combining(c))[:STEM]


def _script(letter: str) -> str:
    """The first word of a letter's name in Unicode: its script."""
    return unicodedata.name(letter, " ").split(" ")[0].capitalize()


@functools.cache
def _profiles() -> Mapping[str, _Profile]:
    text = (Path(__file__).parent / "languages.json").read_text(encoding="utf-8")
    return {
        language: _Profile(entry["script"], frozenset(entry["words"].split()))
        for language, entry in json.loads(text).items()
    }


@functools.cache
def _weights() -> Mapping[str, float]:
    """How much a word says: less, the more languages have it."""
    counted = Counter(word for profile in _profiles().values() for word in profile.words)
    return {word: 1 / number**2 for word, number in counted.items()}
