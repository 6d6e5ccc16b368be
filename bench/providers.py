"""Simulated providers for the day: a latency, quotas that are counted by the sandbox, and bad hours."""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field

from bench.virtual_time import VirtualClock
from providers.base import Emit, Identity, Terms
from providers.completion import Completion, Usage
from providers.errors import FailureKind, ProviderError
from providers.prompt import Prompt
from sandbox.quotas import Limits as MeterLimits
from sandbox.quotas import Meter, neurons

TOKENS_IN, TOKENS_OUT = 500, 500


@dataclass(slots=True)
class Seen:
    """What arrived at the providers, by their names."""

    calls: Counter[str] = field(default_factory=Counter)
    answered: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)  # 429s
    late: Counter[str] = field(default_factory=Counter)  # calls after the day's quota was spent
    noisy: Counter[str] = field(default_factory=Counter)  # counted calls that came to nothing


@dataclass(slots=True)
class World:
    """What the providers themselves see: their meters, their weather, and every call that arrived."""

    clock: VirtualClock
    chance: random.Random
    meters: dict[str, Meter] = field(default_factory=dict)
    outages: dict[str, tuple[float, float]] = field(default_factory=dict)  # seconds of the day
    noise: dict[str, float] = field(default_factory=dict)  # share of calls that fail
    seen: Seen = field(default_factory=Seen)

    def begin_to_count(self) -> None:
        """Forget what has arrived so far."""
        self.seen = Seen()

    def meter(self, bucket: str, limits: MeterLimits) -> Meter:
        """The counter of one bucket (a model, an account)."""
        return self.meters.setdefault(bucket, Meter(limits))

    def is_out(self, provider: str) -> bool:
        """Whether *provider* has its outage now."""
        begin_s, end_s = self.outages.get(provider, (0.0, 0.0))
        return begin_s <= self.clock.monotonic() < end_s


@dataclass(slots=True)
class SimulatedUpstream:
    """See `Upstream`: one model in a `World`, with a latency of *latency_s* (log-normal around it)."""

    world: World
    identity: Identity
    model: str
    terms: Terms
    bucket: str
    limits: MeterLimits
    latency_s: float
    counts_failures: bool

    async def complete(
        self, prompt: Prompt, *, timeout_s: float, emit: Emit | None = None
    ) -> Completion:
        """See `Upstream.complete`; nobody in the simulated day reads a stream."""
        del emit
        world, name = self.world, self.identity.name
        world.seen.calls[name] += 1
        meter = world.meter(self.bucket, self.limits)
        now = world.clock.time()
        refusal = meter.refusal(now, TOKENS_IN)
        daily = refusal is not None and refusal.exceeded in ("day", "neurons", "never")
        world.seen.late[name] += daily
        if world.is_out(name):
            await asyncio.sleep(0.3)
            raise ProviderError(FailureKind.OVERLOADED, status=503)
        if refusal is not None:
            world.seen.refused[name] += 1
            await asyncio.sleep(0.2)
            kind = FailureKind.DAILY_LIMIT if daily else FailureKind.MINUTE_LIMIT
            raise ProviderError(kind, status=429)
        is_noise = world.chance.random() < world.noise.get(name, 0.0)
        cost = neurons(self.model, TOKENS_IN, TOKENS_OUT) if name == "cloudflare" else 0.0
        if not is_noise or self.counts_failures:
            meter.count(now, TOKENS_IN, cost)
        latency_s = self.latency_s * world.chance.lognormvariate(0, 0.35)
        await asyncio.sleep(min(latency_s, timeout_s))
        if is_noise:
            world.seen.noisy[name] += 1
            raise ProviderError(FailureKind.SERVER_ERROR, status=500)
        if latency_s > timeout_s:
            raise ProviderError(FailureKind.TIMEOUT)
        world.seen.answered[name] += 1
        usage = Usage(TOKENS_IN, TOKENS_OUT)
        return Completion(prompt.messages[-1].text, "stop", self.model, usage)

    async def used_today(self) -> int | None:
        """See `Upstream.used_today`."""
        return None

    async def aclose(self) -> None:
        """See `Upstream.aclose`."""
