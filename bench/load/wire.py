"""What is asked, and what the stand-ins answer: one question and one text in each provider's shape."""

import json
from dataclasses import dataclass, field

MARK = "@" * 20  # each request has a number of its own here, so that no two are equal
SHORT_ANSWER = (
    200  # tokens; the service asks for an answer this short as plain JSON, not as a stream
)
TEXT = (
    "Begin with one clear aim, name the people whom you serve, and choose three goals that can be "
    "measured. Register the association, open its account and find a small board. "
) * 4
QUESTION = (
    f"Request {MARK}. Name possible investors for the idea below, at least two of each kind, as a "
    "list in Markdown. Idea: a boat that brings books and a workshop to the villages along the "
    "river, with lessons for teachers, a fair in the dry season, and repairs of donated computers. "
    "Goals: forty schools in two years, a hundred teachers, less than ten dollars for each child."
)
SYSTEM = "You advise people who found charities. Answer briefly and say what you are sure of."
EVENTS = 100  # pieces of a streamed answer
PIECE = " word"


def dump(value: object) -> str:
    """*value* as the JSON that goes over the wire."""
    return json.dumps(value, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Ask:
    """A request: what is sent where, apart from the port. The body holds `MARK`."""

    body: str
    path: str = "/v1/chat/completions"
    headers: dict[str, str] = field(default_factory=dict)

    def raw(self, port: int) -> bytes:
        """The whole HTTP request."""
        given = {"Host": f"127.0.0.1:{port}", "Content-Type": "application/json", **self.headers}
        lines = [f"{name}: {value}\r\n" for name, value in given.items()]
        length = f"Content-Length: {len(self.body)}\r\n\r\n"
        return f"POST {self.path} HTTP/1.1\r\n{''.join(lines)}{length}{self.body}".encode()


def question(
    model: str = "auto", *, stream: bool = False, max_tokens: int | None = SHORT_ANSWER
) -> str:
    """The body of a chat request to *model*."""
    turns = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": QUESTION}]
    body: dict[str, object] = {"model": model, "messages": turns, "temperature": 0.7}
    if max_tokens is not None:
        body["max_tokens"] = max_tokens
    if stream:
        body["stream"] = True
    return dump(body)


def gemini_reply(text: str = TEXT, finish: str | None = "STOP") -> str:
    """A `generateContent` reply, which is an event of a stream as well."""
    candidate: dict[str, object] = {
        "content": {"parts": [{"text": text}], "role": "model"},
        "index": 0,
    }
    if finish:
        candidate["finishReason"] = finish
    usage = {"promptTokenCount": 120, "candidatesTokenCount": 140, "totalTokenCount": 260}
    names = {"modelVersion": "bench", "responseId": "r" * 24}
    return dump({"candidates": [candidate], "usageMetadata": usage, **names})


def openai_reply() -> str:
    """A `chat.completion`."""
    message = {"role": "assistant", "content": TEXT, "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    usage = {"prompt_tokens": 120, "completion_tokens": 140, "total_tokens": 260}
    return dump({**_openai("chat.completion"), "choices": [choice], "usage": usage})


def openai_chunk(text: str, finish: str | None = None) -> str:
    """A `chat.completion.chunk`."""
    choice = {"index": 0, "delta": {"content": text} if text else {}, "finish_reason": finish}
    return dump({**_openai("chat.completion.chunk"), "choices": [choice]})


def gemini_events(count: int = EVENTS) -> list[str]:
    """The events of a streamed answer as Gemini frames them: blank lines are CRLF."""
    replies = [gemini_reply(PIECE, None)] * (count - 1) + [gemini_reply(PIECE)]
    return [f"data: {reply}\r\n\r\n" for reply in replies]


def openai_events(count: int = EVENTS) -> list[str]:
    """The same as OpenAI frames them, with the end on its own."""
    chunks = [openai_chunk(PIECE)] * count
    events = [f"data: {chunk}\n\n" for chunk in chunks]
    return [*events, f"data: {openai_chunk('', 'stop')}\n\n", "data: [DONE]\n\n"]


def refusal(status: int) -> str:
    """Gemini's body of a 503 or a 429."""
    word = {503: "UNAVAILABLE", 429: "RESOURCE_EXHAUSTED"}[status]
    return dump({"error": {"code": status, "message": "Not now.", "status": word}})


def text_of(reply: bytes) -> str:
    """The text of a `chat.completion`. Raises `ValueError` or `LookupError` where there is none."""
    return str(json.loads(reply)["choices"][0]["message"]["content"])


def _openai(kind: str) -> dict[str, object]:
    return {"id": "chatcmpl-" + "0" * 24, "object": kind, "created": 1760000000, "model": "bench"}
