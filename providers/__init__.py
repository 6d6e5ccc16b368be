"""The catalogue: which providers exist, in their default order, and how each is built from its settings."""

import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from providers import cloudflare, free_tiers, gemini, openrouter
from providers.base import Identity, Provider, Terms
from providers.compatible import ROWS, Row
from providers.free_tiers import FreeModel, FreeTier
from providers.openai_compatible import OpenAICompatible
from storage.ledger import ACCOUNT, Allowance, Limits

NO_LIMITS = Limits()
MAY_TRAIN = "it may learn from what it is sent (NO_TRAIN=1)"


@dataclass(frozen=True, slots=True)
class Access:
    """How to reach a provider: its key, and what replaces the defaults of its file.

    *key* may be several with commas between them: the first one is used, and those behind it are
    spares for the case that it is refused. *models* replace the ladder of the free tier, best
    first; *limits* replace what it allows. *left_out* says why it must not be asked, if so.
    """

    key: str = field(default="", repr=False)
    models: tuple[str, ...] = ()
    base_url: str = ""
    account_id: str = ""
    limits: Limits = NO_LIMITS
    left_out: str = ""

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys one by one, in the order in which they are tried."""
        return tuple(dict.fromkeys(filter(None, map(str.strip, self.key.split(",")))))


NOTHING = Access()
# The environment variable, after a provider's prefix, that gives each part of an `Access`.
VARIABLES = {
    "key": "API_KEY",
    "account_id": "ACCOUNT_ID",
    "base_url": "BASE_URL",
    "models": "MODEL",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One provider in the catalogue; *requires* names what of `Access` it cannot do without."""

    identity: Identity
    prefix: str  # of its environment variables
    base_url: str
    tier: FreeTier
    build: Callable[[Access, str], Provider]
    requires: tuple[str, ...] = ("key",)

    @property
    def needs(self) -> tuple[str, ...]:
        """The environment variables without which it cannot be asked."""
        return tuple(f"{self.prefix}_{VARIABLES[part]}" for part in self.requires)

    def is_configured(self, access: Access) -> bool:
        """Whether everything it needs is there, and it may be asked."""
        return not access.left_out and all(getattr(access, part) for part in self.requires)

    def ladder(self, access: Access) -> tuple[tuple[Provider, Terms], ...]:
        """Its models with the terms of each, best first; every model once for each key."""
        known = {row.model: row for row in self.tier.ladder}
        models = access.models or tuple(known)
        owners = [replace(access, key=key) for key in access.keys or ("",)]
        return tuple(
            (self.build(own, model), self.terms(known.get(model, _unknown(model)), own))
            for model in models
            for own in owners
        )

    def terms(self, row: FreeModel, access: Access) -> Terms:
        """The terms of one model, with the limits of *access* in place of the documented ones.

        All keys draw on the same limits, since providers count by account; only that a key was
        refused is noted for that key alone.
        """
        tier, account, model = self.tier, self.tier.account, row.limits
        by_model = account.is_open
        if by_model:
            model = model.corrected(access.limits)
        else:
            account = account.corrected(access.limits)
        key_scope = _scope_of(access.key)
        of_key = () if key_scope == ACCOUNT else ((key_scope, NO_LIMITS),)
        scopes = ((ACCOUNT, account), (row.model, model), *of_key)
        counts_tokens = tier.unit == "tokens"
        return Terms(
            Allowance(self.identity.name, tier.zone, scopes, tier.interval_s),
            tier=row.tier,
            context_tokens=_largest_call(row, tier, account, model),
            quota_scope=row.model if by_model else ACCOUNT,
            key_scope=key_scope,
            counts_refusals=tier.counts_refusals,
            units_per_million=(1_000_000, 1_000_000) if counts_tokens else row.units_per_million,
            unit=tier.unit,
            counts_output=tier.counts_output,
            abilities=row.abilities,
        )


