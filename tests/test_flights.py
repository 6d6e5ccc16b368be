"""Equal work that is under way: done once, heard by all, ended when nobody waits."""

import asyncio

import pytest

from flights import Flights, Hear

pytestmark = pytest.mark.anyio


async def test_equal_work_is_done_once_for_all_who_ask() -> None:
    """500 askers, one piece of work, one outcome."""
    flights, begun, gate = Flights(), 0, asyncio.Event()

    async def work() -> str:
        nonlocal begun
        begun += 1
        await gate.wait()
        return "done"

    askers = [asyncio.create_task(flights.join("key", work)) for _ in range(500)]
    await asyncio.sleep(0)
    gate.set()
    outcomes = await asyncio.gather(*askers)
    assert begun == 1
    assert {outcome for outcome, _ in outcomes} == {"done"}
    assert sum(joined for _, joined in outcomes) == 499


async def test_askers_may_leave_without_harm_to_the_others() -> None:
    """Not even the first one is missed."""
    flights, gate = Flights(), asyncio.Event()

    async def work() -> str:
        await gate.wait()
        return "done"

    askers = [asyncio.create_task(flights.join("key", work)) for _ in range(10)]
    await asyncio.sleep(0)
    for leaving in askers[:9]:
        leaving.cancel()
    await asyncio.wait(askers[:9])
    gate.set()
    assert await askers[9] == ("done", True)


async def test_when_the_last_asker_leaves_the_work_ends() -> None:
    """And the next asker begins anew."""
    flights, ended = Flights(), asyncio.Event()

    async def endless() -> str:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return "never"

    asker = asyncio.create_task(flights.join("key", endless))
    await asyncio.sleep(0)
    asker.cancel()
    await asyncio.wait([asker])
    await asyncio.wait_for(ended.wait(), 5)

    async def quick() -> str:
        return "anew"

    assert await flights.join("key", quick) == ("anew", False)


async def test_a_failure_is_shared_and_then_forgotten() -> None:
    """One attempt for all who waited; the next asker tries again."""
    flights, begun = Flights(), 0

    async def failing() -> str:
        nonlocal begun
        begun += 1
        await asyncio.sleep(0)
        raise ZeroDivisionError

    outcomes = await asyncio.gather(
        *(flights.join("key", failing) for _ in range(5)), return_exceptions=True
    )
    assert begun == 1
    assert all(isinstance(outcome, ZeroDivisionError) for outcome in outcomes)
    with pytest.raises(ZeroDivisionError):
        await flights.join("key", failing)
    assert begun == 2


async def test_whoever_comes_hears_every_piece_from_the_beginning() -> None:
    """Also the one who joins when half of it is told."""
    flights, gate = Flights(), asyncio.Event()

    async def telling(hear: Hear) -> str:
        hear("once ")
        await gate.wait()
        hear("upon")
        return "once upon"

    async def listen() -> tuple[list[str], bool]:
        with flights.board("key", telling) as (flight, joined):
            heard: list[str] = []
            while not (flight.task.done() and len(heard) == len(flight.pieces)):
                await flight.news(len(heard), timeout_s=60)
                heard += flight.pieces[len(heard) :]
                if heard == ["once "]:
                    asyncio.get_running_loop().call_soon(gate.set)
            return heard, joined

    early, late = asyncio.create_task(listen()), asyncio.create_task(listen())
    assert await early == (["once ", "upon"], False)
    assert await late == (["once ", "upon"], True)


async def test_waiting_for_news_ends_after_the_time_given() -> None:
    """So that a reader can be told that it goes on."""
    flights = Flights()

    async def silent(_: Hear) -> None:
        await asyncio.Event().wait()

    with flights.board("key", silent) as (flight, _):
        await flight.news(0, timeout_s=0.01)
        assert not flight.pieces
        assert not flight.task.done()
    assert flights._under_way == {}


async def test_old_news_is_given_at_once() -> None:
    """What is there already, or over, is not waited for."""
    flights = Flights()

    async def short(hear: Hear) -> None:
        hear("one")

    with flights.board("key", short) as (flight, _):
        await flight.news(0, timeout_s=60)
        await flight.news(0, timeout_s=60)
        await flight.news(1, timeout_s=60)
        await flight.news(1, timeout_s=60)
        assert flight.task.done()


async def test_two_pieces_in_one_moment_wake_a_reader_once() -> None:
    """It finds both."""
    flights = Flights()

    async def quick(hear: Hear) -> None:
        await asyncio.sleep(0)
        hear("one")
        hear("two")
        await asyncio.Event().wait()

    with flights.board("key", quick) as (flight, _):
        await flight.news(0, timeout_s=60)
        assert flight.pieces == ["one", "two"]
