"""The providers' own counts: read beside the requests, now and then, and taken over."""

import asyncio

import pytest

from meters import EVERY_S, Meters
from providers.base import Terms
from providers.fake import FakeUpstream
from rate_limiter import RateLimiter
from storage.ledger import ACCOUNT, Allowance, Limits
from tests.doubles import TurnedClock

pytestmark = pytest.mark.anyio
ALLOWANCE = Allowance("first", scopes=((ACCOUNT, Limits(per_day=50)),))


class Counting(FakeUpstream):
    """A provider that says what it has counted, once it is let."""

    def __init__(self, *counts: int | None) -> None:
        super().__init__("first")
        self.terms = Terms(ALLOWANCE)
        self.counts = list(counts)
        self.asked = 0
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def used_today(self) -> int | None:
        """See `Upstream.used_today`."""
        self.asked += 1
        await self.may_answer.wait()
        return self.counts.pop(0)


async def used(limiter: RateLimiter) -> int:
    """What our own ledger says."""
    ledger = await limiter.ledger("first")
    return ledger.today(ALLOWANCE, ACCOUNT, limiter.now()).calls


async def settled() -> None:
    """Everybody has had a chance to move."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_a_count_is_taken_over_and_never_lowers_ours(clock: TurnedClock) -> None:
    """Others may use the same key; a provider that lags behind takes nothing away."""
    limiter, upstream = RateLimiter(0, clock=clock), Counting(41, 3, None)
    meters = Meters(limiter, clock)
    for _ in range(3):
        meters.read(upstream)
        await settled()
        assert await used(limiter) == 41
        clock.turn(EVERY_S)
    assert upstream.asked == 3


async def test_a_count_is_read_once_in_five_minutes(clock: TurnedClock) -> None:
    """However many requests there are, and nobody waits for it."""
    limiter, upstream = RateLimiter(0, clock=clock), Counting(1, 2)
    meters = Meters(limiter, clock)
    for _ in range(5):
        meters.read(upstream)
        clock.turn(EVERY_S / 5 - 1)
    await settled()
    assert upstream.asked == 1


async def test_what_is_being_read_ends_with_the_service(clock: TurnedClock) -> None:
    """No task is left behind."""
    others = asyncio.all_tasks()
    limiter, upstream = RateLimiter(0, clock=clock), Counting(41)
    upstream.may_answer.clear()
    meters = Meters(limiter, clock)
    meters.read(upstream)
    await settled()
    await meters.aclose()
    assert await used(limiter) == 0
    assert asyncio.all_tasks() == others
