"""The decisions of failover: what a failure means, who may still be asked, how long it may take. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from providers.base import TOO_SMALL, Upstream
from providers.errors import FailureKind, ProviderError
from providers.prompt import Prompt
from rate_limiter import Correction
from storage.ledger import ACCOUNT, Limits

ANSWER_TIME_S = 60.0  # what a request may take beside waiting for a slot
STREAM_TIME_S = 120.0  # the same for one whose answer is read while it is written
LEAST_ATTEMPT_S = 3.0  # an attempt is not begun with less
RESERVE_PER_PROVIDER_S = 8.0  # kept back for each provider that may still have to be asked
MOST_ATTEMPTS = 4
MOST_ATTEMPTS_PER_PROVIDER = 2
SHORT_HINT_S = 2.5  # "ask again in two seconds" is worth waiting for
RETRY_WITHIN_S = 1.0  # the same model again, if its slot is that near
RETRY_DELAY_S = (0.2, 1.0)

Key = tuple[str, str]  # a provider and one of its models, or the account as a whole


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a request may wait for a slot, and how long it may take in all, in seconds."""

    max_wait_s: float = 75.0
    total_s: float = 75.0 + ANSWER_TIME_S
    is_lowered: bool = False  # by the caller

    def lowered(self, total_s: float | None) -> "Patience":
        """The same, for a caller that wants to wait for *total_s* at most."""
        if total_s is None or total_s >= self.total_s:
            return self
        return Patience(min(self.max_wait_s, total_s), total_s, is_lowered=True)

    def for_a_stream(self) -> "Patience":
        """The same, for an answer that is read while it is written."""
        return Patience(self.max_wait_s, self.total_s + STREAM_TIME_S - ANSWER_TIME_S)


PATIENCE = Patience()


@dataclass(frozen=True, slots=True)
class Attempt:
    """One call to one model, and how it ended: *failure* is None for the one that answered.

    *asked* is the model that was asked; *model* the one that the provider says it was.
    """

    provider: str
    label: str
    asked: str
    model: str
    elapsed_s: float
    failure: FailureKind | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A model that was not asked, why, and in how many seconds it could be (None: not for this)."""

    provider: str
    model: str
    reason: str
    ready_in_s: float | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a kind of failure means.

    *gives_up*: nobody else is asked. *is_wide*: it is the provider's, not only this model's.
    *counts*: the breaker hears of it. *can_retry*: the same model may be asked once more if nobody
    else is free. *hold_s*: the pause without a hint of the provider, doubling up to *grows_to_s*
    while it goes on. *of_quota*: the pause concerns whatever the provider's quota counts.
    *as_told*: a hint of the provider is taken at its word, however short.
    *of_api_key*: it concerns the API key or whose it is, and a spare one may do.
    """

    gives_up: bool = False
    is_wide: bool = False
    counts: bool = False
    can_retry: bool = False
    hold_s: float = 0.0
    grows_to_s: float = 0.0
    of_quota: bool = False
    of_api_key: bool = False
    until_reset: bool = False
    as_told: bool = False


K = FailureKind
VERDICTS: dict[FailureKind, Verdict] = {
    K.NOT_SENT: Verdict(is_wide=True, counts=True, can_retry=True),
    K.TLS: Verdict(is_wide=True, hold_s=300),
    K.RESET: Verdict(is_wide=True, counts=True, can_retry=True),
    K.TIMEOUT: Verdict(is_wide=True, counts=True),
    K.MINUTE_LIMIT: Verdict(of_quota=True, hold_s=30, grows_to_s=600, can_retry=True),
    K.DAILY_LIMIT: Verdict(of_quota=True, until_reset=True),
    K.NO_FREE_QUOTA: Verdict(hold_s=24 * 3600),
    K.CAPACITY: Verdict(hold_s=5, grows_to_s=60),
    K.CREDITS: Verdict(of_api_key=True, hold_s=3600, as_told=True),
    K.AUTH: Verdict(of_api_key=True, hold_s=900),
    K.ACCESS: Verdict(of_api_key=True, hold_s=900),
    K.MODEL_GONE: Verdict(hold_s=3600),
    K.TOO_LARGE: Verdict(),
    K.BAD_REQUEST: Verdict(),
    K.UNSUPPORTED: Verdict(),
    K.CONTENT_FILTER: Verdict(gives_up=True),
    K.SERVER_ERROR: Verdict(is_wide=True, counts=True, can_retry=True),
    K.OVERLOADED: Verdict(counts=True, hold_s=5),
    K.REDIRECT: Verdict(is_wide=True, counts=True),
    K.BAD_BODY: Verdict(counts=True),
    K.EMPTY: Verdict(counts=True),
    K.GENERATION: Verdict(),
    K.TRUNCATED: Verdict(counts=True),
}


