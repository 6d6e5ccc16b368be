"""Checks of lists of funders and grants: sources, dates, forms, and scores that can be worked out again. Pure."""

from collections import Counter
from collections.abc import Iterator

from planning.checks.base import Hit, Subject, hit
from planning.funders.fit import Fit, fit, total
from planning.funders.funder import Funder, normal_name
from planning.funders.grant import SAM_DAYS, Grant
from planning.funders.profile import NONPROFIT, Profile, profile_of

FEWEST_CATEGORIES = 3
FEWEST_NAMES = 2
MOST_OF_BUDGET = 50  # percent of a year's budget that one request should be, at most


def enough_categories(subject: Subject) -> Iterator[Hit]:
    """There are at least three categories of funders with two names each."""
    funders = subject.has.funders
    if funders is None:
        return
    counted = Counter(funder.category for funder in funders)
    full = [category for category, number in counted.items() if number >= FEWEST_NAMES]
    if len(full) < FEWEST_CATEGORIES:
        yield hit("candidates", number=len(full))


def funders_complete(subject: Subject) -> Iterator[Hit]:
    """Every funder that is listed has a reason, a fact, a source, a place, a way to it and a date."""
    known = {reference.mark: reference.url for reference in subject.document.references}
    for funder in subject.has.funders or ():
        if not funder.is_verified:
            continue
        words = (
            funder.name,
            funder.why,
            funder.fact,
            funder.place or "".join(funder.countries),
            funder.approach,
        )
        is_complete = all(words) and funder.verified_on is not None
        if not is_complete:
            yield hit("candidates", funder.name)
        elif known.get(funder.mark) != funder.url:
            yield hit("candidates", funder.name, "source")
        elif funder.fact not in subject.facts.facts:
            yield hit("candidates", funder.name, "fact", fact=funder.fact)


def unsourced_apart(subject: Subject) -> Iterator[Hit]:
    """A name without a source has no address and stands among the ideas to verify."""
    listed = subject.section("candidates", "calls")
    text = listed.text if listed else ""
    for row in _rows(subject):
        name = _name(row)
        if not row.is_verified and (row.url or (name and f"**{name}**" in text)):
            yield hit(listed.id if listed else "candidates", name)


def names_once(subject: Subject) -> Iterator[Hit]:
    """No funder is listed twice under two spellings."""
    funders = subject.has.funders or ()
    counted = Counter(normal_name(funder.name) for funder in funders)
    for funder in funders:
        name = normal_name(funder.name)
        if counted[name] > 1:
            counted[name] = 0
            yield hit("candidates", funder.name)


def instruments_fit(subject: Subject) -> Iterator[Hit]:
    """What a funder gives fits to the legal form: a non-profit cannot sell shares."""
    profile = _profile(subject)
    for funder in subject.has.funders or ():
        if profile.form in NONPROFIT and funder.instrument == "equity":
            is_flagged = funder.fit is not None and "equity" in funder.fit.blockers
            if not is_flagged:
                yield hit("candidates", funder.name)


def fit_computed(subject: Subject) -> Iterator[Hit]:
    """Every score is the weighted sum of its parts, and what rules a funder out is told instead of a low score."""
    profile = _profile(subject)
    for row in _rows(subject):
        name = _name(row)
        if not _is_right(row.fit, fit(row.offer, profile, subject.language)):
            yield hit("candidates" if isinstance(row, Funder) else "calls", name)


def grants_complete(subject: Subject) -> Iterator[Hit]:
    """Every grant that is listed has a title, a funder, a place, a source and the day it was read."""
    known = {reference.mark: reference.url for reference in subject.document.references}
    for grant in subject.has.grants or ():
        if not grant.is_verified:
            continue
        place = grant.place or "".join(grant.countries)
        if not (grant.title and grant.funder and place and grant.fetched_on):
            yield hit("calls", grant.title)
        elif known.get(grant.mark) != grant.url:
            yield hit("calls", grant.title, "source")


def past_closed(subject: Subject) -> Iterator[Hit]:
    """A grant whose deadline has passed is closed, and those that are closed stand last."""
    grants = subject.has.grants or ()
    today = subject.document.written_on
    for grant in grants:
        if grant.deadline is not None and grant.deadline < today and grant.status != "closed":
            yield hit("calls", grant.title, date=grant.deadline.isoformat())
    closed = [grant.status == "closed" for grant in grants]
    if closed != sorted(closed):
        yield hit("calls", variant="order")


def amounts_sensible(subject: Subject) -> Iterator[Hit]:
    """The least amount of a grant or funder is not above the most, and an amount has a currency."""
    for row in _rows(subject):
        name = _name(row)
        section = "candidates" if isinstance(row, Funder) else "calls"
        if row.floor is not None and row.ceiling is not None and row.floor > row.ceiling:
            yield hit(section, name)
        elif (row.floor is not None or row.ceiling is not None) and not row.currency:
            yield hit(section, name, "currency")


def eligibility_told(subject: Subject) -> Iterator[Hit]:
    """Whether the founder may apply is yes or no only with the sentence that decides it."""
    for grant in subject.has.grants or ():
        decided = grant.eligibility.verdict != "unknown"
        if decided and not grant.eligibility.because.strip():
            yield hit("calls", grant.title)


def applicants_compared(subject: Subject) -> Iterator[Hit]:
    """The legal form of the founder is compared with who may apply."""
    profile = _profile(subject)
    for grant in subject.has.grants or ():
        if grant.forms and profile.form != "unknown":
            is_out = "form" in fit(grant.offer, profile, subject.language).blockers
            if is_out and grant.eligibility.verdict == "yes":
                yield hit("calls", grant.title)


def request_sensible(subject: Subject) -> Iterator[Hit]:
    """The sum that is asked for is within the grant and not most of a year's budget."""
    profile = _profile(subject)
    asks, budget = profile.asks, profile.yearly_budget
    if asks is None:
        return
    if budget and 100 * asks > MOST_OF_BUDGET * budget:
        yield hit("", variant="budget", percent=round(100 * asks / budget))
    for grant in subject.has.grants or ():
        same = grant.currency == profile.currency
        if same and grant.ceiling is not None and asks > grant.ceiling and grant.status != "closed":
            yield hit("calls", grant.title, ceiling=f"{grant.ceiling:,}", asks=f"{asks:,}")


def time_enough(subject: Subject) -> Iterator[Hit]:
    """There is time for the work and the registrations before the deadline."""
    today = subject.document.written_on
    for grant in subject.has.grants or ():
        left = grant.days_left(today)
        if left is None or left < 0:
            continue
        needed = (SAM_DAYS if grant.registrations else 0) + grant.hours // 6
        if left < needed:
            yield hit("calls", grant.title, days=left, needed=needed)


def _rows(subject: Subject) -> list[Funder | Grant]:
    return [*(subject.has.funders or ()), *(subject.has.grants or ())]


def _name(row: Funder | Grant) -> str:
    return row.name if isinstance(row, Funder) else row.title


def _profile(subject: Subject) -> Profile:
    return profile_of(subject.brief, subject.document.written_on)


def _is_right(shown: Fit | None, again: Fit) -> bool:
    if shown is None:
        return False
    return shown == again and shown.total == total(shown.scores)
