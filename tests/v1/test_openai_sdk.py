"""The official openai client, sync and async, against the service on a real socket."""

import asyncio
import base64
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

import openai
import orjson
import pydantic
import pytest
import requests

from callers import ApiKey
from endpoints.security import Rules
from failover import Patience
from providers.errors import FailureKind
from providers.fake import After, FakeUpstream, Pieces
from sandbox.running import RunningSandbox
from storage.ledger import Limits
from tests.providers.asking import DONE, openai_event, saying
from tests.v1.conftest import Serve, Served
from tests.v1.test_streams import listening_aside

K = FailureKind
HELLO: Any = [{"role": "user", "content": "Hello."}]
WEATHER: Any = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather in a city.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}
PIXEL = base64.b64encode(b"\x89PNG\r\n\x1a\n and so on").decode()
PICTURE = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}
CALL: Any = {
    "id": "call_1",
    "type": "function",
    "function": {"name": "weather", "arguments": '{"city": "Kiel"}'},
}
PROVIDERS = {
    "gemini": "gemini/gemini-3.5-flash-lite",
    "openrouter": "openrouter/openrouter/free",
    "cloudflare": "cloudflare/@cf/google/gemma-4-26b-a4b-it",
}


@dataclass
class Client:
    """The official client in one of its two forms, behind one form."""

    kind: str

    def create(self, served: Served, **asked: Any) -> Any:
        """A completion; of a streamed one the list of its chunks."""

        async def ask(client: openai.AsyncOpenAI) -> Any:
            answer: Any = await client.chat.completions.create(**asked)
            return [chunk async for chunk in answer] if asked.get("stream") else answer

        if self.kind == "async":
            return self._run(served, ask)
        answer: Any = served.client.chat.completions.create(**asked)
        return list(answer) if asked.get("stream") else answer

    def parse(self, served: Served, **asked: Any) -> Any:
        """A completion that is read into a pydantic model."""

        async def ask(client: openai.AsyncOpenAI) -> Any:
            return await client.chat.completions.parse(**asked)

        if self.kind == "async":
            return self._run(served, ask)
        return served.client.chat.completions.parse(**asked)

    def _run(self, served: Served, ask: Callable[[openai.AsyncOpenAI], Awaitable[Any]]) -> Any:
        async def run() -> Any:
            url = f"{served.url}/v1"
            async with openai.AsyncOpenAI(base_url=url, api_key="any", max_retries=0) as client:
                return await ask(client)

        return asyncio.run(run())


@pytest.fixture(params=["sync", "async"])
def client(request: pytest.FixtureRequest) -> Client:
    """Both forms in turn."""
    return Client(request.param)


@pytest.fixture(params=PROVIDERS)
def provider(request: pytest.FixtureRequest) -> str:
    """Every provider in turn."""
    return str(request.param)


def test_a_plain_answer(serve: Serve, client: Client, provider: str) -> None:
    """With all that an OpenAI answer has."""
    answer = client.create(serve(provider), model=PROVIDERS[provider], messages=HELLO)
    assert answer.object == "chat.completion"
    assert answer.id.startswith("chatcmpl-")
    assert answer.model.startswith(f"{provider}/")
    assert answer.created > 1_700_000_000
    (choice,) = answer.choices
    assert (choice.index, choice.finish_reason, choice.message.role) == (0, "stop", "assistant")
    assert "Hello." in choice.message.content
    assert choice.message.refusal is None
    assert choice.message.tool_calls is None
    usage = answer.usage
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens > 0


