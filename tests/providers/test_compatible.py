"""The providers that are only facts: what the rows say, and how they speak to their stand-ins."""

import re
from datetime import date

import pytest

from providers import CATALOGUE, Access
from providers.base import Provider
from providers.compatible import ROWS, Row
from providers.completion import Completion
from providers.errors import FailureKind, ProviderError
from providers.prompt import (
    ALL_ABILITIES,
    AnswerFormat,
    Message,
    Prompt,
    Tool,
    ToolCall,
    ToolChoice,
)
from sandbox.compatible import ALL, Manners
from sandbox.running import RunningSandbox
from storage.ledger import Limits
from tests.providers.asking import ENTRIES, KEY, UpstreamOf, build, prompt, reply

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
LOOK_UP = Tool("look_up", "Looks a city up.", SCHEMA)
EVERYTHING = Prompt(
    messages=(Message("system", "Be brief."), Message("user", "What is the capital of France?")),
    temperature=0.5,
    top_p=0.9,
    max_tokens=600,
    stop=("END",),
    seed=7,
    presence_penalty=0.1,
    frequency_penalty=0.1,
    parallel_tool_calls=False,
    tools=(LOOK_UP,),
    tool_choice=ToolChoice("auto"),
    reasoning_effort="minimal",
)
ANSWERED = Prompt(
    messages=(
        Message("user", "Where?"),
        Message("assistant", "", (ToolCall("call_of_another_provider", "look_up", "{}"),)),
        Message("tool", "Paris", tool_call_id="call_of_another_provider"),
    ),
    max_tokens=600,
    tools=(LOOK_UP,),
)
PLAYED = {manners.name: manners for manners in ALL}
NAMES = [row.identity.name for row in ROWS]


@pytest.fixture(params=ROWS, ids=NAMES)
def row(request: pytest.FixtureRequest) -> Row:
    """Each row in turn."""
    assert isinstance(request.param, Row)
    return request.param


def body(provider: Provider, question: Prompt, *, stream: bool = True) -> dict[str, object]:
    """What is sent for *question*."""
    return provider.encode(question, stream=stream).body


# The rows


def test_every_fact_has_a_date_that_is_not_in_the_future() -> None:
    for entry in CATALOGUE:
        for model in entry.tier.ladder:
            assert re.fullmatch(r"2026-\d\d(-\d\d)?", model.verified_on), model
            assert model.verified_on <= date.today().isoformat()


def test_every_row_says_what_is_free_and_where_the_key_comes_from() -> None:
    for entry in CATALOGUE:
        assert len(entry.tier.offer) > 20
        assert entry.tier.key_from


def test_ladders_go_down_and_name_each_model_once() -> None:
    for entry in CATALOGUE:
        tiers = [model.tier for model in entry.tier.ladder]
        assert tiers == sorted(tiers, reverse=True)
        assert len({model.model for model in entry.tier.ladder}) == len(tiers)


def test_what_has_ended_or_is_hearsay_is_not_certain() -> None:
    uncertain = {
        entry.identity.name
        for entry in CATALOGUE
        if not all(model.certain for model in entry.tier.ladder)
    }
    assert uncertain == {
        *("gemini", "cerebras", "mistral", "github_models", "nvidia", "huggingface", "sambanova")
    }


@pytest.mark.parametrize(
    ("name", "lacking"),
    [
        ("gemini", {"logprobs"}),
        ("openrouter", {"logprobs"}),
        ("groq", {"logprobs", "images"}),
        ("mistral", {"logprobs"}),
        ("ollama", {"images"}),
    ],
)
def test_the_abilities_of_the_row_reach_the_terms(name: str, lacking: set[str]) -> None:
    terms = ENTRIES[name].ladder(Access(KEY, base_url="https://elsewhere.test"))[0][1]
    assert ALL_ABILITIES - terms.abilities == lacking


def test_each_model_of_cloudflare_has_abilities_of_its_own() -> None:
    gemma, glm = ENTRIES["cloudflare"].ladder(Access(KEY, account_id="account-1"))
    assert ALL_ABILITIES - gemma[1].abilities == {"logprobs"}
    assert ALL_ABILITIES - glm[1].abilities == {"logprobs", "images"}


