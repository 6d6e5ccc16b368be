"""Short, valid sound of a given length: silent MPEG frames, or a quiet tone as 16-bit samples."""

import math
import struct
from dataclasses import dataclass

TONE_HZ = 220.0
TONE_LEVEL = 3000
V1_RATES = (44_100, 48_000, 32_000)  # MPEG-1 Layer III, by the index in the frame header
V2_RATES = (22_050, 24_000, 16_000)  # MPEG-2 Layer III
V1_KBPS = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
V2_KBPS = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
SECONDS_PER_CHARACTER = 1 / 15  # a calm reading voice


@dataclass(frozen=True, slots=True)
class Mp3:
    """The frame format of a mono MP3 stream."""

    rate: int
    kbps: int

    @property
    def samples_per_frame(self) -> int:
        """How much sound one frame carries."""
        return 1152 if self.rate in V1_RATES else 576

    def silence(self, duration_s: float) -> bytes:
        """Whole frames of at least that duration; lengths are padded to hold the bit rate."""
        frames = max(1, math.ceil(duration_s * self.rate / self.samples_per_frame))
        bytes_per_frame = self.samples_per_frame / 8 * self.kbps * 1000 / self.rate
        return b"".join(
            self._frame(padded=int((i + 1) * bytes_per_frame) - int(i * bytes_per_frame))
            for i in range(frames)
        )

    def _frame(self, padded: int) -> bytes:
        is_v1 = self.rate in V1_RATES
        rates, bit_rates = (V1_RATES, V1_KBPS) if is_v1 else (V2_RATES, V2_KBPS)
        shortest = int(self.samples_per_frame / 8 * self.kbps * 1000 / self.rate)
        padding = padded - shortest
        version = 0xFB if is_v1 else 0xF3
        settings = bit_rates.index(self.kbps) << 4 | rates.index(self.rate) << 2 | padding << 1
        header = bytes([0xFF, version, settings, 0xC0])  # 0xC0: one channel
        return header.ljust(padded, b"\0")  # side information of zeros means silence


def tone(rate: int, duration_s: float) -> bytes:
    """A quiet tone as 16-bit little-endian mono samples."""
    count = max(1, round(duration_s * rate))
    step = 2 * math.pi * TONE_HZ / rate
    samples = (round(TONE_LEVEL * math.sin(step * i)) for i in range(count))
    return struct.pack(f"<{count}h", *samples)


def duration_s(text: str) -> float:
    """How long a text takes to say."""
    return len(text) * SECONDS_PER_CHARACTER
