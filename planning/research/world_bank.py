"""The World Bank's indicators: the newest known value of a few figures for one country.

Facts (Indicators API v2, datahelpdesk.worldbank.org, read in November 2026): keyless, CC BY 4.0. Up to 60
indicator codes with semicolons between them in one call, which then has to name the `source` (2 is
World Development Indicators). The answer is a list of two: paging, and the records, each with
`indicator.id`, `indicator.value`, `country.value`, `date` and `value`, which is null where nothing is
known. An error is a list of one, `[{"message": [{"id": "120", …}]}]`, with status 200.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from clock import SYSTEM_CLOCK, Clock
from planning.research.base import Kind, Query, SearchFailed, Source
from planning.research.cleaning import LONGEST_TITLE, plain
from planning.research.web import get_json
from providers.transport import Transport

ADDRESS = "https://api.worldbank.org"
PAGE = "https://data.worldbank.org/indicator/{code}?locations={country}"
YEARS = 12  # how far back a value may lie
YEAR_S = 31_556_952
MOST_CODES = 12


@dataclass(frozen=True, slots=True)
class WorldBank:
    """See the module. A query is made of indicator codes and a country."""

    transport: Transport
    address: str = ADDRESS
    clock: Clock = SYSTEM_CLOCK
    name: str = field(default="world_bank", init=False)
    kind: Kind = field(default="indicators", init=False)

    async def ask(self, query: Query) -> Sequence[Source]:
        """See `Backend.ask`."""
        codes = re.findall(r"[A-Z]{2}(?:\.[A-Z0-9]{2,5}){1,5}", query.text)[:MOST_CODES]
        if not codes or not re.fullmatch(r"[A-Za-z]{2}", query.country):
            return ()
        this_year = 1970 + int(self.clock.time() // YEAR_S)
        path = f"/v2/country/{query.country.upper()}/indicator/{';'.join(codes)}"
        parameters = {
            "source": "2",
            "format": "json",
            "date": f"{this_year - YEARS}:{this_year}",
            "per_page": "1000",
        }
        answer = await get_json(self.transport, f"{self.address}{path}", parameters)
        newest = read(answer)
        return tuple(
            source(newest[code], query.country.upper()) for code in codes if code in newest
        )[: query.most]


@dataclass(frozen=True, slots=True)
class Observation:
    """A value of one indicator in one year."""

    code: str
    indicator: str
    country: str
    year: int
    value: Decimal


def read(answer: Any) -> Mapping[str, Observation]:
    """The newest observation of each indicator, by its code. Raises `SearchFailed`."""
    if not isinstance(answer, list) or not answer:
        raise SearchFailed("its answer could not be read")
    if len(answer) == 1:
        raise SearchFailed("it did not understand the question")
    records = answer[1] if isinstance(answer[1], list) else []
    newest: dict[str, Observation] = {}
    for record in records:
        found = _observation(record)
        if found and (found.code not in newest or newest[found.code].year < found.year):
            newest[found.code] = found
    return newest


def source(seen: Observation, country: str) -> Source:
    """*seen* as a source: a sentence that code writes, and the values in its details."""
    value = f"{seen.value.normalize():,f}"
    return Source(
        title=plain(f"{seen.indicator}, {seen.country} (World Bank)", LONGEST_TITLE),
        url=PAGE.format(code=seen.code, country=country),
        snippet=plain(
            f"{seen.country}: {seen.indicator}: {value} in {seen.year}. "
            "Source: World Bank, World Development Indicators."
        ),
        details={
            "indicator": seen.code,
            "country": country,
            "year": seen.year,
            "value": str(seen.value),
        },
    )


def _observation(record: Any) -> Observation | None:
    """A record with a value; None for any other."""
    try:
        return Observation(
            code=str(record["indicator"]["id"]),
            indicator=str(record["indicator"]["value"]),
            country=str(record["country"]["value"]),
            year=int(str(record["date"])[:4]),
            value=_rounded(Decimal(str(record["value"]))),
        )
    except (InvalidOperation, KeyError, TypeError, ValueError):
        return None


def _rounded(value: Decimal) -> Decimal:
    """*value* with four digits, as a reader wants it; whole numbers as they are. Raises `InvalidOperation`."""
    if value == value.to_integral_value():
        return value.to_integral_value()
    digits = max(0, 3 - value.adjusted())
    return value.quantize(Decimal(1).scaleb(-digits))
