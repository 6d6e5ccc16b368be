"""Assumptions out of a model: asked in one call, read by their specs, corrected once, else cautious defaults."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from planning.engine.asking import Asks
from planning.engine.prompts import correction_prompt, key_of
from planning.engine.structured import Unreadable, read_json, unwrapped
from providers.prompt import Prompt


@dataclass(slots=True)
class Budget:
    """How many calls a run may still spend on what went wrong. There is one for all its parts."""

    left: int
    spent: int = 0

    def take(self) -> bool:
        """Whether there is one left, which is then spent."""
        if self.left <= 0:
            return False
        self.left -= 1
        self.spent += 1
        return True


class Reads(Protocol):
    """Reads the parts of a parsed answer: those that can be used, by name, and what is wrong with the others."""

    def __call__(self, parsed: Any) -> tuple[Mapping[str, Any], Sequence[str]]: ...


async def proposed(
    prompt: Prompt, name: str, read: Reads, asks: Asks, budget: Budget
) -> Mapping[str, Any]:
    """The parts of the answer to *prompt* that *read* can use, by name; what is missing has to be defaulted.

    *name* is what models may wrap the whole in. When something is wrong it is asked for once more,
    with the list of errors.
    """
    answer = await asks.ask(key_of(prompt), prompt, name)
    parts, errors = _read(answer.completion.text, name, read)
    if not errors or not budget.take():
        return parts
    again = correction_prompt(prompt, answer.completion.text, errors)
    corrected = await asks.ask(key_of(again), again, f"{name}, corrected")
    better, _ = _read(corrected.completion.text, name, read)
    return {**parts, **better}


def _read(text: str, name: str, read: Reads) -> tuple[Mapping[str, Any], Sequence[str]]:
    try:
        parsed = read_json(text)
    except Unreadable as error:
        return {}, (str(error),)
    return read(unwrapped(parsed, name))
