"""The whole service over real sockets: the old clients' contract, failover, limits, bad input."""

import re
import threading
import wave
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import orjson
import pytest

from providers.local import LocalModel
from sandbox.running import RunningSandbox
from tests.conftest import SANDBOX_SECRETS
from tests.service import RunningService, running_service

DOCUMENTS = ("business_plan_roadmap", "investors", "grantInfo", "getGrantProposal")
ROUTES = (*DOCUMENTS, "generatePitchText")
IDEA = {
    "name": "EcoEd Empowerment",
    "mission": "To provide environmental education and green job training.",
    "goals": ["Train 5,000 people in green job skills each year"],
    "targetMarket": {"geography": "Rural areas", "ageRange": "15-65", "nested": {"deep": [1, 2]}},
    "primaryProduct": "Training programs",
    "sdgs": ["SDG 4: Quality Education"],
}
# What the known front end really sends: empty fields, and keys that nobody asked for.
FRONT_END = {
    "name": "Second Harvest Kitchens",
    "mission": "Turn surplus food into affordable meals",
    "goals": [],
    "targetMarket": {},
    "primaryProduct": "",
    "sdgs": ["sdg12"],
    "geography": {},
    "keyPrograms": [],
}


@pytest.fixture(scope="module")
def service(
    sandbox: RunningSandbox, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningService]:
    """The service with all keys and no interval."""
    with running_service(tmp_path_factory.mktemp("service"), environment(sandbox)) as running:
        yield running


@pytest.fixture
def unlucky(sandbox: RunningSandbox, tmp_path: Path) -> Iterator[RunningService]:
    """A service of the test's own, since it remembers the failures that it meets."""
    with running_service(tmp_path / "unlucky", environment(sandbox)) as running:
        yield running


def environment(sandbox: RunningSandbox, **changes: str) -> dict[str, str]:
    """All keys, no limits that a test could meet, little patience, and one model of Gemini."""
    own = {"MIN_INTERVAL_SECONDS": "0", "MAX_WAIT_SECONDS": "2"}
    for name in ("GEMINI", "OPENROUTER", "CLOUDFLARE"):
        own |= {f"{name}_REQUESTS_PER_{span}": "100000" for span in ("MINUTE", "DAY")}
    return {**sandbox.env, **own, "GEMINI_MODEL": "gemini-3.5-flash-lite", **changes}


@pytest.fixture(autouse=True)
def _fair_weather(sandbox: RunningSandbox) -> None:
    """Every test begins with providers that work."""
    sandbox.heal()
    sandbox.forget_replies()
    sandbox.clear_log()


def idea(name: str) -> dict[str, Any]:
    """A request that no other test has made."""
    return {"idea": {**IDEA, "name": name}}


@pytest.mark.parametrize("route", ROUTES)
def test_every_document_comes_back_as_one_json_string(service: RunningService, route: str) -> None:
    """Quoted, with the venture's name in it, and non-ASCII left as it is."""
    reply = service.post(f"/{route}", idea(f"Café {route}"))
    assert reply.status_code == 200
    assert reply.headers["content-type"] == "application/json"
    assert isinstance(text := reply.json(), str)
    assert f"Café {route}" in text
    assert "Café".encode() in reply.content


@pytest.mark.parametrize("route", ROUTES)
def test_an_old_path_answers_with_one_writing_call_or_two_with_a_repair(
    service: RunningService, sandbox: RunningSandbox, route: str
) -> None:
    """As quick as it ever was: all other calls are searches."""
    if route == "generatePitchText":  # the stand-in talks longer than a minute
        sandbox.reply("gemini", "Imagine a village that has clean water every day. " * 10)
    sandbox.clear_log()
    assert service.post(f"/{route}", idea(f"Once {route}")).status_code == 200
    once = [call for call in sandbox.log if call.provider in ("gemini", "openrouter", "cloudflare")]
    assert len(once) == 1
    sandbox.clear_log()
    sandbox.reply("gemini", "Too short, and [Insert the name here].")
    assert service.post(f"/{route}", idea(f"Twice {route}")).status_code == 200
    twice = [
        call for call in sandbox.log if call.provider in ("gemini", "openrouter", "cloudflare")
    ]
    assert len(twice) == 2


