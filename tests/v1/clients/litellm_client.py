"""LiteLLM as a client: a plain, a streamed and a tool call; prints what it saw as JSON."""

import json
import sys
from typing import Any

import litellm

WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}


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
    return {
        "plain": plain.choices[0].message.content,
        "usage": plain.usage.total_tokens,
        "stream": "".join(pieces),
        "pieces": sum(map(bool, pieces)),
        "tool": call.name,
        "arguments": json.loads(call.arguments),
    }


if __name__ == "__main__":
    url, asked, *models = sys.argv[1:]
    print(json.dumps({model: ask(url, asked, model) for model in models}))
