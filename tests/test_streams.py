"""Answers that are read while they are written: held back, passed on, shared, replaced or interrupted."""

import asyncio
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from answers import LOCAL, AllProvidersFailed, Interrupted, Origin, OutOfTime, Routed
from cache import Freshness
from failover import Attempt, Patience
from notices import Answered
from providers.base import Emit
from providers.completion import Completion, Delta
from providers.errors import FailureKind
from providers.fake import FakeUpstream, Pieces
from providers.prompt import Prompt
from streams import LARGEST_BEGINNING, Opening, Stream
from tests.doubles import TurnedClock
from tests.test_router import PROMPT, House, fakes

pytestmark = pytest.mark.anyio
K = FailureKind
ORIGIN = Origin(
    provider="first", model="m", attempts=(Attempt("first", "First", "m", "m", elapsed_s=1.5),)
)


def hearing(*deltas: Delta) -> tuple[Opening, list[object]]:
    """An opening that was given *deltas*, and what was passed on."""
    heard: list[object] = []
    opening = Opening(heard.append, lambda: ORIGIN)
    for delta in deltas:
        opening.emit(delta)
    return opening, heard


def test_nothing_is_passed_on_before_the_first_content() -> None:
    """Until then another provider can take over, and nobody notices."""
    opening, heard = hearing(Delta(reasoning="Hm."), Delta())
    assert heard == []
    assert not opening.has_begun
    assert opening.began_s is None


def test_with_the_first_content_everything_is_passed_on() -> None:
    """Where it comes from first, then what was held back, and from then on each piece at once."""
    pieces = Delta(reasoning="Hm."), Delta(text="A"), Delta(text="B")
    opening, heard = hearing(*pieces)
    assert heard == [ORIGIN, *pieces]
    assert opening.has_begun
    assert opening.began_s == 1.5


