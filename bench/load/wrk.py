"""wrk, the load: what it is told and what it says."""

import json
import shutil
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bench.load.machine import OTHER_CPU, on_cpu
from bench.load.wire import MARK, Ask

SCRIPT = Path(__file__).with_name("wrk.lua")
SLOWEST_S = 60
LAST_CHUNK = b"0\r\n\r\n"  # of a reply whose length is not known before


@dataclass(frozen=True, slots=True)
class Loaded:
    """What came of a load: whole answers, bytes of all answers, and how long they took."""

    requests: int
    duration_s: float
    size_bytes: int
    errors: int
    p50_us: float
    p99_us: float

    @property
    def per_second(self) -> float:
        """Answers a second."""
        return self.requests / self.duration_s


def read_result(said: str) -> Loaded:
    """The result among what wrk has *said*. Raises `ValueError` when there is none."""
    _, mark, rest = said.partition("RESULT ")
    if not mark:
        raise ValueError(f"wrk gave no result: {said[-500:]!r}")
    result = json.loads(rest.splitlines()[0])
    return Loaded(
        requests=result["requests"],
        duration_s=result["us"] / 1e6,
        size_bytes=result["bytes"],
        errors=result["errors"],
        p50_us=result["p50_us"],
        p99_us=result["p99_us"],
    )


def load(port: int, ask: Ask, *, duration_s: int, connections: int, vary: bool = True) -> Loaded:
    """Send *ask* to *port* over *connections* at a time, as fast as the answers come."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(ask.raw(port))
        file.flush()
        command = on_cpu(
            OTHER_CPU,
            *("wrk", "--threads", "1", "--connections", str(connections)),
            *("--duration", f"{duration_s}s", "--timeout", f"{SLOWEST_S}s"),
            *("--script", str(SCRIPT), f"http://127.0.0.1:{port}"),
            *("--", file.name, "vary" if vary else "same"),
        )
        done = subprocess.run(  # noqa: S603 - our own arguments
            command, capture_output=True, text=True, check=True, timeout=duration_s + SLOWEST_S
        )
    return read_result(done.stdout)


def is_installed() -> bool:
    """Whether wrk is here."""
    return bool(shutil.which("wrk"))


def size_of_one(port: int, ask: Ask) -> int:
    """How many bytes a whole streamed answer to *ask* has on the wire, headers included."""
    size, end = 0, b""
    with socket.create_connection(("127.0.0.1", port), SLOWEST_S) as connection:
        connection.sendall(ask.raw(port).replace(MARK.encode(), b"%020d" % time.time_ns()))
        while not end.endswith(LAST_CHUNK):
            came = connection.recv(1 << 16)
            if not came:
                raise ValueError("a streamed answer broke off")
            size += len(came)
            end = (end + came)[-len(LAST_CHUNK) :]
    return size
