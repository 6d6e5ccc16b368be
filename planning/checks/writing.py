"""Checks of the writing: whole, without leftovers, in one language, plain, and said once. Pure."""

import re
from collections import Counter
from collections.abc import Iterator

from planning.checks.base import Hit, Subject, hit, texts_of, words_in_prose
from planning.checks.vocabulary import pattern
from planning.content import Prose, Section
from planning.language import language_of, primary, script_for, script_of
from planning.sentences import count_words
from planning.wording import words_in

GRAM = 8  # words
MOST_REPEATED = 3  # percent
GRADES = (8, 13)  # of an American school
LIX = (30, 60)  # from easy to read to academic, in languages with spaces and long words
LEAST_FOR_GRADE = 120  # words
ENDS = re.compile(r"[.!?…。！？।॥؟۔:][\"'”’»)\]*_`]*(?:\s*\[S\d{1,3}\])*[\"'”’»)\]*_`]*$|\]$|\)$")
_ITEM = re.compile(r"\s*(?:[-*+]|\d{1,2}[.)])\s+")
_BOLD = re.compile(r"\*\*[^*\n]+\*\*")
_HEADING = re.compile(r"(?m)^\s{0,3}#{1,6}\s+(.+?)\s*#*\s*$")

PLACEHOLDER = re.compile(
    r"\[\s*(?:insert|your|add|enter|name|date|amount|number|company|organi[sz]ation|location|city|country"
    r"|tbd|link|url|inserte?|su|nombre|fecha|monto|insérer|nom|montant|inserir|nome|valor|einfügen|ihr|betrag"
    r"|вставьте|укажите|название|дата|сумма|أدخل|اسم|यहाँ|नाम)\b[^\]\n]{0,60}\](?!\()"
    r"|\{\{|\}\}|<\s*(?:insert|your|name|placeholder)[^>]{0,40}>|\b(?:lorem ipsum|(?-i:TB[DAC]|TODO|FIXME))\b"
    # XX alone is a century.
    r"|(?-i:\bX{3,}\b|[$€£]\s?X+\b|\bXX(?=\s?(?:%|people|USD|EUR|€)|[.,]X))|_{3,}",
    re.IGNORECASE,
)
LEAK = re.compile(
    r"\bas an? (?:ai|artificial intelligence|(?:large )?language model)\b|\bi(?:'m| am) an ai\b"
    r"|\bi (?:cannot|can't|am unable to) (?:assist|help|comply|provide|browse)\b"
    r"|^(?:sure|certainly|of course|absolutely)\b[,!.]|^here(?:'s| is| are) (?:the|your|a|an)\b.{0,60}:\s*$"
    r"|\b(?:system prompt|my instructions|the instructions (?:above|say)|word count:)"
    r"|</?(?:think|thinking|reasoning|thought)\b|<\|[^|>]{1,40}\|>|\[/?INST\]"
    r"|\ben tant qu['’]\s?(?:ia|intelligence artificielle|modèle de langage)"
    r"|\bcomo (?:una? )?(?:ia|intelig[eê]ncia artificial|modelo de lengua(?:je)?|modelo de linguagem)\b"
    r"|\bals (?:ki|künstliche intelligenz|sprachmodell)\b|как (?:ии|искусственный интеллект|языковая модель)"
    r"|كنموذج لغوي|بصفتي (?:نموذج|ذكاء)|एक (?:एआई|भाषा मॉडल) के (?:रूप|तौर)"
    r"|\bignore (?:all |any |the )*(?:previous|prior|above|earlier) (?:instructions|rules|prompts)\b"
    r"|search results (?:stand|\(untrusted\))|never (?:invent figures|write a web address)|data from strangers",
    re.IGNORECASE | re.MULTILINE,
)
ACRONYM = re.compile(r"(?<![\w-])[A-ZА-Я]{2,6}s?(?![\w-])")
KNOWN_ACRONYMS = frozenset(
    {
        *(
            "SDG",
            "SDGS",
            "NGO",
            "NGOS",
            "UN",
            "EU",
            "US",
            "USA",
            "UK",
            "USD",
            "EUR",
            "AI",
            "IT",
            "PDF",
            "GDP",
        ),
        *(
            "CEO",
            "CFO",
            "COO",
            "CTO",
            "HIV",
            "AIDS",
            "TV",
            "ID",
            "OK",
            "KPI",
            "KPIS",
            "RACI",
            "GPS",
            "SMS",
        ),
        *(
            "ODS",
            "ONG",
            "ONU",
            "UE",
            "EE",
            "ODD",
            "PIB",
            "ЦУР",
            "НКО",
            "ООН",
            "США",
            "ЕС",
            "CO",
            "PM",
            "UNICEF",
        ),
        *(
            "UNESCO",
            "WHO",
            "COVID",
            "SAM",
            "UEI",
            "FAQ",
            "HR",
            "IA",
            "KI",
            "ИИ",
            "PIX",
            "QR",
            "LED",
            "SIM",
        ),
    }
)


