"""The way out: everything that is asked of others goes through the proxy that is set, and only through it."""

import base64
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from providers import CATALOGUE, Access, configured
from providers.errors import FailureKind, ProviderError
from providers.outbound import proxy_for
from providers.prompt import Message, Prompt
from providers.repl import doorway
from providers.transport import HttpUpstream, Transport
from rate_limiter import RateLimiter
from sandbox.running import RunningSandbox, running_sandbox
from settings import SettingsError, read_environment
from tests.proxy import Proxy, running_proxy
from tests.service import ROOT, running_service

USER, PASSWORD, WRITTEN = "trimaran", "pass:w@rd-of-the-proxy", "pass%3Aw%40rd-of-the-proxy"
CREDENTIALS = f"Basic {base64.b64encode(f'{USER}:{PASSWORD}'.encode()).decode()}"
IDEA = {
    "name": "Ferry",
    "mission": "Carry people across",
    "goals": ["Float"],
    "targetMarket": {},
    "primaryProduct": "Ferries",
    "sdgs": [],
}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    """Stand-ins that are reached by names which only the proxy knows."""
    with running_sandbox(quotas="unlimited") as running:
        yield running


@pytest.fixture
def proxy(sandbox: RunningSandbox) -> Iterator[Proxy]:
    """It sends everything to the stand-ins."""
    with running_proxy(int(sandbox.url.rpartition(":")[2])) as running:
        yield running


def environment(sandbox: RunningSandbox, proxy: Proxy) -> dict[str, str]:
    """Everything outside has a name that does not resolve."""
    outside = {
        name: value.replace(sandbox.url, f"http://{name.split('_')[0].lower()}.invalid")
        for name, value in sandbox.env.items()
    }
    url = proxy.url.replace("://", f"://{USER}:{WRITTEN}@")
    return {
        **outside,
        "OUTBOUND_PROXY": url,
        "HTTP_PROXY": "http://127.0.0.1:1",
        "MIN_INTERVAL_SECONDS": "0",
        "LOG_LEVEL": "debug",
    }


def test_all_that_leaves_the_service_goes_through_the_proxy(
    sandbox: RunningSandbox, proxy: Proxy, tmp_path: Path
) -> None:
    """Models, web search and speech; with the name and password, which show nowhere."""
    with running_service(tmp_path / "service", environment(sandbox, proxy)) as service:
        sandbox.fail("gemini", times=1, status=500)
        document = service.post("/business_plan_roadmap", {"idea": IDEA})
        pitch = service.post("/generatePitchAudio", {"pitch_text": "Hello."})
        told = service.get("/status").text + service.get("/metrics").text
    assert document.status_code == 200
    assert pitch.status_code == 200, pitch.text
    assert {"gemini.invalid", "search.invalid", "elevenlabs.invalid"} <= proxy.hosts
    assert {each.credentials for each in proxy.passed} == {CREDENTIALS}
    kept = b"".join(
        path.read_bytes() for path in (tmp_path / "service").rglob("*") if path.is_file()
    )
    for secret in (PASSWORD, WRITTEN, CREDENTIALS.split()[1]):
        assert secret.encode() not in kept
        assert secret not in told + document.text


def test_a_question_from_a_repl_goes_through_it_as_well(
    sandbox: RunningSandbox, proxy: Proxy, tmp_path: Path
) -> None:
    """`from main import call_gemini_api`, as the guide says."""
    program = "import main; print(main.call_gemini_api([{'role': 'user', 'content': 'Hello'}]))"
    done = subprocess.run(
        [sys.executable, "-c", program],
        check=False,
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), **environment(sandbox, proxy)},
        capture_output=True,
        text=True,
        timeout=50,
    )
    assert "all is well" in done.stdout, done.stderr
    assert proxy.hosts == {"gemini.invalid"}


@pytest.mark.anyio
async def test_https_goes_through_a_tunnel_and_a_refusal_was_never_sent(proxy: Proxy) -> None:
    """So it costs nothing of the day, and the next provider is asked."""
    transport = Transport(proxy=proxy.url)
    (provider, terms), *_ = configured({"gemini": Access(key="a-key")})
    upstream = HttpUpstream(provider, transport, terms)
    with pytest.raises(ProviderError) as failed:
        await upstream.complete(Prompt(messages=(Message("user", "Hello"),)), timeout_s=10)
    await transport.aclose()
    assert failed.value.kind is FailureKind.NOT_SENT
    with pytest.raises(ProviderError) as failed:
        doorway(CATALOGUE[0], Access(key="a-key"), RateLimiter(0), proxy.url)(
            [{"role": "user", "content": "Hello"}]
        )
    assert failed.value.kind is FailureKind.NOT_SENT
    assert [each.method for each in proxy.passed] == ["CONNECT"] * 2
    assert proxy.hosts == {"generativelanguage.googleapis.com:443"}


@pytest.mark.parametrize("url", ["http://127.0.0.1:11434/v1", "http://localhost/", "http://[::1]/"])
def test_this_machine_is_reached_without_it(url: str) -> None:
    """A proxy elsewhere could not."""
    assert proxy_for(url, "http://proxy:3128") is None
    assert proxy_for("https://example.org", "http://proxy:3128") == "http://proxy:3128"
    assert proxy_for("https://example.org", "") is None


def test_its_password_is_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """In every way in which it can be written, and also when the address is wrong."""
    monkeypatch.setenv("OUTBOUND_PROXY", f"http://{USER}:{WRITTEN}@proxy:3128")
    told = read_environment()
    assert {PASSWORD, WRITTEN} <= set(told.secrets())
    assert WRITTEN not in repr(told)
    monkeypatch.setenv("OUTBOUND_PROXY", f"ftp://{USER}:{WRITTEN}@proxy")
    with pytest.raises(SettingsError, match="OUTBOUND_PROXY cannot be used") as refused:
        read_environment()
    assert WRITTEN not in str(refused.value)
