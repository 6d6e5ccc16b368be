"""A stand-in for Grants.gov's search2 and fetchOpportunity."""

import json
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

SEARCH, DETAILS = "/v1/api/search2", "/v1/api/fetchOpportunity"
TOKEN = "eyJhbGciOiJIUzI1NiJ9.sandbox"  # noqa: S105 - what it answers with, a secret of nobody


def _good(data: object) -> JsonObject:
    return {"errorcode": 0, "msg": "Webservice Succeeds", "token": TOKEN, "data": data}


ERRORS: Mapping[str, ErrorRow] = {
    "broken_inside": reply_json(200, _good("read ECONNRESET"), ok=False),
    "errorcode": reply_json(
        200,
        {"errorcode": 1, "msg": "Invalid parameter", "data": {"hitCount": 0, "oppHits": []}},
        ok=False,
    ),
    "unavailable": reply_html(503, "<html><body>Service unavailable</body></html>"),
}
TYPES = {
    "12": "Nonprofits having a 501(c)(3) status with the IRS, other than universities",
    "13": "Nonprofits that do not have a 501(c)(3) status with the IRS, other than universities",
    "23": "Small businesses",
    "25": 'Others (see text field entitled "Additional Information on Eligibility" for clarification)',
}
EPA, NIFA, DOL = (
    "Environmental Protection Agency",
    "Institute of Food and Agriculture",
    "Employment and Training",
)
# id, number, title, agency code and name, opens, closes, status, floor, ceiling, who may apply
OPPORTUNITIES = (
    (358500, "EPA-I-OECA-26-01", "Environmental Education Grants &ndash; 2026", "EPA", EPA,
     "01/15/2026", "03/31/2027", "posted", "50000", "250000", ("12",)),
    (361020, "USDA-NIFA-26-114", "Rural Community Training Program", "USDA-NIFA", NIFA,
     "09/01/2026", "", "forecasted", "none", "none", ("12", "13", "23")),
    (349911, "DOL-ETA-25-70", "Green Job Skills Fund", "DOL-ETA", DOL,
     "05/01/2026", "10/01/2026", "posted", "0", "1000000", ("25",)),
)  # fmt: skip
MISSING = {"errorMessages": ["There is no record found for your search."]}


class GrantsGov:
    """Answers as api.grants.gov does; a scripted reply is the JSON body."""

    name = "grants_gov"
    errors = ERRORS
    empty_forms = ("hits",)

    def __init__(self) -> None:
        self.quotas = NoAllowance()

    def model(self, _call: Call) -> str:
        """It has no models."""
        return ""

    def works(self, call: Call) -> bool:
        """Whether a call searches or asks for details."""
        return call.method == "POST" and call.path in (SEARCH, DETAILS)

    def answer(self, call: Call, fault: Fault, script: Script) -> Reply:
        """Answer a call."""
        if fault.error is not None:
            return made(ERRORS[fault.error], "", call.now)
        if reply := substitute(fault):
            return reply
        if not self.works(call):
            raise Refused(reply_json(403, {"message": "Missing Authentication Token"}))
        if (text := script.take()) is not None:
            return reply_json(200, json.loads(text), ok=True)
        if call.path == DETAILS:
            return self._details(call)
        fields = call.fields()
        rows = fields.get("rows", 10)
        hits = [] if fault.empty else [_hit(row) for row in OPPORTUNITIES]
        data = {
            "searchParams": {
                "keyword": fields.get("keyword", ""),
                "oppStatuses": fields.get("oppStatuses", ""),
            },
            "hitCount": len(hits),
            "startRecord": 0,
            "oppHits": hits[: rows if isinstance(rows, int) else 10],
        }
        return reply_json(200, _good(data), ok=bool(hits))

    def _details(self, call: Call) -> Reply:
        """Details; a record that is not there is a success all the same."""
        wanted = call.fields().get("opportunityId")
        row = next((row for row in OPPORTUNITIES if row[0] == wanted), None)
        return reply_json(200, _good(MISSING if row is None else _record(row)), ok=row is not None)


def _hit(row: tuple[object, ...]) -> JsonObject:
    names = ("id", "number", "title", "agencyCode", "agency", "openDate", "closeDate", "oppStatus")
    hit: JsonObject = dict(zip(names, row, strict=False))
    return {**hit, "id": str(row[0]), "docType": "synopsis", "cfdaList": ["66.951"]}


def _record(row: tuple[object, ...]) -> JsonObject:
    floor, ceiling, types = row[8:]
    described = [{"id": each, "description": TYPES[each]} for each in types]  # type: ignore[attr-defined]  # a tuple
    return {
        "id": row[0],
        "opportunityNumber": row[1],
        "opportunityTitle": row[2],
        "synopsis": {
            "agencyName": row[4],
            "synopsisDesc": f"<p>{row[2]} pays for <b>education</b> and training in communities.</p>",
            "awardFloor": floor,
            "awardCeiling": ceiling,
            "applicantTypes": described,
            "applicantEligibilityDesc": "<p>Organizations must be registered in SAM.gov.&nbsp;</p>",
            "costSharing": False,
        },
    }
