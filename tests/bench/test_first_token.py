"""The measurement of the first token measures what it says."""

from bench.first_token import measure, service, stand_ins


def test_the_first_token_takes_at_least_as_long_as_its_provider() -> None:
    """Both ways: straight from the provider, and through the service."""
    with stand_ins(0.05) as settings, service(settings) as url:
        row = measure("openrouter", 0.05, settings, url, 3)
    assert row.straight_s >= 0.05
    assert row.through_s >= 0.05
    cells = [cell.strip() for cell in str(row).strip("|").split("|")]
    assert cells[0] == "openrouter"
    assert float(cells[5]) == round(row.through_s / row.straight_s, 2)
