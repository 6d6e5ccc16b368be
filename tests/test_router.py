"""The router: who is asked, in which order, when, and what comes of it."""

import asyncio
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from answers import (
    LOCAL,
    AllProvidersFailed,
    Declined,
    NoProviderConfigured,
    RateLimited,
    Routed,
    Unfit,
)
from cache import ANY_FRESH, Freshness, ResponseCache
from callers import CALLER, Caller
from clock import SYSTEM_CLOCK
from failover import VERDICTS, Patience, share_of_time
from notices import Answered, Notice, Tried, Trying
from providers.base import Emit, Identity
from providers.completion import Completion
from providers.errors import FailureKind, ProviderError
from providers.fake import After, FakeUpstream, Pieces
from providers.health import State
from providers.prompt import Message, Prompt, Tool
from rate_limiter import RateLimiter
from router import Router
from storage.ledger import Limits
from storage.memory import MemoryStore
from storage.sqlite import FILE_NAME, SqliteStore
from tests.doubles import TurnedClock

pytestmark = pytest.mark.anyio

PROMPT = Prompt(messages=(Message("user", "Write a plan."),), notes={"sources": []})
HOUR_S = 3600.0
K = FailureKind


@dataclass
class House:
    """A router on a turned clock, with scripted providers."""

    clock: TurnedClock
    upstreams: list[FakeUpstream]
    local: FakeUpstream | None = None
    interval_s: float = 0
    max_wait_s: float = 75
    framed: int = 0
    cache: ResponseCache = field(init=False)
    router: Router = field(init=False)

    def __post_init__(self) -> None:
        for upstream in self.upstreams:
            upstream.clock = self.clock
        self.cache = ResponseCache(store=MemoryStore(), clock=self.clock)
        self.router = Router(
            self.upstreams,
            self.cache,
            RateLimiter(self.interval_s, clock=self.clock),
            last_resort=self.local,
            patience=Patience(self.max_wait_s, self.max_wait_s + 60),
            chance=lambda: 0.0,
            clock=self.clock,
        )

    async def ask(self, key: str = "key", freshness: Freshness = ANY_FRESH) -> Routed:
        """One request for the answer called *key*."""

        async def frame() -> Prompt:
            self.framed += 1
            return PROMPT

        return await self.router.complete(key, frame, name="plan", freshness=freshness)


def fakes(
    *scripts: Sequence[str | Pieces | FailureKind | ProviderError | After],
) -> list[FakeUpstream]:
    """One upstream for each script, called first, second and so on."""
    names = ("first", "second", "third", "fourth")
    return [FakeUpstream(name, script) for name, script in zip(names, scripts, strict=False)]


async def test_the_first_provider_answers_when_it_can(clock: TurnedClock) -> None:
    """And nobody else is asked."""
    house = House(clock, fakes(["Hello."], ["Not me."]))
    routed = await house.ask()
    assert (routed.completion.text, routed.provider, routed.cache) == ("Hello.", "first", "MISS")
    assert [attempt.failure for attempt in routed.attempts] == [None]
    assert routed.notes == {"sources": []}
    assert house.upstreams[1].prompts == []


@pytest.mark.parametrize(
    "kind", [kind for kind in FailureKind if kind not in (K.CONTENT_FILTER, K.TOO_LARGE)]
)
async def test_every_failure_but_a_refusal_fails_over(
    clock: TurnedClock, kind: FailureKind
) -> None:
    """Whatever went wrong, the next provider gets its chance, once each."""
    house = House(clock, fakes([kind], [kind], ["Third."]))
    routed = await house.ask()
    assert routed.provider == "third"
    assert [attempt.failure for attempt in routed.attempts] == [kind, kind, None]
    assert [len(upstream.prompts) for upstream in house.upstreams] == [1, 1, 1]


async def test_a_refusal_is_told_and_not_taken_elsewhere(clock: TurnedClock) -> None:
    """H09: one call in total."""
    house = House(clock, fakes([K.CONTENT_FILTER], ["I would."]))
    with pytest.raises(Declined, match="content filter"):
        await house.ask()
    assert house.upstreams[1].prompts == []
    assert house.cache.look_up("key") is None


