"""How well a funder or grant fits a venture: five rules from 0 to 100, weighted, and what rules it out. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from planning.funders.profile import NONPROFIT, Form, Profile
from planning.language import terms

Part = Literal["theme", "geography", "size", "eligibility", "stage"]
Verdict = Literal["yes", "no", "unknown"]
Instrument = Literal["grant", "donation", "equity", "loan", "prize", "in_kind", "unknown"]

WEIGHTS: Mapping[Part, int] = {
    "theme": 30,
    "geography": 25,
    "eligibility": 20,
    "size": 15,
    "stage": 10,
}
UNKNOWN = 50  # what nobody has said counts as neither good nor bad
EVERYWHERE = "*"  # a funder that gives in every country


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What is compared with a venture, of a funder or of a grant.

    *countries* are ISO 3166 codes, `*` for everywhere, empty when unknown; *forms* the legal forms
    that may apply, empty when unknown; amounts are None when unknown.
    """

    themes: frozenset[int]
    text: str
    countries: frozenset[str]
    forms: frozenset[Form]
    instrument: Instrument
    floor: Decimal | None
    ceiling: Decimal | None
    currency: str
    takes_new: bool | None = None


@dataclass(frozen=True, slots=True)
class Fit:
    """*total* is the weighted sum of *scores*; with *blockers* it is not to be applied for at all."""

    scores: Mapping[Part, int]
    total: int
    blockers: tuple[str, ...]

    @property
    def is_eligible(self) -> bool:
        """Whether nothing rules it out."""
        return not self.blockers


def fit(offer: Offer, profile: Profile, language: str) -> Fit:
    """How well *offer* fits *profile*; equal values give equal scores."""
    scores: Mapping[Part, int] = {
        "theme": _theme(offer, profile, language),
        "geography": _geography(offer, profile),
        "eligibility": _eligibility(offer, profile),
        "size": _size(offer, profile),
        "stage": _stage(offer, profile),
    }
    return Fit(scores, total(scores), tuple(_blockers(offer, profile)))


def total(scores: Mapping[Part, int]) -> int:
    """The weighted sum, rounded half up to a whole number from 0 to 100."""
    return (sum(WEIGHTS[part] * score for part, score in scores.items()) + 50) // 100


def may_apply(forms: frozenset[Form], form: Form) -> Verdict:
    """Whether a venture of that *form* is among those that may apply."""
    if not forms or form == "unknown":
        return "unknown"
    if form in forms or (form == "nonprofit_501c3" and "nonprofit" in forms):
        return "yes"
    # A non-profit abroad, or one that has not said more, may have an equal status.
    return "unknown" if form == "nonprofit" and "nonprofit_501c3" in forms else "no"


def _theme(offer: Offer, profile: Profile, language: str) -> int:
    if offer.themes and profile.goals:
        shared = len(offer.themes & profile.goals)
        return 100 if shared >= 2 or shared == len(profile.goals) else 75 if shared else 10
    found = frozenset(terms(offer.text, language)) & profile.terms
    return min(100, UNKNOWN + 10 * len(found)) if found else UNKNOWN


def _geography(offer: Offer, profile: Profile) -> int:
    if not offer.countries or not profile.country:
        return UNKNOWN
    if profile.country in offer.countries:
        return 100
    return 80 if EVERYWHERE in offer.countries else 0


def _eligibility(offer: Offer, profile: Profile) -> int:
    return {"yes": 100, "unknown": UNKNOWN, "no": 0}[may_apply(offer.forms, profile.form)]


def _size(offer: Offer, profile: Profile) -> int:
    """Within the range 100; up to twice beside it 40; else 10. Other currencies are not compared."""
    asks = profile.asks
    is_stated = offer.floor is not None or offer.ceiling is not None
    if asks is None or not is_stated or offer.currency != profile.currency:
        return UNKNOWN
    if offer.ceiling is not None and asks > offer.ceiling:
        return 40 if asks <= 2 * offer.ceiling else 10
    if offer.floor is not None and asks < offer.floor:
        return 40 if 2 * asks >= offer.floor else 10
    return 100


def _stage(offer: Offer, profile: Profile) -> int:
    if offer.takes_new is None:
        return UNKNOWN
    return 100 if offer.takes_new or not profile.is_new else 20


def _blockers(offer: Offer, profile: Profile) -> list[str]:
    """The keys of what rules it out."""
    found = []
    if _geography(offer, profile) == 0:
        found.append("country")
    if may_apply(offer.forms, profile.form) == "no":
        found.append("form")
    if offer.instrument == "equity" and profile.form in NONPROFIT:
        found.append("equity")
    return found
