"""Whole attempts over real sockets: fair weather, and every way in which the network can fail.

The ids in the names are those of the fault catalogue: T transport, H HTTP, B body, E event stream.
"""

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from providers import Entry
from providers.completion import Completion, Delta, Usage
from providers.errors import FailureKind, ProviderError
from providers.prompt import AnswerFormat, Tool
from providers.transport import LARGEST_BODY, HttpUpstream, Transport
from sandbox.running import RunningSandbox
from tests.providers.asking import (
    DONE,
    ENTRIES,
    OPEN,
    SILENCE_S,
    TIMEOUTS,
    AccessOf,
    UpstreamOf,
    build,
    listening,
    openai_event,
    prompt,
    read_request,
    saying,
    self_signed,
)

pytestmark = pytest.mark.anyio

K = FailureKind
WHOLE = prompt(max_tokens=256)
STREAMED = prompt(max_tokens=257)
BOTH_WAYS = pytest.mark.parametrize("question", [WHOLE, STREAMED], ids=["whole", "streamed"])


async def failure_of(upstream: HttpUpstream, question: Any = STREAMED) -> ProviderError:
    """How an attempt fails; the time limit is there so that a hanging one fails the test."""
    with pytest.raises(ProviderError) as caught:
        await upstream.complete(question, timeout_s=20)
    return caught.value


async def answer_to(
    transport: Transport, *chunks: bytes, name: str = "openrouter", **options: Any
) -> Completion:
    """What is made of a reply of *chunks*."""
    async with listening(saying(*chunks, **options)) as url:
        return await HttpUpstream(build(name, url), transport, OPEN).complete(
            STREAMED, timeout_s=20
        )


async def failure_from(
    transport: Transport, *chunks: bytes, name: str = "openrouter", **options: Any
) -> ProviderError:
    """How an attempt fails on a reply of *chunks*."""
    with pytest.raises(ProviderError) as caught:
        await answer_to(transport, *chunks, name=name, **options)
    return caught.value


# Fair weather


async def test_whole_or_streamed_the_answer_is_the_same(
    upstream: HttpUpstream, sandbox: RunningSandbox
) -> None:
    whole = await upstream.complete(WHOLE, timeout_s=20)
    streamed = await upstream.complete(STREAMED, timeout_s=20)
    assert "Say hello" in whole.text
    assert whole.finish_reason == "stop"
    assert whole.usage.prompt_tokens > 0
    assert whole.usage.completion_tokens > 0
    assert streamed == whole
    assert [call.ok for call in sandbox.calls(upstream.identity.name)] == [True, True]


async def test_only_short_answers_are_asked_for_in_one_piece(
    upstream: HttpUpstream, sandbox: RunningSandbox
) -> None:
    for max_tokens in (64, 256, 257, None):
        await upstream.complete(prompt(max_tokens=max_tokens), timeout_s=20)
    asked = [
        "stream" in call.path or bool(dict(call.request or {}).get("stream"))  # type: ignore[call-overload]
        for call in sandbox.calls(upstream.identity.name)
    ]
    assert asked == [False, False, True, True]


@BOTH_WAYS
async def test_an_answer_at_the_limit_says_so(
    upstream: HttpUpstream, sandbox: RunningSandbox, question: Any
) -> None:
    sandbox.reply(upstream.identity.name, "word " * 1_000)
    completion = await upstream.complete(question, timeout_s=20)
    assert completion.finish_reason == "length"
    assert completion.text.startswith("word word")


async def test_cloudflares_counts_are_those_of_the_trailer_and_not_the_zeros_before_it(
    upstream_of: UpstreamOf,
) -> None:
    completion = await upstream_of("cloudflare").complete(STREAMED, timeout_s=20)
    assert completion.usage.completion_tokens > 0