def sections_whole(subject: Subject) -> Iterator[Hit]:
    """Every required section is there once, has text of the right length, and ends with a whole sentence."""
    present = {section.id for section in subject.document.sections}
    for wanted in subject.expected.sections:
        if wanted not in present:
            yield hit(wanted, variant="missing")
    for section in subject.document.sections:
        yield from _whole(section, subject)
    titles = Counter(section.title.strip().casefold() for section in subject.document.sections)
    for section in subject.document.sections:
        title = section.title.strip()
        if titles[title.casefold()] > 1:
            titles[title.casefold()] = 0
            yield hit(section.id, title, "duplicate")
        headings = Counter(h.strip().casefold() for h in _HEADING.findall(section.text))
        for heading, number in headings.items():
            if number > 1:
                yield hit(section.id, heading, "duplicate")


def no_leftovers(subject: Subject) -> Iterator[Hit]:
    """No placeholder, no slot, no talk of the model about itself, nothing of the prompt."""
    for section in subject.document.sections:
        for text in texts_of(section):
            for line in text.splitlines():
                if found := PLACEHOLDER.search(line):
                    yield hit(section.id, line.strip(), text=found[0].strip())
                if (found := LEAK.search(line)) and found[0] not in subject.said:
                    yield hit(section.id, line.strip(), "leak", text=found[0].strip())
                elif any(fence and fence in line for fence in subject.expected.fences):
                    yield hit(section.id, line.strip(), "leak", text="…")


