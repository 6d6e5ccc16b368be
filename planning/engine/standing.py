"""How a run stands, told from its events. Pure."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from planning.engine.journal import Event, Header

TOLD_OF_A_SECTION = ("id", "title", "position", "author", "words", "provider", "model", "kept")


def standing(run_id: str, header: Header, events: Sequence[Event]) -> dict[str, Any]:
    """The state of the run, its plan, its sections so far, what it does now, and where to read more."""
    plan = next((event.data for event in events if event.kind == "plan"), None)
    sections = {e.data["id"]: e.data for e in events if e.kind == "section"}
    last = events[-1] if events else None
    is_waiting = header.state == "running" and last is not None and last.kind == "waiting"
    stages = [event.data for event in events if event.kind == "stage"]
    score = next((e.data for e in reversed(events) if e.kind == "done"), None)
    end = last.data if last is not None and last.is_last and last.kind != "done" else {}
    return {
        "run": run_id,
        "type": header.type,
        "state": header.state,
        "began_at": _iso(header.began_at),
        "seen_at": _iso(header.beat_at),
        "last_event_id": header.events,
        "plan": plan,
        "stage": stages[-1] if stages and header.state == "running" else None,
        "waiting_s": last.data["seconds"] if is_waiting and last is not None else None,
        "sections": [
            {name: section.get(name) for name in TOLD_OF_A_SECTION}
            for section in sorted(sections.values(), key=lambda section: section["position"])
        ],
        "score": score,
        "why": end.get("why") or end.get("code"),
        "message": end.get("message"),
        "resumes_in_s": end.get("resumes_in_s"),
        "events": f"/runs/{run_id}/events",
        "document": f"/runs/{run_id}/document" if header.state == "done" else None,
    }


def _iso(epoch_s: float) -> str:
    return datetime.fromtimestamp(epoch_s, UTC).isoformat(timespec="seconds")
