"""The Cloudflare stand-in, judged by the cloudflare and openai SDKs."""

import json
from collections.abc import Iterator
from typing import Any

import cloudflare
import openai
import pytest
from openai.types.chat import ChatCompletionMessageParam

from sandbox.running import RunningSandbox
from tests.sandbox.conftest import Post

GEMMA = "@cf/google/gemma-4-26b-a4b-it"
LLAMA = "@cf/meta/llama-3.1-8b-instruct-fast"
ACCOUNT = "sandbox-account"
TOKEN = "sandbox-cloudflare-token"
AI = f"/cloudflare/client/v4/accounts/{ACCOUNT}/ai"
KEY = {"authorization": f"Bearer {TOKEN}"}
MESSAGES: list[ChatCompletionMessageParam] = [{"role": "user", "content": "hi"}]
HI = {"messages": MESSAGES}
SCHEMA = {"type": "object", "properties": {"title": {"type": "string"}}}


def connect(sandbox: RunningSandbox, token: str = TOKEN) -> cloudflare.Cloudflare:
    url = sandbox.base_urls["CLOUDFLARE_BASE_URL"]
    return cloudflare.Cloudflare(api_token=token, base_url=url, max_retries=0, timeout=5)


@pytest.fixture
def client(sandbox: RunningSandbox) -> Iterator[cloudflare.Cloudflare]:
    with connect(sandbox) as connected:
        yield connected


@pytest.fixture
def compatible(sandbox: RunningSandbox) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(
        base_url=f"{sandbox.url}{AI}/v1",
        api_key=TOKEN,
        max_retries=0,
        timeout=5,
    ) as connected:
        yield connected


def run(client: cloudflare.Cloudflare, model: str = GEMMA, **fields: Any) -> Any:
    return client.ai.run(model, account_id=ACCOUNT, **{"messages": MESSAGES, **fields})


def test_a_newer_model_answers_in_openais_shape(client: cloudflare.Cloudflare) -> None:
    result = run(client)
    assert result["choices"][0]["message"]["content"].startswith("You asked")
    assert result["usage"]["neurons"] > 0


def test_an_older_model_answers_with_a_response(client: cloudflare.Cloudflare) -> None:
    result = run(client, LLAMA)
    assert result["response"].startswith("You asked")
    assert result["usage"]["total_tokens"] == 17


def test_the_encoded_model_name_is_decoded(
    sandbox: RunningSandbox, client: cloudflare.Cloudflare
) -> None:
    run(client)
    assert sandbox.log[0].model == GEMMA


def test_a_bare_prompt_is_answered(client: cloudflare.Cloudflare) -> None:
    assert client.ai.run(LLAMA, account_id=ACCOUNT, prompt="hi")


def test_the_default_budget_is_256_tokens(
    sandbox: RunningSandbox, client: cloudflare.Cloudflare
) -> None:
    sandbox.reply("cloudflare", "word " * 1000, times=None)
    assert run(client)["usage"]["completion_tokens"] == 256
    assert run(client)["choices"][0]["finish_reason"] == "length"
    assert run(client, max_tokens=1000)["usage"]["completion_tokens"] == 1000


@pytest.mark.parametrize(("model", "has_choices"), [(LLAMA, False), (GEMMA, True)])
def test_streams_come_in_two_shapes_and_end_with_a_native_trailer(
    client: cloudflare.Cloudflare, model: str, has_choices: bool
) -> None:
    with client.ai.with_streaming_response.run(
        model, account_id=ACCOUNT, messages=[{"role": "user", "content": "hi"}], stream=True
    ) as response:
        lines = [line.removeprefix("data: ") for line in response.iter_lines() if line]
    assert lines[-1] == "[DONE]"
    events = [json.loads(line) for line in lines[:-1]]
    assert ("choices" in events[0]) is has_choices
    assert events[-1]["response"] == ""
    assert events[-1]["usage"]["completion_tokens"] > 0


def test_some_models_answer_a_stream_request_with_plain_json(ask: Post) -> None:
    _, body = ask(f"{AI}/run/@cf/openai/gpt-oss-120b", {**HI, "stream": True}, KEY)
    assert body["result"]["choices"]


def test_the_openai_sdk_reads_the_compatible_path(compatible: openai.OpenAI) -> None:
    answer = compatible.chat.completions.create(model=GEMMA, messages=MESSAGES)
    chunks = list(compatible.chat.completions.create(model=GEMMA, messages=MESSAGES, stream=True))
    texts = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    assert "".join(texts) == answer.choices[0].message.content
    assert chunks[-1].choices is None  # the trailer, as the SDK sees it


def test_the_openai_sdk_reads_an_error_of_the_compatible_path(
    sandbox: RunningSandbox, compatible: openai.OpenAI
) -> None:
    sandbox.fail("cloudflare", error="neurons_4006")
    with pytest.raises(openai.RateLimitError) as raised:
        compatible.chat.completions.create(model=GEMMA, messages=MESSAGES)
    envelope: Any = raised.value.body  # the SDK finds no `error` in it, so the message is bare
    assert envelope["errors"][0]["code"] == 4006


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        ("neurons_4006", cloudflare.RateLimitError, 4006),
        ("neurons_3036", cloudflare.RateLimitError, 3036),
        ("capacity_3040", cloudflare.RateLimitError, 3040),
        ("minute_3021", cloudflare.RateLimitError, 3021),
        ("schema_5006", cloudflare.BadRequestError, 5006),
        ("deprecated_5028", cloudflare.BadRequestError, 5028),
        ("paid_5035", cloudflare.PermissionDeniedError, 5035),
        ("no_model_3042", cloudflare.NotFoundError, 3042),
        ("auth_10000", cloudflare.AuthenticationError, 10000),
        ("token_9109", cloudflare.PermissionDeniedError, 9109),
        ("header_6003", cloudflare.BadRequestError, 6003),
        ("internal_8005", cloudflare.InternalServerError, 8005),
    ],
)
def test_the_sdk_reads_every_kind_of_error(
    sandbox: RunningSandbox, client: cloudflare.Cloudflare, error: str, kind: Any, code: int
) -> None:
    sandbox.fail("cloudflare", error=error)
    with pytest.raises(kind) as raised:
        run(client)
    assert raised.value.errors[0].code == code


