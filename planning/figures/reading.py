"""Reads what a model proposed: flat objects field by field, and every mistake told where it stands. Pure."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeVar

from planning.figures.plain import plain
from planning.figures.quantities import number_in
from planning.figures.spec import Unusable

Choice = TypeVar("Choice", bound=str)

MOST_ROWS = 60  # more are not even looked at


@dataclass(slots=True)
class Mistakes:
    """What is wrong with one answer, in the order in which it was found."""

    found: list[str] = field(default_factory=list)

    def add(self, where: str, problem: str) -> None:
        """Remember that at *where* there is a *problem*."""
        self.found.append(f"{where}: {problem}")

    def raise_any(self) -> None:
        """Raises `Unusable` when there is one."""
        if self.found:
            raise Unusable(self.found)


@dataclass(frozen=True, slots=True)
class Row:
    """One flat object of an answer. A field that is wrong is told to *mistakes* and reads as a blank.

    Keys are found whatever their case, with spaces or hyphens for underscores.
    """

    values: Mapping[str, object]
    where: str
    mistakes: Mistakes

    def text(self, key: str, most: int = 200, *, least: int = 1) -> str:
        """A text, made plain and cut at *most* characters; *least* 0 lets it be absent."""
        value = self.values.get(key)
        text = plain(str(value), most) if isinstance(value, str | int | float) else ""
        if len(text) < least:
            self.mistakes.add(f"{self.where}.{key}", "a text is missing")
        return text

    def number(
        self, key: str, low: Decimal | int, high: Decimal | int, absent: Decimal | None = None
    ) -> Decimal:
        """A number from *low* to *high*; *absent* stands for one that is not given."""
        value = self.values.get(key)
        if value in (None, "") and absent is not None:
            return absent
        number = as_number(value)
        if number is None:
            self.mistakes.add(f"{self.where}.{key}", f"{_quoted(value)} is not a number")
            return Decimal(low)
        if not low <= number <= high:
            self.mistakes.add(
                f"{self.where}.{key}", f"{_quoted(value)} is not between {low} and {high}"
            )
            return Decimal(low)
        return number

    def whole(self, key: str, low: int, high: int, absent: int | None = None) -> int:
        """The same for a whole number."""
        number = self.number(key, low, high, None if absent is None else Decimal(absent))
        if number != number.to_integral_value():
            self.mistakes.add(f"{self.where}.{key}", f"{number} is not a whole number")
        return int(number)

    def choice(self, key: str, options: Sequence[Choice], absent: Choice | None = None) -> Choice:
        """One of *options*, whatever its case."""
        value = self.values.get(key)
        if value in (None, "") and absent is not None:
            return absent
        said = str(value).strip().casefold() if isinstance(value, str | int) else ""
        for option in options:
            if option.casefold() == said:
                return option
        self.mistakes.add(
            f"{self.where}.{key}", f"{_quoted(value)} is none of: {', '.join(options)}"
        )
        return options[0]

    def names(self, key: str, known: Collection[str] | None = None) -> tuple[str, ...]:
        """A list of names, or one text with commas between them; each has to be *known*, if given."""
        value = self.values.get(key)
        if isinstance(value, str):
            value = re.split(r"[,;،]", value)
        listed = value if isinstance(value, list) else []
        names = (plain(str(name), 80) for name in listed if isinstance(name, str | int))
        found = tuple(dict.fromkeys(name for name in names if name))
        for name in found:
            if known is not None and name not in known:
                self.mistakes.add(
                    f"{self.where}.{key}", f"{_quoted(name)} is none of: {', '.join(known)}"
                )
        return found


def as_number(value: object) -> Decimal | None:
    """A number of JSON, or one written as text; None for anything else, infinity and too much."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float | Decimal):
        number = Decimal(str(value))
        return number if number.is_finite() and abs(number) < Decimal(10) ** 18 else None
    return number_in(value) if isinstance(value, str) else None


def rows(
    parsed: object, key: str, mistakes: Mistakes, *, least: int = 0, most: int = 20
) -> Iterator[Row]:
    """The objects of the list called *key*, wherever a model puts it: alone, under its key, or by id."""
    found = [value for value in _listed(parsed, key)[:MOST_ROWS] if isinstance(value, Mapping)]
    if not least <= len(found) <= most:
        mistakes.add(key, f"{len(found)} objects, but {least} to {most} are asked for")
    for number, value in enumerate(found[:most], start=1):
        yield Row(_by_key(value), f"{key}[{number}]", mistakes)


def row(parsed: object, where: str, mistakes: Mistakes) -> Row:
    """The one object that *parsed* is."""
    if not isinstance(parsed, Mapping):
        mistakes.add(where, "an object is asked for")
        return Row({}, where, mistakes)
    return Row(_by_key(parsed), where, mistakes)


def _listed(parsed: object, key: str) -> list[object]:
    if isinstance(parsed, list):
        return parsed
    if not isinstance(parsed, Mapping):
        return []
    by_key = _by_key(parsed)
    inner = by_key.get(key)
    if inner is None and len(by_key) == 1:
        inner = next(iter(by_key.values()))
    if isinstance(inner, Mapping):  # {"m1": {...}, "m2": {...}}
        return [{"id": name, **v} for name, v in inner.items() if isinstance(v, Mapping)]
    return inner if isinstance(inner, list) else []


def _by_key(value: Mapping[object, object]) -> dict[str, object]:
    return {re.sub(r"[\s-]+", "_", str(k).strip()).casefold(): v for k, v in value.items()}


def _quoted(value: object) -> str:
    text = repr(value) if not isinstance(value, str) else f"'{plain(value, 40)}'"
    return text if len(text) <= 60 else text[:57] + "..."
