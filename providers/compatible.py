"""The providers that are only facts: a row each for those that speak OpenAI's chat format as it is.

The facts come from the providers' own documentation where a date stands beside them, read second
hand and not measured here; a row that is not `certain` rests on reports of users, or is said to
have ended. What differs on the wire is in the row's `Dialect`.
"""

from dataclasses import dataclass

from providers.base import Identity
from providers.free_tiers import SILENT, FreeModel, FreeTier
from providers.openai_compatible import OPENAI, Dialect
from providers.prompt import ALL_ABILITIES
from storage.ledger import Limits

BLIND = SILENT - {"images"}
# gpt-oss cannot be told not to think, nor to think more than hard.
EFFORTS = {"none": "low", "minimal": "low", "xhigh": "high"}


@dataclass(frozen=True, slots=True)
class Row:
    """One provider as facts; *requires* names what of `Access` it cannot do without."""

    identity: Identity
    prefix: str  # of its environment variables
    base_url: str
    tier: FreeTier
    dialect: Dialect = OPENAI
    requires: tuple[str, ...] = ("key",)


def _groq(model: str, tier: int) -> FreeModel:
    limits = Limits(per_minute=30, per_day=1_000, tokens_per_minute=8_000, units_per_day=200_000)
    return FreeModel(model, tier, 131_072, limits, "2026-09-24", abilities=BLIND)


# Per model and organisation. https://console.groq.com/docs/rate-limits; .../docs/openai says which
# fields end in a 400: logprobs, top_logprobs, logit_bias, n above 1.
GROQ = Row(
    Identity("groq", "Groq", "Groq API", "🔴"),
    "GROQ",
    "https://api.groq.com/openai/v1",
    FreeTier(
        "UTC",
        Limits(),
        True,
        (
            _groq("openai/gpt-oss-120b", 2),
            _groq("qwen/qwen3.8-27b", 2),
            _groq("openai/gpt-oss-20b", 1),
        ),
        trains=False,
        trains_by="https://console.groq.com/docs/your-data (2026-11-24)",
        offer="every model, each with a quota of its own; no card",
        key_from="https://console.groq.com/keys",
        counts_output=True,
        rolls=True,
    ),
    Dialect(thinkers="gpt-oss", efforts=EFFORTS),
)


def _cerebras(model: str) -> FreeModel:
    limits = Limits(per_minute=5, tokens_per_minute=30_000, units_per_day=1_000_000)
    # 64k is the context of the trial; a card is needed and the credit ends, so nothing is promised.
    return FreeModel(model, 2, 65_536, limits, "2026-09-24", certain=False, abilities=BLIND)


# https://inference-docs.cerebras.ai/support/rate-limits; a call reserves its `max_completion_tokens`.
CEREBRAS = Row(
    Identity("cerebras", "Cerebras", "Cerebras API", "🟣"),
    "CEREBRAS",
    "https://api.cerebras.ai/v1",
    FreeTier(
        "UTC",
        Limits(),
        True,
        (_cerebras("gpt-oss-120b"), _cerebras("qwen-3.8-27b")),
        trains=False,
        trains_by="https://support.cerebras.net/articles/1811589793 (2025-07)",
        offer="a trial: $5 of credit for 30 days, once a card is on file",
        key_from="https://cloud.cerebras.ai",
        counts_output=True,
        rolls=True,
    ),
    Dialect(
        renames={"max_tokens": "max_completion_tokens"},
        omits=frozenset({"frequency_penalty", "presence_penalty", "parallel_tool_calls"}),
        thinkers="gpt-oss",
        efforts=EFFORTS,
        streams_all=False,
    ),
)


def _mistral(model: str, tier: int) -> FreeModel:
    return FreeModel(model, tier, 256_000, Limits(), "2026-10-11", certain=False, abilities=SILENT)


# https://help.mistral.ai/en/articles/225174 has the numbers, without a date; since October 2026
# users report accounts whose free mode allows nothing. A billion tokens a month are not counted here.
MISTRAL = Row(
    Identity("mistral", "Mistral", "Mistral API", "🟡"),
    "MISTRAL",
    "https://api.mistral.ai/v1",
    FreeTier(
        "UTC",
        Limits(per_minute=60, tokens_per_minute=500_000),
        True,
        (_mistral("mistral-medium-latest", 3), _mistral("mistral-small-latest", 2)),
        trains_by="https://help.mistral.ai/en/articles/323757 (2026-11-24)",
        offer="a free mode for evaluation, one request a second; some accounts have lost it",
        key_from="https://console.mistral.ai/api-keys",
        interval_s=1.0,
        counts_output=True,
    ),
    Dialect(
        renames={"seed": "random_seed"},
        omits=frozenset({"stream_options", "reasoning_effort"}),
        call_id_length=9,
    ),
)