def not_repeated(subject: Subject) -> Iterator[Hit]:
    """Hardly a row of eight words stands in two sections."""
    grams: dict[tuple[str, ...], set[str]] = {}
    for section in subject.written:
        for sentence in subject.sentences(section):
            for gram in _grams(sentence):
                grams.setdefault(gram, set()).add(section.id)
    shared = {gram for gram, sections in grams.items() if len(sections) > 1}
    if 100 * len(shared) > MOST_REPEATED * len(grams):
        where, said_twice = next(
            (s.id, sentence)
            for s in subject.written
            for sentence in subject.sentences(s)
            if any(g in shared for g in _grams(sentence))
        )
        yield hit(where, said_twice, percent=100 * len(shared) // len(grams))


def no_hype(subject: Subject) -> Iterator[Hit]:
    """No word that promises everything and says nothing."""
    for section, sentence in subject.all_sentences:
        if (found := pattern("hype").search(sentence)) and found[
            0
        ].casefold() not in subject.said.casefold():
            yield hit(section.id, sentence, word=found[0])


def acronyms_defined(subject: Subject) -> Iterator[Hit]:
    """An abbreviation is spelled out where it stands first."""
    seen: set[str] = set()
    said = subject.said
    seen.add(subject.document.currency)  # code writes it with every amount
    for section, sentence in subject.all_sentences:
        for found in ACRONYM.finditer(sentence):
            short = found[0].rstrip("s")
            around = sentence[max(0, found.start() - 2) : found.end() + 2]
            if short.upper() in KNOWN_ACRONYMS or short in seen or short in said:
                continue
            seen.add(short)
            if f"({found[0]})" not in around and not sentence[found.end() :].startswith(" ("):
                yield hit(section.id, sentence, acronym=found[0])


def easy_enough(subject: Subject) -> Iterator[Hit]:
    """The text reads neither like a children's book nor like a thesis."""
    text = [sentence for _, sentence in subject.all_sentences]
    words = [
        word for sentence in text for word in re.findall(r"[^\W\d_]+(?:[’'-][^\W\d_]+)*", sentence)
    ]
    if len(words) < LEAST_FOR_GRADE or subject.document.type == "pitch":
        return
    language = primary(subject.language)
    if language == "en":
        value, (low, high) = round(_grade(len(text), words)), GRADES
    elif script_for(language) in ("Latin", "Cyrillic"):
        value, (low, high) = round(_lix(len(text), words)), LIX
    else:
        return
    if not low <= value <= high:
        longest = max(text, key=count_words)
        section = next(s.id for s, sentence in subject.all_sentences if sentence == longest)
        yield hit(
            section, longest, "hard" if value > high else "simple", value=value, low=low, high=high
        )


def one_language(subject: Subject) -> Iterator[Hit]:
    """Every paragraph is in the language that was asked for.

    What code writes is English where we do not speak that language, and the document says so.
    """
    wanted = primary(subject.language)
    script = script_for(wanted)
    by_hand = {"founder"} if words_in(subject.language).is_spoken else {"founder", "code"}
    for section in subject.document.sections:
        if section.author in by_hand:
            continue
        for block in section.blocks:
            paragraphs = re.split(r"\n\s*\n", block.markdown) if isinstance(block, Prose) else []
            for paragraph in paragraphs:
                # Code lists names of organisations in bold, and those are in their own language.
                told = _BOLD.sub(" ", paragraph) if section.author == "code" else paragraph
                found = language_of(told)
                is_told = section.author != "code" and count_words(paragraph) >= 8
                strange = script_of(paragraph) if not found and is_told else ""
                if (found and found != wanted) or (script and strange and strange != script):
                    yield hit(
                        section.id, _first_line(paragraph), found=found or strange, wanted=wanted
                    )


def _whole(section: Section, subject: Subject) -> Iterator[Hit]:
    prose = section.text.strip()
    if not any(not isinstance(b, Prose) or b.markdown.strip() for b in section.blocks):
        yield hit(section.id, variant="empty")
        return
    is_unfinished = prose and section.author != "code" and not _ends_whole(prose)
    if section.id in subject.expected.cut or is_unfinished:
        yield hit(section.id, _last_line(prose), "unfinished")
    low, high = subject.expected.lengths.get(section.id, (0, 0))
    words = count_words(words_in_prose(section, subject.language))
    if section.author in ("model", "founder") and high:
        if words < low:
            yield hit(section.id, variant="short", words=words, low=low)
        elif words > high:
            yield hit(section.id, variant="long", words=words, high=high)


def _ends_whole(prose: str) -> bool:
    """Whether the last line ends a sentence, or is an item like those before it."""
    lines = [line for line in prose.splitlines() if line.strip()]
    last = lines[-1].rstrip()
    if ENDS.search(last):
        return True
    items = [line.rstrip() for line in lines[:-1] if _ITEM.match(line)]
    return bool(_ITEM.match(last) and items and not ENDS.search(items[-1]))


def _grams(sentence: str) -> list[tuple[str, ...]]:
    words = re.findall(r"\w+", sentence.casefold())
    return list(zip(*(words[start:] for start in range(GRAM)), strict=False))


def _grade(sentences: int, words: list[str]) -> float:
    """The Flesch-Kincaid grade level; syllables are counted as groups of vowels."""
    syllables = sum(_syllables(word) for word in words)
    return 0.39 * len(words) / sentences + 11.8 * syllables / len(words) - 15.59


def _syllables(word: str) -> int:
    groups = len(re.findall(r"[aeiouy]+", word.casefold()))
    silent = word.casefold().endswith("e") and not word.casefold().endswith(("le", "ee", "ie"))
    return max(1, groups - silent)


def _lix(sentences: int, words: list[str]) -> float:
    """Björnsson's LIX: words to a sentence, and the percentage of words longer than six letters."""
    long = sum(len(word) > 6 for word in words)
    return len(words) / sentences + 100 * long / len(words)


def _last_line(text: str) -> str:
    return text.splitlines()[-1].strip() if text.strip() else ""


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")
