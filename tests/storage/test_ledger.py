"""One account's ledger, rule by rule and to the second, as plain values."""

import zlib
from dataclasses import replace
from datetime import UTC, datetime

import orjson
import pytest

from storage.ledger import (
    ACCOUNT,
    DAY_S,
    MARGIN_S,
    MINUTE_S,
    Allowance,
    Hold,
    Ledger,
    Limits,
    Moment,
    Need,
    Sending,
    Sent,
    Spent,
    Wait,
    dump,
    load,
    schedule,
)

NOON_S = datetime(2026, 11, 24, 12, tzinfo=UTC).timestamp()
TODAY, TOMORROW = "2026-11-24", "2026-11-25"
OPEN = Limits()


def at(second: float, boot_id: str = "a") -> Moment:
    """*second* seconds after noon, an hour after the boot."""
    return Moment(boot_id, 3_600.0 + second, NOON_S + second)


def rules(model: Limits = OPEN, account: Limits = OPEN, interval_s: float = 0.0) -> Allowance:
    """An account with one model."""
    return Allowance("x", "UTC", ((ACCOUNT, account), ("model", model)), interval_s)


def after(allowance: Allowance, *seconds: float, need: Need = Need()) -> Ledger:  # noqa: B008 - frozen
    """The ledger of calls sent at these *seconds*."""
    ledger = Ledger()
    for second in seconds:
        ledger = ledger.sending(allowance, need, at(second))
    return ledger


def test_seconds_pass_on_the_clock_of_the_boot_and_else_on_the_wall() -> None:
    """And never backwards."""
    assert Moment("a", 10.0, 500.0).since(Moment("a", 4.0, 900.0)) == 6
    assert Moment("b", 10.0, 500.0).since(Moment("a", 400.0, 480.0)) == 20
    assert Moment("a", 4.0, 500.0).since(Moment("a", 10.0, 400.0)) == 0
    assert Moment("b", 10.0, 400.0).since(Moment("a", 4.0, 500.0)) == 0


def test_a_moment_of_another_boot_is_put_on_the_clocks_of_this_one() -> None:
    """By the wall clock; one that lies ahead becomes now."""
    now = Moment("b", 10.0, 500.0)
    assert Moment("a", 7_000.0, 480.0).rebased(now) == Moment("b", -10.0, 480.0)
    assert Moment("a", 7_000.0, 9_999.0).rebased(now) == now
    mine = Moment("b", 1.0, 9_999.0)
    assert mine.rebased(now) is mine


def test_what_the_provider_says_counts_before_what_is_stated() -> None:
    """Where it says anything."""
    stated = Limits(per_minute=5, per_day=20, tokens_per_minute=9, units_per_day=7.0)
    assert stated.corrected(Limits(per_day=3)) == replace(stated, per_day=3)
    assert stated.corrected(Limits(per_day=0)) == replace(stated, per_day=0)
    assert stated.corrected(Limits()) == stated
    assert Limits().is_open
    assert not Limits(per_day=0).is_open


def test_where_nothing_is_limited_there_is_nothing_to_count() -> None:
    """Not even an interval."""
    assert rules().is_open
    assert not rules(interval_s=0.5).is_open
    assert not rules(Limits(per_day=1)).is_open
    assert not rules(account=Limits(per_day=1)).is_open


