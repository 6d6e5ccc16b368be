"""The founder's idea, as it is given, and how it is told to a model."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

NOT_STATED = "not stated by the founder"
PEOPLE = ("demographics", "marginalizedidentity", "people", "customers", "entity")
PLACES = ("geography", "region", "country", "location", "city", "place")


@dataclass(frozen=True, slots=True)
class Idea:
    """What the founder said. Every field may be empty; *target_market* has any keys and values."""

    name: str
    mission: str
    goals: tuple[str, ...]
    target_market: Mapping[str, Any]
    primary_product: str
    sdgs: tuple[str, ...]

    @property
    def place(self) -> str:
        """Where the venture works, if the target market says so; else empty."""
        by_name = {key.lower(): value for key, value in self.target_market.items()}
        found = (by_name[place] for place in PLACES if place in by_name)
        return next((value for value in found if isinstance(value, str) and value.strip()), "")

    @property
    def subject(self) -> str:
        """What the venture is about, in the fewest words it gives: for a search query."""
        return self.primary_product or self.mission or self.name

    def told(self) -> str:
        """The idea as lines of `Field: value`; what is missing is said to be missing."""
        return "\n".join(
            [
                f"Name: {self.name or NOT_STATED}",
                f"Mission: {self.mission or NOT_STATED}",
                f"Primary product: {self.primary_product or NOT_STATED}",
                f"Goals: {_listed(self.goals)}",
                f"Target market: {_listed(tuple(_flatten(self.target_market)))}",
                f"Sustainable Development Goals: {_listed(self.sdgs)}",
            ]
        )

    def briefly(self) -> str:
        """The idea in at most about 300 tokens, for a very small model."""
        words = self.words()
        lines = {
            "Name": words["name"],
            "Mission": self.mission,
            "Product": self.primary_product,
            "Goals": "; ".join(self.goals),
            "People served": self.people,
            "SDGs": ", ".join(self.sdgs),
        }
        return "\n".join(f"{k}: {v[:300]}" for k, v in lines.items() if v.strip())

    def words(self) -> dict[str, str]:
        """What the founder said, as words that fit into a sentence; never empty."""
        name = self.name.strip() or "The venture"
        return {
            "name": name,
            "introduction": _introduction(name, self.mission),
            "mission": _sentence(self.mission) or f"{name} has not stated its mission yet.",
            "product": _inside(self.primary_product) or f"the work of {name}",
            "people": _inside(self.people) or "the people it serves",
            "place": self.place.strip() or "the place where it works",
            "goals": _bullets(self.goals)
            or "- Data needed: the goals, each with a number and a date",
            "sdgs": _bullets(self.sdgs) or "- Data needed: the goals that the venture serves",
        }

    @property
    def people(self) -> str:
        """Who is served, if the target market says so; else empty."""
        by_name = {key.lower(): value for key, value in self.target_market.items()}
        found = (by_name[group] for group in PEOPLE if group in by_name)
        return next((value for value in found if isinstance(value, str) and value.strip()), "")


def _sentence(text: str) -> str:
    """*text* as one sentence that ends with a full stop; empty for nothing."""
    return f"{text.strip().rstrip('.!?')}." if text.strip() else ""


def _introduction(name: str, mission: str) -> str:
    """A spoken first sentence: the name and what it is there for."""
    if mission.lower().startswith("to "):
        return f"{name} exists {_inside(mission)}."
    return f"{name}: {_sentence(mission)}" if mission.strip() else f"This is {name}."


def _inside(text: str) -> str:
    """*text* as it stands inside a sentence: a small first letter, unless it is an acronym."""
    text = text.strip().rstrip(".")
    if " and " not in text:
        text = re.sub(r",\s*([^,]+)$", r" and \1", text)
    return text if text[:2].isupper() else text[:1].lower() + text[1:]


def _bullets(items: tuple[str, ...]) -> str:
    return "\n".join(f"- {item.strip()}" for item in items if item.strip())


def _listed(items: tuple[str, ...]) -> str:
    kept = [item for item in items if item.strip()]
    return "".join(f"\n- {item}" for item in kept) if kept else NOT_STATED


def _flatten(value: Any, path: str = "") -> Iterator[str]:
    """Nested keys and values as lines such as `income: low`."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flatten(inner, f"{path} {key}".strip())
    elif isinstance(value, list):
        for inner in value:
            yield from _flatten(inner, path)
    elif value not in (None, ""):
        yield f"{path}: {value}"
