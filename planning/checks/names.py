"""Names of organisations and people in prose, as far as their letters give them away. Pure.

In scripts with small and capital letters a name is a row of capitalised words; one with a word such as
"Foundation" in it is an organisation. Arabic and Hindi have no capitals: there only what stands behind
such a word is taken, up to the next function word.
"""

import itertools
import re
from collections.abc import Iterator

from planning.checks.vocabulary import words
from planning.language import is_function_word, primary
from planning.research.places import is_country

_KIND = (
    r"Foundation|Fund|Trust|Bank|Institute|University|College|Ministry|Agency|Association|Council|Commission"
    r"|Corporation|Company|Network|Alliance|Initiative|Centre|Center|Society|Authority|Organi[sz]ation|Ventures"
    r"|Capital|Partners|Group|Inc|Ltd|LLC|Fundación|Fondo|Banco|Instituto|Universidad|Ministerio|Agencia|Asociación"
    r"|Consejo|Fondation|Fonds|Banque|Institut|Université|Ministère|Agence|Fundação|Universidade|Ministério|Agência"
    r"|Associação|Stiftung|Bundesministerium|Ministerium|Universität|Verein|Verband|GmbH"
    r"|Фонд|Банк|Институт|Университет|Министерство|Агентство|Ассоциация"
)
_CAPITAL = r"(?:[A-ZÀ-ÖØ-ÞА-ЯЁ][\w’'-]*)"
_JOINING = r"(?:of|for|and|the|de|del|la|para|el|los|las|du|des|pour|et|do|da|dos|das|für|der|des|und|y|e|&|и|по)"
_NAME = re.compile(rf"{_CAPITAL}(?:\s+(?:{_JOINING}\s+){{0,2}}{_CAPITAL})*")
_IS_KIND = re.compile(rf"(?:^|\s)(?:{_KIND})\.?(?:\s|$)|(?:stiftung|ministerium|verband)$")
_WITHOUT_CAPITALS = re.compile(
    r"(?:مؤسسة|وزارة|بنك|جامعة|صندوق|منظمة)\s+[\u0600-\u06ff]+(?:\s+[\u0600-\u06ff]+)?"
    r"|[\u0900-\u097f]+\s+(?:फ़ाउंडेशन|फाउंडेशन|बैंक|विश्वविद्यालय|मंत्रालय|ट्रस्ट)"
)
# Kinds without a name of their own: "the Foundation", "a Development Bank".
_GENERAL = re.compile(rf"(?:(?:The|A|An|Our|El|La|Le|Die|Der|Das)\s+)?(?:{_KIND})s?$")


def organisations(sentence: str, language: str) -> tuple[str, ...]:
    """The names of organisations in *sentence*, each once."""
    return tuple(dict.fromkeys(_organisations(sentence, language)))


def names(sentence: str, language: str) -> tuple[str, ...]:
    """The rows of at least two capitalised words in *sentence* that do not begin it.

    Roles, months, countries and the like are none; in German every noun has a capital, so that
    nothing can be told.
    """
    if primary(language) == "de":
        return ()
    found = []
    for match in _NAME.finditer(sentence):
        name = match[0].strip()
        begins = not sentence[: match.start()].strip("\"'“«( ")
        if begins:
            # The first word of a sentence has a capital for no other reason.
            name = " ".join(name.split()[1:])
        if len(name.split()) >= 2 and not _is_general(name, language):
            found.append(name)
    return tuple(dict.fromkeys(found))


def _is_general(name: str, language: str) -> bool:
    """Whether *name* is a role, a month or a country rather than somebody."""
    joining = re.compile(rf"{_JOINING}", re.IGNORECASE)
    said = [word for word in name.split() if not joining.fullmatch(word)]
    is_role = all(word.casefold() in words("general") for word in said)
    return is_role or any(is_country(word, language) for word in (name, *said))


def _organisations(sentence: str, language: str) -> Iterator[str]:
    if language.startswith(("ar", "hi")):
        yield from (match[0] for match in _WITHOUT_CAPITALS.finditer(sentence))
    for match in _NAME.finditer(sentence):
        said = list(itertools.dropwhile(lambda w: is_function_word(w, language), match[0].split()))
        name = " ".join(said)
        if _IS_KIND.search(name) and not _GENERAL.fullmatch(name) and len(name.split()) > 1:
            yield name
