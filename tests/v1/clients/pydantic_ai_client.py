"""pydantic-ai as a client: what it can do here, and how it tells errors; prints JSON."""

import asyncio
from typing import Any

from openai import AsyncOpenAI
from pydantic import BaseModel
from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIChatModelSettings
from pydantic_ai.providers.openai import OpenAIProvider

from tests.v1.clients.report import Case, report


class Boat(BaseModel):
    """What is to be filled in."""

    name: str
    masts: int


def chosen(base_url: str, model: str) -> OpenAIChatModel:
    """*model* of the service at *base_url*."""
    client = AsyncOpenAI(base_url=base_url, api_key="any", max_retries=0)
    return OpenAIChatModel(model, provider=OpenAIProvider(openai_client=client))


async def ask(base_url: str, question: str, model: str) -> dict[str, Any]:
    """Ask *model* of the service at *base_url*."""
    chat = chosen(base_url, model)
    plain = await Agent(chat).run(question)
    async with Agent(chat).run_stream(question + " Again.") as streamed:
        pieces = [piece async for piece in streamed.stream_text(delta=True, debounce_by=None)]
    calls = []
    agent = Agent(chat)

    @agent.tool_plain
    def weather(city: str) -> str:
        """The weather in a city."""
        calls.append(city)
        return f"Sunny in {city}"

    answered = await agent.run(question)
    boat = await Agent(chat, output_type=Boat).run(question)
    return {
        "plain": plain.output,
        "usage": plain.usage.total_tokens,
        "stream": "".join(pieces),
        "pieces": sum(map(bool, pieces)),
        "tool": "weather" if calls else None,
        "arguments": {"city": calls[0]} if calls else None,
        "after_tool": answered.output,
        "structured": boat.output.model_dump(),
    }


async def fail(base_url: str, case: Case) -> None:
    """Ask what cannot be answered."""
    settings = OpenAIChatModelSettings(extra_headers=case.get("headers") or {})
    if "temperature" in case:
        settings["temperature"] = case["temperature"]
    agent = Agent(chosen(base_url, case["model"]), model_settings=settings)
    if not case.get("stream"):
        await agent.run(case["question"])
        return
    async with agent.run_stream(case["question"]) as streamed:
        [piece async for piece in streamed.stream_text()]


if __name__ == "__main__":
    report(lambda *asked: asyncio.run(ask(*asked)), lambda *asked: asyncio.run(fail(*asked)))
