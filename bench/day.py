"""`python -m bench.day`: one simulated day on free tiers, for several policies side by side.

Virtual time, the real router, limiter, cache, circuits and waiting room; the quotas are counted by
the sandbox's own meters, so that our limiter is judged by somebody else's arithmetic. Two days are
run and the second one is reported, since the providers' days begin at different hours.
"""

import argparse
import asyncio
import bisect
import logging
import math
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from answers import RateLimited, Unanswered
from bench.providers import TOKENS_IN, SimulatedUpstream, World
from bench.virtual_time import VirtualClock, VirtualLoop, run
from cache import ResponseCache
from failover import Patience
from providers import CATALOGUE, Access, Entry
from providers.base import Terms
from providers.errors import FailureKind, ProviderError
from providers.free_tiers import FreeModel
from providers.prompt import Message, Prompt
from rate_limiter import RateLimiter
from router import Router
from sandbox import quotas
from storage.ledger import ACCOUNT, Limits
from storage.memory import MemoryStore

DAY_S = 86_400.0
MONDAY = 1_795_392_000.0  # 2026-11-23 00:00 UTC
REPEATED = 0.7  # of all requests ask what was asked within the last twenty hours
REPEAT_WITHIN_S = 20 * 3600.0
BURST_EVERY_S, BURST = 3600.0, 20
OUTAGE_S = (DAY_S + 10 * 3600.0, DAY_S + 12 * 3600.0)  # of the first provider, on the second day
NOISE = 0.1  # of the second provider's calls fail with a 500
CLIENT_TIMEOUT_S = 120.0  # the longest that the known clients wait
LATENCY_S = {"gemini": 2.0, "openrouter": 5.0, "cloudflare": 4.0}
GUIDE_UNIQUE = 11_500

Quotas = Literal["guide", "today"]
Outcome = Literal["answered", "limited", "failed"]


@dataclass(frozen=True, slots=True)
class Request:
    """One request of the workload: when it comes (seconds), and which idea it asks about."""

    at_s: float
    idea: int


@dataclass(slots=True)
class Result:
    """What one policy made of the second day."""

    outcomes: dict[Outcome, int] = field(
        default_factory=lambda: {"answered": 0, "limited": 0, "failed": 0}
    )
    ideas: set[int] = field(default_factory=set)
    latencies_s: list[float] = field(default_factory=list)
    world: World | None = None
    calls_before: dict[str, int] = field(default_factory=dict)
    refused_before: dict[str, int] = field(default_factory=dict)
    noisy_before: dict[str, int] = field(default_factory=dict)
    took_s: float = 0.0

    @property
    def offered(self) -> int:
        """How many requests came."""
        return sum(self.outcomes.values())

    @property
    def unique(self) -> int:
        """How many different ideas a provider answered on that day."""
        return self._since(lambda world: world.answered, {})

    def calls(self) -> int:
        """How many calls reached a provider on that day."""
        return self._since(lambda world: world.calls, self.calls_before)

    def refused(self) -> int:
        """How many of them the provider refused for a quota."""
        return self._since(lambda world: world.refused, self.refused_before)

    def noisy(self) -> int:
        """How many calls were counted and came to nothing."""
        return self._since(lambda world: world.noisy, self.noisy_before)

    def percentile_s(self, share: float) -> float:
        """The latency that *share* of the answered requests stayed below."""
        if not self.latencies_s:
            return math.nan
        ordered = sorted(self.latencies_s)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    def _since(self, counter: Callable[[World], dict[str, int]], before: dict[str, int]) -> int:
        assert self.world is not None
        return sum(counter(self.world).values()) - sum(before.values())


Ask = Callable[[int], Awaitable[object]]
Policy = Callable[[World, Sequence[SimulatedUpstream]], Ask]


