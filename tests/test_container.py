"""The image and the compose file promise what the documentation says; they cannot be built here."""

import re
import shlex
from typing import Any

import pytest
import yaml

from tests.service import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
STEPS = [line.split(None, 1) for line in DOCKERFILE.splitlines() if line and line[0] != "#"]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))


def step(name: str) -> str:
    """The last step of that name."""
    return [rest for word, rest in STEPS if word == name][-1]


def test_it_runs_as_somebody_without_rights() -> None:
    """From the step before the command on."""
    words = [word for word, _ in STEPS]
    assert step("USER") not in ("root", "0")
    assert words.index("USER") < words.index("CMD")


def test_what_it_is_built_from_is_pinned() -> None:
    """No image is asked for without a version."""
    images = [step("FROM"), COMPOSE["services"]["valkey"]["image"]]
    assert all(re.fullmatch(r"[\w/.-]+:\d[\w.-]+", image) for image in images)


def test_its_command_serves_our_app_with_the_careful_protocol() -> None:
    """Both can be imported, and an end takes no longer than it may."""
    command = shlex.split(step("CMD").replace(",", " ").strip("[]"))
    assert command[:2] == ["uvicorn", "main:app"]
    module, _, name = command[command.index("--http") + 1].partition(":")
    assert hasattr(__import__(module, fromlist=[name]), name)
    assert "HEALTHCHECK" in [word for word, _ in STEPS]
    assert "/healthz" in step("HEALTHCHECK")


def test_no_secret_gets_into_the_image() -> None:
    """`.env` and the cache stay outside."""
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert {".env", ".env.*", ".cache", ".git"} <= set(ignored)


@pytest.mark.parametrize(
    "needed", ["main.py", "providers", "requirements.txt", "storage", "planning"]
)
def test_what_the_service_needs_is_in_the_image(needed: str) -> None:
    """The ignored names are no part of it."""
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert needed not in ignored
    assert (ROOT / needed).exists()


def test_compose_gives_as_few_rights_as_it_can() -> None:
    """And only this machine can reach it until somebody decides otherwise."""
    service = COMPOSE["services"]["trimaran"]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    assert "ports" not in COMPOSE["services"]["valkey"]
    assert service["environment"]["REDIS_URL"].startswith("redis://valkey:")
