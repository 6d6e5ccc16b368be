"""Cloudflare's wire format in both its shapes, as plain values."""

import json
from dataclasses import replace
from typing import Any

import pytest

from providers.cloudflare import IDENTITY, Cloudflare, account_url
from providers.completion import Delta, Usage
from providers.errors import FailureKind, ProviderError
from providers.prompt import Message, Prompt
from tests.providers.asking import KEY, reply

BASE_URL = account_url("https://cloudflare.test/client/v4", "account-1")
CLOUDFLARE = Cloudflare(IDENTITY, "@cf/google/gemma-4-26b-a4b-it", BASE_URL, KEY)
EVERYTHING = Prompt(
    messages=(
        Message("system", "Be brief."),
        Message("user", "Hi"),
        Message("assistant", ""),
        Message("user", "There?"),
    ),
    temperature=0.0,
    top_p=0.9,
    max_tokens=512,
    stop=("END",),
    seed=1,
    presence_penalty=0.1,
    frequency_penalty=-0.2,
)
COUNTS = {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}


def answer(content: Any = "Hi.", finish: str | None = "stop") -> dict[str, Any]:
    message = {"role": "assistant", "content": content, "reasoning_content": "plan"}
    choice = {"index": 0, "message": message, "finish_reason": finish}
    return {"model": "@cf/m", "choices": [choice], "usage": {**COUNTS, "neurons": 0.2}}


def enveloped(result: Any, *errors: Any, success: bool = True) -> dict[str, Any]:
    return {"result": result, "success": success, "errors": list(errors), "messages": []}


def failure_of(body: Any, status: int = 200) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        CLOUDFLARE.decode(reply(body, status))
    return caught.value


def test_the_request_names_account_and_model_and_carries_every_parameter() -> None:
    request = CLOUDFLARE.encode(EVERYTHING, stream=False)
    assert request.url == (
        "https://cloudflare.test/client/v4/accounts/account-1/ai/v1/chat/completions"
    )
    assert request.body == {
        "model": "@cf/google/gemma-4-26b-a4b-it",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "content": ""},
            {"role": "user", "content": "There?"},
        ],
        "temperature": 0.0,
        "top_p": 0.9,
        "max_tokens": 512,
        "stop": ["END"],
        "seed": 1,
        "presence_penalty": 0.1,
        "frequency_penalty": -0.2,
    }


def test_an_answer_of_any_length_is_not_cut_after_256_tokens() -> None:
    """Which is Cloudflare's own default."""
    body = CLOUDFLARE.encode(replace(EVERYTHING, max_tokens=None), stream=True).body
    assert body["max_tokens"] == 4_096


@pytest.mark.parametrize("seed", [-(1 << 63), -1, 0, 1, 9_999_999_999, (1 << 63) - 1])
def test_any_seed_becomes_one_that_is_taken(seed: int) -> None:
    sent = CLOUDFLARE.encode(replace(EVERYTHING, seed=seed), stream=False).body["seed"]
    assert 1 <= sent <= 9_999_999_999
    assert sent == seed or not 1 <= seed <= 9_999_999_999


def test_the_key_is_in_a_header_and_nowhere_else() -> None:
    request = CLOUDFLARE.encode(EVERYTHING, stream=True)
    assert request.headers == {"authorization": f"Bearer {KEY}"}
    assert KEY not in request.url + json.dumps(request.body)
    assert KEY not in repr(request) + repr(CLOUDFLARE)


@pytest.mark.parametrize("body", [answer(), enveloped(answer())])
def test_openais_shape_is_read_bare_and_in_the_envelope(body: Any) -> None:
    completion = CLOUDFLARE.decode(reply(body))
    assert (completion.text, completion.finish_reason) == ("Hi.", "stop")
    assert (completion.model, completion.usage) == ("@cf/m", Usage(9, 2))


def test_the_native_shape_is_read() -> None:
    body = enveloped({"response": "Hi.", "tool_calls": [], "usage": COUNTS})
    completion = CLOUDFLARE.decode(reply(body))
    assert (completion.text, completion.finish_reason) == ("Hi.", "stop")
    assert completion.model == "@cf/google/gemma-4-26b-a4b-it"
    assert completion.usage == Usage(9, 2)


