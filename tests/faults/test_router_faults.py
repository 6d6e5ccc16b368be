"""The faults of the catalogue, by their ids, as a caller meets them: over real sockets, on turned time."""

import asyncio
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from answers import AllProvidersFailed, Declined, RateLimited, Unanswered, Unfit
from cache import Freshness
from failover import Patience
from providers.errors import FailureKind
from providers.health import Circuits
from sandbox.running import RunningSandbox, running_sandbox
from storage.ledger import Limits
from storage.sqlite import FILE_NAME, SqliteStore
from tests.doubles import TurnedClock
from tests.faults.conftest import Build

pytestmark = pytest.mark.anyio
K = FailureKind
HOUR_S = 3600.0


def refused_address() -> str:
    """An address on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


async def test_t01_a_dead_first_provider_costs_fifty_callers_nothing(
    build: Build, sandbox: RunningSandbox
) -> None:
    """All are answered by the second, and the dead one is left alone once its circuit is open."""
    house = build(gemini=refused_address())
    answers = await asyncio.gather(*(house.ask(f"{n}") for n in range(50)))
    assert {answer.provider for answer in answers} == {"openrouter"}
    later = await house.ask("later")
    assert [attempt.provider for attempt in later.attempts] == ["openrouter"]
    assert "circuit open" in later.skipped[0].reason
    assert house.router.circuit(house.router.upstreams[0])[1] <= 5  # however many failed at once


async def test_recovery_after_a_minutes_outage_is_quick_and_cheap(
    build: Build, sandbox: RunningSandbox
) -> None:
    """Back on the first provider within thirty seconds, with eight probes at the most meanwhile."""
    house = build("gemini", "openrouter")
    house.router.circuits = house.router.slots.circuits = Circuits(lambda: 1.0)
    sandbox.fail("gemini", status=500, body={"error": {"code": 500, "status": "INTERNAL"}})
    for n in range(60):
        await house.ask(f"out {n}")
        house.clock.turn(1)
    failed = len(sandbox.calls("gemini"))
    sandbox.heal()
    waited_s = 0
    while (await house.ask(f"back {waited_s}")).provider != "gemini":
        house.clock.turn(1)
        waited_s += 1
    assert failed - 5 <= 8
    assert waited_s <= 30


async def test_t03_h05_a_single_provider_is_asked_once_more_after_a_hiccup(
    build: Build, sandbox: RunningSandbox
) -> None:
    """A reset or a 500, once: the caller sees an answer."""
    house = build("gemini")
    sandbox.fail("gemini", times=1, reset=True)
    assert [a.failure for a in (await house.ask("one")).attempts] == [K.RESET, None]
    sandbox.fail("gemini", times=1, error="internal")
    assert [a.failure for a in (await house.ask("two")).attempts] == [K.SERVER_ERROR, None]
    assert len(sandbox.calls("gemini")) == 4


async def test_t04_a_silent_provider_is_asked_exactly_once(
    build: Build, sandbox: RunningSandbox
) -> None:
    """Asking it again would only multiply the wait."""
    house = build(silent=("gemini",))
    sandbox.fail("gemini", hang=True)
    answer = await house.ask("one")
    assert [a.failure for a in answer.attempts] == [K.TIMEOUT, None]
    alone = build("gemini", silent=("gemini",))
    with pytest.raises(AllProvidersFailed):
        await alone.ask("two")
    assert len(sandbox.calls("gemini")) == 2


async def test_h01_a_short_hint_is_waited_for(build: Build, sandbox: RunningSandbox) -> None:
    """Two seconds, when there is nobody else."""
    house = build("openrouter")
    sandbox.fail(
        "openrouter", times=1, status=429, body={"error": {}}, headers={"Retry-After": "2"}
    )
    begin_s = house.clock.monotonic()
    answer = await house.ask("one")
    assert [a.failure for a in answer.attempts] == [K.MINUTE_LIMIT, None]
    assert house.clock.monotonic() - begin_s >= 2.0


async def test_h02_a_limit_without_a_hint_is_left_alone_for_longer_each_time(
    build: Build, sandbox: RunningSandbox
) -> None:
    """One call in each cooldown: half a minute, a minute, two."""
    house = build()
    sandbox.fail("gemini", status=429, body={"error": {"code": 429, "message": "Slow down."}})
    gaps_s, last_s = [], None
    for n in range(400):
        answer = await house.ask(f"{n}")
        assert answer.provider == "openrouter"
        if any(attempt.provider == "gemini" for attempt in answer.attempts):
            if last_s is not None:
                gaps_s.append(house.clock.monotonic() - last_s)
            last_s = house.clock.monotonic()
        house.clock.turn(1)
    assert gaps_s[:3] == [
        pytest.approx(30, abs=1),
        pytest.approx(60, abs=1),
        pytest.approx(120, abs=1),
    ]


async def test_h03_daily_wins_over_minute_and_lasts_until_midnight_in_california(
    build: Build, sandbox: RunningSandbox
) -> None:
    """Whatever the short hint beside it says."""
    house = build()
    violations = [
        {"quotaId": "GenerateRequestsPerMinutePerProjectPerModel-FreeTier", "quotaValue": "5"},
        {"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier", "quotaValue": "20"},
    ]
    details = [
        {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": violations},
        {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "21s"},
    ]
    body = {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "details": details}}
    sandbox.fail("gemini", times=1, status=429, body=body)
    assert (await house.ask("one")).provider == "openrouter"
    midnight = datetime(2027, 1, 16, 8, tzinfo=UTC).timestamp()  # 00:00 in California
    house.clock.turn(midnight - house.clock.time() - 5)
    assert (await house.ask("two")).provider == "openrouter"
    house.clock.turn(10)
    assert (await house.ask("three")).provider == "gemini"
    assert len(sandbox.calls("gemini")) == 2


@pytest.mark.parametrize("error", ["neurons_4006", "neurons_3036"])
async def test_h04_cloudflares_daily_allocation_is_over_until_midnight_utc(
    build: Build, sandbox: RunningSandbox, error: str
) -> None:
    """Under either of its two codes."""
    house = build("cloudflare", "openrouter")
    house.router.upstreams = tuple(reversed(house.router.upstreams))
    sandbox.fail("cloudflare", error=error)
    await house.ask("one")
    calls = len(sandbox.calls("cloudflare"))
    house.clock.turn(HOUR_S)
    await house.ask("two")
    assert len(sandbox.calls("cloudflare")) == calls
    sandbox.heal()
    house.clock.turn(24 * HOUR_S)
    assert (await house.ask("three")).provider == "cloudflare"


async def test_h04_capacity_is_a_short_pause(build: Build, sandbox: RunningSandbox) -> None:
    """Code 3040: seconds, not a day."""
    house = build("cloudflare", "openrouter")
    house.router.upstreams = tuple(reversed(house.router.upstreams))
    sandbox.fail("cloudflare", times=2, error="capacity_3040")
    assert (await house.ask("one")).provider == "openrouter"
    house.clock.turn(6)
    assert (await house.ask("two")).provider == "cloudflare"


async def test_h06_a_persistent_503_opens_the_circuit(
    build: Build, sandbox: RunningSandbox
) -> None:
    """After five failures nobody calls."""
    house = build()
    sandbox.fail("gemini", error="overloaded")
    for n in range(5):
        await house.ask(f"{n}")
        house.clock.turn(6)
    calls = len(sandbox.calls("gemini"))
    house.clock.turn(-3)
    assert (await house.ask("open")).provider == "openrouter"
    assert len(sandbox.calls("gemini")) == calls == 5


async def test_h07_a_refused_key_is_set_aside_for_a_quarter_of_an_hour(
    build: Build, sandbox: RunningSandbox
) -> None:
    """Also for the process that comes after a restart: see the persistence tests."""
    house = build()
    sandbox.fail("gemini", error="invalid_key")
    for n in range(5):
        assert (await house.ask(f"{n}")).provider == "openrouter"
    assert len(sandbox.calls("gemini")) == 1
    house.clock.turn(900)
    await house.ask("probe")
    assert len(sandbox.calls("gemini")) == 2


async def test_h08_a_prompt_that_is_too_long_for_all_is_the_callers_fault(
    build: Build, sandbox: RunningSandbox
) -> None:
    """The largest context has spoken: nobody else is asked in vain, and nobody is blamed."""
    house = build()
    sandbox.fail("gemini", error="too_long")
    with pytest.raises(Unfit, match="too long"):
        await house.ask("one")
    assert [record.provider for record in sandbox.log] == ["gemini"]
    sandbox.heal()
    assert (await house.ask("two")).provider == "gemini"


async def test_h08_a_prompt_that_is_too_long_goes_to_the_next_larger_context(
    build: Build, sandbox: RunningSandbox
) -> None:
    """And to nobody of the same size or smaller."""
    house = build()
    house.router.upstreams = tuple(reversed(house.router.upstreams))
    sandbox.fail("cloudflare", error="too_large_3006")
    answer = await house.ask("one")
    assert [attempt.provider for attempt in answer.attempts] == ["cloudflare", "gemini"]


async def test_h09_a_refusal_ends_the_search(build: Build, sandbox: RunningSandbox) -> None:
    """One call in total, and nothing kept."""
    house = build()
    sandbox.fail("gemini", blocked="PROHIBITED_CONTENT")
    with pytest.raises(Declined):
        await house.ask("one")
    assert [record.provider for record in sandbox.log] == ["gemini"]
    assert house.router.cache.look_up("one") is None


async def test_h11_spent_credits_are_asked_about_once_an_hour(
    build: Build, sandbox: RunningSandbox
) -> None:
    """And not on every request."""
    house = build("openrouter", "cloudflare")
    sandbox.fail("openrouter", error="credits")
    for n in range(4):
        assert (await house.ask(f"{n}")).provider == "cloudflare"
        house.clock.turn(600)
    assert len([c for c in sandbox.calls("openrouter") if c.method == "POST"]) == 1
    house.clock.turn(HOUR_S)
    await house.ask("later")
    assert len([c for c in sandbox.calls("openrouter") if c.method == "POST"]) == 2


async def test_h11_a_provider_that_says_when_it_has_credits_again_is_asked_then(
    build: Build, sandbox: RunningSandbox
) -> None:
    """402 with a hint: as told, and not an hour."""
    house = build("openrouter", "cloudflare")
    refusal = {"error": {"code": 402, "message": "Insufficient credits."}}
    sandbox.fail("openrouter", status=402, body=refusal, headers={"Retry-After": "90"})
    assert (await house.ask("one")).provider == "cloudflare"
    sandbox.heal()
    house.clock.turn(89)
    assert (await house.ask("two")).provider == "cloudflare"
    house.clock.turn(2)
    assert (await house.ask("three")).provider == "openrouter"


async def test_h16_a_model_outside_the_free_tier_is_not_asked_again_for_a_day(
    build: Build, sandbox: RunningSandbox
) -> None:
    """`limit: 0` does not go away at midnight."""
    house = build()
    sandbox.fail("gemini", error="limit_zero")
    for _ in range(6):
        assert (await house.ask(f"{house.clock.time()}")).provider == "openrouter"
        house.clock.turn(3.9 * HOUR_S)
    assert len(sandbox.calls("gemini")) == 1


@pytest.mark.parametrize(
    "fault",
    [
        {"html": True, "status": 200},
        {"status": 200, "body": {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED"}}},
        {"malformed": True},
        {"empty": "candidates"},
        {"finish": "RECITATION"},
        {"thinking_ate_budget": True},
        {"gzip_bomb": True},
        {"redirect": "http://127.0.0.1:1/"},
        {"cut_after_chunks": 2},
        {"error_midstream": True},
        {"stall_after_chunks": 1},
    ],
    ids=lambda fault: next(iter(fault)),
)
async def test_b01_to_b12_e01_to_e03_a_bad_answer_is_replaced_and_never_kept(
    build: Build, sandbox: RunningSandbox, fault: dict[str, Any]
) -> None:
    """The caller sees the next provider's whole answer, and only that is cached."""
    house = build(silent=("gemini",) if "stall_after_chunks" in fault else ())
    sandbox.fail("gemini", **fault)
    answer = await house.ask("one")
    assert answer.provider == "openrouter"
    cached = house.router.cache.get("one")
    assert cached["provider"] == "openrouter"
    assert cached["completion"]["text"] == answer.completion.text


