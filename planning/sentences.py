"""Sentences of any script: where they end, how many words they have, how long they take to say. Pure."""

import math
import re
from collections.abc import Iterator

# Words a minute of a pitch (letters a minute where words are not spaced). English is the pace of
# speaking guides, 125 to 150. The others keep their distance to English when texts of equal content
# are read aloud: IReST, doi:10.1167/iovs.11-8284, table 2 (English 228 words a minute).
ENGLISH_PACE = 140.0
READ_ALOUD = {
    "ar": 138, "de": 179, "en": 228, "es": 218, "fi": 161, "fr": 195, "he": 187, "it": 188,
    "ja": 357, "nl": 202, "pl": 166, "pt": 181, "ru": 184, "sl": 180, "sv": 199, "tr": 166, "zh": 255,
}  # fmt: skip
UNSPACED = {"zh", "ja", "th", "lo", "km", "my"}
LETTERS_A_WORD = 4  # our guess for unspaced scripts that nobody has measured
STATED: dict[float, tuple[float, float]] = {
    30: (63, 78),
    45: (95, 115),
    60: (125, 150),
    90: (188, 225),
}  # seconds to English words
SLOWEST, FASTEST = 125, 150  # English words a minute, for all other durations

NEVER_LAST = frozenset(
    # Abbreviations after which a sentence goes on.
    re.findall(
        r"\S+",
        """mr mrs ms dr prof rev hon gov sen gen col capt lt sgt st mt vs e.g i.e cf fig no nos vol
        pp approx est dept jan feb mar apr jun jul aug sep sept oct nov dec m mm mme mlle pr p.ex
        env sr sra srta dra ud uds p.ej núm aprox exmo exma ilmo n.º art z.b d.h u.a bzw ca vgl ggf
        evtl inkl nr str hr fr abs sig dott ing avv bijv dhr mevr np tzn tys mln г т.е тыс млн млрд
        руб ул bw bi dkt bpk sdr डॉ श्री""",
    )
)
STARTERS = frozenset(
    # Words that begin a sentence also after "U.S." or "plan B.".
    re.findall(
        r"\S+",
        """the a an we i it he she they you this that these those our my your his her its their in on
        at by for from with when where while after before if as but and so yet since today now here
        there each every all most many some one what why how who join help imagine el la los las un
        una en con por para nuestro nuestra lo le les nous il elle ils elles notre der die das wir
        ein eine es im unser unsere wenn o os as um uma nós nosso nossa em""",
    )
)
ORDINALS = {
    "de",
    "da",
    "nb",
    "no",
    "fi",
    "cs",
    "sk",
    "hu",
    "pl",
    "hr",
    "sl",
    "sr",
    "tr",
    "et",
    "lv",
}

_OPENING = "\"'“‘«‹„‚([{¿¡「『（ "
_CLOSING = r"\"'“”’«»‹›)\]}"
_END = re.compile(
    # The stop, and what closes behind it.
    r"[。！？｡]+[\"'”’)\]」』）》】]*\s*"
    # The same with marks such as [1] or [S2], and a space, for scripts that have spaces.
    rf"|(?P<spaced>[.!?…]+|[؟۔।॥።։။។]+)(?:\s»(?=\s|$)|[{_CLOSING}])*(?:\s*\[S?\d+\])*(?:\s+|$)"
)
_QUESTION = {"el": re.compile(";(?=\\s|$)")}  # Greek writes its question mark as a semicolon
_BREAKS = (re.compile(r"(?<=[,;:—–،؛、，；：])"), re.compile(r"\s+"))  # the better ones first
_UNSPACED_LETTER = re.compile(
    "[\u0e01-\u0e2e\u0e81-\u0eae\u1780-\u17b3\u1000-\u102a\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]"
)


def split_sentences(text: str, language: str = "en") -> tuple[str, ...]:
    """The sentences of *text*, in order; a new line begins a new one.

    *language* is a tag such as `en` or `pt-BR`. Abbreviations, initials, decimals and the ordinals
    of German and its neighbours do not end a sentence. Joined with spaces it is the whole text.
    """
    return tuple(
        sentence.strip()
        for line in text.splitlines()
        for sentence in _of_line(line.strip(), _primary(language))
        if sentence.strip()
    )


def count_words(text: str) -> int:
    """How many words *text* has; in scripts that do not space words each letter counts as one."""
    count = 0
    for token in text.split():
        letters = len(_UNSPACED_LETTER.findall(token))
        rest = _UNSPACED_LETTER.sub("", token)
        count += letters + any(char.isalnum() for char in rest)
    return count


