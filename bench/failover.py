"""`python -m bench.failover`: what a provider that is down costs the requests, and how soon it is back.

The outages are lived through on virtual time, by the real router; the latency is measured on this
machine, in turns with what it is compared with, so that only the ratio counts.
"""

import asyncio
import logging
import random
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

from bench.virtual_time import VirtualClock, VirtualLoop, run
from cache import ResponseCache
from clock import SYSTEM_CLOCK, Clock
from providers.base import Emit
from providers.completion import Completion
from providers.errors import FailureKind, ProviderError
from providers.fake import FakeUpstream
from providers.prompt import Message, Prompt
from rate_limiter import RateLimiter
from router import Router
from storage.memory import MemoryStore

EPOCH_S = 1_795_392_000.0  # 2026-11-23 00:00 UTC
OUTAGE_S = 60.0
ROUNDS = 400


class Door(FakeUpstream):
    """A provider that refuses every connection while it is down; *calls* counts them."""

    is_down = False
    calls = 0

    async def complete(
        self, prompt: Prompt, *, timeout_s: float, emit: Emit | None = None
    ) -> Completion:
        """See `Upstream.complete`."""
        del prompt, timeout_s, emit
        self.calls += 1
        if self.is_down:
            raise ProviderError(FailureKind.NOT_SENT)
        return Completion("Fine.", "stop", self.model)


def house(upstreams: Sequence[Door], clock: Clock, seed: int = 1) -> Router:
    """A router without limits, so that only the circuits decide."""
    return Router(
        upstreams,
        ResponseCache(store=MemoryStore(), clock=clock),
        RateLimiter(0, clock=clock),
        clock=clock,
        chance=random.Random(seed).random,
    )


async def ask(router: Router, number: int) -> str:
    """One new question; who answered it."""

    async def frame() -> Prompt:
        return Prompt(messages=(Message("user", f"{number}"),))

    return (await router.complete(f"{number}", frame, name="plan")).provider


@dataclass(frozen=True, slots=True)
class Outage:
    """What an outage cost: calls to the one that was down, and seconds until it answered again."""

    calls: int
    back_after_s: float


def outage(requests_per_s: float, seed: int) -> Outage:
    """Live through a minute's outage of the first of two providers, on virtual time."""
    loop = VirtualLoop()
    clock = VirtualClock(loop, EPOCH_S)
    first, second = Door("first"), Door("second")

    async def main() -> Outage:
        router, number = house([first, second], clock, seed), 0
        first.is_down = True
        while clock.monotonic() < OUTAGE_S:
            await ask(router, number)
            number += 1
            await clock.sleep(1 / requests_per_s)
        first.is_down, calls, end_s = False, first.calls, clock.monotonic()
        while await ask(router, number) != "first":
            number += 1
            await clock.sleep(1 / requests_per_s)
        return Outage(calls, clock.monotonic() - end_s)

    return run(loop, main())


def dead(requests: int, requests_per_s: float) -> int:
    """How many of *requests* reach a first provider that is down all the time."""
    loop = VirtualLoop()
    clock = VirtualClock(loop, EPOCH_S)
    first = Door("first")
    first.is_down = True

    async def main() -> int:
        router = house([first, Door("second")], clock)
        for number in range(requests):
            await ask(router, number)
            await clock.sleep(1 / requests_per_s)
        return first.calls

    return run(loop, main())


async def latency() -> tuple[float, float]:
    """Median milliseconds of a miss without, and with, a dead provider before the one that answers."""
    first = Door("first")
    first.is_down = True
    alone, behind = (
        house([Door("second")], SYSTEM_CLOCK),
        house([first, Door("second")], SYSTEM_CLOCK),
    )
    for number in range(6):
        await ask(behind, -1 - number)  # opens the circuit
    took_ms: dict[Router, list[float]] = {alone: [], behind: []}
    for number in range(ROUNDS):
        for router, taken in took_ms.items():
            begin_s = time.perf_counter()
            await ask(router, number)
            taken.append(1_000 * (time.perf_counter() - begin_s))
    return statistics.median(took_ms[alone]), statistics.median(took_ms[behind])


def main() -> None:
    """Print what was found."""
    logging.disable(logging.CRITICAL)
    print("| requests a second | calls to a dead first provider in 1,000 requests |\n|---|---|")
    for rate in (1.0, 10.0, 100.0):
        print(f"| {rate:g} | {dead(1_000, rate)} |")
    print(
        f"\n| requests a second | calls during {OUTAGE_S:g} s of outage | back after, s |\n|---|---|---|"
    )
    for rate in (0.2, 1.0, 10.0):
        outages = [outage(rate, seed) for seed in range(20)]
        calls, back = [o.calls for o in outages], [o.back_after_s for o in outages]
        print(
            f"| {rate:g} | {statistics.median(calls):g} (most {max(calls)}) |"
            f" {statistics.median(back):.1f} (most {max(back):.1f}) |"
        )
    alone_ms, behind_ms = asyncio.run(latency())
    print(
        f"\nA miss behind an open circuit takes {behind_ms:.2f} ms, without it {alone_ms:.2f} ms:"
        f" {behind_ms / alone_ms:.2f} times, {behind_ms - alone_ms:.2f} ms more."
    )


if __name__ == "__main__":
    main()
