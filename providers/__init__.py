"""The catalogue: which providers exist, in their default order, and how each is built from its settings."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from providers import cloudflare, gemini, openrouter
from providers.base import Identity, Provider


@dataclass(frozen=True, slots=True)
class Access:
    """How to reach a provider: its key, and what replaces the defaults of its file."""

    key: str = field(default="", repr=False)
    model: str = ""
    base_url: str = ""
    account_id: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One provider in the catalogue."""

    identity: Identity
    needs: tuple[str, ...]  # the environment variables without which it cannot be asked
    build: Callable[[Access], Provider]

    def is_configured(self, access: Access) -> bool:
        """Whether everything it needs is there."""
        return bool(access.key) and (bool(access.account_id) or len(self.needs) == 1)


def _gemini(access: Access) -> Provider:
    return gemini.Gemini(
        access.model or gemini.MODEL, access.base_url or gemini.BASE_URL, access.key
    )


def _openrouter(access: Access) -> Provider:
    return openrouter.OpenRouter(
        openrouter.IDENTITY,
        access.model or openrouter.MODEL,
        access.base_url or openrouter.BASE_URL,
        access.key,
    )


def _cloudflare(access: Access) -> Provider:
    base_url = access.base_url or cloudflare.BASE_URL
    return cloudflare.Cloudflare(
        cloudflare.IDENTITY,
        access.model or cloudflare.MODEL,
        cloudflare.account_url(base_url, access.account_id),
        access.key,
    )


CATALOGUE: tuple[Entry, ...] = (
    Entry(gemini.IDENTITY, ("GEMINI_API_KEY",), _gemini),
    Entry(openrouter.IDENTITY, ("OPENROUTER_API_KEY",), _openrouter),
    Entry(cloudflare.IDENTITY, ("CLOUDFLARE_API_KEY", "CLOUDFLARE_ACCOUNT_ID"), _cloudflare),
)
NAMES = tuple(entry.identity.name for entry in CATALOGUE)


def configured(access: Mapping[str, Access], order: tuple[str, ...] = ()) -> tuple[Provider, ...]:
    """The providers that have what they need, in *order*; the rest of the catalogue follows it."""
    ranks = {name: rank for rank, name in enumerate((*order, *NAMES)) if name not in order[:rank]}
    entries = sorted(CATALOGUE, key=lambda entry: ranks[entry.identity.name])
    return tuple(
        entry.build(access[entry.identity.name])
        for entry in entries
        if entry.is_configured(access[entry.identity.name])
    )
