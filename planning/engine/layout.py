"""A part as a section: its prose with the figures in it, and the tables and charts that belong to it. Pure."""

from collections.abc import Iterator
from datetime import date

from planning.citations import attributed, credited
from planning.content import Block, Document, Prose, Section, Table
from planning.engine.fence import said
from planning.engine.outline import Part
from planning.engine.sheet import Sheet
from planning.engine.writing import Text, filled_in

ATTACHMENTS = ("registration", "accounts", "board", "cv", "letters", "quotes", "safeguarding")
PROFILE = ("name", "mission", "product", "people", "place", "country")
# The figures that lay out a profile, beside the founder's own words: beginnings of their ids.
PROFILE_FIGURES = (
    "finance.funding_gap",
    "funding_sought",
    "grant_request",
    "annual_budget",
    "beneficiaries",
)


def section(sheet: Sheet, part: Part, text: Text | None) -> Section:
    """*part* as a section; without *text* code writes what stands above its tables."""
    prose = _prose(sheet, text) if text is not None else code_prose(sheet, part)
    blocks = tuple(Prose(each) for each in (prose,) if each.strip())
    author = text.author if text is not None else "code"
    return Section(part.id, sheet.title(part), (*blocks, *figure_blocks(sheet, part)), author)


def _prose(sheet: Sheet, text: Text) -> str:
    if text.author == "founder":
        return text.markdown
    if text.author != "model" or sheet.outline.type == "pitch":
        return filled_in(text.markdown, sheet.figures)
    filled = filled_in(credited(text.markdown, sheet.plan.base.facts), sheet.figures)
    # Small models leave the marks out; code adds those that it can be sure of.
    language = sheet.commission.brief.language
    return attributed(filled, sheet.sources(text.part), language, sheet.numerals)


def figure_blocks(sheet: Sheet, part: Part) -> tuple[Block, ...]:
    """The tables and charts of *part*."""
    return tuple(block for name in part.figures for block in sheet.blocks_of(name))


def code_prose(sheet: Sheet, part: Part) -> str:
    """What code writes in a part that no model writes."""
    words = sheet.words
    if part.id == "profile":
        return "\n\n".join([words("outline.lead_profile"), _profile(sheet)])
    if part.id == "conclusion":
        return _conclusion(sheet)
    if part.id == "attachments":
        papers = (f"- {words(f'outline.attachment_{paper}')}" for paper in ATTACHMENTS)
        return "\n".join([f"{words('outline.lead_attachments')}\n", *papers])
    if part.id == "ai_use":
        return words("outline.ai_statement_draft" if sheet.is_draft else "outline.ai_statement")
    if part.id in ("candidates", "calls", "to_verify"):
        has_table = any(isinstance(block, Table) for block in figure_blocks(sheet, part))
        return words(f"outline.lead_{part.id}") if has_table else ""
    return words(f"outline.lead_{part.id}")


def _profile(sheet: Sheet) -> str:
    """What is known of the venture, as a list; what is missing is said to be missing."""
    lines = []
    for name in PROFILE:
        label, value = sheet.words(f"outline.field_{name}"), sheet.figures.get(name, "")
        missing = sheet.words("outline.value_unknown")
        lines.append(f"- **{label}:** {said(value) if value else missing}")
    figures = (
        f"- **{fact.label}:** {sheet.figures[fact.id]}"
        for fact in sheet.plan.base.facts.values()
        if fact.id.startswith(PROFILE_FIGURES)
    )
    return "\n".join([*lines, *figures])


def _conclusion(sheet: Sheet) -> str:
    figures, words = sheet.figures, sheet.words
    request = figures.get("grant_request") or figures.get("budget.request", "")
    values = {
        "name": said(figures.get("name", "")) or words("outline.unnamed"),
        "people": said(figures.get("people", "")) or words("outline.people_unnamed"),
        "place": said(figures.get("place", "")) or words("outline.place_unnamed"),
    }
    if request:
        return words("outline.conclusion_with_request", request=request, **values)
    return words("outline.conclusion_without_request", **values)


def document(
    sheet: Sheet, sections: tuple[Section, ...], questions: tuple[str, ...], written_on: date
) -> Document:
    """The whole document of *sections*, which may be only those that there are so far."""
    brief, words = sheet.commission.brief, sheet.words
    place, start = said(sheet.figures.get("place", "")), sheet.shown.date(brief.start)
    subtitle = (
        words("outline.subtitle", place=place, start=start)
        if place
        else words("outline.subtitle_without_place", start=start)
    )
    return Document(
        type=sheet.outline.type,
        title=words(f"outline.title_{sheet.outline.type}"),
        subtitle=subtitle,
        venture=said(sheet.figures.get("name", "")) or words("outline.unnamed"),
        language=brief.language,
        currency=brief.currency,
        written_on=written_on,
        sections=sections,
        references=sheet.ledger.references,
        questions=questions,
        is_draft=sheet.is_draft,
        notices=tuple(_notices(sheet)),
    )


def _notices(sheet: Sheet) -> Iterator[str]:
    words = sheet.words
    yield words("outline.notice_draft" if sheet.is_draft else "outline.notice_ai")
    if sheet.outline.cites and not sheet.ledger.references:
        yield words("outline.notice_no_sources")
    if not words.is_spoken:
        yield words("outline.notice_language")
    if sheet.defaulted and not sheet.is_draft:
        names = ", ".join(words(f"outline.proposal_{name}") for name in sheet.defaulted)
        yield words("outline.assumed_by_default", names=names)
