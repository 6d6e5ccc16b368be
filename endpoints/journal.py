"""What happened lately, for people who look: the last requests, and how each model did. Bounded in memory."""

import asyncio
import contextlib
import statistics
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from failover import Attempt
from notices import Answered, Failed, Notice, Tried

MOST_ROWS = 500
MOST_SAMPLES = 200  # of latency, for each model
MINUTES = 60  # of the curve of requests
RECENT_S = 300.0


@dataclass(frozen=True, slots=True)
class Row:
    """One request that has ended; *at* is epoch seconds. No prompt, no answer, no caller."""

    id: int
    at: float
    name: str
    outcome: str  # `answered`, or the kind of error
    provider: str
    model: str
    cache: str
    elapsed_s: float
    waited_s: float
    reason: str
    attempts: tuple[dict[str, Any], ...]


@dataclass(slots=True)
class Record:
    """How one model has done: its last calls as (when, seconds, failure), and its last error."""

    calls: deque[tuple[float, float, str]] = field(
        default_factory=lambda: deque(maxlen=MOST_SAMPLES)
    )
    last_error: str = ""
    last_error_at: float | None = None
    last_success_at: float | None = None

    def note(self, at: float, attempt: Attempt) -> None:
        """Add a call that has ended."""
        failure = attempt.failure.value if attempt.failure else ""
        self.calls.append((at, attempt.elapsed_s, failure))
        if failure:
            self.last_error, self.last_error_at = attempt.reason, at
        else:
            self.last_success_at = at

    def told(self, now: float) -> dict[str, Any]:
        """It as JSON: rates of the last five minutes, percentiles of the last calls that succeeded."""
        recent = [failure for at, _, failure in self.calls if now - at <= RECENT_S]
        good = [elapsed_s for _, elapsed_s, failure in self.calls if not failure]
        return {
            "calls_5m": len(recent),
            "success_rate_5m": recent.count("") / len(recent) if recent else None,
            "p50_s": _percentile(good, 50),
            "p95_s": _percentile(good, 95),
            "last_error": self.last_error,
            "last_error_at": self.last_error_at,
            "last_success_at": self.last_success_at,
        }


class Journal:
    """Listens to the router; *time* gives epoch seconds."""

    def __init__(self, time: Callable[[], float]) -> None:
        self._time = time
        self._rows: deque[Row] = deque(maxlen=MOST_ROWS)
        self._records: dict[tuple[str, str], Record] = {}
        self._minutes: deque[tuple[int, Counter[str]]] = deque(maxlen=MINUTES)
        self._totals: Counter[str] = Counter()
        self._next_id = 1
        self._news = asyncio.Event()

    def hear(self, notice: Notice) -> None:
        """See `notices.Listener`."""
        now = self._time()
        match notice:
            case Tried(attempt=attempt):
                key = (attempt.provider, attempt.asked)
                self._records.setdefault(key, Record()).note(now, attempt)
            case Answered(name, origin, elapsed_s):
                self._add(
                    Row(
                        id=self._next_id,
                        at=now,
                        name=name,
                        outcome="answered",
                        provider=origin.provider,
                        model=origin.model,
                        cache=origin.cache,
                        elapsed_s=round(elapsed_s, 3),
                        waited_s=round(origin.waited_s, 3),
                        reason="",
                        attempts=tuple(map(_told, origin.attempts)),
                    )
                )
            case Failed(name, kind, reason, attempts, elapsed_s):
                self._add(
                    Row(
                        id=self._next_id,
                        at=now,
                        name=name,
                        outcome=kind,
                        provider="",
                        model="",
                        cache="",
                        elapsed_s=round(elapsed_s, 3),
                        waited_s=0.0,
                        reason=reason,
                        attempts=tuple(map(_told, attempts)),
                    )
                )
            case _:
                pass

    def rows(self, after: int = 0) -> list[dict[str, Any]]:
        """The requests that ended after the one with the id *after*, oldest first."""
        return [asdict(row) for row in self._rows if row.id > after]

    def record(self, provider: str, model: str) -> dict[str, Any]:
        """How a model has done."""
        return self._records.get((provider, model), Record()).told(self._time())

    def totals(self) -> dict[str, int]:
        """Requests since the start, by how they ended: from the cache, by a call, joined, failed."""
        return dict(self._totals)

    def minutes(self) -> list[dict[str, Any]]:
        """Requests in each of the last minutes in which there were any; *minute* is epoch minutes."""
        oldest = int(self._time() // 60) - MINUTES
        return [{"minute": minute, **counts} for minute, counts in self._minutes if minute > oldest]

    async def news(self, after: int, timeout_s: float) -> None:
        """Return when a request with a greater id than *after* has ended, or after *timeout_s*."""
        if self._next_id - 1 > after:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._news.wait()

    def _add(self, row: Row) -> None:
        self._rows.append(row)
        self._next_id += 1
        kind = row.cache or "FAILED"
        self._totals[kind] += 1
        minute = int(row.at // 60)
        if not self._minutes or self._minutes[-1][0] != minute:
            self._minutes.append((minute, Counter()))
        self._minutes[-1][1][kind] += 1
        self._news.set()
        self._news = asyncio.Event()


def _told(attempt: Attempt) -> dict[str, Any]:
    return {
        "provider": attempt.provider,
        "label": attempt.label,
        "model": attempt.model,
        "elapsed_s": round(attempt.elapsed_s, 3),
        "failure": attempt.reason or None,
    }


def _percentile(samples: list[float], percent: int) -> float | None:
    """Of *samples*; None for too few of them to tell."""
    if len(samples) < 2:
        return round(samples[0], 3) if samples else None
    return round(statistics.quantiles(samples, n=100, method="inclusive")[percent - 1], 3)
