"""How funders and grants are listed in a document: tables, and what is said of each below them. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal

from planning.content import Block, Column, Prose, Table
from planning.funders.fit import EVERYWHERE, WEIGHTS, Fit
from planning.funders.funder import CATEGORIES, Funder
from planning.funders.grant import Grant
from planning.showing import UNKNOWN, Shown
from planning.wording import Words


def funder_blocks(funders: Iterable[Funder], words: Words, shown: Shown) -> tuple[Block, ...]:
    """Those that a source names: a table for each category, the best category first, and what is said of each."""
    named = [funder for funder in funders if funder.is_verified]
    if not named:
        return (Prose(words("funders.no_candidates")),)
    order = sorted(
        {f.category for f in named}, key=lambda c: (-_best(named, c), CATEGORIES.index(c))
    )
    blocks: list[Block] = []
    for category in order:
        rows = [funder for funder in named if funder.category == category]
        blocks.append(_funder_table(words(f"funders.category_{category}"), rows, words, shown))
        blocks.append(Prose("\n\n".join(_about_funder(funder, words) for funder in rows)))
    return (*blocks, Prose(f"*{_weights(words)}*"))


def grant_blocks(
    grants: Iterable[Grant], words: Words, shown: Shown, today: date
) -> tuple[Block, ...]:
    """Those that a source names: one table, those that are closed last, and what is said of each."""
    named = [grant for grant in grants if grant.is_verified]
    if not named:
        return (Prose(words("funders.no_candidates")),)
    about = Prose("\n\n".join(_about_grant(grant, words) for grant in named))
    return (_grant_table(named, words, shown, today), about)


def to_verify(rows: Sequence[Funder | Grant], words: Words) -> tuple[Block, ...]:
    """The names that no source has: as a list, with the reason of each and without any address."""
    ideas = [row for row in rows if not row.is_verified]
    if not ideas:
        return (Prose(words("funders.nothing_to_verify")),)
    lines = (f"- **{_escaped(_name(idea))}**{_reason(idea)}" for idea in ideas)
    return (Prose("\n".join([words("funders.to_verify"), "", *lines])),)


def amount(
    floor: Decimal | None, ceiling: Decimal | None, currency: str, words: Words, shown: Shown
) -> str:
    """From *floor* to *ceiling* in words; `unknown` where nobody has stated either."""
    low = shown.money(floor, currency) if floor is not None and floor > 0 and currency else ""
    high = shown.money(ceiling, currency) if ceiling is not None and currency else ""
    if low and high:
        return words("funders.from_to", low=low, high=high) if floor != ceiling else high
    if high:
        return words("funders.up_to", high=high)
    return words("funders.from", low=low) if low else words("funders.unknown")


def _funder_table(caption: str, rows: Sequence[Funder], words: Words, shown: Shown) -> Table:
    shares = {
        "name": 2.2,
        "gives": 1.2,
        "amount": 1.5,
        "where": 1.3,
        "fit": 0.9,
        "source": 0.8,
        "checked_on": 1.2,
        "confidence": 1.0,
    }
    return Table(
        caption=caption,
        columns=tuple(Column(words(f"funders.{c}"), share=share) for c, share in shares.items()),
        rows=tuple(
            (
                funder.name,
                words(f"funders.instrument_{funder.instrument}"),
                amount(funder.floor, funder.ceiling, funder.currency, words, shown),
                _place(funder.place, funder.countries, words),
                _fit(funder.fit, words),
                f"[{funder.mark}]" if funder.mark else UNKNOWN,
                shown.day(funder.verified_on) if funder.verified_on else UNKNOWN,
                words(f"funders.confidence_{funder.confidence}"),
            )
            for funder in rows
        ),
    )


def _grant_table(rows: Sequence[Grant], words: Words, shown: Shown, today: date) -> Table:
    shares = {
        "call": 2.2,
        "funder": 1.5,
        "amount": 1.4,
        "deadline": 1.3,
        "status": 0.9,
        "may_apply": 0.9,
        "fit": 0.9,
        "effort": 0.9,
        "source": 0.7,
    }
    return Table(
        caption=words("funders.calls"),
        columns=tuple(Column(words(f"funders.{c}"), share=share) for c, share in shares.items()),
        rows=tuple(
            (
                grant.title,
                grant.funder or words("funders.unknown"),
                amount(grant.floor, grant.ceiling, grant.currency, words, shown),
                _deadline(grant, words, shown, today),
                words(f"funders.status_{grant.status}"),
                words(f"funders.{grant.eligibility.verdict}"),
                _fit(grant.fit, words),
                words("funders.hours", hours=grant.hours),
                f"[{grant.mark}]" if grant.mark else UNKNOWN,
            )
            for grant in rows
        ),
        note=_weights(words),
    )


def _about_funder(funder: Funder, words: Words) -> str:
    parts = [f"**{_escaped(funder.name)}** [{funder.mark}]"]
    parts += _lines(
        (words("funders.why"), funder.why), (words("funders.approach"), funder.approach)
    )
    parts += [f"- {words(f'funders.blocker_{key}')}" for key in _blockers(funder.fit)]
    return "\n".join([parts[0], "", *parts[1:]])


def _about_grant(grant: Grant, words: Words) -> str:
    because = grant.eligibility.because or words("funders.not_stated")
    parts = [f"**{_escaped(grant.title)}** [{grant.mark}]"]
    parts += _lines((words("funders.because"), because))
    parts += [f"- {words(f'funders.registration_{key}')}" for key in grant.registrations]
    parts += [f"- {words(f'funders.blocker_{key}')}" for key in _blockers(grant.fit)]
    return "\n".join([parts[0], "", *parts[1:]])


def _lines(*labelled: tuple[str, str]) -> Iterator[str]:
    for label, text in labelled:
        if text.strip():
            yield f"- {label}: {_escaped(text)}"


def _deadline(grant: Grant, words: Words, shown: Shown, today: date) -> str:
    if grant.deadline is None:
        return words("funders.rolling") if grant.is_rolling else words("funders.unknown")
    day, left = shown.day(grant.deadline), grant.days_left(today) or 0
    return f"{day} ({words('funders.days_left', days=left)})" if left >= 0 else day


def _fit(fit: Fit | None, words: Words) -> str:
    if fit is None:
        return UNKNOWN
    return str(fit.total) if fit.is_eligible else words("funders.not_eligible")


def _blockers(fit: Fit | None) -> tuple[str, ...]:
    return fit.blockers if fit else ()


def _weights(words: Words) -> str:
    parts = (f"{words(f'funders.part_{part}')} {weight} %" for part, weight in WEIGHTS.items())
    return words("funders.note_fit", weights=", ".join(parts))


def _place(place: str, countries: frozenset[str], words: Words) -> str:
    if place:
        return place
    if EVERYWHERE in countries:
        return words("funders.everywhere")
    return ", ".join(sorted(countries)) or words("funders.unknown")


def _best(funders: Sequence[Funder], category: str) -> int:
    return max(
        f.fit.total if f.fit and f.fit.is_eligible else 0 for f in funders if f.category == category
    )


def _name(row: Funder | Grant) -> str:
    return row.name if isinstance(row, Funder) else row.title


def _reason(row: Funder | Grant) -> str:
    text = row.why if isinstance(row, Funder) else row.funder
    return f": {_escaped(text)}" if text else ""


def _escaped(text: str) -> str:
    """*text* with what Markdown takes for markup of its own made plain."""
    return "".join(f"\\{c}" if c in "\\`*_[]<>|#" else c for c in " ".join(text.split()))