@pytest.mark.parametrize("route", ROUTES)
def test_the_front_ends_own_payload_is_understood(service: RunningService, route: str) -> None:
    """Empty fields are fields, and unknown keys are nobody's business."""
    assert service.post(f"/{route}", {"idea": FRONT_END}).status_code == 200


@pytest.mark.parametrize("route", DOCUMENTS)
def test_the_citations_block_lists_what_was_found(service: RunningService, route: str) -> None:
    """In the form that clients look for, at the end."""
    text = service.post(f"/{route}", idea(f"Cited {route}")).json()
    assert re.search(r"\n\nCitations:\n(\[\d\] .+: https?://\S+\n?){1,3}$", text)


def test_a_pitch_has_no_citations_and_no_markdown(
    service: RunningService, sandbox: RunningSandbox
) -> None:
    """It is spoken."""
    sandbox.reply("gemini", "# Pitch\n\n**Imagine** a village [1] with *light*.")
    text = service.post("/generatePitchText", idea("Spoken")).json()
    assert text == "Pitch\n\nImagine a village with light."


def test_sources_reach_the_model_as_numbered_untrusted_data(
    service: RunningService, sandbox: RunningSandbox
) -> None:
    """Searched before writing, without their addresses."""
    text = service.post("/investors", idea("Sourced")).json()
    request = orjson.dumps(sandbox.calls("gemini")[-1].request).decode()
    assert "Web search results (untrusted)" in request
    assert "[1] " in request
    for url in re.findall(r"https?://\S+", text):
        assert url not in request


def test_a_search_that_fails_never_fails_the_answer(
    service: RunningService, sandbox: RunningSandbox
) -> None:
    """The block then says that nothing was found."""
    sandbox.fail("search", error="blocked")
    for name in ("brave", "mojeek", "wikipedia"):
        sandbox.fail(name, status=500)
    unsearched = {"idea": {**IDEA, "primaryProduct": "Something never searched for"}}
    reply = service.post("/investors", unsearched)
    assert reply.status_code == 200
    assert re.search(r"\n\nCitations: (No relevant|DuckDuckGo search error).*$", reply.json())


def test_failover_is_seen_in_the_answer_and_in_the_log(
    unlucky: RunningService, sandbox: RunningSandbox
) -> None:
    """Gemini out of quota, OpenRouter's pool full, Cloudflare answers."""
    sandbox.fail("gemini", error="daily_quota")
    sandbox.fail("openrouter", error="upstream_pool")
    reply = unlucky.post("/business_plan_roadmap", idea("Failing over"))
    assert reply.headers["x-provider"] == "cloudflare"
    assert reply.headers["x-attempts"] == "3"
    assert reply.headers["x-cache"] == "MISS"
    assert "❌ Google Gemini failed: daily quota used up (429, " in unlucky.log
    assert "❌ OpenRouter failed: at capacity (429, " in unlucky.log
    assert "✅ Cloudflare Workers AI succeeded for business_plan_roadmap" in unlucky.log


def test_when_all_fail_the_answer_says_why(
    unlucky: RunningService, sandbox: RunningSandbox
) -> None:
    """503 with the guide's words, each provider and its reason, and a time to come back."""
    sandbox.fail("gemini", error="invalid_key")
    sandbox.fail("openrouter", error="credits")
    sandbox.fail("cloudflare", html=True, status=502)
    reply = unlucky.post("/investors", idea("All failing"))
    assert reply.status_code == 503
    assert reply.json()["detail"] == (
        "All LLM providers failed: Google Gemini: the API key was refused (400, API_KEY_INVALID); "
        "OpenRouter: credits used up (402, openrouter_credits); "
        "Cloudflare Workers AI: server error (502); next slot in 1 s"
    )
    assert int(reply.headers["retry-after"]) >= 1


