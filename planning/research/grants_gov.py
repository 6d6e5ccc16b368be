"""Grants.gov: what the federal agencies of the United States offer, with amounts and who may apply.

Facts (grants.gov/api, and answers recorded by others in 2025 and 2026; read in November 2026): keyless.
`POST /v1/api/search2` with `keyword`, `rows` and `oppStatuses`; the answer has `errorcode` (0 is good),
`msg` and `data`, which can be a text when something broke inside, with status 200. `data.oppHits[]` has
`id`, `number`, `title`, `agency` (`agencyName` in some answers), `openDate` and `closeDate` (MM/DD/YYYY or
empty) and `oppStatus`. `POST /v1/api/fetchOpportunity` with `opportunityId` adds `data.synopsis`:
`awardFloor` and `awardCeiling` (texts, "none" or absent), `applicantTypes[]` (`id`, `description`),
`applicantEligibilityDesc` and `synopsisDesc` (HTML). 12 is a non-profit with 501(c)(3) status, 13 one
without, 23 a small business, 25 "others", 99 unrestricted.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from planning.research.base import Kind, Query, SearchFailed, Source
from planning.research.cleaning import LONGEST_TITLE, plain
from planning.research.web import post_json
from providers.transport import Transport

ADDRESS = "https://api.grants.gov"
PAGE = "https://www.grants.gov/search-results-detail/{id}"
STATUSES = {"posted": "open", "forecasted": "forecast", "closed": "closed", "archived": "closed"}


@dataclass(frozen=True, slots=True)
class GrantsGov:
    """See the module."""

    transport: Transport
    address: str = ADDRESS
    name: str = field(default="grants_gov", init=False)
    kind: Kind = field(default="grants", init=False)

    async def ask(self, query: Query) -> Sequence[Source]:
        """See `Backend.ask`. An opportunity whose details cannot be had stands without them."""
        body = {"keyword": query.text, "rows": query.most, "oppStatuses": "forecasted|posted"}
        answer = await post_json(self.transport, f"{self.address}/v1/api/search2", body)
        hits = read(answer)[: query.most]
        synopses = await asyncio.gather(*(self._synopsis(hit["id"]) for hit in hits))
        return tuple(map(source, hits, synopses))

    async def _synopsis(self, opportunity: str) -> Mapping[str, Any]:
        body = {"opportunityId": int(opportunity)}
        try:
            answer = await post_json(
                self.transport, f"{self.address}/v1/api/fetchOpportunity", body
            )
        except SearchFailed:
            return {}
        data = answer.get("data") if isinstance(answer, dict) else None
        synopsis = data.get("synopsis") if isinstance(data, dict) else None
        return synopsis if isinstance(synopsis, dict) else {}


def read(answer: Any) -> list[Mapping[str, Any]]:
    """The hits of a search that have a number and a title. Raises `SearchFailed`."""
    data = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(data, dict) or answer.get("errorcode") not in (0, "0"):
        raise SearchFailed("its answer could not be read")
    hits = data.get("oppHits")
    rows = [hit for hit in hits if isinstance(hit, dict)] if isinstance(hits, list) else []
    return [
        {**hit, "id": str(hit["id"])}
        for hit in rows
        if re.fullmatch(r"\d{1,12}", str(hit.get("id", ""))) and plain(str(hit.get("title", "")))
    ]


def source(hit: Mapping[str, Any], synopsis: Mapping[str, Any]) -> Source:
    """One opportunity as a source: a sentence that code writes, and the values in its details."""
    title = plain(str(hit.get("title", "")), LONGEST_TITLE)
    agency = plain(str(hit.get("agency") or hit.get("agencyName") or ""), LONGEST_TITLE)
    opens, closes = _day(hit.get("openDate")), _day(hit.get("closeDate"))
    floor, ceiling = _amount(synopsis.get("awardFloor")), _amount(synopsis.get("awardCeiling"))
    types = synopsis.get("applicantTypes")
    applicants = [t for t in types if isinstance(t, dict)] if isinstance(types, list) else []
    eligibility = plain(str(synopsis.get("applicantEligibilityDesc") or ""), 400)
    sentences = [
        f"{agency or 'A federal agency'} of the United States offers “{title}”.",
        f"Award ceiling: {ceiling} USD." if ceiling else "",
        f"Award floor: {floor} USD." if floor else "",
        f"Closing date: {closes}." if closes else "",
        plain(str(synopsis.get("synopsisDesc") or ""), 240),
    ]
    return Source(
        title=title,
        url=PAGE.format(id=hit["id"]),
        snippet=plain(" ".join(filter(None, sentences))),
        details={
            "number": plain(str(hit.get("number") or ""), 60),
            "funder": agency,
            "status": STATUSES.get(str(hit.get("oppStatus", "")).lower(), "unknown"),
            "opens": opens,
            "deadline": closes,
            "floor": floor,
            "ceiling": ceiling,
            "currency": "USD",
            "applicants": [plain(str(each.get("id") or ""), 4) for each in applicants][:40],
            "eligibility": eligibility,
            "country": "US",
        },
    )


def _day(value: Any) -> str:
    """A date as `MM/DD/YYYY` as an ISO date; empty for anything else."""
    try:
        return datetime.strptime(str(value), "%m/%d/%Y").date().isoformat()
    except ValueError:
        return ""


def _amount(value: Any) -> str:
    """An amount in whole dollars, as digits; empty when none is stated."""
    try:
        amount = Decimal(str(value).replace(",", "").replace("$", ""))
    except InvalidOperation:
        return ""
    return str(int(amount)) if amount.is_finite() and 0 < amount < 10**13 else ""