async def test_when_all_fail_every_attempt_is_reported(clock: TurnedClock) -> None:
    """Status, provider and kind; and when to come back."""
    house = House(
        clock,
        fakes([ProviderError(K.DAILY_LIMIT, status=429)], [K.TIMEOUT], [K.BAD_BODY]),
        interval_s=60,
    )
    with pytest.raises(AllProvidersFailed) as failed:
        await house.ask()
    assert str(failed.value) == (
        "All LLM providers failed: First: daily quota used up (429); "
        "Second: no answer in time; Third: unreadable answer; next slot in 60 s"
    )
    assert len(failed.value.attempts) == 3
    assert failed.value.retry_after_s == 60


async def test_without_providers_it_says_so(clock: TurnedClock) -> None:
    """In the guide's words."""
    with pytest.raises(NoProviderConfigured, match="No LLM API keys configured"):
        await House(clock, []).ask()


async def test_an_answer_is_kept_and_served_again(clock: TurnedClock) -> None:
    """With its age, its provider and its notes, and without any call."""
    house = House(clock, fakes(["Hello."]))
    await house.ask()
    clock.turn(90)
    again = await house.ask()
    assert (again.completion.text, again.provider, again.cache) == ("Hello.", "first", "HIT")
    assert (again.age_s, again.attempts, again.notes) == (90, (), {"sources": []})
    assert len(house.upstreams[0].prompts) == 1
    assert house.framed == 1


@pytest.mark.parametrize(
    ("freshness", "calls", "kept"),
    [
        (Freshness(), 1, "first answer"),
        (Freshness(may_read=False), 2, "second answer"),
        (Freshness(may_read=False, may_store=False), 2, "first answer"),
        (Freshness(max_age_s=30), 2, "second answer"),
        (Freshness(max_age_s=90), 1, "first answer"),
    ],
)
async def test_the_asker_decides_how_fresh_it_has_to_be(
    clock: TurnedClock, freshness: Freshness, calls: int, kept: str
) -> None:
    """no-cache asks again and keeps; no-store asks again and does not keep."""
    house = House(clock, fakes(["first answer", "second answer"]))
    await house.ask()
    clock.turn(60)
    await house.ask(freshness=freshness)
    assert len(house.upstreams[0].prompts) == calls
    cached = house.cache.get("key")
    assert cached["completion"]["text"] == kept


async def test_c11_a_cut_answer_is_served_but_never_kept(clock: TurnedClock) -> None:
    """B2: the caller sees that it is cut; nobody else gets it."""

    class Cut(FakeUpstream):
        async def complete(
            self, prompt: Prompt, *, timeout_s: float, emit: Emit | None = None
        ) -> Completion:
            return Completion("Half an ans", "length", "m")

    routed = await (house := House(clock, [Cut()])).ask()
    assert routed.completion.finish_reason == "length"
    assert house.cache.look_up("key") is None


async def test_c06_an_expired_answer_is_served_stale_when_all_fail(clock: TurnedClock) -> None:
    """Marked, with its age; and the failure is not kept."""
    house = House(clock, fakes(["Old.", K.OVERLOADED, "New."]))
    await house.ask()
    clock.turn(25 * HOUR_S)
    stale = await house.ask()
    assert (stale.completion.text, stale.cache, stale.age_s) == ("Old.", "STALE", 25 * HOUR_S)
    assert (await house.ask()).completion.text == "New."


async def test_who_asks_for_a_new_answer_never_gets_a_stale_one(clock: TurnedClock) -> None:
    """no-cache and max-age mean it."""
    house = House(clock, fakes(["Old.", K.OVERLOADED, K.OVERLOADED]))
    await house.ask()
    clock.turn(25 * HOUR_S)
    for freshness in (Freshness(may_read=False), Freshness(max_age_s=90_000)):
        with pytest.raises(AllProvidersFailed):
            await house.ask(freshness=freshness)


