"""Where a venture works: the country of a brief, and what the place is called in a language. Pure."""

import functools
import re
import unicodedata

from planning.brief import Brief

# What people write and CLDR does not; CLDR's own names are matched in English and in the document's language.
ALIASES = {
    "usa": "US", "u.s.a.": "US", "u.s.": "US", "united states of america": "US", "america": "US",
    "uk": "GB", "great britain": "GB", "england": "GB", "scotland": "GB", "wales": "GB",
    "ivory coast": "CI", "drc": "CD", "dr congo": "CD", "burma": "MM", "czech republic": "CZ",
    "turkey": "TR", "swaziland": "SZ", "cape verde": "CV", "east timor": "TL", "palestine": "PS",
}  # fmt: skip


def country_of(brief: Brief) -> str:
    """The ISO 3166 code of two letters: as given, or the one country that the place names; else empty."""
    if re.fullmatch(r"[A-Za-z]{2}", brief.country):
        return brief.country.upper()
    place = f" {_folded(brief.idea.place)} "
    if not place.strip():
        return ""
    found = {
        name: code
        for language in dict.fromkeys(("en", brief.language.partition("-")[0]))
        for name, code in _countries(language).items()
        if name in place and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", place)
    }
    # Niger stands in Nigeria only as letters, but Guinea stands in Papua New Guinea as a word.
    longest = {name: code for name, code in found.items() if not _is_part(name, found)}
    return next(iter(longest.values())) if len(set(longest.values())) == 1 else ""


def place_in(brief: Brief, language: str) -> str:
    """Where it works, in words: the founder's own, else the country's name in *language*, else empty."""
    if brief.idea.place.strip():
        return brief.idea.place.strip()
    return country_name(country_of(brief), language)


def country_name(country: str, language: str) -> str:
    """What *country* is called in *language*; empty for what is no country."""
    names = _names(language.partition("-")[0].lower())
    return names.get(country.upper(), "") if country else ""


def is_country(name: str, language: str) -> bool:
    """Whether *name* is what a country is called in English or in *language*."""
    folded = _folded(name)
    return any(folded in _countries(each) for each in ("en", language.partition("-")[0].lower()))


def _is_part(name: str, names: dict[str, str]) -> bool:
    return any(name != other and name in other for other in names)


@functools.cache
def _names(language: str) -> dict[str, str]:
    """Countries' names by code; English ones for a language that CLDR does not know."""
    from babel import Locale, UnknownLocaleError  # here, since a cold start has no need of it

    try:
        territories = Locale.parse(language).territories
    except (UnknownLocaleError, ValueError):
        territories = Locale("en").territories
    return {code: name for code, name in territories.items() if re.fullmatch("[A-Z]{2}", code)}


@functools.cache
def _countries(language: str) -> dict[str, str]:
    """Codes by folded name."""
    own = {
        _folded(name): code
        for code, name in _names(language).items()
        if code not in ("EU", "UN", "EZ", "ZZ")
    }
    return {**own, **ALIASES}


def _folded(text: str) -> str:
    bare = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in bare if not unicodedata.combining(c))
