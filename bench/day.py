"""`python -m bench.day`: one simulated day on free tiers, for several policies side by side.

Virtual time, the real router, limiter, cache, circuits and waiting room; the quotas are counted by
the sandbox's own meters, so that our limiter is judged by somebody else's arithmetic. Two days are
run and the second one is reported, since the providers' days begin at different hours.
"""

import argparse
import asyncio
import bisect
import functools
import logging
import math
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from typing import Literal, get_args

from answers import RateLimited, Unanswered
from bench.providers import TOKENS_IN, Seen, SimulatedUpstream, World
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
CLIENT_TIMEOUT_S = 136.0  # as long as our own router takes at the most
LATENCY_S = {"gemini": 2.0, "openrouter": 5.0, "cloudflare": 4.0}
LIMITS = {FailureKind.DAILY_LIMIT, FailureKind.MINUTE_LIMIT}

Quotas = Literal["guide", "today"]
Outcome = Literal["answered", "limited", "failed"]

UNIQUE: Mapping[Quotas, int] = {"guide": 11_500, "today": 4_000}  # new ideas a day


@dataclass(frozen=True, slots=True)
class Request:
    """One request of the workload: when it comes (seconds), and which idea it asks about."""

    at_s: float
    idea: int


@dataclass(frozen=True, slots=True)
class Result:
    """What one policy made of the second day; the counters are the providers' own."""

    outcomes: Counter[Outcome]
    latencies_s: list[float]  # of the requests that were answered, in order of size
    counted: Seen

    @property
    def offered(self) -> int:
        """How many requests came."""
        return self.outcomes.total()

    @property
    def unique(self) -> int:
        """How many answers a provider wrote."""
        return self.counted.answered.total()

    @property
    def refused(self) -> int:
        """How many calls a provider refused for a quota."""
        return self.counted.refused.total()

    @property
    def noisy(self) -> int:
        """How many calls were counted and came to nothing."""
        return self.counted.noisy.total()

    def percentile_s(self, share: float) -> float:
        """The latency that *share* of the answered requests stayed below."""
        if not self.latencies_s:
            return math.nan
        return self.latencies_s[min(len(self.latencies_s) - 1, int(share * len(self.latencies_s)))]


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
    loop = VirtualLoop()
    clock = VirtualClock(loop, MONDAY)
    world = World(clock, random.Random(seed), noise={"openrouter": NOISE})
    world.outages[names[0]] = OUTAGE_S
    own_rows, build = POLICIES[policy]
    outcomes: Counter[Outcome] = Counter()
    latencies_s: list[float] = []

    async def one(ask: Ask, request: Request) -> None:
        outcome = await outcome_of(ask(request.idea))
        if request.at_s >= DAY_S:
            outcomes[outcome] += 1
            if outcome == "answered":
                latencies_s.append(clock.monotonic() - request.at_s)

    async def main() -> None:
        ask = build(world, upstreams(world, names, tiers, rows or own_rows))
        running: set[asyncio.Task[None]] = set()
        loop.call_at(DAY_S, world.begin_to_count)
        for request in requests:
            await asyncio.sleep(max(0.0, request.at_s - clock.monotonic()))
            task = asyncio.create_task(one(ask, request))
            running.add(task)
            task.add_done_callback(running.discard)
        while running:
            await asyncio.wait(running)

    run(loop, main())
    return Result(outcomes, sorted(latencies_s), world.seen)


async def outcome_of(answer: Awaitable[object]) -> Outcome:
    """How a request ended for its caller, who does not wait for ever."""
    try:
        async with asyncio.timeout(CLIENT_TIMEOUT_S):
            await answer
    except RateLimited:
        return "limited"
    except Unanswered as error:
        return "limited" if {a.failure for a in error.attempts} <= LIMITS else "failed"
    except ProviderError as error:
        return "limited" if error.kind in LIMITS else "failed"
    except TimeoutError:
        return "failed"
    return "answered"


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
        f" {result.percentile_s(0.5):.1f} | {result.percentile_s(0.95):.1f} | {result.refused:,} |"
    )


