"""Requests as a server hands them to an ASGI app, for tests that speak to the app itself."""

from collections.abc import Mapping

from starlette.types import Scope


def http_scope(
    path: str, *, method: str = "POST", peer: str = "127.0.0.1", headers: Mapping[str, str]
) -> Scope:
    """The scope of a request of JSON from *peer* to this machine, with *headers* besides."""
    named = {"host": "localhost", "content-type": "application/json", **headers}
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in named.items()],
        "client": (peer, 4711),
        "server": ("127.0.0.1", 8001),
    }
