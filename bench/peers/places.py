"""Where the peers live, which versions they have, and how they are put there."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(os.environ.get("BENCH_PEERS") or Path.home() / ".cache" / "trimaran-peers")
LITELLM, TENSORZERO = "litellm[proxy]==1.106.2", "tensorzero==2026.6.0"
PORTKEY = "@portkey-ai/gateway"
# As its own lockfile has them: with the newest its streams answer 500.
LOCKED = {"hono": "4.9.7", "@hono/node-server": "1.13.5", "@hono/node-ws": "1.2.0"}
VERSIONS = {"litellm": LITELLM.split("==")[1], "tensorzero": "2026.6.0", "portkey": "1.15.2"}
HERE = {
    "litellm": ROOT / "litellm/bin/litellm",
    "tensorzero": ROOT / "tensorzero/bin/python",
    "portkey": ROOT / "portkey/node_modules" / PORTKEY / "build/start-server.js",
}


def installed() -> list[str]:
    """The names of the peers that are there."""
    return [name for name, file in HERE.items() if file.exists()]


def install() -> None:
    """Put every peer that is missing into its place. Raises `CalledProcessError` when that fails."""
    missing = set(HERE) - set(installed())
    if "litellm" in missing:
        _python("litellm", LITELLM)
    if "tensorzero" in missing:
        _python("tensorzero", TENSORZERO)
    if "portkey" in missing and shutil.which("npm"):
        _portkey()


def _python(name: str, requirement: str) -> None:
    folder = ROOT / name
    # Compiled at once: a package that is not recompiles what fails to import, again and again.
    environment = {n: v for n, v in os.environ.items() if n != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)  # noqa: S603 - our own arguments
    subprocess.run(  # noqa: S603 - our own arguments
        [str(folder / "bin/python"), "-m", "pip", "install", "--quiet", "--compile", requirement],
        check=True,
        env=environment,
    )


def _portkey() -> None:
    folder = ROOT / "portkey"
    folder.mkdir(parents=True, exist_ok=True)
    manifest = {
        "private": True,
        "dependencies": {PORTKEY: VERSIONS["portkey"], **LOCKED},
        "overrides": LOCKED,
    }
    (folder / "package.json").write_text(json.dumps(manifest, indent=2))
    command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder)]
    subprocess.run(command, check=True)  # noqa: S603 - our own arguments
