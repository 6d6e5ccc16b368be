"""Checks against the fact base: one figure for one thing, dates and goals that exist, nothing left out. Pure."""

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from planning.checks.base import Hit, Subject, hit, texts_of
from planning.facts import SLOT, Fact, Origin
from planning.figures.months import horizon
from planning.figures.sdg import is_target
from planning.language import terms
from planning.numerals import Numeral, is_among
from planning.research.indicators import goals_named

LIKE = 0.6  # of the words of a fact's label that a sentence about it has
COVERED = 0.5  # of the words of a goal that the document has
LAST_YEARS = 20  # after the start; a goal further away is nobody's plan

_ISO = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")
_SDG = re.compile(r"\b(?:SDGs?|ODS|ODD|ЦУР|Goal)\s?(\d{1,3})\b(?!\.)|(?:الهدف|लक्ष्य)\s(\d{1,3})\b")
_TARGET = re.compile(
    r"\b(?:SDG )?(?:target|meta|cible|ziel|unterziel|задача|الغاية|लक्ष्य)\s(\d{1,2}\.(?:\d{1,2}|[a-d]))\b",
    re.I,
)


def figures_agree(subject: Subject) -> Iterator[Hit]:
    """No sentence has another figure than the fact base for the same thing."""
    told = {(each.section, each.sentence) for each in founders_figures(subject)}
    for each in _other_figures(subject, {"computed", "assumed", "sourced"}):
        if (each.section, each.sentence) not in told:
            yield each
    for section in subject.document.sections:
        for text in texts_of(section):
            for slot in SLOT.finditer(text):
                yield hit(section.id, slot[0], "slot", fact=slot[1])


def founders_figures(subject: Subject) -> Iterator[Hit]:
    """The founder's figures stand in the document as they were given."""
    yield from _other_figures(subject, {"said"})


def dates_possible(subject: Subject) -> Iterator[Hit]:
    """Every date exists, and lies between the start of the plan and its end."""
    start = subject.brief.start
    end = horizon(start)
    for section, sentence in subject.all_sentences:
        for found in _ISO.finditer(sentence):
            if _day(found[0]) is None:
                yield hit(section.id, sentence, "impossible", date=found[0])
    schedule = subject.has.schedule
    for planned in schedule.milestones if schedule else ():
        for day in (planned.start, planned.end):
            if not start <= day <= end:
                yield hit("milestones", planned.milestone.name, date=day.isoformat())
    for indicator in subject.has.indicators or ():
        if not start <= indicator.by <= date(start.year + LAST_YEARS, 12, 31):
            yield hit("indicators", indicator.metric, date=indicator.by.isoformat())


def goals_exist(subject: Subject) -> Iterator[Hit]:
    """Every Sustainable Development Goal and target exists, and belongs to the founder's goals."""
    for section in subject.document.sections:
        for text in texts_of(section):
            for found in _SDG.finditer(text):
                number = int(found[1] or found[2])
                if not 1 <= number <= 17:
                    yield hit(section.id, found[0], goal=number)
            for found in _TARGET.finditer(text):
                if not is_target(found[1].lower()):
                    yield hit(section.id, found[0], "target", target=found[1])
    chosen = _chosen(subject)
    for served in subject.has.served or ():
        if not 1 <= served.goal <= 17:
            yield hit("sdg", goal=served.goal)
        elif chosen and served.goal not in chosen and not served.is_added:
            yield hit("sdg", variant="not_chosen", goal=served.goal)
        for code in served.targets:
            if not is_target(code) or code.partition(".")[0] != str(served.goal):
                yield hit("sdg", variant="target", target=code)


def goals_covered(subject: Subject) -> Iterator[Hit]:
    """Every goal of the founder and the people served are spoken of."""
    idea = subject.brief.idea
    for goal in idea.goals:
        if not _is_covered(subject, goal):
            yield hit("", goal)
    if idea.people and not _is_covered(subject, idea.people):
        yield hit("", idea.people, "people")


def questions_listed(subject: Subject) -> Iterator[Hit]:
    """Everything that only the founder can say stands among the open questions."""
    listed = "\n".join((*subject.document.questions, subject.text))
    for question in subject.facts.questions:
        if question.text not in listed:
            yield hit("questions", question.text)


def _other_figures(subject: Subject, origins: set[Origin]) -> Iterator[Hit]:
    """Sentences that are about one fact and have another number of its kind, known from nowhere else."""
    facts = [f for f in subject.facts.facts.values() if f.origin in origins and _is_figure(f)]
    about = [(fact, frozenset(terms(_told(fact), subject.language))) for fact in facts]
    for section, sentence in subject.all_sentences:
        strangers = [n for n in subject.strangers(sentence) if not n.is_year]
        if not strangers or re.search(r"\[S\d", sentence):
            continue
        words = frozenset(terms(sentence, subject.language))
        for fact, said in about:
            if len(said) < 2 or len(said & words) < LIKE * len(said):
                continue
            if _is_shown(fact, subject.figures(sentence)):
                continue
            if wrong := next((n for n in strangers if _is_like(n, fact)), None):
                yield hit(
                    section.id, sentence, figure=wrong.text, label=fact.label, fact=_shown(fact)
                )
                break


def _told(fact: Fact) -> str:
    """The words that a sentence about *fact* has: for a figure of a goal those of the goal itself."""
    return fact.basis if fact.origin == "said" and fact.id.startswith("goal.") else fact.label


def _is_figure(fact: Fact) -> bool:
    """Whether *fact* is a number that others can differ from; an assumption of nothing is none."""
    return isinstance(fact.value, Decimal) and (fact.value != 0 or fact.origin == "computed")


def _is_like(numeral: Numeral, fact: Fact) -> bool:
    """Whether *numeral* counts the same kind of thing as *fact*: money, a share, or a number."""
    is_money = len(fact.unit) == 3 and fact.unit.isupper()
    if fact.unit == "%" or numeral.is_percent:
        return fact.unit == "%" and numeral.is_percent
    return bool(numeral.currency) == is_money


def _is_shown(fact: Fact, figures: tuple[Numeral, ...]) -> bool:
    return isinstance(fact.value, Decimal) and any(is_among(n, [fact.value]) for n in figures)


def _shown(fact: Fact) -> str:
    return f"{fact.value.normalize():,f}" if isinstance(fact.value, Decimal) else str(fact.value)


def _is_covered(subject: Subject, text: str) -> bool:
    wanted = frozenset(terms(text, subject.language))
    return not wanted or len(wanted & subject.terms) >= COVERED * len(wanted)


def _chosen(subject: Subject) -> frozenset[int]:
    return frozenset(goals_named(subject.brief.idea.sdgs))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
