"""The log keeps keys to itself, each of several by itself."""

import logging

import pytest

from endpoints.logs import Redact


def shown(secrets: tuple[str, ...], message: str, *args: object) -> str:
    """What the log makes of a message."""
    record = logging.LogRecord("trimaran", logging.INFO, __file__, 1, message, args, None)
    Redact(secrets).filter(record)
    return record.getMessage()


@pytest.mark.parametrize("key", ["first-key", "second-key"])
def test_each_of_several_keys_is_replaced(key: str) -> None:
    """Wherever in a message it stands."""
    assert (
        shown(("first-key", "second-key"), "sent %s to x", f"?key={key}&") == "sent ?key=***& to x"
    )


def test_a_key_that_begins_like_another_leaves_no_rest() -> None:
    """The longer one is looked for first."""
    assert shown(("sk-1234", "sk-1234-5678"), "sk-1234-5678 and sk-1234") == "*** and ***"


def test_what_is_too_short_to_be_a_key_does_not_spoil_the_log() -> None:
    """`GEMINI_API_KEY=a,b` is a way to try things out."""
    assert shown(("a", "b"), "📡 Attempting 1 provider(s)") == "📡 Attempting 1 provider(s)"
