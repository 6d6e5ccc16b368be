"""How the tests of this folder ask: prompts, canned replies, and servers smaller than the sandbox."""

import asyncio
import contextlib
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from providers import CATALOGUE, Access
from providers.base import HttpResponse, Provider, Terms
from providers.prompt import Message, Prompt
from providers.transport import HttpUpstream, Timeouts
from storage.ledger import Allowance

# Long enough for a busy machine. A test of silence replaces the one timer that it is about.
TIMEOUTS = Timeouts(connect_s=10, first_token_s=10, whole_reply_s=10, idle_s=10)
SILENCE_S = 0.2
KEY = "the-key-that-nobody-may-see"
ENTRIES = {entry.identity.name: entry for entry in CATALOGUE}
# One provider for each way of speaking; the other rows differ from the last in facts only.
TRANSLATIONS = ("gemini", "openrouter", "cloudflare", "groq")

AccessOf = Callable[[str], Access]
UpstreamOf = Callable[[str], HttpUpstream]
Conversation = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def prompt(text: str = "Say hello", *, max_tokens: int | None = 600) -> Prompt:
    """A question; with more than 256 tokens it is answered as a stream."""
    return Prompt(messages=(Message("user", text),), max_tokens=max_tokens)


OPEN = Terms(Allowance("anybody"))  # no limits


def build(name: str, base_url: str = "", model: str = "") -> Provider:
    """A provider of the catalogue, with a key that is easy to find where it should not be."""
    models = (model or "a-model",) if model or name == "custom" else ()
    return ENTRIES[name].ladder(Access(KEY, models, base_url, "account-1"))[0][0]


def reply(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> HttpResponse:
    """A JSON reply that arrived at second 1,000 of the epoch."""
    return HttpResponse(status, headers or {}, orjson.dumps(body), received_at=1_000.0)


@contextlib.asynccontextmanager
async def listening(
    converse: Conversation, tls: ssl.SSLContext | None = None
) -> AsyncIterator[str]:
    """Serve *converse* on loopback, and give the address to ask; what is open ends with the block."""
    conversations: set[asyncio.Task[None]] = set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        conversations.add(task)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await converse(reader, writer)
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{port}"
    finally:
        server.close()
        for task in conversations:
            task.cancel()
        await asyncio.gather(*conversations, return_exceptions=True)
        await server.wait_closed()


async def read_request(reader: asyncio.StreamReader) -> bytes:
    """A whole request with its body; gives the head."""
    head = await reader.readuntil(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")]
    await reader.readexactly(int(lengths[0].partition(b":")[2]) if lengths else 0)
    return head


def saying(*chunks: bytes, headers: str = "content-type: text/event-stream") -> Conversation:
    """Answers 200 with *chunks*, one write each, and then closes."""

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(f"HTTP/1.1 200 OK\r\n{headers}\r\nconnection: close\r\n\r\n".encode())
        for chunk in chunks:
            writer.write(chunk)
            await writer.drain()
            await asyncio.sleep(0)
        writer.close()
        await writer.wait_closed()

    return converse


def openai_event(text: str | None = None, finish: str | None = None, **more: Any) -> bytes:
    """One event of a stream in OpenAI's format."""
    delta = {} if text is None else {"content": text}
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return b"data: " + orjson.dumps({"choices": [choice], **more}) + b"\n\n"


DONE = b"data: [DONE]\n\n"


CERTIFICATE = (
    "-x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1"
)


def self_signed(folder: Path) -> ssl.SSLContext:
    """A server's context with a certificate that nobody vouches for."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs openssl to make a certificate")
    subprocess.run(
        [openssl, *f"req {CERTIFICATE} -keyout key.pem -out cert.pem".split()],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context