async def test_b02_an_error_inside_a_200_is_the_error_that_it_says(
    build: Build, sandbox: RunningSandbox
) -> None:
    """A limit is a limit, whatever the status."""
    house = build("openrouter", "cloudflare")
    sandbox.fail("openrouter", error="quota_in_200")
    answer = await house.ask("one")
    assert answer.attempts[0].failure is K.CAPACITY  # of OpenRouter's shared pool


async def test_b06_numbers_that_json_does_not_have_do_not_spoil_an_answer(
    build: Build, sandbox: RunningSandbox
) -> None:
    """NaN in the usage is no usage."""
    house = build("openrouter")
    body = (
        '{"id":"g","model":"m","choices":[{"index":0,"finish_reason":"stop",'
        '"message":{"role":"assistant","content":"Fine."}}],"usage":{"prompt_tokens":NaN}}'
    )
    headers = {"content-type": "application/json"}
    sandbox.fail("openrouter", status=200, body=body, headers=headers)
    assert (await house.ask("one")).completion.text == "Fine."


async def test_q02_our_own_count_stops_before_the_providers_does(
    build: Build, sandbox: RunningSandbox
) -> None:
    """Twenty a day are twenty calls."""
    house = build("gemini", limits=Limits(per_minute=100, per_day=20))
    for n in range(20):
        await house.ask(f"{n}")
    with pytest.raises(RateLimited, match="daily quota"):
        await house.ask("one too many")
    assert len(sandbox.calls("gemini")) == 20