def test_a_streamed_answer(serve: Serve, client: Client, provider: str) -> None:
    """The same text, in pieces; the usage only where it was asked for."""
    served = serve(provider)
    chunks = client.create(served, model="auto", messages=HELLO, stream=True)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    plain = client.create(served, model="auto", messages=HELLO)
    assert text == plain.choices[0].message.content
    assert [chunk.choices[0].finish_reason for chunk in chunks][-1] == "stop"
    assert all(chunk.usage is None for chunk in chunks)
    with_usage = client.create(
        served, model="auto", messages=HELLO, stream=True, stream_options={"include_usage": True}
    )
    assert with_usage[-1].choices == []
    assert with_usage[-1].usage == plain.usage


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])
def test_a_tool_is_called_and_its_answer_is_taken(
    serve: Serve, client: Client, sandbox: RunningSandbox, provider: str, stream: bool
) -> None:
    """The whole round, with the proof of the thought that Gemini asks back."""
    served = serve(provider)
    asked: Any = [{"role": "user", "content": "The weather in Kiel?"}]
    calling: dict[str, Any] = {"model": "auto", "tools": [WEATHER], "stream": stream}
    answer = client.create(served, messages=asked, **calling)
    if stream:
        pieces = [p for c in answer for p in c.choices[0].delta.tool_calls or ()]
        call = pieces[0].model_dump(exclude_none=True)
        call["function"]["arguments"] = "".join(p.function.arguments or "" for p in pieces)
        del call["index"]
        assert answer[-1].choices[0].finish_reason == "tool_calls"
    else:
        call = answer.choices[0].message.tool_calls[0].model_dump(exclude_none=True)
        assert answer.choices[0].finish_reason == "tool_calls"
        assert answer.choices[0].message.content is None
    assert (call["type"], call["function"]["name"]) == ("function", "weather")
    assert call["function"]["arguments"].replace(" ", "") == '{"city":"sample"}'
    asked += [
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": call["id"], "content": "Sunny."},
    ]
    final = client.create(served, messages=asked, model="auto", tools=[WEATHER])
    assert final.choices[0].finish_reason == "stop"
    assert "Kiel" in final.choices[0].message.content
    if provider == "gemini":
        proof = call["extra_content"]["google"]["thought_signature"]
        assert f"'thoughtSignature': '{proof}'" in str(sandbox.calls("gemini")[-1].request)


def test_a_lost_signature_does_not_end_a_conversation(serve: Serve, client: Client) -> None:
    """Many clients drop what they do not know."""
    asked: Any = [
        {"role": "user", "content": "The weather in Kiel?"},
        {"role": "assistant", "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "call_1", "content": "Sunny."},
    ]
    answer = client.create(serve("gemini"), model="auto", messages=asked, tools=[WEATHER])
    assert answer.model.startswith("gemini/")


@pytest.mark.parametrize(
    "choice", ["required", {"type": "function", "function": {"name": "weather"}}]
)
def test_a_tool_can_be_demanded_and_forbidden(serve: Serve, provider: str, choice: Any) -> None:
    """By `tool_choice`."""
    served = serve(provider)
    asked: Any = {"model": "auto", "messages": HELLO, "tools": [WEATHER]}
    demanded = served.client.chat.completions.create(**asked, tool_choice=choice)
    assert demanded.choices[0].message.tool_calls
    forbidden = served.client.chat.completions.create(**asked, tool_choice="none")
    assert not forbidden.choices[0].message.tool_calls


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])
@pytest.mark.parametrize("parallel", [None, False], ids=["several", "one"])
def test_several_tools_are_called_at_once_unless_that_is_unwanted(
    serve: Serve, client: Client, stream: bool, parallel: bool | None
) -> None:
    """Their arguments in pieces that overtake each other; whatever the provider makes of the wish."""

    def piece(index: int, arguments: str, **named: str) -> bytes:
        function = {**named, "arguments": arguments}
        begin = {"id": f"call_{index}", "type": "function"} if named else {}
        call = {"index": index, **begin, "function": function}
        choice = {"index": 0, "delta": {"tool_calls": [call]}, "finish_reason": None}
        return b"data: " + orjson.dumps({"choices": [choice]}) + b"\n\n"

    said = [
        *(piece(0, "", name="weather"), piece(0, '{"city":'), piece(1, "{}", name="news")),
        *(piece(0, '"Kiel"}'), openai_event(None, "tool_calls"), DONE),
    ]
    tools = [WEATHER, {"type": "function", "function": {"name": "news"}}]
    asked: Any = {"model": "auto", "messages": HELLO, "tools": tools, "stream": stream}
    asked |= {} if parallel is None else {"parallel_tool_calls": parallel}
    with listening_aside(saying(*said)) as url:
        answer = client.create(serve("openrouter", openrouter=url), **asked)
    found: dict[int, list[str]] = {}
    if stream:
        for call in (p for c in answer for p in c.choices[0].delta.tool_calls or ()):
            seen = found.setdefault(call.index, ["", ""])
            seen[0] += call.function.name or ""
            seen[1] += call.function.arguments or ""
        assert answer[-1].choices[0].finish_reason == "tool_calls"
    else:
        calls = answer.choices[0].message.tool_calls
        found = {n: [c.function.name, c.function.arguments] for n, c in enumerate(calls)}
    both = {0: ["weather", '{"city":"Kiel"}'], 1: ["news", "{}"]}
    assert found == (both if parallel is None else {0: both[0]})


