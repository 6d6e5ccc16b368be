"""Server-sent events, read from any pieces that the network may cut them into."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.errors import FailureKind, ProviderError
from providers.events import LONGEST_EVENT, EventReader

STREAM = (
    "\ufeff: OPENROUTER PROCESSING\r\n\r\n"
    'data: {"text":"Zażółć gęślą 🛶"}\r\n\r\n'
    "event: message\ndata: first\ndata:second\ndata\ndata:  two spaces\nid: 7\nretry: 10\n\n"
    "data: carriage\rdata: return\r\r"
    '{\n  "error": {"code": 503}\n}\n'
    "data: [DONE]\r\n\r\n"
).encode()
EVENTS = [
    '{"text":"Zażółć gęślą 🛶"}',
    "first\nsecond\n\n two spaces",
    "carriage\nreturn",
    "[DONE]",
]
STRAY = '{\n  "error": {"code": 503}\n}\n'


def read(*chunks: bytes) -> list[str]:
    reader = EventReader()
    return [event for chunk in chunks for event in reader.feed(chunk)]


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_lines_may_end_in_any_of_three_ways(end: str) -> None:
    text = f"data: one{end}{end}data: two{end}data: three{end}{end}data: next"
    assert read(text.encode()) == ["one", "two\nthree"]


def test_a_space_after_the_colon_is_no_part_of_the_data_but_a_second_one_is() -> None:
    assert read(b"data:a\n\ndata: a\n\ndata:  a\n\n") == ["a", "a", " a"]


def test_comments_and_other_fields_say_nothing() -> None:
    reader = EventReader()
    assert reader.feed(b": ping\n\nevent: error\nid: 1\nretry: 5\n\n:\n\n") == []
    assert reader.stray == ""


def test_events_without_data_are_not_events() -> None:
    assert read(b"data\n\ndata:\n\n\n\ndata: x\n\n") == ["x"]


def test_a_byte_order_mark_is_skipped_at_the_beginning_only() -> None:
    assert read(b"\xef\xbb\xbfdata: \xef\xbb\xbfx\n\n") == ["\ufeffx"]


def test_an_unfinished_event_is_not_given() -> None:
    assert read(b"data: whole\n\ndata: half\n") == ["whole"]


def test_lines_of_no_field_are_kept_aside() -> None:
    reader = EventReader()
    assert reader.feed(STREAM) == EVENTS
    assert reader.stray == STRAY


@pytest.mark.parametrize("error", [b'{"error":{"code":503}}', b'[{\n"error":\n{"code":503}}]'])
def test_raw_json_at_the_end_need_not_end_its_line(error: bytes) -> None:
    reader = EventReader()
    assert reader.feed(b"data: x\n\n" + error) == ["x"]
    assert reader.rest() == error.decode()


@pytest.mark.parametrize("half", [b"da", b'data: {"a', b"", b": ping", b"data: x\n"])
def test_half_an_event_is_no_rest(half: bytes) -> None:
    reader = EventReader()
    reader.feed(b"data: x\n\n" + half)
    assert reader.rest() == ""


def test_bytes_that_are_no_utf_8_are_replaced() -> None:
    assert read(b"data: caf\xe9!\n\n") == ["caf\ufffd!"]


@pytest.mark.parametrize("at", range(1, len(STREAM)))
def test_a_stream_cut_in_two_anywhere_gives_the_same_events(at: int) -> None:
    assert read(STREAM[:at], STREAM[at:]) == EVENTS


def test_a_stream_that_comes_byte_by_byte_gives_the_same_events() -> None:
    reader = EventReader()
    events = [e for i in range(len(STREAM)) for e in reader.feed(STREAM[i : i + 1])]
    assert (events, reader.stray) == (EVENTS, STRAY)


@given(st.lists(st.integers(0, len(STREAM))))
def test_a_stream_cut_in_any_pieces_gives_the_same_events(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(STREAM)]
    chunks = [STREAM[a:b] for a, b in pairwise(edges)]
    assert read(*chunks) == EVENTS


@given(st.lists(st.binary(max_size=40)))
def test_any_bytes_give_the_same_events_in_pieces_as_in_one(chunks: list[bytes]) -> None:
    assert read(*chunks) == read(b"".join(chunks))


@given(
    st.lists(
        st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), min_size=1)
    ),
    st.sampled_from(["\n", "\r", "\r\n"]),
    st.integers(1, 9),
)
def test_every_text_that_goes_in_comes_out(texts: list[str], end: str, size: int) -> None:
    data = "".join(f"data: {text}{end}{end}" for text in texts).encode() + b":\n"
    assert read(*(data[i : i + size] for i in range(0, len(data), size))) == texts


@pytest.mark.parametrize("character", ["é", "€", "🛶"])
def test_e08_a_character_split_at_any_byte_arrives_whole(character: str) -> None:
    data = f"data: a{character}b\n\n".encode()
    for at in range(len(data) + 1):
        assert read(data[:at], data[at:]) == [f"a{character}b"]


def test_e10_a_line_of_600_kilobytes_is_read() -> None:
    line = b"data: " + b"x" * 600_000 + b"\n\n"
    pieces = [line[i : i + 16_384] for i in range(0, len(line), 16_384)]
    assert read(*pieces) == ["x" * 600_000]


@pytest.mark.parametrize("size", [65_536, 10_000_000])
@pytest.mark.parametrize(
    "stream",
    [
        b"data: " + b"x" * (LONGEST_EVENT + 1) + b"\n\n",
        b"data: " + b"x" * (LONGEST_EVENT + 1),
        (b"data: " + b"x" * 1_000 + b"\n") * (LONGEST_EVENT // 1_000 + 1) + b"\n",
        b"x" * (LONGEST_EVENT + 1),
        b": " + b"x" * LONGEST_EVENT,
    ],
    ids=["one line", "no end", "many lines", "no field", "comment"],
)
def test_an_event_longer_than_a_mebibyte_is_refused_however_it_arrives(
    stream: bytes, size: int
) -> None:
    with pytest.raises(ProviderError) as caught:
        read(*(stream[i : i + size] for i in range(0, len(stream), size)))
    assert caught.value.kind is FailureKind.BAD_BODY


def test_long_events_one_after_the_other_are_fine() -> None:
    event = b"data: " + b"x" * (LONGEST_EVENT - 10) + b"\n\n"
    assert len(read(event * 3)) == 3


def test_what_is_kept_aside_stays_bounded() -> None:
    reader = EventReader()
    for _ in range(30):
        reader.feed(b"y" * 99_999 + b"\n")
    assert len(reader.stray) <= LONGEST_EVENT + 100_000
