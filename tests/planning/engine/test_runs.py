"""Runs: joined, watched, stopped, paused, taken up again, by one process or by several."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

import pytest

from answers import Declined
from cache import Freshness, ResponseCache
from callers import CALLER, Caller
from failover import Attempt
from planning.brief import Brief
from planning.engine import runs as module
from planning.engine.asking import Paused
from planning.engine.commission import Commission
from planning.engine.fence import Fences
from planning.engine.journal import Event, Journal
from planning.engine.run import Desk
from planning.engine.runs import RunFailed, Runs, RunStopped, TooManyRuns, UnknownRun
from planning.idea import Idea
from storage.memory import MemoryStore
from tests.doubles import TurnedClock

pytestmark = pytest.mark.anyio

DOCUMENT = {"score": {"score": 90, "errors": 0}, "text": "whole"}
Script = Callable[[Desk], Awaitable[Any]]


def commission(name: str = "One") -> Commission:
    idea = Idea(name, "Help", (), {}, "", ())
    return Commission(type="roadmap", brief=Brief(idea=idea, start=date(2027, 1, 1)))


class Scripted:
    """An engine that does what the test says, and counts how often it was asked."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.asked = 0

    async def write(self, commission: Commission, desk: Desk) -> Any:
        self.asked += 1
        return await self.script(desk)

    async def rewrite(
        self, commission: Commission, before: Any, part_id: str, remark: str, desk: Desk
    ) -> Any:
        """A document with one section, which says what was remarked."""
        sections = [{"id": part_id, "remark": remark}]
        return {**before, "document": {"sections": sections}, "findings": []}

    async def revise(
        self, commission: Commission, before: Any, part_id: str, markdown: str, desk: Desk
    ) -> Any:
        """A document with one section, as the founder wrote it."""
        sections = [{"id": part_id, "markdown": markdown}]
        return {**before, "document": {"sections": sections}, "findings": []}


class Gate:
    """A script that tells a stage and then waits until the test opens it."""

    def __init__(self) -> None:
        self.opened = asyncio.Event()
        self.reached = asyncio.Event()

    async def __call__(self, desk: Desk) -> Any:
        desk.tell("plan", calls={})
        self.reached.set()
        await self.opened.wait()
        await desk.go_on()
        desk.tell("section", id="summary", title="Summary")
        return DOCUMENT


async def at_once(desk: Desk) -> Any:
    desk.tell("plan", calls={})
    desk.tell("section", id="summary", title="Summary")
    return DOCUMENT


def made(
    engine: Scripted, clock: TurnedClock, store: MemoryStore | None = None, **options: Any
) -> Runs:
    """Runs of one process; several that share *store* are several processes."""
    store = store or MemoryStore()
    cache = ResponseCache(store=store, clock=clock)

    async def fences() -> Fences:
        return Fences.of(store)

    return Runs(engine, Journal(cache), fences, clock, **options)


async def kinds(runs: Runs, run_id: str, after: int | None = None) -> list[str]:
    return [event.kind async for event in runs.follow(run_id, after) if event]


async def test_a_run_tells_its_events_in_order_and_gives_its_document(clock: TurnedClock) -> None:
    runs = made(Scripted(at_once), clock)
    run_id = await runs.begin(commission())
    events = [event async for event in runs.follow(run_id) if event]
    assert [(e.id, e.kind) for e in events] == [(1, "plan"), (2, "section"), (3, "done")]
    assert events[-1].data == DOCUMENT["score"]
    assert await runs.document(run_id) == DOCUMENT
    assert await runs.commission(run_id) == commission()


async def test_an_equal_commission_joins_and_another_does_not(clock: TurnedClock) -> None:
    gate = Gate()
    engine = Scripted(gate)
    runs = made(engine, clock)
    first, second, other = [await runs.begin(commission(n)) for n in ("One", "One", "Two")]
    assert first == second
    assert first != other
    await gate.reached.wait()
    gate.opened.set()
    for heard in await asyncio.gather(kinds(runs, first), kinds(runs, second)):
        assert heard == ["plan", "section", "done"]
    await runs.outcome(other)
    assert engine.asked == 2


async def test_a_finished_run_is_not_written_again_within_a_day(clock: TurnedClock) -> None:
    engine = Scripted(at_once)
    runs = made(engine, clock)
    run_id = await runs.begin(commission())
    await runs.outcome(run_id)
    assert await runs.begin(commission()) == run_id
    assert await runs.outcome(run_id) == DOCUMENT
    assert engine.asked == 1
    clock.turn(25 * 3600)
    await runs.begin(commission())
    await runs.outcome(run_id)
    assert engine.asked == 2