def test_the_native_shape_may_answer_with_an_object_and_without_counts() -> None:
    completion = CLOUDFLARE.decode(reply(enveloped({"response": {"a": 1}})))
    assert json.loads(completion.text) == {"a": 1}
    assert completion.usage == Usage()


def test_an_answer_at_the_models_limit_is_given_as_it_is() -> None:
    assert CLOUDFLARE.decode(reply(answer(finish="model_length"))).finish_reason == "length"


@pytest.mark.parametrize(
    "body", [answer(""), answer(None), enveloped({"response": ""}), enveloped(answer(""))]
)
def test_a_reply_without_text_is_empty(body: Any) -> None:
    assert failure_of(body).kind is FailureKind.EMPTY


@pytest.mark.parametrize("body", [enveloped({"tool_calls": []}), enveloped({"response": None})])
def test_a_native_reply_that_says_nothing_is_empty_rather_than_the_word_null(body: Any) -> None:
    assert failure_of(body).kind is FailureKind.EMPTY


@pytest.mark.parametrize("body", [enveloped(None), enveloped([]), {"choices": []}, {}])
def test_a_reply_of_another_shape_is_unreadable(body: Any) -> None:
    assert failure_of(body).kind is FailureKind.BAD_BODY


def test_success_false_in_a_200_counts_by_its_number() -> None:
    used_up = {"code": 4006, "message": "AiError: you have used up your daily free allocation"}
    error = failure_of(enveloped({}, used_up, success=False))
    assert (error.kind, error.code) == (FailureKind.DAILY_LIMIT, "4006")


def test_the_number_counts_more_than_the_status() -> None:
    used_up = {"code": 3036, "message": "?"}
    assert failure_of(enveloped({}, used_up, success=False), 400).kind is FailureKind.DAILY_LIMIT


def test_words_count_where_the_number_is_unknown() -> None:
    used_up = {"code": 99, "message": "you have used up your daily free allocation of neurons"}
    assert failure_of(enveloped({}, used_up, success=False), 429).kind is FailureKind.DAILY_LIMIT


@pytest.mark.parametrize(
    "body",
    [
        {"errors": "none"},
        {"errors": [None, {"code": "4006"}, 7]},
        {"errors": [{"code": 1, "message": None}, "raw"]},
        {"error": {"code": "invalid_prompt"}},
        {"error": ["raw"]},
    ],
)
def test_an_error_of_another_shape_leaves_the_status_to_speak(body: Any) -> None:
    assert failure_of(body, 503).kind is FailureKind.OVERLOADED


def test_native_events_and_the_native_trailer_become_deltas() -> None:
    decode = CLOUDFLARE.decode_event
    assert decode('{"response":"Hel","p":"abcd"}') == Delta("Hel")
    assert decode('{"response":"","usage":{"prompt_tokens":9,"neurons":1.5}}') == Delta(
        usage=Usage(9)
    )
    assert decode('{"response":null}') == Delta()
    assert decode("[DONE]") == Delta(done=True)


def test_openais_events_become_deltas() -> None:
    data = '{"choices":[{"delta":{"content":"Hel"},"finish_reason":null}],"model":"@cf/m"}'
    assert CLOUDFLARE.decode_event(data) == Delta("Hel", model="@cf/m")


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        ('{"errors":[{"code":3040,"message":"?"}],"success":false}', FailureKind.CAPACITY),
        ('{"response":"","errors":[{"code":4006}]}', FailureKind.DAILY_LIMIT),
        ('{"error":{"code":500,"message":"?"}}', FailureKind.SERVER_ERROR),
        ('{"response":', FailureKind.BAD_BODY),
        ("[1]", FailureKind.BAD_BODY),
    ],
)
def test_an_event_that_is_no_good_raises_what_is_wrong(data: str, kind: FailureKind) -> None:
    with pytest.raises(ProviderError) as caught:
        CLOUDFLARE.decode_event(data)
    assert caught.value.kind is kind
