"""Several keys of one provider: a refused one is set aside, the next one is used, and nobody gets more quota."""

import asyncio
from pathlib import Path

import pytest

from answers import AllProvidersFailed, RateLimited
from failover import Patience
from providers.errors import FailureKind
from sandbox.running import RunningSandbox
from storage.ledger import Limits
from storage.sqlite import FILE_NAME, SqliteStore
from tests.faults.conftest import Build, House

pytestmark = pytest.mark.anyio
K = FailureKind
NAMES = ("gemini", "openrouter", "cloudflare")
REFUSED = "refused-key-0001"
ALSO_REFUSED = "refused-key-0002"


def with_spares(sandbox: RunningSandbox, name: str, *before: str) -> dict[str, str]:
    """The keys *before* the one that the stand-in of *name* takes."""
    return {name: ",".join([*before, sandbox.env[f"{name.upper()}_API_KEY"]])}


async def failures(house: House, question: str) -> list[FailureKind | None]:
    """How each attempt of one request ended; None for the one that answered."""
    return [attempt.failure for attempt in (await house.ask(question)).attempts]


@pytest.mark.parametrize("name", NAMES)
async def test_h07_a_spare_key_answers_the_request_whose_key_was_refused(
    build: Build, sandbox: RunningSandbox, name: str
) -> None:
    """With the same model, and without another call under the refused one."""
    house = build(name, keys=with_spares(sandbox, name, REFUSED))
    first = await house.ask("one")
    assert [(a.failure, a.asked) for a in first.attempts] == [
        (K.AUTH, first.attempts[1].asked),
        (None, first.attempts[1].asked),
    ]
    assert await failures(house, "two") == [None]
    assert await failures(house, "three") == [None]


async def test_h07_a_refused_key_is_asked_about_every_quarter_of_an_hour(
    build: Build, sandbox: RunningSandbox
) -> None:
    """It comes back when the provider takes it again."""
    house = build("gemini", keys=with_spares(sandbox, "gemini", REFUSED))
    await house.ask("one")
    house.clock.turn(890)
    assert await failures(house, "two") == [None]
    house.clock.turn(20)
    assert await failures(house, "three") == [K.AUTH, None]
    assert await failures(house, "four") == [None]


async def test_one_request_tries_two_keys_and_the_next_one_goes_on(
    build: Build, sandbox: RunningSandbox
) -> None:
    """I3: no request makes more than two calls to one provider."""
    house = build("gemini", keys=with_spares(sandbox, "gemini", REFUSED, ALSO_REFUSED))
    with pytest.raises(AllProvidersFailed, match="the API key was refused"):
        await house.ask("one")
    assert len(sandbox.calls("gemini")) == 2
    assert await failures(house, "two") == [None]


async def test_a_provider_without_a_good_key_is_left_alone(
    build: Build, sandbox: RunningSandbox
) -> None:
    """All its models, and the others answer meanwhile."""
    house = build(keys={"gemini": f"{REFUSED},{ALSO_REFUSED}"})
    assert await failures(house, "one") == [K.AUTH, K.AUTH, None]
    later = await house.ask("two")
    assert [attempt.provider for attempt in later.attempts] == ["openrouter"]
    assert [skipped.reason for skipped in later.skipped] == [K.AUTH.value]
    assert len(sandbox.calls("gemini")) == 2


@pytest.mark.parametrize(("error", "kind"), [("credits", K.CREDITS), ("data_policy", K.ACCESS)])
async def test_what_is_wrong_with_an_account_is_held_against_its_key(
    build: Build, sandbox: RunningSandbox, error: str, kind: FailureKind
) -> None:
    """The spare may be another account's, so it is tried."""
    keys = {"openrouter": f"{sandbox.env['OPENROUTER_API_KEY']},{REFUSED}"}
    house = build("openrouter", keys=keys)
    sandbox.fail("openrouter", error=error, path="chat/completions")
    with pytest.raises(AllProvidersFailed) as caught:
        await house.ask("one")
    assert [attempt.failure for attempt in caught.value.attempts] == [kind, K.AUTH]


async def test_spare_keys_are_no_more_quota(build: Build, sandbox: RunningSandbox) -> None:
    """A day that is used up is not gone on with under the next key."""
    keys = {"gemini": sandbox.env["GEMINI_API_KEY"] + "," + REFUSED}
    house = build("gemini", keys=keys, limits=Limits(per_minute=100, per_day=3))
    for n in range(3):
        await house.ask(f"{n}")
    with pytest.raises(RateLimited, match="daily quota"):
        await house.ask("one too many")
    assert len(sandbox.calls("gemini")) == 3


async def test_a_quota_that_the_provider_says_is_over_is_over_for_the_spares_too(
    build: Build, sandbox: RunningSandbox
) -> None:
    """It counts by project or account."""
    keys = {"gemini": sandbox.env["GEMINI_API_KEY"] + "," + REFUSED}
    house = build("gemini", keys=keys)
    sandbox.fail("gemini", error="daily_quota")
    with pytest.raises(AllProvidersFailed):
        await house.ask("one")
    assert len(sandbox.calls("gemini")) == 1


async def test_i1_a_spare_key_waits_for_the_interval_like_any_call(
    build: Build, sandbox: RunningSandbox
) -> None:
    """The refused call was a call."""
    house = build(
        "openrouter",
        keys=with_spares(sandbox, "openrouter", REFUSED),
        interval_s=60,
        patience=Patience(75, 135),
    )
    begin_s = house.clock.monotonic()
    assert await failures(house, "one") == [K.AUTH, None]
    assert house.clock.monotonic() - begin_s >= 60


async def test_openrouters_own_count_is_read_under_the_key_that_is_used(
    build: Build, sandbox: RunningSandbox
) -> None:
    """A refused key is told nothing."""
    house = build("openrouter", keys=with_spares(sandbox, "openrouter", REFUSED))
    await house.ask("one")
    await asyncio.gather(*house.router.meters._readings)  # which go on beside the answer
    meters = [call.status for call in sandbox.calls("openrouter") if call.method == "GET"]
    assert sorted(meters) == [200, 401]


async def test_a_restart_picks_up_a_changed_key_at_once(
    build: Build, sandbox: RunningSandbox, tmp_path: Path
) -> None:
    """What is held against the old one is not held against the new one; the old one stays aside."""
    store = SqliteStore(tmp_path / FILE_NAME)
    house = build("gemini", "openrouter", store=store, keys={"gemini": REFUSED})
    assert (await house.ask("one")).provider == "openrouter"
    store.close()
    store = SqliteStore(tmp_path / FILE_NAME)
    same = build("gemini", "openrouter", store=store, keys={"gemini": REFUSED})
    assert (await same.ask("two")).provider == "openrouter"
    assert len(sandbox.calls("gemini")) == 1
    mended = build("gemini", "openrouter", store=store)
    assert await failures(mended, "three") == [None]
    assert (await mended.ask("four")).provider == "gemini"
    names: list[bytes | None] = []
    store.update("ledger:gemini", names.append)
    assert b"key:" in (names[0] or b"")
    for key in (REFUSED, sandbox.env["GEMINI_API_KEY"]):
        assert key.encode() not in (names[0] or b"")
    store.close()


async def test_the_log_says_which_key_it_was_and_not_the_key(
    build: Build, sandbox: RunningSandbox, caplog: pytest.LogCaptureFixture
) -> None:
    """By its place."""
    house = build("gemini", keys=with_spares(sandbox, "gemini", REFUSED))
    await house.ask("one")
    assert "🔑 Key 1 of 2 of Google Gemini is set aside" in caplog.messages
    assert REFUSED not in caplog.text