def test_a_model_that_the_user_names_is_taken_at_its_word() -> None:
    for entry in CATALOGUE:
        terms = entry.ladder(Access(KEY, ("my-model",), "https://elsewhere.test", "account-1"))[0][
            1
        ]
        assert terms.abilities == ALL_ABILITIES


def test_a_call_for_more_than_a_minutes_tokens_does_not_suit() -> None:
    """Groq refuses it whenever it comes."""
    terms = ENTRIES["groq"].ladder(Access(KEY))[0][1]
    assert terms.context_tokens == 8_000
    assert terms.unfit(prompt("x" * 24_000, max_tokens=3_000)) == "its context is too small"
    paid = Access(KEY, limits=Limits(tokens_per_minute=250_000))
    assert ENTRIES["groq"].ladder(paid)[0][1].context_tokens == 131_072


def test_tokens_in_and_out_count_where_the_provider_counts_them() -> None:
    groq = ENTRIES["groq"].ladder(Access(KEY))[0][1].cost(100, 50)
    gemini = ENTRIES["gemini"].ladder(Access(KEY))[0][1].cost(100, 50)
    assert (groq.tokens, groq.units) == (150, 150.0)
    assert gemini.tokens == 100


def test_mistrals_calls_are_a_second_apart() -> None:
    assert ENTRIES["mistral"].ladder(Access(KEY))[0][1].allowance.min_interval_s == 1.0


def test_without_a_key_nothing_is_sent_for_one() -> None:
    ollama = ENTRIES["ollama"].ladder(Access(base_url="http://127.0.0.1:11434/v1"))[0][0]
    assert "authorization" not in ollama.encode(prompt(), stream=True).headers


# The dialects


def test_openais_own_words_are_sent_as_they_are() -> None:
    sent = body(build("custom"), EVERYTHING)
    assert (sent["max_tokens"], sent["seed"], sent["reasoning_effort"]) == (600, 7, "minimal")
    assert sent["stream_options"] == {"include_usage": True}


def test_mistral_calls_the_seed_otherwise_and_takes_no_options_for_streams() -> None:
    sent = body(build("mistral"), EVERYTHING)
    assert sent["random_seed"] == 7
    assert not {"seed", "stream_options", "reasoning_effort"} & set(sent)


def test_mistral_gets_ids_of_nine_letters_and_digits_equal_for_equal_ones() -> None:
    messages = body(build("mistral"), ANSWERED)["messages"]
    assert isinstance(messages, list)
    given = messages[1]["tool_calls"][0]["id"]
    assert re.fullmatch("[a-zA-Z0-9]{9}", given)
    assert messages[2]["tool_call_id"] == given
    own = Prompt(messages=(Message("tool", "Paris", tool_call_id="D681PevKs"),))
    kept = body(build("mistral"), own)["messages"]
    assert isinstance(kept, list)
    assert kept[0]["tool_call_id"] == "D681PevKs"


def test_cerebras_counts_completion_tokens_and_does_not_stream_tools() -> None:
    sent = body(build("cerebras"), EVERYTHING)
    assert sent["max_completion_tokens"] == 600
    left_out = {"max_tokens", "presence_penalty", "frequency_penalty", "parallel_tool_calls"}
    assert not (left_out | {"stream"}) & set(sent)
    assert body(build("cerebras"), prompt())["stream"] is True
    shaped = Prompt(messages=(Message("user", "Hi"),), answer_format=AnswerFormat())
    assert "stream" not in body(build("cerebras"), shaped)


@pytest.mark.parametrize(
    ("model", "effort", "sent"),
    [
        ("openai/gpt-oss-120b", "minimal", "low"),
        ("openai/gpt-oss-120b", "medium", "medium"),
        ("openai/gpt-oss-20b", "xhigh", "high"),
        ("qwen/qwen3.8-27b", "medium", None),
    ],
)
def test_only_gpt_oss_is_told_how_hard_to_think(model: str, effort: str, sent: str | None) -> None:
    question = Prompt(messages=(Message("user", "Hi"),), reasoning_effort=effort)  # type: ignore[arg-type]  # one of them
    assert body(build("groq", model=model), question).get("reasoning_effort") == sent


