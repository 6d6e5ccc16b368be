"""Untrusted text inside a prompt: cleaned of what imitates a prompt, between fences that nobody can guess.

What a founder wrote and what a search found are data. A fence is made from the text itself with a
secret of this service: it is the same each time, so that equal prompts stay equal and are answered
from the cache, yet whoever wrote the text cannot know it and so cannot close it.
"""

import hashlib
import hmac
import logging
import re
import secrets
import unicodedata
from dataclasses import dataclass, field

from storage import Store

log = logging.getLogger("trimaran.engine")

SECRET = "secret:fences"  # noqa: S105 - the name of the state, not the secret
END = "<<end of "  # what no text outside a prompt may hold
JOINERS = "\u200c\u200d"  # letters of Persian, Hindi and others depend on them
# What models take for a turn or a part of the prompt: `<|im_start|>`, `</source>`, `[INST]`, `<<SYS>>`.
LIKE_A_TAG = re.compile(r"<(?=[\w/|!<])|(?<=[\w/|>])>")
LIKE_A_SLOT = re.compile(r"\{(?=\{)|\}(?=\})")
LIKE_A_MARK = re.compile(r"\[\s*(S?\d{1,3}(?:\s*[,;]\s*S?\d{1,3})*)\s*\]", re.I)
LIKE_A_TURN = re.compile(r"\[(/?INST)\]|^(\s*)(system|assistant|user|developer)(\s*:)", re.I | re.M)


@dataclass(frozen=True, slots=True)
class Fences:
    """Puts untrusted text between fences made with *secret*."""

    secret: bytes = field(repr=False)

    @classmethod
    def of(cls, store: Store) -> "Fences":
        """Those of the service whose state is in *store*; all processes and restarts have the same.

        A store that fails costs equal prompts their equality, not their safety.
        """
        kept = [secrets.token_hex(32).encode()]

        def keep(held: bytes | None) -> bytes | None:
            if held:
                kept[0] = held
            return None if held else kept[0]

        try:
            store.update(SECRET, keep)
        except OSError as error:
            log.warning("the secret of the fences could not be kept: %s", error)
        return cls(kept[0])

    def around(self, kind: str, text: str) -> str:
        """*text* as data of a *kind* ("idea", "sources") between two fences."""
        inside = neutral(text)
        mark = self.mark(f"{kind}\n{inside}")[:16]
        return f"<<{kind} {mark}>>\n{inside}\n{END}{kind} {mark}>>"

    def mark(self, text: str) -> str:
        """A name for *text* that only this service can make: 64 hexadecimal digits."""
        return hmac.new(self.secret, text.encode(), hashlib.sha256).hexdigest()


def neutral(text: str) -> str:
    """*text* without invisible characters, and with whatever looks like a tag or a turn made harmless."""
    visible = "".join(c for c in text if c in "\n\t" or c in JOINERS or not _is_hidden(c))
    untagged = LIKE_A_TAG.sub(lambda sign: "‹" if sign[0] == "<" else "›", visible)
    return LIKE_A_TURN.sub(
        lambda turn: f"({turn[1]})" if turn[1] else f"{turn[2]}“{turn[3]}”{turn[4]}", untagged
    )


def said(text: str) -> str:
    """*text* of a founder or a stranger, in which nothing passes for one of our slots or marks."""
    apart = LIKE_A_SLOT.sub(lambda brace: f"{brace[0]} ", text)
    return LIKE_A_MARK.sub(r"(\1)", apart)


def _is_hidden(character: str) -> bool:
    """Whether *character* is a control, an invisible mark, a half of one, or of private use."""
    return unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn")