async def test_the_second_request_goes_to_the_next_provider(clock: TurnedClock) -> None:
    """While the first is inside its interval, it is skipped and not called."""
    house = House(clock, fakes(["A."], ["B."]), interval_s=60)
    assert (await house.ask("one")).provider == "first"
    routed = await house.ask("two")
    assert (routed.provider, len(routed.attempts)) == ("second", 1)


async def test_when_all_are_inside_their_interval_the_earliest_slot_is_awaited(
    clock: TurnedClock,
) -> None:
    """The request waits as long as it must, and not longer."""
    house = House(clock, fakes(["A."], ["B."]), interval_s=60)
    await house.ask("one")
    clock.turn(20)
    await house.ask("two")
    clock.turn(10)
    routed = await house.ask("three")
    assert routed.provider == "first"
    assert clock.slept == [30]


async def test_a_slot_too_far_away_is_refused_with_the_true_time(clock: TurnedClock) -> None:
    """And following it works."""
    house = House(clock, fakes([]), interval_s=60, max_wait_s=20)
    await house.ask("one")
    with pytest.raises(RateLimited, match=r"Rate limited: .*next slot in 60 s") as limited:
        await house.ask("two")
    assert limited.value.retry_after_s == 60
    clock.turn(60)
    assert (await house.ask("two")).provider == "first"


async def test_a_quota_of_nothing_has_no_time_to_come_back_at(clock: TurnedClock) -> None:
    """Rather than a wrong one."""
    house = House(clock, [FakeUpstream("first", limits=Limits(per_day=0))])
    with pytest.raises(RateLimited, match="no slot within a week") as limited:
        await house.ask()
    assert limited.value.retry_after_s is None
    failing = FakeUpstream("first", [K.TLS], limits=Limits(per_day=1))
    house = House(clock, [failing, FakeUpstream("second", limits=Limits(per_day=0))])
    with pytest.raises(AllProvidersFailed, match="next slot in") as failed:
        await house.ask()
    assert failed.value.retry_after_s is not None


async def test_callers_take_turns_for_the_slots(clock: TurnedClock) -> None:
    """I15: one request of somebody else comes before the many of one caller."""
    house = House(clock, fakes([]), interval_s=60, max_wait_s=3_600)
    await house.ask("first")
    served: list[str] = []

    async def ask(name: str, number: int) -> None:
        CALLER.set(Caller(name))
        await house.ask(f"{name}{number}")
        served.append(name)

    many = [asyncio.create_task(ask("greedy", n)) for n in range(6)]
    await asyncio.gather(*many, asyncio.create_task(ask("modest", 0)))
    assert served.index("modest") <= 2
    assert len(served) == 7


async def test_too_many_who_wait_are_refused_with_the_time_of_their_turn(
    clock: TurnedClock,
) -> None:
    """There are no more seats, though the wait would not be too long."""
    house = House(clock, fakes([]), interval_s=1, max_wait_s=3_600)
    house.router.slots.seats = 4
    await house.ask("first")
    outcomes = await asyncio.gather(*(house.ask(f"{n}") for n in range(6)), return_exceptions=True)
    refused = [outcome for outcome in outcomes if isinstance(outcome, RateLimited)]
    assert len(refused) == 3
    assert all(limited.retry_after_s is not None for limited in refused)


async def test_whose_turn_would_come_too_late_is_told_so_at_once(clock: TurnedClock) -> None:
    """Without standing in line first."""

    class Standing(TurnedClock):
        async def sleep(self, duration_s: float) -> None:
            await asyncio.Event().wait()

    house = House(Standing(), fakes([]), interval_s=60, max_wait_s=100)
    await house.ask("first")
    waiting = asyncio.create_task(house.ask("second"))
    for _ in range(20):
        await asyncio.sleep(0)
    assert house.router.slots.waiting == 1
    with pytest.raises(RateLimited, match="next slot in 120 s"):
        await house.ask("third")
    assert house.router.slots.waiting == 1
    waiting.cancel()
    await asyncio.wait([waiting])


