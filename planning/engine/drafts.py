"""A part without a model: what the founder said, what is computed and what the sources say, laid out by code.

Where the embedded model is installed it adds a short passage, labelled as its own.
"""

from collections.abc import Awaitable, Callable, Iterator
from decimal import Decimal

from planning.engine.fence import said
from planning.engine.outline import Part
from planning.engine.sheet import Sheet
from planning.engine.writing import Text
from providers.prompt import Message, Passage, Prompt, Sketch

MOST_FIGURES = 8
MOST_SNIPPETS = 3
LONGEST_SNIPPET = 280
# What is quoted from the founder, by part.
QUOTED: dict[str, tuple[str, ...]] = {
    "summary": ("mission", "product", "people", "place"),
    "problem": ("people", "place"),
    "need": ("people", "place"),
    "theory": ("mission", "goals"),
    "company": ("mission", "product", "people", "place", "goals"),
    "programme": ("product", "people"),
    "market": ("people", "place"),
    "marketing": ("product", "people"),
    "alternatives": ("product",),
    "operations": ("place", "country"),
    "objectives": ("goals",),
    "evaluation": ("goals",),
    "method": ("product", "people"),
    "organisation": ("name", "mission", "place"),
    "approach": ("mission", "place"),
    "preparation": ("mission", "country"),
}
# The parts for which the embedded model writes a passage: its question and how the answer begins.
PASSAGES: dict[str, tuple[str, str]] = {
    "problem": (
        "Explain the problem that {name} addresses.",
        "The problem that {name} addresses is",
    ),
    "need": ("Explain the problem that {name} addresses.", "The problem that {name} addresses is"),
    "programme": ("Describe the work of {name}: {product}.", "{name} offers"),
    "method": ("Describe the project of {name}: {product}.", "With this grant, {name} will"),
    "company": ("Explain what {name} does: {product}.", "{name} works to"),
    "sustainability": (
        "Explain how the work of {name} continues after the grant.",
        "After the grant ends, {name} will continue to",
    ),
    "approach": ("Explain how {name} approaches a funder.", "To approach a funder, {name} should"),
    "preparation": (
        "List the documents that {name} prepares before applying for a grant.",
        "Before applying, {name} should prepare a budget,",
    ),
}

Draw = Callable[[Prompt], Awaitable[str]]


async def drafted(sheet: Sheet, part: Part, draw: Draw | None) -> Text:
    """*part* as code lays it out; *draw* is the embedded model, if there is one."""
    if sheet.outline.type == "pitch":
        return Text(part, _pitch(sheet), "code")
    paragraphs = list(_paragraphs(sheet, part))
    passage = await _passage(sheet, part, draw)
    if passage:
        paragraphs.append(f"*{sheet.words('outline.embedded')}* {passage}")
    paragraphs.append(_still_to_write(sheet, part))
    return Text(part, "\n\n".join(paragraphs), "embedded" if passage else "code")


def _paragraphs(sheet: Sheet, part: Part) -> Iterator[str]:
    words = sheet.words
    quoted = [_quoted(sheet, name) for name in QUOTED.get(part.id, ())]
    if quoted := [line for line in quoted if line]:
        yield "\n".join(quoted)
    numeric = [f for f in sheet.facts(part) if isinstance(f.value, Decimal)][:MOST_FIGURES]
    if numeric:
        lines = (f"- {said(fact.label)}: {{{{fact:{fact.id}}}}}" for fact in numeric)
        yield "\n".join([f"**{words('outline.field_figures')}**\n", *lines])
    if sources := sheet.sources(part)[:MOST_SNIPPETS]:
        lines = (f"- {said(s.snippet)[:LONGEST_SNIPPET].rstrip()} [{s.mark}]" for s in sources)
        yield "\n".join([f"**{words('outline.field_sources_say')}**\n", *lines])


def _quoted(sheet: Sheet, name: str) -> str:
    """What the founder said under *name*, as a line of a list; empty for nothing."""
    if name == "goals":
        goals = [
            fact.value
            for fact in sheet.plan.base.facts.values()
            if fact.id.startswith("goal.") and isinstance(fact.value, str)
        ]
        value = "; ".join(goals)
    else:
        value = sheet.figures.get(name, "")
    return f"- **{sheet.words(f'outline.field_{name}')}:** {said(value)}" if value else ""


def _still_to_write(sheet: Sheet, part: Part) -> str:
    what = sheet.words("outline.still_to_write", title=sheet.title(part))
    return sheet.words("outline.data_needed", what=what)


def _pitch(sheet: Sheet) -> str:
    """What the founder said, in the order of a pitch; nothing is added."""
    figures = sheet.figures
    said_in_order = (figures.get(name, "") for name in ("name", "mission", "product", "people"))
    sentences = [f"{said(text).strip().rstrip('.!?')}." for text in said_in_order if text]
    goal = figures.get("goal.1", "")
    return " ".join([*sentences, f"{said(goal).rstrip('.!?')}." if goal else ""]).strip()


async def _passage(sheet: Sheet, part: Part, draw: Draw | None) -> str:
    """A short passage of the embedded model, which knows only English; empty for none."""
    if draw is None or part.id not in PASSAGES or sheet.words.language != "en":
        return ""
    idea = sheet.commission.brief.idea
    words = {name: said(text) for name, text in idea.words().items()}
    question, opening = (text.format(**words) for text in PASSAGES[part.id])
    passage = Passage(heading="", question=question, opening=opening, otherwise="")
    sketch = Sketch(facts=said(idea.briefly()), passages=(passage,), sentences=2)
    return await draw(Prompt(messages=(Message("user", question),), sketch=sketch))
