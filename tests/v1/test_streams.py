"""Streams over real sockets: what a reader sees when providers fail, leave, stall, or answer well."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest
import requests

from endpoints.v1.stream import Pace
from failover import Patience
from providers.errors import FailureKind
from providers.fake import After, FakeUpstream, Pieces
from sandbox.running import RunningSandbox
from tests.providers.asking import DONE, Conversation, listening, openai_event, read_request, saying
from tests.v1.conftest import Heard, Serve, Served

K = FailureKind
LONG = "word " * 200
CLOUDFLARE = "cloudflare/@cf/google/gemma-4-26b-a4b-it"
WAIT_S = 30.0


@contextlib.contextmanager
def listening_aside(converse: Conversation) -> Iterator[str]:
    """`listening`, on an event loop of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server = listening(converse)
    try:
        yield asyncio.run_coroutine_threadsafe(server.__aenter__(), loop).result(WAIT_S)
    finally:
        asyncio.run_coroutine_threadsafe(server.__aexit__(None, None, None), loop).result(WAIT_S)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(WAIT_S)
        loop.run_until_complete(loop.shutdown_asyncgens())  # what was aborted is closed
        loop.close()


def until(holds: Callable[[], bool], timeout_s: float = WAIT_S) -> None:
    """Wait for *holds*, for *timeout_s* seconds at the most."""
    turn = threading.Event()
    for _ in range(round(timeout_s * 100)):
        if holds():
            return
        turn.wait(0.01)
    raise AssertionError("it never came to hold")


def is_whole(heard: Heard) -> bool:
    """Whether it is one answer with one end."""
    return heard.is_done and heard.finish_reasons == ["stop"] and not heard.errors


@pytest.mark.parametrize("name", ["gemini", "openrouter", "cloudflare"])
def test_every_providers_stream_arrives_as_openais(
    serve: Serve, sandbox: RunningSandbox, name: str
) -> None:
    """In pieces, under one id, with the role first and one end."""
    sandbox.reply(name, LONG)
    heard = serve(name).chat("Tell me.", stream_options={"include_usage": True})
    assert heard.text == LONG
    assert is_whole(heard)
    assert len(heard.chunks) > 5
    assert heard.chunks[0]["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert len({(chunk["id"], chunk["model"], chunk["created"]) for chunk in heard.chunks}) == 1
    assert heard.chunks[0]["model"].startswith(f"{name}/")
    *pieces, last = heard.chunks
    assert all(chunk["usage"] is None for chunk in pieces)
    assert last["choices"] == []
    assert last["usage"]["total_tokens"] > 0
    assert heard.response.headers["x-provider"] == name


@pytest.mark.parametrize("name", ["gemini", "openrouter", "cloudflare"])
def test_e01_an_answer_that_is_cut_ends_with_an_error_and_is_not_kept(
    serve: Serve, sandbox: RunningSandbox, name: str
) -> None:
    """It is not taken for a whole one, now or later."""
    served = serve(name)
    sandbox.reply(name, LONG, times=2)
    sandbox.fail(name, times=1, cut_after_chunks=4)
    heard = served.chat("Tell me.")
    assert heard.finish_reasons == ["error"]
    assert [error["code"] for error in heard.errors] == ["interrupted"]
    assert heard.errors[0]["message"].endswith("broke off: the answer was cut off")
    assert "[DONE]" not in heard.raw
    assert heard.text
    assert LONG.startswith(heard.text)
    again = served.chat("Tell me.")
    assert again.text == LONG
    assert again.response.headers["x-cache"] == "MISS"


def test_e02_an_answer_that_stalls_is_ended_and_the_next_one_comes(
    serve: Serve, sandbox: RunningSandbox
) -> None:
    """Within the time that silence is given."""
    served = serve("openrouter", "cloudflare", silent=("openrouter",))
    sandbox.reply("openrouter", LONG)
    sandbox.fail("openrouter", stall_after_chunks=4)
    heard = served.chat("Tell me.", model="openrouter/openrouter/free")
    assert heard.finish_reasons == ["error"]
    assert is_whole(served.chat("Tell me.", model=CLOUDFLARE))


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 503},
        {"reset": True},
        {"cut_after_chunks": 0},
        {"status": 200, "body": {"error": {"code": 429, "message": "Slow down."}}},
        {"html": True},
        {"hang": True},
    ],
    ids=str,
)
def test_e03_a_failure_before_the_first_content_is_invisible(
    serve: Serve, sandbox: RunningSandbox, fault: Any
) -> None:
    """The next provider's answer is the only one that is seen."""
    sandbox.fail("gemini", **fault)
    sandbox.reply("openrouter", LONG)
    served = serve(silent=("gemini",) if "hang" in fault else ())
    heard = served.chat("Tell me.", {"X-Route-Receipt": "1"})
    assert heard.text == LONG
    assert is_whole(heard)
    assert heard.response.headers["x-provider"] == "openrouter"
    assert heard.response.headers["x-attempts"] == "2"
    assert '"provider":"gemini"' in heard.response.headers["x-route-receipt"]