class Boat(pydantic.BaseModel):
    """What is to be filled in."""

    name: str
    masts: int


def test_an_answer_is_parsed_into_a_model(serve: Serve, client: Client, provider: str) -> None:
    """By its schema."""
    answer = client.parse(serve(provider), model="auto", messages=HELLO, response_format=Boat)
    assert isinstance(answer.choices[0].message.parsed, Boat)


def test_an_answer_in_json(serve: Serve, client: Client, provider: str) -> None:
    """Whatever it says."""
    answer = client.create(
        serve(provider), model="auto", messages=HELLO, response_format={"type": "json_object"}
    )
    assert isinstance(
        pydantic.TypeAdapter(Any).validate_json(answer.choices[0].message.content), dict
    )


def test_a_picture_reaches_the_provider(
    serve: Serve, client: Client, provider: str, sandbox: RunningSandbox
) -> None:
    """As its own format wants it."""
    parts: Any = [{"type": "text", "text": "What is this?"}, PICTURE]
    client.create(serve(provider), model="auto", messages=[{"role": "user", "content": parts}])
    (call,) = [call for call in sandbox.calls(provider) if call.method == "POST"]
    assert PIXEL in str(call.request)


def test_every_parameter_reaches_the_provider(serve: Serve, sandbox: RunningSandbox) -> None:
    """Under its own name."""
    asked: Any = {
        "temperature": 1,
        "top_p": 0.9,
        "stop": ["END"],
        "seed": 7,
        "presence_penalty": 0.1,
        "frequency_penalty": 0.2,
        "max_completion_tokens": 300,
        "reasoning_effort": "low",
    }
    serve("openrouter").client.chat.completions.create(model="auto", messages=HELLO, **asked)
    (call,) = [call for call in sandbox.calls("openrouter") if call.method == "POST"]
    sent: Any = call.request
    renamed = {"max_tokens" if n == "max_completion_tokens" else n: v for n, v in asked.items()}
    assert {name: sent.get(name) for name in renamed} == renamed


def test_developers_and_systems_words_and_unknown_fields_are_taken(
    serve: Serve, sandbox: RunningSandbox
) -> None:
    """Unknown fields are left aside, as OpenAI's clients expect of compatible servers."""
    asked: Any = [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "Hello."}], "name": "ann"},
    ]
    answer = serve("openrouter").client.chat.completions.create(
        model="auto", messages=asked, user="ann", store=False, extra_body={"unheard_of": [1]}
    )
    assert answer.choices[0].message.content
    (call,) = [call for call in sandbox.calls("openrouter") if call.method == "POST"]
    sent: Any = call.request
    assert [message["role"] for message in sent["messages"]] == ["system", "user"]
    assert "unheard_of" not in sent


@pytest.mark.parametrize(
    "turn", [{"refusal": "No."}, {"content": [{"type": "refusal", "refusal": "No."}]}], ids=str
)
def test_a_refusal_of_an_earlier_turn_is_a_part_of_the_conversation(
    serve: Serve, sandbox: RunningSandbox, turn: Any
) -> None:
    """Whoever gave it: clients send back what they were sent."""
    asked: Any = [*HELLO, {"role": "assistant", "content": None, **turn}, *HELLO]
    assert serve("openrouter").client.chat.completions.create(model="auto", messages=asked).choices
    (call,) = [call for call in sandbox.calls("openrouter") if call.method == "POST"]
    sent: Any = call.request
    assert [message["content"] for message in sent["messages"]] == ["Hello.", "No.", "Hello."]


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])
def test_log_probabilities_come_from_a_model_that_tells_them(
    serve: Serve, client: Client, stream: bool
) -> None:
    """The others are passed over; a kept answer has them as well."""
    served = serve("gemini", "github_models")
    asked: Any = {"model": "auto", "messages": HELLO, "logprobs": True, "top_logprobs": 2}
    for _ in ("asked", "kept"):
        answer = client.create(served, **asked, stream=stream)
        choices = [c.choices[0] for c in answer] if stream else [answer.choices[0]]
        said = [getattr(c, "delta" if stream else "message").content or "" for c in choices]
        tokens = [token for c in choices if c.logprobs for token in c.logprobs.content]
        assert "".join(token.token for token in tokens) == "".join(said)
        assert all(token.logprob < 0 and len(token.top_logprobs) == 2 for token in tokens)
        assert len(tokens) > 5


