"""Checks of a pitch: its time, its beats, its one request, and that it can be spoken. Pure."""

import re
from collections.abc import Callable, Iterator
from itertools import pairwise

from planning.checks.base import Hit, Subject, hit
from planning.checks.vocabulary import speaks_of
from planning.citations import addresses, marks
from planning.content import Section
from planning.figures.sdg import goal_name
from planning.language import terms
from planning.numerals import is_among, numerals
from planning.research.indicators import goals_named
from planning.sentences import count_words, words_for
from planning.wording import words_in

TOLERANCE = 10  # percent of the time
MOST_NUMBERS = 3
LONGEST_MEAN, LONGEST = 18, 28  # words of a sentence
_MARKUP = re.compile(
    r"[*_#`|>~]{1,3}|^\s*(?:[-+•]|\d{1,2}[.)])\s|\[[^\]]*\]|\((?:pause|smile|beat|laughs?)[^)]*\)",
    re.M | re.I,
)
_EMOJI = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\ufe0f\u200d]")
_SCALE = ("hundred", "thousand", "million", "billion")
_UNITS = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")


def fits_time(subject: Subject) -> Iterator[Hit]:
    """The number of words fills the time that was asked for."""
    pitch = _pitch(subject)
    if pitch is None:
        return
    words = count_words(" ".join(subject.sentences(pitch)))
    wanted = words_for(subject.expected.seconds, subject.language)
    if words not in wanted:
        yield hit(pitch.id, words=words, low=wanted.start, high=wanted.stop - 1)


def audio_fits(subject: Subject) -> Iterator[Hit]:
    """The spoken pitch lasts as long as was asked for, give or take a tenth."""
    measured, wanted = subject.expected.measured_s, subject.expected.seconds
    if measured is not None and abs(measured - wanted) * 100 > TOLERANCE * wanted:
        yield hit("pitch", measured=round(measured), wanted=round(wanted))


def can_be_spoken(subject: Subject) -> Iterator[Hit]:
    """Nothing in it is only for the eye: no markup, lists, emoji, addresses, marks or stage directions."""
    pitch = _pitch(subject)
    if pitch is None:
        return
    for line in pitch.text.splitlines():
        strange = _MARKUP.search(line) or _EMOJI.search(line)
        if strange or marks(line) or addresses(line):
            yield hit(pitch.id, line.strip(), text=strange[0].strip() if strange else "")


def beats_in_order(subject: Subject) -> Iterator[Hit]:
    """A hook, the problem, the venture, the change with its goal, and a request follow in this order."""
    pitch = _pitch(subject)
    if pitch is None:
        return
    sentences = subject.sentences(pitch)
    if len(sentences) < 4:
        yield hit(pitch.id, variant="short", number=len(sentences))
        return
    if not words_in(subject.language).is_spoken:
        return  # its words for a problem and a request are not known
    places = {
        "problem": _first(sentences, lambda s: speaks_of("problem", s)),
        "solution": _first(sentences, lambda s: _names(subject, s)),
        "impact": _first(sentences, lambda s: _speaks_of_a_goal(subject, s)),
    }
    for beat, place in places.items():
        if place is None:
            yield hit(pitch.id, variant=beat)
    if not speaks_of("ask", sentences[-1]):
        yield hit(pitch.id, sentences[-1], "ask")
    has_goal = bool(goals_named(subject.brief.idea.sdgs))  # without one, no sentence is the change
    told = (places["problem"], places["impact"] if has_goal else None)
    known = [place for place in told if place is not None]
    if any(before > after for before, after in pairwise(known)):
        yield hit(pitch.id, sentences[0], "order")


def one_request(subject: Subject) -> Iterator[Hit]:
    """There is one request, in the last sentence."""
    pitch = _pitch(subject)
    if pitch is None:
        return
    sentences = subject.sentences(pitch)
    asking = [
        s for s in sentences[:-1] if speaks_of("ask", s) and (s.endswith("?") or _is_imperative(s))
    ]
    if asking:
        yield hit(pitch.id, asking[0])


def few_numbers(subject: Subject) -> Iterator[Hit]:
    """There are at most three numbers, and they are spelled as they are spoken."""
    pitch = _pitch(subject)
    if pitch is None:
        return
    sentences = subject.sentences(pitch)
    digits = [(s, n) for s in sentences for n in numerals(s, subject.language)]
    spelled = [value for s in sentences for value in spelled_numbers(s, subject.language)]
    if len(digits) + len(spelled) > MOST_NUMBERS:
        yield hit(
            pitch.id,
            digits[0][0] if digits else "",
            number=len(digits) + len(spelled),
            most=MOST_NUMBERS,
        )
    elif digits:
        sentence, numeral = digits[0]
        yield hit(pitch.id, sentence, "spelled", text=numeral.text)


