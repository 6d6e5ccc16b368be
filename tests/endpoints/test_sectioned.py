"""Sectioned documents over sockets: runs watched, joined, stopped, resumed; their forms; what is refused."""

import functools
import json
import re
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from planning.engine.outlines import OUTLINES
from sandbox.running import RunningSandbox
from tests.planning.briefs import IDEAS
from tests.service import RunningService, running_service

IDEA = {
    "name": "Rain Keepers",
    "mission": "Help schools on dry hills to catch the rain and teach how to keep it clean",
    "goals": ["Equip 40 schools by 2029"],
    "targetMarket": {"geography": "Kitui, Kenya", "people": "Pupils and teachers"},
    "primaryProduct": "Rain tanks with lessons",
    "sdgs": ["SDG 6: Clean Water and Sanitation"],
}
TYPES = sorted(OUTLINES)


def brief(name: str, **more: Any) -> dict[str, Any]:
    """A body that no other test has sent."""
    return {"idea": {**IDEA, "name": name}, "country": "KE", "startDate": "2027-01-04", **more}


def environment(sandbox: RunningSandbox, **changes: str) -> dict[str, str]:
    """One provider without limits that a test could meet, and no search."""
    own = {"GEMINI_API_KEY": sandbox.keys.gemini, "GEMINI_MODEL": "gemini-3.5-flash-lite"}
    own |= {f"GEMINI_REQUESTS_PER_{span}": "100000" for span in ("MINUTE", "DAY")}
    own |= {"MIN_INTERVAL_SECONDS": "0", "MAX_WAIT_SECONDS": "2", "SEARCH": "off"}
    return {**sandbox.base_urls, **own, **changes}


@pytest.fixture(scope="module")
def service(
    sandbox: RunningSandbox, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningService]:
    """The service with one key and no interval."""
    with running_service(tmp_path_factory.mktemp("service"), environment(sandbox)) as running:
        yield running


@pytest.fixture(autouse=True)
def _fair_weather(sandbox: RunningSandbox) -> None:
    """Every test begins with providers that work, at once."""
    sandbox.heal()
    sandbox.forget_replies()
    sandbox.clear_log()
    sandbox.latency_s = 0.0


def watched(
    service: RunningService, path: str, body: object = None, **headers: str
) -> list[dict[str, Any]]:
    """The events of a stream to its end."""
    headers = {"Accept": "text/event-stream", **headers}
    ask = service.get if body is None else functools.partial(service.post, json=body)
    reply = ask(path, headers=headers)
    assert reply.status_code == 200, reply.text
    assert reply.headers["content-type"].startswith("text/event-stream")
    return events_of(reply.text)


def events_of(text: str) -> list[dict[str, Any]]:
    """Server-sent events as their fields; comments and hints are left out."""
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n") if ": " in line)
        if "event" in fields:
            told = {"id": int(fields["id"]), "kind": fields["event"]}
            found.append({**told, "data": json.loads(fields["data"])})
    return found


def until(
    service: RunningService, run_id: str, *states: str, timeout_s: float = 30
) -> dict[str, Any]:
    """The run, as soon as it is in one of *states*."""
    deadline_s = time.monotonic() + timeout_s
    while time.monotonic() < deadline_s:
        told: dict[str, Any] = service.get(f"/runs/{run_id}").json()
        if told["state"] in states:
            return told
        threading.Event().wait(0.05)
    raise AssertionError(f"the run is still {told['state']}")


def kinds(events: list[dict[str, Any]]) -> set[str]:
    return {event["kind"] for event in events}


# Watching


def test_a_run_is_told_as_it_happens_and_begins_with_its_plan(service: RunningService) -> None:
    events = watched(service, "/documents/investors", brief("Watched"))
    assert [event["id"] for event in events] == list(range(1, len(events) + 1))
    assert events[0]["kind"] == "plan"
    assert events[0]["data"]["calls"]["expected"] == 3
    assert kinds(events) >= {"plan", "stage", "section", "check", "quota", "done"}
    assert events[-1]["kind"] == "done"
    sections = [event["data"]["id"] for event in events if event["kind"] == "section"]
    assert sections == [part.id for part in OUTLINES["investors"].parts]


