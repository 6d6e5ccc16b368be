"""A document as JSON and back, so that it can be cached, edited and sent. Pure.

Every object has its fields under their own names, always all of them. A block says in `block` what it
is; a number is a string (`"1250.50"`), a day is an ISO date.
"""

import dataclasses
import functools
import types
import typing
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, TypeVar

from planning.content import Block, Chart, Chips, Document, Gantt, Prose, Table
from planning.facts import Fact, FactBase, Question, Value
from planning.render.clean import HALVES

Json = Any  # None, bool, float, str, list or dict of them
T = TypeVar("T")

VERSION = 1
KINDS: Mapping[str, type] = {
    "prose": Prose,
    "table": Table,
    "gantt": Gantt,
    "chart": Chart,
    "chips": Chips,
}
KIND_OF = {kind: name for name, kind in KINDS.items()}


class Unreadable(ValueError):
    """JSON that is no document; the message names the place, such as `document.sections[2].blocks[0].block`."""


def document_as_json(
    document: Document, *, review: Mapping[str, Json] | None = None, facts: FactBase | None = None
) -> dict[str, Json]:
    """*document* as JSON values, with its *review* and the *facts* that it states if they are given."""
    form: dict[str, Json] = {"version": VERSION, "document": _write(document)}
    if review is not None:
        form["review"] = _write(review)
    if facts is not None:
        form["facts"] = facts_as_json(facts)
    return form


def document_from_json(form: Json) -> Document:
    """The document that `document_as_json` wrote. Raises `Unreadable`."""
    if not isinstance(form, Mapping) or form.get("version") != VERSION:
        raise Unreadable(f"version: {VERSION} is expected")
    return _read(Document, form.get("document"), "document")


def facts_as_json(facts: FactBase) -> dict[str, Json]:
    """*facts* as JSON values; a fact's `type` says whether it is a number, a date or a text."""
    return {
        "facts": [{**_write(fact), "type": _type(fact)} for fact in facts.facts.values()],
        "questions": [_write(question) for question in facts.questions],
    }


def facts_from_json(form: Json) -> FactBase:
    """The facts that `facts_as_json` wrote. Raises `Unreadable`."""
    if not isinstance(form, Mapping):
        raise Unreadable("facts: an object is expected")
    facts = [_fact(fact, f"facts[{n}]") for n, fact in enumerate(_listed(form, "facts"))]
    asked = _read(tuple[Question, ...], _listed(form, "questions"), "questions")
    return FactBase({fact.id: fact for fact in facts}, asked)


def _type(fact: Fact) -> Literal["number", "date", "text"]:
    if isinstance(fact.value, Decimal):
        return "number"
    return "date" if isinstance(fact.value, date) else "text"


def _fact(form: Json, place: str) -> Fact:
    if not isinstance(form, Mapping):
        raise Unreadable(f"{place}: an object is expected")
    kinds: Mapping[Json, type[Any]] = {"number": Decimal, "date": date, "text": str}
    kind = kinds.get(form.get("type"))
    if kind is None:
        raise Unreadable(f"{place}.type: number, date or text is expected")
    value: Value = _read(kind, form.get("value"), f"{place}.value")
    rest = _read(Fact, {**form, "value": "0"}, place)
    return dataclasses.replace(rest, value=value)


def _listed(form: Mapping[str, Json], name: str) -> list[Json]:
    value = form.get(name)
    if not isinstance(value, list):
        raise Unreadable(f"{name}: a list is expected")
    return value


def _write(value: object) -> Json:
    if isinstance(value, str):
        return HALVES.sub("\N{REPLACEMENT CHARACTER}", value)  # JSON in UTF-8 cannot have them
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple | list):
        return [_write(inner) for inner in value]
    if isinstance(value, Mapping):
        return {str(key): _write(inner) for key, inner in value.items()}
    if dataclasses.is_dataclass(value):
        fields = {f.name: _write(getattr(value, f.name)) for f in dataclasses.fields(value)}
        kind = KIND_OF.get(type(value))
        return {"block": kind, **fields} if kind else fields
    return value


def _read(kind: type[T], form: Json, place: str) -> T:
    """*form* as a *kind* (a dataclass of ours or one of its field types)."""
    read: Callable[[Json, str], T] = _reader(kind)  # type: ignore[arg-type]  # types are hashable
    return read(form, place)


@functools.cache
def _reader(kind: Any) -> Any:
    """How a value of *kind* is read from JSON: a function of the value and its place."""
    if kind == Block:
        return _read_block
    if typing.get_origin(kind) is tuple:
        return functools.partial(_read_tuple, typing.get_args(kind)[0])
    if typing.get_origin(kind) is Literal:
        return functools.partial(_read_one_of, typing.get_args(kind))
    if kind == Value:  # `_fact` reads it, by its type
        return functools.partial(_read_plain, str)
    if isinstance(kind, types.UnionType):
        return functools.partial(_read_optional, typing.get_args(kind)[0])
    if dataclasses.is_dataclass(kind):
        return functools.partial(_read_object, kind)
    return {
        Decimal: _read_number,
        date: _read_date,
        float: _read_float,
        int: functools.partial(_read_plain, int),
        bool: functools.partial(_read_plain, bool),
        str: functools.partial(_read_plain, str),
    }[kind]


def _read_object(kind: Any, form: Json, place: str) -> Any:
    if not isinstance(form, Mapping):
        raise Unreadable(f"{place}: an object is expected")
    hints = _hints(kind)
    missing = [name for name in hints if name not in form]
    if missing:
        raise Unreadable(f"{place}.{missing[0]}: missing")
    return kind(**{n: _read(hint, form[n], f"{place}.{n}") for n, hint in hints.items()})


@functools.cache
def _hints(kind: Any) -> Mapping[str, Any]:
    return typing.get_type_hints(kind)


def _read_block(form: Json, place: str) -> Any:
    kind = KINDS.get(str(form.get("block"))) if isinstance(form, Mapping) else None
    if kind is None:
        raise Unreadable(f"{place}.block: {', '.join(KINDS)} is expected")
    return _read(kind, form, place)


def _read_tuple(inner: Any, form: Json, place: str) -> tuple[Any, ...]:
    if not isinstance(form, list):
        raise Unreadable(f"{place}: a list is expected")
    return tuple(_read(inner, value, f"{place}[{n}]") for n, value in enumerate(form))


def _read_one_of(values: tuple[str, ...], form: Json, place: str) -> str:
    if form not in values:
        raise Unreadable(f"{place}: {', '.join(values)} is expected")
    return str(form)


def _read_optional(inner: Any, form: Json, place: str) -> Any:
    return None if form is None else _read(inner, form, place)


def _read_number(form: Json, place: str) -> Decimal:
    try:
        return Decimal(_read_plain(str, form, place))
    except InvalidOperation:
        raise Unreadable(f"{place}: a number in a string is expected") from None


def _read_date(form: Json, place: str) -> date:
    try:
        return date.fromisoformat(_read_plain(str, form, place))
    except ValueError:
        raise Unreadable(f"{place}: a date such as 2027-01-31 is expected") from None


def _read_float(form: Json, place: str) -> float:
    if isinstance(form, bool) or not isinstance(form, int | float):
        raise Unreadable(f"{place}: a number is expected")
    return float(form)


def _read_plain(kind: type[T], form: Json, place: str) -> T:
    if type(form) is not kind:
        raise Unreadable(f"{place}: {kind.__name__} is expected")
    return form
