"""Research among stand-ins: every service that there is, on loopback."""

from collections.abc import AsyncIterator, Callable

import pytest

from cache import ResponseCache
from planning.research import BACKENDS, Researcher, researcher
from sandbox.running import RunningSandbox
from storage.memory import MemoryStore
from tests.doubles import TurnedClock

Asking = Callable[..., Researcher]


@pytest.fixture
def sandbox(shared_sandbox: RunningSandbox) -> RunningSandbox:
    """The shared stand-ins, all well, nothing asked yet."""
    shared_sandbox.heal()
    shared_sandbox.forget_replies()
    shared_sandbox.clear_log()
    return shared_sandbox


@pytest.fixture
async def asking(sandbox: RunningSandbox, clock: TurnedClock) -> AsyncIterator[Asking]:
    """Makes a researcher that asks the named services, or all, with an empty cache."""
    made: list[Researcher] = []

    def make(*names: str) -> Researcher:
        env = sandbox.research_env
        research = researcher(
            ResponseCache(store=MemoryStore(), clock=clock),
            order=names or BACKENDS,
            tavily_key=env["TAVILY_API_KEY"],
            searxng_url=env["SEARXNG_URL"],
            stand_ins=sandbox.base_urls["SEARCH_URL"],
            clock=clock,
        )
        made.append(research)
        return research

    yield make
    for research in made:
        await research.aclose()
