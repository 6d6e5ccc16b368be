"""What the client programs share: asking every model or failing in every case, and telling it as JSON."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

Case: TypeAlias = dict[str, Any]
SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "masts": {"type": "integer"}},
    "required": ["name", "masts"],
    "additionalProperties": False,
}
WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather in a city.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}


def report(ask: Callable[[str, str, str], Case], fail: Callable[[str, Case], object]) -> None:
    """Print what *ask* gives for each model, and how *fail* fails in each case.

    The command line is URL QUESTION FILE MODEL…; the file holds the cases as JSON, each with a URL of
    its own.
    """
    url, question, listed, *models = sys.argv[1:]
    cases = json.loads(Path(listed).read_text(encoding="utf-8"))
    told = {name: _name_of(fail, case) for name, case in cases.items()}
    print(json.dumps({"models": {m: ask(url, question, m) for m in models}, "errors": told}))


def _name_of(fail: Callable[[str, Case], object], case: Case) -> str:
    """How *fail* fails."""
    try:
        fail(case["base_url"], case)
    except Exception as error:  # noqa: BLE001 - its class is what is asked for
        return type(error).__name__
    return "no error"
