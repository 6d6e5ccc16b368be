"""A grant: how much, until when, who may apply, and what an application takes. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from planning.content import Reference
from planning.funders.fit import Fit, Offer, Verdict, fit, may_apply
from planning.funders.funder import read_on
from planning.funders.profile import Form, Profile
from planning.research.ledger import Ledger

Status = Literal["open", "forecast", "closed", "unknown"]

# Grants.gov's types of applicants, as legal forms. Others are open to some, which nobody can tell.
APPLICANTS: Mapping[str, frozenset[Form]] = {
    "12": frozenset({"nonprofit_501c3"}),
    "13": frozenset({"nonprofit"}),
    "22": frozenset({"company"}),
    "23": frozenset({"company"}),
    "99": frozenset({"nonprofit_501c3", "nonprofit", "cooperative", "company"}),
}
OPEN_TO_OTHERS = frozenset({"25", "99"})
# Hours that an application takes, by our own rough measure: a form, a usual proposal, a federal one.
SMALL, USUAL, LARGE = 12, 40, 100
LARGE_FROM = Decimal(100_000)
SMALL_UP_TO = Decimal(10_000)
SAM_DAYS = 14  # 7 to 10 business days for a UEI at SAM.gov, and the weekends between them


@dataclass(frozen=True, slots=True)
class Eligibility:
    """Whether the venture may apply, and the sentence that decides it; empty where there is none."""

    verdict: Verdict
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """One call for applications. What is not known is empty or None.

    *deadline* is None when it is rolling or unknown. *registrations* are keys of registrations that
    take long, *hours* a rough measure of the work.
    """

    title: str
    funder: str
    eligibility: Eligibility
    place: str
    status: Status
    floor: Decimal | None = None
    ceiling: Decimal | None = None
    currency: str = ""
    deadline: date | None = None
    is_rolling: bool = False
    countries: frozenset[str] = frozenset()
    forms: frozenset[Form] = frozenset()
    themes: frozenset[int] = frozenset()
    registrations: tuple[str, ...] = ()
    hours: int = USUAL
    summary: str = ""
    mark: str = ""
    url: str = ""
    fetched_on: date | None = None
    fit: Fit | None = None

    @property
    def is_verified(self) -> bool:
        """Whether a source names it."""
        return bool(self.mark)

    @property
    def offer(self) -> Offer:
        """What of it is compared with a venture."""
        return Offer(
            themes=self.themes,
            text=f"{self.title} {self.summary}",
            countries=self.countries,
            forms=self.forms,
            instrument="grant",
            floor=self.floor,
            ceiling=self.ceiling,
            currency=self.currency,
        )

    def days_left(self, today: date) -> int | None:
        """Days until the deadline; None where there is none, negative when it has passed."""
        return None if self.deadline is None else (self.deadline - today).days


def status_at(stated: Status, deadline: date | None, today: date) -> Status:
    """The status on a day: a deadline that has passed closes every call."""
    return "closed" if deadline is not None and deadline < today else stated


def eligibility(
    forms: frozenset[Form], is_open_to_others: bool, profile: Profile, sentence: str
) -> Eligibility:
    """Whether *profile* may apply, by its legal form; *sentence* is what the call says about it."""
    verdict = may_apply(forms, profile.form)
    if verdict == "no" and is_open_to_others:
        verdict = "unknown"
    return Eligibility(verdict, sentence)


def effort(ceiling: Decimal | None, registrations: Sequence[str]) -> int:
    """Hours of work, by the sum and by what has to be registered."""
    if registrations or (ceiling is not None and ceiling >= LARGE_FROM):
        return LARGE
    return SMALL if ceiling is not None and ceiling <= SMALL_UP_TO else USUAL


def ranked(grants: Iterable[Grant], profile: Profile, language: str) -> tuple[Grant, ...]:
    """*grants* with their fit and their status today, each once.

    Those that are closed come last, before them those that are ruled out, and the best first.
    """
    by_title: dict[tuple[str, str], Grant] = {}
    for grant in grants:
        key = (grant.title.casefold(), grant.funder.casefold())
        if key not in by_title or (grant.is_verified and not by_title[key].is_verified):
            by_title[key] = grant
    rated = [
        replace(
            each,
            fit=fit(each.offer, profile, language),
            status=status_at(each.status, each.deadline, profile.today),
        )
        for each in by_title.values()
    ]
    return tuple(sorted(rated, key=_order))


def grants_of(ledger: Ledger, profile: Profile) -> tuple[Grant, ...]:
    """The grants that sources of *ledger* give as values: those of Grants.gov."""
    return tuple(
        _grant(reference, ledger.values[reference.mark], profile)
        for reference in ledger.references
        if "funder" in ledger.values.get(reference.mark, {})
    )


def _grant(reference: Reference, value: Mapping[str, Any], profile: Profile) -> Grant:
    codes = frozenset(value["applicants"])
    forms = frozenset(form for code in codes for form in APPLICANTS.get(code, ()))
    is_open_to_others = not codes.isdisjoint(OPEN_TO_OTHERS)
    deadline = date.fromisoformat(value["deadline"]) if value["deadline"] else None
    ceiling = Decimal(value["ceiling"]) if value["ceiling"] else None
    registrations = ("sam_gov",) if value["country"] == "US" else ()
    return Grant(
        title=reference.title,
        funder=value["funder"],
        eligibility=eligibility(forms, is_open_to_others, profile, value["eligibility"]),
        place=value["country"],
        status=value["status"],
        floor=Decimal(value["floor"]) if value["floor"] else None,
        ceiling=ceiling,
        currency=value["currency"],
        deadline=deadline,
        countries=frozenset({value["country"]}),
        forms=frozenset() if is_open_to_others else forms,
        registrations=registrations,
        hours=effort(ceiling, registrations),
        summary=reference.snippet,
        mark=reference.mark,
        url=reference.url,
        fetched_on=read_on(reference),
    )


def _order(grant: Grant) -> tuple[bool, bool, int, date, str]:
    rated = grant.fit
    return (
        grant.status == "closed",
        rated is not None and not rated.is_eligible,
        -(rated.total if rated else 0),
        grant.deadline or date.max,
        grant.title,
    )