def test_the_models_can_be_listed_and_looked_up(serve: Serve) -> None:
    """Each under the name by which it can be asked."""
    client = serve().client
    names = [model.id for model in client.models.list()]
    assert names == ["auto", *PROVIDERS.values()]
    for name in names:
        assert client.models.retrieve(name).id == name
    with pytest.raises(openai.NotFoundError) as caught:
        client.models.retrieve("gpt-4o")
    assert caught.value.code == "model_not_found"


def test_a_named_model_answers_or_nobody(serve: Serve, sandbox: RunningSandbox) -> None:
    """Another one would not be what was asked for; its answers are kept apart."""
    served = serve()
    auto = served.client.chat.completions.create(model="auto", messages=HELLO)
    named = served.client.chat.completions.create(model=PROVIDERS["cloudflare"], messages=HELLO)
    assert (auto.model, named.model) == (PROVIDERS["gemini"], PROVIDERS["cloudflare"])
    sandbox.fail("openrouter", status=503)
    with pytest.raises(openai.InternalServerError):
        served.client.chat.completions.create(model=PROVIDERS["openrouter"], messages=HELLO)


def test_local_names_the_embedded_model(serve: Serve) -> None:
    """Where there is one; no interval is kept before it."""
    local = FakeUpstream("local", model="small")
    local.terms = own_terms(local)
    served = serve(upstreams=[FakeUpstream("first")], last_resort=local, interval_s=60)
    for text in ("One.", "Two."):
        answer = served.client.chat.completions.create(
            model="local", messages=[{"role": "user", "content": text}]
        )
        assert answer.model == "local/small"
    assert "local" in [model.id for model in served.client.models.list()]


@pytest.mark.parametrize("model", ["auto", "local"])
def test_what_the_embedded_model_cannot_do_is_told_with_the_reason(
    serve: Serve, client: Client, model: str
) -> None:
    """Also where it is the only one."""
    local = FakeUpstream("local", [K.TOO_LARGE], model="small")
    local.terms = replace(own_terms(local), abilities=frozenset())
    served = serve(upstreams=[], last_resort=local)
    assert [row.id for row in served.client.models.list()] == ["auto", "local"]
    with pytest.raises(openai.BadRequestError, match="cannot call tools") as caught:
        client.create(served, model=model, messages=HELLO, tools=[WEATHER])
    assert caught.value.code == "unsupported"
    with pytest.raises(openai.BadRequestError, match="Input tokens exceed") as caught:
        client.create(served, model=model, messages=HELLO)
    assert caught.value.code == "context_length_exceeded"
    assert client.create(served, model=model, messages=HELLO).choices


def own_terms(local: FakeUpstream) -> Any:
    """The terms of a model on this machine."""
    return replace(local.terms, allowance=replace(local.terms.allowance, is_own=True))


