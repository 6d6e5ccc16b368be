"""The log: the guide's lines as plain text, or one JSON object a line; keys never appear in it."""

import logging
import sys
from collections.abc import Sequence

import orjson

from endpoints.middleware import request_id

LONGEST_MESSAGE = 2_000  # characters
SHORTEST_SECRET = 4  # characters


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
        message = record.getMessage()
        for secret in self.secrets:
            message = message.replace(secret, "***")
        shown = (c if c.isprintable() else c.encode("unicode_escape").decode() for c in message)
        record.msg, record.args = "".join(shown)[:LONGEST_MESSAGE], ()
        return True


class JsonLines(logging.Formatter):
    """A record as one JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        """See `logging.Formatter.format`."""
        return orjson.dumps(
            {
                "time": record.created,
                "level": record.levelname.lower(),
                "logger": record.name,
                "request_id": request_id.get(),
                "message": record.getMessage(),
            }
        ).decode()


def configure(level: str, form: str, secrets: Sequence[str]) -> None:
    """Send our own log to standard error; calling it again replaces what was configured."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if form == "json" else logging.Formatter("%(message)s"))
    handler.addFilter(Redact(secrets))
    log = logging.getLogger("trimaran")
    log.handlers = [handler]
    log.setLevel(level.upper())
    log.propagate = False
