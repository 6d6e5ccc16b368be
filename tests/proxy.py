"""A forward proxy that writes down what passes, and finds every name at one port of this machine."""

import contextlib
import http.client
import http.server
import threading
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass, field

OF_THE_HOP = ("proxy-authorization", "proxy-connection", "connection", "transfer-encoding")


@dataclass
class Passed:
    """One request that came to the proxy."""

    method: str
    target: str
    credentials: str

    @property
    def host(self) -> str:
        """Whom it is for."""
        return urllib.parse.urlsplit(self.target).hostname or self.target


@dataclass
class Proxy:
    """Forwards to *port*; opens no tunnels, but notes who asks for one."""

    port: int
    url: str = ""
    passed: list[Passed] = field(default_factory=list)

    @property
    def hosts(self) -> set[str]:
        """All who were asked."""
        return {each.host for each in self.passed}


@contextlib.contextmanager
def running_proxy(port: int) -> Iterator[Proxy]:
    """A proxy on loopback that sends everything to *port*, until the block ends."""
    proxy = Proxy(port)

    class Handler(http.server.BaseHTTPRequestHandler):
        def _note(self) -> None:
            given = self.headers.get("proxy-authorization", "")
            proxy.passed.append(Passed(self.command, self.path, given))

        def do_CONNECT(self) -> None:
            self._note()
            self.send_error(403)

        def do_GET(self) -> None:
            self._forward(b"")

        def do_POST(self) -> None:
            self._forward(self.rfile.read(int(self.headers["content-length"])))

        def _forward(self, body: bytes) -> None:
            self._note()
            parts = urllib.parse.urlsplit(self.path)
            upstream = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=20)
            with contextlib.closing(upstream):
                headers = {n: v for n, v in self.headers.items() if n.lower() not in OF_THE_HOP}
                path = urllib.parse.urlunsplit(("", "", parts.path, parts.query, ""))
                upstream.request(self.command, path, body, headers)
                reply = upstream.getresponse()
                self.send_response(reply.status)
                for name, value in reply.getheaders():
                    if name.lower() not in OF_THE_HOP:
                        self.send_header(name, value)
                self.end_headers()
                while chunk := reply.read1():
                    self.wfile.write(chunk)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the library calls it
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    proxy.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
