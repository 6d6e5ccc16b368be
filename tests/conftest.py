"""Fixtures for all tests: no key of the developer's own, a turned clock, and a log without secrets."""

import os
from collections.abc import Iterator

import pytest

from sandbox.running import RunningSandbox, running_sandbox
from tests.doubles import TurnedClock

SANDBOX_SECRETS = (
    "sandbox-gemini-key",
    "sk-or-v1-sandbox",
    "sandbox-cloudflare-token",
    "sandbox-elevenlabs-key",
    "tvly-sandbox-key",
)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Async tests run on asyncio."""
    return "asyncio"


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The developer's keys and proxies stay out of the tests."""
    for name in list(os.environ):
        if name.endswith(("REDIS_URL", "_API_KEY", "_PROXY", "_proxy", "_BASE_URL", "_ACCOUNT_ID")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")


@pytest.fixture(autouse=True)
def _no_secret_in_the_log(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """No log record of any test holds a key."""
    caplog.set_level("DEBUG", logger="trimaran")
    yield
    for record in caplog.get_records("call"):
        assert not any(secret in record.getMessage() for secret in SANDBOX_SECRETS)


@pytest.fixture
def clock() -> TurnedClock:
    """A clock that only the test moves."""
    return TurnedClock()


@pytest.fixture(scope="session")
def shared_sandbox() -> Iterator[RunningSandbox]:
    """The stand-ins for every provider, on loopback."""
    with running_sandbox() as sandbox:
        yield sandbox
