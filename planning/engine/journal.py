"""What is kept of a run: its events in order, how it stands, and the document, for every process to read."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from cache import Cached, ResponseCache
from callers import CALLER

State = Literal["running", "done", "paused", "stopped", "failed"]
Kind = Literal[
    "plan",
    "outline",
    "stage",
    "waiting",
    "section",
    "check",
    "quota",
    "done",
    "error",
    "paused",
    "stopped",
]
# The events that end a sitting, and how the run stands then.
ENDS: dict[str, State] = {
    "done": "done",
    "error": "failed",
    "paused": "paused",
    "stopped": "stopped",
}
LARGEST_DOCUMENT = 8 << 20  # bytes


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in a run; ids count up from 1, also over pauses."""

    id: int
    kind: Kind
    data: dict[str, Any]

    @property
    def is_last(self) -> bool:
        """Whether nothing more comes, unless somebody asks for the document again."""
        return self.kind in ENDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """How a run stands.

    *began_at* is when it was first asked for, *sitting_at* when it was last taken up, *beat_at*
    when it last gave a sign of life (seconds since the epoch). *events* counts all its events;
    *sitting* is the id of the first one since it was taken up. *process* says whose it is.
    """

    type: str
    state: State
    began_at: float
    sitting_at: float
    beat_at: float
    events: int
    sitting: int
    process: str


@dataclass(frozen=True, slots=True)
class Journal:
    """Runs in the cache: each event is an entry of its own, so that writing one is always quick."""

    cache: ResponseCache

    def now(self) -> float:
        """Seconds since the epoch, as all who share the store reckon them."""
        return self.cache.store.now(self.cache.clock).epoch_s

    async def header(self, run_id: str) -> Header | None:
        """How the run stands; None when there is none, or it is too old."""
        cached = await self.cached_header(run_id)
        return None if cached is None else Header(**cached.value)

    async def cached_header(self, run_id: str) -> Cached | None:
        """The same with its age."""
        return await self.cache.find(_key(run_id))

    async def enter(self, run_id: str, header: Header, event: Event | None = None) -> None:
        """Write down *event*, and how the run stands now."""
        if event is not None:
            await self.cache.keep(_key(run_id, event.id), [event.kind, event.data])
        await self.cache.keep(_key(run_id), asdict(header))

    async def events(self, run_id: str, after: int, upto: int) -> list[Event]:
        """The events with ids from *after* + 1 to *upto*; those that are lost are left out."""
        found = []
        for number in range(after + 1, upto + 1):
            cached = await self.cache.find(_key(run_id, number))
            if cached is not None:
                found.append(Event(number, *cached.value))
        return found

    async def keep(self, run_id: str, what: Literal["commission", "document"], value: Any) -> None:
        """Keep the *commission* or the finished *document* of the run."""
        await self.cache.keep(_key(run_id, what), value, largest_bytes=LARGEST_DOCUMENT)

    async def kept(self, run_id: str, what: Literal["commission", "document"]) -> Any:
        """What `keep` kept; None when it is not there."""
        cached = await self.cache.find(_key(run_id, what))
        return None if cached is None else cached.value

    async def leave_word(self, run_id: str, word: Literal["stop", "heard"], at: float) -> None:
        """Tell the process whose run it is that somebody wants it to stop, or listens to it."""
        await self.cache.keep(_key(run_id, word), at)

    async def word(self, run_id: str, word: Literal["stop", "heard"]) -> float:
        """When that was last said (seconds since the epoch); 0 for never."""
        cached = await self.cache.find(_key(run_id, word))
        return 0.0 if cached is None else float(cached.value)


def _key(run_id: str, *parts: str | int) -> str:
    """What a part of a run is kept under; nobody of another scope can find it."""
    return CALLER.get().scoped(":".join(["run", run_id, *map(str, parts)]))