async def test_q04_following_retry_after_makes_the_next_request_succeed(
    build: Build, sandbox: RunningSandbox
) -> None:
    """I14: the time is neither too short nor much too long."""
    house = build(interval_s=60, patience=Patience(10, 40))
    for n in range(3):
        await house.ask(f"{n}")
        house.clock.turn(5)
    with pytest.raises(RateLimited) as limited:
        await house.ask("four")
    wait_s = limited.value.retry_after_s
    assert wait_s == pytest.approx(45, abs=1)
    assert wait_s is not None
    house.clock.turn(wait_s)
    assert (await house.ask("four")).provider == "gemini"


async def test_q12_what_was_never_sent_costs_nothing_of_the_day(
    build: Build, sandbox: RunningSandbox
) -> None:
    """A hundred refused connections: the quota is untouched; a hundred resets: it is spent."""
    dead = build("gemini", gemini=refused_address(), limits=Limits(per_minute=10_000, per_day=50))
    for n in range(100):
        with pytest.raises(Unanswered):
            await dead.ask(f"{n}")
        dead.clock.turn(400)
    upstream = dead.router.upstreams[0]
    ledger = await dead.router.limiter.ledger("gemini")
    now = dead.router.limiter.now()
    assert ledger.today(upstream.terms.allowance, upstream.model, now).calls == 0
    reset = build("gemini", limits=Limits(per_minute=10_000, per_day=50))
    sandbox.fail("gemini", reset=True)
    with pytest.raises(Unanswered):
        await reset.ask("one")
    ledger = await reset.router.limiter.ledger("gemini")
    spent = ledger.today(upstream.terms.allowance, upstream.model, reset.router.limiter.now()).calls
    assert spent == len(sandbox.calls("gemini")) > 0


