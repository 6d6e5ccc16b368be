"""What is measured: a server in a process of its own on its own CPU, asked once before it counts as ready."""

import contextlib
import http.client
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench.load import machine, wire
from bench.load.wire import Ask

READY_WITHIN_S = 90.0
ENDS_WITHIN_S = 10.0
CALM_S, CALM_SHARE, CALM_TIMES = 0.2, 0.02, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """How one is started: *command* serves on *port*; *ask* is the question that it must answer.

    *environment* is all that it sees beside PATH and HOME. One that chooses its port itself writes
    its address into *announces*.
    """

    name: str
    command: tuple[str, ...]
    folder: Path
    ask: Ask
    port: int = field(default_factory=machine.free_port)
    environment: Mapping[str, str] = field(default_factory=dict)
    announces: Path | None = None
    warm_up_s: int = 1


@dataclass(frozen=True, slots=True)
class Running:
    """A subject that answers; *cold_s* after its start it gave its first answer."""

    subject: Subject
    pid: int
    port: int
    cold_s: float


@contextlib.contextmanager
def running(subject: Subject, cpu: int = machine.SUBJECT_CPU) -> Iterator[Running]:
    """Start *subject*, and end it with the block. Its output goes to `log` in its folder.

    Raises `RuntimeError` with the end of that when it does not answer, or wrongly.
    """
    subject.folder.mkdir(parents=True, exist_ok=True)
    log = subject.folder / "log"
    given = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    with log.open("wb") as output:
        begin_s = time.perf_counter()
        process = subprocess.Popen(  # noqa: S603 - our own arguments
            machine.on_cpu(cpu, *subject.command),
            cwd=subject.folder,
            env={**given, **subject.environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            port = _first_answer(subject, process, log)
            yield Running(subject, process.pid, port, time.perf_counter() - begin_s)
        finally:
            _end(process)


def first_reply(port: int, ask: Ask) -> bytes:
    """The body of the reply to *ask*. Raises `OSError` when there is none, or one of an error."""
    body = ask.body.replace(wire.MARK, f"{time.time_ns():020}")
    headers = {"Content-Type": "application/json", **ask.headers}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    with contextlib.closing(connection):
        connection.request("POST", ask.path, body, headers)
        reply = connection.getresponse()
        said = reply.read()
    if reply.status != 200:
        raise OSError(f"{reply.status}: {said[:500]!r}")
    return said


def wait_until_calm(
    pid: int, longest_s: float = 25.0, *, spent_s: Callable[[int], float] = machine.cpu_s
) -> bool:
    """Return once *pid* has stopped working: a load's last requests are worked off after its end.

    Whether it has, within *longest_s* seconds.
    """
    calm, end_s = 0, time.monotonic() + longest_s
    while calm < CALM_TIMES and time.monotonic() < end_s:
        before_s = spent_s(pid)
        time.sleep(CALM_S)
        calm = calm + 1 if spent_s(pid) - before_s < CALM_S * CALM_SHARE else 0
    return calm >= CALM_TIMES


def _first_answer(subject: Subject, process: "subprocess.Popen[bytes]", log: Path) -> int:
    """Ask until *subject* answers; the port at which it does."""
    end_s, last = time.monotonic() + READY_WITHIN_S, ""
    while process.poll() is None and time.monotonic() < end_s:
        try:
            port = _port(subject)
            reply = first_reply(port, subject.ask)
            if wire.text_of(reply) != wire.TEXT:
                raise RuntimeError(f"{subject.name} answers something else: {reply[:500]!r}")
            return port
        except (OSError, http.client.HTTPException, ValueError, LookupError) as error:
            last = repr(error)
        time.sleep(0.01)
    raise RuntimeError(f"{subject.name} did not answer: {last}\n{log.read_text()[-2000:]}")


def _port(subject: Subject) -> int:
    if subject.announces is None:
        return subject.port
    address = subject.announces.read_text()
    return int(address.split("://")[-1].split("/")[0].rpartition(":")[2])


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Ask it to end, and make it; what it has started ends with it."""
    process.terminate()
    try:
        process.wait(ENDS_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
