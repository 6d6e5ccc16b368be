"""Samples: joined without a click, and wrapped as WAV or MP3."""

import io
import math
import wave
from array import array
from collections.abc import Sequence
from dataclasses import replace
from enum import Enum
from itertools import groupby

from planning.voices.base import SAMPLE_BYTES, SAMPLE_RATE_HZ, Sound, Stretch

FADE_S = 0.005  # too short to be heard, long enough for no click
PAUSE_S = 0.25  # between two parts that were spoken apart
QUIET = 330  # of 32767: a hundredth, under which a sample counts as silence
EDGE_S = 0.04  # of the silence at an edge that is cut off
FRAME_S = 0.01  # in which silence is looked for
SHORTEST_PAUSE_S, LONGEST_PAUSE_S = 0.25, 1.2  # what a pause in speech may be made to be
MOST_CHANGE_S = 0.35  # by which a pause is made longer or shorter


class AudioFormat(Enum):
    """What the audio is wrapped in; the value is the file's ending."""

    WAV = "wav"
    MP3 = "mp3"

    @property
    def media_type(self) -> str:
        """Its media type."""
        return {AudioFormat.WAV: "audio/wav", AudioFormat.MP3: "audio/mpeg"}[self]


def wrapped(sound: Sound, form: AudioFormat) -> bytes:
    """*sound* as a file. Takes a moment for an MP3."""
    return mp3(sound.samples) if form is AudioFormat.MP3 else wav(sound.samples)


def joined(sounds: Sequence[Sound], pause_s: float = PAUSE_S) -> Sound:
    """*sounds* one after the other, each faded in and out, with *pause_s* of silence between them."""
    if len(sounds) == 1:
        return sounds[0]
    silence = bytes(_samples(pause_s) * SAMPLE_BYTES)
    samples = bytearray()
    stretches: list[Stretch] = []
    for sound in sounds:
        if samples:
            samples += silence
            stretches[-1] = replace(stretches[-1], text=f"{stretches[-1].text.rstrip()} ")
        by_s = len(samples) / (SAMPLE_RATE_HZ * SAMPLE_BYTES)
        stretches += [
            replace(own, start_s=own.start_s + by_s, end_s=own.end_s + by_s)
            for own in sound.stretches
        ]
        samples += faded(sound.samples)
    return Sound(bytes(samples), tuple(stretches))


def faded(samples: bytes) -> bytes:
    """*samples* that begin and end at zero."""
    values = array("h", samples)
    length = min(_samples(FADE_S), len(values) // 2)
    for i in range(length):
        values[i] = values[i] * i // length
        values[-1 - i] = values[-1 - i] * i // length
    return values.tobytes()


def heard(samples: bytes) -> tuple[float, float]:
    """From when to when, in seconds, there is more than silence in *samples*."""
    values = array("h", samples)
    first = next((i for i, value in enumerate(values) if abs(value) > QUIET), 0)
    last = next((i for i in range(len(values), 0, -1) if abs(values[i - 1]) > QUIET), len(values))
    return first / SAMPLE_RATE_HZ, last / SAMPLE_RATE_HZ


def tight(samples: bytes, *, start: bool, end: bool) -> bytes:
    """*samples* without the silence at their *start* or *end*, but for a moment of it."""
    begin_s, end_s = heard(samples)
    begin = _samples(max(0.0, begin_s - EDGE_S)) if start else 0
    stop = _samples(end_s + EDGE_S) if end else len(samples)
    return samples[begin * SAMPLE_BYTES : stop * SAMPLE_BYTES]


def breathing(sound: Sound, seconds: float) -> Sound:
    """*sound* with its pauses made longer or shorter, as far as needed to come nearer to *seconds*.

    Between two sentences a third of a second more or less is natural, and it costs nothing.
    """
    pauses = _pauses(sound.samples)
    missing_s = seconds - sound.seconds
    room = [_room_s(length_s, missing_s) for _, length_s in pauses]
    share = min(1.0, missing_s / (sum(room) or math.inf))
    samples, kept_to, changes = bytearray(), 0, list[tuple[float, float]]()
    for (middle_s, _), room_s in zip(pauses, room, strict=True):
        more = _samples(room_s * share)
        cut = max(0, -more)
        begin = _samples(middle_s) - cut // 2
        samples += sound.samples[kept_to : begin * SAMPLE_BYTES] + bytes(
            max(0, more) * SAMPLE_BYTES
        )
        kept_to = (begin + cut) * SAMPLE_BYTES
        changes.append((middle_s, more / SAMPLE_RATE_HZ))
    samples += sound.samples[kept_to:]

    def moved(at_s: float) -> float:
        return at_s + sum(more_s for middle_s, more_s in changes if middle_s <= at_s)

    stretches = (Stretch(s.text, moved(s.start_s), moved(s.end_s)) for s in sound.stretches)
    return Sound(bytes(samples), tuple(stretches))


def _room_s(length_s: float, missing_s: float) -> float:
    """By how much a pause of that length may change: more when time is missing, else (negative) less."""
    if missing_s > 0:
        return min(MOST_CHANGE_S, max(0.0, LONGEST_PAUSE_S - length_s))
    return -min(MOST_CHANGE_S, max(0.0, length_s - SHORTEST_PAUSE_S))


def _pauses(samples: bytes) -> list[tuple[float, float]]:
    """The pauses within *samples*: where their middle is and how long they are, in seconds."""
    values, step = array("h", samples), _samples(FRAME_S)
    frames = (values[i : i + step] for i in range(0, len(values), step))
    found: list[tuple[float, float]] = []
    for is_quiet, run in groupby(
        enumerate(frames), lambda frame: max(frame[1]) < QUIET and min(frame[1]) > -QUIET
    ):
        numbers = [number for number, _ in run]
        length_s = len(numbers) * FRAME_S
        is_inside = numbers[0] > 0 and (numbers[-1] + 1) * step < len(values)
        if is_quiet and is_inside and length_s >= SHORTEST_PAUSE_S:
            found.append((numbers[0] * FRAME_S + length_s / 2, length_s))
    return found


def wav(samples: bytes) -> bytes:
    """A WAV file of 24 kHz 16-bit mono *samples*."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(SAMPLE_BYTES)
        file.setframerate(SAMPLE_RATE_HZ)
        file.writeframes(samples)
    return out.getvalue()


def mp3(samples: bytes) -> bytes:
    """An MP3 file (64 kbit/s) of 24 kHz 16-bit mono *samples*."""
    import lameenc  # only for those who ask for it

    encoder = lameenc.Encoder()
    encoder.silence()
    encoder.set_in_sample_rate(SAMPLE_RATE_HZ)
    encoder.set_channels(1)
    encoder.set_bit_rate(64)
    encoder.set_quality(5)
    return bytes(encoder.encode(samples)) + bytes(encoder.flush())


def _samples(duration_s: float) -> int:
    return round(duration_s * SAMPLE_RATE_HZ)
