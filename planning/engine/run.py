"""One run as its process sees it: what has happened, who listens, and what whoever writes is given."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from cache import ANY_FRESH, Freshness
from callers import CALLER
from planning.engine.asking import GoOn, Tell
from planning.engine.journal import Event, Header, Journal


@dataclass(frozen=True, slots=True)
class Desk:
    """What a run gives to whoever writes.

    *tell* makes an event of what happens, *go_on* raises what ends the run, *left_s* says how many
    seconds it has (infinite for no limit). What the run has made in the last *kept_for_s* seconds
    stays good.
    """

    tell: Tell
    go_on: GoOn
    left_s: Callable[[], float]
    freshness: Freshness = ANY_FRESH
    kept_for_s: float = 0.0


class Run:
    """One run in this process: its events so far, and who listens.

    What happens is told at once, and written down in its order by `written`, since a journal may
    have to wait for its store.
    """

    def __init__(self, run_id: str, header: Header, now_s: float, *, is_kept: bool = True) -> None:
        self.id = run_id
        self.header = header
        self.is_kept = is_kept  # in the journal, for other processes and later
        self.scope = CALLER.get().scope
        self.events: list[Event] = []  # of this sitting
        self.error: Exception | None = None
        self.document: Any = None
        self.listeners = 0
        self.heard_s = now_s  # monotonic
        self.is_stopping = False
        self.task: asyncio.Task[None] | None = None
        self.ended = asyncio.Event()
        self._news = asyncio.Event()
        self._unwritten: asyncio.Queue[tuple[Header, Event | None] | None] = asyncio.Queue()

    @property
    def is_over(self) -> bool:
        """Whether nothing more happens in this sitting."""
        return self.header.state != "running"

    def note(self, event: Event, header: Header) -> None:
        """Add *event*, after which the run stands as *header* says, and wake whoever waits for one."""
        self.header = header
        self.events.append(event)
        self._unwritten.put_nowait((header, event))
        self._news.set()
        self._news = asyncio.Event()

    def beat(self, now: float) -> None:
        """Let other processes see that the run is alive."""
        self.header = replace(self.header, beat_at=now)
        self._unwritten.put_nowait((self.header, None))

    async def news(self, after: int, timeout_s: float) -> None:
        """Return when there is an event after *after*, or after *timeout_s* seconds."""
        if self.is_over or (self.events and self.events[-1].id > after):
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._news.wait()

    async def write_down(self, journal: Journal) -> None:
        """Enter what happens into *journal* until the run is over."""
        while (entry := await self._unwritten.get()) is not None:
            if self.is_kept:
                await journal.enter(self.id, *entry)

    def end_writing(self) -> None:
        """Nothing more is to be entered."""
        self._unwritten.put_nowait(None)
