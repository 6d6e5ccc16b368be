"""The process that sets PDF and DOCX files: it reads a document, writes a file, and waits for the next.

It has no secret in its environment, limited memory, and nothing to do with the network. A message is
its length in four bytes and then that many bytes: JSON on the way in, on the way out JSON of a line
that tells how it went, followed by the file.
"""

import contextlib
import json
import sys
from typing import IO, Any

from planning.render.errors import RenderError, RenderFailed, Unprintable, UnusableFont

LENGTH = 4  # bytes of the length before a message
TOLD: dict[str, type[RenderError]] = {
    "unprintable": Unprintable,
    "unusable-font": UnusableFont,
    "failed": RenderFailed,
}
NAMES = {kind: name for name, kind in TOLD.items()}


def serve(memory_mb: int, source: IO[bytes], target: IO[bytes]) -> None:
    """Render what *source* asks for until it ends, in at most *memory_mb* megabytes."""
    _limit_memory(memory_mb)
    _warm_up()
    while order := read_message(source):
        answer = _answer(json.loads(order))
        target.write(len(answer).to_bytes(LENGTH) + answer)
        target.flush()


def read_message(source: IO[bytes]) -> bytes:
    """The next message; empty at the end."""
    length = source.read(LENGTH)
    return source.read(int.from_bytes(length)) if len(length) == LENGTH else b""


def _answer(order: dict[str, Any]) -> bytes:
    """The line that tells how it went, and the file."""
    try:
        return b'{"ok": true}\n' + _render(order)
    except RenderError as error:
        return _line(NAMES.get(type(error), "failed"), str(error))
    except MemoryError:
        return _line("failed", "the document needs more memory than a rendering may have")
    except Exception as error:  # noqa: BLE001 - the next order must find this process alive
        return _line("failed", f"the document could not be rendered ({type(error).__name__})")


def _render(order: dict[str, Any]) -> bytes:
    from planning.render.docx import docx
    from planning.render.jsonform import document_from_json
    from planning.render.pdf import pdf

    document = document_from_json(order["document"])
    render = {"pdf": pdf, "docx": docx}[order["form"]]
    return render(document, page_size=order["page_size"], extra_font=order["extra_font"])


def _line(kind: str, message: str) -> bytes:
    return json.dumps({"ok": False, "kind": kind, "message": message}).encode() + b"\n"


def _limit_memory(megabytes: int) -> None:
    """Let this process have no more than *megabytes* of address space, where systems can do that."""
    with contextlib.suppress(ImportError, OSError, ValueError):  # not on every system
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20, megabytes << 20))


def _warm_up() -> None:
    """Import what every rendering needs, before the first is asked for."""
    import planning.render.docx
    import planning.render.pdf  # noqa: F401 - imported to be there


if __name__ == "__main__":
    serve(int(sys.argv[1]), sys.stdin.buffer, sys.stdout.buffer)
