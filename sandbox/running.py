"""Serves a sandbox from a thread of its own, for tests and benchmarks."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from aiohttp import web

from sandbox import compatible
from sandbox.app import Sandbox, create_app
from sandbox.checks import BadControl

SHUTDOWN_S = 0.2  # how long calls may still be answered when the sandbox closes


class RunningSandbox(Sandbox):
    """A sandbox that is being served at `url`."""

    url: str = ""

    @property
    def base_urls(self) -> dict[str, str]:
        """The base URL of each provider, by the name of its environment variable."""
        return base_urls(self.url)

    @property
    def env(self) -> dict[str, str]:
        """Base URLs and valid credentials, as environment variables."""
        return {
            **self.base_urls,
            "GEMINI_API_KEY": self.keys.gemini,
            "OPENROUTER_API_KEY": self.keys.openrouter,
            "CLOUDFLARE_API_KEY": self.keys.cloudflare,
            "CLOUDFLARE_ACCOUNT_ID": self.keys.cloudflare_account,
            "ELEVENLABS_API_KEY": self.keys.elevenlabs,
        }

    @property
    def research_env(self) -> dict[str, str]:
        """What switches on the search services that need a key or an address of their own."""
        return {"TAVILY_API_KEY": self.keys.tavily, "SEARXNG_URL": f"{self.url}/searxng"}

    def env_of(self, *names: str) -> dict[str, str]:
        """The same for providers beside those of `env`, by their names (`groq`, `ollama`, …)."""
        known = {manners.name: manners for manners in compatible.ALL}
        if unknown := [name for name in names if name not in known]:
            raise BadControl(f"provider: there is no {unknown[0]!r}; known are {', '.join(known)}")
        variables: dict[str, str] = {}
        for manners in (known[name] for name in names):
            variables[f"{manners.prefix}_BASE_URL"] = f"{self.url}/{manners.name}{manners.base}"
            if manners.key:
                variables[f"{manners.prefix}_API_KEY"] = manners.key
            if manners is compatible.CUSTOM:
                variables[f"{manners.prefix}_MODEL"] = manners.models[0]
        return variables


def base_urls(url: str) -> dict[str, str]:
    """The base URLs below the address of a sandbox."""
    return {
        "GEMINI_BASE_URL": f"{url}/gemini",
        "OPENROUTER_BASE_URL": f"{url}/openrouter/api/v1",
        "CLOUDFLARE_BASE_URL": f"{url}/cloudflare/client/v4",
        "ELEVENLABS_BASE_URL": f"{url}/elevenlabs",
        "SEARCH_URL": url,
    }


@contextmanager
def running_sandbox(port: int = 0, **options: Any) -> Iterator[RunningSandbox]:
    """Serve a sandbox on loopback until the block ends; options are those of `Sandbox`."""
    sandbox = RunningSandbox(**options)
    loop = asyncio.new_event_loop()
    runner = loop.run_until_complete(start(sandbox, port))
    thread = threading.Thread(target=loop.run_forever, name="sandbox", daemon=True)
    thread.start()
    try:
        yield sandbox
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


async def start(sandbox: RunningSandbox, port: int) -> web.AppRunner:
    """Serve a sandbox on loopback; the caller cleans the runner up."""
    runner = make_runner(sandbox)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    sandbox.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    return runner


def make_runner(sandbox: Sandbox) -> web.AppRunner:
    """The server of a sandbox; a call ends when its connection does."""
    return web.AppRunner(
        create_app(sandbox),
        access_log=None,
        handler_cancellation=True,
        shutdown_timeout=SHUTDOWN_S,
    )
