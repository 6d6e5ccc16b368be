"""The decisions of failover, one by one, as plain values."""

import pytest

from failover import (
    MOST_ATTEMPTS,
    VERDICTS,
    Attempt,
    Journey,
    Patience,
    Skipped,
    breakers_of,
    breaks,
    correction,
    describe,
    key_of,
    retry_delay_s,
    share_of_time,
)
from providers.base import Terms
from providers.errors import FailureKind, ProviderError
from providers.fake import FakeUpstream
from providers.prompt import Message, Prompt, Tool
from rate_limiter import Correction
from storage.ledger import ACCOUNT, Allowance, Limits

K = FailureKind
PROMPT = Prompt(messages=(Message("user", "Write."),))


def none() -> float:
    """The least that chance can give."""
    return 0.0


def upstream(name: str = "gemini", model: str = "flash", **terms: object) -> FakeUpstream:
    """A model on given terms."""
    made = FakeUpstream(name, model=model)
    made.terms = Terms(Allowance(name), **terms)  # type: ignore[arg-type]  # passed on
    return made


def journey(
    *upstreams: FakeUpstream,
    prompt: Prompt = PROMPT,
    patience: Patience = Patience(),  # noqa: B008 - frozen
) -> Journey:
    """A request at its beginning, which *upstreams* may answer."""
    return Journey(prompt, "plan", upstreams, patience, 0.0)


def failed(asked: FakeUpstream, kind: FailureKind) -> Attempt:
    """An attempt that came to nothing."""
    name = asked.identity.name
    return Attempt(name, name.title(), asked.model, asked.model, 0.1, kind, kind.value)


def test_every_kind_of_failure_has_its_verdict() -> None:
    """The table is whole."""
    assert set(VERDICTS) == set(FailureKind)


@pytest.mark.parametrize(
    ("kind", "scope"),
    [(K.TIMEOUT, ACCOUNT), (K.SERVER_ERROR, ACCOUNT), (K.BAD_BODY, "flash"), (K.AUTH, None)],
)
def test_a_breaker_hears_of_what_is_the_providers_own_fault(
    kind: FailureKind, scope: str | None
) -> None:
    """The provider's, the model's, or nobody's."""
    assert breaks(kind, upstream()) == (("gemini", scope) if scope else None)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (
            ProviderError(K.DAILY_LIMIT, limit=20),
            Correction(scope="flash", until_reset=True, learned=Limits(per_day=20)),
        ),
        (
            ProviderError(K.MINUTE_LIMIT, limit=5),
            Correction(scope="flash", hold_s=30, grows_to_s=600, learned=Limits(per_minute=5)),
        ),
        (
            ProviderError(K.MINUTE_LIMIT, retry_after_s=2),
            Correction(scope="flash", hold_s=2, grows_to_s=600),
        ),
        (
            ProviderError(K.MINUTE_LIMIT, retry_after_s=45),
            Correction(scope="flash", hold_s=45, grows_to_s=600),
        ),
        (
            ProviderError(K.MINUTE_LIMIT, retry_after_s=9),
            Correction(scope="flash", hold_s=30, grows_to_s=600),
        ),
        (ProviderError(K.NO_FREE_QUOTA), Correction(scope="flash", hold_s=86_400)),
        (ProviderError(K.CAPACITY), Correction(scope="flash", hold_s=5, grows_to_s=60)),
        (ProviderError(K.CREDITS), Correction(scope=ACCOUNT, hold_s=3_600)),
        (ProviderError(K.CREDITS, retry_after_s=60), Correction(scope=ACCOUNT, hold_s=60)),
        (ProviderError(K.AUTH), Correction(scope=ACCOUNT, hold_s=900)),
        (ProviderError(K.MODEL_GONE), Correction(scope="flash", hold_s=3_600)),
        (ProviderError(K.OVERLOADED, retry_after_s=20), Correction(scope="flash", hold_s=20)),
        (ProviderError(K.BAD_BODY), Correction(scope="flash")),
        (ProviderError(K.NOT_SENT), Correction(scope=ACCOUNT, sent=False)),
        (
            ProviderError(K.DAILY_LIMIT, retry_after_s=21),
            Correction(scope="flash", until_reset=True),
        ),
    ],
)
def test_what_a_failure_means_for_the_limits(error: ProviderError, expected: Correction) -> None:
    """Whom it pauses, for how long, and what is learned."""
    made = correction(error, upstream(quota_scope="flash"), none)
    reason = error.kind.value
    assert made == Correction(
        sent=expected.sent,
        scope=expected.scope,
        reason=reason,
        hold_s=0 if expected.until_reset else expected.hold_s,
        grows_to_s=expected.grows_to_s,
        until_reset=expected.until_reset,
        learned=expected.learned,
    )


