"""Numbers, money and dates as they are written in the document's language. Pure.

Figures have European digits in every language, so that the same figure is the same text everywhere
and a check can find it. Babel is imported at the first use, since a cold start has no need of it.
"""

import datetime
import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from planning.facts import Fact, FactBase
from planning.wording import words_in

if TYPE_CHECKING:
    from babel import Locale
    from babel.numbers import NumberPattern

UNKNOWN = "\N{EM DASH}"  # in a table, where a value is not known
# Units whose words CLDR has, in the number that fits.
MEASURED = {
    "days": "duration-day",
    "weeks": "duration-week",
    "months": "duration-month",
    "years": "duration-year",
}
LENGTHS: tuple[Literal["long", "short", "narrow"], ...] = ("long", "short", "narrow")
CURRENCY = re.compile(r"[A-Z]{3}")
SHORTENED_FROM = 10_000


@dataclass(frozen=True, slots=True)
class Shown:
    """How values look in *language* (a BCP 47 tag) and *currency* (an ISO 4217 code).

    A language that CLDR does not know gets the English forms.
    """

    language: str
    currency: str

    def number(self, value: Decimal) -> str:
        """*value* with its thousands grouped and at most two decimals."""
        from babel.numbers import format_decimal

        return format_decimal(_rounded(value), format=None, locale=_locale(self.language))

    def money(self, value: Decimal, currency: str = "") -> str:
        """*value* with its currency; an amount that is not whole has the currency's decimals."""
        currency, locale = currency or self.currency, _locale(self.language)
        pattern = _pattern(locale.currency_formats["standard"].pattern, value, currency)
        text = pattern.apply(value, locale, currency=currency, currency_digits=False)
        return re.sub(r"(?<=[A-Za-z])(?=\d)", "\N{NO-BREAK SPACE}", text)

    def short(self, value: Decimal) -> str:
        """*value* for an axis: whole below ten thousand, then in thousands or millions (`12.5K`).

        A language that we do not speak has its numbers whole: some short forms of CLDR come out wrong.
        """
        from babel.numbers import format_compact_decimal

        if abs(value) < SHORTENED_FROM or not words_in(self.language).is_spoken:
            return self.number(value)
        return format_compact_decimal(value, locale=_locale(self.language), fraction_digits=1)

    def cash(self, value: Decimal) -> str:
        """The same without the currency, for a column that says which one it is."""
        locale = _locale(self.language)
        pattern = _pattern(locale.decimal_formats[None].pattern, value, self.currency)
        return str(pattern.apply(value, locale))

    def percent(self, value: Decimal) -> str:
        """*value*, which is a share in percent (20 for a fifth)."""
        from babel.numbers import format_percent

        exact = _rounded(value) / 100
        return format_percent(exact, locale=_locale(self.language), decimal_quantization=False)

    def date(self, value: datetime.date) -> str:
        """A day: `January 5, 2027`."""
        from babel.dates import format_date

        return format_date(value, format="long", locale=_locale(self.language))

    def day(self, value: datetime.date) -> str:
        """A day for a narrow column, which stays on one line: `Jan 5, 2027`."""
        from babel.dates import format_date

        return _unbroken(format_date(value, format="medium", locale=_locale(self.language)))

    def month(self, value: datetime.date) -> str:
        """The month of a day: `Jan 2027`."""
        from babel.dates import format_skeleton

        return format_skeleton("yMMM", value, locale=_locale(self.language))

    def month_name(self, value: datetime.date) -> str:
        """The month of a day without its year, short: `Jan`."""
        from babel.dates import format_date

        return format_date(value, format="LLL", locale=_locale(self.language))

    def amount(self, value: Decimal, unit: str) -> str:
        """*value* in *unit*, as `Fact.unit` has it: a currency, `%`, a word we know, or any noun."""
        if CURRENCY.fullmatch(unit):
            return self.money(value, unit)
        if unit == "%":
            return self.percent(value)
        if unit in MEASURED:
            return self._measured(value, MEASURED[unit])
        return (
            f"{self.number(value)}\N{NO-BREAK SPACE}{self.unit(unit)}"
            if unit
            else self.number(value)
        )

    def _measured(self, value: Decimal, unit: str) -> str:
        """*value* in a unit of CLDR's; some languages have its long form only in part."""
        from babel.units import format_unit

        forms = [(_locale(self.language), length) for length in LENGTHS] + [(_locale("en"), "long")]
        texts = (format_unit(_rounded(value), unit, length, locale=loc) for loc, length in forms)
        return next(text for text in texts if unit not in text)

    def country(self, code: str) -> str:
        """The name of the country with an ISO 3166 code of two letters; empty for any other text."""
        name = _locale(self.language).territories.get(code.upper(), "")
        return str(name) if len(code) == 2 else ""

    def unit(self, unit: str) -> str:
        """The word for *unit*; the founder's own noun stays as it is."""
        try:
            return words_in(self.language)(f"figures.unit_{unit}")
        except KeyError:
            return unit

    def fact(self, fact: Fact) -> str:
        """The value of *fact* with its unit, as prose has it."""
        if isinstance(fact.value, Decimal):
            return self.amount(fact.value, fact.unit)
        return self.date(fact.value) if isinstance(fact.value, datetime.date) else fact.value

    def all(self, base: FactBase) -> Mapping[str, str]:
        """Every fact by its id, for `planning.facts.filled`."""
        return {fact_id: self.fact(fact) for fact_id, fact in base.facts.items()}


@functools.cache
def _locale(language: str) -> "Locale":
    from babel import Locale, UnknownLocaleError

    try:
        return Locale.parse(language, sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale("en")


def _pattern(pattern: str, value: Decimal, currency: str) -> "NumberPattern":
    """*pattern* with no decimals for a whole amount, else with those of *currency*."""
    from babel.numbers import get_currency_precision, parse_pattern

    digits = 0 if value == value.to_integral_value() else get_currency_precision(currency)
    parsed = parse_pattern(pattern)
    parsed.frac_prec = (digits, digits)
    return parsed


def _unbroken(text: str) -> str:
    """*text* with no place where its line may end."""
    return re.sub(r"\s", "\N{NO-BREAK SPACE}", text)


def _rounded(value: Decimal) -> Decimal:
    """*value* with at most two decimals and no trailing zeros."""
    if value == value.to_integral_value():
        return value.to_integral_value()
    return value.quantize(Decimal("0.01"))
