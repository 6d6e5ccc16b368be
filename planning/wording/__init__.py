"""The words that code writes into documents (headings, labels, units), in the languages that we speak.

One JSON file for each area; in it every key has all languages: `{"closing_cash": {"en": "Closing
cash", "es": …}}`. A key is called by its area and its name: `finance.closing_cash`.
"""

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

LANGUAGES = ("en", "es", "fr", "pt", "de", "ru", "ar", "hi")
RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur"})


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one language; a language that we do not speak gets the English ones."""

    language: str

    def __call__(self, key: str, **values: object) -> str:
        """The words called *key*, with *values* in their places. Raises `KeyError` for an unknown key."""
        area, _, name = key.partition(".")
        entry = _area(area)[name]
        text = entry.get(self.language) or entry["en"]
        return text.format(**values) if values else text

    @property
    def is_spoken(self) -> bool:
        """Whether we have the words of this language, rather than English ones in their place."""
        return self.language in LANGUAGES


def words_in(language: str) -> Words:
    """The words for a BCP 47 tag: those of its language, whatever its region (`pt-BR`: `pt`)."""
    return Words(language.partition("-")[0].lower())


def is_right_to_left(language: str) -> bool:
    """Whether the language of a BCP 47 tag is written from right to left."""
    return language.partition("-")[0].lower() in RIGHT_TO_LEFT


@functools.cache
def _area(name: str) -> Mapping[str, Mapping[str, str]]:
    found: Mapping[str, Mapping[str, str]] = json.loads(
        (Path(__file__).parent / f"{name}.json").read_text(encoding="utf-8")
    )
    return found