@pytest.mark.parametrize(
    ("zone", "moment", "date", "begin", "hours"),
    [
        ("UTC", "2026-11-24T12:00", "2026-11-24", "2026-11-24T00:00", 24),
        ("UTC", "2026-11-24T00:00", "2026-11-24", "2026-11-24T00:00", 24),
        ("UTC", "2026-11-23T23:59:59.9", "2026-11-23", "2026-11-23T00:00", 24),
        ("America/Los_Angeles", "2026-11-24T07:59:59", "2026-11-23", "2026-11-23T08:00", 24),
        ("America/Los_Angeles", "2026-11-24T08:00", "2026-11-24", "2026-11-24T08:00", 24),
        ("America/Los_Angeles", "2026-03-08T20:00", "2026-03-08", "2026-03-08T08:00", 23),
        ("America/Los_Angeles", "2026-11-01T20:00", "2026-11-01", "2026-11-01T07:00", 25),
        ("Asia/Kathmandu", "2026-11-24T18:20", "2026-11-25", "2026-11-24T18:15", 24),
    ],
)
def test_a_day_is_the_providers_own(
    zone: str, moment: str, date: str, begin: str, hours: int
) -> None:
    """Its date, its end, and how much of it is over."""
    epoch_s = datetime.fromisoformat(f"{moment}Z").timestamp()
    begin_s = datetime.fromisoformat(f"{begin}Z").timestamp()
    allowance = Allowance("x", zone)
    assert allowance.day(epoch_s) == date
    assert allowance.reset_at(epoch_s) == begin_s + hours * 3600
    assert allowance.share_over(epoch_s) == pytest.approx((epoch_s - begin_s) / hours / 3600)


def test_the_interval_is_kept_to_the_second() -> None:
    """From the last call of the account, whatever the model."""
    allowance = rules(interval_s=60.0)
    assert Ledger().wait(allowance, Need(), at(0)) == Wait()
    ledger = after(allowance, 0.0)
    assert ledger.wait(allowance, Need(), at(59.5)) == Wait(0.5, "minimum interval")
    assert ledger.wait(allowance, Need(), at(60.0)).duration_s == 0
    assert ledger.wait(rules(), Need(), at(1.0)) == Wait()
    assert ledger.wait(rules(interval_s=0.5), Need(), at(0.0)).duration_s == 0.5


def test_as_many_calls_a_minute_as_are_allowed() -> None:
    """The next one when the first of them is a minute old, and a margin more."""
    allowance = rules(Limits(per_minute=3))
    ledger = after(allowance, 0.0, 10.0)
    assert ledger.wait(allowance, Need(), at(20.0)).duration_s == 0
    ledger = ledger.sending(allowance, Need(), at(20.0))
    wait = ledger.wait(allowance, Need(), at(30.0))
    assert wait.duration_s == pytest.approx(30.0 + MARGIN_S)
    assert wait.reason == "requests or tokens per minute"
    assert ledger.wait(allowance, Need(), at(60.0)).duration_s == pytest.approx(MARGIN_S)
    assert ledger.wait(allowance, Need(), at(60.0 + MARGIN_S)).duration_s == 0


def test_as_many_tokens_a_minute_as_are_allowed() -> None:
    """Those of the call itself count with them."""
    allowance = rules(Limits(tokens_per_minute=100))
    ledger = after(allowance, 0.0, 10.0, need=Need(40))
    assert ledger.wait(allowance, Need(20), at(20.0)).duration_s == 0
    assert ledger.wait(allowance, Need(21), at(20.0)).duration_s == pytest.approx(40 + MARGIN_S)
    assert ledger.wait(allowance, Need(61), at(20.0)).duration_s == pytest.approx(50 + MARGIN_S)
    assert Ledger().wait(allowance, Need(500), at(0)).duration_s == 0  # let the provider say no


def test_a_minute_of_nothing_is_never_over() -> None:
    """A limit of zero lets nobody through, and says when to look again."""
    allowance = rules(Limits(per_minute=0))
    assert Ledger().wait(allowance, Need(), at(0)).duration_s == MINUTE_S


def test_models_have_minutes_of_their_own_and_the_account_has_one_for_all() -> None:
    """A call counts wherever it touches."""
    high = Allowance("x", "UTC", (("high", Limits(per_minute=1)),))
    low = Allowance("x", "UTC", (("low", Limits(per_minute=1)),))
    ledger = after(high, 0.0)
    assert ledger.wait(low, Need(), at(1.0)).duration_s == 0
    assert ledger.wait(high, Need(), at(1.0)).duration_s == pytest.approx(59 + MARGIN_S)
    between = ledger.sending(low, Need(), at(0.6)).wait(high, Need(), at(1.0))
    assert between.duration_s == pytest.approx(59 + MARGIN_S)
    ledger = after(rules(account=Limits(per_minute=1)), 0.0)
    other = Allowance("x", "UTC", ((ACCOUNT, Limits(per_minute=1)), ("other", OPEN)))
    assert ledger.wait(other, Need(), at(1.0)).duration_s == pytest.approx(59 + MARGIN_S)


