"""pydantic-ai as a client: a plain, a streamed and a tool call; prints what it saw as JSON."""

import asyncio
import json
import sys
from typing import Any

from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider


async def ask(base_url: str, question: str, model: str) -> dict[str, Any]:
    """Ask *model* of the service at *base_url*."""
    chat = OpenAIChatModel(model, provider=OpenAIProvider(base_url=base_url, api_key="any"))
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
    return {
        "plain": plain.output,
        "usage": plain.usage.total_tokens,
        "stream": "".join(pieces),
        "pieces": sum(map(bool, pieces)),
        "tool": "weather" if calls else None,
        "arguments": {"city": calls[0]} if calls else None,
        "after_tool": answered.output,
    }


async def main(url: str, question: str, *models: str) -> None:
    """Ask each of *models*, one after the other."""
    print(json.dumps({model: await ask(url, question, model) for model in models}))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