async def test_no_cache_asks_for_a_run_of_its_own(clock: TurnedClock) -> None:
    engine = Scripted(at_once)
    runs = made(engine, clock)
    first = await runs.begin(commission())
    anew = await runs.begin(commission(), Freshness(may_read=False))
    assert first != anew
    await asyncio.gather(runs.outcome(first), runs.outcome(anew))
    assert engine.asked == 2


async def test_no_store_leaves_nothing_behind(clock: TurnedClock) -> None:
    store = MemoryStore()
    runs = made(Scripted(at_once), clock, store)
    run_id = await runs.begin(commission(), Freshness(may_store=False))
    assert await runs.outcome(run_id) == DOCUMENT
    assert store.holdings().entries == 0


async def test_the_id_cannot_be_guessed_from_the_commission(clock: TurnedClock) -> None:
    """It gives access to the document."""
    ids = [await made(Scripted(at_once), clock).id_of(commission()) for _ in range(2)]
    assert ids[0] != ids[1]


async def test_the_run_of_another_scope_cannot_be_found(clock: TurnedClock) -> None:
    runs = made(Scripted(at_once), clock)
    run_id = await runs.begin(commission())
    await runs.outcome(run_id)
    token = CALLER.set(Caller("key:b", "b"))
    try:
        assert await runs.id_of(commission()) != run_id
        with pytest.raises(UnknownRun):
            await runs.document(run_id)
        with pytest.raises(UnknownRun):
            await runs.stop(run_id)
    finally:
        CALLER.reset(token)


async def test_events_are_replayed_from_the_last_id(clock: TurnedClock) -> None:
    runs = made(Scripted(at_once), clock)
    run_id = await runs.begin(commission())
    await runs.outcome(run_id)
    assert await kinds(runs, run_id) == ["plan", "section", "done"]
    assert await kinds(runs, run_id, after=1) == ["section", "done"]
    assert await kinds(runs, run_id, after=3) == []


async def test_a_run_is_stopped_by_anybody_and_begins_anew_when_asked(clock: TurnedClock) -> None:
    gate = Gate()
    engine = Scripted(gate)
    runs = made(engine, clock)
    run_id = await runs.begin(commission())
    await gate.reached.wait()
    await runs.stop(run_id)
    with pytest.raises(RunStopped):
        await runs.outcome(run_id)
    assert await kinds(runs, run_id) == ["plan", "stopped"]
    assert (await runs.header(run_id)).state == "stopped"
    gate.opened.set()
    assert await runs.begin(commission()) == run_id
    assert await runs.outcome(run_id) == DOCUMENT
    # Ids go on counting; without one, a listener hears the last sitting.
    assert [e.id for e in await runs.events(run_id)] == [3, 4, 5]
    assert await kinds(runs, run_id, after=1) == ["stopped", "plan", "section", "done"]


async def test_a_run_goes_on_ten_minutes_after_its_last_listener_has_left(
    clock: TurnedClock,
) -> None:
    gate = Gate()
    runs = made(Scripted(gate), clock)
    run_id = await runs.begin(commission())
    await gate.reached.wait()
    clock.turn(599)
    await runs.touch(run_id)  # somebody asks how it stands
    clock.turn(599)
    gate.opened.set()
    assert await runs.outcome(run_id) == DOCUMENT


async def test_a_run_that_nobody_hears_pauses(clock: TurnedClock) -> None:
    gate = Gate()
    runs = made(Scripted(gate), clock)
    run_id = await runs.begin(commission())
    await gate.reached.wait()
    clock.turn(601)
    gate.opened.set()
    await runs._running[run_id].ended.wait()
    assert (await runs.events(run_id))[-1].data["why"] == "unheard"


async def test_a_listener_keeps_it_going_however_long_it_takes(clock: TurnedClock) -> None:
    gate = Gate()
    runs = made(Scripted(gate), clock)
    run_id = await runs.begin(commission())
    listener = asyncio.create_task(kinds(runs, run_id))
    await gate.reached.wait()
    clock.turn(5_000)
    gate.opened.set()
    assert await listener == ["plan", "section", "done"]


async def test_a_sitting_ends_at_the_platforms_limit(clock: TurnedClock) -> None:
    gate = Gate()
    runs = made(Scripted(gate), clock, limit_s=290)
    run_id = await runs.begin(commission())
    await gate.reached.wait()
    clock.turn(291)
    gate.opened.set()
    with pytest.raises(Paused) as paused:
        await runs.outcome(run_id)
    assert paused.value.why == "time"


