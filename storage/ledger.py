"""One account's ledger: what was sent and spent, and what is on hold. Pure; stored as JSON.

An account is what a provider counts by: a key's project or account. Its *scopes* are the account
as a whole (`ACCOUNT`) and each of its models; a call counts in all scopes that it touches. All
waits are in seconds.
"""

import functools
import math
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from clock import Clock

ACCOUNT = "*"
MINUTE_S = 60.0
QUARTER_S = 900.0
DAY_S = 86_400.0
TOGETHER_S = 0.5
MARGIN_S = 0.05  # our clock and the provider's are read at different moments
FULL_UNITS = 1e-6  # rounding of sums
CHECK_SUM_BYTES = 4


@dataclass(frozen=True, slots=True)
class Moment:
    """Now, on both clocks: monotonic seconds within one boot, and seconds since the epoch."""

    boot_id: str
    monotonic_s: float
    epoch_s: float

    def since(self, earlier: "Moment") -> float:
        """Seconds from *earlier* until now, never negative.

        Within one boot the monotonic clock decides, so setting the machine's clock changes
        nothing; after a reboot the wall clock has to do.
        """
        if earlier.boot_id == self.boot_id:
            return max(0.0, self.monotonic_s - earlier.monotonic_s)
        return max(0.0, self.epoch_s - earlier.epoch_s)

    def rebased(self, now: "Moment") -> "Moment":
        """The same moment on the clocks of this boot; one that lies ahead becomes *now*.

        A machine without a clock of its own begins in 1970, and must not wait for 2026 to come.
        """
        if self.boot_id == now.boot_id:
            return self
        passed_s = now.since(self)
        return Moment(now.boot_id, now.monotonic_s - passed_s, now.epoch_s - passed_s)


def moment(clock: Clock) -> Moment:
    """Now, as *clock* tells it."""
    return Moment(clock.boot_id, clock.monotonic(), clock.time())


@dataclass(frozen=True, slots=True)
class Limits:
    """What a provider allows in one scope; None where it sets no limit.

    *units_per_day* is for providers that count something else than requests (neurons).
    """

    per_minute: int | None = None
    per_day: int | None = None
    tokens_per_minute: int | None = None
    units_per_day: float | None = None

    def corrected(self, learned: "Limits") -> "Limits":
        """These limits with what the provider itself has *learned* us in their place."""
        known = {name: value for name, value in asdict(learned).items() if value is not None}
        return replace(self, **known)

    @property
    def is_open(self) -> bool:
        """Whether nothing is limited."""
        return self == Limits()


@dataclass(frozen=True, slots=True)
class Allowance:
    """The rules of one account for calls to one model.

    *is_own* says that it is this machine's or the user's own, which needs no minimum interval.
    *weight* is as how many calls each is counted: a process that has lost sight of the others
    counts for them as well.
    """

    account: str
    zone: str = "UTC"  # where the provider's day begins at midnight
    scopes: tuple[tuple[str, Limits], ...] = ()
    min_interval_s: float = 0.0
    is_own: bool = False
    weight: int = 1

    @property
    def is_open(self) -> bool:
        """Whether there is nothing to count."""
        return self.min_interval_s <= 0 and all(limits.is_open for _, limits in self.scopes)

    def divided(self, instances: int) -> "Allowance":
        """The share of one of *instances* that cannot see each other's calls.

        It waits as many intervals, and takes its part of what is left of every quota.
        """
        return replace(self, min_interval_s=self.min_interval_s * instances, weight=instances)

    def day(self, epoch_s: float) -> str:
        """The provider's date at that moment, as `2026-11-22`."""
        return day_of(self.zone, epoch_s).date

    def reset_at(self, epoch_s: float) -> float:
        """The provider's next midnight after that moment, in seconds since the epoch.

        The day may have 23 or 25 hours.
        """
        return day_of(self.zone, epoch_s).end_s

    def share_over(self, epoch_s: float) -> float:
        """How much of the provider's day is over at that moment, from 0 to 1."""
        day = day_of(self.zone, epoch_s)
        return (epoch_s - day.begin_s) / (day.end_s - day.begin_s)


