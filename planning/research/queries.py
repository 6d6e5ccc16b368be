"""What is looked up for a document: questions made from the founder's facts, without operators. Pure.

Each question is asked in the founder's language and in English, since most of what is written about
need and funding is in English, and what is local is not.
"""

import re
from collections.abc import Mapping

from planning.brief import Brief
from planning.research.base import Query, Topic
from planning.research.indicators import goals_named, indicators_for
from planning.research.places import country_name, country_of, place_in
from planning.wording import words_in

LONGEST = 110  # characters; engines drop the rest or find nothing
MOST_WORDS = 8  # of the product or mission in one question
WANTED = 4  # sources for each question

# The topics of a document's questions, in the order in which they are asked. A topic marked with
# `!` is asked in the founder's language alone, the others in English as well.
ASKED: Mapping[str, tuple[str, ...]] = {
    "roadmap": ("need", "local!", "market"),
    "business_plan": ("need", "local!", "market", "alternatives"),
    "investors": ("funders", "investors"),
    "grants": ("grants", "funders!"),
    "proposal": ("need", "local"),
    "pitch": (),
}
TOPIC: Mapping[str, Topic] = {
    "need": "need",
    "local": "local",
    "market": "market",
    "alternatives": "market",
    "funders": "funders",
    "investors": "funders",
    "grants": "grants",
}
WITH_INDICATORS = frozenset({"roadmap", "business_plan", "proposal"})
_OPERATOR = re.compile(
    r"\b(?:site|inurl|intitle|filetype|ext|link|cache|related|before|after|lang)\s*:\S*"
    r"|\b(?:AND|OR|NOT|NEAR)\b|(?<!\w)[-+~](?=\w)|[\"“”„«»()\[\]{}|*<>^\\/]",
)


def queries(document_type: str, brief: Brief) -> tuple[Query, ...]:
    """The questions for a document of *document_type*; none for a type that cites nothing."""
    asked = ASKED.get(document_type, ())
    own = brief.language.partition("-")[0].lower()
    found = [
        query
        for each in asked
        for language in ((own,) if each.endswith("!") else dict.fromkeys((own, "en")))
        if (query := _query(each.removesuffix("!"), brief, language)).text
    ]
    if document_type in WITH_INDICATORS and (country := country_of(brief)):
        codes = [each.code for each in indicators_for(goals_named(brief.idea.sdgs))]
        found.append(
            Query(";".join(codes), "indicators", "en", country, most=len(codes), topic="need")
        )
    if document_type == "grants" and country_of(brief) == "US":
        words = plainly(f"{_theme(brief, 'en')} {_product(brief, words=3)}")
        found.append(Query(words, "grants", "en", "US", most=5, topic="grants"))
    return tuple(dict.fromkeys(found))


def plainly(text: str) -> str:
    """*text* as words to search for: no operators, no quotes, not too long."""
    words = _OPERATOR.sub(" ", text).split()
    kept: list[str] = []
    for word in words:
        if sum(map(len, kept)) + len(kept) + len(word) > LONGEST:
            break
        kept.append(word)
    return " ".join(kept)


def _query(name: str, brief: Brief, language: str) -> Query:
    words = words_in(language)
    place = plainly(_place(brief, language))
    theme, product = plainly(_theme(brief, language)), plainly(_product(brief))
    asked = words(
        f"research.query_{name}", theme=theme, product=product, place=place, year=brief.start.year
    )
    # Neither a theme nor a place: there is nothing to ask.
    text = plainly(asked) if (product or theme) else ""
    return Query(text, "web", language, country_of(brief), most=WANTED, topic=TOPIC[name])


def _theme(brief: Brief, language: str) -> str:
    """What it is about: its first goal in *language*, else the product or mission."""
    goals = goals_named(brief.idea.sdgs)
    return words_in(language)(f"research.theme_{goals[0]}") if goals else _product(brief)


def _product(brief: Brief, words: int = MOST_WORDS) -> str:
    return " ".join(_OPERATOR.sub(" ", brief.idea.subject).split()[:words])


def _place(brief: Brief, language: str) -> str:
    """The founder's own words for the place, with the country's name where they lack it."""
    place = place_in(brief, language)
    country = country_name(country_of(brief), language)
    return place if not country or country.casefold() in place.casefold() else f"{place} {country}"
