"""Every provider's stream, cut into pieces at every byte, is the same answer."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise

import orjson
import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from providers import Access
from providers.base import Provider
from providers.completion import Completion, Delta, Gathering
from providers.events import EventReader
from providers.prompt import Prompt, Tool
from sandbox.running import RunningSandbox, running_sandbox
from tests.providers.asking import ENTRIES, build, prompt

TEXT = "Zażółć “gęślą” jaźń 🛶 — é"
CITY = {"type": "object", "properties": {"city": {"type": "string"}}}
ASKED = {
    "words": prompt("Say something."),
    "call": replace(prompt("Weather in Łódź?"), tools=(Tool("weather", "In a city.", CITY),)),
}
NAMES = ("gemini", "openrouter", "cloudflare", "groq", "mistral")


def gemini_event(*parts: object, finish: str | None = None) -> bytes:
    """One event as Gemini sends it."""
    candidate = {"content": {"role": "model", "parts": parts}, "finishReason": finish}
    return b"data: " + orjson.dumps({"candidates": [candidate]}) + b"\r\n\r\n"


def openai_event(finish: str | None = None, **delta: object) -> bytes:
    """One event as OpenAI's format has it."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return b"data: " + orjson.dumps({"choices": [choice]}) + b"\n\n"


def called(index: int, arguments: str, **beginning: str) -> dict[str, object]:
    """A piece of a tool call."""
    named = {"name": beginning.pop("name")} if "name" in beginning else {}
    return {"index": index, **beginning, "function": {**named, "arguments": arguments}}


# What the stand-ins do not play: thoughts, comments, two calls at once, arguments in pieces.
BY_HAND = {
    "gemini": gemini_event({"text": "Hm… ", "thought": True})
    + gemini_event({"text": "Zażół"}, {"text": "ć"})
    + gemini_event(
        {"functionCall": {"id": "a", "name": "f", "args": {"q": "ę"}}, "thoughtSignature": "c2ln"},
        {"functionCall": {"name": "g", "args": {}}},
    )
    + gemini_event({"text": "", "thoughtSignature": "ZW5k"}, finish="STOP"),
    "openrouter": b": OPENROUTER PROCESSING\n\n"
    + openai_event(role="assistant", content="", reasoning="Hm… ")
    + openai_event(content="Zażółć")
    + openai_event(tool_calls=[called(0, "", id="a", name="f")])
    + openai_event(tool_calls=[called(0, '{"q":')])
    + openai_event(tool_calls=[called(1, "{}", id="b", name="g")])
    + openai_event(tool_calls=[called(0, '"ę"}')])
    + openai_event("tool_calls")
    + b'data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}}\n\ndata: [DONE]\n\n',
    "cloudflare": b'data: {"response":"Za\xc5\xbc"}\n\ndata: {"response":"\xc3\xb3\xc5\x82\xc4\x87"}\n\n'
    b'data: {"response":"","usage":{"prompt_tokens":3,"completion_tokens":4}}\n\ndata: [DONE]\n\n',
}

Raw = tuple[Provider, bytes]


def record(sandbox: RunningSandbox, name: str, asked: Prompt) -> Raw:
    """What the stand-in of a provider streams, byte for byte."""
    guide = name in ("gemini", "openrouter", "cloudflare")
    env = sandbox.env if guide else sandbox.env_of(name)
    key, url = (env[f"{name.upper()}_{part}"] for part in ("API_KEY", "BASE_URL"))
    access = Access(key, base_url=url, account_id=sandbox.env["CLOUDFLARE_ACCOUNT_ID"])
    provider = ENTRIES[name].ladder(access)[0][0]
    if not asked.tools:
        sandbox.reply(name, TEXT)
    request = provider.encode(asked, stream=True)
    headers = {"content-type": "application/json", **request.headers}
    with requests.Session() as session:
        session.trust_env = False
        reply = session.post(
            request.url, data=orjson.dumps(request.body), headers=headers, timeout=20
        )
    assert reply.headers["content-type"].startswith("text/event-stream")
    return provider, reply.content


