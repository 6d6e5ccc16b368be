"""The router under random weather: few attempts, honest answers, nothing left behind, the same again."""

import asyncio
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from answers import Declined, Routed, Unanswered, Unfit
from cache import Freshness, ResponseCache
from failover import MOST_ATTEMPTS, MOST_ATTEMPTS_PER_PROVIDER, Patience
from providers.errors import FailureKind, ProviderError
from providers.fake import After, FakeUpstream
from providers.prompt import Message, Prompt
from rate_limiter import RateLimiter
from router import Router
from storage.ledger import Limits
from storage.memory import MemoryStore
from tests.doubles import TurnedClock

outcomes = st.one_of(
    st.just("fine"),
    st.sampled_from(FailureKind),
    st.builds(
        ProviderError,
        st.sampled_from([FailureKind.MINUTE_LIMIT, FailureKind.CAPACITY]),
        retry_after_s=st.floats(0, 100),
    ),
    st.builds(After, st.floats(0, 300), st.sampled_from(["late", FailureKind.RESET])),
)
weather = st.lists(st.lists(outcomes, max_size=8), min_size=1, max_size=3)
questions = st.lists(
    st.tuples(st.integers(0, 4), st.floats(0, 4_000), st.booleans()), min_size=1, max_size=12
)


def signed(name: str, outcome: Any) -> Any:
    """*outcome* with the provider's name before its text."""
    if isinstance(outcome, After):
        return After(outcome.duration_s, signed(name, outcome.outcome))
    return f"{name}: {outcome}" if outcome in ("fine", "late") else outcome


async def live(scripts: list[list[object]], asked: list[tuple[int, float, bool]]) -> list[str]:
    """Ask what is *asked*, with time passing between; what happened, as lines."""
    clock = TurnedClock()
    upstreams = [
        FakeUpstream(
            f"p{n}",
            [signed(f"p{n}", outcome) for outcome in script],
            answer=f"p{n}: fine",
            clock=clock,
            limits=Limits(per_minute=3, per_day=40),
        )
        for n, script in enumerate(scripts)
    ]
    cache = ResponseCache(store=MemoryStore(), clock=clock)
    router = Router(
        upstreams,
        cache,
        RateLimiter(10, clock=clock),
        patience=Patience(30, 90),
        clock=clock,
        chance=lambda: 0.5,
    )
    lines = []
    for question, gap_s, is_private in asked:
        clock.turn(gap_s)
        prompt = Prompt(messages=(Message("user", f"{question}"),))

        async def frame(own: Prompt = prompt) -> Prompt:
            return own

        begin_s = clock.monotonic()
        freshness = Freshness(may_read=not is_private, may_store=not is_private)
        try:
            routed = await router.complete(f"{question}", frame, name="x", freshness=freshness)
        except (Unanswered, Declined, Unfit) as error:
            lines.append(f"{type(error).__name__}: {error}")
            check_attempts(error.attempts)
        else:
            lines.append(f"{routed.cache} {routed.provider} {routed.completion.text}")
            check_answer(routed)
        assert clock.monotonic() - begin_s <= 90 + 3
    assert router.slots.waiting == 0
    assert cache.flights._under_way == {}
    now_s = clock.monotonic()
    assert all(
        (b.probe_until_s or 0) <= now_s or b.open_until_s for b in router.circuits.breakers.values()
    )
    for key in range(5):
        if (kept := cache.get(str(key))) is not None:
            assert kept["completion"]["finish_reason"] == "stop"
            assert kept["completion"]["text"].startswith(kept["provider"])
    return lines


def check_attempts(attempts: tuple[object, ...]) -> None:
    """I3: four at the most, two on a provider, one retry of the same model."""
    providers = [attempt.provider for attempt in attempts]  # type: ignore[attr-defined]  # attempts
    models = [(attempt.provider, attempt.asked) for attempt in attempts]  # type: ignore[attr-defined]  # attempts
    assert len(attempts) <= MOST_ATTEMPTS
    assert all(providers.count(name) <= MOST_ATTEMPTS_PER_PROVIDER for name in providers)
    assert len(models) - len(set(models)) <= 1


def check_answer(routed: Routed) -> None:
    """I7: the text is one provider's own, and the last attempt is the one that succeeded."""
    assert routed.completion.text.startswith(routed.provider)
    check_attempts(routed.attempts)
    if routed.cache == "MISS":
        assert routed.attempts[-1].failure is None
        assert all(attempt.failure is not None for attempt in routed.attempts[:-1])


@settings(max_examples=150, deadline=None)
@given(scripts=weather, asked=questions)
def test_whatever_the_weather_every_rule_of_the_router_holds(
    scripts: list[list[object]], asked: list[tuple[int, float, bool]]
) -> None:
    """I3, I5, I7, I9, I11; and I17: the same again, the same answers."""
    assert asyncio.run(live(scripts, asked)) == asyncio.run(live(scripts, asked))