def test_events_are_replayed_after_the_last_one_that_was_heard(service: RunningService) -> None:
    body = brief("Replayed")
    first = service.post("/documents/investors", body, headers={"Accept": "text/event-stream"})
    run_id, told = first.headers["x-run-id"], events_of(first.text)
    assert watched(service, f"/runs/{run_id}/events") == told
    rest = watched(service, f"/runs/{run_id}/events", None, **{"Last-Event-ID": "4"})
    assert rest == told[4:]
    end = str(told[-1]["id"])
    assert watched(service, f"/runs/{run_id}/events", None, **{"Last-Event-ID": end}) == []


def test_an_equal_request_joins_the_run_and_costs_nothing(
    service: RunningService, sandbox: RunningSandbox
) -> None:
    sandbox.latency_s = 0.1
    body, replies = brief("Joined"), list[requests.Response]()

    def ask() -> None:
        replies.append(service.post("/documents/investors", body))

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {reply.status_code for reply in replies} == {200}
    assert len({reply.headers["x-run-id"] for reply in replies}) == 1
    assert len({reply.text for reply in replies}) == 1
    spent = len(sandbox.calls("gemini"))
    assert 3 <= spent <= 4
    assert service.post("/documents/investors", body).text == replies[0].text
    assert len(sandbox.calls("gemini")) == spent


def test_a_run_goes_on_when_its_listener_leaves_and_can_be_fetched_later(
    service: RunningService, sandbox: RunningSandbox
) -> None:
    sandbox.latency_s = 0.1
    headers = {"Accept": "text/event-stream"}
    with requests.Session() as session:
        session.trust_env = False
        reply = session.post(
            f"{service.url}/documents/grants", json=brief("Left"), headers=headers, stream=True
        )
        run_id = reply.headers["x-run-id"]
        reply.close()
    assert until(service, run_id, "done")["score"]["score"] > 0
    assert service.get(f"/runs/{run_id}/document").status_code == 200


def test_a_run_can_be_stopped_and_taken_up_again(
    service: RunningService, sandbox: RunningSandbox
) -> None:
    sandbox.latency_s = 0.3
    body = brief("Stopped")
    begun = service.post("/documents/roadmap", body, headers={"Prefer": "respond-async"})
    assert begun.status_code == 202
    run_id = begun.headers["x-run-id"]
    assert begun.headers["location"] == f"/runs/{run_id}"
    assert begun.json()["state"] == "running"
    while not until(service, run_id, "running")["sections"]:
        threading.Event().wait(0.05)
    assert service.get(f"/runs/{run_id}/document").status_code == 409
    stopped = delete(service, f"/runs/{run_id}")
    assert stopped.json()["state"] == "stopped"
    spent = len(sandbox.calls("gemini"))
    sandbox.latency_s = 0.0
    again = service.post("/documents/roadmap", body)
    assert again.status_code == 200
    assert again.headers["x-run-id"] == run_id
    # The call under way when it was stopped is the only one that was made twice.
    assert len(sandbox.calls("gemini")) <= 12 + 1
    assert spent < len(sandbox.calls("gemini"))


def delete(service: RunningService, path: str) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        return session.delete(f"{service.url}{path}", timeout=20)


def test_a_caller_may_wait_for_a_while_only(
    service: RunningService, sandbox: RunningSandbox
) -> None:
    sandbox.latency_s = 0.5
    body = brief("Impatient")
    reply = service.post("/documents/grants", body, headers={"Prefer": "wait=0.2, wait=1"})
    assert reply.status_code == 202
    sandbox.latency_s = 0.0
    until(service, reply.headers["x-run-id"], "done")


# Interrupted


