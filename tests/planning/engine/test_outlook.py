"""What a run is said to take before it begins: calls, today's rest, time, and what would help."""

from collections.abc import Sequence

import pytest

from planning.engine.outlook import Outlook, left_today, outlook
from providers.base import Identity, Terms
from providers.fake import FakeUpstream
from rate_limiter import Correction, RateLimiter
from storage.ledger import ACCOUNT, Allowance, Limits, Need
from tests.doubles import TurnedClock

pytestmark = pytest.mark.anyio


def upstream(name: str, *, tier: int = 3, **limits: int) -> FakeUpstream:
    """A provider with these limits of its account."""
    made = FakeUpstream(name)
    scopes = ((ACCOUNT, Limits(**limits)), (made.model, Limits()))
    made.terms = Terms(Allowance(name, scopes=scopes), tier=tier)
    made.identity = Identity(name, name, name, "⚪")
    return made


async def look(
    clock: TurnedClock, upstreams: Sequence[FakeUpstream], expected: int, interval_s: float = 60
) -> Outlook:
    limiter = RateLimiter(interval_s, clock=clock)
    return await outlook(limiter, upstreams, clock, expected=expected, repairs=2, kept=0)


async def test_ten_calls_on_one_key_take_ten_minutes_and_it_says_what_would_help(
    clock: TurnedClock,
) -> None:
    """`PACING=quota` would take about a minute, and a second key halves the time."""
    told = await look(clock, [upstream("one")], 10)
    assert told.done_in_s == 9 * 60 + 8
    assert (told.expected, told.most) == (10, 12)
    helped = {advice.change: advice.done_in_s for advice in told.advice}
    assert helped == {"pacing_quota": 80, "another_key": 4 * 60 + 8}
    assert told.done_at == clock.time() + told.done_in_s


async def test_without_an_interval_no_advice_is_given(clock: TurnedClock) -> None:
    told = await look(clock, [upstream("one")], 10, interval_s=0)
    assert told.done_in_s == 80
    assert told.advice == ()


async def test_what_is_left_today_is_the_sum_over_the_providers(clock: TurnedClock) -> None:
    told = await look(clock, [upstream("one", per_day=20), upstream("two", per_day=30)], 10, 0)
    assert told.left_today == 50
    assert told.fits_today


async def test_no_limit_by_the_day_means_no_number(clock: TurnedClock) -> None:
    assert (
        await look(clock, [upstream("one", per_day=5), upstream("two")], 1, 0)
    ).left_today is None


async def test_the_interval_bounds_the_day_as_well(clock: TurnedClock) -> None:
    """A provider without a quota can still be asked only once a minute."""
    left = (await look(clock, [upstream("one")], 1)).left_today
    assert left is not None
    assert left <= 1_440


async def test_a_run_that_does_not_fit_today_says_so(clock: TurnedClock) -> None:
    told = await look(clock, [upstream("one", per_day=4)], 10, 0)
    assert not told.fits_today
    assert told.done_in_s is not None
    assert told.done_in_s > 3_600


async def test_models_that_are_not_good_enough_do_not_count(clock: TurnedClock) -> None:
    told = await look(clock, [upstream("small", tier=1)], 3, 0)
    assert told.done_in_s is None
    assert told.providers == 0
    assert not told.fits_today


async def test_a_run_that_is_kept_whole_takes_nothing(clock: TurnedClock) -> None:
    told = await look(clock, [upstream("one", per_day=0)], 0)
    assert (told.done_in_s, told.most, told.fits_today) == (0, 0, True)


async def test_a_day_that_the_provider_has_ended_leaves_nothing(clock: TurnedClock) -> None:
    """Whatever was counted here: somebody else may use the same key."""
    limiter, one = RateLimiter(0, clock=clock), upstream("one", per_day=20)
    held = Correction(scope=ACCOUNT, until_reset=True, reason="over")
    await limiter.settle(one.terms.allowance, Need(), limiter.now(), held)
    ledger = await limiter.ledger("one")
    assert left_today({"one": ledger}, [(one.terms.allowance, Need())], limiter.now()) == 0