async def test_when_every_circuit_is_open_one_call_a_second_goes_through(
    clock: TurnedClock,
) -> None:
    """Failing open beats refusing."""
    house = House(clock, fakes([K.BAD_BODY] * 6 + ["Fine."]), max_wait_s=0)

    async def ask(number: int) -> Routed:
        async def frame() -> Prompt:
            return Prompt(messages=(Message("user", f"{number}"),))

        return await house.router.complete(f"{number}", frame, name="plan")

    for number in range(5):
        with pytest.raises(AllProvidersFailed):
            await ask(number)
    assert house.router.circuit(house.upstreams[0])[0] is State.OPEN
    with pytest.raises(AllProvidersFailed):
        await ask(6)
    with pytest.raises(RateLimited, match="circuit open after failures"):
        await ask(7)
    clock.turn(1)
    assert (await ask(8)).completion.text == "Fine."


async def test_an_upstream_that_breaks_is_no_failing_provider(clock: TurnedClock) -> None:
    """The fault is ours: it comes out, and no circuit hears of it."""

    class Broken(FakeUpstream):
        async def complete(
            self, prompt: Prompt, *, timeout_s: float, emit: Emit | None = None
        ) -> Completion:
            raise ZeroDivisionError

    house = House(clock, [Broken()])
    with pytest.raises(ZeroDivisionError):
        await house.ask()
    assert all(b.probe_until_s is None for b in house.router.circuits.breakers.values())
    assert house.cache.flights._under_way == {}


async def test_what_only_the_clouds_can_do_is_not_drafted(clock: TurnedClock) -> None:
    """The embedded model calls no tools: the reason why nobody answered is told instead."""
    local = FakeUpstream(LOCAL)
    local.terms = replace(local.terms, abilities=frozenset())
    prompt = replace(PROMPT, tools=(Tool("look_up"),))

    async def frame() -> Prompt:
        return prompt

    house = House(clock, [], local=local)
    with pytest.raises(Unfit, match="cannot call tools"):
        await house.router.complete("key", frame, name="plan")
    house = House(clock, fakes([K.OVERLOADED]), local=local)
    with pytest.raises(AllProvidersFailed, match="overloaded"):
        await house.router.complete("key", frame, name="plan")
    assert local.prompts == []


async def test_only_those_named_may_answer(clock: TurnedClock) -> None:
    """And the last resort is not one of them."""
    house = House(clock, fakes(["First."], [K.OVERLOADED]), local=FakeUpstream(LOCAL))

    async def frame() -> Prompt:
        return PROMPT

    second = house.upstreams[1:]
    with pytest.raises(AllProvidersFailed, match="Second: overloaded"):
        await house.router.complete("key", frame, name="plan", among=second)
    assert house.upstreams[0].prompts == []


async def test_closing_lets_go_of_everything(clock: TurnedClock) -> None:
    """The providers', and the embedded model's."""
    closed: list[str] = []

    class Closing(FakeUpstream):
        async def aclose(self) -> None:
            closed.append(self.name)

    await House(clock, [Closing("a"), Closing("b")], local=Closing(LOCAL)).router.aclose()
    await House(clock, [Closing("c")]).router.aclose()
    assert closed == ["a", "b", LOCAL, "c"]


async def test_c12_the_second_process_is_given_what_the_first_has_stored(
    clock: TurnedClock, tmp_path: Path
) -> None:
    """C12: two caches on one file ask once."""
    store = SqliteStore(tmp_path / FILE_NAME)
    houses = [House(clock, fakes([After(0.2, "One.")])) for _ in range(2)]
    for house in houses:
        house.upstreams[0].clock = SYSTEM_CLOCK
        house.router.cache = house.cache = ResponseCache(store=store, clock=clock)
    answers = await asyncio.gather(*(house.ask() for house in houses))
    assert sorted(answer.cache for answer in answers) == ["JOINED", "MISS"]
    assert sum(len(house.upstreams[0].prompts) for house in houses) == 1
    store.close()