async def test_when_the_service_ends_runs_pause(clock: TurnedClock, monkeypatch: Any) -> None:
    """At the next step, or a few seconds later if there is none."""
    monkeypatch.setattr(module, "WIND_DOWN_S", 0.01)
    at_its_step, waiting = Gate(), Gate()
    runs = made(Scripted(at_its_step), clock)
    first = await runs.begin(commission())
    await at_its_step.reached.wait()
    runs.wind_down()
    at_its_step.opened.set()
    assert (await kinds(runs, first))[-1] == "paused"
    runs = made(Scripted(waiting), clock)
    second = await runs.begin(commission())
    await waiting.reached.wait()
    runs.wind_down()
    assert (await kinds(runs, second))[-1] == "paused"
    with pytest.raises(Paused):
        await runs.outcome(second)
    await runs.aclose()


async def test_a_paused_run_is_taken_up_with_what_it_had_made(clock: TurnedClock) -> None:
    """Also after the restart of the service, and later than a day."""
    kept_for = []

    async def script(desk: Desk) -> Any:
        kept_for.append(desk.kept_for_s)
        desk.tell("stage", stage="writing")
        if len(kept_for) == 1:
            raise Paused("quota", "the day is over", 3_600.0)
        return DOCUMENT

    store = MemoryStore()
    before = made(Scripted(script), clock, store)
    run_id = await before.begin(commission())
    with pytest.raises(Paused):
        await before.outcome(run_id)
    assert (await before.events(run_id))[-1].data == {
        "why": "quota",
        "message": "the day is over",
        "resumes_in_s": 3600,
    }
    clock.turn(26 * 3600)
    after = made(Scripted(script), clock, store)
    assert await after.begin(commission()) == run_id
    assert await after.outcome(run_id) == DOCUMENT
    assert kept_for[0] == 0
    assert kept_for[1] > 26 * 3600


async def test_an_error_ends_the_run_and_is_told(clock: TurnedClock) -> None:
    async def declined(desk: Desk) -> Any:
        raise Declined((Attempt("gemini", "Gemini", "m", "m", 1.0, reason="safety"),))

    store = MemoryStore()
    runs = made(Scripted(declined), clock, store)
    run_id = await runs.begin(commission())
    with pytest.raises(Declined):
        await runs.outcome(run_id)
    assert (await runs.events(run_id))[-1].data["code"] == "Declined"
    with pytest.raises(RunFailed, match="safety"):
        await made(Scripted(declined), clock, store).outcome(run_id)


