"""The golden ideas as briefs: one JSON file each, in the form in which a request has them."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from planning.brief import Brief, Member
from planning.idea import Idea

IDEAS = Path(__file__).parent / "ideas"
NAMES = tuple(sorted(path.stem for path in IDEAS.glob("*.json")))


def brief_of(wire: dict[str, Any]) -> Brief:
    """The brief of a request's body."""
    idea = wire["idea"]
    return Brief(
        idea=Idea(
            name=idea["name"],
            mission=idea["mission"],
            goals=tuple(idea["goals"]),
            target_market=idea["targetMarket"],
            primary_product=idea["primaryProduct"],
            sdgs=tuple(idea["sdgs"]),
        ),
        start=date.fromisoformat(wire.get("start", "2027-01-01")),
        country=wire.get("country", ""),
        language=wire.get("language", "en"),
        currency=wire.get("currency", "USD"),
        team=tuple(Member(m["role"], m["name"]) for m in wire.get("team", ())),
        figures={name: Decimal(str(value)) for name, value in wire.get("figures", {}).items()},
        call=wire.get("call", ""),
    )


def golden(name: str) -> Brief:
    """The brief in `ideas/NAME.json`."""
    return brief_of(json.loads((IDEAS / f"{name}.json").read_text(encoding="utf-8")))
