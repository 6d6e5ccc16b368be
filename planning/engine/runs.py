"""Runs: one document being written, which many may watch, anybody may stop, and a pause does not lose.

A run belongs to the service, not to the request that began it. Its id is made from what is asked,
so an equal request joins it, and takes it up again after a pause, a crash or a restart. It goes on
for ten minutes after its last listener has left.
"""

import asyncio
import contextlib
import logging
import math
import os
import uuid
from collections import OrderedDict
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Protocol

from answers import Declined, Unanswered, Unfit
from cache import ANY_FRESH, Freshness
from callers import CALLER
from clock import Clock
from planning.engine.asking import Paused, nothing_ends_it
from planning.engine.commission import Commission
from planning.engine.fence import Fences
from planning.engine.journal import ENDS, Event, Header, Journal, Kind, State
from planning.engine.outlines import OUTLINES
from planning.engine.run import Desk, Run

log = logging.getLogger("trimaran.runs")

LINGER_S = 600.0  # how long a run goes on when nobody listens any more
MOST_RUNNING = 16
MOST_REMEMBERED = 32  # finished runs whose events stay in memory
SILENT_S = 35.0  # another process that has said nothing for this long is gone
POLL_S = 1.0  # how often the run of another process is looked at
SIGN_EVERY_S = 10.0  # how often a run, or a listener, lets another process know that it is there
KEPT_S = 48 * 3600.0  # what a finished run was written from is not asked for again
WIND_DOWN_S = 5.0  # for the call under way when the service ends


class UnknownRun(LookupError):
    """There is no run of that id, or it is too old."""


class TooManyRuns(Exception):
    """This process writes as many documents as it can."""

    retry_after_s = 30.0


class RunFailed(Exception):
    """The run ended with an error, in another process or before a restart."""


class RunStopped(Exception):
    """Somebody stopped the run."""


class Writes(Protocol):
    """What writes a document: the engine."""

    async def write(self, commission: Commission, desk: Desk) -> dict[str, Any]:
        """The finished document as JSON. Raises `Paused`, `Declined` or `Unfit`."""
        ...

    async def rewrite(
        self, commission: Commission, before: Any, part_id: str, remark: str, desk: Desk
    ) -> dict[str, Any]:
        """The finished document *before* with one part written again as *remark* asks."""
        ...

    async def revise(
        self, commission: Commission, before: Any, part_id: str, markdown: str, desk: "Desk"
    ) -> dict[str, Any]:
        """The finished document *before* with one part as the founder wrote it."""
        ...


