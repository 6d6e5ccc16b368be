"""nginx as every provider (their replies ready-made), and as the plainest of proxies.

Gemini's stand-in goes by the model that is asked, OpenAI's by the first part of the path: `late`
answers after 50 ms, `few` streams four events and `paced` one every ten milliseconds, `held` one
every twelve seconds, `failing` is a 503 and `limited` a 429. Every other model answers at once.
"""

import contextlib
import http.client
import itertools
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.load import wire
from bench.load.machine import OTHER_CPU, free_port, on_cpu

LATE_S = 0.05
PACED_S = 0.01
HELD_S = 12.0  # a stream that says nothing for 15 seconds is given up
FEW = 4
MODULES = Path("/usr/lib/nginx/modules")
READY_WITHIN_S = 5.0


def locations() -> str:
    """What is answered where, as nginx is told it."""
    models, once = "/v1beta/models/", wire.gemini_reply()
    burst, few = wire.gemini_events(), wire.gemini_events(FEW)
    rows = [
        _location(f"{models}bench:stream", _stream(burst)),
        _location(f"{models}few:stream", _stream(few)),
        _location(f"{models}paced:stream", _stream(burst, apart_s=PACED_S)),
        _location(f"{models}held:stream", _stream(burst, apart_s=HELD_S)),
        _location(f"{models}late:", _late(once)),
        _location(f"{models}failing:", _at_once(wire.refusal(503), 503)),
        _location(f"{models}limited:", _at_once(wire.refusal(429), 429)),
        _location(models, _at_once(once)),
        _location("/v1/", _at_once(wire.openai_reply())),
        _location("/late/v1/", _late(wire.openai_reply())),
        _location("/burst/v1/", _stream(wire.openai_events())),
        _location("/paced/v1/", _stream(wire.openai_events(), apart_s=PACED_S)),
        _location("/failing/v1/", _at_once(wire.refusal(503), 503)),
        _location("/limited/v1/", _at_once(wire.refusal(429), 429)),
        "location = /count { stub_status; }",
    ]
    return "\n    ".join(rows)


def configuration(folder: Path, port: int, inside: str, upstream: int | None = None) -> str:
    """The file for one nginx on *port* of this machine; *upstream* is the port that it may pass on to."""
    passing = (
        f"upstream behind {{ server 127.0.0.1:{upstream}; keepalive 512;"
        " keepalive_requests 1000000000; }"
        if upstream
        else ""
    )
    temporary = "\n  ".join(
        f"{name}_temp_path {folder}/{name};"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return f"""\
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/errors crit;
worker_rlimit_nofile 16384;
load_module {MODULES}/ndk_http_module.so;
load_module {MODULES}/ngx_http_lua_module.so;
events {{ worker_connections 12000; }}
http {{
  access_log off; server_tokens off; tcp_nodelay on;
  keepalive_requests 1000000000; keepalive_timeout 3600;
  client_header_buffer_size 16k; client_body_buffer_size 64k;
  {temporary}
  {passing}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    {inside}
  }}
}}
"""


def proxying() -> str:
    """What nginx is told that only passes on, over connections that stay open."""
    return (
        "location / { proxy_pass http://behind; proxy_http_version 1.1;"
        ' proxy_set_header Connection ""; proxy_buffering off; }'
    )


@dataclass(frozen=True, slots=True)
class Nginx:
    """One that runs: its process and its port."""

    pid: int
    port: int

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    def count(self) -> int:
        """How many requests it has had, this one among them."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        with contextlib.closing(connection):
            connection.request("GET", "/count")
            return requests_in(connection.getresponse().read().decode())


def requests_in(status: str) -> int:
    """The number of requests on nginx's page of its own condition."""
    found = re.search(r"\n\s*\d+ \d+ (\d+)", status)
    if found is None:
        raise ValueError(f"not a status page: {status!r}")
    return int(found[1])


@contextlib.contextmanager
def providers(folder: Path, cpu: int = OTHER_CPU) -> Iterator[Nginx]:
    """The stand-ins, until the block ends."""
    port = free_port()
    command = on_cpu(cpu, *written(folder, port, locations()))
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)  # noqa: S603 - our own arguments
    try:
        _wait_for(port, process)
        yield Nginx(process.pid, port)
    finally:
        process.terminate()
        process.wait()


def written(folder: Path, port: int, inside: str, upstream: int | None = None) -> tuple[str, ...]:
    """Write the `configuration` into *folder*; the command that serves it."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "nginx.conf"
    file.write_text(configuration(folder, port, inside, upstream))
    return ("nginx", "-p", str(folder), "-c", str(file))


def is_installed() -> bool:
    """Whether nginx is here, with its Lua module."""
    return bool(shutil.which("nginx")) and (MODULES / "ngx_http_lua_module.so").exists()


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    """Return once *port* takes connections. Raises `RuntimeError` when the process ends before that."""
    end_s = time.monotonic() + READY_WITHIN_S
    while process.poll() is None and time.monotonic() < end_s:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.01)
    raise RuntimeError("nginx did not start; `nginx -t` may say why")


def _location(prefix: str, answer: str) -> str:
    return f"location ^~ {prefix} {{ {answer} }}"


def _at_once(body: str, status: int = 200) -> str:
    # No body of ours holds a quote or a dollar sign, which nginx would take for its own.
    return f"default_type application/json; return {status} '{body}';"


def _late(body: str) -> str:
    return _lua(
        "application/json",
        f"ngx.header['Content-Length'] = {len(body)}",
        f"ngx.sleep({LATE_S})",
        f"ngx.print({wire.dump(body)})",
    )


def _stream(events: Sequence[str], apart_s: float = 0.0) -> str:
    """The events in one go, or each by itself; equal ones are written down once."""
    if not apart_s:
        return _lua("text/event-stream", f"ngx.print({_repeated(events)})")
    *rest, last = events
    return _lua(
        "text/event-stream",
        f"for _ = 1, {len(rest)} do",
        f"ngx.print({wire.dump(rest[0])})",
        "ngx.flush(true)",
        f"ngx.sleep({apart_s})",
        "end",
        f"ngx.print({wire.dump(last)})",
    )


def _repeated(events: Sequence[str]) -> str:
    """A Lua expression for *events*; what JSON makes of a plain text is a Lua string too."""
    runs = ((event, len(list(equal))) for event, equal in itertools.groupby(events))
    return " .. ".join(f"string.rep({wire.dump(event)}, {times})" for event, times in runs)


def _lua(media_type: str, *lines: str) -> str:
    code = " ".join(("ngx.req.discard_body()", *lines))
    return f"default_type {media_type}; content_by_lua_block {{ {code} }}"
