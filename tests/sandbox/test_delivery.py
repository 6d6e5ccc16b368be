"""How replies travel: late, in pieces, cut, stalled, reset."""

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest

from sandbox.running import RunningSandbox, running_sandbox

PATH = "/gemini/v1beta/models/gemini-3.5-flash-lite"
BODY = json.dumps({"contents": [{"parts": [{"text": "hi"}]}]})
HEADERS = {"x-goog-api-key": "sandbox-gemini-key", "content-type": "application/json"}
TIMEOUT_S = 0.3


@contextmanager
def asked(
    sandbox: RunningSandbox, verb: str, timeout_s: float = 5
) -> Iterator[http.client.HTTPResponse]:
    connection = http.client.HTTPConnection(urlsplit(sandbox.url).netloc, timeout=timeout_s)
    try:
        connection.request("POST", f"{PATH}:{verb}", BODY, HEADERS)
        with connection.getresponse() as response:
            yield response
    finally:
        connection.close()


def eventually(condition: Callable[[], bool]) -> bool:
    """Whether the condition comes true soon; the server notices a closed connection in its own time."""
    patience, tick = 200, threading.Event()
    while not condition() and (patience := patience - 1):
        tick.wait(0.01)
    return condition()


STREAM = "streamGenerateContent?alt=sse"


def test_a_delay_comes_before_the_headers(sandbox: RunningSandbox) -> None:
    sandbox.fail("gemini", delay_s=0.2)
    start = time.monotonic()
    with asked(sandbox, "generateContent") as response:
        assert response.status == 200
    assert time.monotonic() - start >= 0.2


def test_chunks_can_come_slowly(sandbox: RunningSandbox) -> None:
    sandbox.fail("gemini", chunk_delay_s=0.05)
    start = time.monotonic()
    with asked(sandbox, STREAM) as response:
        assert response.read().count(b"data: ") == 3
    assert time.monotonic() - start >= 0.1


def test_a_hanging_call_is_never_answered(sandbox: RunningSandbox) -> None:
    sandbox.fail("gemini", hang=True)
    with pytest.raises(TimeoutError), asked(sandbox, "generateContent", TIMEOUT_S):
        pass
    assert [(record.status, record.ok) for record in sandbox.log] == [(0, False)]
    assert eventually(lambda: sandbox.abandoned("gemini") == 1)
    assert sandbox.open_calls("gemini") == 0


def test_a_reset_reaches_the_caller_as_one(sandbox: RunningSandbox) -> None:
    sandbox.fail("gemini", reset=True)
    with pytest.raises(ConnectionResetError), asked(sandbox, "generateContent"):
        pass


@pytest.mark.parametrize("verb", ["generateContent", STREAM])
@pytest.mark.parametrize(
    "fault", [{"cut_after_bytes": 10}, {"short_content_length": True}], ids=lambda f: next(iter(f))
)
def test_a_cut_body_is_seen_to_be_incomplete(
    sandbox: RunningSandbox, verb: str, fault: dict[str, Any]
) -> None:
    sandbox.fail("gemini", **fault)
    with asked(sandbox, verb) as response, pytest.raises(http.client.IncompleteRead) as cut:
        response.read()
    if "cut_after_bytes" in fault:
        assert len(cut.value.partial) == 10


def test_a_stream_can_be_cut_between_chunks(sandbox: RunningSandbox) -> None:
    sandbox.fail("gemini", cut_after_chunks=1)
    with asked(sandbox, STREAM) as response, pytest.raises(http.client.IncompleteRead) as cut:
        response.read()
    assert cut.value.partial.count(b"data: ") == 1
    assert not sandbox.log[0].ok


def test_a_stream_can_stall(sandbox: RunningSandbox) -> None:
    sandbox.fail("gemini", stall_after_chunks=1)
    with asked(sandbox, STREAM, TIMEOUT_S) as response:
        assert response.readline().startswith(b"data: ")
        assert response.readline() == b"\r\n"
        with pytest.raises(TimeoutError):
            response.readline()


def test_a_body_can_come_byte_by_byte(sandbox: RunningSandbox) -> None:
    sandbox.fail("gemini", status=200, body="slowly", slice_s=0.01)
    with asked(sandbox, "generateContent") as response:
        assert response.read() == b"slowly"


def test_a_huge_line_is_one_line(sandbox: RunningSandbox) -> None:
    sandbox.fail("gemini", huge_line=True)
    with asked(sandbox, STREAM) as response:
        longest = max(response.read().split(b"\r\n"), key=len)
    assert len(longest) > 600_000


@pytest.mark.parametrize(
    ("fault", "status", "content_type"),
    [
        ({"html": True}, 502, "text/html; charset=UTF-8"),
        ({"html": True, "status": 200}, 200, "text/html; charset=UTF-8"),
        ({"malformed": True}, 200, "application/json"),
        ({"redirect": "http://127.0.0.1:1/"}, 302, None),
        ({"status": 418, "body": "tea"}, 418, "text/plain; charset=utf-8"),
    ],
)
def test_a_reply_can_be_replaced(
    sandbox: RunningSandbox, fault: dict[str, Any], status: int, content_type: str | None
) -> None:
    sandbox.fail("gemini", **fault)
    with asked(sandbox, "generateContent") as response:
        assert response.status == status
        if content_type is not None:
            assert response.headers["content-type"] == content_type


def test_a_small_body_can_unpack_to_a_huge_one(sandbox: RunningSandbox) -> None:
    sandbox.fail("gemini", gzip_bomb=True)
    with asked(sandbox, "generateContent") as response:
        assert response.headers["content-encoding"] == "gzip"
        assert len(response.read()) < 100_000


def test_latency_is_added_to_every_call() -> None:
    with running_sandbox(latency_s=0.1) as slow:
        start = time.monotonic()
        with asked(slow, "generateContent") as response:
            assert response.status == 200
        assert time.monotonic() - start >= 0.1
