"""What OpenAI-shaped chat requests and answers have in common, whoever serves them."""

import json
from collections.abc import Mapping
from typing import Any

from sandbox.checks import TEXT, Kind
from sandbox.exchange import JsonObject
from sandbox.text import Ask, Tool, Written, as_prompt, count_tokens

ROLES = ("system", "developer", "user", "assistant", "tool")
IMAGE_TOKENS = 258


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _are_tools(value: object) -> bool:
    return isinstance(value, list) and all(_is_tool(item) for item in value)


def _is_tool(value: object) -> bool:
    """A function in OpenAI's wrapping, or bare as Cloudflare also takes it."""
    function = value.get("function", value) if isinstance(value, dict) else None
    return (
        isinstance(function, dict)
        and isinstance(function.get("name"), str)
        and isinstance(function.get("parameters", {}), dict)
    )


def _is_choice(value: object) -> bool:
    return isinstance(value, str) or (
        isinstance(value, dict) and isinstance(value.get("function"), dict)
    )


def _is_object(value: object) -> bool:
    return isinstance(value, dict)


# The optional fields that are read, and what they have to be when they are not null.
SHAPES: Mapping[str, Kind] = {
    "model": TEXT,
    "models": ("an array of texts", _are_texts),
    "tools": ("an array of functions", _are_tools),
    "tool_choice": ("a text or a function", _is_choice),
    "stop": ("a text or an array of texts", lambda v: isinstance(v, str) or _are_texts(v)),
    "response_format": ("an object", _is_object),
    "reasoning": ("an object", _is_object),
}


def problem(fields: JsonObject) -> str | None:
    """What is wrong with the messages of a request, if anything is."""
    messages = fields.get("messages")
    if not isinstance(messages, list) or not messages:
        return "messages: must be a non-empty array"
    for index, message in enumerate(messages):
        if wrong := _message_problem(message):
            return f"messages.{index}.{wrong}"
    for name, (wanted, fits) in SHAPES.items():
        if fields.get(name) is not None and not fits(fields[name]):
            return f"{name}: must be {wanted}"
    return _budget_problem(fields)


def _message_problem(message: object) -> str | None:
    if not isinstance(message, dict) or message.get("role") not in ROLES:
        return f"role: must be one of {', '.join(ROLES)}"
    if "content" not in message and not message.get("tool_calls"):
        return "content: is required"
    if not isinstance(message.get("content"), (str, list, type(None))):
        return "content: must be a string or an array of parts"
    if message["role"] == "tool" and not isinstance(message.get("tool_call_id"), str):
        return "tool_call_id: is required"
    return None


def _budget_problem(fields: JsonObject) -> str | None:
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
    given = style.get("json_schema")
    schema: Any = given.get("schema", given) if isinstance(given, dict) else None
    return schema if isinstance(schema, dict) else None


def _tool(fields: JsonObject) -> Tool | None:
    """The function the model will call: none once the last message brought a function's answer."""
    functions = [tool.get("function", tool) for tool in fields.get("tools") or []]
    choice = fields.get("tool_choice") or "auto"
    if isinstance(choice, dict):
        wanted = (choice.get("function") or {}).get("name")
        functions = [function for function in functions if function.get("name") == wanted]
    answered = fields["messages"][-1].get("role") == "tool"
    if not functions or choice == "none" or (answered and choice == "auto"):
        return None
    return Tool(functions[0]["name"], functions[0].get("parameters") or {"type": "object"})