@dataclass(frozen=True, slots=True)
class Day:
    """A provider's day: its date, and its beginning and end in seconds since the epoch."""

    date: str
    begin_s: float
    end_s: float


def day_of(zone: str, epoch_s: float) -> Day:
    """The day in *zone* at that moment."""
    return _day(zone, int(epoch_s // QUARTER_S))


@functools.lru_cache
def _day(zone: str, quarter: int) -> Day:
    """The day of a quarter of an hour: midnight comes at its beginning, if at all, in every zone."""
    own = ZoneInfo(zone)
    today = datetime.fromtimestamp(quarter * QUARTER_S, own).date()
    midnights = [
        datetime(day.year, day.month, day.day, tzinfo=own).astimezone(UTC).timestamp()
        for day in (today, today + timedelta(days=1))
    ]
    return Day(today.isoformat(), *midnights)


@dataclass(frozen=True, slots=True)
class Need:
    """What a call is expected to cost: input tokens, and units of `units_per_day`."""

    tokens: int = 0
    units: float = 0.0


@dataclass(frozen=True, slots=True)
class Sent:
    """Calls of the last minute, sent within half a second from *first_s* (monotonic) to *at*.

    Taking them together keeps the ledger of a busy account short, and errs on the safe side.
    """

    at: Moment
    first_s: float
    scopes: tuple[str, ...]
    tokens: int
    calls: int = 1

    def has(self, at: Moment, scopes: tuple[str, ...]) -> bool:
        """Whether the call of that moment is one of these."""
        is_within = self.first_s <= at.monotonic_s <= self.at.monotonic_s
        return is_within and self.at.boot_id == at.boot_id and self.scopes == scopes

    def takes(self, now: Moment, scopes: tuple[str, ...]) -> bool:
        """Whether a call that is sent now belongs to these."""
        is_near = 0 <= now.monotonic_s - self.first_s <= TOGETHER_S
        return is_near and self.at.boot_id == now.boot_id and self.scopes == scopes

    def rebased(self, now: Moment) -> "Sent":
        """The same calls on the clocks of this boot."""
        at = self.at.rebased(now)
        return replace(self, at=at, first_s=self.first_s + at.monotonic_s - self.at.monotonic_s)


@dataclass(frozen=True, slots=True)
class Spent:
    """What one scope has used of its day."""

    day: str
    calls: int = 0
    units: float = 0.0


@dataclass(frozen=True, slots=True)
class Hold:
    """A scope that is left alone: until *duration_s* after *begun*, and never shorter.

    *strikes* counts the holds for the same reason that followed each other without a success.
    """

    reason: str
    begun: Moment
    duration_s: float
    strikes: int = 1
    until_reset: bool = False

    def remaining_s(self, now: Moment) -> float:
        """Seconds that are left of it.

        A hold until the provider's midnight is over when that day is by the wall clock, too: the
        machine may have slept meanwhile.
        """
        left_s = self.duration_s - now.since(self.begun)
        if self.until_reset:
            left_s = min(left_s, self.begun.epoch_s + self.duration_s - now.epoch_s)
        return max(0.0, left_s)


@dataclass(frozen=True, slots=True)
class Wait:
    """How long a call has to wait, and for what; 0 when it may be sent now."""

    duration_s: float = 0.0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Ledger:
    """All that is known about one account.

    *lost* is when what was known before was lost. Of a provider's day as much is then taken for used
    as was over of it, and nothing is sent for a minute and an interval.
    """

    last: Moment | None = None
    sent: tuple[Sent, ...] = ()
    spent: Mapping[str, Spent] = field(default_factory=dict)
    holds: Mapping[str, Hold] = field(default_factory=dict)
    learned: Mapping[str, Limits] = field(default_factory=dict)
    lost: Moment | None = None

    def wait(self, allowance: Allowance, need: Need, now: Moment) -> Wait:
        """How long a call under *allowance* has to wait: as long as the strictest rule says."""
        waits = [self._interval(allowance, now), self._after_loss(allowance, now)]
        for scope, stated in allowance.scopes:
            limits = self._limits(scope, stated)
            if hold := self.holds.get(scope):
                waits.append(Wait(hold.remaining_s(now), hold.reason))
            waits.append(self._minute(allowance, scope, limits, need, now))
            waits.append(self._day(allowance, scope, limits, need, now))
        return max(waits, key=lambda wait: wait.duration_s)

    def is_free(self, allowance: Allowance) -> bool:
        """Whether there is nothing to count, as stated or learned, and nothing was on hold lately."""
        limits = (self._limits(scope, stated) for scope, stated in allowance.scopes)
        is_open = allowance.min_interval_s <= 0 and all(own.is_open for own in limits)
        return is_open and not self.holds

    def has_room(self, allowance: Allowance, need: Need) -> bool:
        """Whether a call under *allowance* could ever be sent."""
        units = need.units * allowance.weight
        limits = [self._limits(scope, stated) for scope, stated in allowance.scopes]
        return not any(
            own.per_minute == 0
            or (own.per_day is not None and own.per_day < allowance.weight)
            or (own.units_per_day is not None and units > own.units_per_day + FULL_UNITS)
            for own in limits
        )

    def sending(self, allowance: Allowance, need: Need, now: Moment) -> "Ledger":
        """The ledger with one more call in it, sent at this moment."""
        scopes = tuple(scope for scope, _ in allowance.scopes)
        spent, weight = dict(self.spent), allowance.weight
        for scope in scopes:
            today = self.today(allowance, scope, now)
            units = today.units + need.units * weight
            spent[scope] = Spent(today.day, today.calls + weight, units)
        return replace(self, last=now, sent=self._with(allowance, scopes, need, now), spent=spent)

    def refunded(self, allowance: Allowance, need: Need, at: Moment) -> "Ledger":
        """The ledger without the call that was entered at that moment and was never sent.

        The interval stays: giving it back could let two calls come too close.
        """
        weight = allowance.weight
        sent = self._changed(
            allowance,
            at,
            lambda s: replace(s, calls=s.calls - weight, tokens=s.tokens - need.tokens * weight),
        )
        kept = tuple(call for call in sent if call.calls > 0)
        return replace(self.uncounted(allowance, need, at), sent=kept)

    def uncounted(self, allowance: Allowance, need: Need, at: Moment) -> "Ledger":
        """The ledger once it is known that the call of that moment does not count for the day.

        It stays in its minute: a refused call was a call all the same.
        """
        spent, weight = dict(self.spent), allowance.weight
        for scope, then in self._of_that_day(allowance, at):
            calls, units = max(0, then.calls - weight), max(0.0, then.units - need.units * weight)
            spent[scope] = replace(then, calls=calls, units=units)
        return replace(self, spent=spent)

    def cost_known(self, allowance: Allowance, need: Need, used: Need, at: Moment) -> "Ledger":
        """The ledger with what the call really used in place of what was expected."""
        spent = dict(self.spent)
        more_units = (used.units - need.units) * allowance.weight
        for scope, then in self._of_that_day(allowance, at):
            spent[scope] = replace(then, units=max(0.0, then.units + more_units))
        more = (used.tokens - need.tokens) * allowance.weight
        sent = self._changed(allowance, at, lambda s: replace(s, tokens=max(0, s.tokens + more)))
        return replace(self, sent=sent, spent=spent)

    def used_up_to(self, allowance: Allowance, scope: str, calls: int, now: Moment) -> "Ledger":
        """The ledger with at least *calls* entered for today, as the provider itself counts them."""
        today = self.today(allowance, scope, now)
        spent = {**self.spent, scope: replace(today, calls=max(today.calls, calls))}
        return replace(self, spent=spent)

    def holding(self, scope: str, hold: Hold, now: Moment) -> "Ledger":
        """The ledger with *hold* on *scope*, unless a longer one is there already."""
        held = self.holds.get(scope)
        if held is not None and held.remaining_s(now) >= hold.remaining_s(now):
            hold = replace(held, strikes=max(held.strikes, hold.strikes))
        return replace(self, holds={**self.holds, scope: hold})

    def succeeded(self, allowance: Allowance, now: Moment) -> "Ledger":
        """The ledger after a success: holds that are over are forgotten, with their strikes.

        One that still stands was set while the call was under way; the success says nothing of it.
        """
        touched = {scope for scope, _ in allowance.scopes}
        kept = {
            scope: hold
            for scope, hold in self.holds.items()
            if scope not in touched or hold.remaining_s(now) > 0
        }
        return replace(self, holds=kept)

    def learning(self, scope: str, limits: Limits) -> "Ledger":
        """The ledger that knows *limits* from the provider itself."""
        known = self.learned.get(scope, Limits()).corrected(limits)
        return replace(self, learned={**self.learned, scope: known})

    def rebased(self, now: Moment) -> "Ledger":
        """The ledger with every moment on the clocks of this boot."""
        return replace(
            self,
            last=self.last and self.last.rebased(now),
            sent=tuple(call.rebased(now) for call in self.sent),
            holds={k: replace(h, begun=h.begun.rebased(now)) for k, h in self.holds.items()},
            lost=self.lost and self.lost.rebased(now),
        )

    def at_least(self, other: "Ledger", now: Moment) -> "Ledger":
        """This ledger, but nowhere less careful than *other*: for one that may have forgotten.

        What the two have counted was mostly the same calls, so it is not added up.
        """
        spent = dict(self.spent)
        for scope, theirs in other.spent.items():
            ours = spent.get(scope, Spent(""))
            same = max(ours.calls, theirs.calls), max(ours.units, theirs.units)
            spent[scope] = max(ours, theirs, key=lambda each: each.day)
            if ours.day == theirs.day:
                spent[scope] = Spent(ours.day, *same)
        lasts = [last for last in (self.last, other.last) if last is not None]
        both = replace(
            self,
            last=min(lasts, key=now.since, default=None),
            sent=max(self.sent, other.sent, key=lambda sent: sum(each.calls for each in sent)),
            spent=spent,
            learned={**other.learned, **self.learned},
            lost=self.lost or other.lost,
        )
        for scope, hold in other.holds.items():
            both = both.holding(scope, hold, now)
        return both

    def strikes(self, scope: str, reason: str) -> int:
        """How many holds for *reason* the scope has had in a row."""
        hold = self.holds.get(scope)
        return hold.strikes if hold is not None and hold.reason == reason else 0

    def today(self, allowance: Allowance, scope: str, now: Moment) -> Spent:
        """What *scope* has used of the provider's day.

        A clock that was set back does not give a used day back: the later date counts, unless it
        is so far ahead that the clock must have been wrong.
        """
        day, then = allowance.day(now.epoch_s), self.spent.get(scope)
        is_ahead = then is not None and day < then.day <= allowance.day(now.epoch_s + 2 * DAY_S)
        today = then if then is not None and (then.day == day or is_ahead) else Spent(day)
        return today if self.lost is None else self._presumed(allowance, scope, today, self.lost)

    def _presumed(self, allowance: Allowance, scope: str, today: Spent, lost: Moment) -> Spent:
        """*today* with at least the share of its limits that may have been used before the loss."""
        if allowance.is_own or allowance.day(lost.epoch_s) != today.day:
            return today
        limits = self._limits(scope, dict(allowance.scopes).get(scope, Limits()))
        share = allowance.share_over(lost.epoch_s)
        calls = math.ceil((limits.per_day or 0) * share)
        units = (limits.units_per_day or 0.0) * share
        return Spent(today.day, max(today.calls, calls), max(today.units, units))

    def _limits(self, scope: str, stated: Limits) -> Limits:
        """What the scope allows, as the provider itself has told us or else as *stated*."""
        learned = self.learned.get(scope)
        return stated if learned is None else stated.corrected(learned)

    def _with(
        self, allowance: Allowance, scopes: tuple[str, ...], need: Need, now: Moment
    ) -> tuple[Sent, ...]:
        """The calls of the last minute with one more; none where no minute is limited."""
        limits = [self._limits(scope, stated) for scope, stated in allowance.scopes]
        if all(own.per_minute is None and own.tokens_per_minute is None for own in limits):
            return self.sent
        recent = [call for call in self.sent if now.since(call.at) < MINUTE_S + MARGIN_S]
        calls, tokens = allowance.weight, need.tokens * allowance.weight
        if recent and (last := recent[-1]).takes(now, scopes):
            calls, tokens = last.calls + calls, last.tokens + tokens
            return (*recent[:-1], replace(last, at=now, tokens=tokens, calls=calls))
        return (*recent, Sent(now, now.monotonic_s, scopes, tokens, calls))

    def _of_that_day(self, allowance: Allowance, at: Moment) -> list[tuple[str, Spent]]:
        """What the scopes have spent, where their day is still the one of that moment."""
        day = allowance.day(at.epoch_s)
        spent = ((scope, self.spent.get(scope)) for scope, _ in allowance.scopes)
        return [(scope, then) for scope, then in spent if then is not None and then.day == day]

    def _changed(
        self, allowance: Allowance, at: Moment, change: Callable[[Sent], Sent]
    ) -> tuple[Sent, ...]:
        """The calls of the last minute, with *change* made to those of that moment."""
        scopes = tuple(scope for scope, _ in allowance.scopes)
        place = next((i for i, call in enumerate(self.sent) if call.has(at, scopes)), None)
        if place is None:
            return self.sent
        return (*self.sent[:place], change(self.sent[place]), *self.sent[place + 1 :])

    def _interval(self, allowance: Allowance, now: Moment) -> Wait:
        last = self.last or self.lost
        if last is None or allowance.min_interval_s <= 0:
            return Wait()
        left_s = allowance.min_interval_s - now.since(last)
        return Wait(max(0.0, left_s), "minimum interval")

    def _after_loss(self, allowance: Allowance, now: Moment) -> Wait:
        if self.lost is None or allowance.is_own:
            return Wait()
        return Wait(max(0.0, MINUTE_S - now.since(self.lost)), "counters that were lost")

    def _minute(
        self, allowance: Allowance, scope: str, limits: Limits, need: Need, now: Moment
    ) -> Wait:
        if limits.per_minute is None and limits.tokens_per_minute is None:
            return Wait()
        calls, tokens, wait_s = allowance.weight, need.tokens * allowance.weight, 0.0
        for call in reversed(self.sent):  # the newest first
            age_s = now.since(call.at)
            if scope not in call.scopes or age_s >= MINUTE_S + MARGIN_S:
                continue
            calls, tokens = calls + call.calls, tokens + call.tokens
            too_many = limits.per_minute is not None and calls > limits.per_minute
            too_much = limits.tokens_per_minute is not None and tokens > limits.tokens_per_minute
            if too_many or too_much:
                # When this one is a minute old, there is room again.
                wait_s = MINUTE_S + MARGIN_S - age_s
                break
        if limits.per_minute == 0:
            wait_s = MINUTE_S
        return Wait(max(0.0, wait_s), "requests or tokens per minute")

    def _day(
        self, allowance: Allowance, scope: str, limits: Limits, need: Need, now: Moment
    ) -> Wait:
        today, weight = self.today(allowance, scope, now), allowance.weight
        full = limits.per_day is not None and today.calls + weight > limits.per_day
        if limits.units_per_day is not None:
            full |= today.units + need.units * weight > limits.units_per_day + FULL_UNITS
        if not full:
            return Wait()
        return Wait(max(1.0, allowance.reset_at(now.epoch_s) - now.epoch_s), "daily quota")


@dataclass(frozen=True, slots=True)
class Sending:
    """When a call could be sent (seconds from now), and under which of the options."""

    wait_s: float
    option: int


def schedule(
    ledgers: Mapping[str, Ledger],
    options: Sequence[tuple[Allowance, Need]],
    calls: int,
    now: Moment,
    horizon_s: float = 7 * DAY_S,
) -> list[Sending]:
    """When each of *calls* could be sent, if each took the first of *options* that is free soonest.

    Ends early with the first call that could not be sent within *horizon_s*.
    """
    books = {allowance.account: Ledger() for allowance, _ in options} | dict(ledgers)
    possible = [
        n for n, (own, need) in enumerate(options) if books[own.account].has_room(own, need)
    ]
    sendings, passed_s = list[Sending](), 0.0
    for _ in range(calls):
        then = replace(now, monotonic_s=now.monotonic_s + passed_s, epoch_s=now.epoch_s + passed_s)
        waits_s = {
            n: books[options[n][0].account].wait(*options[n], then).duration_s for n in possible
        }
        option = min(waits_s, key=waits_s.__getitem__, default=None)
        if option is None or passed_s + waits_s[option] > horizon_s:
            break
        passed_s += waits_s[option]
        allowance, need = options[option]
        then = replace(now, monotonic_s=now.monotonic_s + passed_s, epoch_s=now.epoch_s + passed_s)
        books[allowance.account] = books[allowance.account].sending(allowance, need, then)
        sendings.append(Sending(passed_s, option))
    return sendings


def dump(ledger: Ledger) -> bytes:
    """*ledger* as JSON behind its check sum."""
    written = orjson.dumps(
        {
            "last": _flat(ledger.last) if ledger.last else None,
            "sent": [[_flat(s.at), s.first_s, s.scopes, s.tokens, s.calls] for s in ledger.sent],
            "spent": {k: [s.day, s.calls, s.units] for k, s in ledger.spent.items()},
            "holds": {
                k: [h.reason, _flat(h.begun), h.duration_s, h.strikes, h.until_reset]
                for k, h in ledger.holds.items()
            },
            "learned": {k: asdict(limits) for k, limits in ledger.learned.items()},
            "lost": _flat(ledger.lost) if ledger.lost else None,
        }
    )
    return zlib.crc32(written).to_bytes(CHECK_SUM_BYTES) + written


def load(stored: bytes) -> Ledger:
    """The ledger that `dump` made *stored* of. Raises `ValueError` for anything else."""
    check_sum, written = stored[:CHECK_SUM_BYTES], stored[CHECK_SUM_BYTES:]
    if zlib.crc32(written) != int.from_bytes(check_sum):
        raise ValueError("a damaged ledger")
    try:
        return _from_json(orjson.loads(written))
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError("a ledger of another make") from error


def _flat(at: Moment) -> tuple[str, float, float]:
    return at.boot_id, at.monotonic_s, at.epoch_s


def _from_json(value: Mapping[str, Any]) -> Ledger:
    return Ledger(
        last=Moment(*value["last"]) if value["last"] else None,
        sent=tuple(
            Sent(Moment(*at), float(first_s), tuple(scopes), int(tokens), int(calls))
            for at, first_s, scopes, tokens, calls in value["sent"]
        ),
        spent={scope: Spent(*spent) for scope, spent in value["spent"].items()},
        holds={
            scope: Hold(reason, Moment(*begun), duration_s, strikes, until_reset)
            for scope, (reason, begun, duration_s, strikes, until_reset) in value["holds"].items()
        },
        learned={scope: Limits(**limits) for scope, limits in value["learned"].items()},
        lost=Moment(*value["lost"]) if value["lost"] else None,
    )
