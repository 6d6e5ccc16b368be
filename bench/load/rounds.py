"""Rounds: every work in turn, again and again, and each ratio taken within one round.

The speed of a machine drifts by half between minutes, so what is measured minutes apart must not be
compared. Pure but for `Measuring`.
"""

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from bench.load import wrk
from bench.load.machine import cpu_s, resident_bytes
from bench.load.nginx import Nginx
from bench.load.subjects import Running, wait_until_calm
from bench.load.wire import Ask


class Faulty(Exception):
    """A load that had errors; its figures would mean nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What one subject is given to do: *ask*, over *connections* at a time.

    With *vary* no two requests are equal. *events* are the pieces of a streamed answer, which are
    then what is counted. *calls* are those to providers that each request should cost.
    *seconds* replace how long a load takes.
    """

    name: str
    subject: str
    ask: Ask
    connections: int = 32
    vary: bool = True
    events: int = 0
    calls: float = 1.0
    seconds: int | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """One load: CPU microseconds for each answer (or piece), answers (or pieces) a second."""

    cpu_us: float
    per_second: float
    p50_us: float
    p99_us: float
    resident_mb: float
    calls: float


Samples: TypeAlias = Mapping[str, Sequence[Sample | None]]  # by work; None where it was faulty


@dataclass(frozen=True, slots=True)
class Spread:
    """The middle, the least and the most of several numbers."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, numbers: Sequence[float]) -> "Spread":
        """That of *numbers*, of which there is at least one."""
        return cls(statistics.median(numbers), min(numbers), max(numbers))


def figures(samples: Samples, work: str, of: Callable[[Sample], float]) -> Spread | None:
    """The spread of one figure of *work*; None when no round of it went well."""
    numbers = [of(sample) for sample in samples.get(work, ()) if sample]
    return Spread.of(numbers) if numbers else None


def ratio(
    samples: Samples, work: str, to: str, of: Callable[[Sample], float] = lambda s: s.cpu_us
) -> Spread | None:
    """How many times the figure of *to* that of *work* is, within one round each."""
    pairs = zip(samples.get(work, ()), samples.get(to, ()), strict=False)
    ratios = [of(one) / of(other) for one, other in pairs if one and other and of(other)]
    return Spread.of(ratios) if ratios else None


@dataclass(slots=True)
class Measuring:
    """Measures works whose subjects run; `faults` tells of those that could not be measured."""

    subjects: Mapping[str, Running]
    upstream: Nginx
    seconds: int
    faults: list[str] = field(default_factory=list)
    _sizes: dict[str, int] = field(default_factory=dict)

    def warm_up(self, work: Work) -> None:
        """Give *work* some load that is not measured; a just-in-time compiler needs more of it."""
        running = self.subjects[work.subject]
        seconds = running.subject.warm_up_s
        wrk.load(
            running.port,
            work.ask,
            duration_s=seconds,
            connections=work.connections,
            vary=work.vary,
        )
        if work.events:
            self._sizes[work.name] = wrk.size_of_one(running.port, work.ask)

    def sample(self, work: Work) -> Sample:
        """One load of *work*. Raises `Faulty`."""
        running = self.subjects[work.subject]
        wait_until_calm(running.pid)
        asked, spent_s = self.upstream.count(), cpu_s(running.pid)
        loaded = wrk.load(
            running.port,
            work.ask,
            duration_s=work.seconds or self.seconds,
            connections=work.connections,
            vary=work.vary,
        )
        spent_s = cpu_s(running.pid) - spent_s
        asked = self.upstream.count() - asked - 1  # its own question
        if loaded.errors or not loaded.requests:
            raise Faulty(f"{work.name}: {loaded.errors} errors in {loaded.requests} answers")
        pieces = float(loaded.requests)
        if work.events:
            pieces = loaded.size_bytes / self._sizes[work.name] * work.events
        return Sample(
            cpu_us=spent_s / pieces * 1e6,
            per_second=pieces / loaded.duration_s,
            p50_us=loaded.p50_us,
            p99_us=loaded.p99_us,
            resident_mb=resident_bytes(running.pid) / 1e6,
            calls=asked / loaded.requests,
        )

    def rounds(self, works: Sequence[Work], count: int) -> Iterator[tuple[Work, Sample | None]]:
        """Every work in turn, *count* times; None for one that was faulty."""
        for work in works:
            self.warm_up(work)
        for _ in range(count):
            for work in works:
                try:
                    yield work, self.sample(work)
                except Faulty as error:
                    self.faults.append(str(error))
                    yield work, None


def gathered(measured: Iterator[tuple[Work, Sample | None]]) -> dict[str, list[Sample | None]]:
    """All samples by their work, in order of the rounds."""
    samples: dict[str, list[Sample | None]] = {}
    for work, sample in measured:
        samples.setdefault(work.name, []).append(sample)
    return samples
