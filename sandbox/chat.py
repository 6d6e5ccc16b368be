"""What OpenAI-shaped chat requests and answers have in common, whoever serves them."""

import json
from typing import Any

from sandbox.exchange import JsonObject
from sandbox.text import Ask, Tool, Written, as_prompt, count_tokens

ROLES = ("system", "developer", "user", "assistant", "tool")
IMAGE_TOKENS = 258


def problem(fields: JsonObject) -> str | None:
    """What is wrong with the messages of a request, if anything is."""
    messages = fields.get("messages")
    if not isinstance(messages, list) or not messages:
        return "messages: must be a non-empty array"
    for index, message in enumerate(messages):
        if not isinstance(message, dict) or message.get("role") not in ROLES:
            return f"messages.{index}.role: must be one of {', '.join(ROLES)}"
        if "content" not in message and not message.get("tool_calls"):
            return f"messages.{index}.content: is required"
        content = message.get("content")
        if not isinstance(content, (str, list, type(None))):
            return f"messages.{index}.content: must be a string or an array of parts"
        if message["role"] == "tool" and not isinstance(message.get("tool_call_id"), str):
            return f"messages.{index}.tool_call_id: is required"
    for name in ("max_tokens", "max_completion_tokens"):
        value = fields.get(name)
        if value is not None and (not isinstance(value, int) or value < 1):
            return f"{name}: must be a whole number from 1 up"
    return None


def text_of(message: JsonObject) -> str:
    """The text of a message, whose content is a string, a list of parts or null."""
    content = message.get("content")
    if isinstance(content, list):
        return "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def read(fields: JsonObject, *, max_tokens: int | None, thinking_tokens: int = 0) -> Ask:
    """The question in an OpenAI-shaped request that passed its checks."""
    messages: list[JsonObject] = fields["messages"]
    asked = [text_of(message) for message in messages if message["role"] == "user"]
    style = fields.get("response_format") or {}
    stop = fields.get("stop") or ()
    return Ask(
        prompt=asked[-1] if asked else text_of(messages[-1]),
        input_tokens=max(1, count_tokens(as_prompt([text_of(m) for m in messages])))
        + IMAGE_TOKENS * sum(_images(message) for message in messages),
        max_tokens=max_tokens,
        stops=(stop,) if isinstance(stop, str) else tuple(stop),
        wants_json=style.get("type") == "json_object",
        schema=_schema(style),
        tool=_tool(fields),
        thinking_tokens=thinking_tokens,
    )


def message(written: Written, reasoning: str | None = None) -> JsonObject:
    """The assistant's message of a whole reply."""
    reply: JsonObject = {"role": "assistant", "content": written.text, "refusal": None}
    if reasoning is not None:
        reply["reasoning"] = reasoning
    if written.tool is not None:
        reply["content"] = None
        reply["tool_calls"] = [tool_call(written)]
    return reply


def deltas(written: Written) -> list[JsonObject]:
    """The message in pieces; a tool call comes in two."""
    if written.tool is None:
        return [{"role": "assistant", "content": piece} for piece in written.pieces]
    call = tool_call(written)
    arguments = call["function"]["arguments"]
    first = {**call, "index": 0, "function": {"name": written.tool.name, "arguments": ""}}
    rest = {"index": 0, "function": {"arguments": arguments}}
    return [
        {"role": "assistant", "content": None, "tool_calls": [first]},
        {"tool_calls": [rest]},
    ]


def tool_call(written: Written) -> JsonObject:
    """A tool call, its arguments as JSON in a string."""
    name = written.tool.name if written.tool else ""
    arguments = json.dumps(written.arguments, ensure_ascii=False)
    return {
        "id": f"call_{name}",
        "type": "function",
        "function": {"name": name, "arguments": arguments},
    }


def usage(ask: Ask, written: Written) -> JsonObject:
    """The three counts that every server gives."""
    completion = written.tokens + written.thinking_tokens
    return {
        "prompt_tokens": ask.input_tokens,
        "completion_tokens": completion,
        "total_tokens": ask.input_tokens + completion,
    }


def _images(message: JsonObject) -> int:
    content = message.get("content")
    return sum("image_url" in part for part in content) if isinstance(content, list) else 0


def _schema(style: JsonObject) -> JsonObject | None:
    if style.get("type") != "json_schema":
        return None
    given = style.get("json_schema") or {}
    schema: Any = given.get("schema", given)
    return schema if isinstance(schema, dict) else None


def _tool(fields: JsonObject) -> Tool | None:
    """The function the model will call: none once the last message brought a function's answer."""
    functions = [tool.get("function", tool) for tool in fields.get("tools") or []]
    choice = fields.get("tool_choice", "auto")
    if isinstance(choice, dict):
        wanted = (choice.get("function") or {}).get("name")
        functions = [function for function in functions if function.get("name") == wanted]
    answered = fields["messages"][-1].get("role") == "tool"
    if not functions or choice == "none" or (answered and choice == "auto"):
        return None
    return Tool(functions[0]["name"], functions[0].get("parameters") or {"type": "object"})
