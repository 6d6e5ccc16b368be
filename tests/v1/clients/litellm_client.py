"""LiteLLM as a client: what it can do here, and how it tells errors; prints JSON."""

import json
from typing import Any

import litellm

from tests.v1.clients.report import SCHEMA, WEATHER, Case, report


def ask(base_url: str, question: str, model: str) -> dict[str, Any]:
    """Ask *model* of the service at *base_url*."""
    asking = {"model": f"openai/{model}", "api_base": base_url, "api_key": "any", "num_retries": 0}
    said = [{"role": "user", "content": question}]
    again = [{"role": "user", "content": question + " Again."}]
    plain = litellm.completion(messages=said, **asking)
    pieces = [
        chunk.choices[0].delta.content or ""
        for chunk in litellm.completion(messages=again, stream=True, **asking)
    ]
    called = litellm.completion(messages=said, tools=[WEATHER], **asking)
    call = called.choices[0].message.tool_calls[0].function
    schema = {"name": "boat", "schema": SCHEMA, "strict": True}
    boat = litellm.completion(
        messages=said, response_format={"type": "json_schema", "json_schema": schema}, **asking
    )
    return {
        "plain": plain.choices[0].message.content,
        "usage": plain.usage.total_tokens,
        "stream": "".join(pieces),
        "pieces": sum(map(bool, pieces)),
        "tool": call.name,
        "arguments": json.loads(call.arguments),
        "structured": json.loads(boat.choices[0].message.content),
    }


def fail(base_url: str, case: Case) -> None:
    """Ask what cannot be answered."""
    answer = litellm.completion(
        model=f"openai/{case['model']}",
        api_base=base_url,
        api_key="any",
        num_retries=0,
        max_retries=0,
        messages=[{"role": "user", "content": case["question"]}],
        temperature=case.get("temperature"),
        stream=case.get("stream", False),
        extra_headers=case.get("headers"),
    )
    list(answer)


if __name__ == "__main__":
    report(ask, fail)
