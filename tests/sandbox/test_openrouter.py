"""The OpenRouter stand-in, judged by the openai SDK."""

from collections.abc import Iterator
from typing import Any

import openai
import pytest
from openai.types.chat import ChatCompletionMessageParam

from sandbox.running import RunningSandbox
from tests.sandbox.conftest import Post

FREE = "openai/gpt-oss-20b:free"
LLAMA = "meta-llama/llama-3.3-70b-instruct:free"
KEY = {"authorization": "Bearer sk-or-v1-sandbox"}
CHAT = "/openrouter/api/v1/chat/completions"
MESSAGES: list[ChatCompletionMessageParam] = [{"role": "user", "content": "hi"}]
HI = {"model": FREE, "messages": MESSAGES}


def connect(sandbox: RunningSandbox, key: str = "sk-or-v1-sandbox") -> openai.OpenAI:
    url = sandbox.base_urls["OPENROUTER_BASE_URL"]
    return openai.OpenAI(base_url=url, api_key=key, max_retries=0, timeout=5)


@pytest.fixture
def client(sandbox: RunningSandbox) -> Iterator[openai.OpenAI]:
    with connect(sandbox) as connected:
        yield connected


def test_the_sdk_reads_an_answer_its_reasoning_and_its_counts(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(model=FREE, messages=MESSAGES)
    assert answer.model == FREE
    assert answer.choices[0].finish_reason == "stop"
    assert "sandbox" in (answer.choices[0].message.content or "")
    assert answer.choices[0].message.model_extra is not None
    assert answer.choices[0].message.model_extra["reasoning"].startswith("Short plan")
    assert answer.usage is not None
    assert answer.usage.completion_tokens_details is not None
    assert answer.usage.completion_tokens_details.reasoning_tokens == 8


def test_a_stream_always_ends_with_the_usage(client: openai.OpenAI) -> None:
    whole = client.chat.completions.create(model=FREE, messages=MESSAGES)
    chunks = list(client.chat.completions.create(model=FREE, messages=MESSAGES, stream=True))
    texts = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    assert "".join(texts) == whole.choices[0].message.content
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-1].choices == []
    assert chunks[-1].usage == whole.usage


def test_a_stream_opens_with_comments(ask: Post) -> None:
    _, body = ask(CHAT, {**HI, "stream": True}, KEY)
    assert body.startswith(": OPENROUTER PROCESSING\n\n")
    assert body.endswith("data: [DONE]\n\n")


@pytest.mark.parametrize("stream", [False, True])
def test_a_tool_is_called(client: openai.OpenAI, stream: bool) -> None:
    parameters = {"type": "object", "properties": {"word": {"type": "string"}}}
    tool: Any = {"type": "function", "function": {"name": "look_up", "parameters": parameters}}
    if stream:
        chunks = client.chat.completions.create(
            model=LLAMA, messages=MESSAGES, tools=[tool], stream=True
        )
        deltas = [c.choices[0].delta.tool_calls or [] for c in chunks if c.choices]
        functions = [call.function for calls in deltas for call in calls if call.function]
        assert functions[0].name == "look_up"
        arguments = "".join(function.arguments or "" for function in functions)
    else:
        answer = client.chat.completions.create(model=LLAMA, messages=MESSAGES, tools=[tool])
        assert answer.choices[0].finish_reason == "tool_calls"
        call = (answer.choices[0].message.tool_calls or [])[0]
        assert call.type == "function"
        arguments = call.function.arguments
    assert arguments == '{"word": "sample"}'


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        ("daily_quota", openai.RateLimitError, "free-models-per-day. Add 10 credits"),
        ("daily_quota_funded", openai.RateLimitError, "free-models-per-day-high-balance"),
        ("minute_quota", openai.RateLimitError, "free-models-per-min"),
        ("upstream_pool", openai.RateLimitError, "Provider returned error"),
        ("credits", openai.APIStatusError, "Insufficient credits"),
        ("fewer_tokens", openai.APIStatusError, "fewer max_tokens"),
        ("key_limit", openai.APIStatusError, "Key limit"),
        ("moderation", openai.PermissionDeniedError, "flagged"),
        ("data_policy", openai.NotFoundError, "data policy"),
        ("invalid_key", openai.AuthenticationError, "User not found"),
        ("provider_error", openai.InternalServerError, "Provider returned error"),
        ("provider_overloaded", openai.InternalServerError, "overloaded"),
    ],
)
def test_the_sdk_reads_every_kind_of_error(
    sandbox: RunningSandbox, client: openai.OpenAI, error: str, kind: Any, words: str
) -> None:
    sandbox.fail("openrouter", error=error)
    with pytest.raises(kind, match=words):
        client.chat.completions.create(model=FREE, messages=MESSAGES)


def test_the_daily_limit_resets_at_utc_midnight_in_milliseconds(
    sandbox: RunningSandbox, client: openai.OpenAI
) -> None:
    sandbox.set_clock(1_795_348_800)  # 2026-11-22, 12:00 UTC
    sandbox.set_quota("openrouter", used_today=50)
    with pytest.raises(openai.RateLimitError) as raised:
        client.chat.completions.create(model=FREE, messages=MESSAGES)
    assert raised.value.response.headers["x-ratelimit-reset"] == "1795392000000"
    assert "retry-after" not in raised.value.response.headers
    paid = client.chat.completions.create(model="openai/gpt-oss-20b", messages=MESSAGES)
    assert paid.choices
    sandbox.advance(12 * 3600)
    assert client.chat.completions.create(model=LLAMA, messages=MESSAGES).choices


