"""The circuit breaker, step by step and to the second; and several of them before one call."""

from collections.abc import Callable

import pytest

from providers.health import Breaker, Circuits, State


def least() -> float:
    """The least that chance can give."""
    return 0.0


def most() -> float:
    """The most that chance can give."""
    return 1.0


def failing(times: int, begin_s: float = 0.0, apart_s: float = 1.0) -> Breaker:
    """A breaker that heard of so many failures, each of another question."""
    breaker = Breaker()
    for n in range(times):
        breaker = breaker.failed(begin_s + n * apart_s, f"q{n}", least)
    return breaker


def test_five_failures_in_a_row_open_it() -> None:
    """And four do not."""
    assert failing(4).state(4.0) is State.CLOSED
    assert failing(4).wait_s(4.0) == 0
    opened = failing(5)
    assert opened.state(4.0) is State.OPEN
    assert opened.wait_s(4.0) == 5.0
    assert opened.wait_s(8.0) == 1.0


def test_a_success_between_them_begins_the_row_anew() -> None:
    """Unless half of at least ten calls failed."""
    breaker = failing(4).succeeded(4.0)
    for n in range(4):
        breaker = breaker.failed(5.0 + n, f"later{n}", least)
    assert breaker.state(9.0) is State.CLOSED
    assert breaker.failed(9.0, "last", least).state(9.0) is State.OPEN


def test_half_of_ten_calls_open_it() -> None:
    """Nine calls are too few, and four of ten are not half."""
    breaker = Breaker()
    for n in range(5):
        breaker = breaker.succeeded(float(n)).failed(n + 0.5, f"q{n}", least)
        assert (breaker.state(n + 0.5) is State.OPEN) == (n == 4)
    breaker = Breaker()
    for n in range(6):
        breaker = breaker.succeeded(float(n))
    for n in range(4):
        breaker = breaker.failed(6.0 + n, f"q{n}", least)
    assert breaker.state(9.0) is State.CLOSED


def test_what_is_a_minute_old_does_not_count() -> None:
    """To the second."""
    assert failing(5, apart_s=14.9).state(60.0) is State.OPEN
    assert failing(5, apart_s=15.0).state(60.0) is State.CLOSED


def test_the_same_question_counts_once() -> None:
    """A poisonous prompt opens nothing."""
    breaker = Breaker()
    for n in range(20):
        breaker = breaker.failed(float(n), "poison", least)
    assert breaker.state(20.0) is State.CLOSED
    assert len(breaker.outcomes) == 1
    assert breaker.outcomes[0].at_s == 19.0


def test_it_remembers_a_hundred_calls() -> None:
    """However busy it is."""
    breaker = Breaker()
    for n in range(150):
        breaker = breaker.succeeded(n / 10)
    assert len(breaker.outcomes) == 100
    assert breaker.outcomes[0].at_s == 5.0


@pytest.mark.parametrize(("chance", "share"), [(least, 1.0), (most, 0.8)])
def test_it_stays_open_for_half_as_long_as_the_outage_has_lasted(
    chance: Callable[[], float], share: float
) -> None:
    """From five seconds to five minutes, and up to a fifth less."""
    breaker, begin_s = Breaker(), 1_000.0
    for n in range(5):
        breaker = breaker.failed(begin_s, f"q{n}", chance)
    now_s = begin_s
    for _ in range(20):
        wait_s = breaker.wait_s(now_s)
        assert wait_s == pytest.approx(share * min(300.0, max(5.0, (now_s - begin_s) / 2)))
        now_s += wait_s
        assert breaker.state(now_s) is State.HALF_OPEN
        breaker = breaker.calling(now_s).failed(now_s, "probe", chance)
    assert wait_s == pytest.approx(share * 300.0)


def test_calls_that_were_under_way_when_it_opened_make_it_no_longer() -> None:
    """Fifty callers may fail at the same moment."""
    breaker = failing(50, apart_s=0.0)
    assert breaker.wait_s(0.0) == 5.0
    assert breaker.failed(2.0, "late", least).wait_s(2.0) == 5.0


def test_one_probe_at_a_time_and_two_successes_close_it() -> None:
    """Whatever the step was, it begins anew."""
    breaker = failing(5)
    now_s = 4.0 + breaker.wait_s(4.0)
    assert breaker.wait_s(now_s) == 0
    probing = breaker.calling(now_s)
    assert probing.wait_s(now_s) == 15
    assert probing.wait_s(now_s + 14) == 1
    passed = probing.succeeded(now_s + 1)
    assert passed.state(now_s + 1) is State.HALF_OPEN
    assert passed.wait_s(now_s + 1) == 0
    assert passed.calling(now_s + 2).succeeded(now_s + 3) == Breaker()


