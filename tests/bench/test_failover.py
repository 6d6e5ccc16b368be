"""What an outage costs, on virtual time: few calls, and an end that is noticed soon."""

import pytest

from bench.failover import dead, outage


@pytest.mark.parametrize(("requests_per_s", "most"), [(1.0, 20), (10.0, 14), (100.0, 8)])
def test_a_dead_first_provider_costs_few_calls_in_a_thousand_requests(
    requests_per_s: float, most: int
) -> None:
    """Five failures open the circuit, then there are only probes."""
    assert 5 <= dead(1_000, requests_per_s) <= most


@pytest.mark.parametrize(
    "seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 10))]
)
def test_an_outage_of_a_minute_is_over_within_half_a_minute(seed: int) -> None:
    """With eight probes at the most meanwhile, whatever chance says."""
    found = outage(10.0, seed)
    assert found.calls - 5 <= 8
    assert found.back_after_s <= 30
