"""Server-sent events read incrementally, byte by byte if need be, as the HTML standard frames them.

https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
"""

import codecs
from dataclasses import dataclass, field

from providers.errors import FailureKind, ProviderError

LONGEST_EVENT = 1 << 20  # characters; a reasoning model may put 600 kB into one line


@dataclass(slots=True)
class EventReader:
    """Turns the bytes of an event stream into the data of its events.

    Takes line feeds, carriage returns and both; joins several `data` lines; skips comments. Lines
    that belong to no field are kept in `stray`: Gemini has sent raw JSON errors in its streams.
    """

    stray: str = ""
    _decoder: codecs.IncrementalDecoder = field(
        default_factory=lambda: codecs.getincrementaldecoder("utf-8-sig")(errors="replace")
    )
    _buffer: str = ""
    _data: list[str] = field(default_factory=list)

    def feed(self, chunk: bytes) -> list[str]:
        """The data of every event that *chunk* completes.

        Raises `ProviderError` (`BAD_BODY`) when an event is longer than a mebibyte.
        """
        self._buffer += self._decoder.decode(chunk)
        if self._buffer.endswith("\r"):  # it may be the first half of a CRLF
            text, self._buffer = self._buffer[:-1], "\r"
        else:
            text, self._buffer = self._buffer, ""
        *lines, rest = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        self._buffer = rest + self._buffer
        events = [data for line in lines if (data := self._take(line)) is not None]
        self._check_length(len(self._buffer))
        return events

    def rest(self) -> str:
        """What belonged to no field when the stream ended: a JSON error need not end its last line."""
        unended = self._buffer if self.stray or self._buffer.startswith(("{", "[")) else ""
        return self.stray + unended

    def _check_length(self, unread: int = 0) -> None:
        if unread + sum(map(len, self._data)) > LONGEST_EVENT:
            raise ProviderError(FailureKind.BAD_BODY)

    def _take(self, line: str) -> str | None:
        """The data of the event that *line* ends, if it ends one."""
        if not line:
            self._check_length()
            data, self._data = "\n".join(self._data), []
            return data or None
        name, _, value = line.partition(":")
        if name == "data":
            self._data.append(value.removeprefix(" "))
        elif name not in ("", "event", "id", "retry") and len(self.stray) < LONGEST_EVENT:
            self.stray += line + "\n"
        return None
