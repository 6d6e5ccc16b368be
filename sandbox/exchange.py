"""One HTTP exchange as plain values: a `Call` comes in, a `Reply` goes out. No I/O happens here."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

JsonObject = dict[str, Any]

JSON_TYPE = "application/json"
HTML_TYPE = "text/html; charset=UTF-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request to one stand-in: `path` is decoded and starts below the stand-in's prefix."""

    method: str
    path: str
    now: float
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)  # names in lower case
    body: bytes = b""
    open_calls: int = 0  # calls of the same stand-in that are being answered at this moment

    def data(self) -> object:
        """The body as JSON; None when it is empty or not JSON."""
        try:
            return json.loads(self.body) if self.body else None
        except ValueError:
            return None

    def fields(self) -> JsonObject:
        """The body as a JSON object; empty when it is anything else."""
        data = self.data()
        return data if isinstance(data, dict) else {}

    def form(self) -> dict[str, str]:
        """The body as a posted form."""
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a stand-in answers; a streamed reply is delivered chunk by chunk."""

    status: int
    chunks: tuple[bytes, ...]
    headers: Mapping[str, str] = field(default_factory=dict)
    streamed: bool = False
    ok: bool = True  # False when the reply is a failure, whatever its status says

    @property
    def body(self) -> bytes:
        """The whole body."""
        return b"".join(self.chunks)


# A named error: a reply, or what makes one for a model at a time.
ErrorRow = Reply | Callable[[str, float], Reply]


def made(row: ErrorRow, model: str, now: float) -> Reply:
    """The reply of a named error."""
    return row if isinstance(row, Reply) else row(model, now)


class Refused(Exception):
    """Ends the answering of a call early, with the reply it carries."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


def dump(data: object) -> bytes:
    """JSON as the providers write it: compact, UTF-8."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()


def reply_json(
    status: int,
    data: object,
    headers: Mapping[str, str] | None = None,
    *,
    ok: bool | None = None,
    content_type: str = JSON_TYPE,
) -> Reply:
    """A JSON body; it counts as a success below status 400 unless told otherwise."""
    return Reply(
        status=status,
        chunks=(dump(data),),
        headers={"content-type": content_type, **(headers or {})},
        ok=status < 400 if ok is None else ok,
    )


def reply_html(status: int, html: str, *, ok: bool = False) -> Reply:
    """An HTML page, which is what an edge in front of a provider sends when it fails."""
    return Reply(status=status, chunks=(html.encode(),), headers={"content-type": HTML_TYPE}, ok=ok)


def reply_stream(
    chunks: Sequence[bytes],
    headers: Mapping[str, str] | None = None,
    *,
    ok: bool = True,
    content_type: str = "text/event-stream",
) -> Reply:
    """A streamed body with status 200."""
    return Reply(
        status=200,
        chunks=tuple(chunks),
        headers={"content-type": content_type, **(headers or {})},
        streamed=True,
        ok=ok,
    )


def event(data: object, end: str = "\n\n") -> bytes:
    """One server-sent event."""
    return b"data: " + dump(data) + end.encode()