# The provider said no before any work was done.
REFUSALS = frozenset(
    {K.MINUTE_LIMIT, K.DAILY_LIMIT, K.NO_FREE_QUOTA, K.CAPACITY, K.CREDITS, K.AUTH, K.ACCESS}
    | {K.MODEL_GONE, K.TOO_LARGE, K.BAD_REQUEST, K.UNSUPPORTED, K.OVERLOADED}
    | {K.SERVER_ERROR, K.REDIRECT}
)
FAULTS_OF_THE_REQUEST = (K.TOO_LARGE, K.BAD_REQUEST, K.UNSUPPORTED)


def breaks(failure: FailureKind, upstream: Upstream, before: Sequence[Attempt] = ()) -> Key | None:
    """Whose breaker hears of *failure*: the provider's, this model's, or nobody's.

    When another model of the provider has failed *before* in the same request, it is no longer
    the model.
    """
    verdict, provider = VERDICTS[failure], upstream.identity.name
    if not verdict.counts:
        return None
    also_failed = any(
        attempt.provider == provider and attempt.asked != upstream.model and attempt.failure
        for attempt in before
    )
    return provider, ACCOUNT if verdict.is_wide or also_failed else upstream.model


def correction(error: ProviderError, upstream: Upstream, chance: Callable[[], float]) -> Correction:
    """What *error* means for the limits of *upstream*; *chance* gives a number from 0 to 1."""
    verdict, hint_s = VERDICTS[error.kind], error.retry_after_s
    scope = ACCOUNT if verdict.is_wide else upstream.model
    if verdict.of_quota:
        scope = upstream.terms.quota_scope
    if verdict.of_api_key:
        scope = upstream.terms.key_scope
    hold_s = verdict.hold_s
    if hint_s is not None and not verdict.until_reset:
        # A short hint is taken at its word; a longer one can only lengthen most pauses.
        is_exact = verdict.as_told or hint_s <= SHORT_HINT_S
        hold_s = hint_s if is_exact else max(hint_s, hold_s)
    return Correction(
        sent=error.kind is not K.NOT_SENT,
        counted=upstream.terms.counts_refusals or error.kind not in REFUSALS,
        scope=scope,
        reason=error.kind.value,
        hold_s=hold_s * (1 + 0.1 * chance()),
        grows_to_s=verdict.grows_to_s,
        until_reset=verdict.until_reset,
        learned=_learned(error),
    )


def retry_delay_s(error: ProviderError, chance: Callable[[], float]) -> float | None:
    """In how many seconds the same model may be asked once more; None when it may not."""
    if not VERDICTS[error.kind].can_retry:
        return None
    if error.kind is K.MINUTE_LIMIT:
        hint_s = error.retry_after_s
        return hint_s if hint_s is not None and hint_s <= SHORT_HINT_S else None
    least_s, most_s = RETRY_DELAY_S
    return least_s + (most_s - least_s) * chance()


def _learned(error: ProviderError) -> Limits | None:
    if error.limit and error.kind is K.DAILY_LIMIT:
        return Limits(per_day=error.limit)
    if error.limit and error.kind is K.MINUTE_LIMIT:
        return Limits(per_minute=error.limit)
    return None


def share_of_time(remaining_s: float, others_left: int) -> float:
    """How long one attempt may take, so that it never eats the time of the providers after it."""
    return max(LEAST_ATTEMPT_S, remaining_s - RESERVE_PER_PROVIDER_S * others_left)