async def test_our_own_mistake_is_not_shown_but_logged(
    clock: TurnedClock, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(desk: Desk) -> Any:
        raise KeyError("a secret of the code")

    runs = made(Scripted(broken), clock)
    run_id = await runs.begin(commission())
    with pytest.raises(KeyError):
        await runs.outcome(run_id)
    assert "secret" not in str((await runs.events(run_id))[-1].data)
    assert "a run failed" in caplog.text


async def test_a_waiting_caller_may_give_up_waiting(clock: TurnedClock) -> None:
    gate = Gate()
    runs = made(Scripted(gate), clock)
    run_id = await runs.begin(commission())
    assert await runs.outcome(run_id, timeout_s=0.01) is None
    gate.opened.set()
    assert await runs.outcome(run_id) == DOCUMENT


async def test_silence_is_filled_with_beats(clock: TurnedClock) -> None:
    gate = Gate()
    runs = made(Scripted(gate), clock)
    run_id = await runs.begin(commission())
    heard: list[Event | None] = []
    async for event in runs.follow(run_id, beat_s=0.01):
        heard.append(event)
        if len(heard) == 3:
            gate.opened.set()
    assert heard[1:3] == [None, None]


async def test_too_many_at_once_are_refused(clock: TurnedClock, monkeypatch: Any) -> None:
    monkeypatch.setattr(module, "MOST_RUNNING", 1)
    gate = Gate()
    runs = made(Scripted(gate), clock)
    await runs.begin(commission("One"))
    with pytest.raises(TooManyRuns):
        await runs.begin(commission("Two"))
    await runs.aclose()


async def test_memory_is_bounded(clock: TurnedClock, monkeypatch: Any) -> None:
    """Older runs are read from the journal."""
    monkeypatch.setattr(module, "MOST_REMEMBERED", 2)
    runs = made(Scripted(at_once), clock)
    ids = [await runs.begin(commission(str(n))) for n in range(5)]
    for run_id in ids:
        assert await runs.outcome(run_id) == DOCUMENT
    assert len(runs._finished) == 2
    assert await kinds(runs, ids[0]) == ["plan", "section", "done"]


async def test_an_unknown_run_is_unknown(clock: TurnedClock) -> None:
    runs = made(Scripted(at_once), clock)
    for ask in (runs.header, runs.events, runs.document, runs.commission, runs.stop):
        with pytest.raises(UnknownRun):
            await ask("nobody")
    with pytest.raises(UnknownRun):
        await kinds(runs, "nobody")


async def test_another_process_follows_the_run_and_can_stop_it(
    clock: TurnedClock, monkeypatch: Any
) -> None:
    monkeypatch.setattr(module, "POLL_S", 0.001)
    store, gate = MemoryStore(), Gate()
    engine, other_engine = Scripted(gate), Scripted(at_once)
    ours, other = made(engine, clock, store), made(other_engine, clock, store)
    run_id = await ours.begin(commission())
    await gate.reached.wait()
    assert await other.begin(commission()) == run_id
    listener = asyncio.create_task(kinds(other, run_id))
    await asyncio.sleep(0.01)
    clock.turn(1)
    await other.stop(run_id)
    gate.opened.set()
    assert await listener == ["plan", "stopped"]
    assert other_engine.asked == 0
    with pytest.raises(RunStopped):
        await other.outcome(run_id)


async def test_a_listener_in_another_process_keeps_the_run_going(
    clock: TurnedClock, monkeypatch: Any
) -> None:
    monkeypatch.setattr(module, "POLL_S", 0.001)
    store, gate = MemoryStore(), Gate()
    ours, other = made(Scripted(gate), clock, store), made(Scripted(at_once), clock, store)
    run_id = await ours.begin(commission())
    await gate.reached.wait()
    listener = asyncio.create_task(kinds(other, run_id))
    for _ in range(25):
        clock.turn(30)
        ours._running[run_id].beat(ours.journal.now())
        await asyncio.sleep(0.01)
    gate.opened.set()
    assert await listener == ["plan", "section", "done"]


async def test_the_run_of_a_process_that_died_can_be_taken_up(
    clock: TurnedClock, monkeypatch: Any
) -> None:
    monkeypatch.setattr(module, "POLL_S", 0.001)
    store, gate = MemoryStore(), Gate()
    dead, other = made(Scripted(gate), clock, store), made(Scripted(at_once), clock, store)
    run_id = await dead.begin(commission())
    await gate.reached.wait()
    clock.turn(200)  # and not a word
    assert (await other.header(run_id)).state == "paused"
    assert (await kinds(other, run_id))[-1] == "paused"
    assert await other.begin(commission()) == run_id
    assert await other.outcome(run_id) == DOCUMENT
    await dead.aclose()


async def test_a_process_of_this_machine_that_has_ended_is_not_waited_for(
    clock: TurnedClock,
) -> None:
    """Its run is taken up at once, also when it has given a sign of life a moment ago."""
    store, gate = MemoryStore(), Gate()
    dead, other = made(Scripted(gate), clock, store), made(Scripted(at_once), clock, store)
    ended = await asyncio.create_subprocess_exec(sys.executable, "-c", "")
    await ended.wait()
    dead._process = f"{clock.boot_id}:{ended.pid}:x"
    run_id = await dead.begin(commission())
    await gate.reached.wait()
    await asyncio.sleep(0)
    assert await other.begin(commission()) == run_id
    assert await other.outcome(run_id) == DOCUMENT
    await dead.aclose()


async def test_a_section_written_again_makes_a_finished_run_of_its_own(clock: TurnedClock) -> None:
    runs = made(Scripted(at_once), clock)
    run_id = await runs.begin(commission())
    await runs.outcome(run_id)
    told = await runs.rewrite(run_id, "market", "Shorter.")
    assert told["run"] != run_id
    assert told["section"] == {"id": "market", "remark": "Shorter."}
    assert told["stale"] == ["summary"]
    assert (await runs.header(told["run"])).state == "done"
    assert (await runs.outcome(told["run"]))["document"]["sections"] == [told["section"]]
    assert await runs.outcome(run_id) == DOCUMENT


def test_a_commission_survives_as_json() -> None:
    assert Commission.from_json(commission().to_json()) == commission()