CONFIGURATIONS = {
    "Gemini only": ("gemini",),
    "Gemini + OpenRouter": ("gemini", "openrouter"),
    "all three": ("gemini", "openrouter", "cloudflare"),
}


@dataclass(frozen=True, slots=True)
class Life:
    """One line of the report: *policy* with the providers of *title* under the quotas of *tiers*."""

    tiers: Quotas
    title: str
    policy: str
    rows: str = ""


EVERYTHING = Life("today", "all three", "ours, PACING=quota", "all")
LIVES = [
    *(
        Life(tiers, title, policy)
        for tiers in get_args(Quotas)
        for title in CONFIGURATIONS
        for policy in POLICIES
    ),
    EVERYTHING,
]


@functools.cache
def offered(tiers: Quotas, scale: float, seed: int) -> list[Request]:
    """The requests that come under the quotas of *tiers*."""
    return workload(round(UNIQUE[tiers] * scale), seed)


def lived(life: Life, scale: float, seed: int) -> Result:
    """What came of it; for a process of its own."""
    logging.disable(logging.CRITICAL)
    requests = offered(life.tiers, scale, seed)
    return live(life.policy, CONFIGURATIONS[life.title], life.tiers, requests, seed, life.rows)


def report(scale: float, seed: int) -> Iterator[str]:
    """The whole report, as lines of Markdown, each as soon as it is known."""
    results: dict[Life, Result] = {}
    with ProcessPoolExecutor() as processes:
        lives = processes.map(functools.partial(lived, scale=scale, seed=seed), LIVES)
        for life, result in zip(LIVES, lives, strict=True):
            results[life] = result
            if life.policy == next(iter(POLICIES)) and not life.rows:
                yield f"\n### {life.tiers.title()}'s quotas, {life.title}\n\n{HEAD}"
            yield line(life.policy + (", with the uncertain rows" if life.rows else ""), result)
    yield ""
    yield from goals(results, offered("guide", scale, seed))


def goals(results: Mapping[Life, Result], guide: Sequence[Request]) -> Iterator[str]:
    """The goals, each with what was reached."""
    best = results[Life("guide", "all three", "ours, PACING=quota")]
    new = len({r.idea for r in guide}) - len({r.idea for r in guide if r.at_s < DAY_S})
    served = best.outcomes["answered"]
    ladder = results[Life("today", "all three", "ours, PACING=quota")]
    single = results[Life("today", "all three", "plain ordered failover")]
    late = sum(r.counted.late.total() for life, r in results.items() if "ours" in life.policy)
    for reached, words in (
        (
            best.unique >= new - best.noisy,
            f"{best.unique:,} unique answers of {new:,} new ideas; {best.noisy} noisy calls were counted",
        ),
        (served >= 38_000 * new / UNIQUE["guide"], f"{served:,} served in total"),
        (best.outcomes["limited"] == 0, f"{best.outcomes['limited']} callers met a rate limit"),
        (
            served > 0.999 * best.offered,
            f"{served / best.offered:.3%} answered, through a two-hour outage",
        ),
        (
            ladder.unique >= 10 * single.unique,
            f"today {ladder.unique:,} unique answers, {ladder.unique / single.unique:.1f} times the"
            f" {single.unique:,} of one model for each provider;"
            f" {results[EVERYTHING].unique:,} with the uncertain rows",
        ),
        (
            late == 0,
            f"{late} calls after a day's quota was spent, by any of ours in any configuration",
        ),
    ):
        yield f"- {'PASS' if reached else 'FAIL'}: {words}"


def main() -> None:
    """Print the report."""
    parser = argparse.ArgumentParser(prog="python -m bench.day", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scale", type=float, default=1.0, help="of the offered load")
    options = parser.parse_args()
    began = time.perf_counter()
    for words in report(options.scale, options.seed):
        print(words, flush=True)
    print(f"\n{time.perf_counter() - began:.0f} s of real time")


if __name__ == "__main__":
    main()
