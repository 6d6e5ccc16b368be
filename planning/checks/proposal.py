"""Checks of a grant proposal: what a reviewer looks for, and what a funder's rules ask. Pure."""

import re
from collections.abc import Iterator
from decimal import Decimal

from planning.checks.base import Hit, Subject, hit, words_in_prose
from planning.checks.call import ai_policy, is_answered, requirements
from planning.checks.names import names, organisations
from planning.checks.plan import misplaced
from planning.checks.vocabulary import names as lists
from planning.checks.vocabulary import pattern, speaks_of
from planning.citations import marks
from planning.content import Section
from planning.figures.budget import Budget
from planning.figures.months import horizon
from planning.numerals import is_among, numerals
from planning.research.places import country_name, country_of
from planning.sentences import count_words
from planning.wording import words_in

FEWEST_SOURCED = 3
OLDEST = 5  # years
FEWEST_AFTERWARDS = 2
EQUIPMENT_FREE = frozenset({"equipment"})
SUBAWARD_MOST = Decimal(
    50_000
)  # of each subaward that counts for MTDC; 2 CFR 200.1, since October 2024
DE_MINIMIS = Decimal(15)  # percent of MTDC; 2 CFR 200.414(f), since October 2024


def summary_agrees(subject: Subject) -> Iterator[Hit]:
    """The summary states the sum, the period and the people, as the rest of the document has them."""
    summary = subject.section("summary")
    if summary is None:
        return
    text = words_in_prose(summary, subject.language)
    for name, variant in (("grant_request", "request"), ("beneficiaries_year1", "people")):
        value = subject.facts.number(name)
        found = numerals(text, subject.language)
        if value is not None and not any(is_among(n, [value]) for n in found):
            yield hit(summary.id, variant=variant, value=f"{value:,}")
    start, end = subject.brief.start, horizon(subject.brief.start)
    years = {str(year) for year in range(start.year, end.year + 1)}
    if not (years & set(re.findall(r"\d{4}", text)) or _DURATION.search(text)):
        yield hit(summary.id, variant="period")


def need_sourced(subject: Subject) -> Iterator[Hit]:
    """The need has at least three sourced facts, one of them from the place, and no old ones alone."""
    need = subject.section("need")
    if need is None:
        return
    cited = [s for s in subject.sentences(need) if marks(s)]
    used = {mark for sentence in cited for mark in marks(sentence)}
    references = [r for r in subject.document.references if r.mark in used]
    if len(cited) < FEWEST_SOURCED:
        yield hit(need.id, variant="few", number=len(cited), least=FEWEST_SOURCED)
    if not references:
        return
    country = country_of(subject.brief)
    tokens = {
        subject.brief.idea.place,
        country_name(country, "en"),
        country_name(country, subject.language),
    }
    local = [t.casefold() for token in tokens for t in _place_words(token)]
    seen = [f"{r.title} {r.snippet}".casefold() for r in references]
    seen += [sentence.casefold() for sentence in cited]
    if local and not any(token in text for token in local for text in seen):
        yield hit(need.id, variant="local", place=subject.brief.idea.place or country)
    this_year = subject.document.written_on.year
    years = [
        int(y)
        for r in references
        for y in re.findall(r"\b(?:19|20)\d\d\b", f"{r.title} {r.snippet}")
    ]
    past = [year for year in years if year <= this_year]
    if past and max(past) < this_year - OLDEST:
        yield hit(need.id, variant="old", year=max(past))


def objectives_smart(subject: Subject) -> Iterator[Hit]:
    """Every objective has a number, a date, and an indicator that measures it from a known start."""
    objectives = subject.section("objectives")
    if objectives is not None and objectives.author != "code":
        for item in _items(objectives):
            has_date = bool(_DATE.search(item))
            has_number = any(not n.is_year for n in numerals(item, subject.language))
            is_open = speaks_of("needed", item)
            if not (has_number and has_date) and not is_open:
                yield hit(objectives.id, item)
    for each in subject.has.indicators or ():
        if each.target is None and each.baseline is None and each.baseline_by is None:
            yield hit("objectives", each.metric, "baseline")


def work_plan_kept(subject: Subject) -> Iterator[Hit]:
    """The work plan can be kept, and lies inside the period of the grant."""
    schedule = subject.has.schedule
    if schedule is None:
        return
    yield from misplaced(schedule, "method")
    end = horizon(subject.brief.start)
    for planned in schedule.milestones:
        if planned.start < subject.brief.start or planned.end > end:
            yield hit("method", planned.milestone.name, "outside")