def test_calls_within_half_a_second_are_kept_together() -> None:
    """And count from the last of them, which errs on the safe side."""
    allowance = rules(Limits(per_minute=3))
    ledger = after(allowance, 0.0, 0.25, 0.5, need=Need(7))
    assert ledger.sent == (Sent(at(0.5), 3_600.0, (ACCOUNT, "model"), 21, 3),)
    assert ledger.wait(allowance, Need(), at(1.0)).duration_s == pytest.approx(59.5 + MARGIN_S)
    assert len(after(allowance, 0.0, 0.51).sent) == 2
    assert len(after(allowance, 0.0, 0.0).sent) == 1
    assert [call.calls for call in after(allowance, 0.0, 5.0, 10.0, 10.1).sent] == [1, 1, 2]
    other = Allowance("x", "UTC", (("other", Limits(per_minute=1)),))
    assert len(after(allowance, 0.0).sending(other, Need(), at(0.1)).sent) == 2
    assert len(after(allowance, 0.0).sending(allowance, Need(), at(0.1, "b")).sent) == 2
    back = Moment("a", 3_599.9, NOON_S)
    assert len(after(allowance, 0.0).sending(allowance, Need(), back).sent) == 2


def test_only_a_minute_of_calls_is_kept_and_none_where_no_minute_is_limited() -> None:
    """A busy account's ledger stays short."""
    allowance = rules(Limits(per_minute=3))
    ledger = after(allowance, 0.0, 50.0)
    assert len(ledger.sent) == 2
    assert len(ledger.sending(allowance, Need(), at(60.0 + MARGIN_S)).sent) == 2
    assert len(ledger.sending(allowance, Need(), at(60.0)).sent) == 3
    assert after(rules(Limits(per_day=3)), 0.0).sent == ()
    assert len(after(rules(Limits(tokens_per_minute=3)), 0.0).sent) == 1


def test_a_day_ends_with_its_last_call_and_begins_at_midnight() -> None:
    """The wait is until then."""
    allowance = rules(Limits(per_day=2))
    ledger = after(allowance, 0.0)
    assert ledger.wait(allowance, Need(), at(1.0)).duration_s == 0
    ledger = ledger.sending(allowance, Need(), at(1.0))
    assert ledger.wait(allowance, Need(), at(100.0)) == Wait(DAY_S / 2 - 100, "daily quota")
    assert ledger.wait(allowance, Need(), at(DAY_S / 2 - 0.2)).duration_s == 1.0
    assert ledger.wait(allowance, Need(), at(DAY_S / 2)).duration_s == 0
    assert ledger.today(allowance, "model", at(DAY_S / 2)) == Spent(TOMORROW)


def test_a_day_of_units_ends_before_the_call_that_would_not_fit() -> None:
    """Sums of fractions may be a hair above."""
    allowance = rules(account=Limits(units_per_day=10.0))
    ledger = after(allowance, 0.0, need=Need(units=9.7))
    assert ledger.wait(allowance, Need(units=0.3), at(1.0)).duration_s == 0
    assert ledger.wait(allowance, Need(units=0.3001), at(1.0)).reason == "daily quota"
    both = rules(Limits(per_day=1, units_per_day=99.0))
    assert after(both, 0.0).wait(both, Need(), at(1.0)).reason == "daily quota"
    tenths = after(allowance, *range(3), need=Need(units=0.1))
    assert tenths.wait(allowance, Need(units=9.7), at(9.0)).duration_s == 0


def test_the_strictest_rule_decides() -> None:
    """Of all scopes and all limits."""
    allowance = rules(Limits(per_minute=1, per_day=1), Limits(per_minute=1), 20.0)
    ledger = after(allowance, 0.0)
    assert ledger.wait(allowance, Need(), at(0.0)).reason == "daily quota"
    ledger = ledger.uncounted(allowance, Need(), at(0.0))
    assert ledger.wait(allowance, Need(), at(0.0)).reason == "requests or tokens per minute"
    held = ledger.holding("model", Hold("capacity", at(0), 90.0), at(0))
    assert held.wait(allowance, Need(), at(0.0)) == Wait(90.0, "capacity")


