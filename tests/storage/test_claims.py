"""Claims: one process at a time, without waiting for those that have died."""

import errno
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from storage.claims import FILE_NAME, Claims, claims_in

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


@pytest.mark.parametrize("made", [True, False], ids=["made anew", "not made yet"])
def test_after_the_folder_was_removed_all_use_the_new_file(tmp_path: Path, made: bool) -> None:
    """What was held in the one that is gone is held no longer, and giving it back does nothing."""
    folder = tmp_path / "cache"
    one, other = Claims(folder), Claims(folder)
    assert one.take("before")
    assert not other.take("before")
    shutil.rmtree(folder)
    if made:
        folder.mkdir()
        (folder / FILE_NAME).touch()
    assert one.take("key")
    assert not other.take("key")
    assert other.take("before")
    one.give_back("before")
    assert not one.take("before")
    one.close()
    other.close()


def test_a_file_that_cannot_be_used_keeps_nobody_from_asking_and_is_told_of_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Once more when it had worked in between."""
    claims = Claims(tmp_path)
    for _ in range(2):
        (tmp_path / FILE_NAME).mkdir()
        for _ in range(3):
            assert claims.take("key")
            claims.give_back("key")
        (tmp_path / FILE_NAME).rmdir()
        assert claims.take("key")
        claims.close()
        (tmp_path / FILE_NAME).unlink()
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 2
    assert all("each process asks for itself: [Errno 21] Is a directory" in line for line in said)


def test_where_the_folder_knows_no_locks_everybody_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As on some shares of a network. What cannot be given back ends with the file that is open."""
    one, other = Claims(tmp_path), Claims(tmp_path)
    assert one.take("key")
    with monkeypatch.context() as broken:

        def no_locks(*_: object) -> None:
            raise OSError(errno.ENOLCK, "No locks available")

        broken.setattr("fcntl.fcntl", no_locks)
        assert other.take("key")
        assert other.take("key")
        other.give_back("key")
        one.give_back("key")
    assert [r.getMessage().rpartition("] ")[2] for r in caplog.records] == [
        "No locks available"
    ] * 2  # one for each of the two parties
    assert other.take("key")
    one.close()
    other.close()
