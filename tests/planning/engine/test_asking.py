"""How a run asks: kept answers first, waits told, failures borne for a while, then a pause."""

import math
from typing import Any

import pytest

from answers import Declined
from cache import Freshness, ResponseCache
from planning.engine.asking import KeptAnswers, Models, NotKept, Paused
from planning.engine.shelf import Shelf
from providers.base import Terms
from providers.errors import FailureKind
from providers.fake import FakeUpstream
from providers.prompt import Message, Prompt
from rate_limiter import RateLimiter
from router import Router
from storage.ledger import ACCOUNT, Allowance, Limits
from storage.memory import MemoryStore
from tests.doubles import TurnedClock

pytestmark = pytest.mark.anyio

PROMPT = Prompt(messages=(Message("user", "Write."),), least_tier=2)


class Desk:
    """Models over one or more upstreams, and what they told."""

    def __init__(self, clock: TurnedClock, *upstreams: FakeUpstream, interval_s: float = 0) -> None:
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.clock = clock
        self.cache = ResponseCache(store=MemoryStore(), clock=clock)
        limiter = RateLimiter(interval_s, clock=clock)
        self.router = Router(upstreams, self.cache, limiter, clock=clock, chance=lambda: 0.0)
        self.models = self.anew()

    def anew(self, kept_for_s: float = 0.0, **options: Any) -> Models:
        """The same for another sitting."""
        shelf = Shelf(self.cache, options.pop("freshness", Freshness()), kept_for_s)
        return Models(self.router, shelf, self.clock, self.tell, **options)

    def tell(self, kind: str, **data: Any) -> None:
        self.told.append((kind, data))

    def waits(self) -> list[float]:
        return [data["seconds"] for kind, data in self.told if kind == "waiting"]


async def test_an_answer_is_paid_for_once(clock: TurnedClock) -> None:
    upstream = FakeUpstream(script=["one", "two"])
    desk = Desk(clock, upstream)
    for _ in range(2):
        assert (await desk.models.ask("k", PROMPT, "n")).completion.text == "one"
    assert (desk.models.calls, desk.models.kept, len(upstream.prompts)) == (1, 1, 1)


async def test_the_meter_is_told_after_every_call(clock: TurnedClock) -> None:
    desk = Desk(clock, FakeUpstream(limits=Limits(per_day=10)))
    for key in ("a", "b", "a"):
        await desk.models.ask(key, PROMPT, "n")
    told = [data for kind, data in desk.told if kind == "quota"]
    assert told == [{"calls": 1, "left_today": 9}, {"calls": 2, "left_today": 8}]


async def test_what_a_run_made_itself_stays_good_longer_than_a_day(clock: TurnedClock) -> None:
    desk = Desk(clock, FakeUpstream(script=["one", "two", "three"]))
    await desk.models.ask("k", PROMPT, "n")
    clock.turn(30 * 3600)
    again = await desk.anew(kept_for_s=31 * 3600).ask("k", PROMPT, "n")
    assert again.completion.text == "one"
    other = await desk.anew().ask("k", PROMPT, "n")
    assert other.completion.text == "two"


async def test_no_cache_asks_anew_and_keeps_the_new_answer(clock: TurnedClock) -> None:
    desk = Desk(clock, FakeUpstream(script=["one", "two"]))
    await desk.models.ask("k", PROMPT, "n")
    anew = desk.anew(freshness=Freshness(may_read=False))
    assert (await anew.ask("k", PROMPT, "n")).completion.text == "two"
    assert (await desk.anew().ask("k", PROMPT, "n")).completion.text == "two"


async def test_a_wait_for_a_slot_is_told_with_its_seconds(clock: TurnedClock) -> None:
    desk = Desk(clock, FakeUpstream(), interval_s=60)
    await desk.models.ask("a", PROMPT, "n")
    await desk.models.ask("b", PROMPT, "n")
    assert desk.waits() == [60.0]


