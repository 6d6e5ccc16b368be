"""What a document consists of: its sections in order, their lengths, who writes each and what it is told. Pure."""

from dataclasses import dataclass, replace

SUMMARY = "summary"
COMPLIANCE = "compliance"  # what a grant call asks for, and where it is answered


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One section of a document; its title stands in `wording/outline.json`, as `section_{id}`.

    *ask* is what a model is asked for; empty where code lays the section out from the figures.
    *words* are the least and the most that its prose may have. *facts* are the beginnings of the
    ids of the facts that it is told, *topics* those of the sources, and *figures* the names of the
    specs whose tables and charts stand in it. *title* is a heading of its own, from a grant call.
    *tier* is the quality of model that it needs, and *temperature* how freely it is written.
    """

    id: str
    ask: str = ""
    words: tuple[int, int] = (0, 0)
    facts: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    figures: tuple[str, ...] = ()
    title: str = ""
    tier: int = 2
    temperature: float = 0.4

    @property
    def is_written(self) -> bool:
        """Whether a model writes it."""
        return bool(self.ask)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """The parts of one type of document in the order in which they stand.

    The summary is written last. *lists* says which list of organisations a model proposes, in a
    call of its own. *repairs* is how many calls a run may spend on what went wrong.
    """

    type: str
    purpose: str  # what the model is told that it is for
    parts: tuple[Part, ...]
    lists: str = ""
    repairs: int = 2

    def part(self, part_id: str) -> Part | None:
        """The part called *part_id*, if there is one."""
        return next((part for part in self.parts if part.id == part_id), None)

    @property
    def cites(self) -> bool:
        """Whether any of its parts may cite sources."""
        return any(part.topics for part in self.parts)

    @property
    def in_order_of_writing(self) -> tuple[Part, ...]:
        """Its parts as they are written: in their order, the summary last."""
        last = [part for part in self.parts if part.id == SUMMARY]
        return (*(part for part in self.parts if part.id != SUMMARY), *last)

    def with_parts(self, parts: tuple[Part, ...]) -> "Outline":
        """The same with other *parts*."""
        return replace(self, parts=parts)

    def depending_on(self, part_id: str) -> tuple[str, ...]:
        """The ids of the parts that lean on what *part_id* says: only the summary leans on others."""
        return tuple(p.id for p in self.parts if p.id == SUMMARY and part_id != SUMMARY)
