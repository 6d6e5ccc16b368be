"""What the free tiers allow today, as data: one row a model, with the date of the fact.

The numbers move several times a year, so each can be overridden by a setting, and what a provider
itself says (in its headers and 429 bodies) corrects them while the service runs. A row that is not
`certain` rests on hearsay; its limits are kept, but nothing is promised on them.

Tiers of quality: 3 writes a whole plan well, 2 writes it acceptably, 1 is for short texts.
"""

from dataclasses import dataclass
from typing import Literal

from providers.prompt import ALL_ABILITIES, Ability
from storage.ledger import Limits


@dataclass(frozen=True, slots=True)
class FreeModel:
    """One model on one provider's free tier.

    *units_per_million* are Cloudflare's prices, in neurons, for a million tokens in and out.
    *abilities* are what it can do beside writing text.
    """

    model: str
    tier: int
    context_tokens: int
    limits: Limits
    verified_on: str
    certain: bool = True
    units_per_million: tuple[float, float] = (0.0, 0.0)
    abilities: frozenset[Ability] = ALL_ABILITIES


@dataclass(frozen=True, slots=True)
class FreeTier:
    """One provider's free tier: what it allows the whole account, its day, and its models in order.

    *counts_refusals* says whether calls that end in an error count against the day.
    The models are a ladder: the best one first, and below it those with more requests a day.
    *offer* says for people what is free, and *key_from* where the key comes from.
    *interval_s* is how far apart two calls have to be, in seconds, and *counts_output* whether
    tokens that come out count for the minute too. *unit* is what the day is counted in beside
    requests. With *rolls* there is no midnight: quotas fill up again all the time.
    *trains* says whether the provider may learn from what it is sent, and *trains_by* where that
    stands and when it was read; as long as nobody has found out, it counts as one that does.
    """

    zone: str
    account: Limits
    counts_refusals: bool
    ladder: tuple[FreeModel, ...]
    offer: str = ""
    key_from: str = ""
    interval_s: float = 0.0
    counts_output: bool = False
    unit: Literal["tokens", "neurons"] = "tokens"
    rolls: bool = False
    trains: bool = True
    trains_by: str = ""


SILENT = ALL_ABILITIES - {"logprobs"}


def _flash(model: str, verified_on: str) -> FreeModel:
    limits = Limits(per_minute=5, per_day=20, tokens_per_minute=250_000)
    return FreeModel(model, 3, 1_000_000, limits, verified_on, abilities=SILENT)


def _flash_lite(model: str, verified_on: str) -> FreeModel:
    limits = Limits(per_minute=15, per_day=500, tokens_per_minute=250_000)
    return FreeModel(model, 2, 1_000_000, limits, verified_on, abilities=SILENT)


# Quotas of Gemini are per project and model; its day ends at midnight in California.
GEMINI = FreeTier(
    "America/Los_Angeles",
    Limits(),
    False,
    (
        _flash("gemini-3.8-flash", "2026-10"),
        _flash("gemini-3.7-flash", "2026-10"),
        _flash("gemini-3.6-flash", "2026-10"),
        _flash("gemini-3.5-flash", "2026-07-18"),
        _flash_lite("gemini-3.5-flash-lite", "2026-10"),
        _flash_lite("gemini-3.1-flash-lite", "2026-07-18"),
        FreeModel(
            "gemma-4-31b-it",
            2,
            128_000,
            Limits(per_minute=30, per_day=14_400, tokens_per_minute=15_000),
            "2026-07-18",
            certain=False,
            abilities=SILENT,
        ),
    ),
    offer="the Flash and Flash-Lite models, each with a quota of its own",
    trains_by="https://ai.google.dev/gemini-api/terms (2026-11-22)",
    key_from="https://aistudio.google.com/app/apikey",
)

# One bucket for all `:free` models and all keys of an account; failed attempts count. The model is
# OpenRouter's own choice among those that are free at the moment: the set changes monthly.
OPENROUTER = FreeTier(
    "UTC",
    Limits(per_minute=20, per_day=50),
    True,
    (FreeModel("openrouter/free", 2, 32_000, Limits(), "2026-08-22", abilities=SILENT),),
    trains_by="https://openrouter.ai/docs/guides/privacy/provider-logging (2026-11-24)",
    offer="all models whose name ends in `:free`; 1,000 a day once ten credits were bought",
    key_from="https://openrouter.ai/keys",
)

# 10,000 neurons a day for the account, whatever the model.
CLOUDFLARE = FreeTier(
    "UTC",
    Limits(per_minute=300, units_per_day=10_000),
    False,
    (
        FreeModel(
            "@cf/google/gemma-4-26b-a4b-it",
            2,
            128_000,
            Limits(),
            "2026-10-09",
            units_per_million=(9_091, 27_273),
            abilities=SILENT,
        ),
        FreeModel(
            "@cf/zai-org/glm-4.7-flash",
            2,
            128_000,
            Limits(),
            "2026-10-09",
            units_per_million=(5_500, 36_400),
            abilities=SILENT - {"images"},
        ),
    ),
    trains=False,
    trains_by="https://developers.cloudflare.com/workers-ai/platform/data-usage (2026-11-22)",
    offer="10,000 neurons a day, for any model of the free plan",
    key_from="https://dash.cloudflare.com/profile/api-tokens",
    unit="neurons",
)