def test_success_false_with_200_looks_like_nothing(
    sandbox: RunningSandbox, client: cloudflare.Cloudflare
) -> None:
    sandbox.fail("cloudflare", error="success_false")
    assert run(client) is None
    assert (sandbox.log[0].status, sandbox.log[0].ok) == (200, False)


def test_an_html_page_becomes_a_server_error(
    sandbox: RunningSandbox, client: cloudflare.Cloudflare
) -> None:
    sandbox.fail("cloudflare", html=True)
    with pytest.raises(cloudflare.InternalServerError):
        run(client)


def test_a_stream_can_break_with_an_error_frame(sandbox: RunningSandbox, ask: Post) -> None:
    sandbox.fail("cloudflare", error_midstream=True)
    _, body = ask(f"{AI}/run/{LLAMA}", {**HI, "stream": True}, KEY)
    assert "[DONE]" not in body
    assert json.loads(body.strip().split("\n\n")[-1].removeprefix("data: "))["errors"]


def test_neurons_are_spent_until_utc_midnight(
    sandbox: RunningSandbox, client: cloudflare.Cloudflare
) -> None:
    sandbox.set_clock(1_795_348_800)  # 2026-11-22, 12:00 UTC
    sandbox.set_quota("cloudflare", neurons_today=9_999.9)
    run(client)
    with pytest.raises(cloudflare.RateLimitError, match="10,000 neurons"):
        run(client, LLAMA)
    sandbox.advance(12 * 3600)
    assert run(client)


def test_the_models_of_old_tutorials_are_refused(client: cloudflare.Cloudflare) -> None:
    for model, kind, code in (
        ("@cf/meta/llama-3.1-8b-instruct", cloudflare.BadRequestError, 5028),
        ("@cf/moonshotai/kimi-k2.6", cloudflare.PermissionDeniedError, 5035),
        ("@cf/none/such", cloudflare.BadRequestError, 5007),
    ):
        with pytest.raises(kind) as raised:
            run(client, model)
        assert raised.value.errors[0].code == code


def test_json_mode_wants_a_bare_schema_natively_and_answers_with_an_object(ask: Post) -> None:
    bare = {"type": "json_schema", "json_schema": SCHEMA}
    enveloped = {"type": "json_schema", "json_schema": {"name": "n", "schema": SCHEMA}}
    status, body = ask(f"{AI}/run/{LLAMA}", {**HI, "response_format": bare}, KEY)
    assert (status, list(body["result"]["response"])) == (200, ["title"])
    assert ask(f"{AI}/run/{LLAMA}", {**HI, "response_format": enveloped}, KEY)[0] == 400
    assert ask(f"{AI}/run/{LLAMA}", {**HI, "response_format": bare, "stream": True}, KEY)[0] == 400
    compatible = {**HI, "model": GEMMA, "response_format": enveloped}
    assert ask(f"{AI}/v1/chat/completions", compatible, KEY)[0] == 200
    assert ask(f"{AI}/v1/chat/completions", {**compatible, "response_format": bare}, KEY)[0] == 400


@pytest.mark.parametrize("content", [None, [{"type": "text", "text": "hi"}]])
def test_older_models_take_content_as_text_only(ask: Post, content: object) -> None:
    fields = {"messages": [{"role": "user", "content": content}]}
    status, body = ask(f"{AI}/run/{LLAMA}", fields, KEY)
    assert (status, body["errors"][0]["code"]) == (400, 5006)


def test_older_models_take_no_notice_of_stop(ask: Post) -> None:
    _, older = ask(f"{AI}/run/{LLAMA}", {**HI, "stop": "sandbox"}, KEY)
    _, newer = ask(f"{AI}/run/{GEMMA}", {**HI, "stop": "sandbox"}, KEY)
    assert "sandbox" in older["result"]["response"]
    assert "sandbox" not in newer["result"]["choices"][0]["message"]["content"]


def test_native_tool_calls_carry_an_object_and_no_id(client: cloudflare.Cloudflare) -> None:
    result = run(client, LLAMA, tools=[{"name": "look_up", "parameters": SCHEMA}])
    assert result["tool_calls"] == [{"name": "look_up", "arguments": {"title": "sample"}}]


def test_the_wrong_token_account_and_header_are_told_apart(
    sandbox: RunningSandbox, ask: Post
) -> None:
    with (
        connect(sandbox, token="another") as other,
        pytest.raises(cloudflare.AuthenticationError) as raised,
    ):
        run(other)
    assert raised.value.errors[0].code == 10000
    _, body = ask(f"{AI}/run/{GEMMA}", HI, {"authorization": "Bearer two words"})
    assert body["errors"][0]["error_chain"][0]["code"] == 6111
    _, body = ask(f"{AI}/run/{GEMMA}".replace(ACCOUNT, "nobody"), HI, KEY)
    assert [error["code"] for error in body["errors"]] == [7003, 7000]


def test_the_model_list_ends_with_an_empty_page(client: cloudflare.Cloudflare) -> None:
    models: list[Any] = list(client.ai.models.list(account_id=ACCOUNT, per_page=4))
    names = [model["name"] for model in models]
    assert len(names) == len(set(names)) > 8
    assert GEMMA in names