@dataclass(slots=True)
class Journey:
    """One request on its way: what was tried, what was skipped, and how long it has waited.

    *upstreams* are those that may answer it, in order. *again* says who may be asked once more, and
    from when (monotonic seconds); *refused* which API keys were, by provider and scope; *outgrown* is
    the largest context (tokens) that it was too long for.
    """

    prompt: Prompt
    name: str
    upstreams: Sequence[Upstream]
    patience: Patience
    begin_s: float
    attempts: list[Attempt] = field(default_factory=list)
    skipped: dict[Key, Skipped] = field(default_factory=dict)
    again: dict[Key, float] = field(default_factory=dict)
    refused: set[Key] = field(default_factory=set)
    retried: bool = False
    waited_s: float = 0.0
    outgrown: int = 0

    @property
    def longest_wait_s(self) -> float:
        """From its beginning, how long it may wait for a slot."""
        return min(self.patience.max_wait_s, self.patience.total_s - LEAST_ATTEMPT_S)

    def skip(self, upstream: Upstream, reason: str, ready_in_s: float | None = None) -> None:
        """Note why *upstream* is not asked now."""
        provider, model = key = key_of(upstream)
        self.skipped[key] = Skipped(provider, model, reason, ready_in_s)

    def candidates(self) -> list[Upstream]:
        """Those that may still be asked, in order."""
        if len(self.attempts) >= MOST_ATTEMPTS:
            return []
        return [upstream for upstream in self.upstreams if self._may_ask(upstream)]

    def note(self, upstream: Upstream, attempt: Attempt, retry_at_s: float | None) -> None:
        """Add *attempt*; from *retry_at_s* on the same model may be asked once more."""
        self.attempts.append(attempt)
        if attempt.failure is K.TOO_LARGE:
            self.outgrown = max(self.outgrown, upstream.terms.context_tokens)
        if is_of_api_key(attempt):
            self.refused.add((attempt.provider, upstream.terms.key_scope))
        self.retried |= self.again.pop(key_of(upstream), None) is not None
        if self.retried:
            self.again.clear()
        elif retry_at_s is not None:
            self.again[key_of(upstream)] = retry_at_s

    def unfit(self, upstream: Upstream) -> str:
        """Why *upstream* cannot take the request, whenever it is asked; empty when it can."""
        too_small = TOO_SMALL if upstream.terms.context_tokens <= self.outgrown else ""
        return upstream.terms.unfit(self.prompt) or too_small

    def fault(self) -> FailureKind | None:
        """What is wrong with the request itself, if that is why nobody could answer it."""
        unfit = [self.unfit(upstream) for upstream in self.upstreams]
        if unfit and all(unfit):
            for upstream, reason in zip(self.upstreams, unfit, strict=True):
                self.skip(upstream, reason)
            return K.TOO_LARGE if TOO_SMALL in unfit else K.UNSUPPORTED
        kinds = {attempt.failure for attempt in self.attempts}
        asked = {attempt.provider for attempt in self.attempts}
        if asked != {upstream.identity.name for upstream in self.upstreams}:
            return None
        return next((kind for kind in FAULTS_OF_THE_REQUEST if kinds == {kind}), None)

    def _may_ask(self, upstream: Upstream) -> bool:
        if reason := self.unfit(upstream):
            self.skip(upstream, reason)
            return False
        provider, model = key_of(upstream)
        own = [attempt for attempt in self.attempts if attempt.provider == provider]
        is_refused = (provider, upstream.terms.key_scope) in self.refused
        if is_refused or len(own) >= MOST_ATTEMPTS_PER_PROVIDER:
            return False
        if (provider, model) in self.again:
            return True
        return not any(
            attempt.asked == model or (attempt.failure and VERDICTS[attempt.failure].is_wide)
            for attempt in own
            if not is_of_api_key(attempt)
        )


def is_of_api_key(attempt: Attempt) -> bool:
    """Whether *attempt* failed for its API key, which says nothing of the provider and its models."""
    return attempt.failure is not None and VERDICTS[attempt.failure].of_api_key


def key_of(upstream: Upstream) -> Key:
    """The provider and model of *upstream*."""
    return upstream.identity.name, upstream.model


def breakers_of(upstream: Upstream) -> tuple[Key, Key]:
    """The breakers that a call to *upstream* passes: the provider's and the model's."""
    return (upstream.identity.name, ACCOUNT), key_of(upstream)


def describe(attempts: Sequence[Attempt]) -> str:
    """Who failed and why, for people: `Google Gemini: daily quota used up (429); …`."""
    reasons = (f"{attempt.label}: {attempt.reason}" for attempt in attempts if attempt.failure)
    return "; ".join(dict.fromkeys(reasons))
