"""What the stand-ins write: the same words for the same question, cut and stopped as a model would be."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from sandbox import author
from sandbox.author import Habit
from sandbox.exchange import JsonObject

CHARACTERS_PER_TOKEN = 4
PIECE_CHARACTERS = 48  # about one chunk of a stream
MAX_SCHEMA_DEPTH = 12  # where a schema that contains itself is left empty

Finish = Literal["stop", "length", "tool_calls"]


@dataclass(frozen=True, slots=True)
class Tool:
    """A function the model may call."""

    name: str
    parameters: JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What a model is asked, whatever the wire looked like."""

    prompt: str
    input_tokens: int
    max_tokens: int | None = None
    stops: tuple[str, ...] = ()
    wants_json: bool = False
    schema: JsonObject | None = None
    tool: Tool | None = None
    thinking_tokens: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What the model wrote; `thinking_tokens` came out of the same budget."""

    text: str = ""
    finish: Finish = "stop"
    tool: Tool | None = None
    arguments: JsonObject = field(default_factory=dict)
    tokens: int = 0
    thinking_tokens: int = 0

    @property
    def pieces(self) -> list[str]:
        """The text as it is streamed."""
        return pieces(self.text)


def count_tokens(text: str) -> int:
    """Tokens of a text, at four characters each."""
    return -(-len(text) // CHARACTERS_PER_TOKEN)


def write(ask: Ask, scripted: str | None = None, habits: Sequence[Habit] = ()) -> Written:
    """Answer a question within its budget; a scripted text goes through the same budget and stops.

    *habits* are those of a model that does not do what it is told (see `author`).
    """
    budget = ask.max_tokens
    thinking = ask.thinking_tokens if budget is None else min(ask.thinking_tokens, budget)
    left = None if budget is None else budget - thinking
    if ask.tool is not None and scripted is None:
        arguments = conform(ask.tool.parameters)
        tokens = count_tokens(ask.tool.name + json.dumps(arguments))
        if left is not None and tokens > left:
            return Written(finish="length", tokens=left, thinking_tokens=thinking)
        return Written(
            finish="tool_calls",
            tool=ask.tool,
            arguments=arguments,
            tokens=tokens,
            thinking_tokens=thinking,
        )
    text = stop_at(compose(ask, habits) if scripted is None else scripted, ask.stops)
    if "cut" in habits and author.is_asked(ask.prompt):
        text = text[: len(text) * 3 // 5]
        return Written(
            text=text, finish="length", tokens=count_tokens(text), thinking_tokens=thinking
        )
    if left is not None and count_tokens(text) > left:
        text = text[: left * CHARACTERS_PER_TOKEN]
        return Written(text=text, finish="length", tokens=left, thinking_tokens=thinking)
    return Written(text=text, tokens=count_tokens(text), thinking_tokens=thinking)


def stop_at(text: str, stops: Iterable[str]) -> str:
    """The text up to the first stop sequence."""
    ends = [text.find(stop) for stop in stops if stop and stop in text]
    return text[: min(ends)] if ends else text


def pieces(text: str) -> list[str]:
    """Cut a text at spaces into pieces that join to the same text."""
    return re.findall(rf".{{1,{PIECE_CHARACTERS}}}(?:\s|$)|.{{1,{PIECE_CHARACTERS}}}", text, re.S)


def compose(ask: Ask, habits: Sequence[Habit] = ()) -> str:
    """The text for a question."""
    if author.is_asked(ask.prompt):
        return author.composed(ask.prompt, habits)
    if ask.schema is not None:
        return json.dumps(conform(ask.schema, ask.prompt), ensure_ascii=False)
    if ask.wants_json:
        reply = {"answer": short_reply(ask.prompt), "venture": venture(ask.prompt)}
        return json.dumps(reply, ensure_ascii=False)
    if re.search(r"\b(business plan|roadmap|venture|startup|grant|pitch)\b", ask.prompt, re.I):
        return plan(ask.prompt)
    return short_reply(ask.prompt)


def short_reply(prompt: str) -> str:
    """One sentence that shows that the question arrived."""
    words = " ".join(prompt.split())
    quote = words if len(words) <= 60 else f"{words[:59].rstrip()}…"
    return f"You asked: “{quote}”. This is the sandbox answering, and all is well."


def venture(prompt: str) -> str:
    """The name of the venture in a prompt, as a field, a JSON field or a heading gives it."""
    for pattern in (
        r'"(?:idea_)?(?:name|title)"\s*:\s*"([^"\n]{1,80})"',
        r"\b(?:idea |venture |business |company )?name\W{0,4}:\**\s*[\"“]?([^\"”\n]{1,80})",
        r"\b(?:called|named)\s+[\"“]?([A-Z][\w&'-]*(?: [A-Z][\w&'-]*){0,4})",
    ):
        found = re.search(pattern, prompt, re.I if "called" not in pattern else 0)
        if found:
            return found[1].strip(" *.,;") or "the venture"
    return "the venture"


def plan(prompt: str) -> str:
    """A short but whole plan in Markdown."""
    name = venture(prompt)
    return f"""# {name}: business plan and roadmap

## Summary

