"""A real router on real sockets among stand-ins that fail, with a clock that only the tests turn."""

from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

import pytest

from answers import Routed
from cache import ANY_FRESH, Freshness, ResponseCache
from failover import Patience
from providers import Access, configured
from providers.prompt import Message, Prompt
from providers.transport import HttpUpstream, Timeouts, Transport
from rate_limiter import RateLimiter
from router import Router
from sandbox.running import RunningSandbox, running_sandbox
from storage import Store
from storage.ledger import Limits
from storage.memory import MemoryStore
from tests.doubles import TurnedClock

QUICK = Timeouts(connect_s=1.0, first_token_s=2.0, whole_reply_s=2.0, idle_s=1.0)
AMPLE = Timeouts(connect_s=20.0, first_token_s=20.0, whole_reply_s=20.0, idle_s=20.0)
WIDE = Limits(per_minute=100_000, per_day=100_000)


@pytest.fixture(scope="package")
def served() -> Iterator[RunningSandbox]:
    """Stand-ins without quotas of their own."""
    with running_sandbox(quotas="unlimited") as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(served: RunningSandbox) -> Iterator[RunningSandbox]:
    """In good health, and with an empty log."""
    served.clear_log()
    yield served
    served.heal()
    served.forget_replies()


@dataclass
class House:
    """A router with its parts, and one way to ask it."""

    router: Router
    clock: TurnedClock

    async def ask(self, question: str, freshness: Freshness = ANY_FRESH) -> Routed:
        """One request."""
        prompt = Prompt(messages=(Message("user", f"Say {question}."),), max_tokens=1024)

        async def frame() -> Prompt:
            return prompt

        return await self.router.complete(question, frame, name="plan", freshness=freshness)


Build = Callable[..., House]


@pytest.fixture
async def build(sandbox: RunningSandbox) -> AsyncIterator[Build]:
    """Makes a house of the named providers; *urls* replace their addresses, *keys* their keys.

    They are given time that suffices on a busy machine, but for those in *silent*, whose silence is
    found within seconds.
    """
    made: list[House] = []

    def make(
        *names: str,
        interval_s: float = 0.0,
        store: Store | None = None,
        patience: Patience = Patience(5, 30),  # noqa: B008 - frozen
        limits: Limits = WIDE,
        keys: Mapping[str, str] = {},
        silent: Collection[str] = (),
        **urls: str,
    ) -> House:
        names = names or ("gemini", "openrouter", "cloudflare")
        access = {
            name: Access(
                key=keys.get(name, sandbox.env[f"{name.upper()}_API_KEY"]) if name in names else "",
                base_url=urls.get(name, sandbox.env[f"{name.upper()}_BASE_URL"]),
                account_id=sandbox.env.get(f"{name.upper()}_ACCOUNT_ID", ""),
                models=("gemini-3.5-flash-lite",) if name == "gemini" else (),
                limits=limits,
            )
            for name in ("gemini", "openrouter", "cloudflare")
        }
        clock = TurnedClock()
        doors = {name: Transport(QUICK if name in silent else AMPLE) for name in access}
        kept = store or MemoryStore()
        router = Router(
            [HttpUpstream(p, doors[p.identity.name], t) for p, t in configured(access)],
            ResponseCache(store=kept, clock=clock),
            RateLimiter(interval_s, store=lambda: kept, clock=clock),
            patience=patience,
            clock=clock,
            chance=lambda: 0.0,
        )
        made.append(House(router, clock))
        return made[-1]

    yield make
    for house in made:
        await house.router.aclose()