def test_a_quota_of_the_account_pauses_the_account() -> None:
    """OpenRouter and Cloudflare count there."""
    assert correction(ProviderError(K.DAILY_LIMIT), upstream(), none).scope == ACCOUNT


def test_chance_only_makes_a_pause_longer() -> None:
    """By a tenth at most."""
    held = correction(ProviderError(K.AUTH), upstream(), lambda: 1.0).hold_s
    assert held == pytest.approx(990)


@pytest.mark.parametrize(
    ("error", "delay_s"),
    [
        (ProviderError(K.SERVER_ERROR), 0.2),
        (ProviderError(K.RESET), 0.2),
        (ProviderError(K.NOT_SENT), 0.2),
        (ProviderError(K.MINUTE_LIMIT, retry_after_s=2), 2),
        (ProviderError(K.MINUTE_LIMIT, retry_after_s=3), None),
        (ProviderError(K.MINUTE_LIMIT), None),
        (ProviderError(K.TIMEOUT), None),
        (ProviderError(K.OVERLOADED), None),
        (ProviderError(K.BAD_BODY), None),
    ],
)
def test_the_same_model_is_asked_again_only_where_that_helps(
    error: ProviderError, delay_s: float | None
) -> None:
    """Never after silence, and never into a limit."""
    assert retry_delay_s(error, none) == delay_s


def test_a_model_that_failed_is_not_asked_again_but_its_neighbour_is() -> None:
    """When the fault is the model's own."""
    high, low, other = upstream(model="high"), upstream(model="low"), upstream("openrouter")
    on_its_way = journey(high, low, other)
    on_its_way.note(high, failed(high, K.OVERLOADED), None)
    assert on_its_way.candidates() == [low, other]


def test_a_wide_failure_rules_out_the_whole_provider() -> None:
    """Its other models are behind the same door."""
    high, low, other = upstream(model="high"), upstream(model="low"), upstream("openrouter")
    on_its_way = journey(high, low, other)
    on_its_way.note(high, failed(high, K.TIMEOUT), None)
    assert on_its_way.candidates() == [other]


def test_one_retry_of_the_same_model_and_not_two() -> None:
    """Whichever it is."""
    one, two = upstream(), upstream("openrouter")
    on_its_way = journey(one, two)
    on_its_way.note(one, failed(one, K.RESET), 5.0)
    on_its_way.note(two, failed(two, K.RESET), 6.0)
    assert on_its_way.again == {key_of(one): 5.0, key_of(two): 6.0}
    on_its_way.note(one, failed(one, K.RESET), 7.0)
    assert on_its_way.again == {}
    assert on_its_way.retried
    assert on_its_way.candidates() == []


def test_two_attempts_on_a_provider_and_four_in_all() -> None:
    """However many models there are."""
    models = [upstream(model=f"m{n}") for n in range(5)]
    others = [upstream(f"p{n}") for n in range(5)]
    on_its_way = journey(*models, *others)
    for asked in models[:2]:
        on_its_way.note(asked, failed(asked, K.BAD_BODY), None)
    assert on_its_way.candidates() == others
    for asked in others[:2]:
        on_its_way.note(asked, failed(asked, K.BAD_BODY), None)
    assert len(on_its_way.attempts) == MOST_ATTEMPTS
    assert on_its_way.candidates() == []


