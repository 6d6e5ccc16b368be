"""LangChain's ChatOpenAI as a client: a plain, a streamed and a tool call; prints what it saw as JSON."""

import json
import sys
from typing import Any

from langchain_core.tools import tool
from langchain_openai import ChatOpenAI


@tool
def weather(city: str) -> str:
    """The weather in a city."""
    return f"Sunny in {city}"


def ask(base_url: str, question: str, model: str) -> dict[str, Any]:
    """Ask *model* of the service at *base_url*."""
    chat = ChatOpenAI(base_url=base_url, api_key="any", model=model, max_retries=0)
    plain = chat.invoke(question)
    pieces = list(chat.stream(question + " Again."))
    called = chat.bind_tools([weather]).invoke(question)
    return {
        "plain": plain.text,
        "usage": plain.usage_metadata and plain.usage_metadata["total_tokens"],
        "stream": "".join(piece.text for piece in pieces),
        "pieces": sum(bool(piece.text) for piece in pieces),
        "tool": called.tool_calls[0]["name"],
        "arguments": called.tool_calls[0]["args"],
    }


if __name__ == "__main__":
    url, asked, *models = sys.argv[1:]
    print(json.dumps({model: ask(url, asked, model) for model in models}))
