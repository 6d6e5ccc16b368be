"""Redis and Valkey for the tests of the stores, started once."""

from collections.abc import Iterator

import pytest

from tests.servers import StoreServer, running_store


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreServer]:
    """A Redis that keeps nothing."""
    with running_store(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="session")
def valkey_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreServer]:
    """A Valkey that keeps nothing."""
    with running_store(tmp_path_factory.mktemp("valkey"), kind="valkey") as server:
        yield server
