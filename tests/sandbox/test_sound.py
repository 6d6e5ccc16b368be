"""The sound the stand-in speaks: valid frames, true lengths."""

import struct

import pytest

from sandbox.sound import V1_KBPS, V1_RATES, V2_KBPS, V2_RATES, Mp3, tone

FORMATS = [Mp3(44_100, 128), Mp3(44_100, 32), Mp3(22_050, 32), Mp3(24_000, 48)]


def frames(sound: bytes) -> list[tuple[int, int, int]]:
    """Rate, bit rate and length of every frame, found as a decoder finds them."""
    found, at = [], 0
    while at < len(sound):
        sync, version, settings, _ = struct.unpack_from("4B", sound, at)
        assert sync == 0xFF
        is_v1 = version == 0xFB
        rate = (V1_RATES if is_v1 else V2_RATES)[settings >> 2 & 3]
        kbps = (V1_KBPS if is_v1 else V2_KBPS)[settings >> 4]
        length = (144_000 if is_v1 else 72_000) * kbps // rate + (settings >> 1 & 1)
        found.append((rate, kbps, length))
        at += length
    assert at == len(sound)
    return found


@pytest.mark.parametrize("mp3", FORMATS, ids=str)
def test_mp3_frames_follow_each_other_without_a_gap(mp3: Mp3) -> None:
    found = frames(mp3.silence(2.0))
    assert {(rate, kbps) for rate, kbps, _ in found} == {(mp3.rate, mp3.kbps)}
    assert len(found) * mp3.samples_per_frame / mp3.rate == pytest.approx(2.0, abs=0.03)


@pytest.mark.parametrize("mp3", FORMATS, ids=str)
def test_mp3_padding_holds_the_bit_rate(mp3: Mp3) -> None:
    assert len(mp3.silence(10.0)) == pytest.approx(10.0 * mp3.kbps * 1000 / 8, rel=0.01)


def test_a_tone_has_two_bytes_a_sample() -> None:
    assert len(tone(24_000, 1.5)) == 72_000
