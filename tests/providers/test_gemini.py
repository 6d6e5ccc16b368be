"""Gemini's wire format, as plain values."""

import json
from typing import Any

import pytest

from providers.completion import Usage
from providers.errors import FailureKind, ProviderError
from providers.gemini import Gemini
from providers.prompt import Message, Prompt
from tests.providers.asking import KEY, reply

GEMINI = Gemini("gemini-3.5-flash-lite", "https://gemini.test", KEY)
EVERYTHING = Prompt(
    messages=(
        Message("system", "Be brief."),
        Message("user", "What is in it?"),
        Message("user", "Look closely."),
        Message("assistant", "A cat."),
        Message("system", "Be kind."),
        Message("assistant", "And a dog."),
        Message("user", "Sure?"),
    ),
    temperature=0.0,
    top_p=0.9,
    max_tokens=512,
    stop=("one", "two", "three", "four", "five", "six"),
    seed=0,
    presence_penalty=0.1,
    frequency_penalty=-0.2,
)


def answer(*parts: Any, finish: str | None = "STOP", **more: Any) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": list(parts)}, "index": 0}
    if finish is not None:
        candidate["finishReason"] = finish
    return {"candidates": [candidate], **more}


def failure_of(body: Any) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        GEMINI.decode(reply(body))
    return caught.value


def test_system_turns_stand_apart_and_neighbours_of_one_role_are_merged() -> None:
    body = GEMINI.encode(EVERYTHING, stream=False).body
    assert body["systemInstruction"] == {"parts": [{"text": "Be brief."}, {"text": "Be kind."}]}
    assert body["contents"] == [
        {"role": "user", "parts": [{"text": "What is in it?"}, {"text": "Look closely."}]},
        {"role": "model", "parts": [{"text": "A cat."}, {"text": "And a dog."}]},
        {"role": "user", "parts": [{"text": "Sure?"}]},
    ]


def test_every_parameter_has_geminis_name_and_at_most_five_stops() -> None:
    assert GEMINI.encode(EVERYTHING, stream=False).body["generationConfig"] == {
        "temperature": 0.0,
        "topP": 0.9,
        "maxOutputTokens": 512,
        "stopSequences": ["one", "two", "three", "four", "five"],
        "seed": 0,
        "presencePenalty": 0.1,
        "frequencyPenalty": -0.2,
    }


def test_parameters_left_open_are_not_sent() -> None:
    bare = Prompt(messages=(Message("user", "Hi"),))
    assert GEMINI.encode(bare, stream=False).body == {
        "contents": [{"role": "user", "parts": [{"text": "Hi"}]}]
    }


@pytest.mark.parametrize("seed", [-(1 << 63), -1, 0, 7, (1 << 31) - 1, 1 << 31, (1 << 63) - 1])
def test_any_seed_becomes_one_of_32_bits(seed: int) -> None:
    prompt = Prompt(messages=(Message("user", "Hi"),), seed=seed)
    sent = GEMINI.encode(prompt, stream=False).body["generationConfig"]["seed"]
    assert 0 <= sent < 1 << 31
    assert sent == seed or not 0 <= seed < 1 << 31


def test_empty_turns_are_left_out_since_an_empty_part_is_refused() -> None:
    messages = (Message("user", "Hi"), Message("assistant", ""), Message("user", "There?"))
    contents = GEMINI.encode(Prompt(messages=messages), stream=False).body["contents"]
    assert contents == [{"role": "user", "parts": [{"text": "Hi"}, {"text": "There?"}]}]


def test_an_empty_system_turn_is_left_out_too() -> None:
    messages = (Message("system", ""), Message("user", "Hi"))
    assert "systemInstruction" not in GEMINI.encode(Prompt(messages=messages), stream=False).body


@pytest.mark.parametrize(
    ("stream", "ending"),
    [(False, ":generateContent"), (True, ":streamGenerateContent?alt=sse")],
)
def test_the_address_names_the_version_the_model_and_the_way_to_answer(
    stream: bool, ending: str
) -> None:
    request = GEMINI.encode(EVERYTHING, stream=stream)
    assert request.url == f"https://gemini.test/v1beta/models/gemini-3.5-flash-lite{ending}"


def test_a_model_may_be_given_with_its_prefix() -> None:
    prefixed = Gemini("models/gemini-x", "https://gemini.test", KEY)
    assert prefixed.encode(EVERYTHING, stream=False).url.endswith(
        "/models/gemini-x:generateContent"
    )


def test_the_key_is_in_a_header_and_nowhere_else() -> None:
    request = GEMINI.encode(EVERYTHING, stream=True)
    assert request.headers == {"x-goog-api-key": KEY}
    assert KEY not in request.url
    assert KEY not in json.dumps(request.body)
    assert KEY not in repr(request) + repr(GEMINI)


def test_split_parts_are_joined_and_thoughts_left_out() -> None:
    body = answer(
        {"text": "plan…", "thought": True},
        {"text": "Hel"},
        {"text": "lo", "thoughtSignature": "c2ln"},
        {"text": "", "thoughtSignature": "c2ln"},
        {"inlineData": {"mimeType": "image/png", "data": ""}},
        modelVersion="gemini-3.5-flash-lite-002",
    )
    completion = GEMINI.decode(reply(body))
    assert completion.text == "Hello"
    assert completion.finish_reason == "stop"
    assert completion.model == "gemini-3.5-flash-lite-002"


