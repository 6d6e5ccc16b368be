"""Batches: what comes while one is written goes together, and nothing is lost."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from storage.batches import Batches


@pytest.mark.anyio
async def test_what_comes_while_one_is_written_goes_with_the_next() -> None:
    """The first at once, the others in one."""
    begun, gate, written = threading.Event(), threading.Event(), list[list[int]]()

    def write(batch: list[int]) -> None:
        begun.set()
        assert gate.wait(10)
        written.append(batch)

    with ThreadPoolExecutor(1) as threads:
        batches = Batches(write, threads)
        first = asyncio.create_task(batches.add(1))
        await asyncio.to_thread(begun.wait, 10)
        others = [asyncio.create_task(batches.add(n)) for n in (2, 3, 4)]
        await asyncio.sleep(0)
        gate.set()
        await asyncio.gather(first, *others)
    assert written == [[1], [2, 3, 4]]


@pytest.mark.anyio
async def test_what_nobody_waits_for_any_more_is_written_all_the_same() -> None:
    """Its reader has left."""
    gate, written = threading.Event(), list[list[int]]()

    def write(batch: list[int]) -> None:
        assert gate.wait(10)
        written.append(batch)

    with ThreadPoolExecutor(1) as threads:
        batches = Batches(write, threads)
        left, stays = (asyncio.create_task(batches.add(n)) for n in (1, 2))
        await asyncio.sleep(0)
        left.cancel()
        gate.set()
        await stays
    assert sorted(n for batch in written for n in batch) == [1, 2]


@pytest.mark.anyio
async def test_a_batch_that_fails_holds_up_neither_its_own_nor_the_next(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Also when what failed is our own mistake; it is in the log, once."""
    begun, gate, written = threading.Event(), threading.Event(), list[list[int]]()

    def write(batch: list[int]) -> None:
        begun.set()
        assert gate.wait(10)
        if 1 in batch:
            raise ZeroDivisionError("by nobody")
        written.append(batch)

    with ThreadPoolExecutor(1) as threads:
        batches = Batches(write, threads)
        first = asyncio.create_task(batches.add(1))
        await asyncio.to_thread(begun.wait, 10)
        others = [asyncio.create_task(batches.add(n)) for n in (2, 3)]
        await asyncio.sleep(0)
        gate.set()
        async with asyncio.timeout(10):
            await asyncio.gather(first, *others)
            await batches.add(4)
    assert written == [[2, 3], [4]]
    assert [record.getMessage() for record in caplog.records] == ["1 could not be written"]
    assert "by nobody" in caplog.text
