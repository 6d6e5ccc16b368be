"""A worker of the fleet test: the real router over real sockets, asking until it is stopped."""

import asyncio
import itertools
import os
import sys
from pathlib import Path

from answers import Declined, Unanswered, Unfit
from cache import ResponseCache
from failover import Patience
from providers import Access, configured
from providers.prompt import Message, Prompt
from providers.transport import HttpUpstream, Transport
from rate_limiter import RateLimiter
from router import Router
from storage.ledger import Limits
from storage.sqlite import FILE_NAME, SqliteStore


async def work(folder: Path, number: str, interval_s: float, per_day: int) -> None:
    """Ask one new question after the other."""
    store = SqliteStore(folder / FILE_NAME)
    limits = Limits(per_minute=100_000, per_day=per_day)
    access = {
        name: Access(
            key=os.environ[f"{name.upper()}_API_KEY"],
            base_url=os.environ[f"{name.upper()}_BASE_URL"],
            account_id=os.environ.get(f"{name.upper()}_ACCOUNT_ID", ""),
            models=("gemini-3.5-flash-lite",) if name == "gemini" else (),
            limits=limits,
        )
        for name in ("gemini", "openrouter", "cloudflare")
    }
    transport = Transport()
    router = Router(
        [HttpUpstream(provider, transport, terms) for provider, terms in configured(access)],
        ResponseCache(store=store),
        RateLimiter(interval_s, store=lambda: store),
        patience=Patience(2, 10),
    )
    for question in itertools.count():
        text = f"{number} {os.getpid()} {question}"
        prompt = Prompt(messages=(Message("user", text),), max_tokens=64)

        async def frame(own: Prompt = prompt) -> Prompt:
            return own

        try:
            await router.complete(text, frame, name="fleet")
        except (Unanswered, Declined, Unfit):
            await asyncio.sleep(0.05)


if __name__ == "__main__":
    asyncio.run(work(Path(sys.argv[1]), sys.argv[2], float(sys.argv[3]), int(sys.argv[4])))
