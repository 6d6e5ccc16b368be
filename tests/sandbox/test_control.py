"""Steering the sandbox, in process and over HTTP."""

import ast
from pathlib import Path

import pytest

import sandbox as package
from sandbox import BadControl, compatible
from sandbox.running import RunningSandbox
from tests.sandbox.conftest import Post

GENERATE = "/gemini/v1beta/models/gemini-3.8-flash:generateContent"
KEY = {"x-goog-api-key": "sandbox-gemini-key"}
HI = {"contents": [{"parts": [{"text": "hi"}]}]}


def test_a_fault_set_over_http_fails_the_next_calls_and_heals(ask: Post) -> None:
    assert ask("/_control/fault/gemini", {"error": "overloaded", "times": 2}) == (200, {"added": 1})
    assert [ask(GENERATE, HI, KEY)[0] for _ in range(3)] == [503, 503, 200]


def test_a_list_of_faults_is_a_script(ask: Post) -> None:
    ask("/_control/fault/gemini", [{"status": 500, "times": 1}, {"times": 1}, {"status": 502}])
    assert [ask(GENERATE, HI, KEY)[0] for _ in range(4)] == [500, 200, 502, 502]
    ask("/_control/faults?provider=gemini", method="DELETE")
    assert ask(GENERATE, HI, KEY)[0] == 200


@pytest.mark.parametrize(
    ("path", "data", "complaint"),
    [
        ("/fault/gemini", {"colour": 1}, "colour: unknown field"),
        ("/fault/gemini", {"error": "upstream_pool"}, "error: gemini has no 'upstream_pool'"),
        ("/fault/gemini", {"empty": "choices"}, "empty: gemini has no 'choices'; known are cand"),
        ("/fault/bard", {"hang": True}, "provider: there is no 'bard'"),
        ("/reply/gemini", {"times": 1}, "text: is required"),
        ("/reply/gemini", {"text": 5}, "text: must be a text, got 5"),
        ("/clock", {}, "advance_s, epoch: give one of them"),
        ("/clock", {"advance_s": "1h"}, "advance_s: must be a number"),
        ("/quota/gemini", {"requests_per_day": -1}, "requests_per_day: must be a whole number"),
        ("/quota/elevenlabs", {"requests_per_day": 1}, "requests_per_day: unknown field"),
        ("/quota/search", {"requests_per_day": 1}, "provider: keeps no quota"),
    ],
)
def test_bad_control_json_gets_a_400_that_names_the_field(
    ask: Post, path: str, data: object, complaint: str
) -> None:
    status, answer = ask(f"/_control{path}", data)
    assert status == 400
    assert answer["error"].startswith(complaint)


def test_a_body_that_is_not_json_is_refused(ask: Post) -> None:
    status, answer = ask("/_control/fault/gemini")
    assert (status, answer["error"].split(" (")[0]) == (400, "body: is not JSON")


def test_in_process_mistakes_are_refused_alike(sandbox: RunningSandbox) -> None:
    with pytest.raises(BadControl, match="error: gemini has no"):
        sandbox.fail("gemini", error="moderation")


def test_a_scripted_reply_is_said_once(ask: Post) -> None:
    ask("/_control/reply/gemini", {"text": "exactly this"})
    texts = [ask(GENERATE, HI, KEY)[1]["candidates"][0]["content"]["parts"] for _ in range(2)]
    assert texts[0] == [
        {"text": "exactly this", "thoughtSignature": texts[0][0]["thoughtSignature"]}
    ]
    assert texts[1] != texts[0]


def test_the_log_tells_what_was_asked_and_hides_the_key(sandbox: RunningSandbox, ask: Post) -> None:
    ask(f"{GENERATE}?key=sandbox-gemini-key", HI)
    sandbox.fail("gemini", times=1, error="overloaded")
    ask(GENERATE, HI, KEY)
    status, log = ask("/_control/log?provider=gemini", method="GET")
    assert status == 200
    assert [(record["status"], record["ok"]) for record in log] == [(200, True), (503, False)]
    assert log[0]["model"] == "gemini-3.8-flash"
    assert log[0]["request"] == HI
    assert log[1]["headers"]["x-goog-api-key"] == "***"
    assert "sandbox-gemini-key" not in str(log)
    ask("/_control/log", method="DELETE")
    assert sandbox.log == []


def test_the_clock_brings_the_next_day(ask: Post) -> None:
    ask("/_control/clock", {"epoch": 1_795_348_800})  # 2026-11-22, 12:00 UTC
    ask("/_control/quota/gemini", {"model": "gemini-3.8-flash", "used_today": 20})
    assert ask(GENERATE, HI, KEY)[0] == 429
    status, answer = ask("/_control/clock", {"advance_s": 20 * 3600})
    assert status == 200
    assert answer["now"] == pytest.approx(1_795_348_800 + 20 * 3600, abs=30)
    assert ask(GENERATE, HI, KEY)[0] == 200


def test_quotas_can_be_seen(ask: Post) -> None:
    ask(GENERATE, HI, KEY)
    _, answer = ask("/_control/quota/gemini", method="GET")
    assert answer["gemini-3.8-flash"]["used"]["requests_today"] == 1
    assert answer["gemini-3.8-flash"]["limits"]["requests_per_day"] == 20


def test_every_named_error_can_be_seen_and_made(sandbox: RunningSandbox, ask: Post) -> None:
    _, answer = ask("/_control/errors", method="GET")
    others = {manners.name for manners in compatible.ALL}
    assert set(answer["providers"]) == others | {
        *("gemini", "openrouter", "cloudflare", "elevenlabs", "search", "brave", "mojeek"),
        *("wikipedia", "world_bank", "grants_gov", "searxng", "tavily"),
    }
    for name in answer["providers"]["gemini"]["errors"]:
        sandbox.fail("gemini", times=1, error=name)
        status, body = ask(GENERATE, HI, KEY)
        assert status == body["error"]["code"] >= 400, name


def test_base_urls_and_keys_come_as_environment_variables(sandbox: RunningSandbox) -> None:
    assert sandbox.env["GEMINI_BASE_URL"] == f"{sandbox.url}/gemini"
    assert sandbox.env["OPENROUTER_API_KEY"].startswith("sk-or-v1-")
    assert set(sandbox.base_urls) < set(sandbox.env)


def test_the_sandbox_imports_nothing_else_of_the_project() -> None:
    root = Path(package.__file__).parent
    own = {path.stem for path in root.parent.iterdir()} - {"sandbox"}
    for path in root.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                names.append(node.module)
            assert not own & {name.split(".")[0] for name in names}, path


def test_the_faults_that_are_still_to_come_can_be_read(ask: Post) -> None:
    ask("/_control/fault/gemini", {"status": 503, "times": 2})
    ask("/_control/fault/openrouter", {"html": True})
    standing = {"gemini": [{"times": 2, "status": 503}], "openrouter": [{"html": True}]}
    assert ask("/_control/faults", method="GET") == (200, standing)
    ask("/_control/faults", method="DELETE")
    assert ask("/_control/faults", method="GET") == (200, {})