async def test_c12_five_hundred_equal_misses_are_one_call(
    build: Build, sandbox: RunningSandbox
) -> None:
    """And any of the callers may leave."""
    house = build()
    askers = [asyncio.create_task(house.ask("equal")) for _ in range(500)]
    await asyncio.sleep(0)
    for leaving in askers[::7]:
        leaving.cancel()
    answers = await asyncio.gather(*askers, return_exceptions=True)
    stayed = [answer for answer in answers if not isinstance(answer, BaseException)]
    assert len(stayed) == 500 - len(askers[::7])
    assert len(sandbox.calls("gemini")) == 1


async def test_c14_a_private_question_leaves_no_trace(
    build: Build, sandbox: RunningSandbox
) -> None:
    """No read, no write, nobody joins."""
    house = build()
    private = Freshness(may_read=False, may_store=False)
    await asyncio.gather(house.ask("same", private), house.ask("same", private))
    assert len(sandbox.calls("gemini")) == 2
    assert house.router.cache.look_up("same") is None


async def test_holds_survive_a_restart(
    build: Build, sandbox: RunningSandbox, tmp_path: Path
) -> None:
    """A key that was refused, a day that is over: the next process knows."""
    store = SqliteStore(tmp_path / FILE_NAME)
    house = build(store=store)
    sandbox.fail("gemini", error="daily_quota")
    sandbox.fail("openrouter", error="no_credentials")
    assert (await house.ask("one")).provider == "cloudflare"
    store.close()
    again = build(store=SqliteStore(tmp_path / FILE_NAME))
    sandbox.clear_log()
    answer = await again.ask("two")
    assert [attempt.provider for attempt in answer.attempts] == ["cloudflare"]
    reasons = {skipped.provider: skipped.reason for skipped in answer.skipped}
    assert reasons == {"gemini": K.DAILY_LIMIT.value, "openrouter": K.AUTH.value}


