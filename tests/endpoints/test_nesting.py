"""How deeply JSON may be nested: told from the bytes, and answered with 400 on every route."""

import orjson
import pytest

from endpoints.nesting import DEEPEST, is_too_deep
from endpoints.security import Rules
from tests.endpoints.test_security import app_with, ask, routes_of


def nested(levels: int, opening: bytes = b"[", closing: bytes = b"]") -> bytes:
    """JSON of so many levels, or twice as many where each is two."""
    return opening * levels + b"1" + closing * levels


@pytest.mark.parametrize(
    ("times", "opening", "closing"),
    [(32, b"[", b"]"), (32, b'{"a": ', b"}"), (16, b'[{"a": ', b"}]"), (16, b'{"a": [2, ', b"]}")],
)
def test_thirty_two_levels_are_let_through_and_one_more_is_not(
    times: int, opening: bytes, closing: bytes
) -> None:
    """Lists, objects, and both in turn."""
    body = nested(times, opening, closing)
    assert orjson.loads(body)
    assert not is_too_deep(body)
    assert is_too_deep(b"[%b]" % body)


@pytest.mark.parametrize(
    "text", ["[" * 99, '"' + "{" * 99, "\\" + "[" * 99, '\\"' + "[" * 99, '\\\\"' + "[]" * 99]
)
def test_brackets_in_a_text_are_no_levels(text: str) -> None:
    """Whatever stands before them."""
    assert not is_too_deep(orjson.dumps({"idea": text, text: [text, {}]}))
    assert is_too_deep(b"[%b,%b]" % (orjson.dumps(text), nested(DEEPEST)))


def test_many_neighbours_are_no_depth() -> None:
    """It is the depth that counts, not how many there are."""
    assert not is_too_deep(b"[%b]" % b",".join([nested(DEEPEST - 1)] * 100))


@pytest.mark.parametrize("body", [b"", b"]" * 99, b"{]" * 99, b'"' + b"[" * 99 + b'"', b"[" * 32])
def test_what_is_no_json_is_left_to_the_parser(body: bytes) -> None:
    """It says better what is wrong."""
    assert not is_too_deep(body)


@pytest.mark.parametrize("depth", [DEEPEST + 1, 200_000])
def test_every_route_says_that_it_is_nested_too_deeply(depth: int) -> None:
    """In the words of the API that was asked, also for a body that ends in the middle."""
    app = app_with(Rules())
    asked = 0
    for method, path in routes_of(app):
        if method != "POST":
            continue
        for body in (nested(depth), b'{"idea": ' + b"[" * depth):
            status, _, answer = ask(app, path, method=method, body=body)
            told = answer.get("detail") or answer["error"]["message"]
            # Some look at the name in their path first, and some have no body.
            if status != 404:
                assert (status, told) == (400, "The JSON is nested deeper than 32 levels"), path
                asked += 1
    assert asked >= 16


def test_so_does_one_with_an_idempotency_key() -> None:
    """Which is read before the route is known."""
    status, _, answer = ask(
        app_with(Rules()), "/investors", method="POST", body=nested(33), idempotency_key="a-key"
    )
    assert (status, answer["detail"]) == (400, "The JSON is nested deeper than 32 levels")