WRONG: dict[str, tuple[dict[str, Any], str | None]] = {
    "temperature": ({"temperature": "hot"}, "temperature"),
    "too hot": ({"temperature": 3}, "temperature"),
    "no messages": ({"messages": []}, "messages"),
    "role": ({"messages": [{"role": "robot", "content": "x"}]}, "messages[0].role"),
    "content": ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content"),
    "no content": ({"messages": [{"role": "user"}]}, "messages[0]"),
    "part": (
        {"messages": [{"role": "user", "content": [{"type": "text", "text": 3}]}]},
        "messages[0].content[0].text",
    ),
    "kind of part": (
        {"messages": [{"role": "user", "content": [{"type": "video"}]}]},
        "messages[0].content[0].type",
    ),
    "remote picture": (
        {
            "messages": [
                {
                    "role": "user",
                    "content": [{"type": "image_url", "image_url": {"url": "http://x/y.png"}}],
                }
            ]
        },
        "messages[0].content[0].image_url",
    ),
    "tool without id": ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0]"),
    "answer to no call": (
        {"messages": [*HELLO, {"role": "tool", "tool_call_id": "call_1", "content": "Sunny."}]},
        "messages",
    ),
    "answer to another call": (
        {
            "messages": [
                *HELLO,
                {"role": "assistant", "tool_calls": [CALL]},
                {"role": "tool", "tool_call_id": "call_2", "content": "Sunny."},
            ]
        },
        "messages",
    ),
    "call without answer": (
        {"messages": [*HELLO, {"role": "assistant", "tool_calls": [CALL]}, *HELLO]},
        "messages",
    ),
    "call at the end": (
        {"messages": [*HELLO, {"role": "assistant", "tool_calls": [CALL]}]},
        "messages",
    ),
    "picture of the system": (
        {"messages": [{"role": "system", "content": [PICTURE]}, *HELLO]},
        "messages[0]",
    ),
    "sound": (
        {"messages": [{"role": "user", "content": [{"type": "input_audio", "input_audio": {}}]}]},
        "messages[0].content[0].type",
    ),
    "n": ({"n": 2}, "n"),
    "n that is no number": ({"n": True}, "n"),
    "options of no stream": ({"stream_options": {"include_usage": True}}, "stream_options"),
    "a user's refusal": (
        {"messages": [{"role": "user", "content": [{"type": "refusal", "refusal": "No."}]}]},
        "messages[0]",
    ),
    "max_tokens": ({"max_tokens": 0}, "max_tokens"),
    "stream": ({"stream": "yes"}, "stream"),
    "tools": ({"tools": [{"type": "function"}]}, "tools[0].function"),
    "custom tool": ({"tools": [{"type": "custom", "custom": {"name": "x"}}]}, "tools[0].type"),
    "tool_choice": ({"tool_choice": "required"}, "tool_choice"),
    "unknown tool": (
        {"tools": [WEATHER], "tool_choice": {"type": "function", "function": {"name": "no"}}},
        "tool_choice",
    ),
    "response_format": ({"response_format": {"type": "yaml"}}, "response_format.type"),
    "functions": ({"functions": [{"name": "old"}]}, "functions"),
    "audio": ({"modalities": ["text", "audio"]}, "modalities[1]"),
    "logit_bias": ({"logit_bias": {"50256": -100}}, "logit_bias"),
    "top_logprobs": ({"top_logprobs": 3}, "top_logprobs"),
    "stop": ({"stop": ["1", "2", "3", "4", "5"]}, "stop"),
    "no model": ({"model": None}, "model"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_with_a_request_is_named(serve: Serve, client: Client, case: str) -> None:
    """By OpenAI's error, which says the field."""
    fields, param = WRONG[case]
    with pytest.raises(openai.BadRequestError) as caught:
        client.create(serve("gemini"), **{"model": "auto", "messages": HELLO, **fields})
    error = caught.value
    assert (error.status_code, error.type, error.param) == (400, "invalid_request_error", param)
    assert isinstance(error.body, dict)
    assert set(error.body) == {"message", "type", "param", "code"}
    assert error.response.headers["x-should-retry"] == "false"


def test_an_unknown_model_is_not_found(serve: Serve, client: Client) -> None:
    """As OpenAI says it."""
    with pytest.raises(openai.NotFoundError) as caught:
        client.create(serve("gemini"), model="gpt-4o", messages=HELLO)
    assert (caught.value.param, caught.value.code) == ("model", "model_not_found")


def test_what_no_model_can_do_is_told_with_the_reasons(
    serve: Serve, client: Client, sandbox: RunningSandbox
) -> None:
    """Without any call."""
    with pytest.raises(openai.BadRequestError, match="log probabilities") as caught:
        client.create(serve(), model="auto", messages=HELLO, logprobs=True)
    assert caught.value.code == "unsupported"
    assert sandbox.log == []


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"messages": [{"role": "user", "content": [PICTURE]}]}, "cannot see images"),
        ({"tools": [WEATHER]}, "cannot call tools"),
        ({"response_format": {"type": "json_object"}}, "cannot be held to JSON"),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"name": "x"}}},
            "cannot be held to a schema",
        ),
        ({"logprobs": True}, "does not tell its log probabilities"),
    ],
    ids=["images", "tools", "json", "schema", "logprobs"],
)
@pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])
def test_a_provider_that_cannot_is_passed_over(
    serve: Serve, fields: dict[str, Any], why: str, stream: bool
) -> None:
    """And the receipt says why."""
    able, unable = FakeUpstream("able"), FakeUpstream("unable")
    unable.terms = replace(unable.terms, abilities=frozenset())
    body = {"model": "auto", "messages": HELLO, "stream": stream, **fields}
    with serve(upstreams=[unable, able]).post(body, {"X-Route-Receipt": "1"}) as response:
        assert response.headers["x-provider"] == "able"
        assert why in response.headers["x-route-receipt"]
    assert unable.prompts == []


