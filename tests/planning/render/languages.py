"""A short document in each of our eight languages, with every kind of block."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

from planning.content import (
    Bar,
    Chart,
    Chip,
    Chips,
    Column,
    Document,
    Gantt,
    Prose,
    Section,
    Series,
    Table,
)
from tests.planning.render import sample

# By language: the words of the cover, of the prose, of the table, of the tasks, and the rest.
TEXTS: dict[str, dict[str, list[str]]] = json.loads(
    (Path(__file__).parent / "languages.json").read_text(encoding="utf-8")
)


def document(language: str, **changes: object) -> Document:
    """A short document in *language*."""
    texts = TEXTS[language]
    title, subtitle, venture = texts["cover"]
    heading, paragraph, sub, first, second = texts["prose"]
    caption, item, amount, filters, training, total = texts["table"]
    goal, question, people = texts["rest"]
    prose = Prose(
        f"{paragraph}\n\n{paragraph}\n\n### {sub}\n\n- {first}\n- {second}\n  1. {first}\n"
    )
    table = Table(
        caption,
        (Column(item, share=2), Column(amount, "end")),
        ((filters, "240,000"), (training, "18,500"), (total, "258,500")),
        totals=1,
        note=second,
    )
    days = (
        (date(2027, 1, 4), date(2027, 3, 31)),
        (date(2027, 4, 1), date(2027, 11, 30)),
        (date(2027, 12, 15), date(2027, 12, 15)),
    )
    bars = tuple(
        Bar(f"M{n}", task, begin, end, people, n != 0, (f"M{n - 1}",) if n else ())
        for n, (task, (begin, end)) in enumerate(zip(texts["tasks"], days, strict=True))
    )
    chart = Chart(
        people,
        "columns",
        ("2027", "2028", "2029"),
        (Series(people, (Decimal(4000), Decimal(76000), Decimal(120000))),),
        "people",
    )
    sections = (
        Section("need", heading, (prose, table), "model"),
        Section("milestones", sub, (Gantt(sub, bars), chart), "code"),
        Section("sdg", goal, (Chips((Chip(6, goal, first), Chip(13, goal))),)),
    )
    fields = {
        "type": "business_plan",
        "title": title,
        "subtitle": subtitle,
        "venture": venture,
        "language": language,
        "currency": "USD",
        "written_on": date(2026, 11, 24),
        "sections": sections,
        "references": sample.REFERENCES[:2],
        "questions": (question,),
        "notices": (first,),
        "is_draft": True,
    }
    return Document(**{**fields, **changes})  # type: ignore[arg-type]
