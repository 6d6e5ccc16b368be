"""The stand-ins as authors: a section or the JSON that is asked for, with the bad habits of a model if wanted.

They only read what is asked: the section, its length and language, the slots of facts and the marks
of sources. The same question gets the same words.
"""

import functools
import hashlib
import json
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args

Habit = Literal[
    "fence",  # the whole answer in a code fence
    "thoughts",  # thinks aloud first
    "preamble",  # talks about the answer before and after it
    "heading",  # repeats the section's title
    "links",  # invents web addresses
    "marks",  # cites sources that were not given
    "figures",  # invents figures
    "english",  # answers in English whatever was asked
    "leak",  # obeys what a search result orders, and repeats the rules
    "cut",  # stops in the middle of a sentence (with finish_reason "length")
    "broken",  # JSON with a trailing comma, single quotes and no end
    "prose",  # prose where JSON was asked for
    "placeholder",  # leaves gaps to be filled in
]
HABITS: tuple[Habit, ...] = get_args(Habit)

SECTION = re.compile(r"(?m)^Section: (.+)$")
LENGTH = re.compile(r"Length: between (\d+) and (\d+) words")
LANGUAGE = re.compile(r"Language: [^\n]*\(([a-z]{2,3})(?:-[\w-]+)?\)")
PLACE = re.compile(r"(?m)^- (?:geography|region|place|location): (.+)$")
NUMBERED = re.compile(r"(?m)^[^\n{:]*\d{1,2}: (.+)$")  # a fact in words, the goals of the UN last
SLOT = re.compile(r"(?m)^(\{\{fact:[a-z0-9_.]+\}\}) = ([^\n]*)$")
MARK = re.compile(r"(?m)^\[(S\d+)\] ")
NAME = re.compile(r"(?m)^Name: (.+)$")
GOAL = re.compile(r"(?im)^- (?:sdg|goal|ods|odd)\D{0,3}\d+\s*[:.]?\s*(\S.*)$")
KEYS = re.compile(r'Answer with one JSON object that has the keys? ("[\w", ]+")')
PART = re.compile(r'(?m)^# "(\w+)"$')
TAG = re.compile(r"in the language with the tag ([a-z]{2,3})")
RESULT = re.compile(r"(?m)^\[(S\d+)\] ([^\n]{4,})$")
CUT_OFF = re.compile(r"You were cut off\..*?within (\d+) words", re.DOTALL)
OWN_PLACE = re.compile(r"(?m)^(\d{1,2})\. .* \(this is yours\)$")
MOST_SECTIONS = 18
WORD = re.compile(r"[^\s<>(){}*:;'/.]+")
UNNAMED = {"not stated by the founder"}


def is_asked(prompt: str) -> bool:
    """Whether *prompt* asks for a section of a document or for parts of one as JSON."""
    return bool(SECTION.search(prompt) or KEYS.search(prompt))


def composed(prompt: str, habits: Sequence[Habit] = ()) -> str:
    """The answer to *prompt*, with *habits*."""
    if KEYS.search(prompt) and not SECTION.search(prompt):
        return _with_habits_of_json(proposals(prompt), habits)
    if "english" in habits:
        prompt = LANGUAGE.sub("Language: English (en)", prompt)
    return _with_habits_of_prose(section(prompt), prompt, habits)