def budget_adds_up(subject: Subject) -> Iterator[Hit]:
    """Lines, fringe, indirect costs and sources of money add up, and indirect costs keep to their cap."""
    budget = subject.has.budget
    if budget is None:
        return
    known = [line.total for line in budget.lines if line.total is not None]
    if sum(known, Decimal(0)) + budget.fringe != budget.direct and not budget.missing:
        yield hit("budget", variant="direct")
    if budget.direct + budget.indirect != budget.total:
        yield hit("budget", variant="total")
    if budget.request + budget.match + budget.in_kind != budget.total:
        yield hit("budget", variant="sources")
    if min(budget.request, budget.match, budget.in_kind, budget.indirect, budget.fringe) < 0:
        yield hit("budget", variant="negative")
    base, percent = _base(budget, subject)
    if budget.indirect > base * percent / 100 + Decimal("0.01"):
        yield hit("budget", variant="cap", percent=f"{percent.normalize():f}")


def budget_justified(subject: Subject) -> Iterator[Hit]:
    """Every line names an activity and why it is needed, and the people of the method are paid for."""
    budget = subject.has.budget
    if budget is None:
        return
    for line in budget.lines:
        if not line.activity.strip() or not line.why.strip():
            yield hit("budget", line.item)
    schedule = subject.has.schedule
    if schedule is not None:
        known = {planned.milestone.id for planned in schedule.milestones}
        for line in budget.lines:
            if line.activity.strip() and known and line.activity not in known:
                yield hit("budget", line.item, "activity", activity=line.activity)
    method = subject.section("method")
    paid = " ".join(f"{line.item} {line.why}" for line in budget.lines).casefold()
    for member in subject.brief.team:
        role = member.role.strip()
        if (
            role
            and method
            and role.casefold() in method.text.casefold()
            and role.casefold() not in paid
        ):
            yield hit("budget", role, "staff", role=role)


def evaluation_planned(subject: Subject) -> Iterator[Hit]:
    """For each objective it is said what is measured, with which tool, how often and by whom."""
    indicators = subject.has.indicators
    if indicators is None:
        return
    for each in indicators:
        if not all(text.strip() for text in (each.metric, each.source, each.frequency, each.owner)):
            yield hit("evaluation", each.metric or each.id)
    if not indicators:
        yield hit("evaluation", variant="none")


def lasts_afterwards(subject: Subject) -> Iterator[Hit]:
    """At least two ways to pay for the work after the grant are named, with an amount or with what is missing."""
    section = subject.section("sustainability")
    if section is None or not words_in(subject.language).is_spoken:
        return
    text = words_in_prose(section, subject.language)
    named = [name for name in lists("income") if pattern(f"income.{name}").search(text)]
    if len(named) < FEWEST_AFTERWARDS:
        yield hit(section.id, variant="few", number=len(named), least=FEWEST_AFTERWARDS)
    has_amount = any(n.currency or n.is_percent for n in numerals(text, subject.language))
    if not has_amount and not speaks_of("needed", text):
        yield hit(section.id, variant="amount")


def record_not_invented(subject: Subject) -> Iterator[Hit]:
    """Of the organisation only what the founder said is told: no past, names, awards or partners of its own."""
    section = subject.section("organisation", "team")
    if section is None or section not in subject.written:
        return
    start = subject.brief.start.year
    for sentence in subject.sentences(section):
        if marks(sentence):
            continue
        years = [n for n in numerals(sentence, subject.language) if n.is_year and n.value < start]
        unknown = [n for n in years if not is_among(n, subject.known)]
        strangers = [
            n
            for n in (
                *organisations(sentence, subject.language),
                *names(sentence, subject.language),
            )
            if not subject.is_named(n) and not _is_ours(n, subject)
        ]
        if strangers:
            yield hit(section.id, sentence, name=strangers[0])
        elif unknown:
            yield hit(section.id, sentence, "year", year=unknown[0].text)
        elif (found := pattern("record").search(sentence)) and found[
            0
        ].casefold() not in subject.said.casefold():
            yield hit(section.id, sentence, "record", words=found[0])


