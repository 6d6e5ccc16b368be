"""The numbers, dates and periods in what founders write, in the digits and habits of their language. Pure."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

Period = Literal["", "day", "week", "month", "year"]


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number in a text: `5,000 people each year` is 5000, `people`, `year`.

    *unit* is `%`, a currency's code, or the word that follows; *per* the period it is meant for, and
    *by_year* the year until which it is to be reached (None when the text names none). *start* and
    *end* say where the number stands in the text.
    """

    value: Decimal
    unit: str
    per: Period
    by_year: int | None
    start: int
    end: int


def number_in(text: str, language: str = "en") -> Decimal | None:
    """The one number that *text* is (`10.000` in German is ten thousand); None when it is none."""
    raise NotImplementedError


def quantities(text: str, language: str = "en") -> tuple[Quantity, ...]:
    """Every quantity in *text*, in order; a year that only dates another one is no quantity."""
    raise NotImplementedError
