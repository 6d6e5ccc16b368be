"""Callers in a hurry and those beside them, on virtual time: each keeps its own terms, nobody else pays."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from answers import OutOfTime, Routed, Unanswered
from bench.virtual_time import VirtualClock, VirtualLoop, run
from cache import ANY_FRESH, Freshness, ResponseCache
from failover import Patience
from providers.base import Upstream
from providers.errors import FailureKind
from providers.fake import After, FakeUpstream, Pieces
from providers.health import FAILURES_IN_A_ROW, State
from providers.prompt import Message, Prompt
from rate_limiter import Correction, RateLimiter
from router import Router
from storage.memory import MemoryStore

PROMPT = Prompt(messages=(Message("user", "Write a plan."),))
NO_CACHE = Freshness(may_read=False)
DAY_S = 24 * 3600.0


@dataclass
class House:
    """A router with scripted providers, on a loop whose time jumps."""

    upstreams: list[FakeUpstream]
    interval_s: float = 0
    frame_s: float = 0
    loop: VirtualLoop = field(default_factory=VirtualLoop)

    def __post_init__(self) -> None:
        self.clock = VirtualClock(self.loop, 1_795_392_000.0)
        for upstream in self.upstreams:
            upstream.clock = self.clock
        self.cache = ResponseCache(store=MemoryStore(), clock=self.clock)
        self.limiter = RateLimiter(self.interval_s, clock=self.clock)
        self.router = Router(
            self.upstreams,
            self.cache,
            self.limiter,
            patience=Patience(75, 135),
            chance=lambda: 0.0,
            clock=self.clock,
        )

    def frame(self, key: str) -> Callable[[], Awaitable[Prompt]]:
        """What makes the question called *key*, after a search that takes its time."""

        async def make() -> Prompt:
            await self.clock.sleep(self.frame_s)
            return Prompt(messages=(Message("user", key),))

        return make

    async def ask(
        self,
        key: str = "key",
        timeout_s: float | None = None,
        freshness: Freshness = ANY_FRESH,
        among: Sequence[Upstream] | None = None,
    ) -> Routed:
        """One request for a whole answer."""
        return await self.router.complete(
            key, self.frame(key), name="x", timeout_s=timeout_s, freshness=freshness, among=among
        )

    async def read(self, key: str = "key", timeout_s: float | None = None) -> str:
        """One request for an answer in pieces; what came."""
        async with self.router.stream(
            key, self.frame(key), name="x", timeout_s=timeout_s
        ) as stream:
            text = ""
            while not stream.is_over:
                await stream.wait(10)
                text += "".join(delta.text for delta in stream.take())
            return text + "".join(delta.text for delta in stream.take())

    def live(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run *work* to its end."""
        return run(self.loop, work)


def fakes(*scripts: Sequence[Any]) -> list[FakeUpstream]:
    """One upstream for each script, called first, second and so on."""
    names = ("first", "second", "third")
    return [FakeUpstream(name, script) for name, script in zip(names, scripts, strict=False)]


def test_an_answer_that_has_begun_has_all_of_the_time() -> None:
    """None of it is kept for those who may not answer any more."""
    house = House(fakes([Pieces(tuple("seven..."), apart_s=1.0)], [], []))
    assert house.live(house.read(timeout_s=20)) == "seven..."


def test_one_that_has_not_begun_in_its_share_of_the_time_is_replaced() -> None:
    """As before."""
    house = House(fakes([After(7, "Too late.")], ["Here."], []))
    assert house.live(house.read(timeout_s=20)) == "Here."


def test_whoever_asks_the_same_keeps_its_own_time() -> None:
    """Somebody in a hurry has asked first, and gets nothing; the other gets its answer."""
    house = House(fakes([After(6, "Soon."), After(6, "Here.")]))

    async def both() -> list[Any]:
        hurried = asyncio.create_task(house.ask(timeout_s=4))
        await asyncio.sleep(0.5)
        return list(await asyncio.gather(hurried, house.ask(), return_exceptions=True))

    first, second = house.live(both())
    assert isinstance(first, Unanswered)
    assert second.completion.text == "Here."


@pytest.mark.parametrize("strict_first", [True, False])
def test_whoever_asks_the_same_keeps_its_own_idea_of_fresh(strict_first: bool) -> None:
    """Who wants nothing from the cache gets nothing stale, and keeps nobody from having it."""
    house = House(fakes(["Old.", After(2, FailureKind.RESET)] + [FailureKind.RESET] * 8))

    async def both() -> list[Any]:
        await house.ask()
        await house.clock.sleep(DAY_S + 60)
        wishes = [NO_CACHE, ANY_FRESH] if strict_first else [ANY_FRESH, NO_CACHE]
        asked = [house.ask(freshness=wish) for wish in wishes]
        found = list(await asyncio.gather(*asked, return_exceptions=True))
        return found if strict_first else found[::-1]

    strict, lenient = house.live(both())
    assert isinstance(strict, Unanswered)
    assert (lenient.cache, lenient.completion.text) == ("STALE", "Old.")


