"""Why an attempt failed: the kinds of failure, and the one table from a provider's signals to a kind.

    ProviderError       one attempt at one provider failed, for one `FailureKind`

The table reads structured codes first, then the HTTP status, then words, because a status alone
misleads: 400 can be a wrong key, 429 can mean "in five seconds" or "not before midnight", and 200
can carry an error. What each provider sends is described in the provider's own file; each turns
its body into `Signals`, and `classify` is the same for all.
"""

import email.utils
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from enum import StrEnum

LONGEST_HINT_S = 26 * 3600.0  # a day and the longest DST shift; more than that is not believed


class FailureKind(StrEnum):
    """Why an attempt failed; the value is what people read in logs and answers."""

    NOT_SENT = "could not be reached"
    TLS = "its certificate is not trusted"
    RESET = "the connection closed before an answer"
    TIMEOUT = "no answer in time"
    MINUTE_LIMIT = "rate limit reached"
    DAILY_LIMIT = "daily quota used up"
    NO_FREE_QUOTA = "the model is not in the free tier"
    CAPACITY = "at capacity"
    CREDITS = "credits used up"
    AUTH = "the API key was refused"
    ACCESS = "the account or region is not allowed"
    MODEL_GONE = "the model is not available"
    TOO_LARGE = "the prompt is too long for the model"
    BAD_REQUEST = "the request was not understood"
    UNSUPPORTED = "cannot do what the request asks"
    CONTENT_FILTER = "declined by the content filter"
    SERVER_ERROR = "server error"
    OVERLOADED = "overloaded"
    REDIRECT = "unexpected redirect"
    BAD_BODY = "unreadable answer"
    EMPTY = "empty answer"
    GENERATION = "the generation failed"
    TRUNCATED = "the answer was cut off"


class ProviderError(Exception):
    """One attempt failed.

    Carries the facts that the next decision needs and nothing of the raw body, so that it can be
    logged and shown; a code that is no plain word is left out. `retry_after_s` is the provider's own
    hint in seconds, if it gave one.
    """

    def __init__(
        self,
        kind: FailureKind,
        *,
        status: int | None = None,
        code: str | None = None,
        retry_after_s: float | None = None,
        limit: int | None = None,
    ) -> None:
        super().__init__(kind.value)
        self.kind = kind
        self.status = status
        self.code = code if code is not None and _is_word(code) else None
        self.retry_after_s = retry_after_s
        self.limit = limit

    def __str__(self) -> str:
        facts = [str(fact) for fact in (self.status, self.code) if fact is not None]
        return f"{self.kind.value} ({', '.join(facts)})" if facts else self.kind.value


