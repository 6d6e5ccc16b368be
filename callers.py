"""Who is asking: the keys that callers show, and what their answers are kept under."""

import hashlib
import re
from contextvars import ContextVar
from dataclasses import dataclass

ENTRY = re.compile(
    r"(?:(?!sha256:)(?P<name>[\w-]{1,32}):)?(?:sha256:(?P<digest>[0-9a-f]{64})|(?P<secret>[\w-]{16,128}))",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Caller:
    """*name* tells callers apart; answers are shared among those of one *scope* (empty: everybody)."""

    name: str = ""
    scope: str = ""

    def scoped(self, key: str) -> str:
        """*key* as it is kept for this caller: nobody of another scope can hit it."""
        return f"{self.scope}/{key}" if self.scope else key


CALLER: ContextVar[Caller] = ContextVar("caller", default=Caller())  # noqa: B039 - frozen


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key that callers may show: only its SHA-256 is kept, in hex."""

    name: str
    digest: str

    @classmethod
    def read(cls, entry: str) -> "ApiKey":
        """A key as it is configured: `KEY`, `sha256:HEX`, or either with `NAME:` before it.

        Raises `ValueError` for one that is malformed or too short to be a secret.
        """
        found = ENTRY.fullmatch(entry)
        if found is None:
            raise ValueError(
                "an API key is [NAME:]KEY or [NAME:]sha256:HEX; KEY has 16 letters, digits, - and _"
                " or more (openssl rand -hex 24)"
            )
        digest = found["digest"] or digest_of(found["secret"].encode())
        return cls(found["name"] or digest[:8], digest)


def digest_of(secret: bytes) -> str:
    """The SHA-256 of *secret*, in hex."""
    return hashlib.sha256(secret).hexdigest()