def short_sentences(subject: Subject) -> Iterator[Hit]:
    """Sentences are short enough to be said in one breath."""
    pitch = _pitch(subject)
    if pitch is None:
        return
    sentences = subject.sentences(pitch)
    counts = [count_words(sentence) for sentence in sentences]
    for sentence, words in zip(sentences, counts, strict=True):
        if words > LONGEST:
            yield hit(pitch.id, sentence, words=words, most=LONGEST)
    if counts and sum(counts) > LONGEST_MEAN * len(counts):
        yield hit(
            pitch.id, variant="mean", words=round(sum(counts) / len(counts)), most=LONGEST_MEAN
        )


def venture_named(subject: Subject) -> Iterator[Hit]:
    """The venture is named at least once."""
    pitch = _pitch(subject)
    if pitch is not None and subject.brief.idea.name.strip() and not _names(subject, pitch.text):
        yield hit(pitch.id, name=subject.brief.idea.name.strip())


def own_goal(subject: Subject) -> Iterator[Hit]:
    """The goal that is named is one that the founder chose."""
    pitch = _pitch(subject)
    chosen = goals_named(subject.brief.idea.sdgs)
    if pitch is None or not chosen:
        return
    for sentence in subject.sentences(pitch):
        for number in range(1, 18):
            if number not in chosen and _names_goal(number, sentence, subject.language):
                yield hit(pitch.id, sentence, goal=number)


def numbers_known(subject: Subject) -> Iterator[Hit]:
    """Every number is one of the fact base, also when it is spelled."""
    pitch = _pitch(subject)
    if pitch is None:
        return
    for sentence in subject.sentences(pitch):
        strangers = [n for n in subject.figures(sentence) if not is_among(n, subject.known)]
        if strangers:
            yield hit(pitch.id, sentence, text=strangers[0].text)
            continue
        for value in spelled_numbers(sentence, subject.language):
            if value > 12 and value not in subject.known:
                yield hit(pitch.id, sentence, text=f"{value:,}")


def spelled_numbers(sentence: str, language: str) -> tuple[int, ...]:
    """The numbers that *sentence* spells out from twenty on, in English; of other languages none are read."""
    if not language.startswith("en"):
        return ()
    found, total, part, is_open = [], 0, 0, False
    for word in [*re.findall(r"[a-z]+", sentence.casefold().replace("-", " ")), ""]:
        if word in _UNITS:
            part, is_open = part + _UNITS.index(word), True
        elif word in _TENS:
            part, is_open = part + 10 * (_TENS.index(word) + 2), True
        elif word == "hundred" and is_open:
            part = (part or 1) * 100
        elif word in _SCALE and is_open:
            total, part = total + (part or 1) * 1000 ** _SCALE.index(word), 0
        elif word != "and" or not is_open:
            if is_open and total + part >= 20:
                found.append(total + part)
            total, part, is_open = 0, 0, False
    return tuple(found)


def _pitch(subject: Subject) -> Section | None:
    return subject.section("pitch")


def _first(sentences: tuple[str, ...], holds: Callable[[str], bool]) -> int | None:
    return next((place for place, sentence in enumerate(sentences) if holds(sentence)), None)


def _names(subject: Subject, text: str) -> bool:
    name = subject.brief.idea.name.strip()
    return not name or name.casefold() in text.casefold()


def _speaks_of_a_goal(subject: Subject, sentence: str) -> bool:
    """Whether *sentence* names a goal of the founder: by its number, its name, or the words of its theme."""
    chosen = goals_named(subject.brief.idea.sdgs)
    if not chosen or re.search(
        r"\b(?:SDGs?|ODS|ODD|ЦУР)\b|sustainable development goal", sentence, re.I
    ):
        return True
    words, told = frozenset(terms(sentence, subject.language)), words_in(subject.language)
    names = [goal_name(goal, subject.language) for goal in chosen]
    names += [told(f"research.theme_{goal}") for goal in chosen]
    wanted = [frozenset(terms(name, subject.language)) for name in names]
    return any(len(words & name) >= min(2, len(name)) for name in wanted if name)


def _names_goal(number: int, sentence: str, language: str) -> bool:
    """Whether *sentence* has the goal's number or its whole name, if that is more than a word or two."""
    name = goal_name(number, language).casefold()
    is_told = len(name.split()) > 2 and name in sentence.casefold()
    return is_told or re.search(rf"\b(?:SDGs?|ODS|ODD|ЦУР)\s?{number}\b", sentence) is not None


def _is_imperative(sentence: str) -> bool:
    """Whether an asking word begins the sentence."""
    return speaks_of("ask", " ".join(sentence.split()[:2]))
