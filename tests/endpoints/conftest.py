"""The stand-ins that the service is tested among."""

from collections.abc import Iterator

import pytest

from sandbox.running import RunningSandbox, running_sandbox


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    """Stand-ins without quotas in the way of the tests."""
    with running_sandbox(quotas="unlimited") as running:
        yield running