def lengths_kept(subject: Subject) -> Iterator[Hit]:
    """No section is longer than the funder allows, in words and in characters."""
    limits = dict(subject.expected.most_characters)
    words: dict[str, int] = {}
    for requirement in requirements(subject.brief.call, subject.language):
        if requirement.section and requirement.most_characters:
            limits.setdefault(requirement.section, requirement.most_characters)
        if requirement.section and requirement.most_words:
            words[requirement.section] = requirement.most_words
    for section in subject.document.sections:
        text = words_in_prose(section, subject.language)
        if section.id in words and count_words(text) > words[section.id]:
            yield hit(section.id, number=count_words(text), most=words[section.id])
        if section.id in limits and len(text) > limits[section.id]:
            yield hit(section.id, variant="characters", number=len(text), most=limits[section.id])


def call_answered(subject: Subject) -> Iterator[Hit]:
    """Every requirement of the pasted call has a section that answers it."""
    if not subject.brief.call.strip():
        return
    for requirement in requirements(subject.brief.call, subject.language):
        section = subject.section(requirement.section) if requirement.section else None
        text = f"{section.title} {section.text}" if section else subject.text
        has_table = section is not None and len(section.blocks) > 1
        if section is None and requirement.section:
            yield hit("", requirement.text)
        elif not has_table and not is_answered(requirement, text, subject.language):
            yield hit(section.id if section else "", requirement.text)


def ai_told(subject: Subject) -> Iterator[Hit]:
    """What the funder says about AI is followed: nothing hidden, nothing sent where it is forbidden."""
    policy = ai_policy(subject.brief.call, subject.language)
    if policy == "forbidden":
        yield hit("ai_use", variant="forbidden")
    elif subject.section("ai_use") is None:
        yield hit("ai_use", variant="disclose" if policy == "disclose" else "")


_UNIT = (
    r"(?:months?|years?|meses|mois|anos?|años?|ans|monate?n?|jahre?n?|месяц\w*|год\w*|лет|شهر\w*|سنوات|سنة"
    r"|महीन\w*|माह|वर्ष|साल)"
)
_DURATION = re.compile(
    rf"\d+\s*{_UNIT}|\b(?:three|two|one)[- ]years?\b|tres años|trois ans|três anos|drei jahre|три года"
    r"|ثلاث سنوات|तीन (?:वर्ष|साल)",
    re.IGNORECASE,
)
_DATE = re.compile(
    rf"\b20\d\d\b|{_UNIT}\s*\d+|\d+\s*{_UNIT}|شهر|سنة|عام|महीन|माह|वर्ष|साल|year (?:one|two|three)",
    re.IGNORECASE,
)
_ITEM = re.compile(
    r"(?m)^\s*(?:[-*+]|\d{1,2}[.)])\s+(.+(?:\n(?!\s*(?:[-*+]|\d{1,2}[.)])\s|\s*\n).+)*)"
)


def _items(section: Section) -> list[str]:
    """The points of a list in *section*."""
    return [" ".join(item.split()) for item in _ITEM.findall(section.text)]


def _base(budget: Budget, subject: Subject) -> tuple[Decimal, Decimal]:
    """What indirect costs are counted on, and the most percent of it."""
    mtdc = sum(
        (
            min(line.total, SUBAWARD_MOST) if line.category == "subaward" else line.total
            for line in budget.lines
            if line.total is not None and line.category not in EQUIPMENT_FREE
        ),
        budget.fringe,
    )
    if budget.cap is not None:
        return (mtdc if budget.cap.of == "mtdc" else budget.direct), budget.cap.percent
    if country_of(subject.brief) == "US" and subject.brief.call:
        return mtdc, DE_MINIMIS
    return budget.direct, max(budget.indirect_percent, Decimal(0))


def _place_words(place: str) -> list[str]:
    """The words of a place that are names: those with a capital, or all where there are none."""
    words: list[str] = re.findall(r"[^\W\d_][\w-]{2,}", place)
    capital = [w for w in words if w[0].isupper() and w.casefold() not in ("rural", "urban", "the")]
    return capital or words


def _is_ours(name: str, subject: Subject) -> bool:
    """Whether *name* is made of words that the document's own headings and facts have."""
    known = " ".join(
        [subject.document.venture, *(str(f.value) for f in subject.facts.facts.values())]
    ).casefold()
    return all(word.casefold() in known for word in name.split())
