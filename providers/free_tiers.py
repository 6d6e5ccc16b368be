"""What the free tiers allow today, as data: one row a model, with the date of the fact.

The numbers move several times a year, so each can be overridden by a setting, and what a provider
itself says (in its headers and 429 bodies) corrects them while the service runs. A row that is not
`certain` rests on hearsay; its limits are kept, but nothing is promised on them.

Tiers of quality: 3 writes a whole plan well, 2 writes it acceptably, 1 is for short texts.
"""

from dataclasses import dataclass

from storage.ledger import Limits


@dataclass(frozen=True, slots=True)
class FreeModel:
    """One model on one provider's free tier.

    *neurons_per_million* are Cloudflare's prices for a million tokens in and out.
    """

    model: str
    tier: int
    context_tokens: int
    limits: Limits
    verified_on: str
    certain: bool = True
    neurons_per_million: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class FreeTier:
    """One provider's free tier: what it allows the whole account, its day, and its models in order.

    *counts_refusals* says whether calls that end in an error count against the day.
    The models are a ladder: the best one first, and below it those with more requests a day.
    """

    zone: str
    account: Limits
    counts_refusals: bool
    ladder: tuple[FreeModel, ...]


def _flash(model: str, verified_on: str) -> FreeModel:
    limits = Limits(per_minute=5, per_day=20, tokens_per_minute=250_000)
    return FreeModel(model, 3, 1_000_000, limits, verified_on)


def _flash_lite(model: str, verified_on: str) -> FreeModel:
    limits = Limits(per_minute=15, per_day=500, tokens_per_minute=250_000)
    return FreeModel(model, 2, 1_000_000, limits, verified_on)


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
        ),
    ),
)

# One bucket for all `:free` models and all keys of an account; failed attempts count. The model is
# OpenRouter's own choice among those that are free at the moment: the set changes monthly.
OPENROUTER = FreeTier(
    "UTC",
    Limits(per_minute=20, per_day=50),
    True,
    (FreeModel("openrouter/free", 2, 32_000, Limits(), "2026-08-22"),),
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
            neurons_per_million=(9_091, 27_273),
        ),
        FreeModel(
            "@cf/zai-org/glm-4.7-flash",
            2,
            128_000,
            Limits(),
            "2026-10-09",
            neurons_per_million=(5_500, 36_400),
        ),
    ),
)
