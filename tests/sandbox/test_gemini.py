"""The Gemini stand-in, judged by google-genai and by what the real server refuses."""

import base64
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from google import genai
from google.genai import errors, types

from sandbox.running import RunningSandbox
from tests.sandbox.conftest import Post

LITE = "gemini-3.5-flash-lite"
FLASH = "gemini-3.8-flash"
KEY = {"x-goog-api-key": "sandbox-gemini-key"}
HI = {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}
TOOL = types.FunctionDeclaration(
    name="look_up",
    description="Looks a word up",
    parameters_json_schema={"type": "object", "properties": {"word": {"type": "string"}}},
)


def path(model: str = LITE, verb: str = "generateContent", version: str = "v1beta") -> str:
    return f"/gemini/{version}/models/{model}:{verb}"


def connect(sandbox: RunningSandbox, key: str = "sandbox-gemini-key") -> genai.Client:
    options = types.HttpOptions(
        base_url=sandbox.base_urls["GEMINI_BASE_URL"], api_version="v1beta", timeout=5_000
    )
    return genai.Client(api_key=key, http_options=options)


@pytest.fixture
def gemini(sandbox: RunningSandbox) -> Iterator[genai.Client]:
    client = connect(sandbox)
    yield client
    client.close()


def test_the_sdk_reads_an_answer_and_its_counts(gemini: genai.Client) -> None:
    answer = gemini.models.generate_content(model=LITE, contents="hi")
    assert answer.text is not None
    assert "sandbox" in answer.text
    assert answer.candidates is not None
    assert answer.candidates[0].finish_reason is types.FinishReason.STOP
    assert answer.usage_metadata is not None
    assert answer.usage_metadata.total_token_count == 17
    assert answer.model_version == LITE


def test_the_sdk_streams_the_same_text(gemini: genai.Client) -> None:
    whole = gemini.models.generate_content(model=LITE, contents="hi")
    chunks = list(gemini.models.generate_content_stream(model=LITE, contents="hi"))
    assert len(chunks) > 2
    assert "".join(chunk.text or "" for chunk in chunks) == whole.text
    assert chunks[-1].candidates is not None
    assert chunks[-1].candidates[0].finish_reason is types.FinishReason.STOP
    assert chunks[-1].usage_metadata == whole.usage_metadata


def test_everything_the_sdk_can_spell_is_understood(gemini: genai.Client) -> None:
    config = types.GenerateContentConfig(
        system_instruction="Be brief.",
        temperature=0.5,
        top_p=0.9,
        top_k=20,
        max_output_tokens=400,
        stop_sequences=["\n\n\n"],
        seed=7,
        thinking_config=types.ThinkingConfig(
            include_thoughts=True, thinking_level=types.ThinkingLevel.LOW
        ),
        safety_settings=[
            types.SafetySetting(
                category=types.HarmCategory.HARM_CATEGORY_HARASSMENT,
                threshold=types.HarmBlockThreshold.BLOCK_NONE,
            )
        ],
    )
    image = types.Part.from_bytes(data=b"\xfb\xff\xfe picture", mime_type="image/png")
    asked = types.Content(role="user", parts=[types.Part(text="hi"), image])
    answer = gemini.models.generate_content(model=FLASH, contents=[asked], config=config)
    assert answer.candidates is not None
    assert answer.candidates[0].content is not None
    assert answer.candidates[0].content.parts is not None
    assert answer.candidates[0].content.parts[0].thought
    assert answer.usage_metadata is not None
    assert answer.usage_metadata.thoughts_token_count == 16


def test_the_sdk_gets_json_that_fits_its_schema(gemini: genai.Client) -> None:
    schema = {"type": "object", "properties": {"steps": {"type": "array", "minItems": 2}}}
    config = types.GenerateContentConfig(
        response_mime_type="application/json", response_json_schema=schema
    )
    answer = gemini.models.generate_content(model=LITE, contents="hi", config=config)
    assert isinstance(answer.parsed, dict)
    assert len(answer.parsed["steps"]) == 2


def test_a_function_call_comes_back_with_its_signature(gemini: genai.Client) -> None:
    config = types.GenerateContentConfig(tools=[types.Tool(function_declarations=[TOOL])])
    asked = types.Content(role="user", parts=[types.Part(text="look up cat")])
    first = gemini.models.generate_content(model=FLASH, contents=[asked], config=config)
    assert first.function_calls is not None
    assert first.function_calls[0].args == {"word": "sample"}
    assert first.candidates is not None
    called = first.candidates[0].content
    assert called is not None
    found = types.Part.from_function_response(name="look_up", response={"result": "an animal"})
    told = types.Content(role="user", parts=[found])
    second = gemini.models.generate_content(
        model=FLASH, contents=[asked, called, told], config=config
    )
    assert second.text