def test_a_probe_that_says_nothing_lets_the_next_one_through() -> None:
    """The caller left."""
    breaker = failing(5)
    now_s = 4.0 + breaker.wait_s(4.0)
    assert breaker.calling(now_s).released().wait_s(now_s) == 0
    assert breaker.calling(now_s).released().state(now_s) is State.HALF_OPEN


def test_a_call_through_a_closed_one_leaves_no_trace() -> None:
    """Nothing is leased."""
    assert Breaker().calling(5.0) == Breaker()


def test_a_call_that_is_not_made_after_all_leaves_everything_as_it_was() -> None:
    """The next one may be the probe, in panic too."""
    breaker = failing(5)
    now_s = 4.0 + breaker.wait_s(4.0)
    given_up = breaker.calling(now_s).not_calling(now_s)
    assert (given_up.wait_s(now_s), given_up.panic_wait_s(now_s)) == (0, 0)
    assert Breaker().not_calling(5.0) == Breaker()


def test_a_call_in_panic_neither_takes_over_nor_ends_the_probe_of_another() -> None:
    """Whether it is made or not, no second probe goes through beside that."""
    breaker = failing(5)
    now_s = 4.0 + breaker.wait_s(4.0)
    probing = breaker.calling(now_s)
    panicking = probing.calling(now_s + 2)
    assert panicking.wait_s(now_s + 2) == probing.wait_s(now_s + 2) > 0
    assert panicking.not_calling(now_s + 2).wait_s(now_s + 2) > 0
    assert panicking.not_calling(now_s + 2).panic_wait_s(now_s + 2) == 0


def test_in_panic_one_call_a_second_goes_through() -> None:
    """Also when the last one failed."""
    breaker = failing(5)
    assert breaker.panic_wait_s(4.0) == 0
    asked = breaker.calling(4.0)
    assert asked.panic_wait_s(4.25) == 0.75
    assert asked.failed(4.5, "q", least).panic_wait_s(4.75) == 0.25
    assert asked.panic_wait_s(9.0) == 0


def test_a_success_in_panic_lets_the_next_call_through_at_once() -> None:
    """Though it should have stayed open for longer."""
    passed = failing(5).calling(4.0).succeeded(4.5)
    assert passed.state(4.5) is State.HALF_OPEN
    assert passed.wait_s(4.5) == 0


KEYS = ("provider", "model")


def opened(*names: str) -> Circuits:
    """Circuits of which those of *names* have just opened, at second 0."""
    circuits = Circuits(least)
    for name in names:
        for n in range(5):
            circuits.failed(KEYS, name, 0.0, f"q{n}")
    return circuits


def test_a_call_waits_for_the_last_of_the_circuits_before_it() -> None:
    """And the first one that is not closed gives the state."""
    assert Circuits(least).wait_s(KEYS, 0.0) == 0
    assert Circuits(least).state(KEYS, 0.0) is State.CLOSED
    for names in (("provider",), ("model",), KEYS):
        assert opened(*names).wait_s(KEYS, 1.0) == 4.0
        assert opened(*names).state(KEYS, 1.0) is State.OPEN
        assert opened(*names).state(KEYS, 5.0) is State.HALF_OPEN
    assert opened("model").wait_s(("provider", "another"), 1.0) == 0


def test_a_failure_counts_for_one_of_them_and_frees_the_others() -> None:
    """Or for nobody."""
    circuits = opened(*KEYS)
    circuits.calling(KEYS, 5.0)
    assert circuits.wait_s(KEYS, 5.0) == 15
    circuits.failed(KEYS, "model", 5.0, "probe")
    assert circuits.wait_s(["provider"], 5.0) == 0
    assert circuits.wait_s(["model"], 5.0) == 5
    circuits.calling(KEYS, 10.0)
    circuits.failed(KEYS, None, 10.0, "not its fault")
    assert circuits.wait_s(KEYS, 10.0) == 0


def test_a_success_and_a_release_reach_all_of_them() -> None:
    """As a call passes them all."""
    circuits = opened(*KEYS)
    circuits.calling(KEYS, 5.0)
    circuits.released(KEYS)
    assert circuits.wait_s(KEYS, 5.0) == 0
    for _ in range(2):
        circuits.calling(KEYS, 5.0)
        circuits.succeeded(KEYS, 5.0)
    assert circuits.state(KEYS, 5.0) is State.CLOSED
    assert set(circuits.breakers.values()) == {Breaker()}


def test_in_panic_open_circuits_let_one_call_a_second_through() -> None:
    """The slowest of them decides."""
    circuits = opened(*KEYS)
    assert circuits.wait_s(KEYS, 1.0) > 0
    assert circuits.wait_s(KEYS, 1.0, in_panic=True) == 0
    circuits.calling(["model"], 1.0)
    assert circuits.wait_s(KEYS, 1.5, in_panic=True) == 0.5
