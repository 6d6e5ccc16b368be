"""What control requests may contain: the kinds of their fields, and one way to refuse. Pure."""

from collections.abc import Callable, Mapping
from typing import Any


class BadControl(ValueError):
    """A control request that cannot be followed; the message starts with the field's name."""


Kind = tuple[str, Callable[[object], bool]]


def is_number(value: object, lowest: float = 0.0, highest: float = float("inf")) -> bool:
    """Whether a JSON value is a number within bounds; true and false are none."""
    is_numeric = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_numeric and lowest <= value <= highest  # type: ignore[operator]  # it is a number here


def _is_whole(value: object, lowest: int, highest: float = float("inf")) -> bool:
    return isinstance(value, int) and is_number(value, lowest, highest)


def _is_headers(value: object) -> bool:
    return isinstance(value, Mapping) and all(
        isinstance(item, str) for pair in value.items() for item in pair
    )


COUNT: Kind = ("a whole number from 0 up", lambda value: _is_whole(value, 0))
TIMES: Kind = ("a whole number from 1 up, or null", lambda v: v is None or _is_whole(v, 1))
LIMIT: Kind = ("a whole number from 0 up, or null", lambda v: v is None or _is_whole(v, 0))
STATUS: Kind = ("an HTTP status from 200 to 599", lambda value: _is_whole(value, 200, 599))
NUMBER: Kind = ("a number from 0 up", is_number)
CHANCE: Kind = ("a number from 0 to 1", lambda value: is_number(value, 0, 1))
TEXT: Kind = ("a text", lambda value: isinstance(value, str))
FLAG: Kind = ("true or false", lambda value: isinstance(value, bool))
FORM: Kind = ("true or a text", lambda value: value is True or isinstance(value, str))
HEADERS: Kind = ("an object of texts", _is_headers)
ANYTHING: Kind = ("any JSON", lambda _value: True)


def checked(data: object, kinds: Mapping[str, Kind]) -> dict[str, Any]:
    """The fields of a control object; raises `BadControl` naming the one that is wrong."""
    if not isinstance(data, Mapping):
        raise BadControl("body: must be a JSON object")
    for name, value in data.items():
        if name not in kinds:
            raise BadControl(f"{name}: unknown field; known are {', '.join(kinds)}")
        wanted, fits = kinds[name]
        if not fits(value):
            raise BadControl(f"{name}: must be {wanted}, got {value!r}")
    return dict(data)
