"""What a run will take, told before it begins: calls, how many are left today, until when, and what would help."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from clock import Clock
from providers.base import Upstream
from rate_limiter import RateLimiter
from storage.ledger import ACCOUNT, Allowance, Ledger, Limits, Moment, Need, schedule

TOKENS_OF_A_CALL = (2_500, 700)  # in and out, of a section as it is usually asked
WRITING_S = 8.0  # how long a model usually writes at a section
WORTH_SAYING_S = 15.0  # a change that saves less is not worth an advice
ANOTHER = "another provider"


@dataclass(frozen=True, slots=True)
class Advice:
    """A change that would make the run quicker, and in how many seconds it would be done then."""

    change: Literal["pacing_quota", "another_key"]
    done_in_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What a run will take.

    *expected* calls if nothing goes wrong, *most* with every repair; *kept* have been answered
    already and cost nothing. *left_today* is None where no provider counts by the day, and
    *done_in_s* None when the calls do not fit into a week. *interval_s* is the pause between two
    calls to one provider.
    """

    expected: int
    most: int
    kept: int
    left_today: int | None
    fits_today: bool
    done_in_s: int | None
    done_at: float | None  # seconds since the epoch
    interval_s: float
    providers: int
    advice: tuple[Advice, ...] = ()


async def outlook(
    limiter: RateLimiter,
    upstreams: Sequence[Upstream],
    clock: Clock,
    *,
    expected: int,
    repairs: int,
    kept: int,
    least_tier: int = 2,
) -> Outlook:
    """What *expected* calls (and up to *repairs* more) take through those *upstreams* that are good enough."""
    able = [upstream for upstream in upstreams if upstream.terms.tier >= least_tier]
    options = [(u.terms.allowance, u.terms.cost(*TOKENS_OF_A_CALL)) for u in able]
    paced = [(limiter.paced(allowance), need) for allowance, need in options]
    accounts = {allowance.account for allowance, _ in options}
    ledgers = {account: await limiter.ledger(account) for account in accounts}
    now, interval_s = limiter.now(), limiter.min_interval_seconds

    def done_in_s(through: Sequence[tuple[Allowance, Need]]) -> int | None:
        return _done_in_s(ledgers, through, expected, now)

    done_s = done_in_s(paced)
    changes: dict[Literal["pacing_quota", "another_key"], int | None] = {}
    if interval_s > 0:
        changes["pacing_quota"] = done_in_s(options)
    changes["another_key"] = done_in_s(
        [*paced, (Allowance(ANOTHER, min_interval_s=interval_s), Need())]
    )
    left = left_today(ledgers, paced, now)
    return Outlook(
        expected=expected,
        most=expected + repairs if expected else 0,
        kept=kept,
        left_today=left,
        fits_today=expected == 0 or (done_s is not None and (left is None or expected <= left)),
        done_in_s=done_s,
        done_at=None if done_s is None else clock.time() + done_s,
        interval_s=interval_s,
        providers=len(accounts),
        advice=tuple(
            Advice(change, then_s)
            for change, then_s in changes.items()
            if then_s is not None and (done_s is None or done_s - then_s >= WORTH_SAYING_S)
        ),
    )


async def left_now(
    limiter: RateLimiter, upstreams: Sequence[Upstream], least_tier: int
) -> int | None:
    """How many more calls today allows through those *upstreams* that are good enough."""
    able = [upstream for upstream in upstreams if upstream.terms.tier >= least_tier]
    options = [(limiter.paced(u.terms.allowance), u.terms.cost(*TOKENS_OF_A_CALL)) for u in able]
    accounts = {allowance.account for allowance, _ in options}
    ledgers = {account: await limiter.ledger(account) for account in accounts}
    return left_today(ledgers, options, limiter.now())


def _done_in_s(
    ledgers: Mapping[str, Ledger],
    options: Sequence[tuple[Allowance, Need]],
    calls: int,
    now: Moment,
) -> int | None:
    """In how many seconds the last of *calls*, one after the other, would be answered."""
    if calls == 0:
        return 0
    sendings = schedule(ledgers, options, calls, now)
    if len(sendings) < calls:
        return None
    first_s, last_s = sendings[0].wait_s, sendings[-1].wait_s
    return math.ceil(max(last_s + WRITING_S, first_s + calls * WRITING_S))


def left_today(
    ledgers: Mapping[str, Ledger], options: Sequence[tuple[Allowance, Need]], now: Moment
) -> int | None:
    """How many more calls the providers' days allow; None where one of them has no limit."""
    by_account: dict[str, list[tuple[Allowance, Need]]] = {}
    for allowance, need in options:
        by_account.setdefault(allowance.account, []).append((allowance, need))
    lefts = [_left_of_account(ledgers[account], own, now) for account, own in by_account.items()]
    return None if any(math.isinf(left) for left in lefts) else int(sum(lefts))


def _left_of_account(
    ledger: Ledger, options: Sequence[tuple[Allowance, Need]], now: Moment
) -> float:
    """The models' days together, within the account's own day and its interval."""
    allowance, need = options[0]
    shared = dict(allowance.scopes).get(ACCOUNT, Limits())
    most = _left_of_scope(ledger, allowance, ACCOUNT, shared, need, now)
    if allowance.min_interval_s > 0:
        left_s = allowance.reset_at(now.epoch_s) - now.epoch_s
        most = min(most, left_s // allowance.min_interval_s + 1)
    models = sum(
        min(
            (
                _left_of_scope(ledger, own, scope, limits, cost, now)
                for scope, limits in own.scopes
                if scope != ACCOUNT
            ),
            default=math.inf,
        )
        for own, cost in options
    )
    return min(most, models)


def _left_of_scope(
    ledger: Ledger, allowance: Allowance, scope: str, stated: Limits, need: Need, now: Moment
) -> float:
    hold = ledger.holds.get(scope)
    if hold is not None and hold.until_reset and hold.remaining_s(now) > 0:
        return 0
    limits = stated.corrected(ledger.learned.get(scope, Limits()))
    today = ledger.today(allowance, scope, now)
    lefts = [math.inf]
    if limits.per_day is not None:
        lefts.append(max(0, limits.per_day - today.calls))
    if limits.units_per_day is not None and need.units > 0:
        lefts.append(max(0, (limits.units_per_day - today.units) // need.units))
    return min(lefts)