def test_a_prompt_that_fits_nowhere_is_too_long(serve: Serve, client: Client) -> None:
    """OpenAI's own code for it, which agents look for."""
    words: Any = [{"role": "user", "content": "x " * 400_000}]
    with pytest.raises(openai.BadRequestError) as caught:
        client.create(serve("openrouter"), model="auto", messages=words)
    assert caught.value.code == "context_length_exceeded"


def test_a_body_that_is_too_large_is_refused(serve: Serve, client: Client) -> None:
    """Above four mebibytes."""
    words: Any = [{"role": "user", "content": "x" * (5 << 20)}]
    with pytest.raises(openai.APIStatusError) as caught:
        client.create(serve("gemini"), model="auto", messages=words)
    assert caught.value.status_code == 413
    assert isinstance(caught.value.body, dict)
    assert "larger than" in caught.value.body["message"]


def test_filtered_content_is_a_bad_request(serve: Serve, client: Client) -> None:
    """Which nobody should repeat."""
    served = serve(upstreams=[FakeUpstream("first", [K.CONTENT_FILTER])])
    with pytest.raises(openai.BadRequestError) as caught:
        client.create(served, model="auto", messages=HELLO)
    assert caught.value.code == "content_filter"


def test_a_failure_of_everybody_is_not_worth_repeating(serve: Serve) -> None:
    """They were all asked already: the official client, left to itself, does not ask again."""
    upstream = FakeUpstream("first", [K.BAD_BODY] * 9)
    patient = serve(upstreams=[upstream]).client.with_options(max_retries=2)
    with pytest.raises(openai.InternalServerError) as caught:
        patient.chat.completions.create(model="auto", messages=HELLO)
    assert caught.value.code == "all_providers_failed"
    assert len(upstream.prompts) == 1


def test_a_client_comes_back_when_it_was_told_to(serve: Serve) -> None:
    """A slot that is near is worth one repetition, at the right moment."""
    served = serve(upstreams=[FakeUpstream("first")], interval_s=1.2, patience=Patience(0.1, 30))
    client = served.client
    client.chat.completions.create(model="auto", messages=HELLO)
    again: Any = [{"role": "user", "content": "Hello again."}]
    with pytest.raises(openai.InternalServerError) as caught:
        client.chat.completions.create(model="auto", messages=again)
    assert caught.value.status_code == 503
    assert caught.value.code == "rate_limited"
    assert caught.value.response.headers["x-should-retry"] == "true"
    assert 0 < int(caught.value.response.headers["retry-after-ms"]) <= 1_300
    patient = client.with_options(max_retries=1)
    assert patient.chat.completions.create(model="auto", messages=again).choices


def test_without_any_provider_the_error_says_what_to_do(serve: Serve, client: Client) -> None:
    """As an internal error, since no client can mend it."""
    with pytest.raises(openai.InternalServerError, match="API key") as caught:
        client.create(serve(upstreams=[]), model="auto", messages=HELLO)
    assert caught.value.code == "no_provider"


def test_a_wrong_key_is_told_as_openai_tells_it(serve: Serve, client: Client) -> None:
    """Where callers are asked for one."""
    served = serve("gemini", rules=Rules(keys=(ApiKey.read("ann:the-key-of-ann-0001"),)))
    with pytest.raises(openai.AuthenticationError) as caught:
        client.create(served, model="auto", messages=HELLO)
    assert (caught.value.code, caught.value.type) == ("invalid_api_key", "invalid_request_error")
    assert caught.value.response.headers["x-should-retry"] == "false"
    ann = served.client.with_options(api_key="the-key-of-ann-0001")
    assert ann.chat.completions.create(model="auto", messages=HELLO).choices


def test_a_web_page_of_others_is_forbidden(serve: Serve, client: Client) -> None:
    """As long as it is not named."""
    foreign = {"Origin": "https://evil.example"}
    with pytest.raises(openai.PermissionDeniedError) as caught:
        client.create(serve("gemini"), model="auto", messages=HELLO, extra_headers=foreign)
    assert (caught.value.code, caught.value.type) == ("forbidden", "request_forbidden")