def pace(language: str = "en") -> float:
    """Words a minute at which a pitch is spoken, as `count_words` counts them."""
    primary = _primary(language)
    read = READ_ALOUD.get(primary, READ_ALOUD["en"])
    guessed = LETTERS_A_WORD if primary in UNSPACED and primary not in READ_ALOUD else 1
    return ENGLISH_PACE * read / READ_ALOUD["en"] * guessed


def words_for(seconds: float, language: str = "en") -> range:
    """How many words fill that time: a range to test with `in`, as `count_words` counts them."""
    least, most = STATED.get(seconds, (seconds * SLOWEST / 60, seconds * FASTEST / 60))
    scale = pace(language) / ENGLISH_PACE
    return range(math.ceil(least * scale), math.floor(most * scale) + 1)


def spoken_seconds(text: str, language: str = "en") -> float:
    """About how many seconds *text* takes to say at the usual pace; figures are said digit by digit."""
    return sum(_said_words(token) for token in text.split()) * 60 / pace(language)


def parts(text: str, longest: int, language: str = "en") -> tuple[str, ...]:
    """*text* in as few parts of at most *longest* characters as whole sentences allow.

    A sentence that is longer itself is cut after a comma or the like, else between words, else
    anywhere. Raises `ValueError` when *longest* is not positive.
    """
    if longest < 1:
        raise ValueError("a part needs room for a character")
    found: list[str] = []
    for sentence in split_sentences(text, language):
        for piece in cut(sentence, longest):
            if found and len(found[-1]) + 1 + len(piece) <= longest:
                found[-1] += f" {piece}"
            else:
                found.append(piece)
    return tuple(found)


def cut(sentence: str, longest: int) -> Iterator[str]:
    """*sentence* in pieces of at most *longest* characters, cut at the last clause that fits."""
    while len(sentence) > longest:
        place = next(
            filter(None, (_last(breaks, sentence, longest) for breaks in _BREAKS)), longest
        )
        yield sentence[:place].rstrip()
        sentence = sentence[place:].lstrip()
    if sentence:
        yield sentence


def begins_word(first: str, second: str) -> bool:
    """Whether the second of two characters begins a word: after a space, or in an unspaced script."""
    is_letter = _UNSPACED_LETTER.match(second) is not None
    return not second.isspace() and (first.isspace() or is_letter)


def _of_line(line: str, language: str) -> Iterator[str]:
    begin = 0
    for end in _ends(line, language):
        yield line[begin:end]
        begin = end
    yield line[begin:]


def _ends(line: str, language: str) -> Iterator[int]:
    if question := _QUESTION.get(language):
        line = question.sub("?", line)
    for match in _END.finditer(line):
        before, following = line[: match.start()], line[match.end() :].lstrip(_OPENING)
        stop = match["spaced"] or ""
        if stop[:1] in tuple(".!?…") and following[:1].islower():
            continue
        if stop == "." and _goes_on(before, following, language):
            continue
        yield match.end()


def _goes_on(before: str, following: str, language: str) -> bool:
    """Whether a full stop between *before* and *following* belongs to an abbreviation or a number."""
    if not before.strip() or not following:
        return False
    word = before.split()[-1].lstrip(_OPENING)
    if word.isdigit():
        is_item = word == before.strip()
        return is_item or (language in ORDINALS and len(word) <= 2)
    if word.lower() in NEVER_LAST:
        # "No." is an abbreviation before a number, and otherwise a whole sentence.
        return word.lower() not in {"no", "nos"} or following[:1].isdigit()
    is_initial = len(word) == 1 or re.fullmatch(r"(?:[^\W\d_]\.)+[^\W\d_]", word) is not None
    if is_initial and (word.isupper() or len(word) == 1):
        first = re.split(r"[\s,’']", following, maxsplit=1)[0]
        return first.lower() not in STARTERS
    return False


def _last(breaks: re.Pattern[str], sentence: str, longest: int) -> int | None:
    """The last of *breaks* that leaves a piece of a good length; None when there is none."""
    places = (found.start() for found in breaks.finditer(sentence, 0, longest + 1))
    return max((place for place in places if longest // 3 < place <= longest), default=None)


def _said_words(token: str) -> float:
    """How many words are said for *token*: 5,000 is two, 2.5% is four."""
    letters = len(_UNSPACED_LETTER.findall(token))
    digits: list[str] = re.findall(r"\d", token)
    if not digits:
        return letters + float(any(char.isalpha() for char in _UNSPACED_LETTER.sub("", token)))
    names = sum(digit != "0" for digit in digits) + (len(digits) > 2)
    return letters + max(1, names) + bool(re.search(r"[%$€£¥₹.٫]\d?", token.rstrip(".")))


def _primary(language: str) -> str:
    return re.split(r"[-_]", language.strip().lower(), maxsplit=1)[0]
