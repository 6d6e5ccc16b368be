"""Whatever a client sends, a stand-in answers as its provider would, and every named error can be made."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox import Sandbox
from sandbox.exchange import Call, dump
from sandbox.faults import Fault

WORK = {
    "gemini": "/v1beta/models/gemini-3.5-flash-lite:generateContent",
    "openrouter": "/api/v1/chat/completions",
    "cloudflare": "/client/v4/accounts/sandbox-account/ai/v1/chat/completions",
    "elevenlabs": "/v1/text-to-speech/JBFqnCBsd6RMkjVDRZzb",
    "search": "/html/",
    "brave": "/search",
    "mojeek": "/search",
    "wikipedia": "/en/w/api.php",
    "world_bank": "/v2/country/KE/indicator/SP.POP.TOTL",
    "grants_gov": "/v1/api/search2",
    "searxng": "/search",
    "tavily": "/search",
}
HEADERS: dict[str, dict[str, str]] = {
    "gemini": {"x-goog-api-key": "sandbox-gemini-key"},
    "openrouter": {"authorization": "Bearer sk-or-v1-sandbox"},
    "cloudflare": {"authorization": "Bearer sandbox-cloudflare-token"},
    "elevenlabs": {"xi-api-key": "sandbox-elevenlabs-key"},
    "wikipedia": {"user-agent": "a test"},
    "tavily": {"authorization": "Bearer tvly-sandbox-key"},
}
MESSAGES = [{"role": "user", "content": "hi"}]
BODIES: dict[str, dict[str, Any]] = {
    "gemini": {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]},
    "openrouter": {"model": "openai/gpt-oss-20b:free", "messages": MESSAGES},
    "cloudflare": {"model": "@cf/google/gemma-4-26b-a4b-it", "messages": MESSAGES},
    "elevenlabs": {"text": "hi"},
    "grants_gov": {"keyword": "bees"},
    "tavily": {"query": "bees"},
}
FIELDS = st.sampled_from(
    [
        "contents", "generationConfig", "tools", "toolConfig", "systemInstruction", "messages",
        "model", "models", "max_tokens", "stop", "response_format", "tool_choice", "reasoning",
        "stream", "text", "model_id", "voice_settings", "parts", "role", "content", "function",
        "functionDeclarations", "name", "type", "json_schema", "thinkingConfig", "inlineData",
        "effort", "thinkingBudget", "maxOutputTokens", "properties", "$ref", "schema",
    ]
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 300) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner, max_size=4),
    max_leaves=12,
)


def call(provider: str, body: object) -> Call:
    return Call(
        method="POST",
        path=WORK[provider],
        now=0,
        headers=HEADERS.get(provider, {}),
        body=dump(body),
    )


@pytest.mark.parametrize("provider", WORK)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(changes=st.dictionaries(FIELDS, JSON, max_size=4))
def test_no_request_is_too_strange_for_an_answer(provider: str, changes: dict[str, Any]) -> None:
    reply, _ = Sandbox(quotas="unlimited").answer(
        provider, call(provider, BODIES.get(provider, {}) | changes)
    )
    assert reply.status in (200, 400, 404, 422)


@pytest.mark.parametrize("provider", WORK)
def test_every_named_error_of_a_provider_can_be_made(provider: str) -> None:
    sandbox = Sandbox(quotas="unlimited")
    for name in sandbox.stand_ins[provider].errors:
        sandbox.fail(provider, times=1, error=name)
        reply, fault = sandbox.answer(provider, call(provider, BODIES.get(provider, {})))
        assert (fault.error, reply.ok, sandbox.log[-1].ok) == (name, False, False)


@pytest.mark.parametrize("provider", WORK)
def test_every_way_to_be_empty_is_a_failure(provider: str) -> None:
    sandbox = Sandbox(quotas="unlimited")
    for form in ("default", *sandbox.stand_ins[provider].empty_forms):
        sandbox.add_fault(provider, {"empty": form, "times": 1})
        form_body = b"q=bees" if provider == "search" else dump(BODIES.get(provider, {}))
        reply, _ = sandbox.answer(
            provider,
            Call(
                method="POST",
                path=WORK[provider],
                now=0,
                headers=HEADERS.get(provider, {}),
                body=form_body,
            ),
        )
        assert (reply.status, reply.ok) == (200, False), form


def test_a_fault_without_answer_or_delivery_changes_nothing() -> None:
    assert not Fault(times=3).breaks_delivery
