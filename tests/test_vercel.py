"""The app as Vercel runs it: a read-only tree, no lifespan, frozen between calls, nothing after the answer."""

import importlib.metadata
import re
import shlex
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
import requests

from sandbox.running import RunningSandbox
from tests.service import ROOT, RunningService, running_service

LARGEST_BUNDLE = 225 << 20  # bytes; above it Vercel's builder begins to move packages about
IDEA = {
    "name": "Frozen",
    "mission": "To keep going",
    "goals": [],
    "targetMarket": {},
    "primaryProduct": "",
    "sdgs": [],
}


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder of the service's own; nothing in it but `tmp` can be written."""
    with tempfile.TemporaryDirectory(prefix="vercel-") as name:
        (Path(name) / "tmp").mkdir()
        yield Path(name)


def read_only(folder: Path) -> tuple[str, ...]:
    """A command that runs another one while the tree and *folder* (but its `tmp`) cannot be written."""
    mounts = "".join(
        f"mount --bind {shlex.quote(str(path))} {shlex.quote(str(path))}\n"
        f"mount -o remount,bind,{mode} {shlex.quote(str(path))}\n"
        for path, mode in ((ROOT, "ro"), (folder, "ro"), (folder / "tmp", "rw"))
    )
    script = f'set -e\n{mounts}cd {shlex.quote(str(folder))}\nexec "$@"'
    return ("unshare", "--mount", "sh", "-c", script, "sh")


def can_unshare() -> bool:
    """Whether we may have mounts of our own."""
    return (
        subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode
        == 0
    )


def environment(sandbox: RunningSandbox, scratch: Path) -> dict[str, str]:
    """What the platform sets, and one of the two settings that its page asks for."""
    return {
        **sandbox.env,
        "VERCEL": "1",
        "ALLOW_ANONYMOUS": "1",
        "LOCAL_MODEL": "off",
        "SEARCH": "off",
        "MIN_INTERVAL_SECONDS": "0",
        "TMPDIR": str(scratch),
    }


@pytest.mark.skipif(not can_unshare(), reason="mounts of our own are not allowed here")
def test_it_works_in_a_read_only_tree_frozen_and_killed(
    shared_sandbox: RunningSandbox, folder: Path
) -> None:
    """The answer is kept before its last byte is sent: a kill directly after it loses nothing."""
    scratch = folder / "tmp"
    own, under = environment(shared_sandbox, scratch), read_only(folder)
    with running_service(folder, own, "--lifespan", "off", under=under) as service:
        first = ask(service)
        assert first.headers["x-cache"] == "MISS"
        service.process.send_signal(signal.SIGSTOP)
        service.process.send_signal(signal.SIGCONT)
        other = service.post("/investors", {"idea": {**IDEA, "name": "Thawed"}})
        assert other.status_code == 200
        assert streamed(service).endswith("data: [DONE]\n\n")
        service.process.kill()
    with running_service(folder, own, "--lifespan", "off", under=under) as service:
        again = ask(service)
        assert (again.headers["x-cache"], again.text) == ("HIT", first.text)
    written = {path for path in folder.rglob("*") if path.is_file()} - {folder / "log"}
    assert written
    assert all(path.is_relative_to(scratch) for path in written)


def ask(service: RunningService) -> requests.Response:
    """The same question every time, as it comes through the platform's proxy."""
    forwarded = {"X-Forwarded-For": "203.0.113.9", "X-Vercel-Id": "iad1::x"}
    reply = service.post("/investors", {"idea": IDEA}, headers=forwarded)
    assert reply.status_code == 200, reply.text
    return reply


def streamed(service: RunningService) -> str:
    """A stream to its end."""
    body = {"model": "auto", "stream": True, "messages": [{"role": "user", "content": "Hello"}]}
    return service.post("/v1/chat/completions", body).text


def test_strangers_are_told_both_settings_until_one_is_made(
    shared_sandbox: RunningSandbox, folder: Path
) -> None:
    """A deployment that nobody decided about answers nobody."""
    own = environment(shared_sandbox, folder)
    del own["ALLOW_ANONYMOUS"]
    with running_service(folder, own, "--lifespan", "off") as service:
        reply = service.get("/v1/models", headers={"X-Forwarded-For": "203.0.113.9"})
    assert reply.status_code == 403
    assert "TRIMARAN_API_KEYS" in reply.text
    assert "ALLOW_ANONYMOUS=1" in reply.text


def test_the_bundle_is_small_enough() -> None:
    """What `requirements.txt` brings, with all that it needs, without the local extras."""
    wanted = re.findall(r"(?m)^([\w.-]+)", (ROOT / "requirements.txt").read_text())
    sizes = {name: size_of(name) for name in closure(wanted)}
    largest = sorted(sizes.items(), key=lambda item: -item[1])[:8]
    assert sum(sizes.values()) < LARGEST_BUNDLE, largest


def closure(names: list[str]) -> set[str]:
    """*names* and all packages that they need here."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in found:
            continue
        try:
            needs = importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:
            continue
        found.add(name)
        waiting.extend(re.match(r"[\w.-]+", need)[0] for need in needs if "extra ==" not in need)  # type: ignore[index]  # a requirement begins with its name
    return found


def size_of(name: str) -> int:
    """The bytes of a package's files."""
    files = importlib.metadata.files(name) or []
    return sum(
        path.stat().st_size for file in files if (path := Path(str(file.locate()))).is_file()
    )


def test_the_configuration_is_one_that_the_builder_takes() -> None:
    """`functions` by the entry file, and never together with `builds`, which fails."""
    configuration = orjson.loads((ROOT / "vercel.json").read_bytes())
    assert "builds" not in configuration
    assert list(configuration["functions"]) == ["main.py"]
    assert configuration["functions"]["main.py"]["maxDuration"] <= 300
    assert "tests/**" in configuration["functions"]["main.py"]["excludeFiles"]
    assert not (ROOT / "api").exists()