def test_a_model_below_the_tasks_floor_is_not_asked() -> None:
    """Nor one whose context is too small; both are told in the receipt."""
    weak, small, good = upstream("a", tier=1), upstream("b", context_tokens=100), upstream("c")
    prompt = Prompt(messages=(Message("user", "x" * 4_000),), least_tier=2, max_tokens=10)
    on_its_way = journey(weak, small, good, prompt=prompt)
    assert on_its_way.candidates() == [good]
    reasons = {skipped.provider: skipped.reason for skipped in on_its_way.skipped.values()}
    assert reasons == {"a": "not good enough for the task", "b": "its context is too small"}


def test_the_request_is_at_fault_only_when_everybody_says_so() -> None:
    """One provider's opinion is not enough."""
    one, two = upstream("one"), upstream("two")
    on_its_way = journey(one, two)
    assert on_its_way.fault() is None
    on_its_way.note(one, failed(one, K.UNSUPPORTED), None)
    assert on_its_way.fault() is None
    on_its_way.note(two, failed(two, K.UNSUPPORTED), None)
    assert on_its_way.fault() is K.UNSUPPORTED
    mixed = journey(one, two)
    mixed.note(one, failed(one, K.BAD_REQUEST), None)
    mixed.note(two, failed(two, K.TIMEOUT), None)
    assert mixed.fault() is None


def test_a_prompt_that_fits_nowhere_is_too_large() -> None:
    """Without any call."""
    prompt = Prompt(messages=(Message("user", "x" * 4_000),))
    assert journey(upstream(context_tokens=100), prompt=prompt).fault() is K.TOO_LARGE


def test_a_prompt_that_was_too_long_goes_only_to_a_larger_context() -> None:
    """No provider is asked in vain, which would cost some of them a call of the day."""
    small, same = upstream("a", context_tokens=9_000), upstream("b", context_tokens=9_000)
    large = upstream("c", context_tokens=9_001)
    on_its_way = journey(small, same, large)
    on_its_way.note(small, failed(small, K.TOO_LARGE), None)
    assert on_its_way.candidates() == [large]
    assert on_its_way.skipped[key_of(same)].reason == "its context is too small"
    assert on_its_way.fault() is None
    on_its_way.note(large, failed(large, K.TOO_LARGE), None)
    assert on_its_way.candidates() == []
    assert on_its_way.fault() is K.TOO_LARGE
    assert on_its_way.outgrown == 9_001


def test_a_callers_time_can_only_be_lowered() -> None:
    """And with it the time to wait for a slot."""
    usual = Patience(75, 135)
    assert usual.lowered(None) is usual
    assert usual.lowered(500) is usual
    assert usual.lowered(10) == Patience(10, 10, is_lowered=True)
    assert journey(patience=Patience(10, 10)).longest_wait_s == 7


def test_failures_are_told_once_each() -> None:
    """In the order in which they happened."""
    one, two = upstream("one"), upstream("two")
    attempts = [failed(one, K.RESET), failed(two, K.EMPTY), failed(one, K.RESET)]
    assert describe(attempts) == ("One: the connection closed before an answer; Two: empty answer")


def test_two_models_that_fail_are_their_providers_fault() -> None:
    """In the same request: of that provider, another model, and failing."""
    high, low, other = upstream(model="high"), upstream(model="low"), upstream("other")
    assert breaks(K.BAD_BODY, low, [failed(high, K.EMPTY)]) == ("gemini", ACCOUNT)
    assert breaks(K.BAD_BODY, low, [failed(low, K.EMPTY)]) == ("gemini", "low")
    assert breaks(K.BAD_BODY, low, [failed(other, K.EMPTY)]) == ("gemini", "low")
    fine = Attempt("gemini", "Gemini", "high", "high", 0.1)
    assert breaks(K.BAD_BODY, low, [fine]) == ("gemini", "low")
    assert breaks(K.TOO_LARGE, low, [failed(high, K.EMPTY)]) is None