def test_openrouter_has_to_find_a_model_that_takes_tools_and_formats() -> None:
    plain = Prompt(messages=(Message("user", "Hi"),))
    shaped = Prompt(messages=(Message("user", "Hi"),), answer_format=AnswerFormat(SCHEMA))
    assert "provider" not in body(build("openrouter"), plain)
    for question in (shaped, EVERYTHING):
        sent = body(build("openrouter"), question)
        assert sent["provider"] == {"require_parameters": True}


# Refusals that say when they are over


def refusal(name: str, headers: dict[str, str] | None = None) -> ProviderError:
    said = {"error": {"message": "Limit reached on requests per day (RPD).", "type": "requests"}}
    with pytest.raises(ProviderError) as caught:
        build(name).decode(reply(said, 429, headers))
    return caught.value


def test_a_day_without_a_midnight_is_over_when_the_provider_says_so() -> None:
    error = refusal("groq", {"retry-after": "578"})
    assert (error.kind, error.retry_after_s) == (FailureKind.MINUTE_LIMIT, 578)


@pytest.mark.parametrize(
    ("name", "headers"), [("groq", None), ("sambanova", {"retry-after": "578"})]
)
def test_without_a_hint_or_with_a_midnight_the_day_is_over(
    name: str, headers: dict[str, str] | None
) -> None:
    assert refusal(name, headers).kind is FailureKind.DAILY_LIMIT


# Against their stand-ins


async def ask(upstream_of: UpstreamOf, name: str, question: Prompt) -> Completion:
    return await upstream_of(name).complete(question, timeout_s=20)


def test_every_row_is_played(row: Row) -> None:
    manners = PLAYED[row.identity.name]
    assert row.prefix == manners.prefix
    assert row.base_url.endswith(manners.base) or not row.base_url
    known = {model.model for model in row.tier.ladder} or set(manners.models)
    assert known == set(manners.models)
    assert limits(manners) == limits_of(row)


def limits(manners: Manners) -> set[int]:
    """The limits that the stand-in keeps."""
    own = manners.limits
    kept = (own.requests_per_minute, own.requests_per_day, own.tokens_per_minute)
    return {limit for limit in kept if limit is not None}


def limits_of(row: Row) -> set[int]:
    """The limits of the row, without those that a stand-in has no meter for."""
    said = (row.tier.account, *(model.limits for model in row.tier.ladder))
    kept = [limit for own in said for limit in (own.per_minute, own.per_day, own.tokens_per_minute)]
    return {limit for limit in kept if limit is not None}


@pytest.mark.anyio
@pytest.mark.parametrize("max_tokens", [200, 600], ids=["whole", "streamed"])
async def test_every_row_is_understood_by_its_stand_in(
    row: Row, max_tokens: int, upstream_of: UpstreamOf, sandbox: RunningSandbox
) -> None:
    completion = await ask(upstream_of, row.identity.name, prompt(max_tokens=max_tokens))
    assert "Say hello" in completion.text
    assert completion.usage.prompt_tokens > 0
    assert completion.is_whole
    assert [call.ok for call in sandbox.calls(row.identity.name)] == [True]


@pytest.mark.anyio
async def test_every_parameter_is_taken_or_left_out(row: Row, upstream_of: UpstreamOf) -> None:
    completion = await ask(upstream_of, row.identity.name, EVERYTHING)
    assert [call.name for call in completion.tool_calls] == ["look_up"]
    assert completion.finish_reason == "tool_calls"


@pytest.mark.anyio
async def test_a_conversation_with_tools_of_another_provider_goes_on(
    row: Row, upstream_of: UpstreamOf
) -> None:
    assert (await ask(upstream_of, row.identity.name, ANSWERED)).text


@pytest.mark.anyio
async def test_a_schema_is_kept(row: Row, upstream_of: UpstreamOf) -> None:
    question = Prompt(
        messages=(Message("user", "Where?"),), max_tokens=600, answer_format=AnswerFormat(SCHEMA)
    )
    assert '"city"' in (await ask(upstream_of, row.identity.name, question)).text


@pytest.mark.anyio
@pytest.mark.parametrize("name", ["groq", "nvidia"])
async def test_thoughts_are_told_from_the_answer(name: str, upstream_of: UpstreamOf) -> None:
    for max_tokens in (200, 600):
        completion = await ask(upstream_of, name, prompt(max_tokens=max_tokens))
        assert completion.reasoning.startswith("Short plan")
        assert "Short plan" not in completion.text