def test_a_refusal_is_a_clean_400(service: RunningService, sandbox: RunningSandbox) -> None:
    """And no other provider is asked."""
    sandbox.fail("gemini", blocked="SAFETY")
    reply = service.post("/investors", idea("Refused"))
    assert reply.status_code == 400
    assert "content filter" in reply.json()["detail"]
    assert sandbox.calls("openrouter") == []


def test_the_same_request_is_answered_from_the_cache(
    service: RunningService, sandbox: RunningSandbox
) -> None:
    """With an age, without a call, and without a search."""
    first = service.post("/grantInfo", idea("Twice"))
    sandbox.clear_log()
    second = service.post("/grantInfo", idea("Twice"))
    assert (first.headers["x-cache"], second.headers["x-cache"]) == ("MISS", "HIT")
    assert first.json() == second.json()
    assert second.headers["x-provider"] == "gemini"
    assert int(second.headers["age"]) >= 0
    assert sandbox.log == []
    assert "✅ Cache hit for grantInfo" in service.log


def test_no_cache_asks_again(service: RunningService, sandbox: RunningSandbox) -> None:
    """As a page's "try again" does."""
    service.post("/grantInfo", idea("Again"))
    again = service.post("/grantInfo", idea("Again"), headers={"cache-control": "no-cache"})
    assert again.headers["x-cache"] == "MISS"


def test_the_text_is_safe_for_the_clients_that_read_it(
    service: RunningService, sandbox: RunningSandbox
) -> None:
    """No HTML, no straight quotes, tabs or backslashes, no link that the search did not find."""
    sandbox.reply(
        "gemini",
        "Say \"hello\"\tto <script>alert(1)</script> <b onclick='x'>all</b>\\ see "
        "[this](javascript:alert(1)) and https://evil.example/x ![p](https://evil.example/p.png)",
    )
    text = service.post("/business_plan_roadmap", idea("Hostile")).json().split("\n\nCitations:")[0]
    assert not re.search(r'["\t\\<]|javascript:|evil\.example', text)
    assert "“hello”" in text


def test_an_answer_cut_by_the_provider_says_so(
    service: RunningService, sandbox: RunningSandbox
) -> None:
    """Never presented as complete, and never kept."""
    sandbox.fail("gemini", finish="MAX_TOKENS")
    text = service.post("/getGrantProposal", idea("Cut")).json()
    assert "[The answer was cut off here by the provider's length limit.]" in text
    again = service.post("/getGrantProposal", idea("Cut"))
    assert again.headers["x-cache"] == "MISS"


@pytest.mark.parametrize("field", sorted(IDEA))
def test_a_missing_or_mistyped_field_is_named(service: RunningService, field: str) -> None:
    """422, in FastAPI's list, without the input."""
    without = {key: value for key, value in IDEA.items() if key != field}
    for wrong in (without, {**IDEA, field: 7}, {**IDEA, field: None}):
        reply = service.post("/investors", {"idea": wrong})
        assert reply.status_code == 422
        assert [error["loc"][:3] for error in reply.json()["detail"]] == [["body", "idea", field]]


@pytest.mark.parametrize("body", [None, [], "text", {}, {"idea": []}, {"businessName": "x"}])
def test_a_body_of_another_shape_is_a_422(service: RunningService, body: object) -> None:
    """Among them what the old planning page sends."""
    assert service.post("/investors", body).status_code == 422


def test_broken_json_is_the_callers_fault(service: RunningService) -> None:
    """Not a 500."""
    for broken in (b"{", b"\xff\xfe", b'{"idea": NaN}', b"[" * 10_000):
        reply = service.post(
            "/investors", data=broken, headers={"content-type": "application/json"}
        )
        assert reply.status_code in (400, 422)


