"""The quota counters, without HTTP."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from sandbox.checks import BadControl
from sandbox.quotas import (
    ANY,
    GEMINI,
    PACIFIC,
    Credits,
    Limits,
    Meter,
    cloudflare_quotas,
    gemini_quotas,
    midnight_after,
    midnight_before,
    neurons,
    openrouter_quotas,
)

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp()
HOUR_S = 3600.0


def exceeded(meter: Meter, now: float, tokens: int = 0) -> str | None:
    refusal = meter.refusal(now, tokens)
    return refusal.exceeded if refusal else None


@pytest.mark.parametrize(
    ("day", "hours"), [((2026, 3, 8), 23), ((2026, 11, 1), 25), ((2026, 6, 1), 24)]
)
def test_a_pacific_day_lasts_as_long_as_daylight_saving_makes_it(
    day: tuple[int, int, int], hours: int
) -> None:
    noon = datetime(*day, 12, tzinfo=ZoneInfo(PACIFIC)).timestamp()
    assert midnight_after(noon, PACIFIC) - midnight_before(noon, PACIFIC) == hours * HOUR_S


def test_pacific_midnight_is_seven_or_eight_in_utc() -> None:
    summer = datetime(2026, 7, 1, 12, tzinfo=UTC).timestamp()
    hours = [datetime.fromtimestamp(midnight_after(t, PACIFIC), UTC).hour for t in (summer, NOON)]
    assert hours == [7, 8]


def test_a_day_is_used_up_until_midnight_and_then_fresh() -> None:
    meter = Meter(Limits(requests_per_day=2))
    for minute in range(2):
        meter.count(NOON + minute)
    refusal = meter.refusal(NOON + 100)
    assert refusal is not None
    assert (refusal.exceeded, refusal.limit) == ("day", 2)
    assert refusal.resets_at == NOON + 12 * HOUR_S
    assert exceeded(meter, refusal.resets_at - 1) == "day"
    assert exceeded(meter, refusal.resets_at) is None


def test_never_more_than_the_limit_in_any_sixty_seconds() -> None:
    meter = Meter(Limits(requests_per_minute=2))
    meter.count(NOON)
    meter.count(NOON + 50)
    refusal = meter.refusal(NOON + 59)
    assert refusal is not None
    assert (refusal.exceeded, refusal.resets_at) == ("minute", NOON + 60)
    assert exceeded(meter, NOON + 60) is None


def test_tokens_of_the_last_minute_are_added_up() -> None:
    meter = Meter(Limits(tokens_per_minute=100))
    meter.count(NOON, tokens=80)
    assert exceeded(meter, NOON + 1, tokens=20) is None
    assert exceeded(meter, NOON + 1, tokens=21) == "tokens"
    assert exceeded(meter, NOON + 61, tokens=100) is None


def test_a_limit_of_zero_never_opens() -> None:
    refusal = gemini_quotas("real").meter("gemini-2.5-pro").refusal(NOON)
    assert refusal is not None
    assert (refusal.exceeded, refusal.resets_at) == ("never", float("inf"))


def test_gemini_counts_each_model_by_itself() -> None:
    quotas = gemini_quotas("real")
    for second in range(20):
        quotas.meter("gemini-3.8-flash").count(NOON + second * 61)
    later = NOON + 21 * 61
    assert exceeded(quotas.meter("gemini-3.8-flash"), later) == "day"
    assert exceeded(quotas.meter("gemini-3.5-flash-lite"), later) is None


def test_cloudflare_spends_neurons_by_the_model_and_the_tokens() -> None:
    assert neurons("@cf/google/gemma-4-26b-a4b-it", 500, 500) == pytest.approx(18.182)
    assert neurons("@cf/zai-org/glm-4.7-flash", 500, 500) == pytest.approx(20.95)
    assert neurons("@cf/meta/llama-3.3-70b-instruct-fp8-fast", 500, 500) == pytest.approx(115.7365)


def test_ten_thousand_neurons_are_about_550_gemma_requests() -> None:
    meter = cloudflare_quotas("real").meter(ANY)
    answered = 0
    while exceeded(meter, NOON + answered) is None:
        meter.count(NOON + answered, neurons=neurons("@cf/google/gemma-4-26b-a4b-it", 500, 500))
        answered += 1
    assert answered == 550
    assert exceeded(meter, NOON + answered) == "neurons"
    assert exceeded(meter, NOON + 12 * HOUR_S) is None


def test_openrouter_has_fifty_free_requests_a_utc_day() -> None:
    meter = openrouter_quotas("real").meter(ANY)
    for minute in range(50):
        meter.count(NOON + minute * 60)
    refusal = meter.refusal(NOON + 51 * 60)
    assert refusal is not None
    assert (refusal.exceeded, refusal.resets_at) == ("day", NOON + 12 * HOUR_S)


def test_the_guides_numbers_can_be_chosen() -> None:
    assert gemini_quotas("guide").meter("gemini-3.8-flash").limits.requests_per_day == 1500
    limits = cloudflare_quotas("guide").meter(ANY).limits
    assert (limits.requests_per_day, limits.neurons_per_day) == (10_000, None)


def test_without_limits_nothing_is_refused() -> None:
    meter = gemini_quotas("unlimited").meter("gemini-3.8-flash")
    for _ in range(2000):
        meter.count(NOON, tokens=1000)
    assert meter.refusal(NOON) is None


def test_limits_can_be_replaced_while_use_stays_counted() -> None:
    quotas = gemini_quotas("real")
    quotas.meter("gemini-3.8-flash").count(NOON)
    quotas.follow({"model": "gemini-3.8-flash", "requests_per_day": 1}, NOON)
    assert exceeded(quotas.meter("gemini-3.8-flash"), NOON) == "day"
    assert quotas.meter("gemini-3.7-flash").limits == GEMINI["gemini-3.7-flash"]


def test_a_test_can_start_near_the_limit() -> None:
    quotas = gemini_quotas("real")
    quotas.follow({"used_today": 19}, NOON)
    meter = quotas.meter("gemini-3.8-flash")
    assert exceeded(meter, NOON) is None
    meter.count(NOON)
    assert exceeded(meter, NOON) == "day"


def test_a_wrong_limit_is_refused_by_name() -> None:
    with pytest.raises(BadControl, match=r"^requests_per_day: must be a whole number"):
        gemini_quotas("real").follow({"requests_per_day": "many"}, NOON)


def test_a_clock_set_back_starts_the_minute_and_the_day_afresh() -> None:
    meter = Meter(Limits(requests_per_minute=1, requests_per_day=1))
    meter.count(NOON)
    assert exceeded(meter, NOON - 24 * HOUR_S) is None


def test_every_limit_tells_when_and_where_it_was_read() -> None:
    assert all(limits.as_of and limits.source for limits in GEMINI.values())


def test_credits_come_back_after_a_month() -> None:
    month = Credits(100, NOON)
    month.spend(NOON, 70)
    assert month.left(NOON + 1) == 30
    assert month.resets_at(NOON + 1) == NOON + Credits.MONTH_S
    assert month.left(NOON + Credits.MONTH_S) == 100
