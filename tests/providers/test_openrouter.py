"""OpenRouter's wire format, and with it OpenAI's, as plain values."""

import json
from typing import Any

import pytest

from providers.completion import Delta, Usage
from providers.errors import FailureKind, ProviderError
from providers.openrouter import IDENTITY, OpenRouter
from providers.prompt import Message, Prompt
from tests.providers.asking import KEY, reply

OPENROUTER = OpenRouter(IDENTITY, "openrouter/free", "https://openrouter.test/api/v1", KEY)
EVERYTHING = Prompt(
    messages=(
        Message("system", "Be brief."),
        Message("user", "What is in it?"),
        Message("user", "Look closely."),
        Message("assistant", "A cat."),
        Message("user", "Sure?"),
    ),
    temperature=0.0,
    top_p=0.9,
    max_tokens=512,
    stop=("END",),
    seed=0,
    presence_penalty=0.1,
    frequency_penalty=-0.2,
)
COUNTS = {
    "prompt_tokens": 9,
    "completion_tokens": 12,
    "total_tokens": 21,
    "cost": 0,
    "prompt_tokens_details": {"cached_tokens": 4},
    "completion_tokens_details": {"reasoning_tokens": 8},
}


def answer(content: Any = "Hi.", finish: Any = "stop", **more: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": content, "reasoning": "short plan"}
    return {"choices": [{"index": 0, "finish_reason": finish, "message": message}], **more}


def failure_of(body: Any, status: int = 200) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        OPENROUTER.decode(reply(body, status))
    return caught.value


def test_the_conversation_goes_out_turn_by_turn() -> None:
    body = OPENROUTER.encode(EVERYTHING, stream=False).body
    assert body["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "What is in it?"},
        {"role": "user", "content": "Look closely."},
        {"role": "assistant", "content": "A cat."},
        {"role": "user", "content": "Sure?"},
    ]


def test_every_parameter_is_sent_and_none_that_was_left_open() -> None:
    body = OPENROUTER.encode(EVERYTHING, stream=False).body
    del body["messages"]
    assert body == {
        "model": "openrouter/free",
        "temperature": 0.0,
        "top_p": 0.9,
        "max_tokens": 512,
        "stop": ["END"],
        "seed": 0,
        "presence_penalty": 0.1,
        "frequency_penalty": -0.2,
    }
    bare = OPENROUTER.encode(Prompt(messages=(Message("user", "Hi"),)), stream=False).body
    assert set(bare) == {"model", "messages"}


def test_a_stream_is_asked_for_with_its_counts() -> None:
    body = OPENROUTER.encode(EVERYTHING, stream=True).body
    assert (body["stream"], body["stream_options"]) == (True, {"include_usage": True})


def test_the_key_is_in_a_header_and_nowhere_else() -> None:
    request = OPENROUTER.encode(EVERYTHING, stream=True)
    assert request.url == "https://openrouter.test/api/v1/chat/completions"
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert KEY not in json.dumps(request.body)
    assert KEY not in repr(request) + repr(OPENROUTER)


def test_an_answer_is_read_with_its_counts_and_the_model_that_gave_it() -> None:
    completion = OPENROUTER.decode(
        reply(answer(model="openai/gpt-oss-20b:free", usage=COUNTS, provider="Chutes"))
    )
    assert completion.text == "Hi."
    assert completion.finish_reason == "stop"
    assert completion.model == "openai/gpt-oss-20b:free"
    assert completion.usage == Usage(9, 12, 8, 4)


@pytest.mark.parametrize("model", [None, "", 7, {"id": "m"}])
def test_a_model_that_is_no_name_leaves_the_one_that_was_asked(model: Any) -> None:
    assert OPENROUTER.decode(reply(answer(model=model))).model == "openrouter/free"


@pytest.mark.parametrize("usage", [None, {}, "many", {"completion_tokens_details": None}])
def test_absent_counts_are_zero(usage: Any) -> None:
    assert OPENROUTER.decode(reply(answer(usage=usage))).usage == Usage()


def test_b04_a_list_of_parts_is_joined_to_its_text() -> None:
    parts = [
        {"type": "text", "text": "Hel"},
        {"type": "image_url", "image_url": {"url": "data:"}},
        {"type": "text", "text": "lo"},
    ]
    assert OPENROUTER.decode(reply(answer(parts))).text == "Hello"


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("stop", "stop"),
        ("eos", "stop"),
        (None, "stop"),
        ("length", "length"),
        ("max_tokens", "length"),
        ("tool_calls", "tool_calls"),
    ],
)
def test_finish_reasons_become_openais(theirs: str | None, ours: str) -> None:
    assert OPENROUTER.decode(reply(answer(finish=theirs))).finish_reason == ours