class Runs:
    """All runs of this process, and a look at those of the others.

    *limit_s* is how long one sitting may take, in seconds; None where the platform sets no limit.
    """

    def __init__(
        self,
        engine: Writes,
        journal: Journal,
        fences: Callable[[], Awaitable[Fences]],
        clock: Clock,
        *,
        limit_s: float | None = None,
        linger_s: float = LINGER_S,
    ) -> None:
        self.engine = engine
        self.journal = journal
        self.clock = clock
        self.limit_s = limit_s
        self.linger_s = linger_s
        self._fences = fences
        self._process = f"{clock.boot_id}:{os.getpid()}:{uuid.uuid4().hex}"
        self._running: dict[str, Run] = {}
        self._finished: OrderedDict[str, Run] = OrderedDict()
        self._is_ending = False

    async def id_of(self, commission: Commission, freshness: Freshness = ANY_FRESH) -> str:
        """The id of the run that writes *commission*; one that must be new has an id of its own."""
        if not (freshness.may_read and freshness.may_store):
            return uuid.uuid4().hex
        scope, fences = CALLER.get().scope, await self._fences()
        return fences.mark(f"run {scope} {commission.digest}")[:32]

    async def begin(self, commission: Commission, freshness: Freshness = ANY_FRESH) -> str:
        """The id of the run that writes *commission*: a finished or running one, or one begun now.

        Raises `TooManyRuns`.
        """
        run_id = await self.id_of(commission, freshness)
        while (run := self._running.get(run_id)) is not None:
            if not run.is_over:
                return run_id
            await run.ended.wait()
        known = await self.journal.cached_header(run_id)
        if run_id in self._running:
            return run_id  # somebody was quicker
        header = None if known is None else Header(**known.value)
        if header is not None and known is not None:
            if header.state == "done" and freshness.accepts(known):
                return run_id
            if self._is_alive_elsewhere(header):
                return run_id
        self._begin(run_id, commission, header, freshness)
        return run_id

    async def go_on(self, run_id: str) -> None:
        """Take the run up again, if it was paused or stopped. Raises `UnknownRun` or `TooManyRuns`."""
        commission = await self.commission(run_id)
        while (run := self._running.get(run_id)) is not None:
            if not run.is_over:
                return
            await run.ended.wait()
        header = await self.header(run_id)
        if header.state not in ("running", "done") and run_id not in self._running:
            self._begin(run_id, commission, header, ANY_FRESH)

    async def header(self, run_id: str) -> Header:
        """How the run stands. Raises `UnknownRun`."""
        run = self._own(run_id)
        header = run.header if run else await self.journal.header(run_id)
        if header is None:
            raise UnknownRun(run_id)
        is_lost = header.state == "running" and not run and not self._is_alive_elsewhere(header)
        return replace(header, state="paused") if is_lost else header

    async def events(self, run_id: str, after: int | None = None) -> Sequence[Event]:
        """The events after that id; without one, those of the last sitting. Raises `UnknownRun`."""
        header = await self.header(run_id)
        after = header.sitting - 1 if after is None else after
        run = self._own(run_id)
        if run is None:
            return await self.journal.events(run_id, after, header.events)
        earlier = await self.journal.events(run_id, after, header.sitting - 1)
        return [*earlier, *(event for event in run.events if event.id > after)]

    async def document(self, run_id: str) -> Any:
        """The finished document as JSON; None while there is none. Raises `UnknownRun`."""
        run = self._own(run_id)
        if run is not None and run.document is not None:
            return run.document
        await self.header(run_id)
        return await self.journal.kept(run_id, "document")

    async def commission(self, run_id: str) -> Commission:
        """What was asked for. Raises `UnknownRun`."""
        kept = await self.journal.kept(run_id, "commission")
        if kept is None:
            raise UnknownRun(run_id)
        return Commission.from_json(kept)

    async def rewrite(
        self, run_id: str, part_id: str, remark: str, freshness: Freshness = ANY_FRESH
    ) -> dict[str, Any]:
        """One part of a finished run written again; the outcome is a finished run of its own.

        Gives that run's id, the new section, and the ids of the parts that lean on the old one.
        Raises `UnknownRun`, `Paused`, or what the engine raises.
        """
        commission, before, desk = await self._finished_work(run_id, freshness)
        after = await self.engine.rewrite(commission, before, part_id, remark, desk)
        change = f"rewrite {run_id} {part_id} {remark}"
        return await self._kept_as(change, commission, part_id, after)

    async def revise(self, run_id: str, part_id: str, markdown: str) -> dict[str, Any]:
        """One part of a finished run as the founder wrote it; gives and raises what `rewrite` does."""
        commission, before, desk = await self._finished_work(run_id, ANY_FRESH)
        after = await self.engine.revise(commission, before, part_id, markdown, desk)
        change = f"revise {run_id} {part_id} {markdown}"
        return await self._kept_as(change, commission, part_id, after)

    async def _finished_work(
        self, run_id: str, freshness: Freshness
    ) -> tuple[Commission, Any, Desk]:
        commission, before = await self.commission(run_id), await self.document(run_id)
        if before is None:
            raise UnknownRun(run_id)
        desk = Desk(_unheard, nothing_ends_it, lambda: math.inf, freshness, KEPT_S)
        return commission, before, desk

    async def _kept_as(
        self, change: str, commission: Commission, part_id: str, after: Any
    ) -> dict[str, Any]:
        """What is told of a document that a *change* has made, kept as a finished run of its own."""
        new_id = (await self._fences()).mark(change)[:32]
        await self._adopt(new_id, commission, after)
        sections = after["document"]["sections"]
        return {
            "run": new_id,
            "section": next(each for each in sections if each["id"] == part_id),
            "findings": [f for f in after["findings"] if f["section"] == part_id],
            "stale": list(OUTLINES[commission.type].depending_on(part_id)),
            "score": after["score"],
            "document": f"/runs/{new_id}/document",
        }

    async def _adopt(self, run_id: str, commission: Commission, document: Any) -> None:
        """Make a finished run of a *document* that was made at once."""
        run = Run(run_id, self._new_header(commission.type), self.clock.monotonic())
        run.document = document
        await self.journal.keep(run_id, "commission", commission.to_json())
        await self.journal.keep(run_id, "document", document)
        self._tell(run, "done", document["score"])
        run.end_writing()
        await run.write_down(self.journal)
        run.ended.set()
        self._remember(run)

    async def follow(
        self, run_id: str, after: int | None = None, beat_s: float = 10.0
    ) -> AsyncGenerator[Event | None, None]:
        """The events after that id (without one: of the last sitting) as they happen, to the end.

        None is given where *beat_s* seconds passed without one. Whoever follows keeps the run
        going. Raises `UnknownRun`.
        """
        with self._listening(run_id):
            last = (await self.header(run_id)).sitting - 1 if after is None else after
            quiet_s = 0.0
            while True:
                run = self._own(run_id)
                if run is not None and run.is_over:
                    await run.ended.wait()  # what is told to have ended is written down
                fresh = await self.events(run_id, last)
                for event in fresh:
                    last, quiet_s = event.id, 0.0
                    yield event
                header = await self.header(run_id)
                if header.state != "running" and last >= header.events:
                    if not (fresh and fresh[-1].is_last) and header.state == "paused":
                        # Its process is gone without a word.
                        yield Event(last, "paused", {"why": "lost", "resumes_in_s": 0})
                    return
                quiet_s += await self._next(run_id, last, beat_s)
                if quiet_s >= beat_s:
                    quiet_s = 0.0
                    yield None

    async def outcome(self, run_id: str, timeout_s: float | None = None) -> Any:
        """The finished document as JSON; None when it is not finished after *timeout_s* seconds.

        Raises `UnknownRun`, `Paused`, `RunStopped`, or what the run failed with.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                async with contextlib.aclosing(self.follow(run_id)) as events:
                    async for _ in events:
                        pass
        header = await self.header(run_id)
        if header.state == "running":
            return None
        if header.state == "done":
            return await self.document(run_id)
        run = self._own(run_id)
        if run is not None and run.error is not None:
            raise run.error
        if header.state == "stopped":
            raise RunStopped("The run was stopped")
        events_told = await self.events(run_id)
        last = events_told[-1].data if events_told else {}
        if header.state == "failed":
            raise RunFailed(last.get("message", "The run failed"))
        why = last.get("message", "The service was restarted")
        raise Paused("shutdown", why, last.get("resumes_in_s", 1.0))

    async def touch(self, run_id: str) -> None:
        """Somebody asks how the run stands: that counts as listening to it."""
        with self._listening(run_id):
            if self._own(run_id) is None:
                await self._say_heard(run_id)

    async def stop(self, run_id: str) -> None:
        """End the run; what it has made stays. Raises `UnknownRun`."""
        header = await self.header(run_id)
        run = self._own(run_id)
        if run is not None and run.task is not None:
            if not run.is_over:
                run.is_stopping = True
                run.task.cancel()
        elif header.state == "running":
            await self.journal.leave_word(run_id, "stop", self.journal.now())

    def wind_down(self) -> None:
        """The service ends: every run pauses, at the latest after a few seconds."""
        self._is_ending = True
        asyncio.get_running_loop().call_later(WIND_DOWN_S, self._cancel_all)

    async def aclose(self) -> None:
        """End all runs now."""
        self._is_ending = True
        running = list(self._running.values())
        self._cancel_all()
        for run in running:
            await run.ended.wait()

    def _cancel_all(self) -> None:
        for run in self._running.values():
            if run.task is not None and not run.is_over:
                run.task.cancel()

    def _begin(
        self, run_id: str, commission: Commission, before: Header | None, freshness: Freshness
    ) -> None:
        if len(self._running) >= MOST_RUNNING:
            raise TooManyRuns("Too many documents are being written; try again in a while")
        header, kept_for_s = self._new_header(commission.type), 0.0
        if before is not None:
            header = replace(header, events=before.events, sitting=before.events + 1)
            if before.state != "done":
                # What it made before the pause stays good, however long the pause was.
                header = replace(header, began_at=before.began_at)
                kept_for_s = header.sitting_at - before.began_at + 1.0
        run = Run(run_id, header, self.clock.monotonic(), is_kept=freshness.may_store)
        self._finished.pop(run_id, None)
        self._running[run_id] = run
        run.task = asyncio.create_task(self._work(run, commission, freshness, kept_for_s))
        run.task.add_done_callback(lambda _: self._ended(run))

    async def _work(
        self, run: Run, commission: Commission, freshness: Freshness, kept_for_s: float
    ) -> None:
        """The whole sitting, with the writing of its journal beside it."""
        writing = asyncio.create_task(run.write_down(self.journal))
        beating = asyncio.create_task(self._beat(run))
        try:
            await self._sit(run, commission, freshness, kept_for_s)
        finally:
            beating.cancel()
            run.end_writing()
            await asyncio.shield(writing)

    async def _beat(self, run: Run) -> None:
        """Let other processes see that the run is alive, however long a call takes."""
        while True:
            await asyncio.sleep(SIGN_EVERY_S)
            run.beat(self.journal.now())

    def _ended(self, run: Run) -> None:
        """The task of *run* is over, or never began."""
        if not run.is_over:
            run.error = Paused("shutdown", "The service is shutting down", 5.0)
            self._tell(run, "paused", {"why": "shutdown", "resumes_in_s": 5})
        del self._running[run.id]
        self._remember(run)
        run.ended.set()

    async def _sit(
        self, run: Run, commission: Commission, freshness: Freshness, kept_for_s: float
    ) -> None:
        """Have the document written, and tell how it ended; nothing is raised."""
        begun_s = self.clock.monotonic()

        def left_s() -> float:
            if self.limit_s is None:
                return math.inf
            return begun_s + self.limit_s - self.clock.monotonic()

        def tell(kind: Kind, **data: Any) -> None:
            self._tell(run, kind, data)

        desk = Desk(tell, lambda: self._go_on(run, left_s), left_s, freshness, kept_for_s)
        try:
            if run.is_kept:
                run.beat(run.header.beat_at)
                await self.journal.keep(run.id, "commission", commission.to_json())
            run.document = await self.engine.write(commission, desk)
            if run.is_kept:
                await self.journal.keep(run.id, "document", run.document)
            tell("done", **run.document["score"])
        except Paused as error:
            run.error, wait_s = error, _seconds(error.resumes_in_s)
            tell("paused", why=error.why, message=str(error), resumes_in_s=wait_s)
        except asyncio.CancelledError:
            if run.is_stopping:
                tell("stopped")
            else:
                run.error = Paused("shutdown", "The service is shutting down", 5.0)
                tell("paused", why="shutdown", message=str(run.error), resumes_in_s=5)
        except (Declined, Unanswered, Unfit) as error:
            run.error = error
            tell("error", code=type(error).__name__, message=str(error))
        except Exception as error:
            log.exception("a run failed")
            run.error = error
            message = "The service made a mistake; its log says more"
            tell("error", code="internal_error", message=message)

    async def _go_on(self, run: Run, left_s: Callable[[], float]) -> None:
        """Raises `Paused` when the run has to end here, or `CancelledError` when it was stopped."""
        if self._is_ending:
            raise Paused("shutdown", "The service is shutting down", 5.0)
        if await self.journal.word(run.id, "stop") >= run.header.sitting_at:
            run.is_stopping = True
            raise asyncio.CancelledError
        if left_s() <= 0:
            raise Paused("time", "The time for one call is over", 0.0)
        unheard_s = self.clock.monotonic() - run.heard_s
        if run.listeners > 0 or unheard_s <= self.linger_s:
            return
        # Somebody may listen by way of another process.
        unheard_s = self.journal.now() - await self.journal.word(run.id, "heard")
        if unheard_s > self.linger_s:
            raise Paused("unheard", "Nobody has listened for a while", 0.0)

    def _tell(self, run: Run, kind: Kind, data: dict[str, Any]) -> None:
        event = Event(run.header.events + 1, kind, data)
        state: State = ENDS.get(kind, "running")
        now = self.journal.now()
        run.note(event, replace(run.header, events=event.id, state=state, beat_at=now))

    def _new_header(self, document_type: str) -> Header:
        now = self.journal.now()
        return Header(
            type=document_type,
            state="running",
            began_at=now,
            sitting_at=now,
            beat_at=now,
            events=0,
            sitting=1,
            process=self._process,
        )

    def _own(self, run_id: str) -> Run | None:
        """The run, if it is in this process and of the caller's scope."""
        run = self._running.get(run_id) or self._finished.get(run_id)
        return run if run is not None and run.scope == CALLER.get().scope else None

    def _remember(self, run: Run) -> None:
        self._finished[run.id] = run
        while len(self._finished) > MOST_REMEMBERED:
            self._finished.popitem(last=False)

    def _is_alive_elsewhere(self, header: Header) -> bool:
        if header.state != "running" or header.process == self._process:
            return False
        if not self.journal.cache.store.is_remote and _is_gone(header.process, self.clock.boot_id):
            return False
        return self.journal.now() - header.beat_at <= SILENT_S

    @contextlib.contextmanager
    def _listening(self, run_id: str) -> Iterator[None]:
        run = self._own(run_id)
        if run is None:
            yield
            return
        run.listeners += 1
        try:
            yield
        finally:
            run.listeners -= 1
            run.heard_s = self.clock.monotonic()

    async def _next(self, run_id: str, last: int, beat_s: float) -> float:
        """Wait for the next event; how many seconds of silence that was, at most."""
        run = self._own(run_id)
        if run is not None:
            await run.news(last, beat_s)
            return 0.0 if run.is_over or run.header.events > last else beat_s
        await self._say_heard(run_id)
        await asyncio.sleep(POLL_S)
        return POLL_S

    async def _say_heard(self, run_id: str) -> None:
        """Let the process whose run it is know that somebody listens."""
        now = self.journal.now()
        if now - await self.journal.word(run_id, "heard") >= SIGN_EVERY_S:
            await self.journal.leave_word(run_id, "heard", now)


def _is_gone(process: str, boot_id: str) -> bool:
    """Whether *process*, of this very machine, has ended; False where that cannot be told."""
    boot, _, rest = process.partition(":")
    pid = rest.partition(":")[0]
    if boot != boot_id or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def _seconds(duration_s: float | None) -> int | None:
    is_known = duration_s is not None and math.isfinite(duration_s)
    return math.ceil(duration_s) if is_known and duration_s is not None else None


def _unheard(kind: str, **data: Any) -> None:
    """What nobody is told, since the caller waits for the outcome."""
