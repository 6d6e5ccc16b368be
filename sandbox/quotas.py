"""What the providers allow, as dated facts, and the counters that enforce it. Pure: time is passed in."""

from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, time, timedelta
from typing import Any, Literal, Protocol
from zoneinfo import ZoneInfo

from sandbox.checks import COUNT, LIMIT, NUMBER, TEXT, BadControl, Kind, checked

MINUTE_S = 60.0
PACIFIC = "America/Los_Angeles"

Preset = Literal["real", "guide", "unlimited"]
Exceeded = Literal["never", "day", "neurons", "minute", "tokens"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one bucket (a model, an account) may use; None means no limit, 0 means never."""

    requests_per_minute: int | None = None
    requests_per_day: int | None = None
    tokens_per_minute: int | None = None
    neurons_per_day: float | None = None
    zone: str = "UTC"  # the day ends at midnight here
    as_of: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Which limit a call would exceed, how high that limit is and when there is room again."""

    exceeded: Exceeded
    limit: float
    resets_at: float


@dataclass(frozen=True, slots=True)
class Used:
    """What a bucket has used up at one moment."""

    requests_this_minute: int
    requests_today: int
    tokens_this_minute: int
    neurons_today: float


def midnight_before(now: float, zone: str) -> float:
    """The start of the day in `zone` that contains `now` (epoch seconds)."""
    day = datetime.fromtimestamp(now, ZoneInfo(zone)).date()
    return datetime.combine(day, time(), ZoneInfo(zone)).timestamp()


def midnight_after(now: float, zone: str) -> float:
    """The next midnight in `zone`; days of 23 and 25 hours are respected."""
    day = datetime.fromtimestamp(now, ZoneInfo(zone)).date() + timedelta(days=1)
    return datetime.combine(day, time(), ZoneInfo(zone)).timestamp()


class Meter:
    """Counts the use of one bucket against its limits.

    A minute is any sixty seconds, a day is a calendar day of the limits' zone. `refusal` only
    looks; `count` only counts, so that a stand-in decides whether a failed call costs anything.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._recent: deque[tuple[float, int]] = deque()
        self._day = 0.0
        self._requests_today = 0
        self._neurons_today = 0.0

    def refusal(self, now: float, tokens: int = 0) -> Refusal | None:
        """The limit that one more call of `tokens` would exceed, the longest lasting first."""
        used, limits = self.used(now), self.limits
        midnight = midnight_after(now, limits.zone)
        if limits.requests_per_day == 0:
            return Refusal("never", 0, float("inf"))
        if limits.requests_per_day is not None and used.requests_today >= limits.requests_per_day:
            return Refusal("day", limits.requests_per_day, midnight)
        if limits.neurons_per_day is not None and used.neurons_today >= limits.neurons_per_day:
            return Refusal("neurons", limits.neurons_per_day, midnight)
        return self._minute_refusal(now, used, tokens)

    def _minute_refusal(self, now: float, used: Used, tokens: int) -> Refusal | None:
        limits = self.limits
        room_at = self._recent[0][0] + MINUTE_S if self._recent else now + MINUTE_S
        per_minute, token_limit = limits.requests_per_minute, limits.tokens_per_minute
        if per_minute is not None and used.requests_this_minute >= per_minute:
            return Refusal("minute", per_minute, room_at)
        if token_limit is not None and used.tokens_this_minute + tokens > token_limit:
            return Refusal("tokens", token_limit, room_at)
        return None

    def count(self, now: float, tokens: int = 0, neurons: float = 0.0) -> None:
        """Count one call."""
        self._roll(now)
        self._recent.append((now, tokens))
        self._requests_today += 1
        self._neurons_today += neurons

    def used(self, now: float) -> Used:
        """What has been used at `now`."""
        self._roll(now)
        return Used(
            requests_this_minute=len(self._recent),
            requests_today=self._requests_today,
            tokens_this_minute=sum(tokens for _, tokens in self._recent),
            neurons_today=self._neurons_today,
        )

    def pretend(self, now: float, requests_today: int | None, neurons: float | None) -> None:
        """Set today's counters, so that a test can start near a limit."""
        self._roll(now)
        self._requests_today = self._requests_today if requests_today is None else requests_today
        self._neurons_today = self._neurons_today if neurons is None else neurons

    def _roll(self, now: float) -> None:
        """Forget the minute and the day that are over; a clock set back starts afresh as well."""
        while self._recent and not now - MINUTE_S < self._recent[0][0] <= now:
            self._recent.popleft()
        today = midnight_before(now, self.limits.zone)
        if today != self._day:
            self._day, self._requests_today, self._neurons_today = today, 0, 0.0


class Allowance(Protocol):
    """What a provider allows an account, as the control routes see and change it."""

    def follow(self, changes: Mapping[str, object], now: float, /) -> None:
        """Change limits or use; raises `BadControl` naming the field that is wrong."""

    def report(self, now: float, /) -> dict[str, Any]:
        """Limits and use, ready for JSON."""


class NoAllowance:
    """Of a provider that counts nothing."""

    def follow(self, _changes: Mapping[str, object], _now: float) -> None:
        """There is nothing to change."""
        raise BadControl("provider: keeps no quota")

    def report(self, _now: float) -> dict[str, Any]:
        """There is nothing to report."""
        return {}


LIMIT_KINDS: Mapping[str, Kind] = {
    "requests_per_minute": LIMIT,
    "requests_per_day": LIMIT,
    "tokens_per_minute": LIMIT,
    "neurons_per_day": LIMIT,
}
USE_KINDS: Mapping[str, Kind] = {"model": TEXT, "used_today": COUNT, "neurons_today": NUMBER}


class Quotas:
    """The meters of one provider, one for each bucket, made when a bucket is first used."""

    def __init__(self, known: Mapping[str, Limits], other: Limits) -> None:
        self._limits = dict(known)
        self._other = other
        self._meters: dict[str, Meter] = {}

    def meter(self, bucket: str) -> Meter:
        """The meter of a bucket."""
        if bucket not in self._meters:
            self._meters[bucket] = Meter(self._limits.get(bucket, self._other))
        return self._meters[bucket]

    def follow(self, changes: Mapping[str, object], now: float) -> None:
        """Replace limits, and set today's use, of `model` or of every bucket."""
        fields = checked(changes, {**LIMIT_KINDS, **USE_KINDS})
        model = fields.get("model")
        for name in [model] if model is not None else sorted({*self._limits, *self._meters}):
            new_limits = {key: value for key, value in fields.items() if key in LIMIT_KINDS}
            self._limits[name] = replace(self._limits.get(name, self._other), **new_limits)
            meter = self.meter(name)
            meter.limits = self._limits[name]
            meter.pretend(now, fields.get("used_today"), fields.get("neurons_today"))

    def report(self, now: float) -> dict[str, Any]:
        """Limits and use of every bucket, ready for JSON."""
        return {
            name: {
                "limits": asdict(self.meter(name).limits),
                "used": asdict(self.meter(name).used(now)),
                "day_resets_at": midnight_after(now, self.meter(name).limits.zone),
            }
            for name in sorted({*self._limits, *self._meters})
        }


def _gemini(rpm: int, rpd: int, tpm: int | None, as_of: str, source: str) -> Limits:
    return Limits(
        requests_per_minute=rpm,
        requests_per_day=rpd,
        tokens_per_minute=tpm,
        zone=PACIFIC,
        as_of=as_of,
        source=source,
    )


_LIST = "community list of free tiers"
_CAPTURED = "captured 429 bodies"

GEMINI: Mapping[str, Limits] = {
    "gemini-3.5-flash-lite": _gemini(15, 500, 250_000, "2026-10", _CAPTURED),
    "gemini-3.1-flash-lite": _gemini(15, 500, 250_000, "2026-07-18", _LIST),
    "gemini-3.8-flash": _gemini(5, 20, 250_000, "2026-10", _CAPTURED),
    "gemini-3.7-flash": _gemini(5, 20, 250_000, "2026-10", _CAPTURED),
    "gemini-3.6-flash": _gemini(5, 20, 250_000, "2026-10", _CAPTURED),
    "gemini-3.5-flash": _gemini(5, 20, 250_000, "2026-07-18", _LIST),
    "gemini-3-flash": _gemini(5, 20, 250_000, "2026-07-18", _LIST),
    "gemini-3-flash-preview": _gemini(5, 20, 250_000, "2026-07-18", _LIST),
    "gemini-2.5-flash": _gemini(5, 20, 250_000, "2026-07-18", _LIST),
    "gemma-4-31b-it": _gemini(30, 14_400, 15_000, "2026-07-18", "Gemma 3 numbers of that list"),
    "gemma-4-26b-a4b-it": _gemini(30, 14_400, 15_000, "2026-07-18", "Gemma 3 numbers of that list"),
    "gemini-3.1-pro-preview": _gemini(0, 0, 0, "2026-10", _CAPTURED),
    "gemini-2.5-pro": _gemini(0, 0, 0, "2026-10", _CAPTURED),
}
OPENROUTER_FREE = Limits(
    requests_per_minute=20,
    requests_per_day=50,
    as_of="2026-08-22",
    source="OpenRouter documentation; 1000 a day once 10 credits were bought",
)
CLOUDFLARE_ACCOUNT = Limits(
    requests_per_minute=300,
    neurons_per_day=10_000,
    as_of="2026-10-09",
    source="Cloudflare documentation, Workers AI limits and pricing",
)
GUIDE_GEMINI = _gemini(15, 1500, None, "2025-05", "the setup guide's table")
GUIDE_CLOUDFLARE = Limits(requests_per_day=10_000, as_of="2025", source="the setup guide's table")
NO_LIMITS = Limits(source="limits are off")

ANY = "*"  # the bucket of providers that count per account


def gemini_quotas(preset: Preset) -> Quotas:
    """Gemini counts per model, and its day ends at midnight in California."""
    if preset == "real":
        return Quotas(GEMINI, GEMINI["gemini-3.8-flash"])
    one = GUIDE_GEMINI if preset == "guide" else replace(NO_LIMITS, zone=PACIFIC)
    never = {name: limits for name, limits in GEMINI.items() if limits.requests_per_day == 0}
    return Quotas(dict.fromkeys(GEMINI, one) | never, one)


def openrouter_quotas(preset: Preset) -> Quotas:
    """OpenRouter has one bucket for all `:free` models of an account."""
    return Quotas({ANY: NO_LIMITS if preset == "unlimited" else OPENROUTER_FREE}, NO_LIMITS)


def cloudflare_quotas(preset: Preset) -> Quotas:
    """Cloudflare counts neurons, for the whole account."""
    limits = {"real": CLOUDFLARE_ACCOUNT, "guide": GUIDE_CLOUDFLARE, "unlimited": NO_LIMITS}
    return Quotas({ANY: limits[preset]}, NO_LIMITS)


# Neurons for a million tokens in and out; Cloudflare documentation of 2026-10-09.
NEURON_RATES: Mapping[str, tuple[int, int]] = {
    "@cf/google/gemma-4-26b-a4b-it": (9_091, 27_273),
    "@cf/zai-org/glm-4.7-flash": (5_500, 36_400),
    "@cf/meta/llama-3.1-8b-instruct-fast": (4_119, 34_868),
    "@cf/meta/llama-3.1-8b-instruct-fp8-fast": (4_119, 34_868),
    "@cf/meta/llama-3.3-70b-instruct-fp8-fast": (26_668, 204_805),
    "@cf/openai/gpt-oss-120b": (31_818, 68_182),
    "@cf/nvidia/nemotron-3-120b-a12b": (45_455, 136_364),
}
ASSUMED_NEURON_RATE = (9_091, 27_273)  # for the models whose price was not read: gemma-4's


def neurons(model: str, input_tokens: int, output_tokens: int) -> float:
    """What a text generation costs at Cloudflare."""
    rate_in, rate_out = NEURON_RATES.get(model, ASSUMED_NEURON_RATE)
    return (input_tokens * rate_in + output_tokens * rate_out) / 1_000_000


class Credits:
    """The monthly characters of a text-to-speech account; a month is thirty days from its start."""

    MONTH_S = 30 * 24 * 3600.0

    def __init__(self, limit: float | None, started_at: float) -> None:
        self.limit = limit
        self._started_at = started_at
        self._used = 0.0

    def used(self, now: float) -> float:
        """Credits used in the running month."""
        if not 0 <= now - self._started_at < self.MONTH_S:
            self._started_at, self._used = now, 0.0
        return self._used

    def left(self, now: float) -> float:
        """Credits left in the running month."""
        used = self.used(now)
        return float("inf") if self.limit is None else max(0.0, self.limit - used)

    def spend(self, now: float, amount: float) -> None:
        """Count the cost of one request."""
        self._used = self.used(now) + amount

    def follow(self, changes: Mapping[str, object], now: float) -> None:
        """Set `credits_per_month` or `used_this_month`."""
        fields = checked(changes, {"credits_per_month": LIMIT, "used_this_month": COUNT})
        self.limit = fields.get("credits_per_month", self.limit)
        self._used = fields.get("used_this_month", self.used(now))

    def report(self, now: float) -> dict[str, Any]:
        """Limits and use, ready for JSON."""
        return {
            "limits": {"credits_per_month": self.limit},
            "used": {"credits_this_month": self.used(now)},
            "month_resets_at": self.resets_at(now),
        }

    def resets_at(self, now: float) -> float:
        """When the running month ends."""
        self.used(now)
        return self._started_at + self.MONTH_S
