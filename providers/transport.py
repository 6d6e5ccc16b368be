"""The async doorway: carries a provider's requests over HTTP and its replies back.

One aiohttp session per event loop. No redirects (a redirect would carry the key elsewhere), no
proxies from the environment, no compressed replies (nothing to inflate, so nothing to explode).
"""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, replace

import aiohttp
import orjson

from clock import SYSTEM_CLOCK, Clock
from providers.base import Emit, HttpRequest, HttpResponse, Identity, Metered, Provider, Terms
from providers.completion import Completion, Gathering
from providers.errors import FailureKind, ProviderError
from providers.events import EventReader
from providers.outbound import proxy_for
from providers.pool import Pool
from providers.prompt import Prompt

LARGEST_BODY = 8 << 20  # bytes
TAIL_S = 1.0  # how long the end of a stream may follow its finish reason
SHORT_ANSWER_TOKENS = 256  # up to here plain JSON is as safe as a stream, and cheaper


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long a reply may keep us waiting, in seconds."""

    connect_s: float = 3.0
    first_token_s: float = 10.0
    whole_reply_s: float = 30.0  # to the headers of a reply that is not streamed
    idle_s: float = 15.0


class Transport:
    """Sends requests, with one connection pool for each event loop that uses it.

    They go through *proxy* if it is set; see `proxy_for`.
    """

    def __init__(
        self, timeouts: Timeouts = Timeouts(), clock: Clock = SYSTEM_CLOCK, proxy: str = ""
    ) -> None:
        self.timeouts = timeouts
        self.clock = clock
        self.proxy = proxy
        self._session: aiohttp.ClientSession | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    @contextlib.asynccontextmanager
    async def open(self, request: HttpRequest) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send *request* and give its reply, with the body still to be read.

        Raises `ProviderError` for every way in which the network can fail, also inside the block.
        """
        try:
            async with self._session_here().request(
                request.method,
                request.url,
                data=orjson.dumps(request.body) if request.method == "POST" else None,
                headers={"content-type": "application/json", **request.headers},
                allow_redirects=False,
                proxy=proxy_for(request.url, self.proxy),
            ) as response:
                if response.headers.get("content-encoding", "identity") != "identity":
                    raise ProviderError(FailureKind.BAD_BODY, status=response.status)
                yield response
        except (aiohttp.ClientError, ssl.SSLError, OSError, ValueError) as error:
            raise ProviderError(_kind_of(error)) from error

    async def aclose(self) -> None:
        """Close the connections of this event loop."""
        if self._session is not None and self._loop is asyncio.get_running_loop():
            await self._session.close()
        self._session = self._loop = None

    def _session_here(self) -> aiohttp.ClientSession:
        loop = asyncio.get_running_loop()
        if self._session is None or self._loop is not loop:
            self._loop = loop
            self._session = aiohttp.ClientSession(
                auto_decompress=False,
                headers={"accept-encoding": "identity", "user-agent": "trimaran"},
                # The name and all its addresses together: one that is dead costs no time of its own.
                timeout=aiohttp.ClientTimeout(total=None, connect=self.timeouts.connect_s),
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
                connector=Pool(),
            )
        return self._session


