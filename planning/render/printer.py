"""PDF and DOCX off the event loop: warm processes that render one document after the other.

A rendering is all computation, and a thread could not be stopped. So it runs in a process of its own
that has a limit of memory and no secrets, that is killed when it takes too long, and that is replaced
after some documents. The first document pays for the start, about half a second.
"""

import asyncio
import contextlib
import json
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from planning.content import Document
from planning.render.errors import RenderFailed, TookTooLong, TooLarge
from planning.render.jsonform import document_as_json
from planning.render.worker import LENGTH, TOLD

Form = Literal["pdf", "docx"]
PageSize = Literal["A4", "Letter"]

ROOT = Path(__file__).parents[2]
LARGEST_ORDER = 4 << 20  # bytes of JSON; a plan has about 100,000
LARGEST_FILE = 64 << 20  # bytes


@dataclass(slots=True)
class _Worker:
    """A process, the loop that it answers to, and how many documents it has rendered."""

    process: asyncio.subprocess.Process
    loop: asyncio.AbstractEventLoop
    rendered: int = 0


@dataclass(slots=True)
class Printer:
    """Renders documents in at most *workers* processes at a time; others wait their turn.

    *extra_font* is the path of a font for scripts that ours lack. A process is killed after
    *timeout_s* seconds on one document, has *memory_mb* megabytes, and is replaced after
    *recycle_after* documents.
    """

    extra_font: str = ""
    workers: int = 1
    timeout_s: float = 20.0
    memory_mb: int = 512
    recycle_after: int = 50
    _idle: list[_Worker] = field(default_factory=list)
    _turns: asyncio.Semaphore | None = None
    _turns_of: asyncio.AbstractEventLoop | None = None

    async def pdf(self, document: Document, *, page_size: PageSize = "A4") -> bytes:
        """*document* as a PDF file.

        Raises `Unprintable`, `UnusableFont`, `TooLarge`, `TookTooLong` or `RenderFailed`.
        """
        return await self._render("pdf", document, page_size)

    async def docx(self, document: Document, *, page_size: PageSize = "A4") -> bytes:
        """*document* as a DOCX file. Raises what `pdf` does, except `Unprintable`."""
        return await self._render("docx", document, page_size)

    async def warm_up(self) -> None:
        """Have a process ready, so that the first document need not wait for it."""
        if not self._idle:
            self._idle.append(await self._start())

    async def aclose(self) -> None:
        """End the processes that are idle."""
        while self._idle:
            await _end(self._idle.pop())

    async def _render(self, form: Form, document: Document, page_size: PageSize) -> bytes:
        order = json.dumps(
            {
                "form": form,
                "document": document_as_json(document),
                "page_size": page_size,
                "extra_font": _absolute(self.extra_font),
            }
        ).encode()
        if len(order) > LARGEST_ORDER:
            raise TooLarge(f"The document has more text than can be rendered as {form.upper()}.")
        async with self._turn():
            return await self._asked(order)

    def _turn(self) -> asyncio.Semaphore:
        """Whose turn it is, on the loop that runs."""
        loop = asyncio.get_running_loop()
        if self._turns is None or self._turns_of is not loop:
            self._turns, self._turns_of = asyncio.Semaphore(self.workers), loop
        return self._turns

    async def _asked(self, order: bytes) -> bytes:
        """What a process makes of *order*; one that fails or is not awaited to its end is not kept."""
        worker = await self._worker()
        try:
            async with asyncio.timeout(self.timeout_s):
                answer = await _exchange(worker.process, order)
        except TimeoutError:
            await _end(worker)
            raise TookTooLong(f"The rendering took longer than {self.timeout_s:g} s.") from None
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.LimitOverrunError):
            await _end(worker)
            raise RenderFailed("The renderer broke off.") from None
        except BaseException:
            await asyncio.shield(_end(worker))
            raise
        worker.rendered += 1
        if worker.rendered < self.recycle_after:
            self._idle.append(worker)
        else:
            await _end(worker)
        return _file(answer)

    async def _worker(self) -> _Worker:
        """A process that is alive and answers to the loop that runs."""
        while self._idle:
            worker = self._idle.pop()
            if worker.process.returncode is None and worker.loop is asyncio.get_running_loop():
                return worker
            await _end(worker)
        return await self._start()

    async def _start(self) -> _Worker:
        paths = os.pathsep.join([str(ROOT), *filter(None, sys.path)])
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "planning.render.worker",
                str(self.memory_mb),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                cwd=ROOT,
                env={"PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"},  # and no secrets
            )
        except OSError as error:
            raise RenderFailed(f"The renderer could not be started ({error.strerror}).") from None
        return _Worker(process, asyncio.get_running_loop())


def _absolute(path: str) -> str:
    """*path* as a process sees it that works in another folder."""
    return str(Path(path).absolute()) if path else ""


async def _exchange(process: asyncio.subprocess.Process, order: bytes) -> bytes:
    """Send *order*, and read the answer."""
    if process.stdin is None or process.stdout is None:
        raise RenderFailed("The renderer has no way in or out.")
    process.stdin.write(len(order).to_bytes(LENGTH) + order)
    await process.stdin.drain()
    length = int.from_bytes(await process.stdout.readexactly(LENGTH))
    if length > LARGEST_FILE:
        raise TooLarge("The file is larger than may be sent.")
    return await process.stdout.readexactly(length)


def _file(answer: bytes) -> bytes:
    """The file in *answer*. Raises the error that it tells of."""
    line, _, file = answer.partition(b"\n")
    told = json.loads(line)
    if not told["ok"]:
        raise TOLD[told["kind"]](told["message"])
    return file


async def _end(worker: _Worker) -> None:
    """Kill a process, and wait until it is gone."""
    with contextlib.suppress(ProcessLookupError):
        worker.process.kill()
    if worker.loop is asyncio.get_running_loop():
        await worker.process.wait()