async def test_after_a_failure_it_waits_for_the_others(clock: TurnedClock) -> None:
    """A provider that failed is not asked again; one that was busy is awaited."""
    house = House(clock, fakes(["A.", "A2."], [K.RESET]), interval_s=60)
    await house.ask("one")
    clock.turn(30)
    routed = await house.ask("two")
    assert [attempt.provider for attempt in routed.attempts] == ["second", "first"]
    assert sum(clock.slept) == pytest.approx(30)


async def test_c12_equal_questions_under_way_are_asked_once(clock: TurnedClock) -> None:
    """C12: five hundred callers, one call."""
    house = House(clock, fakes([After(5, "One answer.")]))
    answers = await asyncio.gather(*(house.ask() for _ in range(500)))
    assert len(house.upstreams[0].prompts) == 1
    assert {answer.completion.text for answer in answers} == {"One answer."}
    states = [answer.cache for answer in answers]
    assert states.count("MISS") == 1
    assert set(states) <= {"MISS", "JOINED", "HIT"}


async def test_c14_who_wants_no_store_joins_nobody(clock: TurnedClock) -> None:
    """C14: its question is its own."""
    house = House(clock, fakes([After(5, "A."), After(5, "B.")]))
    private = Freshness(may_read=False, may_store=False)
    await asyncio.gather(house.ask(), house.ask(freshness=private))
    assert len(house.upstreams[0].prompts) == 2


async def test_the_embedded_model_drafts_only_without_any_other_answer(clock: TurnedClock) -> None:
    """Its draft is marked, never kept, and forgotten as soon as a provider answers."""
    local = FakeUpstream(LOCAL, answer="A draft.")
    house = House(clock, fakes([K.OVERLOADED, "Real."]), local=local)
    draft = await house.ask()
    assert (draft.provider, draft.is_draft, draft.cache) == (LOCAL, True, "MISS")
    assert house.cache.look_up("key") is None
    real = await house.ask()
    assert (real.completion.text, real.is_draft) == ("Real.", False)
    assert len(local.prompts) == 1


async def test_a_stale_answer_comes_before_a_draft(clock: TurnedClock) -> None:
    """An old real answer is better than a new draft."""
    house = House(clock, fakes(["Old.", K.OVERLOADED]), local=FakeUpstream(LOCAL))
    await house.ask()
    clock.turn(25 * HOUR_S)
    assert (await house.ask()).cache == "STALE"
    assert house.local is not None
    assert house.local.prompts == []


async def test_a_busy_embedded_model_is_reported_like_any_failure(clock: TurnedClock) -> None:
    """With a time to come back."""
    house = House(clock, [], local=FakeUpstream(LOCAL, [K.CAPACITY]))
    with pytest.raises(AllProvidersFailed, match="at capacity") as failed:
        await house.ask()
    assert failed.value.retry_after_s is not None


async def test_when_the_embedded_model_fails_too_all_are_reported(clock: TurnedClock) -> None:
    """Those before it and itself; it may be free again in a second."""
    house = House(clock, fakes([K.OVERLOADED]), local=FakeUpstream(LOCAL, [K.CAPACITY]))
    with pytest.raises(AllProvidersFailed) as failed:
        await house.ask()
    assert str(failed.value) == ("All LLM providers failed: First: overloaded; Local: at capacity")
    assert [attempt.provider for attempt in failed.value.attempts] == ["first", LOCAL]
    assert failed.value.retry_after_s == 1.0


async def test_what_is_foreseen_is_what_then_comes(clock: TurnedClock) -> None:
    """Three calls of one provider that rests for a minute after each, the first of them just now."""
    house = House(clock, fakes(["A.", "B.", "C."]), interval_s=60, max_wait_s=200)
    assert await house.router.forecast(house.upstreams, PROMPT, 1) == 0
    await house.ask("one")
    foreseen_s = await house.router.forecast(house.upstreams, PROMPT, 2)
    assert foreseen_s == 120
    begin_s = clock.monotonic()
    await house.ask("two")
    await house.ask("three")
    assert clock.monotonic() - begin_s == pytest.approx(foreseen_s)