{name} starts small, proves that people want it, and grows only on what it has learned. This plan \
covers the first twelve months, in six steps that each end with something to show.

## Roadmap

1. **Talk to thirty people (weeks 1–4).** Ask how they solve the problem today and what it costs \
them. Done when ten of them agree to try a first version of {name}.
2. **Build the smallest useful version (weeks 5–10).** One task, done well, for one group. Done \
when five people use it without help.
3. **Run a paid pilot (months 3–4).** Charge a fair price from the first day. Done when three of \
four pilot customers renew.
4. **Register and set up the books (month 4).** Choose a legal form, open an account, agree on who \
signs. Done when the first invoice is paid.
5. **Find the channel that works (months 5–8).** Test two channels with the same small budget. \
Done when one of them brings customers for less than a third of what they pay in a year.
6. **Grow or stop (months 9–12).** Compare the figures with the targets below and decide in the open.

## Budget for the first year

| Item | Cost |
|---|---|
| Building the first version | 6,000 |
| Pilot and support | 3,500 |
| Registration and accounting | 1,200 |
| Reaching customers | 2,300 |
| **Total** | **13,000** |

## Risks

- **Nobody pays.** The pilot is paid, so this shows by month four.
- **It takes longer.** Each step has a date; two missed dates mean that the scope shrinks.
- **One person carries all.** A second person learns every task before month six.

## How {name} will know that it works

Forty paying customers, a monthly churn below five percent, and costs covered by month twelve.
"""


def conform(schema: Mapping[str, Any], topic: str = "") -> Any:
    """A JSON value that satisfies a schema; OpenAPI's upper-case types are read as well."""
    return _Sample(schema, short_reply(topic) if topic else "sample").value(schema)


class _Sample:
    """Builds a value from a schema and the definitions in its root."""

    def __init__(self, root: Mapping[str, Any], text: str) -> None:
        self._root = root
        self._text = text

    def value(self, schema: object, depth: int = 0) -> Any:
        if depth > MAX_SCHEMA_DEPTH or not isinstance(schema, Mapping):
            return None
        if "$ref" in schema:
            return self.value(self._definition(str(schema["$ref"])), depth + 1)
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return schema["enum"][0]
        for choice in ("anyOf", "oneOf", "allOf"):
            if schema.get(choice):
                return self.value(schema[choice][0], depth + 1)
        return self._typed(schema, depth)

    def _typed(self, schema: Mapping[str, Any], depth: int) -> Any:
        kind = schema.get("type", "object" if "properties" in schema else "string")
        kind = str(kind[0] if isinstance(kind, list) else kind).lower()
        if kind == "object":
            properties = schema.get("properties")
            parts = properties.items() if isinstance(properties, Mapping) else ()
            return {name: self.value(part, depth + 1) for name, part in parts}
        if kind == "array":
            size = max(1, int(schema.get("minItems", schema.get("min_items", 2))))
            size = min(size, int(schema.get("maxItems", schema.get("max_items", size))))
            return [self.value(schema.get("items") or {}, depth + 1) for _ in range(size)]
        if kind in ("integer", "number"):
            return schema.get("minimum", min(1, schema.get("maximum", 1)))
        if kind == "boolean":
            return True
        return None if kind == "null" else self._string(schema)

    def _string(self, schema: Mapping[str, Any]) -> str:
        formats = {"date": "2026-01-31", "date-time": "2026-01-31T12:00:00Z"}
        text = formats.get(str(schema.get("format")), self._text)
        shortest = int(schema.get("minLength", 0))
        text = text if len(text) >= shortest else text.ljust(shortest, ".")
        return text[: int(schema.get("maxLength", len(text)))]

    def _definition(self, reference: str) -> Mapping[str, Any]:
        part: Any = self._root
        for key in filter(None, reference.removeprefix("#").split("/")):
            part = part.get(key, {}) if isinstance(part, Mapping) else {}
        return part if isinstance(part, Mapping) else {}


class Script:
    """Texts that a test wants the model to write, in order, and habits that it shows, over and over."""

    def __init__(self) -> None:
        self._lines: list[tuple[str, int | None]] = []
        self._habits: list[tuple[Habit, ...]] = []

    def add(self, text: str, times: int | None) -> None:
        """Append a text; None repeats it until the script is cleared."""
        self._lines.append((text, times))

    def take(self) -> str | None:
        """The next text, if one is scripted."""
        if not self._lines:
            return None
        text, times = self._lines[0]
        if times == 1:
            del self._lines[0]
        elif times is not None:
            self._lines[0] = (text, times - 1)
        return text

    def misbehave(self, habits: Iterable[Sequence[Habit]]) -> None:
        """Show these habits, one set of them with each answer, and then again from the first."""
        self._habits = [tuple(each) for each in habits]

    def take_habits(self) -> tuple[Habit, ...]:
        """The habits of the next answer."""
        if not self._habits:
            return ()
        self._habits.append(self._habits.pop(0))
        return self._habits[-1]

    def clear(self) -> None:
        """Back to the deterministic text, without habits."""
        self._lines = []
        self._habits = []


def as_prompt(texts: Sequence[str]) -> str:
    """The texts of a conversation as one prompt."""
    return "\n".join(text for text in texts if text)
