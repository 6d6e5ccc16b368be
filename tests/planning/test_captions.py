"""Captions: readable, in time with the sound, and never overlapping."""

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planning.captions import LINE, SHORTEST_S, cues, srt, vtt
from planning.voices.base import Stretch

PITCH = [
    Stretch("Imagine a village where every glass of water is a risk. ", 0.0, 4.0),
    Stretch("In Turkana, two in three families drink from open ponds, and their children fall ill. ",
            4.0, 10.0),
    Stretch("No. ", 10.0, 10.4),
    Stretch("We build small kiosks that run on sunlight. ", 10.4, 13.5),
    Stretch("Join us.", 13.5, 14.2),
]  # fmt: skip


def test_a_pitch_is_shown_sentence_by_sentence() -> None:
    """Long ones in two lines or two captions; a very short one goes with the next."""
    shown = [(cue.lines, round(cue.start_s, 2), round(cue.end_s, 2)) for cue in cues(PITCH, 14.2)]
    assert shown == [
        (("Imagine a village where every", "glass of water is a risk."), 0.0, 4.0),
        (("In Turkana, two in three", "families drink from open ponds,"), 4.0, 7.98),
        (("and their children fall ill.",), 7.98, 10.0),
        (("No. We build small kiosks", "that run on sunlight."), 10.0, 13.2),
        (("Join us.",), 13.2, 14.2),
    ]


def test_srt_counts_and_has_commas() -> None:
    """As players have read it for twenty years."""
    assert srt(cues(PITCH[:1], 4.0)) == (
        "1\n00:00:00,000 --> 00:00:04,000\n"
        "Imagine a village where every\nglass of water is a risk.\n"
    )


def test_vtt_has_a_header_and_no_markup() -> None:
    """What looks like a tag or an arrow is text."""
    text = vtt(cues([Stretch("1 < 2 & 3 --> 4", 0.0, 2.0)], 2.0))
    assert text == "WEBVTT\n\n00:00:00.000 --> 00:00:02.000\n1 &lt; 2 &amp; 3 → 4\n"


@pytest.mark.parametrize(
    "text",
    [
        "هل تعلم أن نصف القرى هنا بلا ماء نظيف؟ نحن نبني أكشاكا صغيرة تعمل بالشمس، وندرب النساء عليها. "
        "انضموا إلينا اليوم.",
        "想象一个村庄，每一杯水都是风险。在图尔卡纳，三分之二的家庭从露天池塘取水，他们的孩子因此生病。我们建造小型水站。",
        "हम गाँव में पानी लाते हैं। क्या आप हमारे साथ आएँगे? आज ही जुड़ें और बदलाव का हिस्सा बनें।",
    ],
)
def test_every_script_is_captioned(text: str) -> None:
    """In its own order; nothing is lost."""
    shown = cues([Stretch(text, 0.0, 20.0)], 20.0)
    assert len(shown) > 1
    squeezed = "".join("".join(cue.lines) for cue in shown)
    assert squeezed.replace(" ", "") == text.replace(" ", "")


def test_wide_letters_take_two_columns() -> None:
    """A line of 42 of them would leave the screen."""
    shown = cues([Stretch("字" * 100, 0.0, 30.0)], 30.0)
    assert max(len(line) for cue in shown for line in cue.lines) <= LINE // 2


texts = st.text("abc de.fg, hij?!字。ü –\n", min_size=1, max_size=80)


@given(st.lists(st.tuples(texts, st.floats(0, 9)), min_size=1, max_size=12), st.floats(0.1, 3))
def test_captions_keep_their_promises(spoken: list[tuple[str, float]], rest_s: float) -> None:
    """Two lines of 42, a second each, none over another, the last to the end, no word lost."""
    stretches, at_s = [], 0.0
    for text, length_s in spoken:
        stretches.append(Stretch(f"{text} ", at_s, at_s + length_s))
        at_s += length_s
    seconds = at_s + rest_s
    shown = cues(stretches, seconds)
    letters = "".join("".join(cue.lines) for cue in shown)
    assert re.sub(r"\s", "", letters) == re.sub(r"\s", "", "".join(text for text, _ in spoken))
    for cue in shown:
        assert 1 <= len(cue.lines) <= 2
        assert all(0 < len(line) <= LINE for line in cue.lines)
    for cue, following in pairwise(shown):
        assert cue.end_s == following.start_s
    if shown:
        assert shown[0].start_s >= 0
        assert shown[-1].end_s == seconds
    if seconds >= len(shown) * SHORTEST_S:
        assert all(cue.end_s - cue.start_s >= SHORTEST_S - 1e-9 for cue in shown)


def test_nothing_that_is_spoken_needs_no_caption() -> None:
    """Silence, and signs that are no words."""
    assert cues([], 1.0) == ()
    assert cues([Stretch("  ", 0.0, 1.0)], 1.0) == ()
