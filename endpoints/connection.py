"""A connection that cannot be held for nothing: uvicorn's own, with limits for slow headers and readers.

uvicorn waits for headers for ever, and stops reading once a second request has arrived before the
first is answered, so that it no longer sees its caller leave. What a caller does not read keeps the
connection open for ever, also when the answer was given up long ago. Used with
`uvicorn main:app --http endpoints.connection:CarefulProtocol`.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEADERS_S = 10.0
UNREAD_S = 60.0


class CarefulProtocol(HttpToolsProtocol):
    """One connection. Requests sent ahead are not answered: the connection ends after the first."""

    headers_s = HEADERS_S
    unread_s = UNREAD_S

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._alarm: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None
        self._is_ending = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        """See `asyncio.Protocol.connection_made`."""
        super().connection_made(transport)
        self._expect_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol.connection_lost`."""
        self._stop_waiting()
        self._is_read()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """See `asyncio.Protocol.pause_writing`: much has been sent, and the caller has not read it yet."""
        super().pause_writing()
        self._unread = self.loop.call_later(self.unread_s, self.transport.abort)

    def resume_writing(self) -> None:
        """See `asyncio.Protocol.resume_writing`."""
        self._is_read()
        super().resume_writing()

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol.data_received`; what comes after a request sent ahead is dropped."""
        if not self._is_ending:
            super().data_received(data)

    def on_message_begin(self) -> None:
        """See httptools."""
        super().on_message_begin()
        self._expect_headers()

    def on_headers_complete(self) -> None:
        """See httptools."""
        self._stop_waiting()
        first = self.cycle
        super().on_headers_complete()
        if self.pipeline:
            self.pipeline.clear()
            self._is_ending = True
            first.keep_alive = False
            self.cycle = first
            self.flow.resume_reading()  # so that we see the caller leave

    def on_body(self, body: bytes) -> None:
        """See httptools."""
        if not self._is_ending:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """See httptools."""
        if not self._is_ending:
            super().on_message_complete()

    def _expect_headers(self) -> None:
        if self._alarm is None:
            self._alarm = self.loop.call_later(self.headers_s, self.transport.close)

    def _is_read(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _stop_waiting(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