async def test_k01_a_wall_clock_that_jumps_ends_no_pause(
    build: Build, sandbox: RunningSandbox
) -> None:
    """Neither forward nor back; only the cached answers grow old."""
    house = build()
    await house.ask("kept")
    sandbox.fail("gemini", error="invalid_key")
    await house.ask("one")
    house.clock.epoch_s += 25 * HOUR_S
    assert (await house.ask("two")).provider == "openrouter"
    house.clock.epoch_s -= 50 * HOUR_S
    assert (await house.ask("three")).provider == "openrouter"
    assert len(sandbox.calls("gemini")) == 2


async def test_l01_who_leaves_the_queue_takes_no_slot(
    build: Build, sandbox: RunningSandbox
) -> None:
    """And the line moves up."""
    house = build("gemini", interval_s=60, patience=Patience(300, 400))
    await house.ask("one")
    sleeping, clock = asyncio.Event(), house.clock

    class Standing(TurnedClock):
        async def sleep(self, duration_s: float) -> None:
            sleeping.set()
            await asyncio.Event().wait()

    house.router.slots.clock = Standing()
    house.router.slots.clock.monotonic_s = clock.monotonic_s
    waiting = asyncio.create_task(house.ask("two"))
    await sleeping.wait()
    assert house.router.slots.waiting == 1
    waiting.cancel()
    await asyncio.wait([waiting])
    assert house.router.slots.waiting == 0
    house.router.slots.clock = clock
    assert (await house.ask("three")).provider == "gemini"
    assert len(sandbox.calls("gemini")) == 2


async def test_t02_packets_that_vanish_cost_the_time_to_connect(
    build: Build, sandbox: RunningSandbox
) -> None:
    """A full backlog answers nobody: the next provider does, after the time to connect."""
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        address = deaf.getsockname()
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(address)
        house = build(gemini=f"http://127.0.0.1:{address[1]}", silent=("gemini",))
        answer = await house.ask("one")
        for filler in fillers:
            filler.close()
    assert [attempt.failure for attempt in answer.attempts] == [K.NOT_SENT, None]


async def test_p07_connections_that_died_while_we_were_frozen_are_replaced(build: Build) -> None:
    """The provider's end of an idle connection is gone; the question is asked on a new one."""
    first = running_sandbox(quotas="unlimited")
    sandbox = await asyncio.to_thread(first.__enter__)
    port = int(sandbox.url.rsplit(":", 1)[1])
    house = build("gemini", gemini=f"{sandbox.url}/gemini")
    assert (await house.ask("before")).provider == "gemini"
    await asyncio.to_thread(first.__exit__, None, None, None)
    house.clock.turn(600)
    second = running_sandbox(port=port, quotas="unlimited")
    await asyncio.to_thread(second.__enter__)
    assert (await house.ask("after")).provider == "gemini"
    await asyncio.to_thread(second.__exit__, None, None, None)
