"""`python -m sandbox`: serves the stand-ins and prints the settings a client needs to use them."""

import argparse
import asyncio
import contextlib
import dataclasses
from collections.abc import Iterable
from typing import get_args

from sandbox.app import Keys
from sandbox.quotas import Preset
from sandbox.running import RunningSandbox, start

KEY_NAMES = tuple(field.name for field in dataclasses.fields(Keys))


def main() -> None:
    """Serve until interrupted."""
    options = _options()
    keys = Keys(**{name: getattr(options, f"key_{name}") for name in KEY_NAMES})
    sandbox = RunningSandbox(keys=keys, quotas=options.quotas, latency_s=options.latency)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(sandbox, options.port, filter(None, options.also.split(","))))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=9100, help="0 picks a free one")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before every answer")
    parser.add_argument("--quotas", choices=get_args(Preset), default="real")
    parser.add_argument("--also", default="", help="print settings for these too: groq,mistral,…")
    for name in KEY_NAMES:
        default = getattr(Keys(), name)
        parser.add_argument(f"--key-{name}", dest=f"key_{name}", default=default)
    return parser.parse_args()


async def _serve(sandbox: RunningSandbox, port: int, also: Iterable[str]) -> None:
    runner = await start(sandbox, port)
    for name, value in {**sandbox.env, **sandbox.env_of(*also)}.items():
        print(f"{name}={value}", flush=True)
    try:
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


if __name__ == "__main__":
    main()