def test_a_learned_limit_replaces_the_stated_one() -> None:
    """In the day, in the minute, and for whether a minute is kept at all."""
    allowance = rules(Limits(per_day=9))
    ledger = Ledger().learning("model", Limits(per_day=1)).learning("model", Limits(per_minute=1))
    assert ledger.learned == {"model": Limits(per_minute=1, per_day=1)}
    ledger = ledger.sending(allowance, Need(), at(0))
    assert len(ledger.sent) == 1
    assert ledger.wait(allowance, Need(), at(1.0)).reason == "daily quota"
    assert ledger.learning("other", Limits(per_day=5)).learned["model"].per_day == 1


def test_a_call_that_was_never_sent_is_given_back_but_for_the_interval() -> None:
    """Of the day and of the minute, with its tokens and units."""
    allowance = rules(Limits(per_minute=3, per_day=9), interval_s=30.0)
    need = Need(7, 2.5)
    ledger = after(allowance, 0.0, 0.2, need=need).refunded(allowance, need, at(0.2))
    assert ledger.sent == (Sent(at(0.2), 3_600.0, (ACCOUNT, "model"), 7, 1),)
    assert ledger.spent == {scope: Spent(TODAY, 1, 2.5) for scope in (ACCOUNT, "model")}
    assert ledger.last == at(0.2)
    ledger = ledger.refunded(allowance, need, at(0.0))
    assert ledger.sent == ()
    assert ledger.spent == {scope: Spent(TODAY) for scope in (ACCOUNT, "model")}
    assert ledger.refunded(allowance, need, at(0.0)).spent == ledger.spent  # never below nothing


def test_a_call_that_does_not_count_for_the_day_counts_for_its_minute() -> None:
    """A refused call was a call all the same."""
    allowance = rules(Limits(per_minute=3, per_day=9))
    ledger = after(allowance, 0.0, 5.0, need=Need(7, 2.5))
    changed = ledger.uncounted(allowance, Need(7, 2.5), at(5.0))
    assert changed.sent == ledger.sent
    assert changed.spent["model"] == Spent(TODAY, 1, 2.5)


def test_corrections_concern_the_day_of_the_call() -> None:
    """A call before midnight that ends after it takes nothing from the new day."""
    allowance = rules(Limits(per_day=9))
    ledger = after(allowance, 0.0, DAY_S / 2 + 1, need=Need(0, 1.0))
    assert ledger.spent["model"] == Spent(TOMORROW, 1, 1.0)
    for changed in (
        ledger.uncounted(allowance, Need(0, 1.0), at(0.0)),
        ledger.refunded(allowance, Need(0, 1.0), at(0.0)),
        ledger.cost_known(allowance, Need(0, 1.0), Need(0, 5.0), at(0.0)),
    ):
        assert changed.spent == ledger.spent
    assert Ledger().uncounted(allowance, Need(), at(0.0)) == Ledger()


def test_what_a_call_really_cost_replaces_what_was_expected() -> None:
    """Tokens in its minute, units in its day; never below nothing."""
    allowance = rules(Limits(tokens_per_minute=100), Limits(units_per_day=50))
    ledger = after(allowance, 0.0, 5.0, need=Need(40, 10.0))
    more = ledger.cost_known(allowance, Need(40, 10.0), Need(55, 12.5), at(5.0))
    assert [call.tokens for call in more.sent] == [40, 55]
    assert more.spent[ACCOUNT] == Spent(TODAY, 2, 22.5)
    less = ledger.cost_known(allowance, Need(90, 30.0), Need(0, 0.0), at(0.0))
    assert [call.tokens for call in less.sent] == [0, 40]
    assert less.spent[ACCOUNT] == Spent(TODAY, 2, 0.0)
    elsewhere = ledger.cost_known(allowance, Need(40, 10.0), Need(55, 12.5), at(99.0))
    assert elsewhere.sent == ledger.sent


