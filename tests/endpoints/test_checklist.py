"""The security checklist of docs/SECURITY.md, as far as no other test of the part itself covers it."""

import base64
import re
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from endpoints.security import PROBES, Rules
from endpoints.speech import LONGEST_TEXT
from sandbox.app import Keys
from sandbox.running import RunningSandbox, running_sandbox
from tests.endpoints.test_security import KEY, KEYS, STRANGER, app_with, ask, routes_of
from tests.service import ROOT, RunningService, running_service

BENT_HOSTS = ["x/?y=", "localhost/healthz?", "localhost#", "a@localhost", "", "evil.example\\"]
CANARIES = Keys(
    gemini="canary-gemini-3f9a1c",
    openrouter="canary-openrouter-77b2",
    cloudflare="canary-cloudflare-90d1",
    elevenlabs="canary-elevenlabs-5e44",
)
OWN_KEY = "canary-of-the-door-1f2e3d4c5b"
UPSTREAM_WORDS = "words-of-an-upstream-error"
CHAT: dict[str, Any] = {"model": "auto", "messages": [{"role": "user", "content": "Hello."}]}
IDEA = {
    "name": "Ferry\r\n✅ forged line\x1b[31m\u2028next",
    "mission": "Carry people",
    "goals": ["Float"],
    "targetMarket": {},
    "primaryProduct": "Ferries",
    "sdgs": [],
}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    """Stand-ins with keys of their own, which must be seen nowhere."""
    with running_sandbox(quotas="unlimited", keys=CANARIES) as running:
        yield running


def environment(sandbox: RunningSandbox) -> dict[str, str]:
    """Everything on, and as chatty as it can be."""
    return {
        **sandbox.env,
        "TRIMARAN_API_KEYS": f"alice:{OWN_KEY}",
        "CORS_ORIGINS": "https://ours.example",
        "MIN_INTERVAL_SECONDS": "0",
        "GEMINI_REQUESTS_PER_MINUTE": "1000",
        "LOG_LEVEL": "debug",
        "LOG_FORMAT": "json",
        "LOCAL_MODEL": "off",
    }


@pytest.fixture(scope="module")
def service(
    sandbox: RunningSandbox, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningService]:
    """The service, whose providers are well."""
    folder = tmp_path_factory.mktemp("checklist")
    with running_service(folder, environment(sandbox), "--log-level", "debug") as running:
        yield running


@pytest.fixture
def unlucky(sandbox: RunningSandbox, tmp_path: Path) -> Iterator[RunningService]:
    """A service of the test's own, since it remembers the failures that it meets."""
    folder = tmp_path / "service"
    with running_service(folder, environment(sandbox), "--log-level", "debug") as running:
        yield running
    sandbox.heal()


def post(service: RunningService, path: str, body: object, **headers: str) -> requests.Response:
    """A request that has the key."""
    given = {"Authorization": f"Bearer {OWN_KEY}", **headers}
    return service.post(path, body, headers=given)


def forms(secret: str) -> set[str]:
    """The ways in which a secret could be written down."""
    raw = secret.encode()
    return {
        secret,
        secret[:12],
        urllib.parse.quote(secret, safe=""),
        base64.b64encode(raw).decode().rstrip("="),
        base64.urlsafe_b64encode(raw).decode().rstrip("="),
        raw.hex(),
    }


@pytest.mark.parametrize("host", BENT_HOSTS)
def test_m01_no_host_header_opens_a_door(host: str) -> None:
    """CVE-2026-48710: who may come in is decided by the path that was asked for, on every route."""
    keyed, local = app_with(Rules(KEYS)), app_with(Rules())
    for method, path in routes_of(keyed):
        with_host = ask(keyed, path, method=method, peer=STRANGER, host=host)[0]
        assert with_host == ask(keyed, path, method=method, peer=STRANGER)[0], path
        if path not in PROBES:
            assert ask(local, path, method=method, host=host)[0] == 403, path


def test_i13_no_secret_shows_anywhere(unlucky: RunningService, sandbox: RunningSandbox) -> None:
    """Not in answers, headers, errors, the log, the cache file, the status or the metrics."""
    told: list[str] = []

    def note(reply: requests.Response) -> None:
        told.append(f"{dict(reply.headers)} {reply.text}")

    note(post(unlucky, "/v1/chat/completions", CHAT))
    note(post(unlucky, "/v1/chat/completions", {**CHAT, "stream": True}))
    note(post(unlucky, "/business_plan_roadmap", {"idea": IDEA}, **{"X-Route-Receipt": "1"}))
    note(post(unlucky, "/generatePitchAudio", {"pitch_text": "Hello."}))
    for fault in ({"status": 401}, {"status": 500}, {"html": True}, {"malformed": True}):
        for name in ("gemini", "openrouter", "cloudflare"):
            sandbox.fail(name, times=1, **fault)
        note(post(unlucky, "/v1/chat/completions", {**CHAT, "seed": len(told)}))
    for path in ("/status", "/metrics", "/openapi.json", "/v1/models", "/nowhere"):
        note(unlucky.get(path, headers={"Authorization": f"Bearer {OWN_KEY}"}))
        note(unlucky.get(path))
    files = [path for path in unlucky.log_file.parent.rglob("*") if path.is_file()]
    told += [path.read_bytes().decode("utf-8", "replace") for path in files]
    assert len(files) >= 2
    everything = "\n".join(told)
    assert "canary" not in everything.replace("test_checklist", "")
    for secret in (CANARIES.gemini, CANARIES.openrouter, CANARIES.cloudflare, CANARIES.elevenlabs):
        assert not [form for form in forms(secret) if form in everything]
    assert not [form for form in forms(OWN_KEY) if form in everything]


