"""Dashboard, alerts and runbook speak of metrics and alerts that exist."""

import re
from typing import Any

import orjson
import pytest
import yaml

from answers import Origin
from endpoints.metrics import Metrics, Standing
from failover import VERDICTS, Attempt
from notices import Answered, Failed, Tried, Waiting
from providers.completion import Usage
from providers.errors import FailureKind
from tests.service import ROOT

RULES: list[dict[str, Any]] = yaml.safe_load((ROOT / "ops/alerts.yaml").read_text())["groups"][0][
    "rules"
]
PANELS: list[dict[str, Any]] = orjson.loads((ROOT / "ops/grafana.json").read_bytes())["panels"]
EXPRESSIONS = [rule["expr"] for rule in RULES] + [
    target["expr"] for panel in PANELS for target in panel["targets"]
]
MODEL = {
    "provider": "gemini",
    "model": "gemini-3.8-flash",
    "state": "ready",
    "next_slot_s": 0.0,
    "quotas": [{"scope": "model", "unit": "requests", "limit": 20, "left": 12}],
}


def exposition() -> str:
    """What a scrape gives after one request of each kind."""
    metrics = Metrics()
    good = Attempt("gemini", "Google Gemini", "gemini-3.8-flash", "gemini-3.8-flash", 0.4)
    bad = Attempt("groq", "Groq", "m", "m", 0.1, FailureKind.OVERLOADED, "overloaded (503)")
    metrics.hear(Tried("chat", bad))
    metrics.hear(Tried("chat", good, Usage(10, 20), first_token_s=0.2))
    metrics.hear(Waiting("chat", 3.0))
    origin = Origin(provider="gemini", model="gemini-3.8-flash", attempts=(bad, good))
    metrics.hear(Answered("chat", origin, 0.6))
    metrics.hear(Failed("chat", "RateLimited", "next slot in 9 s", (), 0.1))
    return metrics.told(Standing((MODEL,), 1, 2, 3, 4, store_ok=True)).decode()


def names(text: str) -> set[str]:
    """The metrics in it."""
    return set(re.findall(r"\btrimaran_\w+", text))


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_every_metric_that_is_asked_for_exists(expression: str) -> None:
    """With the labels that it is asked for by."""
    told = exposition()
    assert names(expression)
    for metric, matchers in re.findall(r"\b(trimaran_\w+)(?:\{([^}]*)\})?", expression):
        lines = [line for line in told.splitlines() if re.match(rf"{metric}[ {{]", line)]
        assert lines, metric
        for label in re.findall(r"(\w+)\s*[!=]~?=?\s*\"", matchers):
            assert any(f'{label}="' in line for line in lines), (metric, label)


def test_outcomes_that_alerts_name_are_kinds_of_failure() -> None:
    """A renamed kind would silence an alert."""
    kinds = {kind.name.lower() for kind in VERDICTS} | {"ok"}
    for rule in RULES:
        for named in re.findall(r'attempts_total\{outcome[!=]~?"([^"]+)"', rule["expr"]):
            assert set(named.split("|")) <= kinds


def test_every_alert_has_its_section_in_the_runbook() -> None:
    """And no section speaks of an alert that is gone."""
    runbook = (ROOT / "docs/RUNBOOK.md").read_text()
    sections = set(re.findall(r"(?m)^## (Trimaran\w+)$", runbook))
    assert sections == {rule["alert"] for rule in RULES}
    for rule in RULES:
        assert rule["annotations"]["runbook"].endswith(f"#{rule['alert'].lower()}")


def test_no_label_holds_more_than_names() -> None:
    """Neither reasons nor texts get into a label."""
    assert "overloaded (503)" not in exposition()
    assert "next slot" not in exposition()


def test_what_was_counted_is_told() -> None:
    """The numbers of one request that failed over."""
    told = exposition()
    assert 'trimaran_attempts_total{model="m",outcome="overloaded",provider="groq"} 1.0' in told
    assert 'trimaran_failovers_total{failure="overloaded",provider="groq"} 1.0' in told
    assert (
        'trimaran_tokens_total{direction="out",model="gemini-3.8-flash",provider="gemini"} 20.0'
        in told
    )
    assert (
        'trimaran_quota_left{model="gemini-3.8-flash",provider="gemini",unit="requests"} 12.0'
        in told
    )
    assert 'trimaran_requests_total{cache="MISS",name="chat",outcome="answered"} 1.0' in told
