"""What a funder looks at in a venture: its goals, place, legal form and the sum it asks for. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from planning.brief import Brief
from planning.language import terms
from planning.research.indicators import goals_named
from planning.research.places import country_of

Form = Literal["nonprofit_501c3", "nonprofit", "cooperative", "company", "unknown"]

# What founders call their legal form, in the languages that we speak. The first that fits decides.
_FORMS: tuple[tuple[Form, re.Pattern[str]], ...] = (
    ("nonprofit_501c3", re.compile(r"501\s*\(?c\)?\s*\(?3\)?", re.I)),
    (
        "nonprofit",
        re.compile(
            r"non[- ]?profit|not[- ]for[- ]profit|\b(?:ngo|cbo|ong|osc)\b|charit(?:y|able)"
            r"|sin fines de lucro|sin ánimo de lucro|but non lucratif|association loi"
            r"|sem fins lucrativos|\bgemeinnützig\w*|\bverein\b|\be\. ?v\."
            r"|\bнко\b|некоммерч\w+|благотворит\w+|غير ربحي\w*|غير حكومي\w*|جمعية"
            r"|गैर[- ]लाभकारी|एनजीओ|गैर[- ]सरकारी",
            re.I,
        ),
    ),
    (
        "cooperative",
        re.compile(
            r"co-?operativ\w*|coopérativ\w*|genossenschaft|кооператив\w*|تعاوني\w*|सहकारी", re.I
        ),
    ),
    (
        "company",
        re.compile(
            r"\b(?:ltd|llc|inc|gmbh|ug|sarl|s\.?a\.?s|s\.?a\.? de c\.?v|ltda|plc|b-corp)\b\.?"
            r"|benefit corporation|for-profit|social enterprise|empresa social|entreprise sociale"
            r"|sozialunternehmen|\bооо\b|социальн\w+ предприяти\w+|شركة|कंपनी|प्राइवेट लिमिटेड",
            re.I,
        ),
    ),
)
NONPROFIT: frozenset[Form] = frozenset({"nonprofit_501c3", "nonprofit"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A venture as a funder sees it. Sums are in *currency*; None for what nobody has said."""

    goals: frozenset[int]
    terms: frozenset[str]
    country: str
    form: Form
    currency: str
    asks: Decimal | None
    yearly_budget: Decimal | None
    is_new: bool
    today: date


def profile_of(brief: Brief, today: date) -> Profile:
    """The profile of *brief*; the legal form only where the founder's words name it."""
    idea = brief.idea
    said = " ".join(
        [idea.name, idea.mission, idea.primary_product, *idea.goals, str(dict(idea.target_market))]
    )
    figures = brief.figures
    return Profile(
        goals=frozenset(goals_named(idea.sdgs)),
        terms=frozenset(
            terms(f"{idea.mission} {idea.primary_product} {' '.join(idea.goals)}", brief.language)
        ),
        country=country_of(brief),
        form=form_in(said, country_of(brief)),
        currency=brief.currency,
        asks=_first(figures, "grant_request", "funding_sought"),
        yearly_budget=_first(figures, "annual_budget"),
        is_new="annual_budget" not in figures,
        today=today,
    )


def form_in(text: str, country: str) -> Form:
    """The legal form that *text* names; `unknown` where it names none.

    501(c)(3) is a status of the United States, and so a non-profit elsewhere does not have it.
    """
    found: Form = next((form for form, pattern in _FORMS if pattern.search(text)), "unknown")
    return "nonprofit" if found == "nonprofit_501c3" and country not in ("US", "") else found


def _first(figures: Mapping[str, Decimal], *names: str) -> Decimal | None:
    return next((figures[name] for name in names if name in figures), None)