def test_a_callers_haste_is_not_the_providers_fault() -> None:
    """It was cut off in time, and goes on answering everybody else."""
    house = House(fakes([After(3.4, "Slow.")] * 8))

    async def hurry() -> None:
        for number in range(FAILURES_IN_A_ROW + 1):
            with pytest.raises(Unanswered):
                await house.ask(str(number), timeout_s=3)

    house.live(hurry())
    assert house.router.circuit(house.upstreams[0])[0] is State.CLOSED


@pytest.mark.parametrize("place", [0, 1, 2])
def test_no_time_is_kept_for_providers_that_cannot_be_asked(place: int) -> None:
    """Two are on hold until tomorrow; the other may take its time, wherever it stands."""
    house = House(fakes(*([After(9, "Here.")] if place == n else [] for n in range(3))))

    async def ask() -> Routed:
        for upstream in [u for n, u in enumerate(house.upstreams) if n != place]:
            hold = Correction(scope=upstream.model, reason="daily limit", hold_s=DAY_S)
            allowance = upstream.terms.allowance
            await house.limiter.settle(
                allowance, upstream.terms.need(PROMPT), house.limiter.now(), hold
            )
        return await house.ask(timeout_s=20)

    assert house.live(ask()).provider == house.upstreams[place].name


def test_a_stale_answer_is_better_than_none_in_time() -> None:
    """Marked as what it is."""
    house = House(fakes(["Old.", After(60, "Too late.")]))

    async def ask() -> Routed:
        await house.ask()
        await house.clock.sleep(DAY_S + 60)
        return await house.ask(timeout_s=2)

    routed = house.live(ask())
    assert (routed.cache, routed.completion.text) == ("STALE", "Old.")


def test_without_one_it_is_an_error_in_time() -> None:
    """Not a moment later."""
    house = House(fakes([After(60, "Too late.")]))
    with pytest.raises(OutOfTime):
        house.live(house.ask(timeout_s=2))
    assert house.loop.time() == pytest.approx(2)


def test_the_time_before_anybody_is_asked_counts() -> None:
    """A search of nine seconds leaves five for two providers, of which the first is silent."""
    house = House(fakes([After(60, "Too late.")], ["Here."]), frame_s=9)
    assert house.live(house.ask(timeout_s=14)).provider == "second"


def test_nobody_waits_behind_those_who_wait_for_another_provider() -> None:
    """One asks only the first, which is not free; all others are answered by the second."""
    house = House(fakes([], []), interval_s=60)

    async def ask() -> tuple[str, float]:
        await house.ask("one", among=house.upstreams[:1])
        pinned = asyncio.create_task(house.ask("two", among=house.upstreams[:1]))
        await asyncio.sleep(1)
        assert house.router.slots.waiting == 1
        routed, at_s = await house.ask("three"), house.clock.monotonic()
        assert (await pinned).provider == "first"
        return routed.provider, at_s

    provider, at_s = house.live(ask())
    assert provider == "second"
    assert at_s == pytest.approx(1)


def test_nobody_passes_those_who_wait_for_the_same_provider() -> None:
    """They are answered in the order in which they came."""
    house = House(fakes([]), interval_s=10)
    order: list[str] = []

    async def one(key: str) -> None:
        await house.ask(key)
        order.append(key)

    async def all_of_them() -> None:
        asked = []
        for key in "abcd":
            asked.append(asyncio.create_task(one(key)))
            await asyncio.sleep(0.1)
        await asyncio.gather(*asked)

    house.live(all_of_them())
    assert order == list("abcd")
    assert house.loop.time() == pytest.approx(30, abs=1)


@pytest.mark.parametrize("at_once", [2, 40])
def test_a_half_open_circuit_lets_one_probe_through(at_once: int) -> None:
    """However many come in the same moment; the others are answered elsewhere."""
    house = House(fakes([FailureKind.RESET] * 100, []))
    first = house.upstreams[0]

    async def ask() -> int:
        for number in range(FAILURES_IN_A_ROW):
            await house.ask(f"before {number}")
        assert house.router.circuit(first)[0] is State.OPEN
        await house.clock.sleep(house.router.circuit(first)[1])
        calls = len(first.prompts)
        await asyncio.gather(*(house.ask(f"after {number}") for number in range(at_once)))
        return len(first.prompts) - calls

    assert house.live(ask()) == 1