@pytest.fixture(scope="module")
def streams() -> dict[str, Raw]:
    """Real streams of the stand-ins, and those made by hand."""
    with running_sandbox(quotas="unlimited") as sandbox:
        recorded = {
            f"{name}-{kind}": record(sandbox, name, asked)
            for name in NAMES
            for kind, asked in ASKED.items()
        }
    by_hand = {f"{name}-by-hand": (build(name), stream) for name, stream in BY_HAND.items()}
    return recorded | by_hand


CASES = [
    *(f"{name}-{kind}" for name in NAMES for kind in ASKED),
    *(f"{n}-by-hand" for n in BY_HAND),
]


def read(provider: Provider, pieces: Iterable[bytes]) -> tuple[Completion, list[Delta]]:
    """The answer in *pieces* of a stream, and what a reader of it sees."""
    reader, gathering, seen = EventReader(), Gathering(provider.model), list[Delta]()
    for piece in pieces:
        for delta in filter(None, map(provider.decode_event, reader.feed(piece))):
            if fresh := gathering.add(delta):
                seen.append(fresh)
    return gathering.completion(), seen


def told(seen: list[Delta]) -> tuple[str, str, dict[int, tuple[str, str]]]:
    """What the pieces come to: the text, the thoughts, and each call with its arguments."""
    calls: dict[int, tuple[str, str]] = {}
    for piece in (piece for delta in seen for piece in delta.tool_calls):
        name, arguments = calls.get(piece.index, ("", ""))
        calls[piece.index] = (name + piece.name, arguments + piece.arguments)
    return "".join(delta.text for delta in seen), "".join(delta.reasoning for delta in seen), calls


def without_ids(completion: Completion) -> Completion:
    """The same without the ids of calls, which are made up where a provider gives none."""
    calls = tuple(replace(call, id="") for call in completion.tool_calls)
    return replace(completion, tool_calls=calls)


def same(raw: Raw, pieces: Iterable[bytes]) -> bool:
    """Whether *pieces* are the answer that the whole is, to the router and to a reader."""
    provider, stream = raw
    whole, seen = read(provider, [stream])
    cut, seen_cut = read(provider, pieces)
    return without_ids(cut) == without_ids(whole) and told(seen_cut) == told(seen)


@pytest.mark.parametrize("case", CASES)
def test_e08_a_stream_cut_in_two_at_any_byte_is_the_same_answer(
    streams: dict[str, Raw], case: str
) -> None:
    """In the middle of a character, of a line end, of a word of JSON."""
    stream = streams[case][1]
    assert [
        at for at in range(len(stream) + 1) if not same(streams[case], [stream[:at], stream[at:]])
    ] == []


@pytest.mark.parametrize("case", CASES)
def test_e08_a_stream_that_comes_byte_by_byte_is_the_same_answer(
    streams: dict[str, Raw], case: str
) -> None:
    """Each byte by itself."""
    stream = streams[case][1]
    assert same(streams[case], [stream[i : i + 1] for i in range(len(stream))])


@pytest.mark.parametrize("case", CASES)
@given(cuts=st.lists(st.integers(0, 6_000), max_size=30))
@settings(deadline=None)  # the machine may be busy with something else
def test_e08_a_stream_cut_in_any_pieces_is_the_same_answer(
    streams: dict[str, Raw], case: str, cuts: list[int]
) -> None:
    """However the network cuts it."""
    stream = streams[case][1]
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    assert same(streams[case], [stream[a:b] for a, b in pairwise(edges)])


@pytest.mark.parametrize("case", CASES)
def test_the_streams_hold_what_they_are_about(streams: dict[str, Raw], case: str) -> None:
    """So that equal answers are not equally empty."""
    completion, seen = read(streams[case][0], [streams[case][1]])
    text, thoughts, calls = told(seen)
    assert (completion.text, completion.reasoning) == (text, thoughts)
    if case.endswith("words"):
        assert text == TEXT
    elif case.endswith("call"):
        assert [call.name for call in completion.tool_calls] == ["weather"]
    else:
        assert text == "Zażółć"
    if case in ("gemini-by-hand", "openrouter-by-hand"):
        assert thoughts == "Hm… "
        assert calls == {0: ("f", '{"q":"ę"}'), 1: ("g", "{}")}