async def test_a_model_that_answers_a_stream_in_one_piece_is_understood(
    transport: Transport,
) -> None:
    body = orjson.dumps({"choices": [{"message": {"content": "Hi."}, "finish_reason": "stop"}]})
    completion = await answer_to(transport, body, headers="content-type: application/json")
    assert completion.text == "Hi."


async def test_what_cannot_be_streamed_has_the_time_of_a_whole_reply(
    upstream_of: UpstreamOf, sandbox: RunningSandbox
) -> None:
    """Cloudflare answers in JSON in one piece: nothing comes before all of it is written."""
    upstream = upstream_of("cloudflare")
    upstream.transport.timeouts = replace(TIMEOUTS, first_token_s=SILENCE_S)
    sandbox.fail("cloudflare", times=1, delay_s=3 * SILENCE_S)
    question = replace(STREAMED, answer_format=AnswerFormat())
    assert orjson.loads((await upstream.complete(question, timeout_s=20)).text)


TWO_CALLS = [
    {"index": n, "id": f"call_{n}", "function": {"name": name, "arguments": "{}"}}
    for n, name in enumerate(("first", "second"))
]


@pytest.mark.parametrize("streamed", [True, False], ids=["streamed", "whole"])
@pytest.mark.parametrize(("parallel", "names"), [(False, ["first"]), (None, ["first", "second"])])
async def test_who_wants_one_call_gets_one(
    transport: Transport, streamed: bool, parallel: bool | None, names: list[str]
) -> None:
    """Also from providers that cannot be told so."""
    tool_calls = {"tool_calls": TWO_CALLS}
    if streamed:
        pieces = [{"choices": [{"index": 0, "delta": {"tool_calls": [c]}}]} for c in TWO_CALLS]
        chunks = [b"data: " + orjson.dumps(piece) + b"\n\n" for piece in pieces]
        said = saying(*chunks, openai_event("", "tool_calls"), DONE)
    else:
        choice = {"message": tool_calls, "finish_reason": "tool_calls"}
        body = orjson.dumps({"choices": [choice]})
        said = saying(body, headers="content-type: application/json")
    question = replace(
        STREAMED, tools=(Tool("first"), Tool("second")), parallel_tool_calls=parallel
    )
    seen: list[Delta] = []
    async with listening(said) as url:
        upstream = HttpUpstream(build("openrouter", url), transport, OPEN)
        completion = await upstream.complete(question, timeout_s=20, emit=seen.append)
    assert [call.name for call in completion.tool_calls] == names
    assert [piece.name for delta in seen for piece in delta.tool_calls] == names
    assert completion.finish_reason == "tool_calls"


async def test_the_request_asks_for_no_compression_and_names_no_secret_in_its_address(
    upstream: HttpUpstream, sandbox: RunningSandbox
) -> None:
    await upstream.complete(WHOLE, timeout_s=20)
    (call,) = sandbox.calls(upstream.identity.name)
    assert call.headers["accept-encoding"] == "identity"
    assert call.headers["content-type"] == "application/json"
    assert "cookie" not in call.headers
    assert "***" in (call.headers.get("authorization"), call.headers.get("x-goog-api-key"))
    assert "***" not in call.path


# Transport


