"""An answer gathered from pieces: whole characters, sound numbers, whatever a provider writes."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.base import MOST_TOKENS, read_count, read_name
from providers.completion import Delta, Gathering, Halves, ToolCallPiece, whole_characters

HALF, OTHER = "\ud83d", "\ude00"  # of 😀, as JSON may escape them


def gathered(*deltas: Delta) -> tuple[list[str], Gathering]:
    """What a reader saw piece by piece, and what became of it."""
    gathering = Gathering("m")
    seen = [fresh.text for delta in deltas if (fresh := gathering.add(delta))]
    return seen, gathering


def test_a_character_that_was_cut_in_two_comes_whole() -> None:
    """With the piece that brings its second half."""
    seen, gathering = gathered(
        Delta(text="Hello " + HALF), Delta(text=OTHER + " there"), Delta(finish_reason="stop")
    )
    assert seen == ["Hello ", "😀 there"]
    assert gathering.completion().text == "Hello 😀 there"


def test_a_half_whose_other_never_comes_is_replaced() -> None:
    """At the end as anywhere."""
    _, gathering = gathered(
        Delta(text=f"a{OTHER}b{HALF}c", reasoning=HALF),
        Delta(text="d" + HALF, finish_reason="stop"),
    )
    assert gathering.completion().text == "a�b�cd�"
    assert gathering.completion().reasoning == "�"


@given(st.text(st.characters(exclude_categories=[]), max_size=40), st.integers(0, 40))
def test_any_text_cut_anywhere_can_be_written_on(text: str, place: int) -> None:
    """And is what it was, where it was sound."""
    cut = text.encode("utf-16-le", "surrogatepass")
    pieces = cut[: place // 2 * 2], cut[place // 2 * 2 :]
    halves = Halves()
    joined = "".join(halves.next(p.decode("utf-16-le", "surrogatepass")) for p in pieces)
    joined += halves.rest()
    assert joined == whole_characters(text)
    orjson.dumps(joined)


def test_names_and_calls_of_half_characters_are_written_on_too() -> None:
    """Whatever stands where a name should be."""
    call = ToolCallPiece(0, id=read_name("call" + HALF) or "", name="f", arguments='{"a":"' + HALF)
    _, gathering = gathered(Delta(tool_calls=(call,)), Delta(finish_reason="tool_calls"))
    made = gathering.completion().tool_calls[0]
    orjson.dumps([made.id, made.arguments])


def test_numbers_that_nobody_can_write_are_left_out() -> None:
    """The answer is not: only what it says of its probabilities."""
    odd = Delta(text="x", logprobs=({"token": "x", "logprob": 1 << 70},))
    _, gathering = gathered(odd, Delta(finish_reason="stop"))
    assert gathering.completion().logprobs == ()


@pytest.mark.parametrize(
    ("told", "count"),
    [
        *((12, 12), (12.9, 12), (-1, 0), ("12", 0), (None, 0), (1 << 63, 0), (1e30, 0)),
        *((float("nan"), 0), (float("inf"), 0), (MOST_TOKENS, MOST_TOKENS)),
    ],
)
def test_a_count_is_one_that_a_model_could_reach(told: object, count: int) -> None:
    """Else it says nothing."""
    assert read_count(told) == count
