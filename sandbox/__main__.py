"""`python -m sandbox`: serves the stand-ins and prints the settings a client needs to use them."""

import argparse
import asyncio
import contextlib
import dataclasses
import itertools
from typing import Any, get_args

from sandbox.app import Keys
from sandbox.quotas import Preset
from sandbox.running import RunningSandbox, start

KEY_NAMES = tuple(field.name for field in dataclasses.fields(Keys))
SCENE_S = 20.0
# What `--demo` plays in turn; the words are printed, the faults are control JSON.
SCENES: tuple[tuple[str, dict[str, dict[str, Any]]], ...] = (
    ("fair, everyone answers", {}),
    ("Gemini is overloaded", {"gemini": {"error": "overloaded"}}),
    ("Gemini has used up its day", {"gemini": {"error": "daily_quota"}}),
    (
        "Gemini has used up its day, OpenRouter's pool is busy",
        {"gemini": {"error": "daily_quota"}, "openrouter": {"error": "upstream_pool"}},
    ),
    ("Gemini never answers", {"gemini": {"hang": True}}),
    (
        "nobody answers",
        {
            "gemini": {"error": "overloaded"},
            "openrouter": {"error": "daily_quota"},
            "cloudflare": {"error": "neurons_4006"},
        },
    ),
)


def main() -> None:
    """Serve until interrupted."""
    options = _options()
    keys = Keys(**{name: getattr(options, f"key_{name}") for name in KEY_NAMES})
    sandbox = RunningSandbox(keys=keys, quotas=options.quotas, latency_s=options.latency)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(sandbox, options.port, demo=options.demo))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=9100, help="0 picks a free one")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before every answer")
    parser.add_argument("--quotas", choices=get_args(Preset), default="real")
    parser.add_argument("--demo", action="store_true", help=f"new weather every {SCENE_S:.0f} s")
    for name in KEY_NAMES:
        default = getattr(Keys(), name)
        parser.add_argument(f"--key-{name}", dest=f"key_{name}", default=default)
    return parser.parse_args()


async def _serve(sandbox: RunningSandbox, port: int, *, demo: bool) -> None:
    runner = await start(sandbox, port)
    for name, value in sandbox.env.items():
        print(f"{name}={value}", flush=True)
    try:
        if demo:
            await _play(sandbox)
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


async def _play(sandbox: RunningSandbox) -> None:
    for words, faults in itertools.cycle(SCENES):
        print(f"Weather: {words}", flush=True)
        sandbox.heal()
        for provider, fault in faults.items():
            sandbox.add_fault(provider, fault)
        await asyncio.sleep(SCENE_S)


if __name__ == "__main__":
    main()