@pytest.mark.parametrize(
    "body",
    [
        answer(""),
        answer(None),
        answer([]),
        answer(" \n"),
        answer("", finish="length", usage=COUNTS),
        answer("", usage={"prompt_tokens": 9, "completion_tokens": 0}),
    ],
)
def test_b04_a_reply_without_text_is_empty_also_when_it_only_reasoned(body: Any) -> None:
    assert failure_of(body).kind is FailureKind.EMPTY


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"choices": []},
        {"choices": [{}]},
        {"choices": [None]},
        {"choices": None},
        {"choices": "Hi."},
        {"choices": [{"message": None, "finish_reason": "stop"}]},
        answer([{"type": "text"}]),
        answer(finish=["stop"]),
        [],
        [answer(), answer()],
        "Hi.",
        None,
    ],
)
def test_b04_a_reply_of_another_shape_is_unreadable(body: Any) -> None:
    assert failure_of(body).kind is FailureKind.BAD_BODY


def test_a_filtered_answer_is_a_refusal() -> None:
    assert failure_of(answer("I", finish="content_filter")).kind is FailureKind.CONTENT_FILTER


def test_b02_an_error_in_a_200_counts_by_its_own_code() -> None:
    error = failure_of({"error": {"code": 429, "message": "Slow down."}, "user_id": "u"})
    assert (error.kind, error.status) == (FailureKind.MINUTE_LIMIT, 429)


def test_b02_an_error_beside_half_an_answer_is_no_answer() -> None:
    body = answer("Half an ans", finish="error")
    assert failure_of(body).kind is FailureKind.SERVER_ERROR
    body["choices"][0]["error"] = {"code": 429, "message": "Slow down."}
    assert failure_of(body).kind is FailureKind.MINUTE_LIMIT


@pytest.mark.parametrize(
    "error",
    ["all is lost", ["all", "is", "lost"], {"code": [], "message": {}, "metadata": "raw"}, 7],
)
@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, FailureKind.AUTH), (429, FailureKind.MINUTE_LIMIT), (502, FailureKind.SERVER_ERROR)],
)
def test_an_error_of_another_shape_leaves_the_status_to_speak(
    error: Any, status: int, kind: FailureKind
) -> None:
    assert failure_of({"error": error}, status).kind is kind


def test_events_become_deltas() -> None:
    def event(**fields: Any) -> Delta | None:
        return OPENROUTER.decode_event(json.dumps(fields))

    first = {"index": 0, "delta": {"role": "assistant", "content": "Hel"}, "finish_reason": None}
    last = {"index": 0, "delta": {"content": ""}, "finish_reason": "stop"}
    assert event(choices=[first], model="m:free") == Delta("Hel", model="m:free")
    assert event(choices=[last]) == Delta("", "stop")
    assert event(choices=[last], usage=COUNTS) == Delta("", "stop", usage=Usage(9, 12, 8, 4))
    assert event(choices=[], usage=COUNTS) == Delta(usage=Usage(9, 12, 8, 4))
    assert event(choices=[]) is None
    assert event(choices=[{"delta": {"reasoning": "plan"}}]) == Delta(reasoning="plan")
    assert OPENROUTER.decode_event("[DONE]") == Delta(done=True)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (
            '{"error":{"code":502,"message":"Provider disconnected",'
            '"metadata":{"error_type":"provider_unavailable"}},'
            '"choices":[{"index":0,"delta":{"content":""},"finish_reason":"error"}]}',
            FailureKind.SERVER_ERROR,
        ),
        ('{"error":{"code":"server_error","message":"?"}}', FailureKind.SERVER_ERROR),
        ('{"error":{"code":429,"message":"?"},"choices":[]}', FailureKind.MINUTE_LIMIT),
        ('{"error":"rate limit exceeded"}', FailureKind.MINUTE_LIMIT),
        ('{"choices":[{"delta":{},"finish_reason":"error"}]}', FailureKind.SERVER_ERROR),
        ('{"choices":[{"delta":{"content":', FailureKind.BAD_BODY),
        ('{"choices":[7]}', FailureKind.BAD_BODY),
        ('"Hi."', FailureKind.BAD_BODY),
        ("null", FailureKind.BAD_BODY),
    ],
)
def test_an_event_that_is_no_good_raises_what_is_wrong(data: str, kind: FailureKind) -> None:
    with pytest.raises(ProviderError) as caught:
        OPENROUTER.decode_event(data)
    assert caught.value.kind is kind
