"""The numbers, periods and years in what founders write, in the digits and habits of any language. Pure.

`10 000`, `10.000`, `10,000`, `१०,०००` and `١٠٬٠٠٠` are ten thousand everywhere, since founders mix
languages: three digits after a single separator are a group of thousands, and nobody counts people
in thousandths.
"""

import functools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from planning.figures.plain import with_our_digits

Period = Literal["", "day", "week", "month", "year"]

MOST_DIGITS = 15  # a longer number is a mistake or an attack, not a plan
MOST_READ = 2000  # characters of a text; a goal is a sentence
MOST_WORDS = 4  # of a unit: `community-based renewable energy projects`
MOST_POWER = 12  # no plan counts beyond thousands of billions

SPACES = " \N{NO-BREAK SPACE}\N{THIN SPACE}\N{NARROW NO-BREAK SPACE}"
TOKEN = re.compile(
    rf"(?<![\d.,])[-−]?(?:\d{{1,3}}(?:[{SPACES}]\d{{3}})+(?!\d)(?:[.,]\d+)?|\d+(?:[.,'’٬٫]\d+)*)"
)
PLAIN = re.compile(r"(?P<whole>\d+)(?:[.,٫](?P<rest>\d+))?")
GROUPED = re.compile(
    rf"(?P<whole>\d{{1,3}}(?P<by>[.,'’٬{SPACES}])\d{{3}}(?:(?P=by)\d{{3}})*)(?:(?!(?P=by))[.,٫](?P<rest>\d+))?"
)
LAKHS = re.compile(r"(?P<whole>\d{1,2}(?:,\d{2})+,\d{3})(?:\.(?P<rest>\d+))?")
DATED = re.compile(r"\b\d{1,2}([./-])\d{1,2}\1(20\d\d)\b|\b(20\d\d)-\d\d-\d\d\b")
YEAR = re.compile(r"20[2-9]\d")
RANGE = re.compile(rf"[{SPACES}]?[-–—][{SPACES}]?\d[\d.,]*")
LIST_NUMBER = re.compile(r"\s*\d{1,2}[.)]\s")
PERCENT = re.compile(rf"[{SPACES}]?[%٪％]")
NO_LETTER = re.escape('-,.;:!?()[]{}<>"“”„«»|/\\#*=&@~^`%٪،؛؟।…')
WORD = re.compile(rf"[^\s\d{NO_LETTER}](?:[^\s{NO_LETTER}]|-(?=[^\W\d]))*")


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number in a text: `5,000 people each year` is 5000, `people`, `year`.

    *unit* is `%`, a currency's code, or the words that follow; *per* the period that it is meant
    for, and *by_year* the year until which it is to be reached (None when the text names none).
    *start* and *end* say where number and unit stand in the text.
    """

    value: Decimal
    unit: str
    per: Period
    by_year: int | None
    start: int
    end: int


def number_in(text: str) -> Decimal | None:
    """The one number that *text* is, with or without a currency or percent sign; else None."""
    plain = with_our_digits(text[:MOST_READ]).strip()
    token = TOKEN.search(plain)
    if token is None or not _is_sign(plain[: token.start()]):
        return None
    value, end = _value(plain, token)
    return value if _is_sign(plain[end:]) else None


def quantities(text: str, language: str = "") -> tuple[Quantity, ...]:
    """Every quantity in *text*, in order. Years, dates, ages and parts of words are none.

    In German the unit ends with its noun, so that the verb behind it stays outside.
    """
    text = text[:MOST_READ]
    plain = with_our_digits(text)
    dates = tuple(DATED.finditer(plain))
    tokens = [
        t for t in TOKEN.finditer(plain) if not any(d.start() <= t.start() < d.end() for d in dates)
    ]
    years = [int(t[0]) for t in tokens if _is_year(plain, t)] + [int(d[2] or d[3]) for d in dates]
    per, by_year = _period(plain), max(years, default=None)
    found: list[Quantity] = []
    for token in tokens:
        if _is_year(plain, token) or (found and token.start() < found[-1].end):
            continue
        read = _read(text, plain, token, language)
        if read is not None:
            value, unit, end = read
            found.append(
                Quantity(value, unit, "" if unit == "%" else per, by_year, token.start(), end)
            )
    return tuple(found)


def _read(
    text: str, plain: str, token: re.Match[str], language: str
) -> tuple[Decimal, str, int] | None:
    """The number that *token* begins, its unit and where that ends; None when it counts nothing."""
    before = plain[: token.start()]
    currency = _currency_before(before)
    if LIST_NUMBER.match(plain) and not before.strip():
        return None
    if re.search(r"\d[-–—^/]?$", before):
        return None  # the end of a range, a power, a fraction
    if not currency and re.search(
        r"[^\W\d]-?$|[\N{COMBINING GRAVE ACCENT}-\N{COMBINING CYRILLIC TEN MILLIONS SIGN}]$", before
    ):
        return None  # `CO2`, `COVID-19`
    value, end = _value(plain, token)
    if value is None or plain[end : end + 1] in {"^", "/"}:
        return None
    many = RANGE.match(plain, end)
    end = many.end() if many else end
    if currency:
        return value, currency, end
    if percent := PERCENT.match(plain, end):
        return value, "%", percent.end()
    if re.match(r"-?[^\W\d_]", plain[end:]) and not _is_attached(plain, end):
        return None  # `3D`, `2nd`, `12-week`
    unit, unit_end = _noun(text, plain, end, language)
    if many and not unit:
        return None  # an age: `15-24`
    return value, unit, unit_end


def _value(plain: str, token: re.Match[str]) -> tuple[Decimal | None, int]:
    """The number that *token* writes with the words behind it (`2.5 million`), and where they end.

    None for an address, a version, and anything too long.
    """
    power, end = _power(plain, token.end())
    written = token[0].lstrip("-−")
    if sum(c.isdigit() for c in written) > MOST_DIGITS or power > MOST_POWER:
        return None, end
    is_decimal = power > 0 or written.startswith("0")
    patterns = (PLAIN, GROUPED, LAKHS) if is_decimal else (GROUPED, LAKHS, PLAIN)
    for pattern in patterns:
        if match := pattern.fullmatch(written):
            digits = re.sub(r"\D", "", match["whole"])
            value = Decimal(f"{digits}.{match['rest']}" if match["rest"] else digits)
            value = value * 10**power
            return (-value if token[0] != written else value), end
    return None, end


def _power(plain: str, end: int) -> tuple[int, int]:
    """The power of ten that the words after a number stand for, and where they end."""
    power = 0
    if short := re.compile(r"[kM](?![^\W_])").match(plain, end):
        return (3 if short[0] == "k" else 6), short.end()
    while (word := _word_after(plain, end)) and word[0].casefold() in _words()["magnitudes"]:
        power += _words()["magnitudes"][word[0].casefold()]
        end = word.end() + (plain[word.end() :].startswith(".") and len(word[0]) < 5)
    return power, end


def _noun(text: str, plain: str, end: int, language: str) -> tuple[str, int]:
    """The words after *end* up to the first that is no part of a name for things, and their end."""
    words: list[str] = []
    while len(words) < MOST_WORDS and (word := _word_after(plain, end)):
        bare = word[0].casefold()
        if bare in _words()["stops"]:
            break
        end = word.end()
        if not words and bare in _words()["percent"]:
            return "%", end
        if not words and bare in _words()["currencies"]:
            return _words()["currencies"][bare], end
        words.append(text[word.start() : end])
        if language.startswith("de") and word[0][0].isupper():
            break
    return " ".join(words), end


def _word_after(plain: str, end: int) -> re.Match[str] | None:
    """The word that follows *end* after nothing but spaces."""
    while end < len(plain) and plain[end] in SPACES:
        end += 1
    return WORD.match(plain, end)


def _is_year(plain: str, token: re.Match[str]) -> bool:
    """Whether *token* is a year rather than a number of things."""
    if not YEAR.fullmatch(token[0]) or re.search(r"[^\W\d]-?$", plain[: token.start()]):
        return False
    after = _word_after(plain, token.end())
    if (
        PERCENT.match(plain, token.end())
        or after is None
        or after[0].casefold() in _words()["stops"]
    ):
        return not PERCENT.match(plain, token.end())
    before = re.split(r"\s+", plain[: token.start()].strip())[-1]
    return before.casefold() in _words()["stops"]


def _currency_before(before: str) -> str:
    """The code of the currency that stands right before a number; empty for none."""
    last = re.split(rf"[\s{SPACES}(]", before.rstrip(SPACES))[-1].casefold()
    return str(_words()["currencies"].get(last, ""))


def _is_sign(text: str) -> bool:
    """Whether *text* is nothing, a percent sign or a currency."""
    sign = text.strip().casefold()
    return (
        not sign or sign in "%٪％" or sign in _words()["percent"] or sign in _words()["currencies"]
    )


def _is_attached(plain: str, end: int) -> bool:
    """Whether what is written onto a number is a unit (`80kg`)."""
    word = re.compile(r"[^\W\d_]+[23²³]?").match(plain, end)
    return word is not None and word[0].casefold() in _words()["attached"]


def _period(plain: str) -> Period:
    """How often what the text counts is meant to come again."""
    folded = plain.casefold()
    places = {
        period: match.start()
        for period, pattern in _periods().items()
        if (match := pattern.search(folded))
    }
    return min(places, key=lambda period: places[period]) if places else ""


@functools.cache
def _periods() -> Mapping[Period, re.Pattern[str]]:
    return {
        period: re.compile(rf"(?<!\w)(?:{'|'.join(phrases)})(?!\w)")
        for period, phrases in _words()["periods"].items()
    }


@functools.cache
def _words() -> Mapping[str, Any]:
    words = json.loads((Path(__file__).parent / "quantities.json").read_text(encoding="utf-8"))
    return {**words, "stops": frozenset(words["stops"]), "percent": frozenset(words["percent"])}
