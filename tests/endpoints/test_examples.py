"""The examples in the description of the API: every operation has one, and every one is true."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from endpoints.examples import EXAMPLES
from sandbox.running import running_sandbox
from tests.service import RunningService, running_service

TOLD: dict[str, Any] = json.loads(EXAMPLES.read_text(encoding="utf-8"))
TEXTS = ("application/json", "text/event-stream", "text/vtt", "text/plain", "application/x-subrip")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """The service among stand-ins."""
    with running_sandbox(quotas="unlimited") as sandbox:
        settings = {**sandbox.env, "MIN_INTERVAL_SECONDS": "0", "LOCAL_MODEL": "off"}
        with running_service(tmp_path_factory.mktemp("service"), settings) as running:
            yield running


@pytest.fixture(scope="module")
def run_id(service: RunningService) -> str:
    """The run of the example of a document, finished."""
    example = TOLD["POST /documents/{document_type}"]
    return service.post("/documents/roadmap", example["request"]).headers["x-run-id"]


@pytest.fixture(scope="module")
def schema(service: RunningService) -> dict[str, Any]:
    """The description as it is served."""
    found: dict[str, Any] = service.get("/openapi.json").json()
    return found


def operations(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The operations by method and path."""
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def test_every_operation_has_examples_of_what_is_sent_and_what_comes_back(
    schema: dict[str, Any],
) -> None:
    """Bodies, parts of the path, and every answer that is text."""
    missing = []
    for name, operation in operations(schema):
        body = operation.get("requestBody", {}).get("content", {})
        if body and not any("example" in content for content in body.values()):
            missing.append(f"{name}: request")
        missing += [
            f"{name}: {parameter['name']}"
            for parameter in operation.get("parameters", ())
            if parameter["in"] == "path" and "example" not in parameter
        ]
        answers = operation["responses"].get("200", {}).get("content", {})
        shown = [media for media, content in answers.items() if "example" in content]
        if any(media in TEXTS for media in answers) and not shown:
            missing.append(f"{name}: answer")
        missing += [
            f"{name}: answer as {media}"
            for media in answers
            if media in TEXTS and media not in shown
        ]
    assert missing == []


@pytest.mark.parametrize("name", TOLD)
def test_every_example_is_true(service: RunningService, run_id: str, name: str) -> None:
    """The request succeeds, and its answer has the members that the example shows."""
    example, (method, path) = TOLD[name], name.split(" ")
    if method == "DELETE":
        pytest.skip("the run is finished: there is nothing to stop")
    parameters = {**example.get("parameters", {}), "run_id": run_id}
    query = {key: value for key, value in parameters.items() if key in ("language", "after")}
    body = example.get("request")
    if body and "run" in body:
        body = {**body, "run": run_id}
    for accept in example.get("responses", {}).get("200", {"*/*": None}):
        with requests.request(
            method,
            service.url + path.format(**parameters),
            json=body,
            params=query,
            headers={"Accept": accept},
            timeout=60,
            stream=path == "/status/events",
        ) as answer:
            assert answer.status_code == 200, answer.text
            shown = example.get("responses", {}).get("200", {}).get(accept)
            if isinstance(shown, dict):
                assert missing_members(shown, answer.json()) == []


def missing_members(shown: Any, given: Any, place: str = "") -> list[str]:
    """What *shown* has and *given* has not, by where it stands; of a list only the first element counts."""
    if isinstance(shown, dict) and isinstance(given, dict):
        own = [f"{place}.{key}" for key in shown if key not in given and key not in OFTEN]
        inner = (
            missing_members(shown[key], given[key], f"{place}.{key}")
            for key in shown
            if key in given
        )
        return [*own, *(found for each in inner for found in each)]
    if isinstance(shown, list) and isinstance(given, list) and shown and given:
        return missing_members(shown[0], given[0], f"{place}[0]")
    return []


OFTEN = (
    "HIT",
    "MISS",
    "JOINED",
    "STALE",
    "stage",
    "section",
    "title",
)  # there only when they happened
