"""A funder: who gives what to whom, why it may fit, and which source names it. Pure."""

import re
import unicodedata
import urllib.parse
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Literal

from planning.content import Reference
from planning.funders.fit import Fit, Instrument, Offer, fit
from planning.funders.profile import Form, Profile

Category = Literal[
    "foundation",
    "impact_investor",
    "public",
    "multilateral",
    "corporate",
    "crowd",
    "accelerator",
    "bank",
    "other",
]
Confidence = Literal["high", "medium", "low"]

CATEGORIES: tuple[Category, ...] = (
    "foundation", "impact_investor", "public", "multilateral", "corporate", "crowd", "accelerator", "bank", "other"
)  # fmt: skip
# Words that stand in many names and tell none apart.
_COMMON = frozenset(
    {
        *("the", "a", "of", "for", "and", "in", "de", "la", "el", "los", "las", "du", "des", "le"),
        *(
            "les",
            "et",
            "pour",
            "der",
            "die",
            "das",
            "für",
            "und",
            "fund",
            "funds",
            "fonds",
            "fondo",
        ),
        *("fundo", "foundation", "fondation", "fundacion", "fundacao", "stiftung", "trust", "inc"),
        *("ltd", "llc", "gmbh", "ev"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Funder:
    """One that may pay. What is not known is empty or None.

    *fact* is the id of the founder's fact that makes it fit. *mark* is that of the source which names
    it: without one it has no address and stands among the ideas to verify. *verified_on* is the day on
    which the source was read.
    """

    name: str
    category: Category
    instrument: Instrument
    why: str
    fact: str
    place: str
    approach: str
    countries: frozenset[str] = frozenset()
    floor: Decimal | None = None
    ceiling: Decimal | None = None
    currency: str = ""
    forms: frozenset[Form] = frozenset()
    themes: frozenset[int] = frozenset()
    takes_new: bool | None = None
    mark: str = ""
    url: str = ""
    verified_on: date | None = None
    confidence: Confidence = "low"
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
            text=self.why,
            countries=self.countries,
            forms=self.forms,
            instrument=self.instrument,
            floor=self.floor,
            ceiling=self.ceiling,
            currency=self.currency,
            takes_new=self.takes_new,
        )


def normal_name(name: str) -> str:
    """What equal names have in common: no accents, articles, legal forms, brackets and case."""
    words = _words(name)
    return " ".join([word for word in words if word not in _COMMON] or words)


def ranked(funders: Iterable[Funder], profile: Profile, language: str) -> tuple[Funder, ...]:
    """*funders* with their fit, each name once: the best first, those that are ruled out last."""
    by_name: dict[str, Funder] = {}
    for funder in funders:
        name = normal_name(funder.name)
        known = by_name.get(name)
        if name and (known is None or (funder.is_verified and not known.is_verified)):
            by_name[name] = funder
    rated = [replace(each, fit=fit(each.offer, profile, language)) for each in by_name.values()]
    return tuple(sorted(rated, key=_order))


def verified(funder: Funder, references: Sequence[Reference]) -> Funder:
    """*funder* with what its source says of itself; without a source when the source does not name it."""
    source = next((each for each in references if each.mark == funder.mark), None)
    if source is None or not is_named(funder.name, source):
        return replace(funder, mark="", url="", verified_on=None, confidence="low")
    return replace(
        funder,
        url=source.url,
        verified_on=read_on(source),
        confidence="medium" if source.tier == "other" else "high",
    )


def is_named(name: str, reference: Reference) -> bool:
    """Whether *reference* has *name*: as it is, or two telling words of it side by side, or in its host."""
    text = _bare(f"{reference.title}. {reference.snippet}")
    whole = " ".join(_words(name))
    if whole and f" {whole} " in f" {' '.join(text)} ":
        return True
    telling = normal_name(name).split()
    kept = " ".join(word for word in text if word not in _COMMON)
    if len(telling) > 1 and f" {' '.join(telling)} " in f" {kept} ":
        return True
    host = urllib.parse.urlsplit(reference.url).hostname or ""
    labels = {label.replace("-", "") for label in host.split(".")}
    return bool(labels & {"".join(telling), whole.replace(" ", "")})


def read_on(reference: Reference) -> date | None:
    """The day on which *reference* was read."""
    try:
        return date.fromisoformat(reference.fetched_at[:10])
    except ValueError:
        return None


def _words(name: str) -> list[str]:
    return _bare(re.sub(r"\([^)]*\)", " ", name))


def _bare(text: str) -> list[str]:
    """The words of *text* without accents and case."""
    bare = unicodedata.normalize("NFKD", text.casefold())
    return re.findall(r"\w+", "".join(c for c in bare if not unicodedata.combining(c)))


def _order(funder: Funder) -> tuple[bool, int, str]:
    rated = funder.fit
    return (
        rated is not None and not rated.is_eligible,
        -(rated.total if rated else 0),
        funder.name,
    )
