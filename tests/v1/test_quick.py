"""The short way to completions answers as the route does, to the byte but for ids and times."""

import re
from typing import Any

import pytest
import requests

from sandbox.running import RunningSandbox
from tests.v1.conftest import Serve

MESSAGES = [{"role": "user", "content": "What is a sail?"}]
PLAIN = {"model": "auto", "messages": MESSAGES}
BY_ROUTE = {"x-stream-mode": "live"}  # says what is so anyway, and has to be checked
CHANGING = re.compile(r'"id":"chatcmpl-[0-9a-f]+"|"created":\d+|call_[0-9a-f]+')
OF_A_MOMENT = {"x-request-id", "date", "age"}


def told(reply: requests.Response) -> tuple[int, str, dict[str, str]]:
    """What a caller can see of *reply*, without what differs each time."""
    headers = {n.lower(): v for n, v in reply.headers.items() if n.lower() not in OF_A_MOMENT}
    return reply.status_code, CHANGING.sub("…", reply.text), headers


@pytest.mark.parametrize(
    "body",
    [
        PLAIN,
        {**PLAIN, "temperature": 1, "max_tokens": 5},
        {**PLAIN, "stream": True},
        {**PLAIN, "stream": True, "stream_options": {"include_usage": True}},
        {**PLAIN, "unknown": [1, {"x": None}]},
        {**PLAIN, "model": "gemini/nobody"},
        {**PLAIN, "n": 2},
        {**PLAIN, "temperature": "warm"},
        {**PLAIN, "messages": []},
        {**PLAIN, "messages": [{"role": "user", "content": [{"type": "audio"}]}]},
        {"messages": MESSAGES},
        [],
        b"",
        b"null",
        b"{",
        b"\xef\xbb\xbf{}",
        b'{"model":"auto","messages":[{"role":"user","content":"\\ud800"}]}',
        b'{"model":"auto","messages":[{"role":"user","content":"x"}],"temperature":NaN}',
        b'{"model":"auto","messages":[{"role":"user","content":"x"}],"seed":1e400}',
        b'{"model":"nope","messages":[{"role":"user","content":"x"}],"model":"auto"}',
        b'{"x":' * 40 + b"1" + b"}" * 40,
    ],
    ids=lambda body: str(body)[:60],
)
def test_every_body_gets_the_same_answer(serve: Serve, body: Any) -> None:
    """Good ones and bad ones."""
    served = serve("gemini")
    assert served.post(
        body
    ).content  # so that both are answered from the cache where there is an answer
    with served.post(body) as quick, served.post(body, BY_ROUTE) as routed:
        assert told(quick) == told(routed)


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "application/json; charset=utf-8"},
        {"content-type": "APPLICATION/JSON"},
        {"content-type": "application/problem+json"},
        {"content-type": "text/plain"},
        {"cache-control": "no-cache"},
        {"cache-control": "max-age=5"},
        {"cache-control": "max-age=5, no-store"},
        {"content-encoding": "gzip"},
        {"x-request-id": "my-own"},
        {"origin": "https://elsewhere.example"},
    ],
    ids=str,
)
def test_every_header_has_the_same_effect(serve: Serve, headers: dict[str, str]) -> None:
    """Of those that change an answer."""
    served = serve("gemini")
    assert served.post(PLAIN).content
    with (
        served.post(PLAIN, headers) as quick,
        served.post(PLAIN, {**headers, **BY_ROUTE}) as routed,
    ):
        assert told(quick) == told(routed)
        if "x-request-id" in headers:
            assert quick.headers["x-request-id"] == routed.headers["x-request-id"] == "my-own"


def test_wishes_in_two_lines_of_one_header_all_count(serve: Serve) -> None:
    """In either order, and on either way."""
    served = serve("gemini")
    assert served.post(PLAIN).content
    for order in (("no-store", "max-age=60"), ("max-age=60", "no-store")):
        for more in ({}, BY_ROUTE):
            lines = [("cache-control", wish) for wish in order]
            reply = served.client._client.post(  # httpx, which can send a header twice
                f"{served.url}/v1/chat/completions",
                json=PLAIN,
                headers=[*lines, *more.items()],
            )
            assert reply.headers["x-cache"] == "MISS"


def test_half_a_character_of_a_provider_is_no_mistake_of_ours(
    serve: Serve, sandbox: RunningSandbox
) -> None:
    """Two events bring one emoji: a reader gets it whole, and it is kept."""
    served = serve("openrouter")
    piece = (
        'data: {"id":"1","object":"chat.completion.chunk","model":"m","choices":[{"index":0,'
        '"delta":{"content":"%s"},"finish_reason":%s}]}\n\n'
    )
    body = piece % ("Hello \\ud83d", "null") + piece % ("\\ude00 there", '"stop"')
    sandbox.fail("openrouter", status=200, headers={"content-type": "text/event-stream"}, body=body)
    assert served.chat("Whole?").text == "Hello 😀 there"
    with served.post(
        {"model": "auto", "messages": [{"role": "user", "content": "Whole?"}]}
    ) as kept:
        assert kept.headers["x-cache"] == "HIT"
        assert kept.json()["choices"][0]["message"]["content"] == "Hello 😀 there"