def test_e03_an_error_event_before_the_first_content_is_invisible(serve: Serve) -> None:
    """Even after status 200, a beginning without content, and thoughts."""
    thought = {"index": 0, "delta": {"role": "assistant", "content": "", "reasoning": "Hm."}}
    beginning = b"data: " + orjson.dumps({"choices": [thought]}) + b"\n\n"
    error = b'data: {"error": {"code": 502, "message": "upstream died"}}\n\n'
    with listening_aside(saying(beginning, error)) as url:
        heard = serve("openrouter", "cloudflare", openrouter=url).chat("Tell me.")
    assert is_whole(heard)
    assert heard.response.headers["x-provider"] == "cloudflare"
    assert "Hm." not in heard.raw


@pytest.mark.parametrize("name", ["gemini", "openrouter", "cloudflare"])
def test_e04_an_error_after_content_is_the_only_end(
    serve: Serve, sandbox: RunningSandbox, name: str
) -> None:
    """Nobody else goes on with the answer, though others could."""
    sandbox.reply(name, LONG)
    sandbox.fail(name, error_midstream=True)
    others = {"gemini", "openrouter", "cloudflare"} - {name}
    heard = serve(name, *others).chat("Tell me.") if name == "gemini" else serve(name).chat("Tell.")
    assert heard.finish_reasons == ["error"]
    assert len(heard.errors) == 1
    assert "[DONE]" not in heard.raw
    assert LONG.startswith(heard.text)


def test_e05_broken_json_inside_an_answer_is_a_clean_failure(serve: Serve) -> None:
    """And what came before it has been passed on."""
    words = [openai_event(f"{n} ") for n in range(9)]
    with listening_aside(saying(*words, b'data: {"choices": [\n\n', DONE)) as url:
        heard = serve("openrouter", openrouter=url).chat("Count.")
    assert heard.text == "0 1 2 3 4 5 6 7 8 "
    assert heard.finish_reasons == ["error"]


def test_e06_an_answer_without_the_last_word_is_whole(serve: Serve) -> None:
    """If it said why it ended; one without a reason is passed on as well, and not kept."""
    with listening_aside(saying(openai_event("Hello"), openai_event("", "stop"))) as url:
        assert is_whole(serve("openrouter", openrouter=url).chat("Hi."))
    with listening_aside(saying(openai_event("Hello"), DONE)) as url:
        served = serve("openrouter", openrouter=url)
        first, second = served.chat("Hi."), served.chat("Hi.")
    assert is_whole(first)
    assert is_whole(second)
    assert second.response.headers["x-cache"] == "MISS"


def test_e07_comments_are_no_answer_and_the_next_provider_gives_one(serve: Serve) -> None:
    """However long the first one says that it is processing."""

    async def processing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n")
        while True:
            writer.write(b": OPENROUTER PROCESSING\n\n")
            await writer.drain()
            await asyncio.sleep(0.05)

    with listening_aside(processing) as url:
        served = serve("openrouter", "cloudflare", silent=("openrouter",), openrouter=url)
        heard = served.chat("Tell me.")
    assert is_whole(heard)
    assert heard.response.headers["x-provider"] == "cloudflare"


@pytest.mark.parametrize("name", ["gemini", "openrouter", "cloudflare"])
def test_e08_characters_that_arrive_byte_by_byte_arrive_whole(
    serve: Serve, sandbox: RunningSandbox, name: str
) -> None:
    """Through the translation and out again."""
    text = "Zażółć gęślą jaźń — naïve “quotes” 🛶 and more."
    sandbox.reply(name, text)
    sandbox.fail(name, slice_s=0.0)
    assert serve(name).chat("Tell me.").text == text


