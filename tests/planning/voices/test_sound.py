"""Samples: joined without a click, and wrapped as true files."""

import io
import math
import wave
from array import array
from itertools import pairwise

import pytest

from planning.voices.base import SAMPLE_RATE_HZ, Sound, Stretch
from planning.voices.sound import AudioFormat, breathing, faded, heard, joined, tight, wav, wrapped


def tone(seconds: float, phase: float = math.pi / 2, level: int = 20_000) -> bytes:
    """A 220 Hz tone that begins (and mostly ends) far from zero."""
    steps = range(round(seconds * SAMPLE_RATE_HZ))
    wave_ = (math.sin(2 * math.pi * 220 * i / SAMPLE_RATE_HZ + phase) for i in steps)
    return array("h", (round(level * value) for value in wave_)).tobytes()


def largest_jump(samples: bytes) -> int:
    """Between two neighbouring samples, with silence before the first and after the last."""
    return max(abs(a - b) for a, b in pairwise([0, *array("h", samples), 0]))


def test_a_joint_does_not_click() -> None:
    """Put together as they are, two loud tones jump by their whole level; joined, never."""
    loud = tone(0.3)
    assert largest_jump(loud + bytes(4_800) + loud) == 20_000
    smooth = joined([Sound(loud, (Stretch("a", 0.0, 0.3),))] * 3)
    within = max(abs(a - b) for a, b in pairwise(array("h", loud)))
    assert largest_jump(smooth.samples) <= within + 20_000 / 120 + 1
    assert smooth.seconds == pytest.approx(3 * 0.3 + 2 * 0.25)


def test_stretches_move_with_their_sound() -> None:
    """And the texts of two parts stay apart."""
    part = Sound(tone(1.0), (Stretch("One ", 0.1, 0.5), Stretch("two.", 0.5, 0.9)))
    whole = joined([part, part])
    assert [(s.text, round(s.start_s, 3), round(s.end_s, 3)) for s in whole.stretches] == [
        ("One ", 0.1, 0.5), ("two. ", 0.5, 0.9), ("One ", 1.35, 1.75), ("two.", 1.75, 2.15)
    ]  # fmt: skip
    assert joined([part]) is part


@pytest.mark.parametrize("samples", [b"", b"\1\0", b"\1\0" * 7])
def test_very_short_sounds_survive(samples: bytes) -> None:
    """Whatever an engine sends."""
    assert len(faded(samples)) == len(samples)
    assert len(tight(samples, start=True, end=True)) <= len(samples)
    assert joined(
        [Sound(samples, (Stretch("a", 0, 0),))] * 2, pause_s=0
    ).samples == samples * 2 or (len(samples) > 2)


def test_silence_is_found_and_taken_off() -> None:
    """But for a moment of it, where it is asked for."""
    quiet = bytes(2 * SAMPLE_RATE_HZ // 2)
    samples = quiet + tone(1.0) + quiet
    assert heard(samples) == pytest.approx((0.5, 1.5), abs=0.001)
    assert Sound(tight(samples, start=True, end=True), ()).seconds == pytest.approx(1.08, abs=0.01)
    assert Sound(tight(samples, start=False, end=True), ()).seconds == pytest.approx(1.54, abs=0.01)
    assert tight(samples, start=False, end=False) == samples


def spoken(*pauses_s: float) -> Sound:
    """Half-second tones with pauses between them, each tone a stretch."""
    samples, stretches = tone(0.5), [Stretch("a ", 0.0, 0.5)]
    for pause_s in pauses_s:
        samples += bytes(round(pause_s * SAMPLE_RATE_HZ) * 2)
        begin_s = len(samples) / 2 / SAMPLE_RATE_HZ
        samples += tone(0.5)
        stretches.append(Stretch("a ", begin_s, begin_s + 0.5))
    return Sound(samples, tuple(stretches))


@pytest.mark.parametrize(
    ("seconds", "pauses_s"),
    [
        (2.9, (0.8, 0.6)),  # 0.1 s more in each of 0.7 and 0.5
        (2.5, (0.583, 0.417)),  # the longer pause gives more
        (9.0, (1.05, 0.85)),  # no pause grows by more than 0.35 s
        (0.5, (0.35, 0.25)),  # nor shrinks below a quarter of a second
    ],
)
def test_pauses_give_and_take_a_little_time(seconds: float, pauses_s: tuple[float, ...]) -> None:
    """What is said is not touched, and the stretches move with it."""
    changed = breathing(spoken(0.7, 0.5), seconds)
    assert changed.seconds == pytest.approx(1.5 + sum(pauses_s), abs=0.03)
    expected = spoken(*pauses_s).stretches
    for stretch, other in zip(changed.stretches, expected, strict=True):
        assert (stretch.start_s, stretch.end_s) == pytest.approx(
            (other.start_s, other.end_s), abs=0.02
        )
        begin, end = (round(at_s * SAMPLE_RATE_HZ) for at_s in (stretch.start_s, stretch.end_s))
        assert changed.samples[begin * 2 : end * 2] == tone(0.5)


def test_a_sound_without_pauses_stays_as_it_is() -> None:
    """Nor are the silences at its two ends pauses, nor the short ones within a sentence."""
    quiet = bytes(SAMPLE_RATE_HZ)
    for sound in (Sound(quiet + tone(1.0) + quiet, ()), spoken(0.1, 0.2), Sound(b"", ())):
        assert breathing(sound, sound.seconds + 5) == sound


def test_a_wav_says_how_long_it_is() -> None:
    """24 kHz, 16 bit, one channel."""
    with wave.open(io.BytesIO(wav(bytes(48_000)))) as file:
        assert (file.getframerate(), file.getsampwidth(), file.getnchannels()) == (24_000, 2, 1)
        assert file.getnframes() / file.getframerate() == 1


def test_an_mp3_is_a_row_of_frames_and_much_smaller() -> None:
    """64 kbit/s of MPEG-2 layer III; as long as the sound, give or take what its codec adds."""
    sound = Sound(tone(3.0), ())
    audio = wrapped(sound, AudioFormat.MP3)
    assert audio[0] == 0xFF
    assert audio[1] & 0xE0 == 0xE0
    assert len(audio) / 8_000 == pytest.approx(3.0, abs=0.15)
