"""The log: the guide's lines as plain text, or one JSON object a line; keys never appear in it."""

import logging
import sys
import traceback
from collections.abc import Sequence

import orjson

from endpoints.middleware import request_id
from notices import Answered, Failed, Notice, fields, of

log = logging.getLogger("trimaran.requests")
LONGEST_MESSAGE = 2_000  # characters
SHORTEST_SECRET = 4  # characters
OTHERS = ("uvicorn.error", "asyncio")  # log what nobody caught


class Redact(logging.Filter):
    """Renders the message once, on one line, with every secret replaced."""

    def __init__(self, secrets: Sequence[str]) -> None:
        super().__init__()
        # The longest first: one key may be the beginning of another. What is too short to be a key
        # is not looked for, since it would be found in every other word.
        long_enough = (secret for secret in secrets if len(secret) >= SHORTEST_SECRET)
        self.secrets = tuple(sorted(long_enough, key=len, reverse=True))

    def filter(self, record: logging.LogRecord) -> bool:
        """See `logging.Filter.filter`."""
        record.msg, record.args = self.shown(record.getMessage())[:LONGEST_MESSAGE], ()
        return self.clear_traceback(record)

    def clear_traceback(self, record: logging.LogRecord) -> bool:
        """Render the traceback of *record*, if it has one, without secrets. A filter as well."""
        if record.exc_info:
            record.exc_text = self.cleared("".join(traceback.format_exception(*record.exc_info)))
        return True

    def shown(self, text: str) -> str:
        """*text* without secrets, on one line."""
        text = self.cleared(text)
        return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)

    def cleared(self, text: str) -> str:
        """*text* without secrets."""
        for secret in self.secrets:
            text = text.replace(secret, "***")
        return text


CLEARS = Redact.clear_traceback


class JsonLines(logging.Formatter):
    """A record as one JSON object, with the facts of what it tells if they are known."""

    def __init__(self, redact: Redact) -> None:
        super().__init__()
        self.redact = redact

    def format(self, record: logging.LogRecord) -> str:
        """See `logging.Formatter.format`."""
        told: dict[str, object] = {
            "time": record.created,
            "level": record.levelname.lower(),
            "logger": record.name,
            "request_id": request_id.get(),
            "message": record.getMessage(),
        }
        if notice := getattr(record, "notice", None):
            told |= {n: self._cleared(value) for n, value in fields(notice).items()}
        if record.exc_text:
            told["exception"] = record.exc_text
        return orjson.dumps(told).decode()

    def _cleared(self, value: object) -> object:
        return self.redact.shown(value)[:LONGEST_MESSAGE] if isinstance(value, str) else value


def tell(notice: Notice) -> None:
    """A line for each request that has ended: the log's own text has none. See `notices.Listener`."""
    if isinstance(notice, Answered | Failed):
        ended = "answered" if isinstance(notice, Answered) else "not answered"
        log.info("%s was %s", notice.name, ended, extra=of(notice))


def configure(level: str, form: str, secrets: Sequence[str]) -> None:
    """Send our own log to standard error; calling it again replaces what was configured."""
    handler = logging.StreamHandler(sys.stderr)
    redact = Redact(secrets)
    handler.setFormatter(JsonLines(redact) if form == "json" else logging.Formatter("%(message)s"))
    handler.addFilter(redact)
    log = logging.getLogger("trimaran")
    log.handlers = [handler]
    log.setLevel(level.upper())
    log.propagate = False
    for name in OTHERS:
        other = logging.getLogger(name)
        for earlier in [f for f in other.filters if getattr(f, "__func__", f) is CLEARS]:
            other.removeFilter(earlier)
        other.addFilter(redact.clear_traceback)