def _largest_call(row: FreeModel, tier: FreeTier, *limits: Limits) -> int:
    """How many tokens one call may have: what is more than a minute's worth is always refused."""
    a_minute = [own.tokens_per_minute or math.inf for own in limits if tier.counts_output]
    return int(min([row.context_tokens, *a_minute]))


def _scope_of(key: str) -> str:
    """What a key is called in the ledger, from which nobody can tell the key itself."""
    return f"key:{hashlib.sha256(key.encode()).hexdigest()[:16]}" if key else ACCOUNT


def _unknown(model: str) -> FreeModel:
    """A model that the user names and we know nothing of: taken at its word."""
    return FreeModel(model, 3, 1_000_000, Limits(), "", certain=False)


def _gemini(access: Access, model: str) -> Provider:
    return gemini.Gemini(model, access.base_url or gemini.BASE_URL, access.key)


def _openrouter(access: Access, model: str) -> Provider:
    base_url = access.base_url or openrouter.BASE_URL
    return openrouter.OpenRouter(openrouter.IDENTITY, model, base_url, access.key)


def _cloudflare(access: Access, model: str) -> Provider:
    base_url = cloudflare.account_url(access.base_url or cloudflare.BASE_URL, access.account_id)
    return cloudflare.Cloudflare(cloudflare.IDENTITY, model, base_url, access.key)


def _entry(row: Row) -> Entry:
    """A provider that is only facts, in the catalogue."""
    dialect = replace(row.dialect, rolls=row.tier.rolls)

    def build(access: Access, model: str) -> Provider:
        base_url = access.base_url or row.base_url
        return OpenAICompatible(row.identity, model, base_url, access.key, dialect)

    return Entry(row.identity, row.prefix, row.base_url, row.tier, build, row.requires)


CATALOGUE: tuple[Entry, ...] = (
    Entry(gemini.IDENTITY, "GEMINI", gemini.BASE_URL, free_tiers.GEMINI, _gemini),
    Entry(
        openrouter.IDENTITY,
        "OPENROUTER",
        openrouter.BASE_URL,
        free_tiers.OPENROUTER,
        _openrouter,
    ),
    Entry(
        cloudflare.IDENTITY,
        "CLOUDFLARE",
        cloudflare.BASE_URL,
        free_tiers.CLOUDFLARE,
        _cloudflare,
        ("key", "account_id"),
    ),
    *map(_entry, ROWS),
)
NAMES = tuple(entry.identity.name for entry in CATALOGUE)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A provider that could be asked, and why it is not."""

    provider: str
    label: str
    reason: str


def left_out(access: Mapping[str, Access]) -> tuple[LeftOut, ...]:
    """The providers that have what they need and are left out all the same."""
    return tuple(
        LeftOut(entry.identity.name, entry.identity.label, own.left_out)
        for entry in CATALOGUE
        if (own := access.get(entry.identity.name, NOTHING)).left_out
        and entry.is_configured(replace(own, left_out=""))
    )


def without_training(access: Mapping[str, Access]) -> dict[str, Access]:
    """*access* with those left out that may learn from what they are sent, or are not known not to."""
    learners = {entry.identity.name for entry in CATALOGUE if entry.tier.trains}
    return {
        name: replace(own, left_out=MAY_TRAIN) if name in learners else own
        for name, own in access.items()
    }


def configured(
    access: Mapping[str, Access], order: tuple[str, ...] = ()
) -> tuple[tuple[Provider, Terms], ...]:
    """The models of the providers that have what they need, in *order*, then the others."""
    ranks = {name: rank for rank, name in enumerate(dict.fromkeys((*order, *NAMES)))}
    entries = sorted(CATALOGUE, key=lambda entry: ranks[entry.identity.name])
    return tuple(
        rung
        for entry in entries
        if entry.is_configured(own := access.get(entry.identity.name, NOTHING))
        for rung in entry.ladder(own)
    )
