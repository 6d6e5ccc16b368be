"""Claims: one process at a time, without waiting for those that have died."""

import subprocess
import sys
from pathlib import Path

import pytest

from storage.claims import Claims, claims_in

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="locks of open files are Linux's")


def test_what_one_has_taken_no_other_gets(tmp_path: Path) -> None:
    """Nor it itself once more, until it is given back."""
    one, other = Claims(tmp_path), Claims(tmp_path)
    assert one.take("key")
    assert not one.take("key")
    assert not other.take("key")
    assert other.take("another key")
    one.give_back("key")
    assert other.take("key")
    one.give_back("key")  # which is not its own
    assert not one.take("key")
    one.close()
    other.close()
    assert one.take("key")
    one.close()


def test_c05_a_process_that_is_killed_holds_nothing(tmp_path: Path) -> None:
    """Its claims end with it, and need not run out."""
    told = (
        "import pathlib, sys, time; from storage.claims import Claims;"
        f"Claims(pathlib.Path({str(tmp_path)!r})).take('key'); print('taken', flush=True);"
        "time.sleep(60)"
    )
    claims = Claims(tmp_path)
    with subprocess.Popen([sys.executable, "-c", told], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"taken\n"
        assert not claims.take("key")
        holder.kill()
        holder.wait()
    assert claims.take("key")
    claims.close()


def test_where_there_are_no_such_locks_there_are_no_claims(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Processes then agree by leases."""
    assert claims_in(tmp_path) is not None
    monkeypatch.setattr(sys, "platform", "darwin")
    assert claims_in(tmp_path) is None
