"""What a founder asks for: one document about one brief, with what is theirs already. Pure."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import orjson

from planning.brief import Brief, Member
from planning.idea import Idea


@dataclass(frozen=True, slots=True, kw_only=True)
class Commission:
    """A document of a *type* about *brief*.

    *edited* are sections that the founder has written or locked, as Markdown by their ids: they
    are kept as they are. *seconds* is how long a pitch is to last.
    """

    type: str
    brief: Brief
    edited: Mapping[str, str] = field(default_factory=dict)
    seconds: int = 60

    @property
    def digest(self) -> str:
        """Equal for commissions that ask the same: SHA-256 over their canonical JSON, in hex."""
        canonical = orjson.dumps(self.to_json(), option=orjson.OPT_SORT_KEYS)
        return hashlib.sha256(canonical).hexdigest()

    def to_json(self) -> dict[str, Any]:
        """It as JSON."""
        brief = asdict(self.brief)
        return {
            "type": self.type,
            "brief": {
                **brief,
                "idea": asdict(self.brief.idea),
                "start": self.brief.start.isoformat(),
                "figures": {name: str(value) for name, value in self.brief.figures.items()},
            },
            "edited": dict(self.edited),
            "seconds": self.seconds,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Commission":
        """It again, from its JSON form."""
        brief, idea = value["brief"], value["brief"]["idea"]
        texts = {name: tuple(idea[name]) for name in ("goals", "sdgs")}
        return cls(
            type=value["type"],
            brief=Brief(
                **{
                    **brief,
                    "idea": Idea(**{**idea, **texts}),
                    "start": date.fromisoformat(brief["start"]),
                    "team": tuple(Member(**member) for member in brief["team"]),
                    "figures": {name: Decimal(text) for name, text in brief["figures"].items()},
                }
            ),
            edited=value["edited"],
            seconds=value["seconds"],
        )
