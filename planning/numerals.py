"""The numbers that stand in a text, as they can be read, and whether one number is another, rounded. Pure.

A figure is `1,234` in English, `1.234` in German, `1 234` in French, `१,२३४` in Hindi and `1.2 thousand` in
a hurry. In a text of known language the habit of that language decides; in a source of unknown language
every reading counts.
"""

import functools
import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from planning.language import primary

COMMA_IS_DECIMAL = frozenset({"es", "fr", "pt", "de", "ru", "it", "nl", "id", "tr", "uk", "pl"})
MOST_DIGITS = 18
SPACES = " \N{NO-BREAK SPACE}\N{THIN SPACE}\N{NARROW NO-BREAK SPACE}"
EXACT = Decimal("0.02")  # how far a rounded figure such as 10,000 may be from what it rounds
HALF = Decimal("0.5")
LOOSE = Decimal("0.1")  # the same for one with a word, such as 1.2 million

_TOKEN = re.compile(
    rf"(?<![\d.,٫٬])(?:\d{{1,3}}(?:[{SPACES}]\d{{3}})+(?!\d)(?:[.,]\d+)?|\d+(?:[.,'’٬٫]\d+)*)"
)
_SIGNS = re.compile(r"[$€£¥₹₦₽₴₸₺₱₩₫₵₭₪]|(?<![^\W\d_])(?:[A-Z]{2,3}\$|[A-Z]{3}(?![^\W\d_]))")
_PERCENT = re.compile(
    rf"[{SPACES}]?[%٪％]|[{SPACES}](?:per[{SPACES}]?cent|percent|pct|por[{SPACES}](?:ciento|cento)"
    rf"|pour[{SPACES}]cent|Prozent|процент\w*|в[{SPACES}]процентах|(?:بالمئة|بالمائة|في[{SPACES}]المئة|في[{SPACES}]المائة)"
    r"|प्रतिशत|फ़?ीसदी|फ़ीसदी|फीसदी)",
    re.IGNORECASE,
)
# Numbers that name a place rather than count: the number of a goal, a year of the plan, a list's line.
_NAMES = re.compile(
    r"(?:sdgs?|ods|odd|цур|goals?|target|objetivos?|objectifs?|ziele?n?|цел[ьи]|هدف|الهدف|लक्ष्य|phase|fase|"
    r"step|stage|paso|étape|etapa|schritt|этап|шаг|version|no\.?|nr\.?|№|section|article|chapter|table|"
    r"figure|option|tier|level|q|year|años?|année|ano|jahr|год|month|mes|mois|monat|week|quarter)"
    rf"[{SPACES}]?[#:]?[{SPACES}]?$",
    re.IGNORECASE,
)
_LINE = re.compile(r"(?m)^\s*(?:[-*+]\s+)?$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Numeral:
    """A number at its place in a text. *values* are its readings, the likeliest first.

    In a text of known language there is one reading.
    *step* is the size of its last digit that says something: 100 for `1.2 thousand` and `1,200`.
    """

    text: str
    values: tuple[Decimal, ...]
    step: Decimal
    is_percent: bool
    is_year: bool
    is_rounded: bool  # a word such as "million" stands behind it
    currency: str
    start: int
    end: int

    @property
    def value(self) -> Decimal:
        """Its likeliest reading."""
        return self.values[0]


def numerals(text: str, language: str = "") -> tuple[Numeral, ...]:
    """Every number that counts or dates something, in order.

    Parts of words (`CO2`), ordinals (`2nd`), the numbers of lists, goals, steps and years of a plan,
    and marks of sources are none.
    """
    plain = _with_our_digits(_without_marks(text))
    found = (_numeral(plain, token, primary(language)) for token in _TOKEN.finditer(plain))
    return tuple(numeral for numeral in found if numeral is not None)


def same(one: Numeral, other: Numeral) -> bool:
    """Whether *one* and *other* can be the same figure, one of them rounded."""
    return any(
        is_near(a, b, _tolerance(one, a), _tolerance(other, b))
        for a in one.values
        for b in other.values
    )


def is_among(numeral: Numeral, known: Iterable[Decimal]) -> bool:
    """Whether *numeral* is one of the *known* figures, or one of them rounded."""
    return any(
        is_near(value, figure, _tolerance(numeral, value), Decimal(0))
        for value in numeral.values
        for figure in known
    )


def is_near(a: Decimal, b: Decimal, *tolerances: Decimal) -> bool:
    """Whether the two are at most the largest of *tolerances* apart."""
    return abs(a - b) <= max(tolerances)


def has_percent(text: str) -> bool:
    """Whether *text* speaks of percent anywhere."""
    return re.search(r"[%٪％]", text) is not None or _PERCENT.search(f" {text}") is not None


def _tolerance(numeral: Numeral, value: Decimal) -> Decimal:
    half = numeral.step / 2
    if numeral.is_year:
        return Decimal(0)
    if numeral.is_rounded:
        return min(half, abs(value) * LOOSE)
    if numeral.step < 1 or numeral.is_percent:
        return min(half, HALF)
    return min(half, abs(value) * EXACT) if numeral.step > 1 else Decimal(0)


def _numeral(plain: str, token: re.Match[str], language: str) -> Numeral | None:
    start, end = token.start(), token.end()
    before, after = plain[max(0, start - 24) : start], plain[end : end + 24]
    if sum(c.isdigit() for c in token[0]) > MOST_DIGITS or _is_no_count(before, token[0], after):
        return None
    readings = _readings(token[0], language)
    if not readings:
        return None
    power, width = _power(after)
    if not power and re.match(r"m(?![^\W_])", after) and _currency(before, ""):
        power, width = 6, 1  # $1.2m; without money it would be metres
    percent = _PERCENT.match(after[width:])
    currency = _currency(before, after[width:])
    end += width + (percent.end() if percent else 0)
    values = tuple(value * 10**power for value, _ in readings[: 1 if language else None])
    is_year = not (power or percent or currency) and _is_year(token[0], before, after)
    return Numeral(
        text=plain[start:end],
        values=values,
        step=readings[0][1] * 10**power,
        is_percent=percent is not None,
        is_year=is_year,
        is_rounded=power > 0,
        currency=currency,
        start=start,
        end=end,
    )


def _is_no_count(before: str, token: str, after: str) -> bool:
    """Whether the number belongs to a word, a list or a name."""
    if re.search(r"[^\W\d_]-?$", before) and not _money_before(before):
        return True
    if re.match(r"[^\W\d_]", after) and not re.match(
        r"(?:[kKmMbB]|bn|mn|kg|km|ha|kW|MW|GW|kWh|MWh|m|t|g|l|h)(?![^\W_])", after
    ):
        return True
    is_short = token.isdigit() and len(token) <= 2
    if is_short and re.match(r"[.)]\s", after) and _LINE.search(before.rsplit("\n", 1)[-1]):
        return True
    return is_short and _NAMES.search(before) is not None


def _readings(token: str, language: str) -> list[tuple[Decimal, Decimal]]:
    """The values that *token* can have, each with the size of its last telling digit; likeliest first."""
    token = re.sub(rf"[{SPACES}'’٬]", "", token).replace("٫", ".") if "٫" in token else token
    bare = re.sub(rf"[{SPACES}'’٬]", "", token)
    whole = re.fullmatch(r"\d+", bare)
    if whole:
        return [_read(bare, "")]
    marks = re.findall(r"[.,]", bare)
    last = bare.rfind(marks[-1])
    tail = bare[last + 1 :]
    if len(set(marks)) == 2:
        if marks[:-1].count(marks[-1]):
            return []
        return [_read(re.sub(r"\D", "", bare[:last]), tail)]
    grouped = re.fullmatch(r"\d{1,3}(?:([.,])\d{3})(?:\1\d{3})*|\d{1,2}(?:,\d{2})+,\d{3}", bare)
    as_group = _read(re.sub(r"\D", "", bare), "") if grouped else None
    as_decimal = _read(bare[:last], tail) if len(marks) == 1 else None
    if as_group and as_decimal:
        # `0.125` is no group; else the habit of the language decides, and thousands for one unknown.
        groups_by = "." if language in COMMA_IS_DECIMAL else ","
        is_decimal = bare.startswith("0") or (bool(language) and marks[0] != groups_by)
        return [as_decimal, as_group] if is_decimal else [as_group, as_decimal]
    return [reading for reading in (as_group or as_decimal,) if reading]


def _read(whole: str, rest: str) -> tuple[Decimal, Decimal]:
    if rest:
        return Decimal(f"{whole or 0}.{rest}"), Decimal(1).scaleb(-len(rest))
    zeros = len(whole) - len(whole.rstrip("0")) if whole.strip("0") else 0
    return Decimal(whole), Decimal(10) ** zeros


def _power(after: str) -> tuple[int, int]:
    """The power of ten that the words behind a number stand for, and how long they are."""
    if short := re.match(r"([kKMB]|bn|mn)(?![^\W_])", after):
        return {"k": 3, "m": 6, "b": 9}[short[0][0].lower()], short.end()
    power = width = 0
    while word := re.match(rf"[{SPACES}]([^\W\d_][\w\u0900-\u097f़]*\.?)", after[width:]):
        magnitude = _words()["magnitudes"].get(word[1].rstrip(".").casefold())
        if magnitude is None or power + magnitude > 15:
            break
        power, width = power + magnitude, width + word.end()
    return power, width


def _currency(before: str, after: str) -> str:
    """The sign or code of the money that the number counts; empty for anything else."""
    if sign := _money_before(before.rstrip(SPACES)):
        return sign
    behind = re.match(rf"[{SPACES}]?({_SIGNS.pattern}|[^\W\d_]+)", after)
    return behind[1] if behind and _is_currency(behind[1]) else ""


def _money_before(before: str) -> str:
    """The sign or code that *before* ends with."""
    sign = re.search(rf"(?:{_SIGNS.pattern})$", before)
    return sign[0] if sign and _is_currency(sign[0]) else ""


def _is_currency(text: str) -> bool:
    return text.casefold() in _words()["currencies"] or not text.isalnum() or text in _codes()


def _is_year(token: str, before: str, after: str) -> bool:
    if not re.fullmatch(r"(?:19|20)\d\d", token):
        return False
    word = re.match(rf"[{SPACES}]([^\W\d_][\w\u0900-\u097f]*)", after)
    counts = word is not None and word[1].casefold() not in _words()["stops"]
    introduced = re.search(r"([^\W\d_]+)\s$", before)
    return not counts or (introduced is not None and introduced[1].casefold() in _words()["stops"])


def _with_our_digits(text: str) -> str:
    """*text* with every decimal digit as 0 to 9, each in its place."""
    return "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text)


def _without_marks(text: str) -> str:
    """*text* with the marks of its sources blanked out, so that places stay the same."""
    return re.sub(r"\[[S\d,;\s]{1,40}\]", lambda mark: " " * len(mark[0]), text)


@functools.cache
def _words() -> Mapping[str, Any]:
    """What stands beside numbers in the languages that we know, shared with the founder's quantities."""
    path = Path(__file__).parent / "figures" / "quantities.json"
    words = json.loads(path.read_text(encoding="utf-8"))
    return {**words, "stops": frozenset(words["stops"])}


@functools.cache
def _codes() -> frozenset[str]:
    return frozenset(str(code) for code in _words()["currencies"].values())