def test_a_function_call_replayed_without_its_signature_is_refused(ask: Post) -> None:
    def replay(model: str, **signature: str) -> tuple[int, Any]:
        call = {"functionCall": {"name": "look_up", "args": {}}, **signature}
        answer = {"functionResponse": {"name": "look_up", "response": {}}}
        contents = [
            *HI["contents"],
            {"role": "model", "parts": [call]},
            {"role": "user", "parts": [answer]},
        ]
        return ask(path(model), {"contents": contents}, KEY)

    status, body = replay(LITE)
    assert status == 400
    assert "missing a thought_signature in functionCall parts" in body["error"]["message"]
    assert replay(LITE, thoughtSignature="c29tZXRoaW5nIGVsc2U=")[0] == 400
    assert replay(LITE, thoughtSignature="skip_thought_signature_validator")[0] == 200
    assert replay("gemma-4-31b-it")[0] == 200


@pytest.mark.parametrize(
    ("error", "code", "status", "words"),
    [
        ("daily_quota", 429, "RESOURCE_EXHAUSTED", "limit: 500, model: gemini-3.5"),
        ("minute_quota", 429, "RESOURCE_EXHAUSTED", "generate_content_free_tier_requests"),
        ("token_quota", 429, "RESOURCE_EXHAUSTED", "free_tier_input_token_count"),
        ("limit_zero", 429, "RESOURCE_EXHAUSTED", "limit: 0"),
        ("bare_429", 429, "RESOURCE_EXHAUSTED", "check quota"),
        ("overloaded", 503, "UNAVAILABLE", "high demand"),
        ("location", 400, "FAILED_PRECONDITION", "User location is not supported"),
        ("leaked_key", 403, "PERMISSION_DENIED", "leaked"),
        ("deadline", 504, "DEADLINE_EXCEEDED", "Deadline expired"),
    ],
)
def test_the_sdk_reads_every_kind_of_error(
    sandbox: RunningSandbox, gemini: genai.Client, error: str, code: int, status: str, words: str
) -> None:
    sandbox.fail("gemini", error=error)
    with pytest.raises(errors.APIError) as whole:
        gemini.models.generate_content(model=LITE, contents="hi")
    with pytest.raises(errors.APIError) as streamed:
        list(gemini.models.generate_content_stream(model=LITE, contents="hi"))
    for raised in (whole.value, streamed.value):
        assert (raised.code, raised.status) == (code, status)
        assert raised.message is not None
        assert words in raised.message


def test_a_used_up_day_names_its_quota_and_promises_a_meaningless_delay(
    sandbox: RunningSandbox, ask: Post
) -> None:
    sandbox.set_quota("gemini", model=FLASH, used_today=20)
    status, body = ask(path(FLASH), HI, KEY)
    assert status == 429
    kinds = {detail["@type"].rsplit(".", 1)[1]: detail for detail in body["error"]["details"]}
    violation = kinds["QuotaFailure"]["violations"][0]
    assert violation["quotaId"] == "GenerateRequestsPerDayPerProjectPerModel-FreeTier"
    assert violation["quotaDimensions"]["model"] == FLASH
    assert violation["quotaValue"] == "20"
    assert kinds["RetryInfo"]["retryDelay"] == "21s"
    assert ask(path(LITE), HI, KEY)[0] == 200


def test_a_model_outside_the_free_tier_gives_no_quota_value(ask: Post) -> None:
    status, body = ask(path("gemini-2.5-pro"), HI, KEY)
    assert status == 429
    assert "limit: 0," in body["error"]["message"]
    assert "quotaValue" not in str(body["error"]["details"])


def test_a_minute_allows_five_flash_requests(ask: Post) -> None:
    statuses = [ask(path(FLASH), HI, KEY)[0] for _ in range(6)]
    assert statuses == [200] * 5 + [429]


def test_an_html_page_becomes_a_server_error(sandbox: RunningSandbox, gemini: genai.Client) -> None:
    sandbox.fail("gemini", html=True)
    with pytest.raises(errors.ServerError) as raised:
        gemini.models.generate_content(model=LITE, contents="hi")
    assert raised.value.code == 502


