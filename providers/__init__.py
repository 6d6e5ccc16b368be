"""The catalogue: which providers exist, in their default order, and how each is built from its settings."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from providers import cloudflare, free_tiers, gemini, openrouter
from providers.base import Identity, Provider, Terms
from providers.free_tiers import FreeModel, FreeTier
from storage.ledger import ACCOUNT, Allowance, Limits

NO_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Access:
    """How to reach a provider: its key, and what replaces the defaults of its file.

    *models* replace the ladder of the free tier, best first; *limits* replace what it allows.
    """

    key: str = field(default="", repr=False)
    models: tuple[str, ...] = ()
    base_url: str = ""
    account_id: str = ""
    limits: Limits = NO_LIMITS


@dataclass(frozen=True, slots=True)
class Entry:
    """One provider in the catalogue."""

    identity: Identity
    needs: tuple[str, ...]  # the environment variables without which it cannot be asked
    tier: FreeTier
    build: Callable[[Access, str], Provider]

    def is_configured(self, access: Access) -> bool:
        """Whether everything it needs is there."""
        return bool(access.key) and (bool(access.account_id) or len(self.needs) == 1)

    def ladder(self, access: Access) -> tuple[tuple[Provider, Terms], ...]:
        """Its models with the terms of each, best first."""
        known = {row.model: row for row in self.tier.ladder}
        models = access.models or tuple(known)
        return tuple(
            (self.build(access, model), self.terms(known.get(model, _unknown(model)), access))
            for model in models
        )

    def terms(self, row: FreeModel, access: Access) -> Terms:
        """The terms of one model, with the limits of *access* in place of the documented ones."""
        by_model = self.tier.account.is_open
        account, model = self.tier.account, row.limits
        if by_model:
            model = model.corrected(access.limits)
        else:
            account = account.corrected(access.limits)
        return Terms(
            Allowance(self.identity.name, self.tier.zone, ((ACCOUNT, account), (row.model, model))),
            tier=row.tier,
            context_tokens=row.context_tokens,
            quota_scope=row.model if by_model else ACCOUNT,
            counts_refusals=self.tier.counts_refusals,
            units_per_million=row.neurons_per_million,
        )


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


CATALOGUE: tuple[Entry, ...] = (
    Entry(gemini.IDENTITY, ("GEMINI_API_KEY",), free_tiers.GEMINI, _gemini),
    Entry(openrouter.IDENTITY, ("OPENROUTER_API_KEY",), free_tiers.OPENROUTER, _openrouter),
    Entry(
        cloudflare.IDENTITY,
        ("CLOUDFLARE_API_KEY", "CLOUDFLARE_ACCOUNT_ID"),
        free_tiers.CLOUDFLARE,
        _cloudflare,
    ),
)
NAMES = tuple(entry.identity.name for entry in CATALOGUE)


def configured(
    access: Mapping[str, Access], order: tuple[str, ...] = ()
) -> tuple[tuple[Provider, Terms], ...]:
    """The models of the providers that have what they need, in *order*, then the others."""
    ranks = {name: rank for rank, name in enumerate(dict.fromkeys((*order, *NAMES)))}
    entries = sorted(CATALOGUE, key=lambda entry: ranks[entry.identity.name])
    return tuple(
        rung
        for entry in entries
        if entry.is_configured(own := access[entry.identity.name])
        for rung in entry.ladder(own)
    )
