"""Sends a reply over the connection, as well or as badly as the fault says. The only I/O of a call."""

import asyncio
import socket
import struct
from typing import Never

from aiohttp import web

from sandbox.exchange import Reply
from sandbox.faults import LOST_BYTES, Fault


async def deliver(
    request: web.Request, reply: Reply, fault: Fault, latency_s: float
) -> web.StreamResponse:
    """Send the reply; does not return when the fault breaks the connection."""
    if delay_s := latency_s + fault.delay_s:
        await asyncio.sleep(delay_s)
    if fault.reset:
        await _reset(request)
    if fault.hang:
        await _wait_for_the_caller_to_leave()
    if not reply.streamed and not _is_slow_or_broken(fault):
        return web.Response(status=reply.status, body=reply.body, headers=dict(reply.headers))
    return await _stream(request, reply, fault)


def _is_slow_or_broken(fault: Fault) -> bool:
    return fault.breaks_delivery or fault.slice_s is not None


async def _stream(request: web.Request, reply: Reply, fault: Fault) -> web.StreamResponse:
    response = web.StreamResponse(status=reply.status, headers=dict(reply.headers))
    if fault.short_content_length:
        response.content_length = len(reply.body) + LOST_BYTES
    elif not reply.streamed:
        response.content_length = len(reply.body)
    await response.prepare(request)
    chunks = _cut(reply.chunks, fault)
    for index, chunk in enumerate(chunks):
        if index == fault.stall_after_chunks:
            await _wait_for_the_caller_to_leave()
        if index and fault.chunk_delay_s:
            await asyncio.sleep(fault.chunk_delay_s)
        await _write(response, chunk, fault.slice_s)
    if fault.stall_after_chunks is not None:
        await _wait_for_the_caller_to_leave()
    if fault.breaks_delivery:
        await _close(request)
    await response.write_eof()
    return response


def _cut(chunks: tuple[bytes, ...], fault: Fault) -> list[bytes]:
    """The chunks that are sent before the connection breaks."""
    kept = list(chunks[: fault.cut_after_chunks])
    if fault.cut_after_bytes is None:
        return kept
    left, sent = fault.cut_after_bytes, []
    for chunk in kept:
        if left <= 0:
            break
        sent.append(chunk[:left])
        left -= len(chunk)
    return sent


async def _write(response: web.StreamResponse, chunk: bytes, slice_s: float | None) -> None:
    if slice_s is None:
        await response.write(chunk)
        return
    for byte in chunk:
        await response.write(bytes([byte]))
        await asyncio.sleep(slice_s)


async def _reset(request: web.Request) -> Never:
    """Drop the connection so that the caller sees a TCP reset rather than an end."""
    if request.transport is not None:
        connection = request.transport.get_extra_info("socket")
        linger_zero = struct.pack("ii", 1, 0)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_zero)
        request.transport.abort()
    await _wait_for_the_caller_to_leave()


async def _close(request: web.Request) -> Never:
    """End the connection in the middle of the body."""
    if request.transport is not None:
        request.transport.close()
    await _wait_for_the_caller_to_leave()


async def _wait_for_the_caller_to_leave() -> Never:
    """Wait for ever: the server cancels the call once its connection is gone."""
    while True:
        await asyncio.Event().wait()