def test_usage_adds_thoughts_to_the_answer_and_tool_use_to_the_question() -> None:
    usage = {
        "promptTokenCount": 3,
        "toolUsePromptTokenCount": 4,
        "candidatesTokenCount": 2,
        "thoughtsTokenCount": 10,
        "cachedContentTokenCount": 1,
    }
    completion = GEMINI.decode(reply(answer({"text": "Hi"}, usageMetadata=usage)))
    assert completion.usage == Usage(7, 12, 10, 1)


def test_absent_counts_are_zero() -> None:
    assert GEMINI.decode(reply(answer({"text": "Hi"}, usageMetadata={}))).usage == Usage()
    assert GEMINI.decode(reply(answer({"text": "Hi"}))).usage == Usage()


def test_a_model_version_that_is_no_text_is_not_believed() -> None:
    completion = GEMINI.decode(reply(answer({"text": "Hi"}, modelVersion={"a": 1})))
    assert completion.model == "gemini-3.5-flash-lite"


def test_an_answer_at_the_limit_is_given_as_it_is() -> None:
    completion = GEMINI.decode(reply(answer({"text": "Half"}, finish="MAX_TOKENS")))
    assert (completion.text, completion.finish_reason) == ("Half", "length")


def test_thinking_that_ate_the_budget_is_an_empty_answer() -> None:
    body = {"candidates": [{"content": {"role": "model"}, "finishReason": "MAX_TOKENS"}]}
    error = failure_of(body)
    assert (error.kind, error.code) == (FailureKind.EMPTY, "finish:length")


@pytest.mark.parametrize("reason", ["SAFETY", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII"])
def test_a_refused_answer_is_a_refusal_even_with_text(reason: str) -> None:
    assert failure_of(answer(finish=reason)).kind is FailureKind.CONTENT_FILTER
    assert failure_of(answer({"text": "I"}, finish=reason)).kind is FailureKind.CONTENT_FILTER


@pytest.mark.parametrize(
    "reason", ["RECITATION", "LANGUAGE", "OTHER", "MALFORMED_FUNCTION_CALL", "MALFORMED_RESPONSE"]
)
def test_a_failed_generation_is_another_providers_chance(reason: str) -> None:
    error = failure_of(answer(finish=reason))
    assert (error.kind, error.code) == (FailureKind.GENERATION, reason)


def test_a_finish_reason_that_is_no_word_is_not_repeated() -> None:
    error = failure_of(answer(finish=f"because {KEY}"))
    assert error.kind is FailureKind.GENERATION
    assert KEY not in str(error)


@pytest.mark.parametrize("reason", ["SAFETY", "BLOCKLIST", "PROHIBITED_CONTENT", "JAILBREAK"])
def test_a_blocked_prompt_is_a_refusal(reason: str) -> None:
    error = failure_of({"promptFeedback": {"blockReason": reason}})
    assert (error.kind, error.code) == (FailureKind.CONTENT_FILTER, reason)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"candidates": []},
        {"candidates": None, "usageMetadata": {"promptTokenCount": 3}},
        answer(),
        answer({"text": ""}),
        answer({"text": " \n"}),
        answer({"text": "only a thought", "thought": True}),
        {"candidates": [{"finishReason": "STOP"}]},
    ],
)
def test_a_reply_without_text_is_empty(body: Any) -> None:
    assert failure_of(body).kind is FailureKind.EMPTY


def test_text_without_an_end_is_cut_off() -> None:
    assert failure_of(answer({"text": "Hal"}, finish=None)).kind is FailureKind.TRUNCATED


def test_an_error_in_a_200_counts_by_its_own_code() -> None:
    error = failure_of({"error": {"code": 503, "message": "busy", "status": "UNAVAILABLE"}})
    assert error.kind is FailureKind.OVERLOADED


def test_an_error_in_an_array_of_one_is_read() -> None:
    body = [{"error": {"code": 404, "message": "models/x is not found", "status": "NOT_FOUND"}}]
    assert failure_of(body).kind is FailureKind.MODEL_GONE


def test_a_byte_order_mark_before_the_body_is_skipped() -> None:
    response = reply(answer({"text": "Hi"}))
    marked = type(response)(200, {}, b"\xef\xbb\xbf" + response.body)
    assert GEMINI.decode(marked).text == "Hi"


def test_an_event_is_a_whole_reply_with_the_next_text() -> None:
    data = json.dumps(answer({"text": "Hel"}, finish=None, modelVersion="m"))
    delta = GEMINI.decode_event(data)
    assert delta is not None
    assert (delta.text, delta.finish_reason, delta.model, delta.usage) == ("Hel", None, "m", None)


def test_the_last_event_may_carry_an_end_and_counts_but_no_text() -> None:
    data = json.dumps(answer({"text": ""}, usageMetadata={"promptTokenCount": 3}))
    delta = GEMINI.decode_event(data)
    assert delta is not None
    assert (delta.text, delta.finish_reason, delta.usage) == ("", "stop", Usage(3))
    assert not delta.done


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        ('{"error":{"code":503,"message":"busy"}}', FailureKind.OVERLOADED),
        ('{"promptFeedback":{"blockReason":"SAFETY"}}', FailureKind.CONTENT_FILTER),
        ('{"candidates":[{"finishReason":"RECITATION"}]}', FailureKind.GENERATION),
        ('{"candidates":[{"content":', FailureKind.BAD_BODY),
        ('"text"', FailureKind.BAD_BODY),
        ('{"candidates":{"0":1}}', FailureKind.BAD_BODY),
    ],
)
def test_an_event_that_is_no_good_raises_what_is_wrong(data: str, kind: FailureKind) -> None:
    with pytest.raises(ProviderError) as caught:
        GEMINI.decode_event(data)
    assert caught.value.kind is kind