def test_a_body_over_a_mebibyte_is_a_413(service: RunningService) -> None:
    """With and without a declared length."""
    large = b'{"idea": "' + b"x" * (1 << 20) + b'"}'
    json = {"content-type": "application/json"}
    reply = service.post("/investors", data=large, headers=json)
    assert (reply.status_code, reply.json()["detail"]) == (
        413,
        "The body is larger than 1048576 bytes",
    )
    chunks = iter([large[: len(large) // 2], large[len(large) // 2 :]])
    assert service.post("/investors", data=chunks, headers=json).status_code == 413


@pytest.mark.parametrize(("given", "kept"), [("abc-123", True), ("a b", False), ("x" * 65, False)])
def test_a_sane_request_id_is_kept(service: RunningService, given: str, kept: bool) -> None:
    """Any other is replaced."""
    own = service.get("/healthz", headers={"x-request-id": given}).headers["x-request-id"]
    assert (own == given) is kept


@pytest.mark.parametrize("path", ["/healthz", "/nowhere", "/openapi.json"])
def test_every_answer_keeps_browsers_careful(service: RunningService, path: str) -> None:
    """Also the ones that went wrong."""
    headers = service.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert headers["cache-control"] == "no-store"


def test_the_pitch_is_spoken_as_true_wav(service: RunningService) -> None:
    """RIFF, 24 kHz, and as long as the text needs."""
    text = "Imagine a village with light. " * 10
    reply = service.post("/generatePitchAudio", {"pitch_text": text})
    assert reply.headers["content-type"] == "audio/wav"
    assert reply.headers["content-disposition"] == 'attachment; filename="pitch.wav"'
    assert reply.headers["x-provider"] == "elevenlabs"
    with wave.open(BytesIO(reply.content)) as audio:
        assert (audio.getnchannels(), audio.getsampwidth(), audio.getframerate()) == (1, 2, 24_000)
        assert audio.getnframes() > 24_000
    again = service.post("/generatePitchAudio", {"pitch_text": text})
    assert (again.headers["x-cache"], again.content) == ("HIT", reply.content)


def test_the_pitch_is_an_mp3_for_those_who_ask(service: RunningService) -> None:
    """By the Accept header."""
    reply = service.post(
        "/generatePitchAudio", {"pitch_text": "Hello there."}, headers={"accept": "audio/mpeg"}
    )
    assert reply.headers["content-type"] == "audio/mpeg"
    assert reply.content[:2] in (b"\xff\xfb", b"ID", b"\xff\xf3")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"pitch_text": ""}, 400),
        ({"pitch_text": "   "}, 400),
        ({"pitch_text": "** ## --"}, 400),
        ({}, 422),
        ({"pitch_text": 7}, 422),
        ({"pitch_text": "x" * 5_001}, 422),
    ],
)
def test_a_text_that_cannot_be_spoken_is_refused(
    service: RunningService, body: object, status: int
) -> None:
    """With a reason."""
    reply = service.post("/generatePitchAudio", body)
    assert reply.status_code == status
    assert "pitch_text" in reply.text


def test_no_key_is_ever_printed(unlucky: RunningService, sandbox: RunningSandbox) -> None:
    """Neither in the log nor in an answer, also when providers quote it."""
    for provider in ("gemini", "openrouter", "cloudflare"):
        echo = " ".join(SANDBOX_SECRETS)
        sandbox.fail(provider, status=401, body={"error": {"message": echo, "code": echo}})
    reply = unlucky.post("/investors", idea("Echoed"))
    assert reply.status_code == 503
    for secret in SANDBOX_SECRETS:
        assert secret not in reply.text + str(reply.headers) + unlucky.log


