"""What a document is asked for with: the idea, and what else the founder gave beside it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from planning.idea import Idea

# The figures that a founder may give, with their unit; money is in the brief's currency.
FIGURES: Mapping[str, str] = {
    "opening_cash": "money",
    "launch_costs": "money",
    "monthly_staff_costs": "money",
    "monthly_other_costs": "money",
    "price": "money",
    "units_per_month": "units",
    "monthly_donations": "money",
    "grants_secured": "money",
    "funding_sought": "money",
    "grant_request": "money",
    "annual_budget": "money",
    "beneficiaries_year1": "people",
    "beneficiaries_year3": "people",
}


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody of the team; *name* may be empty for a role that is still open."""

    role: str
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """The idea and its circumstances. What the founder did not give is empty.

    *country* is an ISO 3166 code of two letters, *language* a BCP 47 tag (`en`, `pt-BR`),
    *currency* an ISO 4217 code. *figures* holds some of `FIGURES`; *call* is the text of a grant
    call, pasted.
    """

    idea: Idea
    start: date
    country: str = ""
    language: str = "en"
    currency: str = "USD"
    team: tuple[Member, ...] = ()
    figures: Mapping[str, Decimal] = field(default_factory=dict)
    call: str = ""
