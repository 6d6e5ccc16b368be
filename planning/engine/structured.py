"""JSON out of what a model wrote: thoughts and fences off, mended where it is broken, unwrapped. Pure.

The ladder: what stands in a fence, else the whole text, else from the first bracket to the last;
each as JSON, and when that fails as JSON that can be mended. What comes out is judged by a spec.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from planning.engine.tidy import without_thoughts

FENCE = re.compile(r"```[ \t]*[\w-]*[ \t]*\n(.*?)(?:```|\Z)", re.DOTALL)
BRACKETS = re.compile(r"[{\[].*[}\]]|[{\[].*", re.DOTALL)  # greedy: up to the last one
WRAPPERS = ("answer", "result", "response", "output", "json")
LONGEST = 200_000  # characters; what is longer was not asked for


class Unreadable(ValueError):
    """There is no JSON in the text."""


def read_json(text: str) -> Any:
    """The JSON value that *text* holds, however it is wrapped. Raises `Unreadable`."""
    candidates = list(_candidates(without_thoughts(text)[:LONGEST]))
    for read in (json.loads, _mended):
        for candidate in candidates:
            try:
                value = read(candidate)
            except (ValueError, RecursionError):
                continue
            if isinstance(value, dict | list) and value:
                return value
    raise Unreadable("there is no JSON object in the answer")


def part_of(value: Any, name: str) -> Any:
    """The part of *value* that is called *name*, in the shapes in which models give it.

    Under its name (whatever the case and the signs between its words), inside a wrapper such as
    `{"answer": …}`, or spread over a list of objects. None when it is not there.
    """
    if isinstance(value, list):
        return next((p for p in (part_of(item, name) for item in value) if p is not None), None)
    if not isinstance(value, Mapping):
        return None
    by_name = {_plain(key): inner for key, inner in value.items()}
    if (found := by_name.get(_plain(name))) is not None:
        return found
    wrapped = (by_name[wrapper] for wrapper in WRAPPERS if wrapper in by_name)
    return next((p for p in (part_of(inner, name) for inner in wrapped) if p is not None), None)


def unwrapped(value: Any, name: str) -> Any:
    """*value*, which is to be the whole of *name*, out of a wrapper or from under its own name."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, Mapping) and len(value) == 1:
        (key,) = value
        if _plain(key) in (_plain(name), *WRAPPERS):
            return unwrapped(value[key], name)
    return value


def _candidates(text: str) -> Iterator[str]:
    yield from (fenced.strip() for fenced in FENCE.findall(text))
    yield text.strip()
    if found := BRACKETS.search(text):
        yield found[0]


def _mended(text: str) -> Any:
    from json_repair import loads  # here: only an answer that is broken should pay for the import

    return loads(text, skip_json_loads=True) if re.search(r"[{\[]", text) else None


def _plain(name: object) -> str:
    return re.sub(r"[\W_]+", "", str(name)).lower()
