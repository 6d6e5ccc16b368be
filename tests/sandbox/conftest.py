"""A served sandbox for every test, and a process that cannot reach or leak into the real services."""

import json
import os
from collections.abc import Callable, Iterator
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

import pytest

from sandbox import running_sandbox
from sandbox.running import RunningSandbox

REAL_SETTINGS = (
    "GEMINI_API_KEY", "GOOGLE_API_KEY", "GOOGLE_GEMINI_BASE_URL", "GOOGLE_GENAI_API_VERSION",
    "OPENROUTER_API_KEY", "OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_ORG_ID",
    "OPENAI_PROJECT_ID", "CLOUDFLARE_API_KEY", "CLOUDFLARE_API_TOKEN", "CLOUDFLARE_EMAIL",
    "CLOUDFLARE_ACCOUNT_ID", "CLOUDFLARE_BASE_URL", "ELEVENLABS_API_KEY", "DDGS_PROXY",
    "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy",
)  # fmt: skip

os.environ.pop("ELEVENLABS_API_KEY", None)  # its SDK reads the key when it is imported

Answer = tuple[int, Any]
Post = Callable[..., Answer]


@pytest.fixture(autouse=True)
def _only_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in REAL_SETTINGS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    """A sandbox with the real quotas."""
    with running_sandbox() as running:
        yield running


@pytest.fixture
def ask(sandbox: RunningSandbox) -> Post:
    """Sends JSON to a path of the sandbox; returns the status and the JSON or text that came."""

    def send(
        path: str, data: object = None, headers: dict[str, str] | None = None, method: str = "POST"
    ) -> Answer:
        body = None if data is None else json.dumps(data).encode()
        request = Request(  # noqa: S310 - the address is the sandbox's own
            sandbox.url + path, body, {"content-type": "application/json", **(headers or {})}
        )
        request.method = method
        try:
            with build_opener(ProxyHandler({})).open(request, timeout=5) as response:
                return response.status, _read(response.read())
        except HTTPError as error:
            with error:
                return error.code, _read(error.read())

    return send


def _read(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body.decode()