async def test_a_wait_that_is_too_long_for_a_request_is_borne_by_the_run(
    clock: TurnedClock,
) -> None:
    """A request waits for 75 seconds at most; a run for a quarter of an hour."""
    desk = Desk(clock, FakeUpstream(), interval_s=300)
    await desk.models.ask("a", PROMPT, "n")
    await desk.models.ask("b", PROMPT, "n")
    assert desk.waits()[0] == pytest.approx(300, abs=5)
    assert max(clock.slept) <= 75  # in slices, each of which may be the last one wanted


async def test_a_day_that_is_over_pauses_the_run_and_says_until_when(clock: TurnedClock) -> None:
    upstream = FakeUpstream(limits=Limits(per_day=1))
    desk = Desk(clock, upstream)
    await desk.models.ask("a", PROMPT, "n")
    with pytest.raises(Paused) as paused:
        await desk.models.ask("b", PROMPT, "n")
    assert paused.value.why == "quota"
    assert 0 < paused.value.retry_after_s <= 86_400
    assert (await desk.models.ask("a", PROMPT, "n")).completion.text == "An answer."


async def test_a_failure_of_all_providers_is_borne_and_then_pauses(clock: TurnedClock) -> None:
    desk = Desk(clock, FakeUpstream(script=[FailureKind.GENERATION] * 20))
    with pytest.raises(Paused) as paused:
        await desk.models.ask("a", PROMPT, "n")
    assert paused.value.why == "providers"
    assert desk.waits() == [10.0, 20.0]


async def test_a_provider_that_comes_back_goes_on(clock: TurnedClock) -> None:
    desk = Desk(clock, FakeUpstream(script=[FailureKind.GENERATION, "back"]))
    assert (await desk.models.ask("a", PROMPT, "n")).completion.text == "back"
    stages = [data["stage"] for kind, data in desk.told if kind == "stage"]
    assert stages == ["asking", "failover", "asking"]


async def test_a_refusal_ends_the_run(clock: TurnedClock) -> None:
    desk = Desk(clock, FakeUpstream(script=[FailureKind.CONTENT_FILTER]))
    with pytest.raises(Declined):
        await desk.models.ask("a", PROMPT, "n")


async def test_without_time_left_nobody_is_asked(clock: TurnedClock) -> None:
    upstream = FakeUpstream()
    desk = Desk(clock, upstream, interval_s=60)
    await desk.models.ask("a", PROMPT, "n")
    with pytest.raises(Paused) as paused:
        await desk.anew(left_s=lambda: 5.0).ask("b", PROMPT, "n")
    assert paused.value.why == "time"
    assert len(upstream.prompts) == 1


async def test_whoever_ends_the_run_is_heard_before_every_call_and_while_waiting(
    clock: TurnedClock,
) -> None:
    looked = []

    async def go_on() -> None:
        looked.append(clock.monotonic())
        if len(looked) == 4:
            raise Paused("unheard", "nobody")

    desk = Desk(clock, FakeUpstream(script=[FailureKind.GENERATION] * 9))
    with pytest.raises(Paused, match="nobody"):
        await desk.anew(go_on=go_on).ask("a", PROMPT, "n")


async def test_a_small_model_is_better_than_none(clock: TurnedClock) -> None:
    small = FakeUpstream()
    small.terms = Terms(Allowance("small", scopes=((ACCOUNT, Limits()),)), tier=1)
    desk = Desk(clock, small)
    assert (await desk.models.ask("a", PROMPT, "n")).completion.text == "An answer."


async def test_looking_ahead_asks_nobody(clock: TurnedClock) -> None:
    upstream = FakeUpstream()
    desk = Desk(clock, upstream)
    kept = KeptAnswers(Shelf(desk.cache))
    with pytest.raises(NotKept):
        await kept.ask("a", PROMPT, "n")
    await desk.models.ask("a", PROMPT, "n")
    assert (await kept.ask("a", PROMPT, "n")).completion.text == "An answer."
    assert kept.kept == 1
    assert len(upstream.prompts) == 1
    assert math.isinf(desk.models.left_s())