def test_a_call_is_found_by_its_moment_its_boot_and_its_scopes() -> None:
    """Those kept together are the same to a correction."""
    calls = Sent(at(2.0), 3_601.0, ("model",), 5, 2)
    assert calls.has(at(1.0), ("model",))
    assert calls.has(at(2.0), ("model",))
    assert not calls.has(at(0.9), ("model",))
    assert not calls.has(at(2.1), ("model",))
    assert not calls.has(at(1.5, "b"), ("model",))
    assert not calls.has(at(1.5), (ACCOUNT, "model"))


def test_the_providers_own_count_raises_ours_and_never_lowers_it() -> None:
    """Of that scope alone."""
    allowance = rules(Limits(per_day=50))
    ledger = after(allowance, 0.0, 1.0)
    assert ledger.used_up_to(allowance, ACCOUNT, 41, at(2.0)).spent == {
        ACCOUNT: Spent(TODAY, 41),
        "model": Spent(TODAY, 2),
    }
    assert ledger.used_up_to(allowance, ACCOUNT, 1, at(2.0)).spent == ledger.spent
    tomorrow = ledger.used_up_to(allowance, ACCOUNT, 1, at(DAY_S))
    assert tomorrow.spent[ACCOUNT] == Spent(TOMORROW, 1)


def test_the_longer_of_two_holds_stands_with_the_strikes_of_both() -> None:
    """I4: never shortened."""
    long, short = Hold("a", at(0), 100.0, 3), Hold("b", at(50), 20.0, 1)
    assert Ledger().holding("x", long, at(0)).holds == {"x": long}
    held = Ledger(holds={"x": long, "y": short})
    assert held.holding("x", short, at(50)).holds == {"x": long, "y": short}
    assert held.holding("x", replace(short, strikes=5), at(50)).holds["x"] == replace(
        long, strikes=5
    )
    assert held.holding("x", Hold("b", at(50), 50.0), at(50)).holds["x"] == long
    longer = Hold("b", at(50), 51.0, 1)
    assert held.holding("x", longer, at(50)).holds["x"] == longer


def test_a_hold_until_midnight_is_over_when_either_clock_says_so() -> None:
    """The machine may have slept, or its clock may have been wrong."""
    hold = Hold("day", at(0), 1_000.0, until_reset=True)
    assert hold.remaining_s(at(400)) == 600
    assert hold.remaining_s(Moment("a", 3_600.0, NOON_S + 900)) == 100
    assert hold.remaining_s(Moment("a", 3_600.0 + 900, NOON_S - 10**9)) == 100
    assert hold.remaining_s(at(1_001)) == 0
    plain = Hold("busy", at(0), 1_000.0)
    assert plain.remaining_s(Moment("a", 3_600.0, NOON_S + 900)) == 1_000


def test_a_success_ends_what_is_over_and_touches_nothing_else() -> None:
    """A hold that still stands was set while the call was under way."""
    holds = {
        "model": Hold("old", at(0), 10.0),
        ACCOUNT: Hold("stands", at(0), 10.5),
        "other": Hold("old", at(0), 10.0),
    }
    ledger = Ledger(holds=holds).succeeded(rules(), at(10))
    assert set(ledger.holds) == {ACCOUNT, "other"}


def test_strikes_are_counted_by_reason() -> None:
    """Another reason begins anew."""
    ledger = Ledger(holds={"model": Hold("busy", at(0), 10.0, 4)})
    assert ledger.strikes("model", "busy") == 4
    assert ledger.strikes("model", "other") == 0
    assert ledger.strikes("other", "busy") == 0


def test_a_later_day_counts_when_the_clock_was_set_back_a_little() -> None:
    """A day, or two; what is further ahead was written under a wrong clock."""
    allowance = rules(Limits(per_day=9))
    for day, counts in [
        ("2026-11-23", False),
        (TODAY, True),
        (TOMORROW, True),
        ("2026-11-26", True),
        ("2026-11-27", False),
        ("2038-01-19", False),
    ]:
        then = Spent(day, 5, 1.5)
        today = Ledger(spent={"model": then}).today(allowance, "model", at(0))
        assert today == (then if counts else Spent(TODAY))