def test_a_killed_service_goes_on_where_it_was(sandbox: RunningSandbox, tmp_path: Path) -> None:
    """kill -9 in the middle; the same request to the next process pays only for what is missing."""
    sandbox.latency_s = 0.2
    body = brief("Killed")
    with running_service(tmp_path / "s", environment(sandbox)) as service:
        begun = service.post("/documents/roadmap", body, headers={"Prefer": "respond-async"})
        run_id = begun.headers["x-run-id"]
        while len(until(service, run_id, "running")["sections"]) < 2:
            threading.Event().wait(0.05)
        service.process.send_signal(signal.SIGKILL)
    spent = len(sandbox.calls("gemini"))
    sandbox.latency_s = 0.0
    with running_service(tmp_path / "s", environment(sandbox)) as service:
        finished = service.post("/documents/roadmap", body)
        assert finished.status_code == 200
        assert finished.headers["x-run-id"] == run_id
        whole = [e for e in watched(service, f"/runs/{run_id}/events") if e["kind"] == "section"]
        assert any(event["data"]["kept"] for event in whole)
        calls = len(sandbox.calls("gemini"))
        assert spent < calls <= 12 + 1  # the one that was under way
        plan = service.post("/documents/roadmap/plan", body).json()
        assert plan["calls"]["expected"] == 0


