"""The simulated day, small: its goals hold, and it is the same day every time."""

import logging

import pytest

from bench.day import CONFIGURATIONS, DAY_S, Result, live, workload

ALL = CONFIGURATIONS["all three"]


@pytest.fixture(autouse=True)
def _quiet() -> None:
    """A day has many log lines."""
    logging.getLogger("trimaran").setLevel(logging.CRITICAL)


def day(policy: str, unique: int) -> Result:
    """A day of *unique* new ideas and their repeats, under the guide's quotas."""
    return live(policy, ALL, "guide", workload(unique, seed=7), seed=7)


def test_everybody_is_answered_while_there_is_capacity() -> None:
    """Through the outage and the noise, without a call that a provider had to refuse."""
    result = day("ours, PACING=quota", 300)
    assert result.outcomes == {"answered": result.offered}
    assert result.refused == 0


def test_repeats_cost_no_call() -> None:
    """Seven of ten come from the cache."""
    result = day("ours, PACING=quota", 300)
    assert result.unique <= 302
    assert result.offered == 1_000
    assert result.percentile_s(0.5) == 0


def test_with_the_interval_no_provider_is_called_twice_in_a_minute() -> None:
    """1,440 calls a day each, at the most."""
    result = day("ours, PACING=interval", 400)
    assert set(result.counted.calls) == set(ALL)
    assert all(calls <= DAY_S / 60 + 1 for calls in result.counted.calls.values())


def test_the_same_seed_is_the_same_day() -> None:
    """So that a table can be checked."""
    one, two = day("ours, PACING=quota", 100), day("ours, PACING=quota", 100)
    assert (one.outcomes, one.latencies_s) == (two.outcomes, two.latencies_s)
