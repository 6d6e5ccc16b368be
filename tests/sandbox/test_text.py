"""What the stand-ins write."""

import json

from hypothesis import given
from hypothesis import strategies as st

from sandbox.text import Ask, Script, Tool, conform, count_tokens, pieces, venture, write

BRIEF = 'Write a business plan.\n{"name": "Bee Works", "text": "Rooftop hives."}'


def ask(prompt: str = "hi", **fields: object) -> Ask:
    return Ask(prompt=prompt, input_tokens=count_tokens(prompt), **fields)  # type: ignore[arg-type]  # tests pass what they need


@given(st.text(max_size=400))
def test_pieces_join_to_the_text(text: str) -> None:
    assert "".join(pieces(text)) == text


def test_the_same_question_gets_the_same_answer() -> None:
    assert write(ask(BRIEF)) == write(ask(BRIEF))


def test_a_business_plan_names_the_venture_and_numbers_its_steps() -> None:
    text = write(ask(BRIEF)).text
    assert text.startswith("# Bee Works")
    assert all(f"\n{step}. " in text for step in range(1, 7))


def test_the_venture_is_found_however_it_is_named() -> None:
    assert venture("Idea name: Solar Bakery\nText: …") == "Solar Bakery"
    assert venture("**Name:** Solar Bakery") == "Solar Bakery"
    assert venture("a startup called Solar Bakery that bakes") == "Solar Bakery"
    assert venture("no hint at all") == "the venture"


def test_a_short_question_gets_a_short_answer() -> None:
    assert write(ask("hi")).tokens < 30


def test_a_budget_cuts_the_text_and_says_so() -> None:
    written = write(ask(BRIEF, max_tokens=10))
    assert (written.finish, written.tokens) == ("length", 10)
    assert count_tokens(written.text) == 10


def test_thinking_eats_the_budget() -> None:
    written = write(ask(BRIEF, max_tokens=10, thinking_tokens=64))
    assert (written.text, written.finish, written.thinking_tokens) == ("", "length", 10)


def test_a_stop_sequence_is_not_returned() -> None:
    assert write(ask(stops=("one two", " two")), "one and two, one two").text == "one and"


def test_a_tool_is_called_with_arguments_that_fit() -> None:
    schema = {"type": "object", "properties": {"q": {"type": "string"}, "n": {"type": "integer"}}}
    written = write(ask(tool=Tool("look_up", schema)))
    assert (written.finish, written.arguments) == ("tool_calls", {"q": "sample", "n": 1})


def test_json_follows_the_schema() -> None:
    schema = {
        "type": "object",
        "properties": {
            "steps": {"type": "array", "minItems": 3, "items": {"$ref": "#/$defs/Step"}},
            "kind": {"enum": ["b", "c"]},
        },
        "$defs": {"Step": {"type": "object", "properties": {"title": {"type": "string"}}}},
    }
    data = json.loads(write(ask("hi", schema=schema, wants_json=True)).text)
    assert len(data["steps"]) == 3
    assert data["kind"] == "b"
    assert isinstance(data["steps"][0]["title"], str)


def test_a_schema_that_contains_itself_comes_to_an_end() -> None:
    tree = {"type": "object", "properties": {"child": {"$ref": "#"}}}
    assert json.dumps(conform(tree)).endswith('{"child": null}' + "}" * 6)
    assert conform({"$ref": "#"}) is None


def test_a_script_is_read_in_order_and_then_over() -> None:
    script = Script()
    script.add("one", 1)
    script.add("two", 2)
    assert [script.take() for _ in range(4)] == ["one", "two", "two", None]
