"""What is asked of a model: the conversation, the tools it may call, and how it should answer."""

import hashlib
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property
from typing import Any, Literal

import orjson

Role = Literal["system", "user", "assistant", "tool"]
Ability = Literal["images", "tools", "json", "schema", "logprobs"]
Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh"]
Json = dict[str, Any]  # a JSON object as the wire carries it

ALL_ABILITIES: frozenset[Ability] = frozenset({"images", "tools", "json", "schema", "logprobs"})
IMAGE_TOKENS = 1_100  # what a picture of ordinary size costs at the most common providers


@dataclass(frozen=True, slots=True)
class Image:
    """A picture inside a message: its media type (`image/png`) and its bytes in base64."""

    media_type: str
    data: str

    @property
    def url(self) -> str:
        """The picture as a data URL."""
        return f"data:{self.media_type};base64,{self.data}"


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A function that the model wants to be called; *arguments* is JSON in a text.

    *signature* is Gemini's proof of the thought behind it, to be given back as it is.
    """

    id: str
    name: str
    arguments: str
    signature: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of the conversation: a text, or texts and images in their order.

    *tool_calls* are an assistant's; *tool_call_id* says which of them a tool's turn answers.
    """

    role: Role
    content: str | tuple[str | Image, ...] = ""
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str = ""

    @property
    def parts(self) -> tuple[str | Image, ...]:
        """Its texts and images, without empty ones."""
        parts = (self.content,) if isinstance(self.content, str) else self.content
        return tuple(part for part in parts if part)

    @property
    def text(self) -> str:
        """Its words, without the images."""
        return "".join(part for part in self.parts if isinstance(part, str))


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that the model may call; *parameters* is the JSON schema of its arguments."""

    name: str
    description: str = ""
    parameters: Json | None = None
    strict: bool | None = None


@dataclass(frozen=True, slots=True)
class ToolChoice:
    """Whether the model may, must or must not call a tool; *name* is the one that it must call."""

    mode: Literal["auto", "none", "required"]
    name: str = ""


@dataclass(frozen=True, slots=True)
class AnswerFormat:
    """That the answer has to be JSON, and by which *schema* if there is one.

    *is_wish* says that a model which cannot be held to it may answer all the same: the asker reads
    whatever comes.
    """

    schema: Json | None = None
    name: str = "answer"
    description: str = ""
    strict: bool | None = None
    is_wish: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """One paragraph of a sketch: a question, how its answer begins, and what stands there without one.

    *fixed* is added below it as it is: what is known needs no model.
    """

    heading: str
    question: str
    opening: str
    otherwise: str
    fixed: str = ""


@dataclass(frozen=True, slots=True)
class Sketch:
    """The wish again, for a model too small for it: facts, and passages asked for one by one."""

    facts: str
    passages: tuple[Passage, ...]
    sentences: int = 2  # at most, in each passage
    preface: str = ""


@dataclass(frozen=True, kw_only=True)  # without slots: what follows from it is worked out once
class Prompt:
    """What is asked of a model; None leaves a parameter to the provider's default.

    Only the embedded model reads `sketch`. `notes` is JSON that has to stay with the answer (the
    sources it may cite): it is stored beside it and does not reach a provider. `least_tier` is the
    quality of model that the task needs (see `free_tiers`).
    """

    messages: tuple[Message, ...]
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    answer_format: AnswerFormat | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    reasoning_effort: Effort | None = None
    sketch: Sketch | None = None
    notes: Any = None
    least_tier: int = 1

    @cached_property
    def fingerprint(self) -> str:
        """Equal for prompts that ask the same: SHA-256 over their canonical JSON, in hex."""
        own = vars(self)
        canonical = orjson.dumps([own[name] for name in PARAMETERS], option=orjson.OPT_SORT_KEYS)
        return hashlib.sha256(canonical).hexdigest()

    @cached_property
    def needs(self) -> frozenset[Ability]:
        """What a model must be able to do to answer it."""
        has_images = any(isinstance(part, Image) for m in self.messages for part in m.parts)
        has_tools = self.tools or any(m.tool_calls or m.role == "tool" for m in self.messages)
        held_to = self.answer_format
        if held_to is not None and held_to.is_wish:
            held_to = None
        needed: dict[Ability, Any] = {
            "images": has_images,
            "tools": has_tools,
            "json": held_to,
            "schema": held_to and held_to.schema is not None,
            "logprobs": self.logprobs,
        }
        return frozenset(ability for ability, is_needed in needed.items() if is_needed)

    def suited_to(self, abilities: frozenset[Ability]) -> "Prompt":
        """The same for a model with these *abilities*: a wish that it cannot grant is lowered.

        From a schema to any JSON, and from there to what the words of the prompt ask for.
        """
        wish = self.answer_format
        if wish is None or not wish.is_wish:
            return self
        if "json" not in abilities:
            return replace(self, answer_format=None)
        if "schema" not in abilities:
            return replace(self, answer_format=replace(wish, schema=None))
        return self

    @cached_property
    def estimated_tokens(self) -> int:
        """About how many tokens go in: a quarter of the bytes, which errs on the high side."""
        images = sum(isinstance(part, Image) for m in self.messages for part in m.parts)
        size = sum(len(m.text.encode()) for m in self.messages)
        size += sum(len(call.arguments.encode()) for m in self.messages for call in m.tool_calls)
        size += sum(len(orjson.dumps(asdict(tool))) for tool in self.tools)
        return size // 4 + 1 + IMAGE_TOKENS * images


PARAMETERS = tuple(field.name for field in fields(Prompt))
