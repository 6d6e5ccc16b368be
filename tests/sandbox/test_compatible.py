"""The stand-ins for providers that speak OpenAI's chat format, and the manners of each."""

from typing import Any

import pytest

from sandbox.checks import BadControl
from sandbox.compatible import ALL, CEREBRAS, CUSTOM, GROQ, HUGGINGFACE, MISTRAL, NVIDIA, Manners
from sandbox.running import RunningSandbox
from tests.sandbox.conftest import Post

QUESTION = [{"role": "user", "content": "Hello?"}]


def chat(ask: Post, manners: Manners, key: str | None = None, **fields: Any) -> tuple[int, Any]:
    """A question to a stand-in."""
    path = f"/{manners.name}{manners.base}/chat/completions"
    data = {"model": manners.models[0], "messages": QUESTION, **fields}
    return ask(path, data, {"authorization": f"Bearer {manners.key if key is None else key}"})


@pytest.mark.parametrize("manners", ALL, ids=lambda manners: manners.name)
def test_it_answers_whole_and_streamed(ask: Post, manners: Manners) -> None:
    status, whole = chat(ask, manners)
    assert status == 200
    assert "Hello?" in whole["choices"][0]["message"]["content"]
    assert whole["usage"]["completion_tokens"] > 0
    status, stream = chat(ask, manners, stream=True)
    assert status == 200
    assert stream.endswith("data: [DONE]\n\n")
    assert '"finish_reason":"stop"' in stream


@pytest.mark.parametrize("manners", ALL, ids=lambda manners: manners.name)
def test_it_lists_its_models(ask: Post, manners: Manners) -> None:
    headers = {"authorization": f"Bearer {manners.key}"}
    status, listed = ask(f"/{manners.name}{manners.base}/models", None, headers, "GET")
    assert (status, [card["id"] for card in listed["data"]]) == (200, [*manners.models])


def test_usage_comes_when_it_is_asked_for_and_at_mistral_always(ask: Post) -> None:
    assert "usage" not in chat(ask, GROQ, stream=True)[1]
    assert "usage" in chat(ask, GROQ, stream=True, stream_options={"include_usage": True})[1]
    assert "usage" in chat(ask, MISTRAL, stream=True)[1]


@pytest.mark.parametrize(
    ("manners", "status", "body"),
    [
        (
            GROQ,
            401,
            {
                "error": {
                    "message": "Invalid API Key",
                    "type": "invalid_request_error",
                    "param": None,
                    "code": "invalid_api_key",
                }
            },
        ),
        (
            CEREBRAS,
            401,
            {
                "message": "Wrong API Key",
                "type": "invalid_request_error",
                "param": "quota",
                "code": "wrong_api_key",
            },
        ),
        (MISTRAL, 401, {"detail": "Unauthorized"}),
        (NVIDIA, 403, {"status": 403, "title": "Forbidden", "detail": "Authorization failed"}),
        (HUGGINGFACE, 401, {"error": "Invalid username or password."}),
    ],
    ids=lambda value: value.name if isinstance(value, Manners) else "",
)
def test_a_wrong_key_is_refused_in_the_words_of_the_provider(
    ask: Post, manners: Manners, status: int, body: Any
) -> None:
    assert chat(ask, manners, key="wrong") == (status, body)


@pytest.mark.parametrize("manners", ALL, ids=lambda manners: manners.name)
def test_fields_that_a_provider_does_not_take_are_refused(ask: Post, manners: Manners) -> None:
    for name in manners.rejects:
        assert chat(ask, manners, None, **{name: 1})[0] in (400, 422), name
    assert chat(ask, manners, model="unknown")[0] in (400, 404)


def test_mistral_wants_ids_of_nine_letters_and_digits(ask: Post) -> None:
    for given, status in (("call_abc", 400), ("abcdefGH9", 200)):
        call = {"id": given, "type": "function", "function": {"name": "f", "arguments": "{}"}}
        turns = [
            *QUESTION,
            {"role": "assistant", "content": "", "tool_calls": [call]},
            {"role": "tool", "content": "1", "tool_call_id": given},
        ]
        assert chat(ask, MISTRAL, messages=turns)[0] == status


def test_the_minute_of_one_model_is_not_that_of_another(ask: Post, sandbox: RunningSandbox) -> None:
    for _ in range(5):
        assert chat(ask, CEREBRAS)[0] == 200
    status, body = chat(ask, CEREBRAS)
    assert (status, body["code"]) == (429, "request_quota_exceeded")
    assert chat(ask, CEREBRAS, model=CEREBRAS.models[1])[0] == 200
    sandbox.advance(61)
    assert chat(ask, CEREBRAS)[0] == 200


def test_a_used_up_day_says_when_it_is_over(ask: Post, sandbox: RunningSandbox) -> None:
    sandbox.set_quota("github_models", used_today=150)
    github = next(manners for manners in ALL if manners.name == "github_models")
    status, body = chat(ask, github)
    assert (status, body["error"]["code"]) == (429, "RateLimitReached")


def test_every_named_error_can_be_asked_for(ask: Post, sandbox: RunningSandbox) -> None:
    for manners in ALL:
        for name in sandbox.stand_ins[manners.name].errors:
            sandbox.fail(manners.name, times=1, error=name)
            assert chat(ask, manners)[0] >= 400, (manners.name, name)


def test_settings_are_given_for_those_that_are_named(sandbox: RunningSandbox) -> None:
    assert not any(name.startswith("GROQ") for name in sandbox.env)
    assert sandbox.env_of("groq", "ollama") == {
        "GROQ_BASE_URL": f"{sandbox.url}/groq/openai/v1",
        "GROQ_API_KEY": GROQ.key,
        "OLLAMA_BASE_URL": f"{sandbox.url}/ollama/v1",
    }
    assert sandbox.env_of("custom")["CUSTOM_MODEL"] == CUSTOM.models[0]
    with pytest.raises(BadControl, match="there is no 'nobody'"):
        sandbox.env_of("nobody")


def test_keys_are_masked_in_the_log(ask: Post, sandbox: RunningSandbox) -> None:
    chat(ask, GROQ, user=GROQ.key)
    assert GROQ.key not in repr(sandbox.log)