@dataclass(frozen=True, slots=True)
class HttpUpstream:
    """A provider that can be asked: a translation joined to the transport."""

    provider: Provider
    transport: Transport
    terms: Terms

    @property
    def identity(self) -> Identity:
        """See `Upstream.identity`."""
        return self.provider.identity

    @property
    def model(self) -> str:
        """See `Upstream.model`."""
        return self.provider.model

    async def complete(
        self, prompt: Prompt, *, timeout_s: float, emit: Emit | None = None
    ) -> Completion:
        """See `Upstream.complete`.

        Long answers are streamed, so that a silent provider is found within seconds and a healthy
        long answer is never cut by a timeout.
        """
        is_long = prompt.max_tokens is None or prompt.max_tokens > SHORT_ANSWER_TOKENS
        prompt = prompt.suited_to(self.terms.abilities)
        request = self.provider.encode(prompt, stream=is_long or emit is not None)
        timeouts = self.transport.timeouts
        timer = Timer(timeout_s)
        gathering = Gathering(self.provider.model, one_call=prompt.parallel_tool_calls is False)
        try:
            async with timer.guard:
                timer.extend(timeouts.first_token_s if request.streams else timeouts.whole_reply_s)
                async with self.transport.open(request) as reply:
                    if reply.status == 200 and reply.content_type == "text/event-stream":
                        return await self._gather(reply, gathering, timer, emit)
                    timer.extend(timeouts.whole_reply_s)
                    completion = self.provider.decode(await self._read(reply))
        except TimeoutError:
            raise ProviderError(FailureKind.TIMEOUT) from None
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            # Whatever shape a body has that its provider's translation did not expect.
            raise ProviderError(FailureKind.BAD_BODY) from error
        if gathering.one_call:
            completion = replace(completion, tool_calls=completion.tool_calls[:1])
        if emit:
            for delta in completion.deltas():
                emit(delta)
        return completion

    async def used_today(self) -> int | None:
        """See `Upstream.used_today`; a provider that does not answer does not say."""
        if not isinstance(self.provider, Metered):
            return None
        try:
            async with asyncio.timeout(self.transport.timeouts.first_token_s):
                async with self.transport.open(self.provider.encode_meter()) as reply:
                    return self.provider.decode_meter(await self._read(reply))
        except (TimeoutError, ProviderError):
            return None

    async def aclose(self) -> None:
        """See `Upstream.aclose`."""
        await self.transport.aclose()

    async def _gather(
        self,
        reply: aiohttp.ClientResponse,
        gathering: Gathering,
        timer: "Timer",
        emit: Emit | None,
    ) -> Completion:
        reader = EventReader()
        async with contextlib.aclosing(_chunks(reply)) as chunks:
            while not gathering.done:
                chunk = await _next_chunk(chunks, is_whole=gathering.finish_reason is not None)
                if chunk is None:
                    break
                got_on = False
                for delta in filter(None, map(self.provider.decode_event, reader.feed(chunk))):
                    got_on = got_on or delta.is_progress
                    fresh = gathering.add(delta)
                    if emit and fresh:
                        emit(fresh)
                if got_on:
                    timer.extend(self.transport.timeouts.idle_s)
        if (stray := reader.rest()) and not gathering.finish_reason:
            self.provider.decode(HttpResponse(200, {}, stray.encode()))
        return gathering.completion()

    async def _read(self, reply: aiohttp.ClientResponse) -> HttpResponse:
        if (reply.content_length or LARGEST_BODY + 1) <= LARGEST_BODY:
            body = await reply.read()
        else:
            async with contextlib.aclosing(_chunks(reply)) as chunks:
                body = b"".join([chunk async for chunk in chunks])
        headers = {name.lower(): value for name, value in reply.headers.items()}
        return HttpResponse(reply.status, headers, body, self.transport.clock.time())


async def _chunks(reply: aiohttp.ClientResponse) -> AsyncGenerator[bytes, None]:
    """The body as it arrives. Raises `ProviderError` (`BAD_BODY`) when it is too large to be an answer."""
    size = 0
    async for chunk in reply.content.iter_any():
        size += len(chunk)
        if size > LARGEST_BODY:
            raise ProviderError(FailureKind.BAD_BODY, status=reply.status)
        yield chunk


async def _next_chunk(chunks: AsyncGenerator[bytes, None], *, is_whole: bool) -> bytes | None:
    """The next piece of a stream; None at its end.

    Once the answer *is_whole* only the count of its tokens may still come: a second's silence or a
    broken connection then ends the stream as well.
    """
    try:
        async with asyncio.timeout(TAIL_S if is_whole else None):
            return await anext(chunks, None)
    except (TimeoutError, aiohttp.ClientError) as error:
        if is_whole:
            return None
        if isinstance(error, aiohttp.ClientPayloadError):
            raise ProviderError(FailureKind.TRUNCATED) from error
        raise


class Timer:
    """How long an attempt may still take: up to its end, and up to the next sign of life."""

    def __init__(self, timeout_s: float) -> None:
        self._end = asyncio.get_running_loop().time() + timeout_s
        self.guard = asyncio.timeout_at(self._end)

    def extend(self, duration_s: float) -> None:
        """Wait for *duration_s* seconds from now, though never past the end of the attempt."""
        self.guard.reschedule(min(self._end, asyncio.get_running_loop().time() + duration_s))


def _kind_of(error: Exception) -> FailureKind:
    """What went wrong on the network, told from the client's exception."""
    if isinstance(error, (aiohttp.ClientSSLError, ssl.SSLError)):
        return FailureKind.TLS
    if isinstance(
        error,
        (
            aiohttp.ClientConnectorError,
            aiohttp.ConnectionTimeoutError,
            aiohttp.ClientHttpProxyError,  # the proxy has opened no way to the provider
        ),
    ):
        return FailureKind.NOT_SENT
    if isinstance(error, (aiohttp.ClientPayloadError, aiohttp.ClientResponseError)):
        return FailureKind.BAD_BODY
    if isinstance(error, (aiohttp.ClientConnectionError, OSError)):
        return FailureKind.RESET
    return FailureKind.BAD_BODY
