"""The words of code: every key in every language, with the same places for values."""

import json
import string
from pathlib import Path

import pytest

from planning.wording import LANGUAGES, words_in

AREAS = sorted((Path(__file__).parents[2] / "planning" / "wording").glob("*.json"))


@pytest.mark.parametrize("area", AREAS, ids=lambda path: path.stem)
def test_every_key_is_there_in_every_language(area: Path) -> None:
    """With the same values in it."""
    for key, entry in json.loads(area.read_text(encoding="utf-8")).items():
        assert set(entry) == set(LANGUAGES), key
        places = [{f[1] for f in string.Formatter().parse(t) if f[1]} for t in entry.values()]
        assert all(place == places[0] for place in places), key


def test_a_region_has_the_words_of_its_language() -> None:
    """And a language that we do not speak has English ones."""
    assert words_in("pt-BR")("document.sources") == "Fontes"
    assert words_in("sw")("document.sources") == "Sources"
    assert not words_in("sw").is_spoken