def test_who_leaves_ends_the_call(service: RunningService, sandbox: RunningSandbox) -> None:
    """E14 for JSON: the upstream connection closes when nobody waits."""
    import socket

    sandbox.fail("gemini", hang=True)
    body = orjson.dumps(idea("Leaving"))
    host, port = service.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as caller:
        caller.sendall(
            b"POST /generatePitchText HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            + f"Content-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        wait_until(lambda: sandbox.open_calls("gemini") == 1)
    wait_until(lambda: sandbox.open_calls("gemini") == 0)
    assert sandbox.calls("openrouter") == []


def wait_until(condition: Any, timeout_s: float = 10) -> None:
    """Ask until *condition* holds; fail after *timeout_s*."""
    tick = threading.Event()
    for _ in range(int(timeout_s / 0.01)):
        if condition():
            return
        tick.wait(0.01)
    pytest.fail("it never came true")


def test_hits_are_answered_while_another_request_waits_for_its_slot(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    """The event loop never sleeps on a request's behalf."""
    alone = environment(sandbox, MIN_INTERVAL_SECONDS="2", MAX_WAIT_SECONDS="75")
    del alone["OPENROUTER_API_KEY"], alone["CLOUDFLARE_API_KEY"]
    with running_service(tmp_path / "waiting", alone) as service:
        service.post("/investors", idea("Cached"))
        waiter = threading.Thread(target=lambda: service.post("/investors", idea("Waiting")))
        waiter.start()
        wait_until(lambda: "⏳ Waiting" in service.log)
        for _ in range(20):
            assert service.post("/investors", idea("Cached")).headers["x-cache"] == "HIT"
        assert waiter.is_alive()
        waiter.join()
    assert len(sandbox.calls("gemini")) == 2


def test_a_restart_keeps_cache_and_interval(sandbox: RunningSandbox, tmp_path: Path) -> None:
    """What was paid for is not paid twice, and no provider is called too soon."""
    alone = environment(sandbox, MIN_INTERVAL_SECONDS="60", MAX_WAIT_SECONDS="0")
    del alone["OPENROUTER_API_KEY"], alone["CLOUDFLARE_API_KEY"]
    with running_service(tmp_path / "same", alone) as service:
        assert service.post("/investors", idea("Kept")).headers["x-cache"] == "MISS"
    with running_service(tmp_path / "same", alone) as service:
        assert service.post("/investors", idea("Kept")).headers["x-cache"] == "HIT"
        limited = service.post("/investors", idea("Too soon"))
    assert limited.status_code == 503
    assert limited.json()["detail"].startswith("Rate limited: ")
    assert 1 <= int(limited.headers["retry-after"]) <= 60
    assert len(sandbox.calls("gemini")) == 1


def test_p08_without_keys_and_without_the_model_it_says_what_to_do(tmp_path: Path) -> None:
    """As on Vercel before a key is set."""
    with running_service(tmp_path / "bare", {"LOCAL_MODEL": "off", "SEARCH": "off"}) as service:
        reply = service.post("/investors", idea("Nobody"))
    assert reply.status_code == 500
    assert reply.json()["detail"].startswith("No LLM API keys configured: add at least one API key")


@pytest.mark.skipif(not LocalModel.is_installed(), reason="the embedded model is not installed")
@pytest.mark.timeout(120)  # a busy machine makes it slow
def test_without_keys_the_embedded_model_drafts(tmp_path: Path) -> None:
    """About this very idea, labelled, and never kept."""
    with running_service(tmp_path / "local", {"SEARCH": "off"}) as service:
        first = service.post("/generatePitchText", idea("Hillside Beekeepers"))
        second = service.post("/generatePitchText", idea("Hillside Beekeepers"))
    assert first.headers["x-provider"] == "local"
    assert first.json().startswith("[Draft by the embedded model.")
    assert first.json().count("Hillside Beekeepers") >= 2
    assert second.headers["x-cache"] == "MISS"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("MIN_INTERVAL_SECONDS", "sixty"),
        ("CACHE_TTL_HOURS", "-1"),
        ("PROVIDER_ORDER", "gemini,claude"),
        ("GEMINI_BASE_URL", "ftp://host"),
        ("GEMINI_API_KEY", "a key with spaces"),
        ("LOCAL_MODEL", "maybe"),
    ],
)
def test_a_malformed_setting_stops_the_start_and_is_named(
    tmp_path: Path, variable: str, value: str
) -> None:
    """Also from a .env file; the value of a key is not shown."""
    (tmp_path / ".env").write_text(f"{variable}={value}\n")
    with running_service(tmp_path, {}) as service:
        assert service.process.wait(30) != 0
        assert f"{variable} cannot be used: " in service.log
        assert "Traceback" not in service.log
        assert "with spaces" not in service.log.replace("without spaces", "")
