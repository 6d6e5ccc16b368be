"""Words by which checks know what a sentence speaks of, in the languages that we speak.

The lists stand in `vocabulary.json` as beginnings of words (`estimat`), or whole words with a `$` behind
them. Arabic and Hindi write small words onto others, so theirs count wherever they stand.
"""

import functools
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any


@functools.cache
def pattern(name: str) -> re.Pattern[str]:
    """The pattern that finds a word of the list called *name* (`income.sales` for one inside another)."""
    value: Any = _lists()
    for part in name.split("."):
        value = value[part]
    return re.compile("|".join(map(_word, value)), re.IGNORECASE)


@functools.cache
def names(name: str) -> tuple[str, ...]:
    """The names of the lists inside the one called *name*."""
    return tuple(_lists()[name])


@functools.cache
def words(name: str) -> frozenset[str]:
    """The words of the list called *name*, whole."""
    return frozenset(_lists()[name])


def speaks_of(name: str, text: str) -> bool:
    """Whether *text* has a word of the list called *name*."""
    return pattern(name).search(text) is not None


def _word(entry: str) -> str:
    bare = entry.removesuffix("$")
    if re.search("[\u0600-\u06ff\u0900-\u097f]", bare):
        return re.escape(bare)
    end = r"(?!\w)" if entry.endswith("$") else ""
    return rf"(?<!\w){re.escape(bare)}{end}"


@functools.cache
def _lists() -> Mapping[str, Any]:
    lists: Mapping[str, Any] = json.loads(
        (Path(__file__).parent / "vocabulary.json").read_text(encoding="utf-8")
    )
    return lists
