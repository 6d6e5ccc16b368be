"""Asks a service for JSON, at an address that code has chosen, and reads its answer up to a size."""

import email.utils
import urllib.parse
from collections.abc import Mapping
from typing import Any

from planning.research.base import SearchFailed
from providers.base import HttpRequest, read_json
from providers.errors import ProviderError
from providers.transport import Transport

LARGEST_ANSWER = 2 << 20  # bytes
# Wikimedia asks clients to say who they are; the others read it as well.
WHO = "Trimaran/1 (self-hosted planning service; reads a few pages per document)"
REFUSED_HOLD_S = 3600.0  # a key that is refused, or a month's quota that is spent
BUSY_HOLD_S = 60.0
LONGEST_HOLD_S = 3600.0


async def get_json(
    transport: Transport,
    url: str,
    parameters: Mapping[str, str],
    headers: Mapping[str, str] | None = None,
) -> Any:
    """The JSON at *url* with *parameters* in its query. Raises `SearchFailed`."""
    query = urllib.parse.urlencode(parameters)
    request = HttpRequest(f"{url}?{query}", {"user-agent": WHO, **(headers or {})}, {}, "GET")
    return await _answer(transport, request)


async def post_json(
    transport: Transport, url: str, body: Any, headers: Mapping[str, str] | None = None
) -> Any:
    """The JSON that *url* answers to a posted JSON *body*. Raises `SearchFailed`."""
    request = HttpRequest(url, {"user-agent": WHO, **(headers or {})}, body, "POST")
    return await _answer(transport, request)


async def _answer(transport: Transport, request: HttpRequest) -> Any:
    try:
        async with transport.open(request) as reply:
            if reply.status != 200:
                raise _refusal(reply.status, reply.headers.get("retry-after", ""))
            body = bytearray()
            async for chunk in reply.content.iter_any():
                body += chunk
                if len(body) > LARGEST_ANSWER:
                    raise SearchFailed("its answer was too large")
    except ProviderError as error:
        raise SearchFailed("the search service could not be reached") from error
    try:
        return read_json(bytes(body))
    except ValueError:
        raise SearchFailed("its answer could not be read") from None


def _refusal(status: int, retry_after: str) -> SearchFailed:
    if status == 429:
        return SearchFailed("it is busy", hold_s=_seconds(retry_after) or BUSY_HOLD_S)
    if status in (401, 402, 403, 432, 433):
        return SearchFailed("the key was refused, or its quota is spent", hold_s=REFUSED_HOLD_S)
    if status == 503:
        return SearchFailed("it is not available", hold_s=_seconds(retry_after))
    return SearchFailed(f"it answered with status {status}")


def _seconds(retry_after: str) -> float:
    """The seconds of a `Retry-After`; a date counts as a minute, and nothing more than an hour."""
    if retry_after.isdecimal():
        return min(float(retry_after), LONGEST_HOLD_S)
    return BUSY_HOLD_S if email.utils.parsedate(retry_after) else 0.0