def workload(unique_a_day: int, seed: int, days: int = 2) -> list[Request]:
    """*unique_a_day* new ideas and the repeats of them, by a day's shape, with hourly bursts."""
    chance = random.Random(seed)
    repeats_a_day = round(unique_a_day * REPEATED / (1 - REPEATED))
    new: list[Request] = []
    requests: list[Request] = []
    for day in range(days):
        begin_s = day * DAY_S
        bursts = [begin_s + n * BURST_EVERY_S for n in range(24) for _ in range(BURST)]
        moments = bursts[: unique_a_day // 2]
        while len(moments) < unique_a_day:
            moments.append(begin_s + _moment(chance))
        new += [Request(at_s, len(new) + n) for n, at_s in enumerate(sorted(moments))]
        times = [request.at_s for request in new]
        for _ in range(repeats_a_day):
            at_s = begin_s + _moment(chance)
            first = bisect.bisect_left(times, at_s - REPEAT_WITHIN_S)
            last = bisect.bisect_left(times, at_s)
            known = chance.randrange(first, last) if last > first else 0
            requests.append(Request(at_s, known))
    return sorted([*new, *requests], key=lambda request: request.at_s)


def _moment(chance: random.Random) -> float:
    """A second of the day; the afternoon has more of them than the night."""
    while True:
        at_s = chance.uniform(0, DAY_S)
        if chance.uniform(0, 1.6) < 1 + 0.6 * math.sin(2 * math.pi * (at_s / DAY_S - 0.35)):
            return at_s


def upstreams(
    world: World, names: Sequence[str], tiers: Quotas, rows: str
) -> list[SimulatedUpstream]:
    """The models of *names*: our ladder (`known`, or `all` with uncertain rows), or `one` for each."""
    made = []
    for entry in CATALOGUE:
        if entry.identity.name in names:
            made += [_upstream(world, entry, row, tiers) for row in _rows(entry, rows)]
    return made


ONE_EACH = {
    "gemini": "gemini-3.8-flash",
    "openrouter": "openrouter/free",
    "cloudflare": "@cf/meta/llama-3.3-70b-instruct-fp8-fast",
}


def _rows(entry: Entry, rows: str) -> list[FreeModel]:
    if rows == "one":
        model = ONE_EACH[entry.identity.name]
        known = {row.model: row for row in entry.tier.ladder}
        return [known.get(model, FreeModel(model, 3, 128_000, Limits(), "2026-10-09"))]
    return [row for row in entry.tier.ladder if row.certain or rows == "all"]


def _upstream(world: World, entry: Entry, row: FreeModel, tiers: Quotas) -> SimulatedUpstream:
    name = entry.identity.name
    preset: quotas.Preset = "guide" if tiers == "guide" else "real"
    terms = entry.terms(row, Access())
    bucket = row.model if name == "gemini" else name
    if name == "gemini":
        limits = quotas.GUIDE_GEMINI if tiers == "guide" else quotas.GEMINI[row.model]
        # The guide speaks of one quota for the key, not of one for each model.
        bucket = name if tiers == "guide" else bucket
    elif name == "openrouter":
        limits = quotas.openrouter_quotas(preset).meter(quotas.ANY).limits
    else:
        limits = quotas.cloudflare_quotas(preset).meter(quotas.ANY).limits
    if tiers == "guide":
        terms = _guide_terms(terms, name, row.model)
    latency_s = LATENCY_S[name]
    counts_failures = name == "openrouter"
    return SimulatedUpstream(
        world, entry.identity, row.model, terms, bucket, limits, latency_s, counts_failures
    )


def _guide_terms(terms: Terms, name: str, model: str) -> Terms:
    """The terms under the guide's quotas, as a user would set them."""
    stated = {
        "gemini": Limits(per_minute=15, per_day=1_500),
        "openrouter": Limits(per_minute=20, per_day=50),
        "cloudflare": Limits(per_minute=300, per_day=10_000),
    }[name]
    allowance = replace(terms.allowance, scopes=((ACCOUNT, stated), (model, Limits())))
    return replace(terms, allowance=allowance, quota_scope=ACCOUNT, units_per_million=(0.0, 0.0))


def prompt(idea: int) -> Prompt:
    """A question of about `TOKENS_IN` tokens about *idea*."""
    text = f"{idea:08d} " * (TOKENS_IN * 4 // 9)
    return Prompt(messages=(Message("user", text),), max_tokens=500)


def ours(world: World, models: Sequence[SimulatedUpstream], interval_s: float) -> Ask:
    """Our router, with *interval_s* between calls (0 for `PACING=quota`)."""
    clock = world.clock
    router = Router(
        models,
        ResponseCache(store=MemoryStore(), clock=clock, stale_hours=0, max_mb=10_000),
        RateLimiter(interval_s, clock=clock),
        patience=Patience(75, 135),
        clock=clock,
        chance=world.chance.random,
    )

    async def ask(idea: int) -> object:
        async def frame() -> Prompt:
            return prompt(idea)

        return await router.complete(str(idea), frame, name="plan")

    return ask


def original(world: World, models: Sequence[SimulatedUpstream]) -> Ask:
    """The earlier app: providers in order, a blocking 60 s between calls, no cooldown, a day's cache.

    It sleeps inside the event loop, so that everybody waits, hits among them.
    """
    cache: dict[int, float] = {}
    last: dict[str, float] = {}
    loop_is_blocked = asyncio.Lock()

    async def ask(idea: int) -> object:
        async with loop_is_blocked:
            now_s = world.clock.monotonic()
            if now_s - cache.get(idea, -math.inf) < DAY_S:
                return idea
            for model in models:
                name = model.identity.name
                await asyncio.sleep(
                    max(0.0, last.get(name, -math.inf) + 60 - world.clock.monotonic())
                )
                last[name] = world.clock.monotonic()
                try:
                    await model.complete(prompt(idea), timeout_s=60)
                except ProviderError as error:
                    failure = error
                    continue
                cache[idea] = world.clock.monotonic()
                return idea
            raise failure

    return ask


def plain(world: World, models: Sequence[SimulatedUpstream]) -> Ask:
    """Ordered failover and a day's cache; no limiter, no memory of failures."""
    cache: dict[int, float] = {}

    async def ask(idea: int) -> object:
        if world.clock.monotonic() - cache.get(idea, -math.inf) < DAY_S:
            return idea
        failure: ProviderError | None = None
        for model in models:
            try:
                await model.complete(prompt(idea), timeout_s=60)
            except ProviderError as error:
                failure = error
                continue
            cache[idea] = world.clock.monotonic()
            return idea
        assert failure is not None
        raise failure

    return ask


POLICIES: dict[str, tuple[str, Policy]] = {
    "ours, PACING=quota": ("known", lambda world, models: ours(world, models, 0.0)),
    "ours, PACING=interval": ("known", lambda world, models: ours(world, models, 60.0)),
    "plain ordered failover": ("one", plain),
    "the original app": ("one", original),
}


def live(
    policy: str,
    names: Sequence[str],
    tiers: Quotas,
    requests: Sequence[Request],
    seed: int,
    rows: str = "",
) -> Result:
    """Let *policy* live through *requests* on virtual time."""
    began = time.perf_counter()
    loop = VirtualLoop()
    clock = VirtualClock(loop, MONDAY)
    world = World(clock, random.Random(seed), noise={"openrouter": NOISE})
    world.outages[names[0]] = OUTAGE_S
    own_rows, build = POLICIES[policy]
    result = Result(world=world)

    async def main() -> None:
        ask = build(world, upstreams(world, names, tiers, rows or own_rows))
        running: set[asyncio.Task[None]] = set()
        is_second = False
        for request in requests:
            await asyncio.sleep(max(0.0, request.at_s - clock.monotonic()))
            if not is_second and request.at_s >= DAY_S:
                is_second = True
                result.calls_before, result.refused_before = dict(world.calls), dict(world.refused)
                result.noisy_before = dict(world.noisy)
                world.answered.clear()
            task = asyncio.create_task(_one(ask, request, result, clock))
            running.add(task)
            task.add_done_callback(running.discard)
        while running:
            await asyncio.wait(running)

    run(loop, main())
    result.took_s = time.perf_counter() - began
    return result


async def _one(ask: Ask, request: Request, result: Result, clock: VirtualClock) -> None:
    begin_s = clock.monotonic()
    outcome: Outcome = "answered"
    try:
        async with asyncio.timeout(max(CLIENT_TIMEOUT_S, 136.0)):
            await ask(request.idea)
    except RateLimited:
        outcome = "limited"
    except Unanswered as error:
        limits = {FailureKind.DAILY_LIMIT, FailureKind.MINUTE_LIMIT}
        outcome = "limited" if {a.failure for a in error.attempts} <= limits else "failed"
    except ProviderError as error:
        limits = {FailureKind.DAILY_LIMIT, FailureKind.MINUTE_LIMIT}
        outcome = "limited" if error.kind in limits else "failed"
    except TimeoutError:
        outcome = "failed"
    if request.at_s < DAY_S:
        return
    result.outcomes[outcome] += 1
    if outcome == "answered":
        result.ideas.add(request.idea)
        result.latencies_s.append(clock.monotonic() - begin_s)


HEAD = (
    "| policy | unique answers | total served | calls saved | rate-limit errors | answered | p50 s | p95 s"
    " | calls refused (429) |\n|---|---|---|---|---|---|---|---|---|"
)


def line(policy: str, result: Result) -> str:
    """One row of the table."""
    served = result.outcomes["answered"]
    return (
        f"| {policy} | {result.unique:,} | {served:,} | {served - result.unique:,} |"
        f" {result.outcomes['limited'] / result.offered:.2%} | {served / result.offered:.2%} |"
        f" {result.percentile_s(0.5):.1f} | {result.percentile_s(0.95):.1f} | {result.refused():,} |"
    )


CONFIGURATIONS = {
    "Gemini only": ("gemini",),
    "Gemini + OpenRouter": ("gemini", "openrouter"),
    "all three": ("gemini", "openrouter", "cloudflare"),
}


def report(seed: int, scale: float) -> list[str]:
    """The whole report, as lines of Markdown."""
    lines: list[str] = []
    guide = workload(round(GUIDE_UNIQUE * scale), seed)
    today = workload(round(4_000 * scale), seed)
    results: dict[tuple[str, str, str], Result] = {}
    for tiers, requests in (("guide", guide), ("today", today)):
        for title, names in CONFIGURATIONS.items():
            lines += ["", f"**{tiers}'s quotas, {title}**", "", HEAD]
            for policy in POLICIES:
                result = live(policy, names, tiers, requests, seed)  # type: ignore[arg-type]  # "guide" or "today"
                results[tiers, title, policy] = result
                lines.append(line(policy, result))
    everything = live(
        "ours, PACING=quota", CONFIGURATIONS["all three"], "today", today, seed, "all"
    )
    lines.append(line("ours, PACING=quota, with the uncertain rows", everything))
    return [*lines, "", *goals(results, guide)]


def goals(results: dict[tuple[str, str, str], Result], guide: Sequence[Request]) -> list[str]:
    """The goals, each with what was reached."""
    best = results["guide", "all three", "ours, PACING=quota"]
    new = len({r.idea for r in guide}) - len({r.idea for r in guide if r.at_s < DAY_S})
    ladder = results["today", "all three", "ours, PACING=quota"]
    single = results["today", "all three", "plain ordered failover"]
    answered = best.outcomes["answered"] / best.offered
    limited = best.outcomes["limited"]
    rows = [
        (best.unique >= new - best.noisy(), f"unique answers {best.unique:,} of {new:,} new ideas"),
        (
            best.outcomes["answered"] >= 0.999 * best.offered,
            f"total served {best.outcomes['answered']:,}",
        ),
        (limited == 0, f"rate-limit errors seen by callers: {limited}"),
        (answered > 0.999, f"answered {answered:.3%}, through a two-hour outage"),
        (best.refused() + ladder.refused() == 0, "no call after a quota was spent"),
        (ladder.unique >= 10 * single.unique, f"today {ladder.unique:,} against {single.unique:,}"),
    ]
    return [f"- {'PASS' if reached else 'FAIL'}: {words}" for reached, words in rows]


def main() -> None:
    """Print the report."""
    parser = argparse.ArgumentParser(prog="python -m bench.day", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scale", type=float, default=1.0, help="of the offered load")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    began = time.perf_counter()
    print("\n".join(report(options.seed, options.scale)))
    print(f"\n{time.perf_counter() - began:.0f} s of real time")


if __name__ == "__main__":
    main()
