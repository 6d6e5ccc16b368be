"""Captions of a spoken text, as SRT or WebVTT: two lines of 42 characters at most. Pure."""

import html
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from planning.sentences import split_sentences
from planning.voices.base import Stretch

LINE = 42  # characters, as guides for Latin subtitles have it; wide ones count twice
SHORTEST_S = 1.0
LONGEST_S = 7.0
_CLAUSE_END = re.compile(r"[,;:—–،؛、，；：.!?…؟۔।。！？][\"'”’»)\]」』）]*$")
_WORD = re.compile(
    # A letter of a script without spaces and the signs behind it, or whatever has no space in it.
    "[\u0e01-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff][\u3000-\u303f\uff00-\uff60”’]*"
    "|[^\\s\u0e01-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]+"
)


@dataclass(frozen=True, slots=True)
class Cue:
    """The lines that are shown from *start_s* to *end_s*."""

    lines: tuple[str, ...]
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Word:
    """A word, when it begins, whether a space goes before it, and whether it ends a sentence."""

    text: str
    start_s: float
    is_spaced: bool
    is_last: bool


def cues(stretches: Sequence[Stretch], seconds: float) -> tuple[Cue, ...]:
    """The captions of a sound of *seconds*; the *stretches* together are its text.

    Each is shown until the next one, the last until the end, and each for a second at least where
    the sound is long enough for that. A sentence begins a new one if there is time.
    """
    groups: list[list[Word]] = []
    for word in _words(stretches):
        if groups and not _is_over(groups[-1], word):
            if _wrapped([*groups[-1], word]):
                groups[-1].append(word)
                continue
            groups[-1], rest = _at_a_clause(groups[-1])
            groups.append([*rest, word])
        else:
            groups.append([word])
    if not groups:
        return ()
    starts = _apart([group[0].start_s for group in groups], seconds)
    ends = [*starts[1:], seconds]
    return tuple(
        Cue(_wrapped(group), start_s, end_s)
        for group, start_s, end_s in zip(groups, starts, ends, strict=True)
    )


def srt(shown: Sequence[Cue]) -> str:
    """*shown* as a SubRip file."""
    return "\n".join(
        f"{n}\n{_clock(cue.start_s, ',')} --> {_clock(cue.end_s, ',')}\n{_text(cue)}\n"
        for n, cue in enumerate(shown, start=1)
    )


def vtt(shown: Sequence[Cue]) -> str:
    """*shown* as a WebVTT file."""
    blocks = (
        f"{_clock(cue.start_s, '.')} --> {_clock(cue.end_s, '.')}\n"
        f"{html.escape(_text(cue), quote=False)}\n"
        for cue in shown
    )
    return "\n".join(["WEBVTT\n", *blocks])


def _words(stretches: Sequence[Stretch]) -> Iterator[Word]:
    text = "".join(stretch.text for stretch in stretches)
    begins = list(accumulate((len(stretch.text) for stretch in stretches), initial=0))
    sentence_ends, end, of = set[int](), 0, 0
    for sentence in split_sentences(text):
        end = text.index(sentence, end) + len(sentence)
        sentence_ends.add(end)
    for found in _WORD.finditer(text):
        for begin in range(found.start(), found.end(), LINE // _width(found[0][0])):
            word = text[begin : min(found.end(), begin + LINE // _width(found[0][0]))]
            while begins[of + 1] <= begin:
                of += 1
            stretch, offset = stretches[of], begin - begins[of]
            share = offset / (len(stretch.text) or 1)
            yield Word(
                word,
                stretch.start_s + (stretch.end_s - stretch.start_s) * share,
                is_spaced=begin > 0 and text[begin - 1].isspace(),
                is_last=begin + len(word) in sentence_ends,
            )


def _is_over(group: Sequence[Word], following: Word) -> bool:
    """Whether *group* is a caption of its own, so that *following* begins the next."""
    shown_s = following.start_s - group[0].start_s
    return shown_s > LONGEST_S or (group[-1].is_last and shown_s >= SHORTEST_S)


def _at_a_clause(group: list[Word]) -> tuple[list[Word], list[Word]]:
    """A full caption, cut after the last clause in its second half, if one ends there."""
    for i in range(len(group) - 1, len(group) // 2, -1):
        if _CLAUSE_END.search(group[i - 1].text):
            return group[:i], group[i:]
    return group, []


def _wrapped(group: Sequence[Word]) -> tuple[str, ...]:
    """*group* as one line or as two of like length; empty when that is too long."""
    whole = _line(group)
    if _width(whole) <= LINE:
        return (whole,)
    pairs = ((_line(group[:i]), _line(group[i:])) for i in range(1, len(group)))
    fitting = [pair for pair in pairs if max(map(_width, pair)) <= LINE]
    return min(fitting, key=lambda pair: abs(_width(pair[0]) - _width(pair[1])), default=())


def _line(group: Sequence[Word]) -> str:
    spaced = (f" {word.text}" if word.is_spaced else word.text for word in group)
    return "".join(spaced).strip()


def _apart(starts: Sequence[float], seconds: float) -> list[float]:
    """*starts*, moved as little as needed so that each caption lasts a second, or else an equal share."""
    count = len(starts)
    if count * SHORTEST_S > seconds:
        return [seconds * i / count for i in range(count)]
    moved: list[float] = []
    for start_s in starts:
        moved.append(max(start_s, moved[-1] + SHORTEST_S) if moved else max(start_s, 0.0))
    return [min(start_s, seconds - (count - i) * SHORTEST_S) for i, start_s in enumerate(moved)]


def _width(text: str) -> int:
    """How many columns *text* takes."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def _text(cue: Cue) -> str:
    return "\n".join(cue.lines).replace("-->", "→")  # in a cue it would end the cue


def _clock(seconds: float, point: str) -> str:
    """`00:01:02,345`; cut to milliseconds, so that the last caption never outlasts the sound."""
    milliseconds = int(seconds * 1000 + 1e-6)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest // 1000:02}{point}{rest % 1000:03}"
