"""The waiting room: in order, in turn for the callers, with a limited number of seats, whoever leaves."""

import asyncio
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from waiting_room import NoSeat, WaitingRoom

pytestmark = pytest.mark.anyio


class Visit:
    """A request that waits for its turn, and keeps it until it is told to go."""

    def __init__(self, room: WaitingRoom, name: str, number: int, served: list[str]) -> None:
        self.name, self.number = name, number
        self.goes = asyncio.Event()
        self.has_turn = False
        self.task = asyncio.create_task(self._wait(room, served))

    async def _wait(self, room: WaitingRoom, served: list[str]) -> None:
        async with room.turn(self.name):
            self.has_turn = True
            served.append(f"{self.name}{self.number}")
            await self.goes.wait()
            self.has_turn = False


async def settled() -> None:
    """Everybody has had a chance to move."""
    for _ in range(10):
        await asyncio.sleep(0)


async def arrive(room: WaitingRoom, names: str) -> tuple[list[Visit], list[str]]:
    """One request for each letter of *names*, in this order; and the list of those served."""
    served: list[str] = []
    counts: Counter[str] = Counter()
    visits = []
    for name in names:
        counts[name] += 1
        visits.append(Visit(room, name, counts[name], served))
        await settled()
    return visits, served


async def leave_in_turn(visits: list[Visit]) -> None:
    """Let everybody go, one after the other."""
    for visit in visits:
        visit.goes.set()
    await asyncio.gather(*(visit.task for visit in visits), return_exceptions=True)


@pytest.mark.parametrize(
    ("names", "order"),
    [
        ("aaa", "a1 a2 a3"),
        ("abc", "a1 b1 c1"),
        ("aaaab", "a1 a2 b1 a3 a4"),
        ("aaaabbc", "a1 a2 b1 c1 a3 b2 a4"),
    ],
)
async def test_callers_take_turns_and_keep_their_own_order(names: str, order: str) -> None:
    """I15: whoever asks a lot waits behind whoever asks a little."""
    room = WaitingRoom()
    visits, served = await arrive(room, names)
    assert room.waiting == len(names)
    await leave_in_turn(visits)
    assert " ".join(served) == order
    assert room.is_empty
    assert room.waiting == 0


async def test_with_k_callers_nobody_gets_more_than_its_share() -> None:
    """I15: whatever the flood of one of them, while the others want something too."""
    room = WaitingRoom(seats=64)
    visits, served = await arrive(room, "a" * 20 + "bcd" * 4)
    await leave_in_turn(visits)
    first = Counter(name[0] for name in served[:16])
    assert max(first.values()) <= 2 * 16 / 4


async def test_a_caller_may_take_as_many_seats_as_it_leaves_free() -> None:
    """So there is always one for somebody else."""
    room = WaitingRoom(seats=8)
    visits, _ = await arrive(room, "a" * 5)
    with pytest.raises(NoSeat):
        async with room.turn("a"):
            pass
    others, _ = await arrive(room, "bcd")
    with pytest.raises(NoSeat):
        async with room.turn("e"):
            pass
    assert room.waiting == 8
    await leave_in_turn([*visits, *others])
    assert room.is_empty


async def test_how_many_come_before_a_newcomer_is_known() -> None:
    """For the time that it is told to come back after."""
    room = WaitingRoom()
    assert room.turns_before("a") == 0
    visits, _ = await arrive(room, "aaaab")
    assert room.turns_before("c") == 3  # whose turn it is, and one of each caller
    assert room.turns_before("b") == 4  # its own first one, and two of the other's
    assert room.turns_before("a") == 5
    await leave_in_turn(visits)


async def test_who_leaves_while_waiting_takes_no_turn() -> None:
    """The line moves up."""
    room = WaitingRoom()
    visits, served = await arrive(room, "abab")
    visits[1].task.cancel()
    visits[2].task.cancel()
    await settled()
    assert room.waiting == 2
    await leave_in_turn(visits)
    assert served == ["a1", "b2"]
    assert room.is_empty


async def test_who_leaves_in_the_moment_of_being_called_passes_the_turn_on() -> None:
    """Nobody else waits for ever."""
    room = WaitingRoom()
    visits, served = await arrive(room, "abc")
    visits[0].goes.set()
    await asyncio.sleep(0)  # the first is woken, and calls the second
    visits[1].task.cancel()
    await settled()
    assert visits[1].task.cancelled()
    visits[2].goes.set()
    await asyncio.gather(*(visit.task for visit in visits), return_exceptions=True)
    assert served[-1] == "c1"
    assert room.is_empty


async def test_who_has_left_but_does_not_know_it_yet_is_not_called() -> None:
    """A cancelled wait is seen before its task has run."""
    room = WaitingRoom()
    visits, served = await arrive(room, "abb")
    visits[0].goes.set()  # the first is woken before the second is
    visits[1].task.cancel()
    visits[2].goes.set()
    await asyncio.gather(*(visit.task for visit in visits), return_exceptions=True)
    assert served == ["a1", "b2"]
    assert room.is_empty


moves = st.lists(
    st.one_of(
        st.tuples(st.just("come"), st.sampled_from("abc")),
        st.tuples(st.just("go"), st.just("")),
        st.tuples(st.just("give up"), st.integers(0, 30).map(str)),
        st.tuples(st.just("pause"), st.integers(0, 3).map(str)),
    ),
    max_size=60,
)


@settings(max_examples=200, deadline=None)
@given(moves)
def test_whatever_they_do_one_has_the_turn_and_nobody_is_forgotten(
    moves: list[tuple[str, str]],
) -> None:
    """I11: at the end the room is empty, and everybody who stayed was served."""

    async def main() -> None:
        room, served, visits = WaitingRoom(seats=10), list[str](), list[Visit]()
        for number, (move, what) in enumerate(moves):
            if move == "come":
                visits.append(Visit(room, what, number, served))
            elif move == "go":
                for visit in visits:
                    visit.goes.set()
            elif move == "give up" and visits:
                visits[int(what) % len(visits)].task.cancel()
            elif move == "pause":
                for _ in range(int(what)):
                    await asyncio.sleep(0)
            inside = [v for v in visits if v.has_turn and not v.task.done()]
            assert len(inside) <= 1
            assert room.waiting <= 10
        await leave_in_turn(visits)
        assert room.is_empty
        assert room.waiting == 0
        for visit in visits:
            if not visit.task.cancelled() and visit.task.exception() is None:
                assert f"{visit.name}{visit.number}" in served
            elif not visit.task.cancelled():
                assert isinstance(visit.task.exception(), NoSeat)

    asyncio.run(main())