def test_a_service_that_ends_tells_its_listeners_that_the_run_is_paused(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    sandbox.latency_s = 0.3
    with running_service(tmp_path / "s", environment(sandbox)) as service:
        heard = list[list[dict[str, Any]]]()
        body = brief("Ended")

        def listen() -> None:
            heard.append(watched(service, "/documents/roadmap", body))

        listener = threading.Thread(target=listen)
        listener.start()
        while len(sandbox.calls("gemini")) < 3:
            threading.Event().wait(0.05)
        service.process.send_signal(signal.SIGTERM)
        listener.join(20)
    assert heard[0][-1]["kind"] == "paused"
    assert heard[0][-1]["data"]["why"] == "shutdown"


def test_a_spent_day_pauses_and_says_when_to_come_back(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    few = environment(sandbox, GEMINI_REQUESTS_PER_DAY="3")
    with running_service(tmp_path / "s", few) as service:
        body = brief("Spent")
        plan = service.post("/documents/roadmap/plan", body).json()
        assert (plan["left_today"], plan["fits_today"]) == (3, False)
        reply = service.post("/documents/roadmap", body)
        assert reply.status_code == 503
        assert "nothing is lost" in reply.json()["detail"]
        assert 0 < int(reply.headers["retry-after"]) <= 86_400
        again = watched(service, "/documents/roadmap", body)
        assert again[-1]["kind"] == "paused"
        assert again[-1]["data"]["why"] == "quota"
        assert len(sandbox.calls("gemini")) == 3


def test_under_an_interval_the_waits_are_told(sandbox: RunningSandbox, tmp_path: Path) -> None:
    slow = environment(sandbox, MIN_INTERVAL_SECONDS="1.5")
    with running_service(tmp_path / "s", slow) as service:
        plan = service.post("/documents/pitch/plan", brief("Paced")).json()
        assert plan["pacing"] == "interval"
        events = watched(service, "/documents/pitch", brief("Paced"))
    waits = [event["data"]["seconds"] for event in events if event["kind"] == "waiting"]
    assert waits
    assert all(0 < wait <= 1.6 for wait in waits)


def test_with_one_key_a_roadmap_takes_ten_minutes_and_the_plan_says_what_would_help(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    usual = environment(sandbox)
    del usual["MIN_INTERVAL_SECONDS"]
    with running_service(tmp_path / "s", usual) as service:
        plan = service.post("/documents/roadmap/plan", brief("Planned")).json()
    assert plan["interval_s"] == 60
    assert plan["done_in_s"] == 9 * 60 + 8
    helped = {advice["change"]: advice["done_in_s"] for advice in plan["advice"]}
    assert helped["pacing_quota"] <= 90
    assert helped["another_key"] < 300
    assert sandbox.calls("gemini") == []


# Without a key


def test_without_a_key_every_document_is_laid_out_by_code(tmp_path: Path) -> None:
    offline = {"LOCAL_MODEL": "off", "SEARCH": "off"}
    with running_service(tmp_path / "s", offline) as service:
        for document_type in TYPES:
            reply = service.post(f"/documents/{document_type}", brief("Offline"))
            assert reply.status_code == 200, reply.text
            document = reply.json()["document"]
            assert document["is_draft"]
            assert "Draft without AI" in document["notices"][0]


# Forms


@pytest.fixture(scope="module")
def finished(service: RunningService) -> str:
    """The id of a finished roadmap."""
    return service.post("/documents/roadmap", brief("Formed")).headers["x-run-id"]


@pytest.mark.parametrize(
    ("asked", "accept", "media_type", "begins"),
    [
        (None, "*/*", "application/json", b'{"version"'),
        (None, "application/json", "application/json", b'{"version"'),
        ("markdown", "*/*", "text/markdown", b"# "),
        (None, "text/html;q=0.5, text/markdown", "text/markdown", b"# "),
        ("html", "*/*", "text/html", b"<article"),
        ("text", "*/*", "application/json", b'"'),
        ("pdf", "*/*", "application/pdf", b"%PDF-"),
        (None, "application/pdf", "application/pdf", b"%PDF-"),
        ("docx", "*/*", "application/vnd.openxml", b"PK"),
        ("ics", "*/*", "text/calendar", b"BEGIN:VCALENDAR"),
    ],
)
def test_a_document_comes_in_the_form_that_is_asked_for(
    service: RunningService,
    finished: str,
    asked: str | None,
    accept: str,
    media_type: str,
    begins: bytes,
) -> None:
    query = f"?format={asked}" if asked else ""
    reply = service.get(f"/runs/{finished}/document{query}", headers={"Accept": accept})
    assert reply.status_code == 200, reply.text
    assert reply.headers["content-type"].startswith(media_type)
    assert reply.content.startswith(begins)
    if asked in ("pdf", "docx", "ics"):
        assert f'filename="Formed - roadmap.{asked}"' in reply.headers["content-disposition"]


def test_the_text_is_what_old_clients_read(service: RunningService, finished: str) -> None:
    text = service.get(f"/runs/{finished}/document?format=text").json()
    assert isinstance(text, str)
    assert "\n\nCitations: No relevant citations found." in text
    assert not re.search(r'["\\\t]|<[a-z]', text)


@pytest.mark.parametrize(
    ("query", "accept"), [("?format=xls", "*/*"), ("", "application/msword"), ("?format=", "*/*")]
)
def test_a_form_that_there_is_not_is_told(
    service: RunningService, finished: str, query: str, accept: str
) -> None:
    reply = service.get(f"/runs/{finished}/document{query}", headers={"Accept": accept})
    assert reply.status_code == 406
    assert "there are json, markdown" in reply.json()["detail"]


def test_a_script_without_a_font_names_the_ways_out(
    service: RunningService, sandbox: RunningSandbox
) -> None:
    own = {"pitch": "雨水守护者帮助干旱山区的学校收集雨水并教孩子们怎样保持清洁。" * 6}
    body = brief("雨水守护者", language="zh", edited=own)
    reply = service.post("/documents/pitch?format=pdf", body)
    assert reply.status_code == 422
    assert "DOCX" in reply.json()["detail"]
    assert "PDF_FONT_CJK" in reply.json()["detail"]


def test_a_hostile_idea_becomes_a_document_in_every_form(service: RunningService) -> None:
    hostile = json.loads((IDEAS / "hostile.json").read_text(encoding="utf-8"))
    hostile["idea"]["goals"] = [goal[:2_000] for goal in hostile["idea"]["goals"]]
    reply = service.post("/documents/proposal", {"idea": hostile["idea"], "call": hostile["call"]})
    assert reply.status_code == 200, reply.text
    run_id = reply.headers["x-run-id"]
    for form in ("json", "markdown", "text", "html", "pdf", "docx", "ics"):
        made = service.get(f"/runs/{run_id}/document?format={form}")
        assert made.status_code == 200, (form, made.text)
    page = service.get(f"/runs/{run_id}/document?format=html").text
    assert not re.search(r"<(?:script|img|iframe|i>|b>)|<[^>]*(?:javascript:|onerror)", page)
    refused = service.post(
        "/documents/proposal", {k: v for k, v in hostile.items() if k != "start"}
    )
    assert refused.status_code == 422


# One section again


def test_a_section_is_written_again_alone(
    service: RunningService, sandbox: RunningSandbox, finished: str
) -> None:
    sandbox.clear_log()
    body = {"run": finished, "remark": "Say more about the dry months."}
    told = service.post("/documents/roadmap/sections/problem", body).json()
    assert len(sandbox.calls("gemini")) == 1
    assert told["stale"] == ["summary"]
    before = service.get(f"/runs/{finished}/document").json()["document"]["sections"]
    after = service.get(told["document"]).json()["document"]["sections"]
    changed = [a["id"] for a, b in zip(after, before, strict=True) if a != b]
    assert changed == ["problem"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/documents/roadmap/sections/milestones", 404),
        ("/documents/proposal/sections/need", 404),
        ("/documents/recipe/sections/need", 404),
    ],
)
def test_a_section_that_there_is_not_cannot_be_written_again(
    service: RunningService, finished: str, path: str, status: int
) -> None:
    assert service.post(path, {"run": finished, "remark": "Shorter."}).status_code == status


# What is refused


def test_there_are_six_documents(service: RunningService) -> None:
    told = service.get("/documents?language=es").json()["documents"]
    assert sorted(each["type"] for each in told) == TYPES
    pitch = next(each for each in told if each["type"] == "pitch")
    assert pitch["sections"][0]["title"] == "El discurso"


@pytest.mark.parametrize("path", ["/documents/recipe", "/documents/recipe/plan"])
def test_an_unknown_document_is_told(service: RunningService, path: str) -> None:
    reply = service.post(path, brief("Unknown"))
    assert reply.status_code == 404
    assert "roadmap" in reply.json()["detail"]


@pytest.mark.parametrize("path", ["", "/events", "/document"])
def test_an_unknown_run_is_told(service: RunningService, path: str) -> None:
    assert service.get(f"/runs/{'0' * 32}{path}").status_code == 404
    assert delete(service, f"/runs/{'0' * 32}").status_code == 404


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"country": "XX"}, ["body", "country"]),
        ({"language": "klingon"}, ["body", "language"]),
        ({"currency": "BTC"}, ["body", "currency"]),
        ({"startDate": "1999-01-01"}, ["body", "startDate"]),
        ({"startDate": "soon"}, ["body", "startDate"]),
        ({"figures": {"profit": 1}}, ["body", "figures"]),
        ({"figures": {"price": -1}}, ["body", "figures", "price"]),
        ({"figures": {"price": "12"}}, ["body", "figures", "price"]),
        ({"team": [{"name": "Ana"}]}, ["body", "team", 0, "role"]),
        ({"call": "x" * 60_001}, ["body", "call"]),
        ({"start_date": "2027-01-01"}, ["body", "start_date"]),
        ({"seconds": 61}, ["body", "seconds"]),
        ({"seconds": 60}, ["body", "seconds"]),
        ({"edited": {"nothing": "x"}}, ["body", "edited"]),
        ({"idea": {"goals": ["Plant trees"]}}, ["body", "idea"]),
        ({"idea": {"name": 7}}, ["body", "idea", "name"]),
    ],
)
def test_a_field_that_is_wrong_is_named(
    service: RunningService, changes: dict[str, Any], place: list[str | int]
) -> None:
    reply = service.post("/documents/roadmap", {**brief("Wrong"), **changes})
    assert reply.status_code == 422
    assert place in [each["loc"][: len(place)] for each in reply.json()["detail"]]


def test_only_something_has_to_be_said(service: RunningService) -> None:
    """The language is told from the words, the currency from the country."""
    mission = "Помогать старикам в деревне, которые живут одни и далеко от больницы"
    reply = service.post("/documents/pitch", {"idea": {"mission": mission}, "country": "KZ"})
    document = reply.json()["document"]
    assert (document["language"], document["currency"]) == ("ru", "KZT")


def test_keys_that_the_front_end_adds_to_an_idea_are_nobodys_business(
    service: RunningService,
) -> None:
    idea = {**IDEA, "name": "Front end", "geography": {}, "keyPrograms": []}
    assert service.post("/documents/pitch/plan", {"idea": idea}).status_code == 200
