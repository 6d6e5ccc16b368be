"""What a model is asked for, and how its answer becomes a value: small flat JSON, or errors that it is told.

A `Spec` is one such question. Its answer is never trusted: texts are made plain and cut, numbers have
a plausible range, names have to be known. Where no usable answer comes, the default stands.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from planning.brief import Brief
from planning.facts import FactBase

NOTHING_KNOWN = FactBase()
MOST_ERRORS = 12  # a model corrects a few; more only fill its context

T_co = TypeVar("T_co", covariant=True)


class Unusable(ValueError):
    """A proposal that can't be used. *errors* are sentences that the model is told, in English."""

    def __init__(self, errors: Iterable[str]) -> None:
        self.errors = tuple(errors)[:MOST_ERRORS]
        super().__init__("; ".join(self.errors))


class Spec(Protocol[T_co]):
    """A question to a model whose answer has a known shape.

    *name* is the key of its answer. `told` is the question, with an example of the JSON; the idea
    itself is told beside it. `read` makes a value of parsed JSON, or raises `Unusable`; *facts* are
    what the answer may refer to (milestones by their ids). `default` is what stands when there is
    no answer: derived from what the founder said, and inventing nothing.
    """

    @property
    def name(self) -> str: ...

    def told(self, brief: Brief, facts: FactBase, /) -> str: ...

    def read(self, parsed: object, facts: FactBase = NOTHING_KNOWN, /) -> T_co: ...

    def default(self, brief: Brief, facts: FactBase, /) -> T_co: ...


@dataclass(frozen=True, slots=True)
class Together:
    """Several specs as one question, for a model that is big enough to answer them in one call."""

    specs: tuple[Spec[Any], ...]
    name: str = "assumptions"

    def told(self, brief: Brief, facts: FactBase) -> str:
        """Each part's question under the key of its answer."""
        keys = ", ".join(f'"{spec.name}"' for spec in self.specs)
        parts = (f'# "{spec.name}"\n{spec.told(brief, facts)}' for spec in self.specs)
        return "\n\n".join(
            [f"Answer with one JSON object that has the keys {keys}, each as told below.", *parts]
        )

    def read_parts(
        self, parsed: object, facts: FactBase = NOTHING_KNOWN
    ) -> tuple[Mapping[str, Any], tuple[str, ...]]:
        """The parts that can be used, by name, and what is wrong with the others."""
        answer = parsed if isinstance(parsed, Mapping) else {}
        parts: dict[str, Any] = {}
        errors: list[str] = []
        for spec in self.specs:
            try:
                parts[spec.name] = spec.read(answer.get(spec.name), facts)
            except Unusable as unusable:
                errors += unusable.errors
        return parts, tuple(errors)

    def read(self, parsed: object, facts: FactBase = NOTHING_KNOWN) -> Mapping[str, Any]:
        """All parts by name. Raises `Unusable` when one of them is."""
        parts, errors = self.read_parts(parsed, facts)
        if errors:
            raise Unusable(errors)
        return parts

    def default(self, brief: Brief, facts: FactBase) -> Mapping[str, Any]:
        """The default of each part, by name."""
        return {spec.name: spec.default(brief, facts) for spec in self.specs}


def asked(task: str, example: object, brief: Brief) -> str:
    """A question in its common form: *task*, the language of texts, and an *example* of the answer."""
    return (
        f"{task}\nWrite every text in the language with the tag {brief.language}; keep keys and ids"
        f" as they are. Answer with JSON alone, of this shape (the content is only an example):\n"
        f"{json.dumps(example, ensure_ascii=False)}"
    )
