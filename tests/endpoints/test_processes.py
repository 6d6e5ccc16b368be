"""How the service's processes begin and end: signals, workers, and what uvicorn makes of them."""

import re
import signal
from pathlib import Path

import pytest

from sandbox.running import RunningSandbox
from tests.endpoints.test_service import environment
from tests.service import running_service


@pytest.mark.parametrize("workers", [pytest.param("1", marks=pytest.mark.slow), "2"])
def test_p01_a_service_that_is_told_to_end_ends_well(
    shared_sandbox: RunningSandbox, tmp_path: Path, workers: str
) -> None:
    """The exit status is 0, as supervisors expect it, with one process or with several."""
    settings = environment(shared_sandbox)
    with running_service(tmp_path / "service", settings, "--workers", workers) as service:
        assert service.get("/healthz").status_code == 200
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(12) == 0
    assert "Traceback" not in service.log


@pytest.mark.parametrize("workers", [pytest.param("1", marks=pytest.mark.slow), "2"])
def test_p03_workers_that_cannot_begin_are_not_begun_again_and_again(
    tmp_path: Path, workers: str
) -> None:
    """A setting that cannot be used: the supervisor ends, and the log says which it is."""
    wrong = {"PACING": "sometimes"}
    with running_service(tmp_path / "service", wrong, "--workers", workers) as service:
        assert service.process.wait(30) == (3 if workers == "1" else 0)
    said = re.findall("PACING cannot be used", service.log)
    assert 1 <= len(said) <= int(workers)
