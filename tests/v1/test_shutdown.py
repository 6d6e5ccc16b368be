"""SIGTERM while streams run: the real service in a process of its own."""

import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox.running import RunningSandbox, running_sandbox
from tests.service import RunningService, running_service
from tests.v1.conftest import Heard
from tests.v1.test_streams import until

STREAMS = 20
WORD_S = 0.2
MODEL = "openrouter/openrouter/free"


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    """Stand-ins that write slowly."""
    with running_sandbox(quotas="unlimited") as running:
        running.fail("openrouter", chunk_delay_s=WORD_S)
        yield running


def settings(sandbox: RunningSandbox, **more: str) -> dict[str, str]:
    """All providers, none of which has to wait."""
    wide = {f"OPENROUTER_REQUESTS_PER_{span}": "100000" for span in ("MINUTE", "DAY")}
    return {**sandbox.env, "MIN_INTERVAL_SECONDS": "0", **wide, **more}


def asking(question: str) -> dict[str, Any]:
    """A streamed question."""
    said = [{"role": "user", "content": question}]
    return {"model": MODEL, "messages": said, "stream": True}


def listen(service: RunningService, question: str) -> Heard:
    """A streamed answer, read to its end."""
    with requests.Session() as session:
        session.trust_env = False
        url = f"{service.url}/v1/chat/completions"
        with session.post(url, json=asking(question), stream=True, timeout=60) as response:
            return Heard(response, response.content.decode())


def test_p01_twenty_open_streams_all_get_an_end_and_the_process_leaves_in_time(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    """What can be finished within the grace is; the rest ends with one error; the exit code is 0."""
    for number in range(STREAMS):
        sandbox.reply("openrouter", "word " * (2 if number % 2 else 500))
    with (
        running_service(tmp_path / "service", settings(sandbox)) as service,
        ThreadPoolExecutor(STREAMS) as readers,
    ):
        service.get("/healthz")  # it is there
        reading = [readers.submit(listen, service, f"No. {n}") for n in range(STREAMS)]
        until(
            lambda: len([c for c in sandbox.calls("openrouter") if c.method == "POST"]) == STREAMS
        )
        begin_s = time.monotonic()
        service.process.send_signal(signal.SIGTERM)
        code = service.process.wait(12)
        heard = [reader.result() for reader in reading]
    assert code == 0
    assert time.monotonic() - begin_s <= 12
    whole = [one for one in heard if one.is_done]
    broken = [one for one in heard if not one.is_done]
    assert len(whole) == len(broken) == STREAMS // 2
    for one in whole:
        assert one.finish_reasons == ["stop"]
    for one in broken:
        assert one.finish_reasons == ["error"]
        assert [error["code"] for error in one.errors] == ["shutting_down"]
        assert one.raw.rstrip().splitlines()[-1].startswith("data: ")
        assert "[DONE]" not in one.raw
    assert "Traceback" not in service.log


def test_p01_who_neither_reads_nor_finishes_writing_is_not_waited_for(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    """A stalled reader and half a request would keep the server for ever."""
    sandbox.heal()
    sandbox.reply("openrouter", "word " * 100_000)  # more than sockets hold
    quick = settings(sandbox, SHUTDOWN_GRACE_SECONDS="1")
    with running_service(tmp_path / "service", quick) as service:
        service.get("/healthz")
        address = ("127.0.0.1", int(service.url.rsplit(":", 1)[1]))
        with socket.create_connection(address) as half, requests.Session() as session:
            half.sendall(
                b"POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
                b"content-length: 100\r\n\r\n{"
            )
            session.trust_env = False
            url = f"{service.url}/v1/chat/completions"
            with session.post(url, json=asking("Talk."), stream=True, timeout=60) as stalled:
                reading = stalled.iter_content(64)  # urllib3 hangs up when this is collected
                assert next(reading)
                service.process.send_signal(signal.SIGTERM)
                assert service.process.wait(12) == 0
    assert "Not everybody has left" in service.log
