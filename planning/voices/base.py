"""The words of speech: an utterance, the sound of it, and who can make one from the other.

NoSpeech       nothing here can speak
UnknownVoice   nobody has the voice that was asked for
Unspeakable    the text cannot be spoken as it is
SpeechFailed   an engine failed, for one `FailureKind`
"""

from dataclasses import dataclass, field
from typing import Protocol

from planning.timing import Manner
from providers.errors import FailureKind

SAMPLE_RATE_HZ = 24_000
SAMPLE_BYTES = 2


class NoSpeech(Exception):
    """Nothing here can speak."""


class UnknownVoice(Exception):
    """Nobody has the voice that was asked for."""


class Unspeakable(Exception):
    """The text cannot be spoken as it is: nothing in it, or not in the voice's language."""


class SpeechFailed(Exception):
    """An engine failed; the message is for people and holds no secret.

    *retry_after_s* says when it may work again, if that is known.
    """

    def __init__(self, message: str, kind: FailureKind, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True)
class Utterance:
    """What is said in one go: by which voice, in which language (a tag, or empty), how fast.

    *before* and *after* are the texts around it, for those who can make the joints sound natural.
    """

    text: str
    voice: str
    language: str = ""
    speed: float = 1.0
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A piece of the text, and when it is heard, in seconds from the beginning of the sound."""

    text: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Sound:
    """24 kHz 16-bit mono *samples*, and when each stretch of the text is heard in them.

    The stretches are words, sentences, or whatever the engine knows the times of; with the spaces
    between them, they are the text.
    """

    samples: bytes = field(repr=False)
    stretches: tuple[Stretch, ...]

    @property
    def seconds(self) -> float:
        """How long it is."""
        return len(self.samples) / (SAMPLE_RATE_HZ * SAMPLE_BYTES)


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice that can be asked for by *id* or *name*. *as_of* is when that was last known."""

    id: str
    name: str
    description: str = ""
    as_of: str = ""


@dataclass(frozen=True, slots=True)
class Offer:
    """What an engine offers. *languages* is empty where that is not known.

    An utterance has at most *longest* characters. *credits* is what a character costs (0 is free),
    *credits_left* how many there are, once that is known.
    """

    manner: Manner
    languages: tuple[str, ...]
    longest: int
    credits: float = 0.0
    credits_left: float | None = None


class Engine(Protocol):
    """Something that speaks."""

    @property
    def name(self) -> str:
        """What the answer calls it: `elevenlabs`."""
        ...

    @property
    def label(self) -> str:
        """What people call it: `ElevenLabs`."""
        ...

    @property
    def model(self) -> str:
        """What makes its sound: another model sounds different."""
        ...

    @property
    def offer(self) -> Offer:
        """What it offers."""
        ...

    def voice(self, wanted: str) -> str | None:
        """The id of the voice called *wanted*, its usual one for an empty name; None for no such."""
        ...

    def objection(self, text: str, language: str) -> str:
        """Why it cannot speak *text*, for people; empty when it can."""
        ...

    async def speak(self, utterance: Utterance) -> Sound:
        """The sound of *utterance*. Raises `SpeechFailed`."""
        ...

    async def voices(self) -> tuple[Voice, ...]:
        """The voices that it has."""
        ...

    async def aclose(self) -> None:
        """Let go of connections and threads."""
        ...
