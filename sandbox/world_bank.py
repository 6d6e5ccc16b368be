"""A stand-in for the World Bank's Indicators API, version 2: paging and records, newest year first."""

import json
import re
from collections.abc import Mapping

from sandbox.exchange import (
    Call,
    ErrorRow,
    JsonObject,
    Refused,
    Reply,
    made,
    reply_html,
    reply_json,
)
from sandbox.faults import Fault, substitute
from sandbox.quotas import NoAllowance
from sandbox.text import Script


def _message(code: str, key: str, value: str) -> list[JsonObject]:
    return [{"message": [{"id": code, "key": key, "value": value}]}]


INVALID = _message("120", "Invalid value", "The provided parameter value is not valid")
ERRORS: Mapping[str, ErrorRow] = {
    "invalid": reply_json(200, INVALID, ok=False),
    "archived": reply_json(
        200,
        _message(
            "175",
            "Invalid format",
            "The indicator was not found. It may have been deleted or archived.",
        ),
        ok=False,
    ),
    "unavailable": reply_html(503, "<html><body>Service unavailable</body></html>"),
    "gateway": reply_html(502, "<html><body>Bad gateway</body></html>"),
}
COUNTRIES = {
    "KE": ("KEN", "Kenya"), "IN": ("IND", "India"), "BR": ("BRA", "Brazil"), "US": ("USA", "United States"),
    "DE": ("DEU", "Germany"), "PE": ("PER", "Peru"), "EG": ("EGY", "Egypt, Arab Rep."),
}  # fmt: skip
# The newest value and its year; what is not listed is a share of 40 to 60 that was last seen three years ago.
KNOWN: Mapping[str, tuple[str, float, int]] = {
    "SP.POP.TOTL": ("Population, total", 56_432_944, 2025),
    "SH.H2O.BASW.ZS": (
        "People using at least basic drinking water services (% of population)",
        63.1274,
        2024,
    ),
    "SE.PRM.CMPT.ZS": ("Primary completion rate, total (% of relevant age group)", 99.70, 2016),
    "EG.ELC.ACCS.ZS": ("Access to electricity (% of population)", 76.2, 2023),
}
UNKNOWN = {"SN.XX.NONE.ZS"}  # an indicator without any value


class WorldBank:
    """Answers as api.worldbank.org does; a scripted reply is the JSON body."""

    name = "world_bank"
    errors = ERRORS
    empty_forms = ("values",)

    def __init__(self) -> None:
        self.quotas = NoAllowance()

    def model(self, call: Call) -> str:
        """The country stands where others have a model."""
        asked = re.match(r"/v2/country/([^/]+)/", call.path)
        return asked[1] if asked else ""

    def works(self, call: Call) -> bool:
        """Whether a call asks for values."""
        return re.fullmatch(r"/v2/country/[^/]+/indicator/[^/]+/?", call.path) is not None

    def answer(self, call: Call, fault: Fault, script: Script) -> Reply:
        """Answer a call."""
        if fault.error is not None:
            return made(ERRORS[fault.error], "", call.now)
        if reply := substitute(fault):
            return reply
        if not self.works(call):
            raise Refused(reply_html(404, "<html><body>Endpoint not found</body></html>"))
        if (text := script.take()) is not None:
            return reply_json(200, json.loads(text), ok=True)
        if call.query.get("format") != "json":
            return reply_html(200, '<?xml version="1.0" encoding="utf-8"?><wb:data/>')
        codes = call.path.rstrip("/").rsplit("/", 1)[1].split(";")
        country = COUNTRIES.get(self.model(call).upper())
        if country is None or (len(codes) > 1 and "source" not in call.query):
            return reply_json(200, INVALID, ok=False)
        records = [] if fault.empty else self._records(call, codes, country)
        paging = {
            "page": 1,
            "pages": 1 if records else 0,
            "per_page": int(call.query.get("per_page", "50")),
            "total": len(records),
            "sourceid": "2",
            "sourcename": "World Development Indicators",
            "lastupdated": "2026-10-07",
        }
        return reply_json(200, [paging, records or None], ok=bool(records))

    def _records(self, call: Call, codes: list[str], country: tuple[str, str]) -> list[JsonObject]:
        first, _, last = call.query.get("date", "2015:2024").partition(":")
        years = range(int(last or first), int(first) - 1, -1)
        return [self._record(call, code, year, country) for code in codes for year in years]

    def _record(self, call: Call, code: str, year: int, country: tuple[str, str]) -> JsonObject:
        name, value, newest = KNOWN.get(
            code, (f"Sandbox indicator {code}", 40 + len(code) % 20, 2023)
        )
        known = year <= newest and code not in UNKNOWN
        return {
            "indicator": {"id": code, "value": name},
            "country": {"id": self.model(call).upper(), "value": country[1]},
            "countryiso3code": country[0],
            "date": str(year),
            "value": value if known else None,
            "scale": "",
            "unit": "",
            "obs_status": "",
            "decimal": 0,
        }
