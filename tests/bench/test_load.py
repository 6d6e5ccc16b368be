"""The measuring of loads: what is read, compared and written down, without a load."""

import os
from pathlib import Path

import pytest

from bench.load import machine, nginx, tables, wire, wrk
from bench.load.rounds import Sample, Samples, Spread, Work, figures, ratio
from bench.load.wire import Ask, question
from bench.load.works import FULL, GOALS, QUICK, Goal, cheaper, subjects, times
from bench.peers import places
from providers.base import HttpResponse
from providers.errors import FailureKind, ProviderError
from providers.gemini import Gemini

GEMINI = Gemini("bench", "http://127.0.0.1:1", "bench")


def costing(*cpu_us: float | None) -> list[Sample | None]:
    """Samples of these costs; None for a faulty round."""
    return [None if cost is None else Sample(cost, 1.0, 1.0, 1.0, 1.0, 1.0) for cost in cpu_us]


def process(
    proc: Path, pid: int, parent: int, *run_ns: int, name: str = "one", pages: int = 0
) -> None:
    """A process in a /proc of our own, with a thread for each of *run_ns*."""
    for number, own in enumerate(run_ns):
        thread = proc / str(pid) / "task" / str(pid + number)
        thread.mkdir(parents=True)
        (thread / "schedstat").write_text(f"{own} 7 9\n")
    (proc / str(pid) / "stat").write_text(f"{pid} ({name}) S {parent} 1 1 0")
    (proc / str(pid) / "statm").write_text(f"900 {pages} 3 1 0 4 0")


def test_a_ratio_is_taken_within_one_round() -> None:
    """So a machine that slows down for a round does not change it."""
    samples: Samples = {"ours": costing(200, 2_000, 210), "floor": costing(100, 1_000, 100)}
    assert ratio(samples, "ours", "floor") == Spread(2.0, 2.0, 2.1)


def test_a_faulty_round_counts_for_nothing() -> None:
    """Neither in a ratio nor in a figure."""
    samples: Samples = {"ours": costing(200, None, 300), "floor": costing(100, 100, None)}
    assert ratio(samples, "ours", "floor") == Spread(2.0, 2.0, 2.0)
    assert figures(samples, "ours", lambda sample: sample.cpu_us) == Spread(250, 200, 300)


def test_what_was_not_measured_has_no_figure() -> None:
    """A peer that is not installed, say."""
    assert ratio({"ours": costing(1)}, "ours", "theirs") is None
    assert figures({"ours": costing(None)}, "ours", lambda sample: sample.cpu_us) is None


@pytest.mark.parametrize(
    ("goal", "reached"),
    [
        (times("ours", "floor", 1.5), "**not yet**"),
        (times("ours", "floor", 2.5), "yes"),
        (cheaper("theirs", "ours", 5), "yes"),
        (cheaper("theirs", "ours", 50), "**not yet**"),
    ],
)
def test_a_goal_is_told_as_reached_or_not(goal: Goal, reached: str) -> None:
    """With the median of the rounds."""
    samples: Samples = {
        "ours": costing(200, 220),
        "floor": costing(100, 100),
        "theirs": costing(2_000, 2_200),
    }
    assert tables.of_goals([goal], samples).splitlines()[-1].endswith(f"| {reached} |")


def test_a_goal_without_figures_is_left_out() -> None:
    """The table has only its head then."""
    assert len(tables.of_goals(GOALS, {}).splitlines()) == 2


def test_every_goal_compares_works_that_are_measured() -> None:
    """A name that is misspelt would never be told."""
    names = {work.name for work in QUICK}
    assert {goal.work for goal in GOALS} <= names
    assert {goal.against for goal in GOALS if goal.unit == "×"} <= names


def test_every_work_has_a_subject(tmp_path: Path) -> None:
    """Among those that are started."""
    there = {subject.name for subject in subjects(tmp_path, nginx.Nginx(1, 1))}
    assert {work.subject for work in FULL} <= there


def test_a_row_shows_the_spread_and_the_rounds() -> None:
    """Also of a work that is counted by its pieces."""
    work = Work(name="streamed", subject="ours", ask=Ask(question()), events=100)
    row = tables.of_works([work], {"streamed": costing(20, 40, None)}).splitlines()[-1]
    assert row.startswith("| streamed (each piece) | 30.0 [20.0–40.0] |")
    assert row.endswith("| 2 of 3 |")


@pytest.mark.parametrize(
    ("value", "shown"), [(17_345.6, "17,346"), (100, "100"), (12.34, "12.3"), (1.234, "1.23")]
)
def test_numbers_have_the_digits_that_mean_something(value: float, shown: str) -> None:
    """About three."""
    assert tables.number(value) == shown


def test_a_later_run_replaces_its_part_of_the_page_and_nothing_else() -> None:
    """However often."""
    page = "# Head\n<!-- a -->\nold\n<!-- /a -->\nbetween\n<!-- b -->\n<!-- /b -->\n"
    once = tables.replaced(page, "a", "new")
    assert once == page.replace("old", "new")
    assert tables.replaced(once, "a", "new") == once


def test_a_page_without_the_place_is_not_written() -> None:
    """It would lose what was measured."""
    with pytest.raises(ValueError, match="no place called 'c'"):
        tables.replaced("<!-- c -->", "c", "new")