@BOTH_WAYS
async def test_t01_a_refused_connection_was_not_sent(
    entry: Entry, transport: Transport, question: Any
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound but not listening: nobody else can take the port
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        upstream = HttpUpstream(build(entry.identity.name, url), transport, OPEN)
        assert (await failure_of(upstream, question)).kind is K.NOT_SENT


async def test_t02_a_connection_that_nobody_takes_is_given_up(entry: Entry) -> None:
    """Packets that vanish cost the time to connect."""
    with deaf() as port:
        transport = Transport(replace(TIMEOUTS, connect_s=SILENCE_S))
        url = f"http://127.0.0.1:{port}"
        error = await failure_of(HttpUpstream(build(entry.identity.name, url), transport, OPEN))
        await transport.aclose()
    assert error.kind is K.NOT_SENT


async def test_t02_a_tls_handshake_that_nobody_answers_is_given_up() -> None:
    async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    transport = Transport(replace(TIMEOUTS, connect_s=SILENCE_S))
    async with listening(silence) as url:
        upstream = HttpUpstream(build("gemini", url.replace("http:", "https:")), transport, OPEN)
        error = await failure_of(upstream)
        await transport.aclose()
    assert error.kind is K.NOT_SENT


@contextlib.contextmanager
def deaf(port: int = 0, host: str = "127.0.0.1") -> Iterator[int]:
    """A listener with a full queue, which drops what comes as a black hole does; its port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as full, contextlib.ExitStack() as callers:
        full.bind((host, port))
        full.listen(0)
        for _ in range(4):
            caller = callers.enter_context(socket.socket(family))
            caller.setblocking(False)
            caller.connect_ex(full.getsockname())
        yield full.getsockname()[1]


def resolving(*hosts: str) -> Callable[..., list[Any]]:
    """A `getaddrinfo` that gives *hosts*, in this order, for every name."""

    def getaddrinfo(_: str, port: int, *more: Any, **others: Any) -> list[Any]:
        families = [socket.AF_INET6 if ":" in host else socket.AF_INET for host in hosts]
        return [
            (family, socket.SOCK_STREAM, 6, "", (host, port, 0, 0)[: 4 if ":" in host else 2])
            for family, host in zip(families, hosts, strict=True)
        ]

    return getaddrinfo


async def test_t11_a_dead_ipv6_address_beside_a_living_one_costs_a_moment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A quarter of a second later the other address is tried beside it (happy eyeballs)."""
    monkeypatch.setattr(socket, "getaddrinfo", resolving("::1", "127.0.0.1"))
    transport = Transport(replace(TIMEOUTS, connect_s=3.0))
    async with listening(saying(openai_event("Hello", "stop"), DONE)) as url:
        port = int(url.rsplit(":", 1)[1])
        with deaf(port, "::1"):
            upstream = HttpUpstream(build("openrouter", f"http://two.test:{port}"), transport, OPEN)
            begin_s = time.monotonic()
            assert (await upstream.complete(STREAMED, timeout_s=30)).text == "Hello"
            assert time.monotonic() - begin_s < 2.0
        await transport.aclose()


async def test_t11_two_dead_addresses_cost_the_time_to_connect_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Not once for each of them."""
    monkeypatch.setattr(socket, "getaddrinfo", resolving("::1", "127.0.0.1"))
    transport = Transport(replace(TIMEOUTS, connect_s=0.5))
    with deaf() as port, deaf(port, "::1"):
        upstream = HttpUpstream(build("gemini", f"http://two.test:{port}"), transport, OPEN)
        begin_s = time.monotonic()
        assert (await failure_of(upstream)).kind is K.NOT_SENT
        assert time.monotonic() - begin_s < 0.9
    await transport.aclose()


async def test_t11_a_name_that_is_not_resolved_in_time_was_not_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The time to connect holds for the resolver too."""
    answered = threading.Event()

    def getaddrinfo(*_: Any, **more: Any) -> list[Any]:
        answered.wait(30)
        raise socket.gaierror(socket.EAI_AGAIN, "no answer")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    transport = Transport(replace(TIMEOUTS, connect_s=SILENCE_S))
    upstream = HttpUpstream(build("gemini", "http://slow.test"), transport, OPEN)
    assert (await failure_of(upstream)).kind is K.NOT_SENT
    answered.set()
    await transport.aclose()


async def test_an_unknown_host_was_not_sent(transport: Transport) -> None:
    upstream = HttpUpstream(build("gemini", "http://nobody.invalid"), transport, OPEN)
    assert (await failure_of(upstream)).kind is K.NOT_SENT


@BOTH_WAYS
async def test_t03_a_reset_before_the_headers_is_a_reset_and_the_next_call_succeeds(
    upstream: HttpUpstream, sandbox: RunningSandbox, question: Any
) -> None:
    sandbox.fail(upstream.identity.name, times=1, reset=True)
    assert (await failure_of(upstream, question)).kind is K.RESET
    assert len(sandbox.calls(upstream.identity.name)) == 1  # nothing was sent again behind our back
    assert (await upstream.complete(question, timeout_s=20)).text


async def test_t03_a_connection_that_ends_without_a_word_is_a_reset(transport: Transport) -> None:
    async def leave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)

    async with listening(leave) as url:
        error = await failure_of(HttpUpstream(build("gemini", url), transport, OPEN))
    assert error.kind is K.RESET


