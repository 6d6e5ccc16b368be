"""What `/v1/chat/completions` is sent: OpenAI's fields, checked strictly, and the prompt they make.

Fields that we do not know are ignored, as OpenAI's clients expect of compatible servers; those that
we know and cannot honour are refused, so that nobody is given less than was asked for in silence.
"""

import base64
import binascii
import re
from typing import Annotated, Any, Literal, TypeAlias

import orjson
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    ValidationInfo,
    field_validator,
    model_validator,
)

from providers.prompt import (
    AnswerFormat,
    Effort,
    Image,
    Json,
    Message,
    Prompt,
    Tool,
    ToolCall,
    ToolChoice,
)

# Tags of unions begin with this, so that they can be left out of the name of a wrong field.
TAG = "~"
MOST_TOKENS = 1 << 20


def _encodable(value: Json) -> Json:
    """*value* if it can be sent on: without half of a character, or a number that JSON cannot say."""
    try:
        orjson.dumps(value)
    except orjson.JSONEncodeError as error:
        raise ValueError(f"cannot be written as JSON: {error}") from None
    return value


def _refused(why: str) -> BeforeValidator:
    """For what OpenAI offers and we do not: what says nothing is let through, the rest is refused."""

    def refuse(value: Any) -> None:
        if value:
            raise ValueError(why)

    return BeforeValidator(refuse)


def _whole(value: str) -> str:
    """*value* if it can be sent on: JSON may carry half of a character."""
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError("holds half of a character (a lone surrogate)") from None
    return value


Text = Annotated[str, AfterValidator(_whole)]
JsonObject = Annotated[dict[str, Any], AfterValidator(_encodable)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z0-9_.-]{1,128}$")]