def test_e10_a_line_of_600_kilobytes_is_read(serve: Serve, sandbox: RunningSandbox) -> None:
    """And does not reach the reader."""
    sandbox.fail("openrouter", huge_line=True)
    heard = serve("openrouter").chat("Tell me about boats.")
    assert is_whole(heard)
    assert "xxxx" not in heard.text


def test_e11_what_comes_after_the_end_is_dropped(serve: Serve) -> None:
    """There is one end."""
    said = [openai_event("Hel"), openai_event("lo", "length"), openai_event(" again", "stop"), DONE]
    with listening_aside(saying(*said)) as url:
        heard = serve("openrouter", openrouter=url).chat("Hi.")
    assert (heard.text, heard.finish_reasons, heard.is_done) == ("Hello", ["length"], True)


def test_e14_a_reader_who_leaves_takes_the_call_along(
    serve: Serve, sandbox: RunningSandbox
) -> None:
    """The provider's connection closes, and the log does not complain."""
    served = serve("openrouter")
    sandbox.reply("openrouter", "word " * 2_000)
    sandbox.fail("openrouter", chunk_delay_s=0.1)
    body = {"model": "auto", "messages": [{"role": "user", "content": "Talk."}], "stream": True}
    response = served.post(body)
    reading = response.iter_content(64)
    assert next(reading)
    until(lambda: sandbox.open_calls("openrouter") == 1)  # OpenRouter was asked for its count, too
    response.close()
    until(lambda: sandbox.open_calls("openrouter") == 0)


def test_the_last_of_several_readers_takes_the_call_along(
    serve: Serve, sandbox: RunningSandbox
) -> None:
    """Equal streams are one call, which goes on for whoever is left."""
    served = serve("openrouter")
    text = "word " * 100
    sandbox.reply("openrouter", text)
    sandbox.fail("openrouter", chunk_delay_s=0.1)
    body = {"model": "auto", "messages": [{"role": "user", "content": "Talk."}], "stream": True}
    first = served.post(body)
    reading = first.iter_content(64)  # urllib3 closes the connection when this is collected
    assert next(reading)
    second = served.post(body)
    first.close()
    heard = Heard(second, second.content.decode())
    assert heard.text == text
    assert second.headers["x-cache"] == "JOINED"
    assert [call.method for call in sandbox.calls("openrouter")].count("POST") == 1


def test_a_stream_that_is_whole_is_kept_and_replayed(serve: Serve, sandbox: RunningSandbox) -> None:
    """As a stream, and as a plain answer."""
    served = serve()
    first = served.chat("Tell me.", stream_options={"include_usage": True})
    replayed = served.chat("Tell me.", stream_options={"include_usage": True})
    assert replayed.text == first.text
    assert is_whole(replayed)
    assert replayed.chunks[-1]["usage"] == first.chunks[-1]["usage"]
    assert replayed.response.headers["x-cache"] == "HIT"
    plain = served.post({"model": "auto", "messages": [{"role": "user", "content": "Tell me."}]})
    assert plain.json()["choices"][0]["message"]["content"] == first.text
    assert len(sandbox.log) == 1


def test_a_question_that_must_not_be_stored_is_asked_anew(
    serve: Serve, sandbox: RunningSandbox
) -> None:
    """As `Cache-Control` says."""
    served = serve()
    for _ in range(2):
        heard = served.chat("Tell me.", {"Cache-Control": "no-store"})
        assert heard.response.headers["x-cache"] == "MISS"
    assert len(sandbox.log) == 2


def test_a_buffered_answer_is_made_good_before_it_is_told(
    serve: Serve, sandbox: RunningSandbox
) -> None:
    """The first provider dies halfway, and the reader never learns of it."""
    sandbox.reply("gemini", LONG)
    sandbox.fail("gemini", cut_after_chunks=4)
    sandbox.reply("openrouter", "Another story altogether.")
    heard = serve().chat("Tell me.", {"X-Stream-Mode": "buffered"})
    assert heard.text == "Another story altogether."
    assert is_whole(heard)
    assert heard.response.headers["x-attempts"] == "2"


def test_a_failure_of_everybody_has_a_status_of_its_own(
    serve: Serve, sandbox: RunningSandbox
) -> None:
    """As long as nothing has been sent."""
    for name in ("gemini", "openrouter", "cloudflare"):
        sandbox.fail(name, status=500, body={"error": {"message": "no"}})
    heard = serve().chat("Tell me.")
    assert heard.response.status_code == 503
    assert heard.response.json()["error"]["code"] == "all_providers_failed"
    assert heard.response.headers["x-should-retry"] == "false"