def test_a_call_passes_the_circuit_of_the_provider_and_that_of_the_model() -> None:
    """In this order."""
    assert breakers_of(upstream()) == (("gemini", ACCOUNT), ("gemini", "flash"))


@pytest.mark.parametrize(
    ("kind", "counts_refusals", "counted"),
    [
        (K.OVERLOADED, False, False),
        (K.OVERLOADED, True, True),
        (K.TIMEOUT, False, True),
        (K.TIMEOUT, True, True),
    ],
)
def test_what_a_provider_refuses_counts_where_it_counts_refusals(
    kind: FailureKind, counts_refusals: bool, counted: bool
) -> None:
    """Work that was begun always counts."""
    asked = upstream(counts_refusals=counts_refusals)
    assert correction(ProviderError(kind), asked, none).counted is counted


def test_a_hint_of_two_and_a_half_seconds_is_still_short() -> None:
    """For the pause and for the retry."""
    error = ProviderError(K.MINUTE_LIMIT, retry_after_s=2.5)
    assert correction(error, upstream(), none).hold_s == 2.5
    assert retry_delay_s(error, none) == 2.5


def test_a_retry_waits_up_to_a_second() -> None:
    """As chance has it."""
    assert retry_delay_s(ProviderError(K.RESET), lambda: 1.0) == pytest.approx(1.0)
    assert retry_delay_s(ProviderError(K.RESET), lambda: 0.5) == pytest.approx(0.6)


def test_a_model_may_be_asked_again_after_another_was() -> None:
    """When its turn comes once more; whoever else is left comes first."""
    one, two = upstream("one"), upstream("two")
    on_its_way = journey(one, two)
    on_its_way.note(one, failed(one, K.RESET), 5.0)
    assert on_its_way.candidates() == [one, two]
    on_its_way.note(one, failed(one, K.RESET), 7.0)
    on_its_way.note(two, failed(two, K.RESET), 9.0)
    assert on_its_way.retried
    assert on_its_way.candidates() == []


def test_what_is_skipped_is_told_with_its_reason_and_its_time() -> None:
    """For the receipt."""
    on_its_way = journey(upstream())
    on_its_way.skip(upstream(), "busy", 4.0)
    assert on_its_way.skipped == {("gemini", "flash"): Skipped("gemini", "flash", "busy", 4.0)}


def test_what_nobody_can_do_is_the_requests_own_fault() -> None:
    """Too long for one of them is enough to say that it is too long."""
    prompt = Prompt(messages=(Message("user", "x" * 4_000),), tools=(Tool("look_up"),))
    unable = upstream("a", abilities=frozenset())
    small = upstream("b", context_tokens=100)
    assert journey(unable, prompt=prompt).fault() is K.UNSUPPORTED
    both = journey(unable, small, prompt=prompt)
    assert both.fault() is K.TOO_LARGE
    reasons = {skipped.provider: skipped.reason for skipped in both.skipped.values()}
    assert reasons == {"a": "cannot call tools", "b": "its context is too small"}
    assert journey(unable, upstream("c"), prompt=prompt).fault() is None
    assert journey(prompt=prompt).fault() is None


def test_the_first_provider_never_eats_the_time_of_those_after_it() -> None:
    """Eight seconds are kept for each, and nobody is asked with less than three."""
    assert share_of_time(100, 0) == 100
    assert share_of_time(100, 2) == 84
    assert share_of_time(10, 2) == 3


def test_a_stream_has_a_minute_more() -> None:
    """It is read while it is written."""
    assert Patience(75, 135).for_a_stream() == Patience(75, 195)
    usual = Patience(75, 135)
    assert usual.lowered(135) is usual