def test_after_a_loss_a_days_share_is_taken_for_used() -> None:
    """At noon half of it, by the learned limit if there is one; never less than is known."""
    allowance = rules(Limits(per_day=9), Limits(units_per_day=100.0))
    ledger = Ledger(lost=at(0))
    assert ledger.today(allowance, "model", at(5)) == Spent(TODAY, 5, 0.0)
    assert ledger.today(allowance, ACCOUNT, at(5)) == Spent(TODAY, 0, 50.0)
    assert ledger.today(allowance, "other", at(5)) == Spent(TODAY)
    assert ledger.learning("model", Limits(per_day=20)).today(allowance, "model", at(5)).calls == 10
    known = replace(ledger, spent={"model": Spent(TODAY, 7, 60.0)})
    assert known.today(allowance, "model", at(5)) == Spent(TODAY, 7, 60.0)
    assert known.sending(allowance, Need(), at(5)).today(allowance, "model", at(5)).calls == 8
    assert ledger.today(allowance, "model", at(DAY_S)) == Spent(TOMORROW)
    own = replace(allowance, is_own=True)
    assert ledger.today(own, "model", at(5)) == Spent(TODAY)


def test_after_a_loss_nothing_is_sent_for_a_minute_and_an_interval() -> None:
    """Whichever is longer."""
    ledger = Ledger(lost=at(0))
    assert ledger.wait(rules(), Need(), at(20)) == Wait(40, "counters that were lost")
    assert ledger.wait(rules(), Need(), at(60)).duration_s == 0
    assert ledger.wait(rules(), Need(), at(600)).duration_s == 0
    assert ledger.wait(rules(interval_s=90), Need(), at(20)) == Wait(70, "minimum interval")
    assert ledger.wait(replace(rules(), is_own=True), Need(), at(20)) == Wait()
    sent = ledger.sending(rules(interval_s=90), Need(), at(100))
    assert sent.wait(rules(interval_s=90), Need(), at(120)).duration_s == 70


FULL = Ledger(
    last=at(3),
    sent=(Sent(at(2), 3_601.0, (ACCOUNT, "model"), 5, 2),),
    spent={"model": Spent(TODAY, 3, 4.5)},
    holds={"model": Hold("busy", at(1), 10.0, 2, until_reset=True)},
    learned={"model": Limits(per_day=5)},
    lost=at(0),
)


def test_a_ledger_is_read_as_it_was_written() -> None:
    """Full or empty."""
    assert load(dump(FULL)) == FULL
    assert load(dump(Ledger())) == Ledger()


@pytest.mark.parametrize("place", range(0, len(dump(FULL)), 3))
def test_c02_a_ledger_with_a_changed_byte_is_refused(place: int) -> None:
    """Wherever it is."""
    written = bytearray(dump(FULL))
    written[place] ^= 1
    with pytest.raises(ValueError, match=r"^a damaged ledger$"):
        load(bytes(written))


@pytest.mark.parametrize("missing", ["last", "sent", "spent", "holds", "learned", "lost"])
def test_a_ledger_of_another_make_is_refused(missing: str) -> None:
    """Its check sum is right, and something is not there."""
    value = orjson.loads(dump(FULL)[4:])
    del value[missing]
    written = orjson.dumps(value)
    with pytest.raises(ValueError, match=r"^a ledger of another make$"):
        load(zlib.crc32(written).to_bytes(4) + written)


def test_a_ledger_is_put_on_the_clocks_of_this_boot_as_a_whole() -> None:
    """Nothing of the other boot is left in it."""
    now = Moment("b", 10.0, NOON_S + 100)
    rebased = FULL.rebased(now)
    assert rebased.last == Moment("b", 10.0 - 97, NOON_S + 3)
    assert rebased.sent[0].at == Moment("b", 10.0 - 98, NOON_S + 2)
    assert rebased.sent[0].first_s == 10.0 - 99
    assert rebased.sent[0].calls == 2
    assert rebased.holds["model"] == replace(
        FULL.holds["model"], begun=Moment("b", 10.0 - 99, NOON_S + 1)
    )
    assert rebased.lost == Moment("b", 10.0 - 100, NOON_S)
    assert (rebased.spent, rebased.learned) == (FULL.spent, FULL.learned)
    assert Ledger().rebased(now) == Ledger()


