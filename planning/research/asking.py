"""Asks one search service after the other until one has something, and remembers what they said.

Best effort: whatever goes wrong, what comes back is `Findings`, and no document fails for want of a
source. A service that fails is left alone for a while; what was found is cached like an answer.
"""

import asyncio
import hashlib
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime

from cache import ANY_FRESH, Freshness, ResponseCache
from clock import SYSTEM_CLOCK, Clock
from planning.research.base import Backend, Findings, Query, SearchFailed, Source
from providers.transport import Transport

log = logging.getLogger("trimaran.research")

PAUSE_S = 60.0  # after two failures in a row
PAUSED = "paused after repeated failures"


@dataclass(slots=True)
class _Health:
    failures: int = 0
    paused_until_s: float = 0.0


@dataclass(slots=True)
class Researcher:
    """Asks *backends* in their order; of each kind of question only those that answer that kind.

    One of them may take *attempt_s* seconds, all together *deadline_s*.
    """

    backends: Sequence[Backend]
    cache: ResponseCache
    transport: Transport | None = None
    clock: Clock = SYSTEM_CLOCK
    attempt_s: float = 6.0
    deadline_s: float = 12.0
    _health: dict[str, _Health] = field(default_factory=dict)

    async def find(self, query: str | Query, freshness: Freshness = ANY_FRESH) -> Findings:
        """See `Search.find`; equal queries that come together are asked once."""
        query = Query(query) if isinstance(query, str) else query
        if not query.text.strip():
            return Findings()
        key = f"search:{_digest(query)}"
        known = await self.cache.find(key) if freshness.may_read else None
        if known is not None and freshness.accepts(known):
            return Findings.from_json(known.value)

        async def work() -> Findings:
            findings = await self._ask_in_order(query)
            if findings.sources and freshness.may_store:
                await self.cache.keep(key, asdict(findings))
            return findings

        findings, _ = await self.cache.flights.join(key, work)
        return findings

    async def aclose(self) -> None:
        """See `Search.aclose`."""
        if self.transport is not None:
            await self.transport.aclose()

    async def _ask_in_order(self, query: Query) -> Findings:
        errors: dict[str, str] = {}
        able = [backend for backend in self.backends if backend.kind == query.kind]
        deadline_s = asyncio.get_running_loop().time() + self.deadline_s
        for backend in able:
            try:
                async with asyncio.timeout_at(deadline_s):
                    sources = await self._ask(backend, query)
            except TimeoutError:
                errors[backend.name] = "no time was left for it"
            except SearchFailed as failed:
                errors[backend.name] = str(failed)
            else:
                if sources:
                    return Findings(self._dated(sources, backend.name))
        if len(errors) < len(able):
            return Findings()  # somebody looked, and there is nothing
        return Findings(error=_told(errors))

    async def _ask(self, backend: Backend, query: Query) -> Sequence[Source]:
        """What *backend* has. Raises `SearchFailed`, also while it is left alone."""
        health = self._health.setdefault(backend.name, _Health())
        if self.clock.monotonic() < health.paused_until_s:
            raise SearchFailed(PAUSED)
        try:
            async with asyncio.timeout(self.attempt_s):
                sources = await backend.ask(query)
        except TimeoutError:
            failed = SearchFailed("no answer in time")
        except SearchFailed as error:
            failed = error
        except Exception as error:  # noqa: BLE001 - a stranger's answer of a shape that nobody foresaw
            log.warning("search: %s: %s", backend.name, type(error).__name__)
            failed = SearchFailed("its answer could not be read")
        else:
            health.failures = 0
            return sources
        health.failures += 1
        pause_s = max(failed.hold_s, PAUSE_S if health.failures >= 2 else 0.0)
        health.paused_until_s = self.clock.monotonic() + pause_s
        log.info("search: %s: %s", backend.name, failed)
        raise failed

    def _dated(self, sources: Sequence[Source], name: str) -> tuple[Source, ...]:
        now = datetime.fromtimestamp(self.clock.time(), UTC).isoformat(timespec="seconds")
        return tuple(replace(source, backend=name, fetched_at=now) for source in sources)


def _told(errors: dict[str, str]) -> str:
    """Why nobody could search; the names only where there are several."""
    if len(errors) == 1:
        return next(iter(errors.values()))
    if set(errors.values()) == {PAUSED}:
        return PAUSED
    return "; ".join(f"{name}: {reason}" for name, reason in errors.items())


def _digest(query: Query) -> str:
    """The part of a cache key that stands for *query*; its topic is ours, and changes nothing."""
    parts = (query.kind, query.text, query.language, query.country, str(query.most))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
