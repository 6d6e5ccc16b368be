"""Fitting speech to a time: what to do after each take, so that few are needed. Pure.

    Say       say the text, at this speed
    Rewrite   have the text written anew with this many words
    Settle    keep the take that is nearest

Speed is changed first, since it costs the text nothing. The text is rewritten at most once, and
there are at most three takes in all, so what a pitch can cost is known beforehand.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from planning.sentences import count_words, spoken_seconds, words_for

TOLERANCE = 0.10  # of the time asked for
FREE_TOLERANCE = 0.02  # the same where another take costs nothing
MOST_TAKES = 3
SURELY = 1.15  # how far off an estimate may be; a measured take is not
IGNORED = 0.1  # a voice that does less than a tenth of what a change of speed should do ignores it


@dataclass(frozen=True, slots=True)
class Manner:
    """How a voice speaks: the speeds that it has, and its pace at speed 1 beside the usual one."""

    slowest: float = 1.0
    fastest: float = 1.0
    pace: float = 1.0

    def speed(self, wanted: float) -> float:
        """The speed it has that is nearest to *wanted*, in hundredths."""
        return round(min(max(wanted, self.slowest), self.fastest), 2)


@dataclass(frozen=True, slots=True)
class Take:
    """A text that was said at a speed, and how many seconds that took, as measured."""

    text: str
    speed: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Say:
    """Say the text at this speed."""

    speed: float


@dataclass(frozen=True, slots=True)
class Rewrite:
    """Have the text written anew with this many words."""

    words: range


@dataclass(frozen=True, slots=True)
class Settle:
    """Keep *take*."""

    take: Take


Step = Say | Rewrite | Settle


@dataclass(frozen=True, slots=True)
class Fitting:
    """A text on its way to last *target_s* seconds; without a target the first take is kept.

    A take is good enough within *tolerance*, a share of the target. *takes_left* is how often the
    text may still be said.
    """

    text: str
    language: str
    target_s: float | None
    manner: Manner
    may_rewrite: bool = False
    tolerance: float = TOLERANCE
    takes: tuple[Take, ...] = ()
    takes_left: int = MOST_TAKES

    def said(self, speed: float, seconds: float) -> "Fitting":
        """The same after the text was said at *speed* and took *seconds*."""
        takes = (*self.takes, Take(self.text, speed, seconds))
        return replace(self, takes=takes, takes_left=self.takes_left - 1)

    def over(self) -> "Fitting":
        """The same when nothing more can be said."""
        return replace(self, takes_left=0)

    def rewritten(self, text: str | None) -> "Fitting":
        """The same after the one attempt to rewrite; a *text* that is no nearer changes nothing."""
        if text is None or self._distance(text) >= self._distance(self.text):
            return replace(self, may_rewrite=False)
        return replace(self, text=text, may_rewrite=False)

    def step(self) -> Step:
        """What to do next."""
        nearest = min(self.takes, key=lambda take: self._miss(take.seconds), default=None)
        is_over = self.takes_left <= 0
        if nearest is not None and (is_over or self._fits(nearest.seconds, self.tolerance)):
            return Settle(nearest)
        own = [take for take in self.takes if take.text == self.text]
        speed, expected_s = self._improved(own) if own else self._first()
        slack = 1.0 if own else SURELY
        if self.may_rewrite and not self._fits(expected_s, TOLERANCE, slack):
            return Rewrite(self._words)
        if nearest is None or not own:
            return Say(speed)
        gains = self._miss(expected_s) <= self._miss(nearest.seconds) / 2
        will_fit = self._fits(expected_s, TOLERANCE) and not self._fits(nearest.seconds, TOLERANCE)
        return Say(speed) if gains or will_fit else Settle(nearest)

    @property
    def _words(self) -> range:
        return words_for(self.target_s or 0.0, self.language)

    def _distance(self, text: str) -> int:
        """How many words *text* has too many or too few."""
        count = count_words(text)
        return max(self._words.start - count, count - (self._words.stop - 1), 0)

    def _fits(self, seconds: float, tolerance: float, slack: float = 1.0) -> bool:
        """Whether *seconds* are within *tolerance* of the target, give or take *slack*."""
        if self.target_s is None:
            return True
        share = seconds / self.target_s
        return (1 - tolerance) / slack <= share <= (1 + tolerance) * slack

    def _miss(self, seconds: float) -> float:
        """How many seconds too long or too short that is."""
        return 0.0 if self.target_s is None else abs(seconds - self.target_s)

    def _first(self) -> tuple[float, float]:
        """The speed for the first take of the text, and how long that should take."""
        estimate_s = self._estimate_s(self.text) * self._correction()
        wanted = estimate_s / (self.target_s or estimate_s or 1.0)
        speed = self.manner.speed(1.0 if abs(wanted - 1) <= TOLERANCE / 2 else wanted)
        return speed, estimate_s / speed

    def _estimate_s(self, text: str) -> float:
        return spoken_seconds(text, self.language) / self.manner.pace

    def _correction(self) -> float:
        """How much longer than estimated the voice takes, by what it said so far."""
        estimated_s = sum(self._estimate_s(take.text) for take in self.takes)
        said_s = sum(take.seconds * take.speed for take in self.takes)
        return said_s / estimated_s if estimated_s > 0 else 1.0

    def _improved(self, own: Sequence[Take]) -> tuple[float, float]:
        """The speed for the next take of the same text, and how long that should take.

        After one take time is thought to shrink as speed grows; after two the line through both
        is followed, since no voice is that exact.
        """
        last, target_s = own[-1], self.target_s or own[-1].seconds
        slope = -last.seconds / last.speed  # seconds for a change of speed
        if len(own) > 1 and own[-2].speed != last.speed:
            seen = (last.seconds - own[-2].seconds) / (last.speed - own[-2].speed)
            if seen > slope * IGNORED:
                return last.speed, last.seconds
            speed = self.manner.speed(last.speed + (target_s - last.seconds) / seen)
            return speed, last.seconds + seen * (speed - last.speed)
        speed = self.manner.speed(last.speed * last.seconds / target_s)
        return speed, last.seconds * last.speed / speed