def test_a_callers_own_limit_is_a_rate_limit(serve: Serve, client: Client) -> None:
    """Which the official client would wait for, were it not a whole day."""
    rules = Rules(allow_anonymous=True, per_address=Limits(per_day=1))
    served = serve("gemini", rules=rules)
    client.create(served, model="auto", messages=HELLO)
    with pytest.raises(openai.RateLimitError) as caught:
        client.create(served, model="auto", messages=HELLO)
    assert (caught.value.code, caught.value.type) == ("rate_limit_exceeded", "requests")
    headers = caught.value.response.headers
    assert headers["x-should-retry"] == "false"
    assert 0 < int(headers["retry-after-ms"]) <= 1_000 * int(headers["retry-after"])


def test_a_callers_time_limit_is_kept(serve: Serve, client: Client) -> None:
    """504 where it is given to us; the client's own limit is its own error."""
    served = serve(upstreams=[FakeUpstream("first", [After(5, "Late.")] * 3)])
    with pytest.raises(openai.InternalServerError) as caught:
        client.create(
            served, model="auto", messages=HELLO, extra_headers={"X-Request-Timeout": "0.2"}
        )
    assert (caught.value.status_code, caught.value.code) == (504, "timeout")
    with pytest.raises(openai.APITimeoutError):
        client.create(served, model="auto", messages=HELLO, timeout=0.2)


def test_a_service_that_is_away_is_a_connection_error(serve: Serve, client: Client) -> None:
    """The client's own word for it."""
    served = serve("gemini")
    away = replace(served, url="http://127.0.0.1:9")
    with pytest.raises(openai.APIConnectionError):
        client.create(away, model="auto", messages=HELLO)
    away.client.close()


def test_an_answer_that_breaks_off_is_an_error_to_the_client(serve: Serve, client: Client) -> None:
    """And not the end of an answer."""
    served = serve(upstreams=[FakeUpstream("first", [Pieces(("Once ", "upon"), K.RESET)])])
    with pytest.raises(openai.APIError, match="broke off"):
        client.create(served, model="auto", messages=HELLO, stream=True)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/nothing", 404, None),
        ("GET", "/v1/chat/completions", 405, "method_not_supported"),
        ("DELETE", "/v1/models", 405, "method_not_supported"),
        ("POST", "/v1/embeddings", 404, None),
        ("GET", "/v1", 404, None),
        ("OPTIONS", "/v1/chat/completions", 405, "method_not_supported"),
    ],
)
def test_other_addresses_are_refused_in_the_same_words(
    serve: Serve, method: str, path: str, status: int, code: str | None
) -> None:
    """Every error below `/v1` has OpenAI's shape."""
    served = serve("gemini")
    with requests.Session() as session:
        session.trust_env = False
        answer = session.request(method, f"{served.url}{path}", timeout=10)
    assert answer.status_code == status
    assert set(answer.json()["error"]) == {"message", "type", "param", "code"}
    assert answer.json()["error"]["code"] == code
    assert answer.headers["x-should-retry"] == "false"


@pytest.mark.parametrize("body", [b"{", b"[]", b'"hi"', b"\xff", b'{"model": "auto"}', b""])
def test_a_body_that_is_no_request_is_a_bad_request(serve: Serve, body: bytes) -> None:
    """Whatever it is."""
    answer = serve("gemini").post(body)
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"


def test_a_body_that_is_not_sent_as_json_is_told_so(serve: Serve) -> None:
    """As `curl -d` does by itself."""
    body = b'{"model": "auto", "messages": [{"role": "user", "content": "Hello."}]}'
    answer = serve("gemini").post(body, {"content-type": "application/x-www-form-urlencoded"})
    assert answer.status_code == 400
    assert "application/json" in answer.json()["error"]["message"]


def test_half_a_character_and_deep_nests_are_bad_requests(serve: Serve) -> None:
    """They cannot be sent on."""
    served = serve("gemini")
    nest = b'{"a":' * 300 + b"1" + b"}" * 300
    tool = b'{"type":"function","function":{"name":"f","parameters":%s}}'
    body = b'{"model":"auto","messages":[{"role":"user","content":"x"}],"tools":[%s]}'
    deep = served.post(body % (tool % nest))
    assert deep.status_code == 400
    assert deep.json()["error"]["message"] == "The JSON is nested deeper than 32 levels"
    half = served.post(body % (tool % b'{"a":"\\ud800"}'))
    assert half.status_code == 400
    assert half.json()["error"]["param"] == "tools[0].function.parameters"
    words = served.post(b'{"model":"auto","messages":[{"role":"user","content":"\\ud800"}]}')
    assert words.status_code == 400