async def test_a_listener_that_fails_harms_neither_the_request_nor_the_others(
    clock: TurnedClock, caplog: pytest.LogCaptureFixture
) -> None:
    """It costs a line in the log for each thing that it was told."""
    house, heard = House(clock, fakes(["Hello."])), list[Notice]()

    def fail(_: Notice) -> None:
        raise ZeroDivisionError("not ready")

    house.router.notices.listeners += [fail, heard.append]
    assert (await house.ask()).completion.text == "Hello."
    assert [type(notice) for notice in heard] == [Trying, Tried, Answered]
    failures = [record for record in caplog.records if record.name == "trimaran.notices"]
    assert len(failures) == 3
    assert "not ready" in caplog.text


async def test_a_silent_provider_leaves_time_for_the_others(clock: TurnedClock) -> None:
    """The first one never eats the second one's time."""
    house = House(clock, fakes([After(10_000, "late")], [After(10_000, "late")], ["In time."]))
    begin_s = clock.monotonic()
    assert (await house.ask()).provider == "third"
    assert clock.monotonic() - begin_s <= house.router.patience.total_s


async def test_the_log_speaks_the_guides_words(
    clock: TurnedClock, caplog: pytest.LogCaptureFixture
) -> None:
    """To the letter, since people grep for them."""
    first, second, _ = fakes([K.OVERLOADED], ["Yes."], [])
    gemini = Identity("gemini", "Google Gemini", "Google Gemini API", "🔵")
    openrouter = Identity("openrouter", "OpenRouter", "OpenRouter API", "🟢")
    first.identity, second.identity = gemini, openrouter
    house = House(clock, [first, second])
    with caplog.at_level(logging.INFO, "trimaran"):
        await house.ask()
        await house.ask()
    assert [record.getMessage() for record in caplog.records] == [
        "🔵 Google Gemini API available for plan",
        "🟢 OpenRouter API available for plan",
        "📡 Attempting 2 provider(s) for plan",
        "🔄 Trying Google Gemini...",
        "❌ Google Gemini failed: overloaded",
        "🔄 Trying OpenRouter...",
        "✅ OpenRouter succeeded for plan",
        "✅ Cache hit for plan",
    ]


async def test_the_labels_of_the_real_providers_are_the_guides() -> None:
    """The three names that the guide's log lines use."""
    guide = Path(__file__).parent / "guide_log_lines.txt"
    from providers import CATALOGUE

    lines = guide.read_text().splitlines()
    for entry in CATALOGUE[:3]:
        identity = entry.identity
        assert f"{identity.mark} {identity.announced_as} available for endpoint_name" in lines


async def test_c03_an_entry_of_another_make_is_a_miss(clock: TurnedClock) -> None:
    """C03: what another version wrote is not misread."""
    house = House(clock, fakes(["New."]))
    for foreign in ({"make": 99}, "text", ["list"], None):
        house.cache.set("key", foreign)
        assert (await house.ask(freshness=Freshness(max_age_s=0))).cache == "MISS"


def test_only_a_refusal_ends_the_search() -> None:
    """The table of verdicts, whole."""
    assert {kind for kind in FailureKind if VERDICTS[kind].gives_up} == {K.CONTENT_FILTER}


@given(remaining_s=st.floats(-100, 1000), others=st.integers(0, 10))
def test_an_attempt_never_gets_less_than_it_needs(remaining_s: float, others: int) -> None:
    """Nor more than there is, as long as there is enough."""
    share_s = share_of_time(remaining_s, others)
    assert share_s >= 3
    assert share_s <= max(3, remaining_s)


def test_no_attempt_holds_a_key_or_a_body() -> None:
    """What is reported is made of our own words."""
    error = ProviderError(K.AUTH, status=401, code="invalid_api_key")
    assert re.fullmatch(r"[\w ]+ \(401, invalid_api_key\)", str(error))


async def test_a_question_counts_as_one_hit_or_one_miss(clock: TurnedClock) -> None:
    """However often the cache is looked into on its way."""
    house = House(clock, fakes([]))
    for key in ("one", "two", "one"):
        await house.ask(key)
    stats = house.cache.stats()
    assert (stats["hits"], stats["misses"]) == (1, 2)