def test_a_schedule_takes_the_first_option_that_is_free_soonest() -> None:
    """The better one while it lasts, and the time until it is free again."""
    high = Allowance("x", "UTC", (("high", Limits(per_minute=2)),))
    low = Allowance("y", "UTC", (("low", OPEN),), 30.0)
    options = [(high, Need()), (low, Need())]
    assert schedule({}, options, 6, at(0)) == [
        Sending(0.0, 0),
        Sending(0.0, 0),
        Sending(0.0, 1),
        Sending(30.0, 1),
        Sending(60.0, 1),
        Sending(MINUTE_S + MARGIN_S, 0),
    ]
    assert schedule({"y": after(low, 0.0)}, options[1:], 1, at(10)) == [Sending(20.0, 0)]


@pytest.mark.parametrize(
    ("limits", "need", "has_room"),
    [
        (Limits(), Need(10, 10.0), True),
        (Limits(per_minute=1, per_day=1, units_per_day=10.0), Need(10, 10.0), True),
        (Limits(per_minute=0), Need(), False),
        (Limits(per_day=0), Need(), False),
        (Limits(units_per_day=10.0), Need(0, 10.1), False),
        (Limits(units_per_day=0.0), Need(), True),
    ],
)
def test_what_can_never_be_sent_is_not_foreseen(limits: Limits, need: Need, has_room: bool) -> None:
    """A limit of zero, or a call that is more than a whole day."""
    for allowance in (rules(limits), rules(account=limits)):
        assert Ledger().has_room(allowance, need) == has_room
        assert bool(schedule({}, [(allowance, need)], 1, at(0))) == has_room
    other = (rules(interval_s=5.0), Need())
    expected = [Sending(0.0, 0)] if has_room else [Sending(0.0, 1)]
    assert schedule({}, [(rules(limits), need), other], 1, at(0)) == expected
    learned = Ledger().learning("model", limits)
    assert learned.has_room(rules(), need) == has_room


def test_a_schedule_ends_at_its_horizon_or_without_options() -> None:
    """With the first call that does not fit."""
    daily = Allowance("x", "UTC", (("model", Limits(per_day=1)),))
    assert schedule({}, [], 3, at(0)) == []
    within = schedule({}, [(daily, Need())], 9, at(0), horizon_s=DAY_S / 2)
    assert within == [Sending(0.0, 0), Sending(DAY_S / 2, 0)]
    assert len(schedule({}, [(daily, Need())], 9, at(0), horizon_s=DAY_S / 2 - 1)) == 1
    assert len(schedule({}, [(daily, Need())], 99, at(0))) == 8  # a week


def test_the_share_of_one_of_several_waits_longer_and_counts_more() -> None:
    """As if the others did as it does: a call of each in everything that is counted."""
    whole = rules(Limits(per_minute=9, per_day=9, tokens_per_minute=90, units_per_day=90.0))
    share = replace(whole, min_interval_s=5.0).divided(3)
    assert (share.min_interval_s, share.weight, share.scopes) == (15.0, 3, whole.scopes)
    need = Need(7, 2.5)
    ledger = Ledger().sending(share, need, at(0))
    assert ledger.spent["model"] == Spent(TODAY, 3, 7.5)
    assert ledger.sent == (Sent(at(0), 3_600.0, (ACCOUNT, "model"), 21, 3),)
    assert ledger.sending(share, need, at(0.1)).sent[0] == replace(
        ledger.sent[0], at=at(0.1), tokens=42, calls=6
    )
    dearer = ledger.cost_known(share, need, Need(8, 3.5), at(0))
    assert (dearer.spent["model"].units, dearer.sent[0].tokens) == (10.5, 24)
    assert ledger.uncounted(share, need, at(0)).spent["model"] == Spent(TODAY)
    assert ledger.refunded(share, need, at(0)).sent == ()


