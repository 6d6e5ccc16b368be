"""Whatever the OpenAPI description allows, and what it does not, is answered without a server error."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error

from cache import ResponseCache
from endpoints.app import Services, create_app
from planning.planner import Planner
from planning.research import NoSearch
from planning.speech import Speaker
from planning.voices.supply import Supply
from rate_limiter import RateLimiter
from router import Router
from sandbox.running import RunningSandbox
from storage.memory import MemoryStore
from tests.endpoints.test_service import environment
from tests.service import RunningService, running_service


@pytest.fixture(scope="module")
def service(
    sandbox: RunningSandbox, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningService]:
    """The service as users run it."""
    folder = tmp_path_factory.mktemp("service")
    with running_service(folder, environment(sandbox, SEARCH="off")) as running:
        yield running


@pytest.fixture(scope="module")
def description(service: RunningService) -> Any:
    """What the service says of itself."""
    schema = schemathesis.openapi.from_dict(service.get("/openapi.json").json())
    schema.config.update(base_url=service.url)
    return schema


def operations() -> list[tuple[str, str]]:
    """Method and path of each operation that is described, but for the one that never ends."""
    cache = ResponseCache(store=MemoryStore())
    limiter = RateLimiter(0)
    router = Router([], cache, limiter)
    speaker = Speaker([], Supply(cache, limiter))
    app = create_app(Services(Planner(router, NoSearch()), speaker, cache))
    paths = app.openapi()["paths"].items()
    found = [(method.upper(), path) for path, methods in paths for method in methods]
    return [operation for operation in found if operation != ("GET", "/status/events")]


IMPATIENT = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
EVERY = pytest.mark.parametrize(("method", "path"), operations())


def ask(description: Any, method: str, path: str, data: st.DataObject) -> None:
    """Send what hypothesis draws, valid or not; its own time limit is the one reason to fail."""
    mode = data.draw(st.sampled_from(GenerationMode))
    case = data.draw(description[path][method].as_strategy(generation_mode=mode))
    if isinstance(case.body, dict) and "model" in case.body and data.draw(st.booleans()):
        # Else what is wrong with these would hide what the other fields do.
        case.body |= {"model": "auto", "messages": [{"role": "user", "content": "Hello."}]}
        case.headers = {}
    response = case.call()
    given = {name.lower() for name in case.headers or ()}
    if response.status_code == 504 and "x-request-timeout" in given:
        return
    case.validate_response(response, checks=[not_a_server_error])


@EVERY
@given(data=st.data())
@settings(max_examples=20, deadline=None, suppress_health_check=IMPATIENT)
def test_l08_no_request_is_a_server_error(
    description: Any, method: str, path: str, data: st.DataObject
) -> None:
    """A short look at every operation."""
    ask(description, method, path, data)


@pytest.mark.slow
@pytest.mark.timeout(600)
@EVERY
@given(data=st.data())
@settings(max_examples=500, deadline=None, suppress_health_check=IMPATIENT)
def test_l08_no_request_is_a_server_error_for_long(
    description: Any, method: str, path: str, data: st.DataObject
) -> None:
    """A long look."""
    ask(description, method, path, data)