def test_the_time_of_a_process_is_that_of_its_threads_and_children(tmp_path: Path) -> None:
    """To the nanosecond; a stranger's is not in it."""
    process(tmp_path, 10, 1, 1_000_000_001, 500_000_000, name="a (b) c", pages=2)
    process(tmp_path, 20, 10, 250_000_000, pages=3)
    process(tmp_path, 30, 20, 250_000_000)
    process(tmp_path, 40, 1, 9_000_000_000, pages=9)
    (tmp_path / "self").mkdir()
    assert machine.cpu_s(10, tmp_path) == 2.000000001
    assert machine.resident_bytes(10, tmp_path) == 5 * machine.PAGE_BYTES


def test_this_process_uses_time_and_memory() -> None:
    """In the real /proc."""
    before_s = machine.cpu_s(os.getpid())
    sum(range(200_000))
    assert machine.cpu_s(os.getpid()) > before_s
    assert machine.resident_bytes(os.getpid()) > 10_000_000


def test_a_process_that_has_ended_has_used_nothing(tmp_path: Path) -> None:
    """It may end between two looks."""
    assert machine.cpu_s(10, tmp_path) == 0
    assert machine.parents(tmp_path) == {}


def test_the_result_of_a_load_is_read() -> None:
    """Among what wrk prints for people."""
    said = 'Running\nRESULT {"requests": 400, "us": 2000000, "bytes": 99, "errors": 1, "p50_us": 7, "p99_us": 9}\n'
    loaded = wrk.read_result(said)
    assert (loaded.per_second, loaded.errors, loaded.size_bytes) == (200, 1, 99)
    with pytest.raises(ValueError, match="no result"):
        wrk.read_result("unable to connect")


def test_a_request_is_whole_whatever_number_it_is_given() -> None:
    """Its number is as long as the mark, so the declared length stays right."""
    raw = Ask(question(), headers={"Authorization": "Bearer x"}).raw(80)
    head, _, body = raw.partition(b"\r\n\r\n")
    assert b"Content-Length: %d" % len(body) in head
    assert b"Authorization: Bearer x" in head
    assert raw.count(wire.MARK.encode()) == 1
    assert len(b"%020d" % 1) == len(wire.MARK)


def test_the_service_understands_what_the_stand_ins_answer() -> None:
    """Or failures would be measured."""
    reply = HttpResponse(200, {}, wire.gemini_reply().encode())
    assert GEMINI.decode(reply).text == wire.TEXT
    assert wire.text_of(wire.openai_reply().encode()) == wire.TEXT
    events = [event.strip().removeprefix("data: ") for event in wire.gemini_events(5)]
    deltas = [GEMINI.decode_event(event) for event in events]
    assert [delta.text for delta in deltas if delta] == [wire.PIECE] * 5


@pytest.mark.parametrize(
    ("status", "kind"), [(503, FailureKind.OVERLOADED), (429, FailureKind.MINUTE_LIMIT)]
)
def test_a_refusal_is_the_one_that_is_meant(status: int, kind: FailureKind) -> None:
    """As Gemini's own."""
    with pytest.raises(ProviderError) as caught:
        GEMINI.decode(HttpResponse(status, {}, wire.refusal(status).encode()))
    assert caught.value.kind is kind


def test_nginx_is_told_nothing_that_it_would_take_for_its_own(tmp_path: Path) -> None:
    """A quote or a dollar sign in a reply; and it listens on the loopback only."""
    told = nginx.configuration(tmp_path, 9_000, nginx.locations())
    assert told.count("{") == told.count("}")
    assert "$" not in told
    assert told.count("listen ") == told.count("listen 127.0.0.1:9000 ") == 1
    replies = (wire.gemini_reply(), wire.openai_reply(), wire.refusal(503), wire.refusal(429))
    assert not any("'" in reply for reply in replies)


def test_a_proxy_passes_on_to_its_upstream(tmp_path: Path) -> None:
    """Over connections that stay open."""
    told = nginx.configuration(tmp_path, 9_001, nginx.proxying(), 9_000)
    assert "server 127.0.0.1:9000; keepalive" in told
    assert "proxy_pass http://behind;" in told


def test_the_count_of_requests_is_read() -> None:
    """From nginx's page of its condition."""
    page = "Active connections: 2\nserver accepts handled requests\n 5 5 1234\nReading: 0\n"
    assert nginx.requests_in(page) == 1234
    with pytest.raises(ValueError, match="not a status page"):
        nginx.requests_in("404")


def test_the_peers_live_outside_the_repository() -> None:
    """Never in our environment."""
    assert not places.ROOT.resolve().is_relative_to(Path(__file__).resolve().parents[2])


@pytest.mark.skipif(not nginx.is_installed(), reason="nginx with its Lua module is not installed")
def test_the_stand_ins_answer_and_count(tmp_path: Path) -> None:
    """A smoke test of the configuration in the real nginx."""
    from bench.load.subjects import first_reply

    ask = Ask(question())
    with nginx.providers(tmp_path, cpu=0) as upstream:
        before = upstream.count()
        assert wire.text_of(first_reply(upstream.port, ask)) == wire.TEXT
        assert upstream.count() == before + 2
        with pytest.raises(OSError, match="503"):
            first_reply(upstream.port, Ask(question(), path="/failing/v1/chat/completions"))
        size = wrk.size_of_one(upstream.port, Ask(question(), "/burst/v1/chat/completions"))
        assert size > sum(map(len, wire.openai_events()))
