"""The official openai SDK's async client: what it can do here, and how it tells errors; prints JSON."""

import asyncio
import json
from typing import Any

import openai
from pydantic import BaseModel

from tests.v1.clients.report import WEATHER, Case, report


class Boat(BaseModel):
    """What is to be filled in."""

    name: str
    masts: int


def connected(base_url: str, case: Case | None = None) -> openai.AsyncOpenAI:
    """A client of the service at *base_url*."""
    headers = (case or {}).get("headers")
    return openai.AsyncOpenAI(
        base_url=base_url, api_key="any", max_retries=0, default_headers=headers
    )


async def ask(base_url: str, question: str, model: str) -> dict[str, Any]:
    """Ask *model* of the service at *base_url*."""
    chat = connected(base_url).chat.completions
    said: Any = [{"role": "user", "content": question}]
    again: Any = [{"role": "user", "content": question + " Again."}]
    plain = await chat.create(model=model, messages=said)
    streamed = await chat.create(model=model, messages=again, stream=True)
    pieces = [chunk.choices[0].delta.content or "" async for chunk in streamed]
    tools: Any = [WEATHER]
    called: Any = await chat.create(model=model, messages=said, tools=tools)
    call = called.choices[0].message.tool_calls[0].function
    parsed = await chat.parse(model=model, messages=said, response_format=Boat)
    boat = parsed.choices[0].message.parsed
    return {
        "plain": plain.choices[0].message.content,
        "usage": plain.usage and plain.usage.total_tokens,
        "stream": "".join(pieces),
        "pieces": sum(map(bool, pieces)),
        "tool": call.name,
        "arguments": json.loads(call.arguments),
        "structured": boat and boat.model_dump(),
    }


async def fail(base_url: str, case: Case) -> None:
    """Ask what cannot be answered."""
    answer: Any = await connected(base_url, case).chat.completions.create(
        model=case["model"],
        messages=[{"role": "user", "content": case["question"]}],
        temperature=case.get("temperature"),
        stream=case.get("stream", False),
    )
    if case.get("stream"):
        [chunk async for chunk in answer]


if __name__ == "__main__":
    report(lambda *asked: asyncio.run(ask(*asked)), lambda *asked: asyncio.run(fail(*asked)))