class _Body(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")


def _known_kind(value: Any) -> Any:
    if value != "text":  # an image is never taken for a text
        raise ValueError("supported are 'text' and 'image_url'")
    return value


class TextPart(_Body):
    """A text inside a message."""

    type: Annotated[Literal["text"], BeforeValidator(_known_kind)]
    text: Text


class ImageUrl(_Body):
    """Where a picture is: in a data URL."""

    url: Text

    @property
    def image(self) -> Image:
        """The picture itself. Raises `ValueError` when the URL holds none."""
        found = re.fullmatch(r"data:(image/[a-z0-9.+-]+);base64,(.+)", self.url, re.DOTALL)
        if found is None:
            raise ValueError(
                "only images in data URLs are supported: data:image/png;base64,… (nothing is fetched)"
            )
        try:
            base64.b64decode(found[2], validate=True)
        except binascii.Error:
            raise ValueError("the data URL does not hold base64") from None
        return Image(found[1], found[2])


class ImagePart(_Body):
    """A picture inside a message."""

    type: Literal["image_url"]
    image_url: Annotated[ImageUrl, AfterValidator(lambda url: url.image and url)]


class RefusalPart(_Body):
    """What a model said in place of an answer, in an earlier turn."""

    type: Literal["refusal"]
    refusal: Text


def _kind_of_content(value: Any) -> str:
    return f"{TAG}parts" if isinstance(value, list) else f"{TAG}text"


def _kind_of_part(value: Any) -> str:
    kind = value.get("type") if isinstance(value, dict) else None
    return TAG + {"image_url": "image", "refusal": "refusal"}.get(str(kind), "text")


Part = Annotated[
    Annotated[TextPart, Tag(f"{TAG}text")]
    | Annotated[ImagePart, Tag(f"{TAG}image")]
    | Annotated[RefusalPart, Tag(f"{TAG}refusal")],
    Discriminator(_kind_of_part),
]
Content = Annotated[
    Annotated[Text, Tag(f"{TAG}text")] | Annotated[list[Part], Tag(f"{TAG}parts")],
    Discriminator(_kind_of_content),
]


class CalledFunction(_Body):
    """Which function was called, and with which arguments (JSON in a text)."""

    name: Name
    arguments: Text = "{}"


class GoogleExtra(_Body):
    """Gemini's own, on a tool call: the proof of the thought behind it."""

    thought_signature: Text = ""


class Extra(_Body):
    """What a provider added to a tool call, to be given back to it."""

    google: GoogleExtra | None = None


class AssistantsToolCall(_Body):
    """A call that the model asked for in an earlier turn."""

    id: Text
    type: Literal["function"] = "function"
    function: CalledFunction
    extra_content: Extra | None = None

    def call(self) -> ToolCall:
        """As the domain knows it."""
        google = self.extra_content.google if self.extra_content else None
        return ToolCall(
            id=self.id,
            name=self.function.name,
            arguments=self.function.arguments.strip() or "{}",
            signature=google.thought_signature if google else "",
        )


class Turn(_Body):
    """One message of the conversation."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: Content | None = None
    refusal: Text | None = None
    tool_calls: Annotated[list[AssistantsToolCall], Field(max_length=128)] | None = None
    tool_call_id: Text | None = None

    @model_validator(mode="after")
    def _has_what_its_role_needs(self) -> "Turn":
        if self.role == "tool" and not self.tool_call_id:
            raise ValueError("a message of role 'tool' needs a 'tool_call_id'")
        says_more = self.tool_calls or self.refusal
        if self.content is None and not (self.role == "assistant" and says_more):
            raise ValueError(f"a message of role '{self.role}' needs 'content'")
        if self.tool_calls and self.role != "assistant":
            raise ValueError("only a message of role 'assistant' may have 'tool_calls'")
        parts = self.content if isinstance(self.content, list) else ()
        if self.role != "user" and any(isinstance(part, ImagePart) for part in parts):
            raise ValueError("only a message of role 'user' may have images")
        if self.role != "assistant" and any(isinstance(part, RefusalPart) for part in parts):
            raise ValueError("only a message of role 'assistant' may have refusals")
        return self

    def message(self) -> Message:
        """As the domain knows it."""
        content = self.content or self.refusal or ""
        return Message(
            role="system" if self.role == "developer" else self.role,
            content=content if isinstance(content, str) else tuple(map(_part, content)),
            tool_calls=tuple(call.call() for call in self.tool_calls or ()),
            tool_call_id=self.tool_call_id or "",
        )


def _part(part: TextPart | ImagePart | RefusalPart) -> str | Image:
    if isinstance(part, ImagePart):
        return part.image_url.image
    return part.text if isinstance(part, TextPart) else part.refusal


class Function(_Body):
    """A function that the model may call."""

    name: Name
    description: Text | None = None
    parameters: JsonObject | None = None
    strict: bool | None = None


class FunctionTool(_Body):
    """A tool; only functions are supported."""

    type: Literal["function"]
    function: Function

    def tool(self) -> Tool:
        """As the domain knows it."""
        own = self.function
        return Tool(own.name, own.description or "", own.parameters, own.strict)


class NamedFunction(_Body):
    """The name of a function."""

    name: Name


class NamedToolChoice(_Body):
    """The one function that the model must call."""

    type: Literal["function"]
    function: NamedFunction


class JsonSchema(_Body):
    """The schema of the answer."""

    name: Name
    description: Text | None = None
    schema_: Annotated[JsonObject | None, Field(alias="schema")] = None
    strict: bool | None = None


class ResponseFormat(_Body):
    """Whether the answer has to be JSON, and by which schema."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchema | None = None

    @model_validator(mode="after")
    def _has_its_schema(self) -> "ResponseFormat":
        if self.type == "json_schema" and self.json_schema is None:
            raise ValueError("a format of type 'json_schema' needs a 'json_schema'")
        return self

    def answer_format(self) -> AnswerFormat | None:
        """As the domain knows it."""
        if self.type == "text":
            return None
        if self.json_schema is None or self.type == "json_object":
            return AnswerFormat()
        own = self.json_schema
        return AnswerFormat(own.schema_ or {}, own.name, own.description or "", own.strict)


class StreamOptions(_Body):
    """How an answer is streamed."""

    include_usage: bool | None = None


def _kind_of_stop(value: Any) -> str:
    return f"{TAG}words" if isinstance(value, list) else f"{TAG}word"


def _kind_of_choice(value: Any) -> str:
    return f"{TAG}named" if isinstance(value, dict) else f"{TAG}mode"


Stop = Annotated[
    Annotated[Text, Tag(f"{TAG}word")]
    | Annotated[list[Text], Field(max_length=4), Tag(f"{TAG}words")],
    Discriminator(_kind_of_stop),
]
Choice = Annotated[
    Annotated[Literal["none", "auto", "required"], Tag(f"{TAG}mode")]
    | Annotated[NamedToolChoice, Tag(f"{TAG}named")],
    Discriminator(_kind_of_choice),
]
Count: TypeAlias = Annotated[int, Field(ge=1, le=MOST_TOKENS)]
Penalty: TypeAlias = Annotated[float, Field(ge=-2, le=2)]
EXAMPLE: Json = {
    "model": "auto",
    "messages": [{"role": "user", "content": "Name three uses of an old sail."}],
}


class ChatRequest(_Body):
    """A request for a chat completion, as OpenAI defines it."""

    model_config = ConfigDict(json_schema_extra={"example": EXAMPLE})

    model: Text
    messages: Annotated[list[Turn], Field(min_length=1, max_length=2_000)]
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1)] | None = None
    max_tokens: Count | None = None
    max_completion_tokens: Count | None = None
    stop: Stop | None = None
    seed: Annotated[int, Field(ge=-(1 << 63), lt=1 << 63)] | None = None
    presence_penalty: Penalty | None = None
    frequency_penalty: Penalty | None = None
    tools: Annotated[list[FunctionTool], Field(max_length=128)] | None = None
    tool_choice: Choice | None = None
    parallel_tool_calls: bool | None = None
    response_format: ResponseFormat | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=20)] | None = None
    reasoning_effort: Effort | None = None
    n: Annotated[int, Field(ge=1, le=1, description="Only one answer at a time.")] | None = None
    modalities: list[Literal["text"]] | None = None
    audio: Annotated[None, _refused("answers in audio are not supported")] = None
    functions: Annotated[None, _refused("is no longer supported: use 'tools'")] = None
    function_call: Annotated[None, _refused("is no longer supported: use 'tool_choice'")] = None
    logit_bias: Annotated[None, _refused("is not supported: every model has its own tokens")] = None

    @field_validator("stream_options")
    @classmethod
    def _needs_stream(
        cls, options: StreamOptions | None, info: ValidationInfo
    ) -> StreamOptions | None:
        if options is not None and "stream" in info.data and not info.data["stream"]:
            raise ValueError("is only allowed when 'stream' is true")
        return options

    @field_validator("messages")
    @classmethod
    def _answers_every_call(cls, turns: list[Turn]) -> list[Turn]:
        """Every call has its answer right behind it: no provider takes a conversation without."""
        called, unanswered = set[str](), set[str]()
        for place, turn in enumerate(turns):
            if turn.role == "tool":
                if turn.tool_call_id not in called:
                    raise ValueError(
                        f"[{place}] of role 'tool' answers no call of the message before it:"
                        f" 'tool_call_id' is {turn.tool_call_id!r}"
                    )
                unanswered.discard(turn.tool_call_id)
                continue
            if unanswered:
                break
            called = {call.id for call in turn.tool_calls or ()}
            unanswered = set(called)
        if unanswered:
            raise ValueError(
                "a message with 'tool_calls' must be followed by messages of role 'tool' that answer"
                f" each of them: there is none for {min(unanswered)!r}"
            )
        return turns

    @field_validator("tool_choice")
    @classmethod
    def _chooses_among_tools(cls, chosen: Any, info: ValidationInfo) -> Any:
        names = {tool.function.name for tool in info.data.get("tools") or ()}
        if isinstance(chosen, NamedToolChoice) and chosen.function.name not in names:
            raise ValueError(f"no tool is called {chosen.function.name!r}")
        if chosen == "required" and not names:
            raise ValueError("is only allowed when 'tools' are given")
        return chosen

    @field_validator("top_logprobs")
    @classmethod
    def _needs_logprobs(cls, count: int | None, info: ValidationInfo) -> int | None:
        if count is not None and not info.data.get("logprobs"):
            raise ValueError("needs 'logprobs' to be true")
        return count

    def prompt(self) -> Prompt:
        """What is to be asked of a model."""
        stop = (self.stop,) if isinstance(self.stop, str) else tuple(self.stop or ())
        chosen = self.tool_choice
        if isinstance(chosen, NamedToolChoice):
            choice: ToolChoice | None = ToolChoice("required", chosen.function.name)
        else:
            choice = ToolChoice(chosen) if chosen else None
        return Prompt(
            messages=tuple(turn.message() for turn in self.messages),
            temperature=self.temperature,
            top_p=self.top_p,
            max_tokens=self.max_completion_tokens or self.max_tokens,
            stop=tuple(filter(None, stop)),
            seed=self.seed,
            presence_penalty=self.presence_penalty,
            frequency_penalty=self.frequency_penalty,
            tools=tuple(tool.tool() for tool in self.tools or ()),
            tool_choice=choice if self.tools else None,
            parallel_tool_calls=self.parallel_tool_calls if self.tools else None,
            answer_format=self.response_format.answer_format() if self.response_format else None,
            logprobs=self.logprobs or None,
            top_logprobs=self.top_logprobs,
            reasoning_effort=self.reasoning_effort,
        )
