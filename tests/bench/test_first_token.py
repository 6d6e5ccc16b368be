"""The measurement of the first token measures what it says."""

from bench.first_token import HEAD, measure, service, stand_ins


def test_the_first_token_takes_at_least_as_long_as_its_provider() -> None:
    """Both ways: straight from the provider, and through the service."""
    with stand_ins(0.05) as settings, service(settings) as url:
        row = measure("openrouter", 0.05, settings, url, 3)
    assert 0.05 <= row.straight.median_s <= row.straight.p95_s
    assert 0.05 <= row.through.median_s <= row.through.p95_s
    cells = [cell.strip() for cell in str(row).strip("|").split("|")]
    assert cells[0] == "openrouter"
    assert len(cells) == HEAD.splitlines()[0].count("|") - 1
    assert float(cells[7]) == round(row.through.median_s / row.straight.median_s, 2)