@pytest.mark.parametrize(
    ("question", "timer"),
    [(WHOLE, "whole_reply_s"), (STREAMED, "first_token_s")],
    ids=["whole", "streamed"],
)
async def test_t04_a_provider_that_never_answers_times_out(
    upstream: HttpUpstream, sandbox: RunningSandbox, question: Any, timer: str
) -> None:
    upstream.transport.timeouts = replace(TIMEOUTS, **{timer: SILENCE_S})
    sandbox.fail(upstream.identity.name, hang=True)
    assert (await failure_of(upstream, question)).kind is K.TIMEOUT
    assert len(sandbox.calls(upstream.identity.name)) == 1


@BOTH_WAYS
async def test_the_end_of_the_attempt_counts_when_it_comes_before_the_timers(
    upstream: HttpUpstream, sandbox: RunningSandbox, question: Any
) -> None:
    sandbox.fail(upstream.identity.name, hang=True)
    with pytest.raises(ProviderError) as caught:
        await upstream.complete(question, timeout_s=SILENCE_S)
    assert caught.value.kind is K.TIMEOUT


async def test_a_stream_that_keeps_writing_may_not_write_past_the_end_of_the_attempt(
    transport: Transport,
) -> None:
    async def write_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n")
        while True:
            writer.write(openai_event("word "))
            await writer.drain()
            await asyncio.sleep(0.02)

    async with listening(write_on) as url:
        upstream = HttpUpstream(build("openrouter", url), transport, OPEN)
        with pytest.raises(ProviderError) as caught:
            await upstream.complete(STREAMED, timeout_s=SILENCE_S)
    assert caught.value.kind is K.TIMEOUT


@pytest.mark.parametrize(
    ("question", "timer"),
    [(WHOLE, "whole_reply_s"), (STREAMED, "first_token_s")],
    ids=["whole", "streamed"],
)
async def test_t05_one_byte_at_a_time_is_no_sign_of_life(
    upstream: HttpUpstream, sandbox: RunningSandbox, question: Any, timer: str
) -> None:
    upstream.transport.timeouts = replace(TIMEOUTS, **{timer: SILENCE_S})
    sandbox.fail(upstream.identity.name, slice_s=0.02)
    assert (await failure_of(upstream, question)).kind is K.TIMEOUT


async def test_t06_a_certificate_nobody_vouches_for_gets_no_request(
    transport: Transport, tmp_path: Path
) -> None:
    heard = bytearray()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.extend(await reader.read())

    async with listening(listen, tls=self_signed(tmp_path)) as url:
        error = await failure_of(HttpUpstream(build("gemini", url), transport, OPEN))
    assert error.kind is K.TLS
    assert not heard


async def test_t06_a_server_that_speaks_no_tls_is_not_trusted_either(transport: Transport) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()

    async with listening(refuse) as url:
        upstream = HttpUpstream(build("gemini", url.replace("http:", "https:")), transport, OPEN)
        assert (await failure_of(upstream)).kind is K.TLS


