"""The machine under a measurement: CPU time and memory of a process tree, free ports, what it is."""

import os
import platform
import re
import socket
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

PROC = Path("/proc")
SUBJECT_CPU, OTHER_CPU = 0, 1
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def family(pid: int, parents: Mapping[int, int]) -> list[int]:
    """*pid* and all that descend from it; *parents* are by child."""
    children: dict[int, list[int]] = {}
    for child, parent in parents.items():
        children.setdefault(parent, []).append(child)
    found, waiting = [], [pid]
    while waiting:
        own = waiting.pop()
        found.append(own)
        waiting += children.get(own, [])
    return found


def parent_in(stat: str) -> int:
    """The parent in the text of a process's `stat`, whose name may hold anything, brackets too."""
    return int(stat.rpartition(")")[2].split()[1])


def parents(proc: Path = PROC) -> dict[int, int]:
    """The parent of every process."""
    found = {}
    for folder in proc.iterdir():
        if folder.name.isdigit() and (text := _read(folder / "stat")):
            found[int(folder.name)] = parent_in(text)
    return found


def cpu_s(pid: int, proc: Path = PROC) -> float:
    """The seconds that *pid* and its descendants have run on a CPU, to the nanosecond.

    Threads and processes that have ended are not in it.
    """
    return sum(_run_ns(pid, proc) for pid in family(pid, parents(proc))) / 1e9


def resident_bytes(pid: int, proc: Path = PROC) -> int:
    """The memory that *pid* and its descendants hold; what they share is counted for each."""
    texts = (_read(proc / str(own) / "statm") for own in family(pid, parents(proc)))
    return sum(int(text.split()[1]) for text in texts if text) * PAGE_BYTES


def on_cpu(cpu: int, *command: str) -> list[str]:
    """*command*, kept on one CPU."""
    return ["taskset", "-c", str(cpu % (os.cpu_count() or 1)), *command]


def free_port() -> int:
    """A port of this machine that nobody has at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def described() -> str:
    """The machine in a line."""
    model = re.search(r"(?m)^model name\s*: (.+)$", _read(PROC / "cpuinfo"))
    memory = re.search(r"(?m)^MemTotal:\s*(\d+)", _read(PROC / "meminfo"))
    gigabytes = int(memory[1]) / (1 << 20) if memory else 0.0
    name = model[1] if model else platform.machine()
    return f"{name}, {os.cpu_count()} CPUs, {gigabytes:.0f} GB, Linux {platform.release()}"


def load_now() -> float:
    """How many processes have wanted to run at a time in the last minute."""
    return os.getloadavg()[0]


def version_of(*command: str) -> str:
    """The first number with dots that *command* says; empty where it cannot be run."""
    try:
        said = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own arguments
    except FileNotFoundError:
        return ""
    found = re.search(r"\d+(?:\.\d+)+", said.stdout + said.stderr)
    return found[0] if found else ""


def _run_ns(pid: int, proc: Path) -> int:
    return sum(int(text.split()[0]) for text in _of_threads(pid, proc) if text)


def _of_threads(pid: int, proc: Path) -> Iterator[str]:
    try:
        threads = list((proc / str(pid) / "task").iterdir())
    except OSError:  # it has just ended
        return
    for thread in threads:
        yield _read(thread / "schedstat")


def _read(file: Path) -> str:
    """What *file* says; nothing when its process has just ended."""
    try:
        return file.read_text()
    except OSError:
        return ""
