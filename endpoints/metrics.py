"""Metrics for Prometheus at `/metrics`: what the router tells, counted, and how things stand at the moment.

No label ever holds a prompt, an answer, a caller or a key: only names that stand in the code or in
the settings. With several worker processes set `PROMETHEUS_MULTIPROC_DIR`, as is usual.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from notices import Answered, Failed, Notice, Tried, Waiting

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SECONDS = (0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)


@dataclass(frozen=True, slots=True)
class Standing:
    """How things stand at the moment of a scrape: what `/status` tells."""

    models: tuple[Mapping[str, Any], ...]
    waiting: int
    running: int
    cache_entries: int | None  # None while the store cannot tell
    cache_bytes: int | None
    store_ok: bool
    tasks: int = 0  # of the event loop


class Metrics:
    """Listens to the router and counts."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = self._counter(
            "requests", "Requests that ended, by how.", "name", "outcome", "cache"
        )
        self._seconds = self._histogram("request_seconds", "How long requests took.", "cache")
        self._attempts = self._counter(
            "attempts", "Calls to models, by how they ended.", "provider", "model", "outcome"
        )
        self._attempt_seconds = self._histogram(
            "attempt_seconds", "How long calls took.", "provider"
        )
        self._first_token = self._histogram(
            "first_token_seconds", "Until an answer began.", "provider"
        )
        self._failovers = self._counter(
            "failovers", "Calls that another had to make good.", "provider", "failure"
        )
        self._tokens = self._counter(
            "tokens", "Tokens as the providers count them.", "provider", "model", "direction"
        )
        self._waits = self._histogram("wait_seconds", "How long requests waited for a slot.")

    def hear(self, notice: Notice) -> None:
        """See `notices.Listener`."""
        match notice:
            case Tried():
                self._count_attempt(notice)
            case Answered(name, origin, elapsed_s):
                self._requests.labels(name, "answered", origin.cache).inc()
                self._seconds.labels(origin.cache).observe(elapsed_s)
                for attempt in origin.attempts if origin.cache in ("MISS", "STALE") else ():
                    if attempt.failure:
                        self._failovers.labels(attempt.provider, attempt.failure.name.lower()).inc()
            case Failed(name, kind, _, _, elapsed_s):
                self._requests.labels(name, kind, "").inc()
                self._seconds.labels("").observe(elapsed_s)
            case Waiting(wait_s=wait_s):
                self._waits.observe(wait_s)

    def told(self, standing: Standing) -> bytes:
        """Everything in Prometheus' text format."""
        registry = self.registry
        if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # the library has no types there
        now = CollectorRegistry()
        now.register(Moment(standing))
        ProcessCollector(registry=now)  # memory, processor time and open files, where /proc tells
        return generate_latest(registry) + generate_latest(now)

    def _counter(self, name: str, about: str, *labels: str) -> Counter:
        return Counter(f"trimaran_{name}", about, labels, registry=self.registry)

    def _histogram(self, name: str, about: str, *labels: str) -> Histogram:
        return Histogram(f"trimaran_{name}", about, labels, buckets=SECONDS, registry=self.registry)

    def _count_attempt(self, notice: Tried) -> None:
        attempt, usage = notice.attempt, notice.usage
        outcome = attempt.failure.name.lower() if attempt.failure else "ok"
        self._attempts.labels(attempt.provider, attempt.asked, outcome).inc()
        self._attempt_seconds.labels(attempt.provider).observe(attempt.elapsed_s)
        if notice.first_token_s is not None:
            self._first_token.labels(attempt.provider).observe(notice.first_token_s)
        for direction, tokens in (("in", usage.prompt_tokens), ("out", usage.completion_tokens)):
            if tokens:
                self._tokens.labels(attempt.provider, attempt.asked, direction).inc(tokens)


@dataclass(frozen=True, eq=False)
class Moment(Collector):
    """What is measured at a scrape rather than counted on the way."""

    standing: Standing

    def collect(self) -> Iterator[Metric]:
        """See the library's `Collector`."""
        s = self.standing
        yield _gauge("waiting", "Requests in the waiting room.", s.waiting)
        yield _gauge("running", "Requests under way.", s.running)
        yield _gauge("tasks", "Tasks of the event loop.", s.tasks)
        if s.cache_entries is not None and s.cache_bytes is not None:
            yield _gauge("cache_entries", "Answers in the cache.", s.cache_entries)
            yield _gauge("cache_bytes", "Bytes of the cache.", s.cache_bytes)
        yield _gauge("store_up", "Whether the shared store can be reached.", int(s.store_ok))
        labels = ("provider", "model")
        ready = GaugeMetricFamily(
            "trimaran_model_ready", "Whether a model can be asked.", labels=labels
        )
        slot = GaugeMetricFamily("trimaran_next_slot_seconds", "Until it can be.", labels=labels)
        for model in s.models:
            named = [model["provider"], model["model"]]
            ready.add_metric(named, float(model["state"] == "ready"))
            slot.add_metric(named, model["next_slot_s"])
        yield from (ready, slot)
        yield from _quotas(s.models)


def _quotas(models: Iterable[Mapping[str, Any]]) -> Iterator[Metric]:
    labels = ("provider", "model", "unit")
    left = GaugeMetricFamily("trimaran_quota_left", "What is left of the day.", labels=labels)
    limit = GaugeMetricFamily("trimaran_quota_limit", "What the day allows.", labels=labels)
    seen: set[tuple[str, str, str]] = set()
    for model in models:
        for quota in model["quotas"]:
            scope = "" if quota["scope"] == "account" else model["model"]
            named = (model["provider"], scope, quota["unit"])
            if named not in seen:
                seen.add(named)
                left.add_metric(named, quota["left"])
                limit.add_metric(named, quota["limit"])
    yield from (left, limit)


def _gauge(name: str, about: str, value: float) -> Metric:
    return GaugeMetricFamily(f"trimaran_{name}", about, value=value)