def test_endless_thoughts_are_not_all_held_back() -> None:
    """Those beyond the limit are dropped; the answer itself never is."""
    many = [Delta(reasoning="x" * (LARGEST_BEGINNING // 2)) for _ in range(3)]
    _, heard = hearing(*many, Delta(text="Answer."))
    assert heard == [ORIGIN, *many[:2], Delta(text="Answer.")]


async def read(stream: Stream) -> str:
    """All of its text, piece by piece."""
    text = ""
    while True:
        await stream.wait(60)
        pieces = stream.take()
        text += "|".join([piece.text for piece in pieces if piece.text])
        if not pieces and stream.is_over:
            return text
        text += "/" if pieces else ""


class Telling(FakeUpstream):
    """Gives its pieces one by one, each when it is told to."""

    def __init__(self, *pieces: str) -> None:
        super().__init__("first")
        self.pieces = pieces
        self.goes_on = asyncio.Semaphore(0)

    async def complete(
        self, prompt: Prompt, *, timeout_s: float, emit: Emit | None = None
    ) -> Completion:
        """See `Upstream.complete`."""
        assert emit is not None
        for piece in self.pieces:
            await self.goes_on.acquire()
            emit(Delta(text=piece))
        return Completion("".join(self.pieces), "stop", self.model)


def question(house: House, **more: Any) -> AbstractAsyncContextManager[Stream]:
    """A stream of the answer to one question."""

    async def frame() -> Prompt:
        return PROMPT

    return house.router.stream("key", frame, name="plan", **more)


async def test_pieces_come_as_they_are_written(clock: TurnedClock) -> None:
    """And their origin is known with the first of them."""
    telling = Telling("A", "B")
    house = House(clock, [telling])
    async with question(house) as stream:
        await stream.wait(0.01)
        assert stream.take() == []
        before = stream.origin
        assert before is None
        for piece in telling.pieces:
            telling.goes_on.release()
            await stream.wait(60)
            assert [delta.text for delta in stream.take()] == [piece]
            assert stream.origin is not None
            assert stream.origin.provider == "first"
        await stream.wait(60)
        assert stream.take() == []
        assert stream.outcome().completion.text == "AB"
    assert house.cache.get("key")["completion"]["text"] == "AB"


async def test_a_failure_before_the_first_content_is_invisible(clock: TurnedClock) -> None:
    """The next provider's answer is all that the reader sees."""
    house = House(clock, fakes([Pieces((), K.RESET)], ["Second."]))
    async with question(house) as stream:
        assert await read(stream) == "Second./"
        assert stream.origin is not None
        assert [attempt.failure for attempt in stream.origin.attempts] == [K.RESET, None]


async def test_a_failure_after_it_ends_the_answer(clock: TurnedClock) -> None:
    """Nobody else goes on with it, and it is not kept."""
    house = House(clock, fakes([Pieces(("Half",), K.RESET)], ["Second."]))
    heard: list[str] = []

    async def listen() -> None:
        async with question(house) as stream:
            while True:
                await stream.wait(60)
                heard.extend(delta.text for delta in stream.take())

    with pytest.raises(Interrupted, match="First broke off: the connection closed") as broken:
        await listen()
    assert heard == ["Half"]
    assert broken.value.kind is K.RESET
    assert house.upstreams[1].prompts == []
    assert house.cache.look_up("key") is None


async def test_without_pieces_what_fails_on_the_way_is_made_good(clock: TurnedClock) -> None:
    """It is written whole before any of it can be read."""
    house = House(clock, fakes([Pieces(("Half",), K.RESET)], ["Second."]))
    async with question(house, in_pieces=False) as stream:
        assert await read(stream) == "Second./"


async def test_a_cached_answer_is_a_stream_as_well(clock: TurnedClock) -> None:
    """Over at once."""
    house = House(clock, fakes(["Kept."]))
    await house.ask()
    async with question(house) as stream:
        assert stream.is_over
        await stream.wait(60)
        assert await read(stream) == "Kept./"
        assert stream.origin is not None
        assert stream.origin.cache == "HIT"
        assert (await stream.whole()).cache == "HIT"


async def test_who_joins_reads_from_the_beginning(clock: TurnedClock) -> None:
    """And is told that it has joined; each reads at its own pace."""
    telling = Telling("A", "B")
    house = House(clock, [telling])

    async def reader() -> tuple[str, str]:
        async with question(house) as stream:
            text = await read(stream)
            assert stream.origin is not None
            return text, stream.origin.cache

    first = asyncio.create_task(reader())
    telling.goes_on.release()
    await asyncio.sleep(0.01)
    second = asyncio.create_task(reader())
    await asyncio.sleep(0.01)
    telling.goes_on.release()
    assert await first == ("A/B/", "MISS")
    assert await second == ("A/B/", "JOINED")


async def test_a_reader_may_leave_before_the_end(clock: TurnedClock) -> None:
    """Nobody reads any more, so nothing is written any more."""
    telling = Telling("A", "B")
    house = House(clock, [telling])
    told: list[object] = []
    house.router.notices.listeners.append(told.append)
    async with question(house) as stream:
        telling.goes_on.release()
        await stream.wait(60)
        assert [delta.text for delta in stream.take()] == ["A"]
    assert house.cache.flights._under_way == {}
    assert not any(isinstance(notice, Answered) for notice in told)


async def test_a_stream_raises_what_the_router_raises(clock: TurnedClock) -> None:
    """To everybody who reads it."""
    house = House(clock, fakes([K.OVERLOADED]))
    with pytest.raises(AllProvidersFailed):
        async with question(house) as stream:
            await stream.whole()


async def test_a_reader_may_take_less_time_than_there_is(clock: TurnedClock) -> None:
    """Its own limit ends it."""
    house = House(clock, [Telling("A")])
    with pytest.raises(OutOfTime, match=r"within 0.05 s"):
        async with question(house, timeout_s=0.05) as stream:
            await stream.whole()
    assert house.cache.flights._under_way == {}


async def test_a_time_limit_of_the_readers_own_is_not_ours(clock: TurnedClock) -> None:
    """It comes out as it is."""
    with pytest.raises(TimeoutError, match="its own"):
        async with question(House(clock, [Telling("A")])):
            raise TimeoutError("its own")


def test_a_stream_may_take_a_minute_longer_than_a_whole_answer() -> None:
    """It is read meanwhile."""
    assert Patience(75, 135).for_a_stream() == Patience(75, 195)


async def test_a_private_stream_is_its_readers_own(clock: TurnedClock) -> None:
    """Nothing is read from the cache, kept, or shared."""
    house = House(clock, fakes(["One.", "Two."]))
    private = Freshness(may_read=False, may_store=False)
    for expected in ("One./", "Two./"):
        async with question(house, freshness=private) as stream:
            assert await read(stream) == expected
    assert house.cache.look_up("key") is None


async def test_a_draft_can_be_read_in_pieces_too(clock: TurnedClock) -> None:
    """Its origin says that it is one."""
    house = House(clock, [], local=FakeUpstream(LOCAL, [Pieces(("A", "draft"))]))
    async with question(house) as stream:
        assert (await read(stream)).replace("/", "").replace("|", "") == "Adraft"
        assert stream.origin is not None
        assert stream.origin.is_draft


def test_a_whole_answer_knows_how_it_is_read() -> None:
    """As one piece, and over."""
    routed = Routed(provider="p", model="m", completion=Completion("Text.", "stop", "m"))
    stream = Stream(routed, joined=True)
    assert stream.is_over
    assert "".join(delta.text for delta in stream.take()) == "Text."
    assert stream.take() == []
    assert stream.outcome() is routed
