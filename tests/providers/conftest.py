"""A healed sandbox for every test, and the three providers as they are asked: over real sockets."""

from collections.abc import AsyncIterator, Iterator

import pytest

from providers import Access, Entry
from providers.transport import HttpUpstream, Transport
from sandbox.running import RunningSandbox, running_sandbox
from tests.providers.asking import (
    ENTRIES,
    OPEN,
    TIMEOUTS,
    TRANSLATIONS,
    AccessOf,
    UpstreamOf,
)


@pytest.fixture(scope="module")
def served() -> Iterator[RunningSandbox]:
    """One sandbox for a whole module, so that starting it costs nothing."""
    with running_sandbox(quotas="unlimited") as running:
        yield running


@pytest.fixture
def sandbox(served: RunningSandbox) -> Iterator[RunningSandbox]:
    """The sandbox in good health, and with an empty log."""
    served.clear_log()
    yield served
    served.heal()
    served.forget_replies()


@pytest.fixture
def access_of(sandbox: RunningSandbox) -> AccessOf:
    """How to reach a provider's stand-in."""

    def access(name: str) -> Access:
        prefix = name.upper()
        known = f"{prefix}_BASE_URL" in sandbox.env
        env = sandbox.env if known else sandbox.env_of(name)
        # Gemini's is one that does not think.
        model = "gemini-3.5-flash-lite" if name == "gemini" else env.get(f"{prefix}_MODEL")
        return Access(
            key=env.get(f"{prefix}_API_KEY", ""),
            models=(model,) if model else (),
            base_url=env[f"{prefix}_BASE_URL"],
            account_id=env.get(f"{prefix}_ACCOUNT_ID", ""),
        )

    return access


@pytest.fixture
async def transport() -> AsyncIterator[Transport]:
    """A transport that is closed when the test is over."""
    one = Transport(TIMEOUTS)
    yield one
    await one.aclose()


@pytest.fixture
def upstream_of(transport: Transport, access_of: AccessOf) -> UpstreamOf:
    """A provider's stand-in as the router asks it."""
    return lambda name: HttpUpstream(ENTRIES[name].ladder(access_of(name))[0][0], transport, OPEN)


@pytest.fixture(params=TRANSLATIONS)
def entry(request: pytest.FixtureRequest) -> Entry:
    """A provider for each way of speaking in turn."""
    return ENTRIES[str(request.param)]


@pytest.fixture
def upstream(entry: Entry, upstream_of: UpstreamOf) -> HttpUpstream:
    """Each provider's stand-in in turn, as the router asks it."""
    return upstream_of(entry.identity.name)
