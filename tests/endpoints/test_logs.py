"""The log keeps keys to itself, each of several by itself."""

import io
import logging
import sys
from collections.abc import Iterator

import orjson
import pytest

from answers import Origin
from endpoints import logs
from endpoints.logs import Redact
from failover import Attempt
from notices import Answered, Failed, Tried, Trying, Waiting, fields, of
from providers.completion import Usage
from providers.errors import FailureKind

BAD = Attempt("groq", "Groq", "m", "m", 0.1, FailureKind.OVERLOADED, "overloaded (503)")
GOOD = Attempt("gemini", "Google Gemini", "flash", "flash", 0.4)


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


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What is logged as JSON, with one secret; afterwards the loggers are as before."""
    own = logging.getLogger("trimaran")
    before = own.handlers, own.level, own.propagate
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    logs.configure("info", "json", ("very-secret-key",))
    yield stream
    own.handlers, own.level, own.propagate = before
    for name in logs.OTHERS:
        logging.getLogger(name).filters.clear()


@pytest.mark.parametrize(
    ("notice", "facts"),
    [
        (Trying("chat", "groq", "m"), {"event": "trying", "provider": "groq", "model": "m"}),
        (Tried("chat", BAD), {"event": "tried", "failure": "overloaded", "elapsed_s": 0.1}),
        (
            Tried("chat", GOOD, Usage(10, 20), first_token_s=0.2),
            {"failure": None, "tokens_in": 10, "tokens_out": 20, "first_token_s": 0.2},
        ),
        (Waiting("chat", 3.0), {"event": "waiting", "wait_s": 3.0}),
        (
            Answered("chat", Origin(provider="gemini", model="flash", cache="HIT"), 0.6),
            {"event": "answered", "cache": "HIT", "elapsed_s": 0.6, "attempts": 0},
        ),
        (
            Failed("chat", "RateLimited", "next slot in 9 s", (BAD,), 0.1),
            {"event": "failed", "error": "RateLimited", "attempts": 1},
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_notice_is_a_record_with_fields(
    written: io.StringIO, notice: Trying | Tried | Waiting | Answered | Failed, facts: object
) -> None:
    """Beside the line that people read."""
    logging.getLogger("trimaran.router").info("A line for %s", "people", extra=of(notice))
    (line,) = written.getvalue().splitlines()
    record = orjson.loads(line)
    assert record["message"] == "A line for people"
    assert isinstance(facts, dict)
    assert facts.items() <= record.items()
    assert fields(notice).items() <= record.items()


def test_a_request_that_ends_is_one_record(written: io.StringIO) -> None:
    """What has lines of its own already has no second one."""
    logs.tell(Trying("chat", "groq", "m"))
    logs.tell(Tried("chat", GOOD))
    logs.tell(Answered("chat", Origin(provider="gemini", model="flash"), 0.6))
    logs.tell(Failed("chat", "RateLimited", "because of very-secret-key", (), 0.1))
    answered, failed = map(orjson.loads, written.getvalue().splitlines())
    assert (answered["event"], answered["request_id"]) == ("answered", "-")
    assert (failed["event"], failed["reason"]) == ("failed", "because of ***")


@pytest.mark.parametrize("forged", ["\r\n✅ all is well", "\x1b[31mred", "\u2028next", "\x00"])
def test_m03_what_a_caller_says_stays_on_one_line(written: io.StringIO, forged: str) -> None:
    """It is one record, and shows what it was."""
    logging.getLogger("trimaran.router").info("A line for %s", f"Boat{forged}")
    assert len(written.getvalue().splitlines()) == 1
    shown = orjson.loads(written.getvalue())["message"]
    assert shown == "A line for Boat" + "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode() for c in forged
    )
    assert shown.isprintable()


@pytest.mark.parametrize("name", ["trimaran.router", *logs.OTHERS])
def test_i13_no_traceback_holds_a_secret(
    written: io.StringIO, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever logs what nobody caught."""
    try:
        raise ValueError("refused: very-secret-key")
    except ValueError:
        logging.getLogger(name).exception("failed")
    told = written.getvalue() + caplog.text
    assert "very-secret-key" not in told
    assert "refused: ***" in told


@pytest.mark.usefixtures("written")
def test_configuring_again_replaces_what_was_configured() -> None:
    """No line is doubled."""
    for _ in range(3):
        logs.configure("info", "json", ("very-secret-key",))
    assert len(logging.getLogger("trimaran").handlers) == 1
    assert [len(logging.getLogger(name).filters) for name in logs.OTHERS] == [1, 1]