@dataclass(frozen=True, slots=True)
class Signals:
    """What a failed reply says: status, structured codes, message, a hint in seconds, its limit."""

    status: int
    codes: tuple[str, ...] = ()
    message: str = ""
    retry_after_s: float | None = None
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; it matches when everything it names matches."""

    kind: FailureKind
    codes: frozenset[str] = frozenset()
    statuses: frozenset[int] = frozenset()
    words: re.Pattern[str] | None = None

    def matches(self, signals: Signals) -> bool:
        """Whether all that this row names is in *signals*."""
        return (
            (not self.codes or not self.codes.isdisjoint(signals.codes))
            and (not self.statuses or signals.status in self.statuses)
            and (self.words is None or self.words.search(signals.message) is not None)
        )


def _by_code(kind: FailureKind, *codes: str) -> Row:
    return Row(kind, codes=frozenset(codes))


def _by_status(kind: FailureKind, *statuses: int) -> Row:
    return Row(kind, statuses=frozenset(statuses))


def _by_words(kind: FailureKind, words: str, *statuses: int) -> Row:
    return Row(kind, statuses=frozenset(statuses), words=re.compile(words, re.IGNORECASE))


_K = FailureKind
TABLE: tuple[Row, ...] = (
    # Structured codes. Gemini names reasons and quotas, OpenRouter limit sources and error types,
    # Cloudflare numbers (strings here), the others OpenAI's codes or codes of their own.
    # Order matters where one reply carries several codes.
    _by_code(_K.NO_FREE_QUOTA, "quota:zero"),
    _by_code(_K.UNSUPPORTED, "constraint_filtered"),
    _by_code(_K.DAILY_LIMIT, "quota:day", "free-models-per-day", "openrouter_free_tier_daily"),
    _by_code(_K.DAILY_LIMIT, "4006", "3036"),
    _by_code(_K.MINUTE_LIMIT, "quota:minute", "quota:rolling", "free-models-per-min", "3021"),
    _by_code(_K.CAPACITY, "upstream_provider_shared_pool", "capacity_exhausted", "3040"),
    _by_code(_K.CAPACITY, "openrouter_in_flight_budget", "queue_exceeded"),
    _by_code(_K.OVERLOADED, "provider_overloaded", "temporarily_unavailable"),
    _by_code(_K.AUTH, "API_KEY_INVALID", "API_KEY_SERVICE_BLOCKED", "SERVICE_DISABLED"),
    _by_code(_K.AUTH, "API_KEY_HTTP_REFERRER_BLOCKED", "CONSUMER_SUSPENDED"),
    _by_code(_K.AUTH, "10000", "9109", "6003", "7003", "7000", "authentication"),
    _by_code(_K.AUTH, "invalid_api_key", "wrong_api_key", "authentication_error"),
    _by_code(_K.CREDITS, "insufficient_quota"),
    _by_code(_K.ACCESS, "privacy_restricted", "region_restricted", "5016", "5018", "3023", "3041"),
    _by_code(_K.MODEL_GONE, "model_not_found", "no_endpoints", "model_deprecated"),
    _by_code(_K.MODEL_GONE, "model_unavailable_upstream", "free_variant_ended"),
    _by_code(_K.MODEL_GONE, "5007", "5028", "5035", "3042"),
    _by_code(_K.MODEL_GONE, "model_decommissioned", "model_not_supported"),
    _by_code(_K.CONTENT_FILTER, "content_policy_violation", "refusal", "moderation", "8007"),
    _by_code(_K.TOO_LARGE, "context_length_exceeded", "max_tokens_exceeded", "3006"),
    _by_code(_K.TOO_LARGE, "token_limit_exceeded", "string_too_long", "payload_too_large"),
    _by_code(_K.TOO_LARGE, "tokens_limit_reached"),
    _by_code(_K.GENERATION, "tool_use_failed", "json_validate_failed"),
    _by_code(_K.TIMEOUT, "3007", "3008", "timeout"),
    _by_code(_K.BAD_REQUEST, "5004", "5006", "8001", "3003", "7001", "5005", "5019"),
    _by_code(_K.SERVER_ERROR, "8005", "7009", "provider_unavailable", "server", "server_error"),
    # A status that needs words to be understood.
    _by_words(_K.AUTH, r"api key (not valid|expired)", 400),
    _by_words(_K.ACCESS, r"user location is not supported", 400),
    _by_words(_K.TOO_LARGE, r"input token count.*exceeds|context.length|maximum context", 400),
    _by_words(_K.MODEL_GONE, r"not a valid model id|no such model|was deprecated on", 400),
    _by_words(_K.TOO_LARGE, r"fewer max_tokens", 402),
    _by_words(_K.NO_FREE_QUOTA, r"find valid service tier", 422),
    _by_words(_K.ACCESS, r"data policy", 404),
    _by_words(_K.DAILY_LIMIT, r"free-models-per-day|daily free allocation|per.?day", 429),
    _by_words(_K.DAILY_LIMIT, r"per 86400 ?s", 429),
    _by_words(_K.NO_FREE_QUOTA, r"\blimit: 0\b", 429),
    _by_words(_K.CAPACITY, r"upstream|capacity", 429),
    # A status that speaks for itself.
    _by_status(_K.AUTH, 401, 403),
    _by_status(_K.CREDITS, 402),
    _by_status(_K.MODEL_GONE, 404, 410),
    _by_status(_K.TIMEOUT, 408, 504),
    _by_status(_K.TOO_LARGE, 413),
    _by_status(_K.MINUTE_LIMIT, 429),
    _by_status(_K.CAPACITY, 498, 529),
    _by_status(_K.OVERLOADED, 503, *range(520, 530)),
    _by_status(_K.REDIRECT, *range(300, 400)),
    _by_status(_K.BAD_REQUEST, *range(400, 500)),
    _by_status(_K.SERVER_ERROR, *range(500, 600)),
    # An error inside a 200 with no code and no status of its own.
    _by_words(_K.MINUTE_LIMIT, r"rate.?limit|too many requests|quota"),
    _by_words(_K.OVERLOADED, r"overloaded|unavailable|try again"),
)


def classify(signals: Signals) -> FailureKind:
    """The kind of failure that *signals* mean; `BAD_BODY` when nothing in the table fits."""
    return next((row.kind for row in TABLE if row.matches(signals)), FailureKind.BAD_BODY)


def failure(signals: Signals) -> ProviderError:
    """The error to raise for *signals*; its code is the first structured one that is safe to show."""
    return ProviderError(
        classify(signals),
        status=signals.status,
        code=next(filter(_is_word, signals.codes), None),
        retry_after_s=signals.retry_after_s,
        limit=signals.limit,
    )


def read_retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """How many seconds the reply's headers ask us to wait, clamped to 0 to 26 h.

    Reads, in this order, `Retry-After-Ms`, `Retry-After` (seconds, a duration such as `21s`, or an
    HTTP date), `X-RateLimit-Reset` (epoch in seconds or, as OpenRouter sends it, milliseconds) and
    the `t` of `Ratelimit` where nothing is left (Cloudflare). *now* is seconds since the epoch.
    None for no hint; one that cannot be read counts as none.
    """
    hints = (_retry_after_ms(headers), _retry_after(headers, now), _reset(headers, now))
    told = next((hint for hint in (*hints, _window(headers)) if hint is not None), None)
    return None if told is None else _clamp(told)


def _retry_after_ms(headers: Mapping[str, str]) -> float | None:
    hint = headers.get("retry-after-ms", "")
    return float(hint) / 1000 if _is_number(hint) else None


def _retry_after(headers: Mapping[str, str], now: float) -> float | None:
    hint = headers.get("retry-after", "")
    if _is_number(hint):
        return float(hint)
    duration_s = read_duration(hint)
    return duration_s if duration_s is not None else _read_date(hint, now)


def _reset(headers: Mapping[str, str], now: float) -> float | None:
    hint = headers.get("x-ratelimit-reset", "")
    if not _is_number(hint):
        return read_duration(hint)
    epoch = float(hint)
    return (epoch / 1000 if epoch > 1e11 else epoch) - now


def _window(headers: Mapping[str, str]) -> float | None:
    window = re.search(r"\br=0\b.*\bt=([0-9]{1,9})\b", headers.get("ratelimit", ""))
    return float(window.group(1)) if window else None


def read_duration(text: str) -> float | None:
    """Seconds of a duration such as `21s`, `0.5s` or `11h46m59.2s`; None when it is none."""
    parts = re.fullmatch(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?", text.strip())
    if parts is None or not any(parts.groups()):
        return None
    hours, minutes, seconds = (float(part or 0) for part in parts.groups())
    return _clamp(hours * 3600 + minutes * 60 + seconds)


def _is_word(code: str) -> bool:
    return re.fullmatch(r"[\w.:-]{1,64}", code) is not None


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[ \t]*[0-9]+(\.[0-9]+)?[ \t]*", text) is not None


def _read_date(text: str, now: float) -> float | None:
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except (ValueError, OverflowError, LookupError, TypeError):  # the parser lets all of these out
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.timestamp() - now


def _clamp(duration_s: float) -> float:
    return min(max(duration_s, 0.0), LONGEST_HINT_S)
