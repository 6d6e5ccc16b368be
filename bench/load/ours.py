"""The subjects that need nothing installed: the service in several settings, and its floors."""

import sys
from collections.abc import Mapping
from pathlib import Path

from bench.load import machine, nginx
from bench.load.subjects import Subject
from bench.load.wire import Ask, question

ROOT = Path(__file__).parents[2]
READY = Ask(question())
# As fast as the providers allow, and nothing beside them.
ALONE = {
    "LOCAL_MODEL": "off",
    "SEARCH": "off",
    "PACING": "quota",
    "MIN_INTERVAL_SECONDS": "0",
    "CACHE_DIR": "cache",
}


def gemini(upstream: str, *models: str) -> dict[str, str]:
    """The settings for Gemini's stand-in; of models that we do not know no limits are known either."""
    return {
        "GEMINI_API_KEY": "bench",
        "GEMINI_BASE_URL": upstream,
        "GEMINI_MODEL": ",".join(models),
    }


def custom(upstream: str) -> dict[str, str]:
    """The settings for a second provider, which speaks OpenAI's format and has no limits."""
    return {"CUSTOM_BASE_URL": f"{upstream}/v1", "CUSTOM_MODEL": "bench", "CUSTOM_API_KEY": "bench"}


def service(
    name: str,
    folder: Path,
    providers: Mapping[str, str],
    *,
    app: str = "main:app",
    ask: Ask = READY,
    **settings: str,
) -> Subject:
    """The service as `make run` serves it, with one worker, from a folder that is empty."""
    port = machine.free_port()
    return Subject(
        name=name,
        command=(
            *(sys.executable, "-m", "uvicorn", app, "--app-dir", str(ROOT)),
            *("--host", "127.0.0.1", "--port", str(port), "--no-server-header"),
            *("--http", "endpoints.connection:CarefulProtocol"),
        ),
        folder=folder / name.replace(" ", "-"),
        ask=ask,
        port=port,
        environment={**ALONE, **providers, **settings},
    )


def floor(name: str, folder: Path, upstream: str) -> Subject:
    """One of `floors`, on the same server."""
    port = machine.free_port()
    return Subject(
        name=name,
        command=(
            *(sys.executable, "-m", "uvicorn", f"bench.load.floors:{name}"),
            *("--app-dir", str(ROOT), "--host", "127.0.0.1", "--port", str(port)),
            *("--no-access-log", "--no-server-header"),
        ),
        folder=folder / name,
        ask=READY,
        port=port,
        environment={"UPSTREAM": upstream},
    )


def proxy(folder: Path, upstream: int) -> Subject:
    """nginx, which only passes on what comes to the stand-ins at the port *upstream*."""
    port, own = machine.free_port(), folder / "proxy"
    command = nginx.written(own, port, nginx.proxying(), upstream)
    return Subject(name="proxy", command=command, folder=own, ask=READY, port=port)
