"""The smaller measurements, each with little to do, and what they make of what they find."""

import asyncio
from pathlib import Path

import pytest

from bench import cache_size, growth, instructions
from bench.asgi import ask, numbered
from bench.cold_start import rows
from bench.inside import app_in
from bench.instructions import Counts, change, compared, instructions_in
from bench.load.tables import replaced
from bench.load.wire import TEXT, text_of
from bench.memory import Held, growth_mb
from bench.pdf import Gap, watching
from bench.performance import PAGE, PARTS, outcome
from providers import CATALOGUE


@pytest.mark.anyio
async def test_a_question_is_answered_within_this_process(tmp_path: Path) -> None:
    """Through the whole application; the second time from its cache."""
    app = app_in(tmp_path)
    answers = [await ask(app, numbered(number)) for number in (1, 2, 2)]
    assert [status for status, _ in answers] == [200] * 3
    assert {text_of(body) for _, body in answers} == {TEXT}


@pytest.mark.anyio
@pytest.mark.parametrize("name", instructions.WORKS)
async def test_what_is_counted_runs(name: str) -> None:
    """Without valgrind around it."""
    await instructions.work(name, 3)


@pytest.mark.parametrize(
    ("now", "before", "told"),
    [(110, 100, "**+10.0%**"), (104, 100, "+4.0%"), (50, 100, "**-50.0%**"), (7, None, "new")],
)
def test_a_change_of_a_tenth_stands_out(now: int, before: int | None, told: str) -> None:
    """In either direction."""
    assert change(now, before) == told


def test_counts_are_kept_and_compared(tmp_path: Path) -> None:
    """With those of the last time that they were kept."""
    kept = Counts({"hit": 1_000}, "callgrind 3, Python 3.11")
    assert Counts.read(tmp_path / "none.json") is None
    kept.keep(tmp_path / "kept.json")
    assert Counts.read(tmp_path / "kept.json") == kept
    table = compared(Counts({"hit": 1_200, "miss": 5}, "the same"), kept).splitlines()
    assert table[2:] == ["| hit | 1,200 | 1,000 | **+20.0%** |", "| miss | 5 | – | new |"]


def test_the_repository_keeps_counts_of_every_work() -> None:
    """So that `make instructions` has something to compare with."""
    kept = Counts.read(instructions.KEPT)
    assert kept is not None
    assert set(kept.each) == set(instructions.WORKS)


def test_what_callgrind_says_is_read() -> None:
    """And its silence is an error."""
    assert instructions_in("==7== Events    : Ir\n==7== Collected : 12345\n") == 12345
    with pytest.raises(ValueError, match="counted nothing"):
        instructions_in("==7== killed")


def test_a_cache_is_filled_and_looked_up() -> None:
    """A small one."""
    found = cache_size.measured(50, looks=100)
    assert found.answers == 50
    assert 0 < found.p50_us <= found.p99_us
    assert found.start_ms > 0


def test_growth_is_that_of_the_second_half() -> None:
    """The first half fills caches of all kinds."""
    held = [Held(0, 80), Held(40, 88), Held(60, 89), Held(100, 89.5)]
    assert growth_mb(held) == 0.5


def test_only_so_many_streams_are_opened_as_there_are_files_for() -> None:
    """Each takes two."""
    assert growth.possible((1, 1_000, 10_000), 20_000) == [1, 1_000]
    assert growth.possible((1, 1_000, 10_000), 65_536) == [1, 1_000, 10_000]


def test_there_are_thirty_models_to_choose_from() -> None:
    """Of every provider some."""
    assert len(CATALOGUE) * growth.MODELS_EACH >= 30


def test_a_cold_start_is_compared_within_its_round() -> None:
    """With the imports alone."""
    told = rows([(1.0, 1.5, 2.0), (2.0, 3.0, 4.0), (1.0, 1.5, 2.0)])
    assert [row[2] for row in told] == ["1.00 ×", "1.50 ×", "2.00 ×"]


@pytest.mark.anyio
async def test_a_loop_that_is_held_up_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as nobody else could run."""
    moments = iter([10.0, 10.25, 10.26])
    monkeypatch.setattr("bench.pdf.time.perf_counter", lambda: next(moments))
    gap = Gap()
    gap.woke()
    gap.woke()
    assert gap.longest_s == 0.25


@pytest.mark.anyio
async def test_the_watch_ends_with_its_block() -> None:
    """No task is left behind."""
    before = asyncio.all_tasks()
    async with watching():
        assert len(asyncio.all_tasks()) == len(before) + 1
    assert asyncio.all_tasks() == before


@pytest.mark.parametrize("name", PARTS)
def test_every_part_has_its_place_in_the_page(name: str) -> None:
    """Or an hour's work would be lost."""
    assert "what was found" in replaced(PAGE.read_text(), name, "what was found")


def test_a_part_that_fails_says_so() -> None:
    """And the others go on."""

    def broken() -> str:
        raise RuntimeError("nginx did not start")

    assert outcome(broken).startswith("**It failed:** `RuntimeError: nginx did not start`")
    assert outcome(lambda: "a table").startswith("a table\n\nMeasured on ")