def test_an_error_in_the_middle_of_a_stream_is_raised_after_the_first_text(
    sandbox: RunningSandbox, gemini: genai.Client
) -> None:
    sandbox.fail("gemini", error_midstream=True)
    stream = gemini.models.generate_content_stream(model=LITE, contents="hi")
    assert next(stream).text
    with pytest.raises(errors.ServerError, match="high demand"):
        list(stream)


def test_a_truncated_stream_has_no_finish_reason(
    sandbox: RunningSandbox, gemini: genai.Client
) -> None:
    sandbox.fail("gemini", cut_after_chunks=1)
    stream = gemini.models.generate_content_stream(model=LITE, contents="hi")
    first = next(stream)
    assert first.candidates is not None
    assert first.candidates[0].finish_reason is None
    with pytest.raises(httpx2.RemoteProtocolError):
        next(stream)


def test_thinking_can_eat_the_whole_budget(gemini: genai.Client) -> None:
    config = types.GenerateContentConfig(max_output_tokens=20)
    answer = gemini.models.generate_content(model=FLASH, contents="hi", config=config)
    assert answer.candidates is not None
    assert answer.candidates[0].finish_reason is types.FinishReason.MAX_TOKENS
    assert answer.candidates[0].content is not None
    assert answer.candidates[0].content.parts is None
    assert answer.usage_metadata is not None
    assert answer.usage_metadata.thoughts_token_count == 20
    assert answer.usage_metadata.candidates_token_count is None


def test_a_blocked_prompt_has_feedback_and_no_candidates(
    sandbox: RunningSandbox, gemini: genai.Client
) -> None:
    sandbox.fail("gemini", blocked="PROHIBITED_CONTENT")
    answer = gemini.models.generate_content(model=LITE, contents="hi")
    assert answer.candidates is None
    assert answer.prompt_feedback is not None
    assert answer.prompt_feedback.block_reason is types.BlockedReason.PROHIBITED_CONTENT


@pytest.mark.parametrize("form", ["candidates", "parts", "text"])
def test_an_answer_can_be_empty_in_three_ways(
    sandbox: RunningSandbox, gemini: genai.Client, form: str
) -> None:
    sandbox.fail("gemini", empty=form)
    assert not gemini.models.generate_content(model=LITE, contents="hi").text
    assert not sandbox.log[0].ok


def test_any_finish_reason_can_be_given(sandbox: RunningSandbox, gemini: genai.Client) -> None:
    sandbox.fail("gemini", finish="RECITATION")
    answer = gemini.models.generate_content(model=LITE, contents="hi")
    assert answer.candidates is not None
    assert answer.candidates[0].finish_reason is types.FinishReason.RECITATION
    assert answer.candidates[0].content is None


def test_a_wrong_key_is_a_400_and_a_missing_one_a_403(sandbox: RunningSandbox, ask: Post) -> None:
    client = connect(sandbox, key="another")
    with pytest.raises(errors.ClientError) as raised:
        client.models.generate_content(model=LITE, contents="hi")
    client.close()
    assert raised.value.code == 400
    assert raised.value.details["error"]["details"][0]["reason"] == "API_KEY_INVALID"
    assert ask(path(), HI)[0] == 403


def test_the_sdk_counts_tokens_and_lists_models(gemini: genai.Client) -> None:
    assert gemini.models.count_tokens(model=LITE, contents="twelve chars").total_tokens == 3
    names = [model.name for model in gemini.models.list(config={"page_size": 5})]
    assert f"models/{LITE}" in names
    assert len(names) == len(set(names)) > 10
    assert gemini.models.get(model=LITE).input_token_limit == 1_048_576


def test_a_listed_model_can_be_refused(gemini: genai.Client) -> None:
    with pytest.raises(errors.ClientError, match="no longer available to new users"):
        gemini.models.generate_content(model="gemini-2.5-flash-lite", contents="hi")
    with pytest.raises(errors.ClientError, match="is not found for API version v1beta"):
        gemini.models.generate_content(model="gemini-9", contents="hi")


def test_latest_names_exist_on_v1beta_only(ask: Post) -> None:
    assert ask(path("gemini-flash-lite-latest"), HI, KEY)[0] == 200
    assert ask(path("gemini-flash-lite-latest", version="v1"), HI, KEY)[0] == 404