def faked(serve: Serve, *script: Any, pace: Pace, **options: Any) -> tuple[Served, FakeUpstream]:
    """A service with one scripted provider."""
    upstream = FakeUpstream("first", script)
    return serve(upstreams=[upstream], pace=pace, **options), upstream


def test_a_reader_who_has_to_wait_is_told_that_it_goes_on(serve: Serve) -> None:
    """The status comes after the first silence, then heartbeats, then the answer."""
    served, _ = faked(serve, After(0.5, "At last."), pace=Pace(hold_s=0.05, beat_s=0.1))
    heard = served.chat("Tell me.")
    assert heard.raw.startswith(": keep-alive\n\n")
    assert heard.raw.count(": keep-alive\n\n") >= 3
    assert heard.text == "At last."
    assert is_whole(heard)
    assert "x-provider" not in heard.response.headers


def test_a_failure_after_the_first_heartbeat_is_told_in_the_stream(serve: Serve) -> None:
    """The status is sent by then."""
    served, _ = faked(serve, After(0.3, K.BAD_BODY), pace=Pace(hold_s=0.05, beat_s=0.1))
    heard = served.chat("Tell me.")
    assert heard.response.status_code == 200
    assert heard.finish_reasons == ["error"]
    assert heard.errors[0]["code"] == "all_providers_failed"
    assert "[DONE]" not in heard.raw


def test_heartbeats_fill_the_pauses_of_an_answer(serve: Serve) -> None:
    """Without a place in the answer itself."""
    pieces = Pieces(("One", " two", " three"), apart_s=0.3)
    served, _ = faked(serve, pieces, pace=Pace(hold_s=5, beat_s=0.1))
    heard = served.chat("Count.")
    assert heard.text == "One two three"
    assert heard.raw.count(": keep-alive\n\n") >= 2
    assert is_whole(heard)


def test_an_answer_that_outlasts_the_callers_time_ends_with_an_error(serve: Serve) -> None:
    """`X-Request-Timeout` counts until the end of the stream."""
    pieces = Pieces(("One", " two", " three"), apart_s=5)
    served, _ = faked(serve, pieces, pace=Pace())
    heard = served.chat("Count.", {"X-Request-Timeout": "0.5"})
    assert heard.text == "One"
    assert heard.errors[0]["code"] == "timeout"


def test_an_answer_that_is_filtered_halfway_says_so(serve: Serve) -> None:
    """Its beginning cannot be called back."""
    served, _ = faked(serve, Pieces(("How to",), K.CONTENT_FILTER), pace=Pace())
    heard = served.chat("Tell me.")
    assert heard.errors[0]["code"] == "content_filter"


def test_a_reader_who_does_not_read_is_not_waited_for(serve: Serve) -> None:
    """The call to the provider, which would go on for minutes, ends when nothing can be sent."""
    pieces = Pieces(("x" * 500_000,) * 10_000, apart_s=0.02)
    served, upstream = faked(serve, pieces, pace=Pace(send_s=0.3), patience=Patience(5, 60))
    body = {"model": "auto", "messages": [{"role": "user", "content": "Talk."}], "stream": True}
    response = served.post(body)
    reading = response.iter_content(64)
    assert next(reading)
    until(lambda: served.router.cache.flights._under_way == {})
    assert len(upstream.prompts) == 1
    response.close()


def test_a_request_that_waits_for_its_slot_can_be_left(serve: Serve) -> None:
    """L01: it leaves the queue, and its slot is not taken."""
    served, upstream = faked(serve, pace=Pace(), interval_s=60.0, patience=Patience(300, 400))
    assert is_whole(served.chat("One."))
    body = {"model": "auto", "messages": [{"role": "user", "content": "Two."}], "stream": True}
    waiting = threading.Thread(target=lambda: _give_up_on(served, body))
    waiting.start()
    until(lambda: served.router.slots.waiting == 1)
    waiting.join(WAIT_S)
    until(lambda: served.router.slots.waiting == 0)
    assert len(upstream.prompts) == 1


def _give_up_on(served: Served, body: Any) -> None:
    with contextlib.suppress(requests.Timeout), requests.Session() as session:
        session.trust_env = False
        session.post(f"{served.url}/v1/chat/completions", json=body, timeout=(5, 1))
