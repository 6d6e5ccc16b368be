"""The pool of connections to others: the one used last comes first, and one that has died meanwhile never.

aiohttp takes the one that was used longest ago, so that a steady load keeps alive as many as the
busiest moment needed. And it notices that the other side has closed one only when the event loop
next looks, which after a long freeze (a laptop asleep, a function between two calls) is too late.
"""

import select
from typing import TYPE_CHECKING

from aiohttp import TCPConnector

if TYPE_CHECKING:
    from aiohttp.client_reqrep import ConnectionKey
    from aiohttp.connector import Connection
    from aiohttp.tracing import Trace


class Pool(TCPConnector):
    """See `aiohttp.TCPConnector`; without a limit."""

    def __init__(self) -> None:
        super().__init__(limit=0)

    async def _get(self, key: "ConnectionKey", traces: "list[Trace]") -> "Connection | None":
        """A connection that is open and idle, if there is one; nothing has been sent when it is not."""
        while True:
            if idle := self._conns.get(key):
                idle.rotate(1)  # it takes the first, and puts back as the last
            found = await super()._get(key, traces)
            if found is None or not _has_news(found):
                return found
            found.close()


def _has_news(connection: "Connection") -> bool:
    """Whether something has come that nobody asked for: as a rule, that the other side has closed."""
    transport = connection.transport
    own = transport.get_extra_info("socket") if transport is not None else None
    if own is None:
        return True
    poll = select.poll()  # unlike `select.select` for any number of files
    poll.register(own.fileno(), select.POLLIN)
    return bool(poll.poll(0))
