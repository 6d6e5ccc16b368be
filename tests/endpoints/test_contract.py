"""Bodies and parameters that nobody would think of, sent to the routes of documents and runs: never a 5xx."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings

from tests.service import running_service

ROUTES = (
    ("GET", "/documents"),
    ("POST", "/documents/{document_type}"),
    ("POST", "/documents/{document_type}/plan"),
    ("POST", "/documents/{document_type}/sections/{section_id}"),
    ("GET", "/runs/{run_id}"),
    ("GET", "/runs/{run_id}/events"),
    ("GET", "/runs/{run_id}/document"),
    ("DELETE", "/runs/{run_id}"),
)
FEW = settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """What the service says of itself, with the service behind it: without a key code lays all out."""
    offline = {"LOCAL_MODEL": "off", "SEARCH": "off"}
    with running_service(tmp_path_factory.mktemp("contract"), offline) as service:
        yield schemathesis.openapi.from_url(f"{service.url}/openapi.json")


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize("document_type", ["", "pitch"])
def test_no_request_is_our_mistake(schema: Any, method: str, path: str, document_type: str) -> None:
    """What is wrong is told with a 4xx that names it; for any type of document, and for one that there is."""
    if document_type and "{document_type}" not in path:
        pytest.skip("it names no type")

    @FEW
    @given(case=schema[path][method].as_strategy())
    def ask(case: Any) -> None:
        if document_type:
            case.path_parameters["document_type"] = document_type
        reply = case.call(timeout=30)
        assert reply.status_code < 500, reply.text
        if reply.status_code == 422:
            assert reply.json()["detail"]

    ask()
