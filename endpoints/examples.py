"""The description of the API with an example for every operation: what is sent, and what comes back.

The examples stand in `examples.json` by method and path; a test sends each of them. They are read
when somebody asks for the description, not before.
"""

import json
from pathlib import Path
from typing import Any

from fastapi import FastAPI

EXAMPLES = Path(__file__).with_name("examples.json")


def describe_by_example(app: FastAPI) -> None:
    """Have *app* give its description with the examples in it."""
    plain = app.openapi

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            add_examples(plain(), json.loads(EXAMPLES.read_text(encoding="utf-8")))
        return plain()  # which keeps what it has made once

    app.openapi = described  # type: ignore[method-assign] # FastAPI's own way to extend it


def add_examples(schema: dict[str, Any], examples: dict[str, Any]) -> None:
    """Put *examples* into the operations of *schema*. Raises `KeyError` for one that has no operation."""
    for name, example in examples.items():
        method, path = name.split(" ")
        operation = schema["paths"][path][method.lower()]
        if "request" in example:
            operation["requestBody"]["content"]["application/json"]["example"] = example["request"]
        given = example.get("parameters", {})
        for parameter in operation.get("parameters", ()):
            if parameter["name"] in given:
                parameter["example"] = given[parameter["name"]]
        for status, contents in example.get("responses", {}).items():
            for media_type, shown in contents.items():
                content = operation["responses"][status].setdefault("content", {})
                content.setdefault(media_type, {})["example"] = shown