@pytest.mark.parametrize(
    ("limits", "spent", "fits"),
    [
        (Limits(per_day=9), Spent(TODAY, 6), True),
        (Limits(per_day=9), Spent(TODAY, 7), False),
        (Limits(units_per_day=9.0), Spent(TODAY, 0, 6.0), True),
        (Limits(units_per_day=9.0), Spent(TODAY, 0, 6.1), False),
        (Limits(per_day=2), Spent(TODAY), False),
    ],
)
def test_a_share_of_what_is_left_of_the_day(limits: Limits, spent: Spent, fits: bool) -> None:
    """Only if all could take theirs."""
    share = rules(limits).divided(3)
    ledger = Ledger(spent={"model": spent})
    assert (ledger.wait(share, Need(0, 1.0), at(0)).duration_s == 0) is fits
    assert ledger.has_room(share, Need(0, 1.0)) is (limits.per_day != 2)
    assert not Ledger().has_room(rules(Limits(units_per_day=2.0)).divided(3), Need(0, 1.0))


def test_a_share_of_the_minute_is_one_call_at_least() -> None:
    """Else whoever is alone would never be answered."""
    for per_minute, sent in ((6, 2), (2, 1)):
        share = rules(Limits(per_minute=per_minute)).divided(3)
        ledger, calls = Ledger(), 0
        while ledger.wait(share, Need(), at(calls)).duration_s == 0:
            ledger, calls = ledger.sending(share, Need(), at(calls)), calls + 1
        assert calls == sent
    tokens = rules(Limits(tokens_per_minute=60)).divided(3)
    ledger = Ledger().sending(tokens, Need(10), at(0))
    assert ledger.wait(tokens, Need(10), at(1)).duration_s == 0
    assert ledger.wait(tokens, Need(11), at(1)).duration_s > 0


def test_of_two_ledgers_of_one_account_the_more_careful_counts() -> None:
    """In each point; what both have counted is not added up."""
    ours = Ledger(
        last=at(5),
        sent=(Sent(at(5), 3_605.0, ("model",), 1, 1),),
        spent={"a": Spent(TODAY, 3, 9.0), "b": Spent(TOMORROW, 1), "c": Spent(TODAY, 9)},
        holds={"a": Hold("short", at(0), 10.0), "b": Hold("only ours", at(0), 5.0)},
        learned={"a": Limits(per_day=1)},
    )
    theirs = Ledger(
        last=at(9),
        sent=(Sent(at(9), 3_609.0, ("model",), 1, 4),),
        spent={"a": Spent(TODAY, 5, 2.0), "b": Spent(TODAY, 7), "d": Spent(TODAY, 2)},
        holds={"a": Hold("long", at(0), 99.0), "c": Hold("only theirs", at(0), 5.0)},
        learned={"a": Limits(per_day=2), "b": Limits(per_day=3)},
        lost=at(1),
    )
    both = ours.at_least(theirs, at(9))
    assert both.last == at(9)
    assert both.sent == theirs.sent
    assert both.spent == {
        "a": Spent(TODAY, 5, 9.0),
        "b": Spent(TOMORROW, 1),
        "c": Spent(TODAY, 9),
        "d": Spent(TODAY, 2),
    }
    assert {scope: hold.reason for scope, hold in both.holds.items()} == {
        "a": "long",
        "b": "only ours",
        "c": "only theirs",
    }
    assert both.learned == {"a": Limits(per_day=1), "b": Limits(per_day=3)}
    assert both.lost == at(1)
    swapped = theirs.at_least(ours, at(9))
    assert (swapped.last, swapped.sent, swapped.lost) == (at(9), theirs.sent, at(1))
    assert swapped.spent == both.spent
    assert swapped.learned["a"] == Limits(per_day=2)
    assert ours.at_least(Ledger(), at(9)) == ours
    assert Ledger().at_least(ours, at(9)) == ours
    assert Ledger().at_least(Ledger(), at(9)) == Ledger()