@pytest.mark.parametrize(
    ("extra", "complaint"),
    [
        ({"temperature": 1}, 'Unknown name "temperature": Cannot find field.'),
        (
            {"generationConfig": {"max_tokens": 5}},
            "Unknown name \"max_tokens\" at 'generation_config': Cannot find field.",
        ),
        (
            {"generation_config": {"max_output_tokens": "5"}},
            "Invalid value at 'generation_config.max_output_tokens' (TYPE_INT32), \"5\"",
        ),
        (
            {"contents": [{"role": "user", "parts": [{"txt": "hi"}]}]},
            "Unknown name \"txt\" at 'contents[0].parts[0]': Cannot find field.",
        ),
        ({"contents": [{"role": "assistant", "parts": [{"text": "hi"}]}]}, "valid role: user"),
        ({"contents": [{"role": "user", "parts": []}]}, "parts must not be empty"),
        ({"contents": [{"role": "user", "parts": [{"text": ""}]}]}, "must have one initialized"),
        ({"contents": []}, "contents is not specified"),
        ({"generationConfig": {"candidateCount": 2}}, "Multiple candidates is not enabled"),
        (
            {"generationConfig": {"thinkingConfig": {"thinkingLevel": "LOW", "thinkingBudget": 1}}},
            "thinking budget and thinking level",
        ),
        ({"generationConfig": {"stopSequences": list("abcdef")}}, "must not exceed 5"),
    ],
)
def test_a_request_the_real_server_would_refuse_is_refused(
    ask: Post, extra: dict[str, Any], complaint: str
) -> None:
    status, body = ask(path(), {**HI, **extra}, KEY)
    assert (status, body["error"]["status"]) == (400, "INVALID_ARGUMENT")
    assert complaint in body["error"]["message"]


@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_both_base64_alphabets_and_spellings_are_read(ask: Post, encode: Any) -> None:
    data = encode(b"\xfb\xef\xbe\xff").decode()
    blob = {"inline_data": {"mime_type": "image/png", "data": data}}
    contents = [{"role": "user", "parts": [{"text": "hi"}, blob]}]
    assert ask(path(), {"contents": contents}, KEY)[0] == 200


def test_broken_base64_is_refused(ask: Post) -> None:
    blob = {"inlineData": {"mimeType": "image/png", "data": "&&&"}}
    status, body = ask(path(), {"contents": [{"parts": [blob]}]}, KEY)
    assert (status, "Base64 decoding failed" in body["error"]["message"]) == (400, True)


def test_names_inside_a_callers_own_objects_are_left_alone(ask: Post) -> None:
    schema = {"type": "object", "properties": {"my_field": {"type": "string"}}}
    tool = {"function_declarations": [{"name": "f", "parameters_json_schema": schema}]}
    _, body = ask(path(), {**HI, "tools": [tool]}, KEY)
    call = body["candidates"][0]["content"]["parts"][0]["functionCall"]
    assert call["args"] == {"my_field": "sample"}


def test_a_stop_sequence_and_a_budget_are_honoured(ask: Post) -> None:
    config = {"stopSequences": ["sandbox"], "maxOutputTokens": 100}
    _, body = ask(path(), {**HI, "generationConfig": config}, KEY)
    text = "".join(part["text"] for part in body["candidates"][0]["content"]["parts"])
    assert text.endswith("This is the ")
    _, body = ask(path(), {**HI, "generationConfig": {"maxOutputTokens": 3}}, KEY)
    assert body["candidates"][0]["finishReason"] == "MAX_TOKENS"
    assert body["usageMetadata"]["candidatesTokenCount"] == 3


def test_without_alt_sse_the_stream_is_one_json_array(ask: Post) -> None:
    _, body = ask(path(verb="streamGenerateContent"), HI, KEY)
    assert isinstance(body, list)
    assert body[-1]["candidates"][0]["finishReason"] == "STOP"


def test_a_stream_ends_without_done_and_with_crlf(ask: Post) -> None:
    _, body = ask(path(verb="streamGenerateContent") + "?alt=sse", HI, KEY)
    assert body.endswith("}\r\n\r\n")
    assert "[DONE]" not in body


def test_a_fault_for_one_model_spares_the_others(sandbox: RunningSandbox, ask: Post) -> None:
    sandbox.fail("gemini", error="overloaded", model=FLASH)
    assert ask(path(FLASH), HI, KEY)[0] == 503
    assert ask(path(LITE), HI, KEY)[0] == 200