async def test_t10_proxies_in_the_environment_are_ignored(
    upstream: HttpUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_PROXY", raising=False)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert (await upstream.complete(WHOLE, timeout_s=20)).text


@pytest.mark.parametrize("spoken", [b"", b": ping\n\n" + openai_event("Hel")], ids=["mute", "mid"])
async def test_e14_cancelling_a_call_closes_its_connection(
    transport: Transport, spoken: bytes
) -> None:
    arrived, gone = asyncio.Event(), asyncio.Event()

    async def watch(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        if spoken:
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n" + spoken)
            await writer.drain()
        arrived.set()
        await reader.read()
        gone.set()

    async with asyncio.timeout(20), listening(watch) as url:
        upstream = HttpUpstream(build("openrouter", url), transport, OPEN)
        call = asyncio.create_task(upstream.complete(STREAMED, timeout_s=20))
        await arrived.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await gone.wait()


async def test_e14_a_timeout_closes_the_connection_too(transport: Transport) -> None:
    gone = asyncio.Event()

    async def watch(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        gone.set()

    async with asyncio.timeout(20), listening(watch) as url:
        with pytest.raises(ProviderError):
            await HttpUpstream(build("gemini", url), transport, OPEN).complete(
                WHOLE, timeout_s=SILENCE_S
            )
        await gone.wait()


async def test_one_transport_serves_many_calls_at_once(
    upstream: HttpUpstream, sandbox: RunningSandbox
) -> None:
    answers = await asyncio.gather(
        *(upstream.complete(prompt(f"Number {n}"), timeout_s=20) for n in range(20))
    )
    assert [f"Number {n}" in answer.text for n, answer in enumerate(answers)] == [True] * 20


# HTTP


@BOTH_WAYS
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_h13_a_redirect_is_not_followed(
    upstream: HttpUpstream, sandbox: RunningSandbox, question: Any, status: int
) -> None:
    """Following it would carry the key to another address."""
    elsewhere = f"{sandbox.url}/openrouter/api/v1/chat/completions?stolen"
    sandbox.fail(upstream.identity.name, redirect=elsewhere, status=status)
    error = await failure_of(upstream, question)
    assert (error.kind, error.status) == (K.REDIRECT, status)
    assert len(sandbox.log) == 1


async def test_something_that_is_not_http_is_unreadable(transport: Transport) -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"220 mail.test ESMTP\r\n\r\n")
        await writer.drain()

    async with listening(babble) as url:
        error = await failure_of(HttpUpstream(build("gemini", url), transport, OPEN))
    assert error.kind is K.BAD_BODY


# Body


@BOTH_WAYS
@pytest.mark.parametrize(
    "fault",
    [{"html": True, "status": 200}, {"malformed": True}, {"status": 200, "body": "All is well."}],
    ids=["b01 a page", "b03 half of the json", "b01 plain text"],
)
async def test_b01_b03_a_body_that_is_no_json_is_unreadable(
    upstream: HttpUpstream, sandbox: RunningSandbox, fault: Any, question: Any
) -> None:
    sandbox.fail(upstream.identity.name, **fault)
    assert (await failure_of(upstream, question)).kind is K.BAD_BODY


async def test_b03_a_body_shorter_than_promised_is_unreadable(
    upstream: HttpUpstream, sandbox: RunningSandbox
) -> None:
    sandbox.fail(upstream.identity.name, short_content_length=True)
    assert (await failure_of(upstream, WHOLE)).kind is K.BAD_BODY


@BOTH_WAYS
@pytest.mark.parametrize("empty", [True, "default"])
async def test_b04_a_reply_that_says_nothing_is_a_failure(
    upstream: HttpUpstream, sandbox: RunningSandbox, question: Any, empty: Any
) -> None:
    sandbox.fail(upstream.identity.name, empty=empty)
    assert (await failure_of(upstream, question)).kind in (K.EMPTY, K.BAD_BODY, K.TRUNCATED)


@BOTH_WAYS
async def test_b05_thinking_that_ate_the_budget_is_an_empty_answer(
    upstream: HttpUpstream, sandbox: RunningSandbox, question: Any
) -> None:
    sandbox.fail(upstream.identity.name, thinking_ate_budget=True)
    error = await failure_of(upstream, question)
    assert (error.kind, error.code) == (K.EMPTY, "finish:length")


@BOTH_WAYS
@pytest.mark.parametrize(
    ("finish", "kind"), [("SAFETY", K.CONTENT_FILTER), ("RECITATION", K.GENERATION)]
)
async def test_b05_geminis_ends_without_content_mean_what_they_say(
    upstream_of: UpstreamOf, sandbox: RunningSandbox, question: Any, finish: str, kind: FailureKind
) -> None:
    sandbox.fail("gemini", finish=finish)
    assert (await failure_of(upstream_of("gemini"), question)).kind is kind


@BOTH_WAYS
async def test_h09_a_blocked_prompt_is_a_refusal(
    upstream: HttpUpstream, sandbox: RunningSandbox, question: Any
) -> None:
    sandbox.fail(upstream.identity.name, blocked=True)
    assert (await failure_of(upstream, question)).kind is K.CONTENT_FILTER


@BOTH_WAYS
async def test_b09_a_compressed_reply_is_refused_rather_than_inflated(
    upstream: HttpUpstream, sandbox: RunningSandbox, question: Any
) -> None:
    sandbox.fail(upstream.identity.name, gzip_bomb=True)
    assert (await failure_of(upstream, question)).kind is K.BAD_BODY


async def test_b09_words_in_a_compressed_reply_would_have_been_an_answer(
    transport: Transport,
) -> None:
    """So it is the header that is refused, and not a body that could not be read."""
    headers = "content-type: text/event-stream\r\ncontent-encoding: "
    words = (openai_event("Hi."), DONE)
    assert (await failure_from(transport, *words, headers=headers + "gzip")).kind is K.BAD_BODY
    assert (await answer_to(transport, *words, headers=headers + "identity")).text == "Hi."


async def test_b11_bytes_that_are_no_utf_8_are_replaced(transport: Transport) -> None:
    event = openai_event("caf#").replace(b"#", b"\xe9")
    assert (await answer_to(transport, event, DONE)).text == "caf\ufffd"


async def test_b12_an_answer_of_five_mebibytes_arrives(transport: Transport) -> None:
    text = "x" * (5 << 20)
    body = orjson.dumps({"choices": [{"message": {"content": text}, "finish_reason": "stop"}]})
    completion = await answer_to(transport, body, headers="content-type: application/json")
    assert completion.text == text


@pytest.mark.parametrize("kind", ["application/json", "text/event-stream"])
async def test_b12_a_reply_without_end_is_not_read_to_its_end(
    transport: Transport, kind: str
) -> None:
    sent = 0

    async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await read_request(reader)
        writer.write(f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\n\r\n".encode())
        while True:
            writer.write(b": " + b"x" * 65_533 + b"\n")
            await writer.drain()
            sent += 65_536

    async with listening(pour) as url:
        error = await failure_of(HttpUpstream(build("openrouter", url), transport, OPEN))
    assert error.kind is K.BAD_BODY
    assert (
        LARGEST_BODY <= sent + (8 << 20) <= 4 * LARGEST_BODY
    )  # what the sockets hold comes on top


# Event stream


@pytest.mark.parametrize("fault", [{"cut_after_chunks": 4}, {"cut_after_bytes": 500}])
async def test_e01_a_stream_that_is_cut_is_never_an_answer(
    upstream: HttpUpstream, sandbox: RunningSandbox, fault: Any
) -> None:
    sandbox.reply(upstream.identity.name, "word " * 200)
    sandbox.fail(upstream.identity.name, **fault)
    assert (await failure_of(upstream)).kind is K.TRUNCATED


@pytest.mark.parametrize(
    "chunks",
    [(), (b": ping\n\n",), (openai_event("Hel"),), (openai_event("Hel"), b'data: {"choi')],
    ids=["nothing", "comment", "text", "half an event"],
)
async def test_e01_a_stream_that_ends_without_an_end_is_cut_off(
    transport: Transport, chunks: tuple[bytes, ...]
) -> None:
    assert (await failure_from(transport, *chunks)).kind is K.TRUNCATED


async def test_e02_a_stream_that_stalls_times_out_and_the_next_call_succeeds(
    upstream: HttpUpstream, sandbox: RunningSandbox
) -> None:
    upstream.transport.timeouts = replace(TIMEOUTS, idle_s=SILENCE_S)
    sandbox.reply(upstream.identity.name, "word " * 200)
    sandbox.fail(upstream.identity.name, times=1, stall_after_chunks=4)
    assert (await failure_of(upstream)).kind is K.TIMEOUT
    upstream.transport.timeouts = TIMEOUTS
    assert (await upstream.complete(STREAMED, timeout_s=20)).text


ERROR_429 = {"error": {"code": 429, "message": "Slow down."}}


@pytest.mark.parametrize("name", ["gemini", "openrouter", "cloudflare"])
async def test_e03_an_error_before_the_first_content_has_its_meaning(
    transport: Transport, name: str
) -> None:
    event = b"data: " + orjson.dumps(ERROR_429) + b"\n\n"
    assert (await failure_from(transport, event, DONE, name=name)).kind is K.MINUTE_LIMIT


@pytest.mark.parametrize("name", ["gemini", "openrouter", "cloudflare"])
@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n\r\n"], ids=["open", "line", "paragraph"])
@pytest.mark.parametrize("options", [0, orjson.OPT_INDENT_2], ids=["compact", "pretty"])
async def test_e03_raw_json_in_a_stream_is_read_as_the_error_that_it_is(
    transport: Transport, name: str, end: bytes, options: int
) -> None:
    error = orjson.dumps(ERROR_429, option=options) + end
    assert (await failure_from(transport, error, name=name)).kind is K.MINUTE_LIMIT


@pytest.mark.parametrize(
    ("name", "kind"),
    [("gemini", K.OVERLOADED), ("openrouter", K.SERVER_ERROR), ("cloudflare", K.SERVER_ERROR)],
)
async def test_e04_an_error_after_content_is_a_failure_and_not_half_an_answer(
    upstream_of: UpstreamOf, sandbox: RunningSandbox, name: str, kind: FailureKind
) -> None:
    sandbox.reply(name, "word " * 200)
    sandbox.fail(name, error_midstream=True)
    assert (await failure_of(upstream_of(name))).kind is kind


async def test_e05_an_event_of_broken_json_fails_and_the_next_call_succeeds(
    transport: Transport,
) -> None:
    broken = b'data: {"choices": [\n\n'
    error = await failure_from(transport, openai_event("Hel"), broken, openai_event("lo"), DONE)
    assert error.kind is K.BAD_BODY
    assert (await answer_to(transport, openai_event("Hello"), DONE)).text == "Hello"


@pytest.mark.parametrize(
    "chunks",
    [
        (openai_event("Hel"), openai_event("lo", "stop")),
        (openai_event("Hel"), openai_event("lo"), openai_event("", "stop")),
        (openai_event("Hel"), openai_event("lo"), DONE),
        (openai_event("Hel"), openai_event("lo"), DONE, openai_event(" again")),
        (openai_event("Hel") + openai_event("lo", "stop") + DONE,),
    ],
)
async def test_e06_a_finish_reason_or_the_last_word_is_enough_for_an_end(
    transport: Transport, chunks: tuple[bytes, ...]
) -> None:
    completion = await answer_to(transport, *chunks)
    assert (completion.text, completion.finish_reason) == ("Hello", "stop")


async def test_e06_after_the_last_word_nobody_waits_for_the_connection_to_end(
    transport: Transport,
) -> None:
    async def linger(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n")
        writer.write(openai_event("Hello", "stop") + DONE)
        await reader.read()

    async with listening(linger) as url:
        completion = await HttpUpstream(build("openrouter", url), transport, OPEN).complete(
            STREAMED, timeout_s=20
        )
    assert completion.text == "Hello"


@pytest.mark.parametrize(
    "sign",
    [b": OPENROUTER PROCESSING\n\n", openai_event(""), openai_event(reasoning="hm"), b"id: 1\n"],
    ids=["comment", "empty delta", "no delta", "other field"],
)
async def test_e07_only_text_is_a_sign_of_life(sign: bytes) -> None:
    async def keep_alive(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n")
        while True:
            writer.write(sign)
            await writer.drain()
            await asyncio.sleep(0.02)

    transport = Transport(replace(TIMEOUTS, first_token_s=SILENCE_S))
    async with listening(keep_alive) as url:
        error = await failure_of(HttpUpstream(build("openrouter", url), transport, OPEN))
        await transport.aclose()
    assert error.kind is K.TIMEOUT


async def test_text_that_keeps_coming_is_waited_for_past_the_first_timer(
    transport: Transport,
) -> None:
    """A long answer that is healthy is never cut by the timer for its beginning."""

    async def write_slowly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n")
        begin_s = asyncio.get_running_loop().time()
        while asyncio.get_running_loop().time() < begin_s + 3 * 0.3:
            writer.write(openai_event("word "))
            await writer.drain()
            await asyncio.sleep(0.02)
        writer.write(DONE)
        await reader.read()

    transport.timeouts = replace(TIMEOUTS, first_token_s=0.3)
    async with listening(write_slowly) as url:
        completion = await HttpUpstream(build("openrouter", url), transport, OPEN).complete(
            STREAMED, timeout_s=20
        )
    assert completion.text.count("word") > 3


async def test_e08_characters_that_arrive_byte_by_byte_arrive_whole(
    upstream: HttpUpstream, sandbox: RunningSandbox
) -> None:
    text = "Zażółć gęślą jaźń — naïve “quotes” 🛶 and more."
    sandbox.reply(upstream.identity.name, text)
    sandbox.fail(upstream.identity.name, slice_s=0.0)
    assert (await upstream.complete(STREAMED, timeout_s=20)).text == text


async def test_e10_a_line_of_600_kilobytes_is_read(
    upstream: HttpUpstream, sandbox: RunningSandbox
) -> None:
    sandbox.fail(upstream.identity.name, huge_line=True)
    completion = await upstream.complete(prompt("Tell me about boats"), timeout_s=20)
    assert "Tell me about boats" in completion.text
    assert "xxxx" not in completion.text


async def test_e11_what_comes_after_the_end_is_dropped(transport: Transport) -> None:
    chunks = [openai_event("Hel"), openai_event("lo", "length"), openai_event(" again", "stop")]
    usage = openai_event(usage={"prompt_tokens": 3, "completion_tokens": 2})
    completion = await answer_to(transport, *chunks, usage, DONE, openai_event(" and again"))
    assert (completion.text, completion.finish_reason) == ("Hello", "length")
    assert completion.usage == Usage(3, 2)


async def test_a_filtered_stream_is_a_refusal_whatever_it_said_before(transport: Transport) -> None:
    chunks = [openai_event("How to"), openai_event("", "content_filter"), DONE]
    assert (await failure_from(transport, *chunks)).kind is K.CONTENT_FILTER


async def test_a_stream_without_text_is_empty(transport: Transport) -> None:
    assert (await failure_from(transport, openai_event("", "stop"), DONE)).kind is K.EMPTY
    assert (await failure_from(transport, DONE)).kind is K.EMPTY


def test_one_transport_can_be_used_from_one_event_loop_after_the_other(
    access_of: AccessOf,
) -> None:
    upstream = HttpUpstream(
        ENTRIES["gemini"].ladder(access_of("gemini"))[0][0], Transport(TIMEOUTS), OPEN
    )

    async def ask() -> str:
        try:
            return (await upstream.complete(WHOLE, timeout_s=20)).text
        finally:
            await upstream.aclose()

    assert asyncio.run(ask()) == asyncio.run(ask())