def test_m03_a_forged_line_in_an_idea_makes_no_line_in_the_log(service: RunningService) -> None:
    """Every line of ours is one JSON object with the request's id."""
    reply = post(service, "/investors", {"idea": IDEA}, **{"X-Request-ID": "m03"})
    assert reply.status_code == 200
    assert "\x1b" not in service.log
    own = [line for line in service.log.splitlines() if line.startswith("{")]
    records = [record for line in own if (record := orjson.loads(line))["request_id"] == "m03"]
    assert {"trying", "tried", "answered"} <= {record.get("event") for record in records}
    assert not [line for line in service.log.splitlines() if line.startswith("✅")]


def test_no_error_repeats_what_an_upstream_said(
    unlucky: RunningService, sandbox: RunningSandbox
) -> None:
    """Their words may hold a key, a prompt or markup."""
    body = {"error": {"message": f"{UPSTREAM_WORDS} <script>", "code": 500}}
    for name in ("gemini", "openrouter", "cloudflare"):
        sandbox.fail(name, status=500, body=body)
    replies = [
        post(unlucky, "/v1/chat/completions", {**CHAT, "seed": 4711}),
        post(unlucky, "/investors", {"idea": {**IDEA, "name": "Another"}}),
    ]
    assert [reply.status_code for reply in replies] == [503, 503]
    assert all(int(reply.headers["Retry-After"]) >= 1 for reply in replies)
    assert UPSTREAM_WORDS not in "".join(reply.text for reply in replies) + unlucky.log


@pytest.mark.parametrize(
    "field",
    ["api_base", "base_url", "api_key", "extra_headers", "headers", "extra_body", "provider"],
)
def test_a_caller_chooses_no_address_key_or_header(
    service: RunningService, sandbox: RunningSandbox, field: str
) -> None:
    """Whatever it adds, calls go where the settings say, with the settings' keys."""
    sandbox.clear_log()
    own = {"url": "http://127.0.0.1:9/", "X-Evil": "evil-value", "order": ["evil-value"]}
    question = [{"role": "user", "content": f"Without {field}."}]
    reply = post(service, "/v1/chat/completions", {**CHAT, "messages": question, field: own})
    assert reply.status_code in (200, 400)
    assert len(sandbox.log) == (reply.status_code == 200)
    assert "evil" not in repr([(call.path, call.headers, call.request) for call in sandbox.log])


@pytest.mark.parametrize(
    "url",
    ["http://169.254.169.254/latest/meta-data", "https://127.0.0.1/x.png", "file:///etc/passwd"],
)
def test_no_address_of_a_caller_is_fetched(
    service: RunningService, sandbox: RunningSandbox, url: str
) -> None:
    """Neither by us nor by a provider: images come as data."""
    sandbox.clear_log()
    content = [{"type": "image_url", "image_url": {"url": url}}]
    body = {"model": "auto", "messages": [{"role": "user", "content": content}]}
    reply = post(service, "/v1/chat/completions", body)
    assert reply.status_code == 400
    assert "only images in data URLs" in reply.text
    assert sandbox.log == []


