"""LangChain's ChatOpenAI as a client: what it can do here, and how it tells errors; prints JSON."""

from typing import Any

from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from pydantic import BaseModel

from tests.v1.clients.report import Case, report


class Boat(BaseModel):
    """What is to be filled in."""

    name: str
    masts: int


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
    boat = chat.with_structured_output(Boat).invoke(question)
    return {
        "plain": plain.text,
        "usage": plain.usage_metadata and plain.usage_metadata["total_tokens"],
        "stream": "".join(piece.text for piece in pieces),
        "pieces": sum(bool(piece.text) for piece in pieces),
        "tool": called.tool_calls[0]["name"],
        "arguments": called.tool_calls[0]["args"],
        "structured": boat.model_dump() if isinstance(boat, Boat) else None,
    }


def fail(base_url: str, case: Case) -> None:
    """Ask what cannot be answered."""
    chat = ChatOpenAI(
        base_url=base_url,
        api_key="any",
        model=case["model"],
        max_retries=0,
        temperature=case.get("temperature"),
        default_headers=case.get("headers"),
    )
    ways = chat.stream if case.get("stream") else chat.invoke
    list(ways(case["question"]))


if __name__ == "__main__":
    report(ask, fail)
