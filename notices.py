"""What the router tells while it works, for whoever listens: the journal, the metrics, the traces, a run.

Each happening is one frozen value, told once, in the task of the request that it belongs to. A
listener must be quick and must not raise.
"""

import logging
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from answers import Origin
from failover import Attempt
from providers.completion import Usage

log = logging.getLogger("trimaran.notices")


@dataclass(frozen=True, slots=True)
class Trying:
    """A call to a model is about to be sent."""

    name: str
    provider: str
    model: str


@dataclass(frozen=True, slots=True)
class Tried:
    """A call has ended, well or not: *attempt* says how. *first_token_s* is None where nothing came."""

    name: str
    attempt: Attempt
    usage: Usage = Usage()  # noqa: RUF009 - frozen
    first_token_s: float | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request waits for a slot, for *wait_s* seconds as far as is known."""

    name: str
    wait_s: float


@dataclass(frozen=True, slots=True)
class Answered:
    """A request has its answer, *elapsed_s* after it came."""

    name: str
    origin: Origin
    elapsed_s: float


@dataclass(frozen=True, slots=True)
class Failed:
    """A request ends without an answer: *kind* is the name of its error."""

    name: str
    kind: str
    reason: str
    attempts: tuple[Attempt, ...]
    elapsed_s: float


Notice = Trying | Tried | Waiting | Answered | Failed
Listener = Callable[[Notice], None]

# Who listens to the requests that are made in this context alone, such as those of one run.
LISTENER: ContextVar[Listener | None] = ContextVar("listener", default=None)


def of(notice: Notice) -> dict[str, Notice]:
    """What a log line that tells the same as *notice* takes along, as `extra`."""
    return {"notice": notice}


def fields(notice: Notice) -> dict[str, Any]:
    """*notice* as flat fields for a structured log: what happened (`event`), and its facts."""
    told: dict[str, Any] = {"event": type(notice).__name__.lower(), "name": notice.name}
    match notice:
        case Trying(_, provider, model):
            told |= {"provider": provider, "model": model}
        case Tried(_, attempt, usage, first_token_s):
            told |= {"provider": attempt.provider, "model": attempt.model}
            told |= {"failure": attempt.failure.name.lower() if attempt.failure else None}
            told |= {"elapsed_s": attempt.elapsed_s, "first_token_s": first_token_s}
            told |= {"tokens_in": usage.prompt_tokens, "tokens_out": usage.completion_tokens}
        case Waiting(_, wait_s):
            told |= {"wait_s": wait_s}
        case Answered(_, origin, elapsed_s):
            told |= {"provider": origin.provider, "model": origin.model, "cache": origin.cache}
            told |= {"attempts": len(origin.attempts), "waited_s": origin.waited_s}
            told |= {"elapsed_s": elapsed_s}
        case _:
            told |= {"error": notice.kind, "reason": notice.reason}
            told |= {"attempts": len(notice.attempts), "elapsed_s": notice.elapsed_s}
    return told


@dataclass(slots=True)
class Notices:
    """Passes what it is told on to all who listen."""

    listeners: list[Listener] = field(default_factory=list)

    def tell(self, notice: Notice) -> None:
        """Pass *notice* on. A listener that fails costs a line in the log, not the request."""
        own = LISTENER.get()
        for listener in (*self.listeners, *((own,) if own else ())):
            try:
                listener(notice)
            except Exception:  # an observer must never harm what it observes
                log.exception("a listener failed")