@pytest.mark.parametrize("depth", [33, 5_000, 200_000])
@pytest.mark.parametrize("path", ["/investors", "/v1/chat/completions"])
def test_json_that_is_nested_too_deep_is_the_callers_fault(
    service: RunningService, path: str, depth: int
) -> None:
    """No stack overflows."""
    deep = b"[" * depth + b"]" * depth
    body = b'{"idea": %b, "messages": %b}' % (deep, deep)
    headers = {"Authorization": f"Bearer {OWN_KEY}", "Content-Type": "application/json"}
    with requests.Session() as session:
        session.trust_env = False
        reply = session.post(f"{service.url}{path}", data=body, headers=headers, timeout=30)
    assert reply.status_code == 400
    assert "nested deeper than 32 levels" in reply.text
    assert service.get("/healthz").status_code == 200


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/chat/completions", {**CHAT, "messages": CHAT["messages"] * 2_001}),
        ("/v1/chat/completions", {**CHAT, "max_tokens": (1 << 20) + 1}),
        ("/v1/chat/completions", {**CHAT, "n": 2}),
        ("/investors", {"idea": {**IDEA, "mission": "x" * 10_001}}),
        ("/investors", {"idea": {**IDEA, "goals": ["x"] * 101}}),
        ("/documents/pitch", {"idea": {"name": "x" * 2_001}}),
        ("/documents/pitch", {"idea": {"name": "Ferry", "sdgs": ["x"] * 51}}),
        ("/generatePitchAudio", {"pitch_text": "x" * (LONGEST_TEXT + 1)}),
        ("/quota/forecast", {"calls": 2_001}),
    ],
)
def test_no_request_asks_for_more_than_its_share(path: str, body: dict[str, Any]) -> None:
    """It is the caller's fault, whatever is too long, too many or too large."""
    status, *_ = ask(app_with(Rules()), path, method="POST", body=orjson.dumps(body))
    assert status in (400, 413, 422)


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""],
)
def test_a_body_that_a_web_page_may_send_unasked_is_no_json(
    service: RunningService, kind: str
) -> None:
    """So a form on another site cannot make a request."""
    headers = {"Authorization": f"Bearer {OWN_KEY}", "Content-Type": kind}
    with requests.Session() as session:
        session.trust_env = False
        for path, body in (("/investors", {"idea": IDEA}), ("/v1/chat/completions", CHAT)):
            url, data = f"{service.url}{path}", orjson.dumps(body)
            reply = session.post(url, data=data, headers=headers, timeout=30)
            assert 400 <= reply.status_code < 500


@pytest.mark.parametrize(
    "name",
    [
        "\0",
        "../settings.py",
        "../../../../etc/passwd",
        "/etc/passwd",
        "n" * 5_000,
        "../status",
        ".",
    ],
)
def test_no_other_file_is_served_with_the_pages(name: str) -> None:
    """Nor is a name that no file can have an accident, or a way around the door."""
    assert ask(app_with(Rules(KEYS)), f"/web/{name}", peer=STRANGER)[0] == 404


@pytest.mark.parametrize("origins", ["*", "https://ours.example"])
def test_no_origin_is_ever_allowed_credentials(origins: str) -> None:
    """There are no cookies, so `*` is harmless: no browser sends anything along."""
    app = app_with(Rules(KEYS, origins=frozenset({origins})))
    for origin in ("https://ours.example", "https://evil.example"):
        for method in ("OPTIONS", "GET"):
            _, headers, _ = ask(
                app,
                "/v1/models",
                method=method,
                origin=origin,
                access_control_request_method="POST",
            )
            assert "access-control-allow-credentials" not in headers
            allowed = headers.get("access-control-allow-origin")
            assert allowed in (
                (origins, None) if origin.startswith("https://ours") else ("*", None)
            )


def test_the_description_is_a_page_of_our_own_and_the_metrics_need_a_key() -> None:
    """/docs loads nothing from elsewhere; with keys the numbers are for those who have one."""
    app = app_with(Rules(KEYS))
    status, headers, page = ask(app, "/docs", peer=STRANGER)
    assert status == 200
    assert "script-src 'self'" in headers["content-security-policy"]
    assert not re.search(rb"(?:src|href)=[\"']?(?:https?:)?//", page)
    assert ask(app, "/metrics", peer=STRANGER)[0] == 401
    assert ask(app, "/metrics", peer=STRANGER, authorization=f"Bearer {KEY}")[0] == 200


def test_no_label_of_a_metric_holds_what_a_caller_said(service: RunningService) -> None:
    """Only names from the code and the settings, so their number is bounded as well."""
    question = {"model": "gemini", "messages": [{"role": "user", "content": "private-words"}]}
    for number in range(3):
        post(service, "/v1/chat/completions", {**question, "user": f"private-user-{number}"})
        post(service, "/v1/chat/completions", {**question, "model": f"private-model-{number}"})
    told = service.get("/metrics", headers={"Authorization": f"Bearer {OWN_KEY}"}).text
    assert "private" not in told
    labels = {
        value
        for family in text_string_to_metric_families(told)
        for sample in family.samples
        for value in sample.labels.values()
    }
    assert len(labels) < 80


def test_every_test_that_the_checklist_names_exists() -> None:
    """A line of it that nobody checks would be a promise."""
    page = (ROOT / "docs/SECURITY.md").read_text(encoding="utf-8")
    sources = {path.name: path.read_text(encoding="utf-8") for path in files_of_tests()}
    named = re.findall(r"`(test_\w+?(?:\.py)?)`", page)
    assert len(named) > 25
    for name in named:
        found = name in sources or any(f"def {name}(" in text for text in sources.values())
        assert found, name


def files_of_tests() -> list[Path]:
    """The files of tests."""
    return sorted((ROOT / "tests").rglob("test_*.py"))