# https://docs.github.com/en/github-models: retired for everybody on 30 July 2026. The row is kept
# for a successor at GITHUB_MODELS_BASE_URL; the address below answers 410.
GITHUB_MODELS = Row(
    Identity("github_models", "GitHub Models", "GitHub Models", "⚫"),
    "GITHUB_MODELS",
    "https://models.github.ai/inference",
    FreeTier(
        "UTC",
        Limits(),
        True,
        (
            FreeModel(
                "openai/gpt-4.1-mini",
                2,
                12_000,  # 8,000 tokens in and 4,000 out, whatever the model could hold
                Limits(per_minute=15, per_day=150),
                "2026-07-30",
                certain=False,
            ),
        ),
        offer="nothing any more: GitHub retired the service on 30 July 2026",
        key_from="https://github.com/settings/personal-access-tokens",
    ),
)


def _nvidia(model: str) -> FreeModel:
    return FreeModel(model, 2, 128_000, Limits(), "2026-08-20", certain=False, abilities=BLIND)


# A trial by its terms; NVIDIA shows each account its own limit, and 40 a minute is what users see.
NVIDIA = Row(
    Identity("nvidia", "NVIDIA NIM", "NVIDIA NIM", "🟩"),
    "NVIDIA",
    "https://integrate.api.nvidia.com/v1",
    FreeTier(
        "UTC",
        Limits(per_minute=40, per_day=10_000),
        True,
        (_nvidia("nvidia/nemotron-3-super-120b-a12b"), _nvidia("openai/gpt-oss-120b")),
        offer="trial use of the API catalogue, not for production; no card",
        key_from="https://build.nvidia.com/settings/api-keys",
    ),
    Dialect(omits=frozenset({"parallel_tool_calls"}), thinkers="gpt-oss", efforts=EFFORTS),
)


# https://huggingface.co/docs/inference-providers/pricing: paid from a credit, which is no request
# limit that could be counted; when it is used up the answer is 402.
HUGGINGFACE = Row(
    Identity("huggingface", "Hugging Face", "Hugging Face router", "🟤"),
    "HUGGINGFACE",
    "https://router.huggingface.co/v1",
    FreeTier(
        "UTC",
        Limits(),
        True,
        (
            FreeModel(
                "openai/gpt-oss-120b",
                2,
                131_072,
                Limits(),
                "2026-09-24",
                certain=False,
                abilities=BLIND,
            ),
        ),
        offer="$0.10 of credit a month, a handful of answers; newer documentation says none",
        key_from="https://huggingface.co/settings/tokens",
    ),
    Dialect(thinkers="gpt-oss", efforts=EFFORTS),
)


def _sambanova(model: str, tier: int) -> FreeModel:
    return FreeModel(model, tier, 128_000, Limits(), "2026-08-24", certain=False, abilities=BLIND)


# https://docs.sambanova.ai/docs/en/models/rate-limits still describes the tier; accounts made since
# the summer of 2026 are answered 402 until a card is on file.
SAMBANOVA = Row(
    Identity("sambanova", "SambaNova", "SambaNova Cloud", "🟥"),
    "SAMBANOVA",
    "https://api.sambanova.ai/v1",
    FreeTier(
        "UTC",
        Limits(per_minute=20, per_day=20, units_per_day=200_000),
        True,
        (_sambanova("DeepSeek-V3.1", 3), _sambanova("gpt-oss-120b", 2)),
        trains=False,
        trains_by="https://community.sambanova.ai/t/data-handling-and-retention/1314 (2026-11-24)",
        offer="a few requests a day for older accounts; new ones need a card",
        key_from="https://cloud.sambanova.ai/apis",
    ),
    Dialect(thinkers="gpt-oss", efforts=EFFORTS),
)


# Our own machine: no limits. https://docs.ollama.com/api/openai-compatibility
OLLAMA = Row(
    Identity("ollama", "Ollama", "Ollama", "🦙"),
    "OLLAMA",
    "http://127.0.0.1:11434/v1",
    FreeTier(
        "UTC",
        Limits(),
        False,
        (
            FreeModel(
                "gpt-oss:20b",
                1,
                32_000,  # it cuts longer prompts silently, where OLLAMA_CONTEXT_LENGTH is smaller
                Limits(),
                "2026-10-29",
                abilities=ALL_ABILITIES - {"images"},
            ),
        ),
        trains=False,
        trains_by="the models run where you say",
        offer="everything: the models run on your own machine",
        key_from="none needed",
    ),
    requires=("base_url",),
)


CUSTOM = Row(
    Identity("custom", "Custom endpoint", "Custom endpoint", "🔷"),
    "CUSTOM",
    "",
    FreeTier(
        "UTC",
        Limits(),
        False,
        (),
        trains=False,
        trains_by="the address is your own choice",
        offer="whatever the endpoint gives: any address that speaks OpenAI's format",
        key_from="the endpoint, if it wants one",
    ),
    requires=("base_url", "models"),
)

ROWS = (
    GROQ,
    CEREBRAS,
    MISTRAL,
    GITHUB_MODELS,
    NVIDIA,
    HUGGINGFACE,
    SAMBANOVA,
    OLLAMA,
    CUSTOM,
)