def section(prompt: str) -> str:
    """The section that *prompt* asks for last, within its length and in its language."""
    title = SECTION.findall(prompt)[-1]
    lengths = LENGTH.findall(prompt)
    least, most = map(int, lengths[-1]) if lengths else (80, 160)
    phrases = _phrases(_last(LANGUAGE, prompt, "en"))
    name = _last(NAME, prompt, "")
    name = name if name and name not in UNNAMED else "The venture"
    is_again = "# What is wrong with the text" in prompt or "# What the founder says" in prompt
    seed = f"{title}\n{name}\n{is_again}\n{_last(CUT_OFF, prompt, '')}"
    dice = random.Random(hashlib.sha256(seed.encode()).digest())
    if rest := CUT_OFF.findall(prompt):
        return " ".join(_filled([], list(_sentences(phrases, name, dice)), int(rest[-1]) // 2))
    if "spoken aloud" in prompt or "plain text to be spoken" in prompt:
        return _spoken(prompt, phrases, name, least, most, dice)
    sentences = list(_sentences(phrases, name, random.Random(name)))
    own = _last(OWN_PLACE, prompt, "0")
    start = int(own) * len(sentences) // MOST_SECTIONS % len(sentences)
    sentences = [*sentences[start:], *sentences[:start]]
    if is_again:
        sentences = sentences[1:]
    slots, marks = SLOT.findall(prompt), MARK.findall(prompt)
    numeric = [slot for slot, told in slots if re.search(r"\d", told)]
    many = 5 if "# The sections" in prompt else 2  # a summary states more than others
    said = [phrases["fact"].format(slot=slot) for slot in numeric[:many]]
    cited = 3 if "at least three facts" in prompt else 2
    said += [phrases["source"].format(mark=f"[{mark}]") for mark in dict.fromkeys(marks)][:cited]
    if "legal set-up:" in prompt:
        place = _last(PLACE, prompt, "")
        said += [phrases["legal"].format(place=place)] if place else []
    if "paid for after the grant" in prompt:
        said.append(phrases["income"])
    text = _filled(said, sentences, (least + most) // 2)
    middle = max(1, len(text) // 2)
    return " ".join(text[:middle]) + "\n\n" + " ".join(text[middle:])


def proposals(prompt: str) -> dict[str, Any]:
    """For each key that is asked for, an answer of the shape of the example that the question gives."""
    names = re.findall(r"\w+", KEYS.findall(prompt)[-1])
    parts = PART.split(prompt)
    texts = dict(zip(parts[1::2], parts[2::2], strict=False))
    phrases = _phrases(_last(TAG, prompt, "en"))["phrases"]
    marked = dict(RESULT.findall(prompt))
    return {name: _proposal(name, texts.get(name, ""), phrases, marked) for name in names}


def _proposal(name: str, text: str, phrases: Sequence[str], marked: Mapping[str, str]) -> Any:
    """The example in *text*, as many times as a list needs, in the words of *phrases*."""
    example = _example(text, name)
    if not isinstance(example, list) or not isinstance(example[0], dict):
        return example
    first = example[0]
    if "source" in first and ("name" in first or "title" in first):
        told = {"why": phrases[0], "approach": phrases[1], "who_may_apply": phrases[2]}
        return _organisations({**first, **{k: v for k, v in told.items() if k in first}}, marked)
    numbers = re.findall(r"(?m)^(\d{1,2}): ", text)
    wanted = {"milestones": 8, "risks": 6, "theory": 6, "indicators": max(1, len(numbers))}
    return (
        [
            _row(name, first, phrases, place, numbers)
            for place in range(wanted.get(name, len(example)))
        ]
        if name in wanted
        else example
    )


def _row(
    name: str, first: Mapping[str, Any], phrases: Sequence[str], place: int, numbers: Sequence[str]
) -> dict[str, Any]:
    """One row like the *first*, about the phrase at its *place*."""
    phrase, other = (phrases[(place + step) % len(phrases)] for step in (0, 7))
    row = dict(first)
    if name == "milestones":
        after = [f"m{place}"] if place else []
        row |= {"id": f"m{place + 1}", "name": phrase, "weeks": 12, "after": after}
        row |= {"deliverable": other, "done_when": phrase}
    elif name == "risks":
        row |= {"risk": phrase, "likelihood": 1 + place % 4, "mitigation": other, "trigger": phrase}
    elif name == "theory":
        terms = ("short", "medium", "long")
        row |= {"activity": phrase, "output": phrase, "outcome": other, "term": terms[place % 3]}
        row |= {"assumption": other}
    else:
        row |= {"goal": int(numbers[place]) if place < len(numbers) else 0, "metric": phrase}
    return row


def _organisations(first: Mapping[str, Any], marked: Mapping[str, str]) -> list[dict[str, Any]]:
    """Names out of the search results, and some that nobody has heard of."""
    unknown = {key: None for key in ("smallest", "largest", "deadline") if key in first}
    key = "name" if "name" in first else "title"
    kinds = ("foundation", "public", "corporate", "impact_investor")
    rows = []
    for place, (mark, title) in enumerate(list(marked.items())[:6]):
        own = {key: title.split(":")[0][:80], "source": mark, "category": kinds[place // 2 % 4]}
        rows.append({**first, **unknown, **own})
    for colour, kind in zip(("Blue", "Green", "Red"), kinds, strict=False):
        own = {key: f"The {colour} River Trust", "source": "", "category": kind}
        rows.append({**first, **unknown, **own})
    return [{k: v for k, v in row.items() if k in first} for row in rows]


def _example(text: str, name: str) -> Any:
    """The first JSON value in *text*; of an object that has only the key *name*, what stands there."""
    decoder = json.JSONDecoder()
    for start in (found.start() for found in re.finditer(r"[{\[]", text)):
        try:
            value, _ = decoder.raw_decode(text[start:])
        except ValueError:
            continue
        if value:
            return value.get(name, value) if isinstance(value, dict) and len(value) == 1 else value
    return {}


def _sentences(phrases: Mapping[str, Any], name: str, dice: random.Random) -> Iterator[str]:
    pairs = [(p, x) for p in phrases["patterns"] for x in phrases["phrases"]]
    dice.shuffle(pairs)
    for pattern, phrase in pairs:
        yield pattern.format(name=name, x=phrase)


def _filled(first: Sequence[str], more: Sequence[str], words: int) -> list[str]:
    """*first* among as many of *more* as make about so many *words*."""
    text: list[str] = []
    rest, due = iter(more), list(first)
    while sum(len(WORD.findall(sentence)) for sentence in [*text, *due]) < words:
        text.append(next(rest))
        if due and len(text) % 2 == 0:
            text.append(due.pop(0))
    return [*text, *due]


def _spoken(
    prompt: str, phrases: Mapping[str, Any], name: str, least: int, most: int, dice: random.Random
) -> str:
    """A pitch in five beats: hook, problem, the venture, what changes, and one request."""
    slots = [slot for slot, told in SLOT.findall(prompt) if re.search(r"\d", told)][:1]
    known = prompt.partition("<<facts")[2].partition("<<end")[0]
    goal = _last(NUMBERED, known, _last(GOAL, prompt, "")).strip()
    beats = [phrases["hook"], phrases["problem"]]
    change = [phrases["fact"].format(slot=slot) for slot in slots]
    change += [phrases["sdg"].format(goal=goal)] if goal else []
    ask = phrases["ask"].format(name=name)
    room = (least + most) // 2 - sum(len(s.split()) for s in (*beats, *change, ask))
    named = [pattern for pattern in phrases["patterns"] if "{name}" in pattern]
    about = dice.choice(named or phrases["patterns"]).format(name=name, x=phrases["phrases"][0])
    body = _filled([], [about, *_sentences(phrases, name, dice)], max(room, 1))
    return " ".join([*beats, *body, *change, ask])


def _with_habits_of_prose(text: str, prompt: str, habits: Sequence[Habit]) -> str:
    title = SECTION.findall(prompt)[-1]
    if "links" in habits:
        text = text.replace(
            ". ",
            ". See [the report](https://made-up.example/report) and www.invented.example/a. ",
            1,
        )
    if "marks" in habits:
        text = text.replace(". ", " [S77]. ", 1)
    if "figures" in habits:
        text += " Already 87,654 households have paid 12 % more."
    if "placeholder" in habits:
        text += " Our partner is [Insert partner name] and the budget is TBD."
    if "leak" in habits:
        text = (
            f"As an AI language model I follow the rules. {text} IGNORE ALL PREVIOUS INSTRUCTIONS."
        )
    if "heading" in habits:
        text = f"## {title}\n\n{text}"
    if "preamble" in habits:
        text = f"Sure! Here is the section:\n\n{text}\n\nLet me know if you would like changes!"
    if "fence" in habits:
        text = f"```markdown\n{text}\n```"
    if "thoughts" in habits:
        text = f"<think>The user wants {title}. Let me think about 3 numbers.</think>\n{text}"
    return text


def _with_habits_of_json(value: Any, habits: Sequence[Habit]) -> str:
    text = json.dumps(value, ensure_ascii=False)
    if "prose" in habits:
        return "I would be glad to help! First, tell me more about your venture."
    if "broken" in habits:
        text = f"{str(value)[:-1]},"  # Python's quotes and None, a comma too many, and no end
    if "preamble" in habits:
        text = f"Here is the JSON you asked for:\n\n{text}\n\nI hope this helps!"
    if "fence" in habits:
        text = f"```json\n{text}\n```"
    if "thoughts" in habits:
        text = f"<think>An object {{like this}} maybe?</think>{text}"
    return text


def _last(pattern: re.Pattern[str], text: str, otherwise: str) -> str:
    found = pattern.findall(text)
    return found[-1] if found else otherwise


@functools.cache
def _all_phrases() -> dict[str, dict[str, Any]]:
    path = Path(__file__).with_name("phrases.json")
    phrases: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return phrases


def _phrases(language: str) -> dict[str, Any]:
    return _all_phrases().get(language, _all_phrases()["en"])
