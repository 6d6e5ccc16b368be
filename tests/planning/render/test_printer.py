"""Renderings in processes of their own: kept warm, limited, killed when they take too long."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from planning.content import Document, Prose, Section
from planning.render.errors import RenderFailed, TookTooLong, TooLarge, Unprintable, UnusableFont
from planning.render.pdf import pdf
from planning.render.printer import Printer
from tests.planning.render import languages, sample
from tests.planning.render.opened import opened

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def printing(**options: Any) -> AsyncIterator[Printer]:
    """A printer that ends its processes."""
    printer = Printer(**options)
    try:
        yield printer
    finally:
        await printer.aclose()


def process(printer: Printer) -> int:
    """The number of its idle process."""
    (worker,) = printer._idle
    return worker.process.pid


def of_process(printer: Printer, file: str) -> bytes:
    """What the system says of its process."""
    return Path(f"/proc/{process(printer)}/{file}").read_bytes()


def short(text: str = "Short.") -> Document:
    """A document that is quickly rendered."""
    return sample.plan(sections=(Section("x", "X", (Prose(text),)),), references=(), questions=())


def endless() -> Document:
    """A document that takes longer than anybody waits."""
    return short("word " * 700_000)


async def test_both_forms_come_from_one_warm_process() -> None:
    async with printing() as printer:
        file = await printer.pdf(languages.document("ar"))
        first = process(printer)
        assert file == pdf(languages.document("ar"))
        assert (await printer.docx(languages.document("ar")))[:2] == b"PK"
        assert process(printer) == first


async def test_the_event_loop_goes_on_meanwhile() -> None:
    async with printing() as printer:
        await printer.warm_up()
        rendering = asyncio.create_task(printer.pdf(sample.plan()))
        turns = 0
        while not rendering.done():
            await asyncio.sleep(0.001)
            turns += 1
        assert len(opened(await rendering).pages) >= 15
        assert turns > 20  # it would be one if the rendering held the loop


async def test_a_process_is_replaced_after_some_documents() -> None:
    async with printing(recycle_after=2) as printer:
        await printer.pdf(short())
        first = process(printer)
        await printer.pdf(short())
        assert printer._idle == []
        await printer.pdf(short())
        assert process(printer) != first


async def test_a_rendering_that_takes_too_long_is_killed_and_the_next_one_works() -> None:
    async with printing() as printer:
        await printer.pdf(short())
        number = process(printer)
        printer.timeout_s = 0.3
        with pytest.raises(TookTooLong, match=r"0\.3 s"):
            await printer.pdf(endless())
        with pytest.raises(ProcessLookupError):
            os.kill(number, 0)
        printer.timeout_s = 30
        assert opened(await printer.pdf(short())).pages


async def test_a_caller_who_leaves_leaves_no_process_behind() -> None:
    async with printing() as printer:
        await printer.pdf(short())
        number = process(printer)
        rendering = asyncio.create_task(printer.pdf(endless()))
        async with asyncio.timeout(10):
            while printer._idle:  # noqa: ASYNC110 - nobody tells when the process has it
                await asyncio.sleep(0.01)
        rendering.cancel()
        with pytest.raises(asyncio.CancelledError):
            await rendering
        with pytest.raises(ProcessLookupError):
            os.kill(number, 0)
        assert opened(await printer.pdf(short())).pages


async def test_a_process_that_died_is_noticed() -> None:
    async with printing() as printer:
        await printer.warm_up()
        os.kill(process(printer), 9)
        try:
            file = await printer.pdf(short())
        except RenderFailed:  # it died only while it was asked
            file = await printer.pdf(short())
        assert opened(file).pages


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="the system has no /proc")
async def test_a_process_knows_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", "canary-key-123")
    async with printing() as printer:
        await printer.warm_up()
        known = of_process(printer, "environ")
        assert b"canary" not in known
        assert {line.split(b"=")[0] for line in known.split(b"\0") if line} <= {
            b"PYTHONPATH",
            b"PYTHONDONTWRITEBYTECODE",
        }


@pytest.mark.skipif(not Path("/proc/self/limits").exists(), reason="the system has no /proc")
async def test_a_process_has_no_more_memory_than_it_may_have() -> None:
    async with printing(memory_mb=300) as printer:
        await printer.pdf(short())
        limits = of_process(printer, "limits").decode()
        assert f"{300 << 20}" in next(line for line in limits.splitlines() if "address" in line)
    async with printing(memory_mb=48) as printer:
        with pytest.raises(RenderFailed):
            await printer.pdf(short("word " * 20_000))


async def test_errors_come_back_with_their_reason() -> None:
    async with printing() as printer:
        with pytest.raises(Unprintable, match="DOCX or Markdown"):
            await printer.pdf(short("私たちの使命は安全な水を届けることです。" * 20))
        assert (await printer.docx(short("安全な水")))[:2] == b"PK"
    async with printing(extra_font="/nowhere/font.ttf") as printer:
        with pytest.raises(UnusableFont, match=r"font\.ttf"):
            await printer.pdf(short())


async def test_a_document_with_too_much_text_is_not_begun() -> None:
    async with printing() as printer:
        with pytest.raises(TooLarge):
            await printer.pdf(short("x" * (5 << 20)))
        assert printer._idle == []


async def test_no_more_processes_run_than_are_allowed() -> None:
    async with printing(workers=2) as printer:
        documents = [replace(short(), title=f"Plan {n}") for n in range(6)]
        files = await asyncio.gather(*map(printer.pdf, documents))
        assert len(printer._idle) == 2
        titles = {str(opened(file).metadata.title) for file in files}  # type: ignore[union-attr]
        assert titles == {f"Plan {n}" for n in range(6)}


async def test_a_printer_outlives_a_loop() -> None:
    """On some platforms the loop that serves a request is a new one."""
    printer = Printer()

    async def once() -> bytes:
        try:
            return await printer.pdf(short())
        finally:
            await printer.aclose()

    for _ in range(2):
        assert opened(await asyncio.to_thread(asyncio.run, once())).pages
