"""The two streams that docs/CLIENTS.md shows are those that a client sees, byte for byte."""

import re
from collections.abc import Callable
from typing import Any

import openai
import pytest

from sandbox.running import RunningSandbox
from tests.service import ROOT
from tests.v1.conftest import Heard, Serve, Served

HEADING = "When a stream's provider dies"
QUESTION = "What is a sail?"
SHOWN = ("content-type", "x-provider", "x-attempts", "x-cache")
# What is different each time.
ID, CREATED = r'"id":"chatcmpl-[0-9a-f]{32}"', r'"created":\d+'


def dies_before(sandbox: RunningSandbox) -> None:
    """The first provider closes the connection of its stream before any content."""
    sandbox.fail("gemini", cut_after_chunks=0)


def dies_after(sandbox: RunningSandbox) -> None:
    """The first provider closes it when one piece has come."""
    sandbox.fail("gemini", cut_after_chunks=1)


def recorded(heard: Heard) -> str:
    """A stream as the page shows it: the status, some headers, and all that came."""
    response = heard.response
    headers = "".join(f"{name}: {response.headers[name]}\n" for name in SHOWN)
    return f"HTTP/1.1 {response.status_code} {response.reason}\n{headers}\n{heard.raw}".rstrip()


def page(kind: str) -> list[str]:
    """The blocks of a *kind* in the section of the page that tells of this."""
    text = (ROOT / "docs/CLIENTS.md").read_text(encoding="utf-8")
    section = text.partition(f"\n## {HEADING}\n")[2].partition("\n## ")[0]
    return [block.rstrip() for block in re.findall(rf"```{kind}\n(.*?)```", section, re.DOTALL)]


def told_apart(stream: str) -> str:
    """*stream* without what is different each time; within it the id and the time are the same."""
    assert len(set(re.findall(ID, stream))) == len(set(re.findall(CREATED, stream))) == 1
    return re.sub(CREATED, '"created":0', re.sub(ID, '"id":""', stream))


@pytest.mark.parametrize(
    ("fault", "place"), [(dies_before, 0), (dies_after, 1)], ids=["before", "after"]
)
def test_the_page_shows_the_stream_as_it_comes(
    serve: Serve, sandbox: RunningSandbox, fault: Callable[[RunningSandbox], None], place: int
) -> None:
    """With its status, its headers and its end."""
    fault(sandbox)
    assert told_apart(recorded(serve().chat(QUESTION))) == told_apart(page("http")[place])


def read(served: Served) -> str:
    """What the code on the page prints."""
    printed = ""
    asked: Any = [{"role": "user", "content": QUESTION}]
    try:
        for chunk in served.client.chat.completions.create(
            model="auto", messages=asked, stream=True
        ):
            printed += chunk.choices[0].delta.content or ""
    except openai.APIError as error:
        printed += f"\n{type(error).__name__} {error.code}: {error.message}"
    return printed


@pytest.mark.parametrize(
    ("fault", "place"), [(dies_before, 0), (dies_after, 1)], ids=["before", "after"]
)
def test_the_page_shows_what_the_official_client_makes_of_it(
    serve: Serve, sandbox: RunningSandbox, fault: Callable[[RunningSandbox], None], place: int
) -> None:
    """A whole answer, and an error after a part of one."""
    fault(sandbox)
    assert read(serve()) == page("text")[place]