def test_failed_attempts_count_and_models_share_the_bucket(
    sandbox: RunningSandbox, ask: Post
) -> None:
    sandbox.fail("openrouter", times=1, error="upstream_pool")
    ask(CHAT, HI, KEY)
    ask(CHAT, {**HI, "model": LLAMA}, KEY)
    _, page = ask("/openrouter/api/v1/key", headers=KEY, method="GET")
    assert page["data"]["free_model_daily_requests"] == {"used": 2, "limit": 50, "remaining": 48}


def test_twenty_free_requests_fit_in_a_minute(ask: Post) -> None:
    statuses = [ask(CHAT, HI, KEY)[0] for _ in range(21)]
    assert statuses == [200] * 20 + [429]


def test_the_key_page_can_lack_the_daily_requests(sandbox: RunningSandbox, ask: Post) -> None:
    sandbox.set_quota("openrouter", requests_per_day=None)
    _, page = ask("/openrouter/api/v1/key", headers=KEY, method="GET")
    assert "free_model_daily_requests" not in page["data"]
    assert page["data"]["is_free_tier"]


def test_a_200_can_carry_an_error(sandbox: RunningSandbox, client: openai.OpenAI) -> None:
    sandbox.fail("openrouter", error="error_in_200", times=1)
    answer: Any = client.chat.completions.create(model=FREE, messages=MESSAGES)
    assert answer.choices is None
    assert answer.error["code"] == 502
    sandbox.fail("openrouter", error="error_in_choice", times=1)
    answer = client.chat.completions.create(model=FREE, messages=MESSAGES)
    assert answer.choices[0].error["code"] == 502
    assert [record.ok for record in sandbox.log] == [False, False]


def test_an_html_page_with_200_reaches_the_caller_as_text(
    sandbox: RunningSandbox, client: openai.OpenAI
) -> None:
    sandbox.fail("openrouter", html=True, status=200)
    answer: object = client.chat.completions.create(model=FREE, messages=MESSAGES)
    assert isinstance(answer, str)


def test_an_error_in_the_middle_of_a_stream_is_raised(
    sandbox: RunningSandbox, client: openai.OpenAI
) -> None:
    sandbox.fail("openrouter", error_midstream=True)
    stream = client.chat.completions.create(model=FREE, messages=MESSAGES, stream=True)
    assert next(stream).choices
    with pytest.raises(openai.APIError, match="Provider disconnected"):
        list(stream)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("form", ["choices", "content", "reasoning"])
def test_an_answer_can_be_empty_in_three_ways(
    sandbox: RunningSandbox, client: openai.OpenAI, form: str, stream: bool
) -> None:
    sandbox.fail("openrouter", empty=form)
    if stream:
        chunks = client.chat.completions.create(model=FREE, messages=MESSAGES, stream=True)
        texts = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices]
    else:
        answer = client.chat.completions.create(model=FREE, messages=MESSAGES)
        texts = [choice.message.content for choice in answer.choices]
    assert not "".join(text or "" for text in texts)


def test_reasoning_can_eat_the_budget(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(model=FREE, messages=MESSAGES, max_tokens=5)
    assert answer.choices[0].finish_reason == "length"
    assert answer.choices[0].message.content == ""


def test_the_next_of_models_answers_for_a_failing_one(
    sandbox: RunningSandbox, client: openai.OpenAI
) -> None:
    sandbox.fail("openrouter", error="provider_error", model=FREE)
    answer = client.chat.completions.create(
        model=FREE, messages=MESSAGES, extra_body={"models": [FREE, LLAMA]}
    )
    assert answer.model == LLAMA


def test_the_free_router_names_the_model_that_answered(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(model="openrouter/free", messages=MESSAGES)
    assert answer.model.endswith(":free")


def test_unknown_fields_are_dropped_and_unknown_models_refused(client: openai.OpenAI) -> None:
    assert client.chat.completions.create(
        model=FREE, messages=MESSAGES, extra_body={"colour": "red", "top_k": 5}
    ).choices
    with pytest.raises(openai.BadRequestError, match="gone/model is not a valid model ID"):
        client.chat.completions.create(model="gone/model", messages=MESSAGES)


@pytest.mark.parametrize(
    "messages",
    [None, [], [{"role": "wizard", "content": "hi"}], [{"role": "user"}], [{"role": "user", "content": 5}]],
)  # fmt: skip
def test_messages_that_make_no_sense_are_refused(ask: Post, messages: object) -> None:
    status, body = ask(CHAT, {**HI, "messages": messages}, KEY)
    assert (status, body["error"]["code"]) == (400, 400)


def test_the_three_ways_to_lack_a_key(sandbox: RunningSandbox, ask: Post) -> None:
    assert ask(CHAT, HI)[1]["error"]["message"] == "Missing Authentication header"
    basic = {"authorization": "Basic abc"}
    assert ask(CHAT, HI, basic)[1]["error"]["message"] == "No auth credentials found"
    with (
        connect(sandbox, key="sk-or-v1-another") as other,
        pytest.raises(openai.AuthenticationError, match="User not found"),
    ):
        other.chat.completions.create(model=FREE, messages=MESSAGES)


def test_the_sdk_lists_models_with_string_prices(client: openai.OpenAI) -> None:
    cards = {model.id: model.model_extra for model in client.models.list()}
    free = cards[FREE]
    assert free is not None
    assert free["pricing"]["prompt"] == "0"
