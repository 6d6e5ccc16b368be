"""One seeded defect for every way in which a check can fail, beside the good document that it is planted in."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from planning.brief import Member
from planning.content import Prose, Section
from planning.facts import Fact, FactBase, Question
from planning.figures.finance import Uses
from planning.figures.raci import Duty
from planning.funders.fit import Fit
from tests.planning.checks.cases import GOOD, IDEA, PLAN, Case
from tests.planning.documents import section
from tests.planning.languages import PARAGRAPHS

Plant = Callable[[Case], Case]


def text(section_id: str, words: str) -> Plant:
    """Words added to a section."""
    return lambda case: case.with_text(section_id, words)


def swap(section_id: str, old: str, new: str) -> Plant:
    """Words of a section in place of others."""

    def plant(case: Case) -> Case:
        assert old in (case.document.section(section_id) or section("x")).text
        return case.with_section(section_id, lambda prose: prose.replace(old, new))

    return plant


def has(name: str, change: Callable[[Any], Any]) -> Plant:
    """One of the structures, changed."""
    return lambda case: case.having(**{name: change(getattr(case.has, name))})


def nth(place: int, **changes: Any) -> Callable[[Any], Any]:
    """One of a row of values, changed."""
    return lambda row: tuple(replace(v, **changes) if n == place else v for n, v in enumerate(row))


def milestone(place: int, **changes: Any) -> Callable[[Any], Any]:
    """One milestone, changed, with its dates as they were."""

    def change(schedule: Any) -> Any:
        planned = schedule.milestones[place]
        changed = replace(planned, milestone=replace(planned.milestone, **changes))
        kept = (*schedule.milestones[:place], changed, *schedule.milestones[place + 1 :])
        return replace(schedule, milestones=kept)

    return change


def moved(place: int, **changes: Any) -> Callable[[Any], Any]:
    """One milestone with other dates."""
    return lambda schedule: replace(schedule, milestones=nth(place, **changes)(schedule.milestones))


def base(**numbers: int) -> Plant:
    """The fact base with numbers that others contradict."""

    def plant(case: Case) -> Case:
        added = {
            name.replace("__", "."): Fact(
                id=name.replace("__", "."),
                label=name,
                value=Decimal(value),
                unit="people",
                origin="assumed",
            )
            for name, value in numbers.items()
        }
        return replace(case, facts=FactBase({**case.facts.facts, **added}, case.facts.questions))

    return plant


def flow(**changes: Any) -> Callable[[Any], Any]:
    """The base scenario of a forecast, changed."""
    return lambda f: replace(
        f, scenarios=(f.scenarios[0], replace(f.scenarios[1], **changes), f.scenarios[2])
    )


def measured(**changes: Any) -> Callable[[Any], Any]:
    """What follows from a forecast, changed."""
    return lambda f: replace(f, measures=replace(f.measures, **changes))


def first_month(values: Any, more: int) -> Any:
    """A row of months whose first is larger."""
    return (values[0] + more, *values[1:])


def call(words: str) -> Plant:
    """A grant call, pasted."""
    return lambda case: case.briefed(call=words)


def titled(case: Case) -> Case:
    """Two sections with one heading."""
    first, second, *others = case.document.sections
    return case.written(sections=(first, replace(second, title=first.title), *others))


def emptied(case: Case) -> Case:
    """A section with nothing in it."""
    kept = [
        replace(s, blocks=(Prose("  "),)) if s.id == "programme" else s
        for s in case.document.sections
    ]
    return case.written(sections=tuple(kept))


def tampered(case: Case) -> Case:
    """A source whose text is not the one that was read."""
    first, *others = case.document.references
    return case.written(references=(replace(first, snippet=f"{first.snippet} 99 %"), *others))


def unlisted(case: Case) -> Case:
    """A question that the document does not list."""
    questions = (*case.facts.questions, Question("price2", "What does the second product cost?"))
    return replace(case, facts=FactBase(case.facts.facts, questions))


def with_questions_asked(case: Case) -> Case:
    """Two open questions more, each of them listed."""
    asked = tuple(Question(f"q{n}", f"Question {n}?") for n in range(2))
    listed = (*case.document.questions, *(q.text for q in asked))
    facts = FactBase(case.facts.facts, (*case.facts.questions, *asked))
    return replace(case.written(questions=listed), facts=facts)


def unruled(mission: str = "") -> Plant:
    """No risk and no step about rules, of a venture with that mission."""

    def plant(case: Case) -> Case:
        risks = tuple(replace(risk, risk="A", mitigation="B") for risk in case.has.risks or ())
        idea = case.brief.idea
        changed = case.briefed(idea=replace(idea, mission=mission or idea.mission)).having(
            risks=risks
        )
        return only("operations", "In Kenya the team registers.")(changed)

    return plant


def only(section_id: str, words: str) -> Plant:
    """Words in place of all of a section."""
    return lambda case: case.with_section(section_id, lambda _: words)


def before(section_id: str, words: str) -> Plant:
    """Words in front of a section."""
    return lambda case: case.with_section(section_id, lambda prose: f"{words} {prose}")


def idea(**changes: Any) -> Plant:
    """An idea with other words in it."""
    return lambda case: case.briefed(idea=replace(case.brief.idea, **changes))


def budget(**changes: Any) -> Plant:
    """A budget whose parts are larger by so much."""
    return has("budget", lambda b: replace(b, **{k: getattr(b, k) + v for k, v in changes.items()}))


def uses(launch: int, running: int, reserve: int) -> Plant:
    """What 60,000 are used for."""
    made = Uses(Decimal(60_000), Decimal(launch), Decimal(running), Decimal(reserve), Decimal(0))
    return has("finance", measured(uses=made))


OTHER_LANGUAGE = dict(PARAGRAPHS)["fr"]
REPEATED = (
    "The team repeats this long row of words in two sections of one and the same document, so that the reader "
    "wonders whether anybody has ever read it from the beginning to the end before it was sent away to the funder "
    "who then had to read it twice and was not pleased about this at all."
)
SCHEDULE = PLAN.schedule
CRITICAL = next(n for n, planned in enumerate(SCHEDULE.milestones) if planned.is_critical)
LAST = len(SCHEDULE.milestones) - 1
HARD = (
    "Notwithstanding considerable infrastructural heterogeneity characterising institutional procurement "
    "environments, comprehensive organisational transformation methodologies systematically operationalise "
    "multidimensional sustainability considerations throughout interdependent administrative hierarchies, "
    "consequently necessitating unprecedentedly sophisticated interdisciplinary coordination architectures "
    "encompassing representational accountability. "
) * 3  # fmt: skip
SIMPLE = (
    "We go to a school. We see the cook. She has a pot. We put it on. It gets hot. She is glad. "
    * 12
)

# Check and variant, the kind of document, and the defect.
DEFECTS: tuple[tuple[str, str, Plant], ...] = (
    ("c1", "roadmap", text("programme", "This was shown elsewhere [S9].")),
    ("c1_reference", "roadmap", tampered),
    (
        "c2",
        "roadmap",
        text("programme", "See [the study](https://evil.example/?q=secret) for more."),
    ),
    ("c2", "proposal", text("method", "More at www.evil-example.org/apply today.")),
    ("c3", "roadmap", text("programme", "About 7,400 cooks live in the county.")),
    ("c3", "roadmap", text("programme", "This saves 35 % of the money.")),
    (
        "c3_organisation",
        "roadmap",
        text("programme", "The Gates Lake Foundation has visited the workshop."),
    ),
    (
        "c4",
        "roadmap",
        text("problem", "In Kisumu 61 percent of schools have no kitchen at all [S2]."),
    ),
    (
        "c5",
        "roadmap",
        text(
            "programme", "It has 510 parts. It weighs 95 kg. It lasts 45 years. It is 77 % steel."
        ),
    ),
    ("c6_missing", "roadmap", lambda case: case.without("programme")),
    ("c6_empty", "roadmap", emptied),
    ("c6_short", "roadmap", lambda case: case.expecting(lengths={"problem": (400, 500)})),
    ("c6_long", "roadmap", lambda case: case.expecting(lengths={"problem": (10, 50)})),
    ("c6_duplicate", "roadmap", titled),
    ("c6_duplicate", "roadmap", text("programme", "### Steps\n\nOne.\n\n### Steps\n\nTwo.")),
    (
        "c6_unfinished",
        "roadmap",
        text("programme", "The second visit takes place when the cooks have"),
    ),
    ("c6_unfinished", "roadmap", lambda case: case.expecting(cut=frozenset({"programme"}))),
    ("c7", "roadmap", text("programme", "The workshop of [Insert name] builds them.")),
    ("c7", "roadmap", text("programme", "The cost is TBD and the lender is XXX.")),
    (
        "c7_leak",
        "roadmap",
        text("programme", "As an AI language model, I cannot visit the schools."),
    ),
    (
        "c7_leak",
        "roadmap",
        text("programme", "<think>Now the second part.</think> The cooks decide."),
    ),
    (
        "c7_leak",
        "roadmap",
        lambda c: c.expecting(fences=("SOURCES-12ab",)).with_text("programme", "SOURCES-12ab END."),
    ),
    ("c8", "roadmap", text("programme", "The funding gap of the plan is $71,000 in all.")),
    ("c8_slot", "roadmap", text("programme", "It costs {{fact:finance.unknown}} for each school.")),
    (
        "c9a",
        "roadmap",
        lambda c: c.with_text("programme", REPEATED).with_text("operations", REPEATED),
    ),
    ("c9b", "roadmap", text("programme", "This is a revolutionary cooker.")),
    ("c9c", "roadmap", text("programme", "The QMDP has agreed to this.")),
    ("c9d_hard", "roadmap", text("programme", HARD)),
    ("c9d_simple", "roadmap", text("programme", SIMPLE)),
    ("c10", "roadmap", text("programme", OTHER_LANGUAGE)),
    (
        "c10",
        "roadmap",
        text("programme", "Эти школы находятся рядом с озером и готовят еду каждый день."),
    ),
    ("c11", "roadmap", has("schedule", moved(0, start=date(2026, 1, 1), end=date(2026, 2, 1)))),
    ("c11", "roadmap", has("indicators", nth(0, by=date(2066, 1, 1)))),
    ("c11_impossible", "roadmap", text("programme", "The first cooker is ready on 2027-02-30.")),
    ("c12", "roadmap", text("programme", "This serves SDG 18 as well.")),
    ("c12", "roadmap", has("served", nth(0, goal=21, targets=()))),
    ("c12_target", "roadmap", text("programme", "This serves target 7.9 as well.")),
    ("c12_target", "roadmap", has("served", nth(0, targets=("4.1",)))),
    ("c12_not_chosen", "roadmap", has("served", nth(0, goal=4, targets=(), is_added=False))),
    ("c13", "roadmap", idea(goals=(*IDEA.goals, "Plant mangroves along rivers"))),
    (
        "c13_people",
        "roadmap",
        idea(target_market={"people": "Fishermen, boatbuilders and netmakers"}),
    ),
    ("c14", "roadmap", text("programme", "People reached in year 1 will be 2,900 in all.")),
    ("c15", "roadmap", unlisted),
    ("b1", "roadmap", has("schedule", milestone(2, owner=""))),
    ("b1_few", "roadmap", has("schedule", lambda s: replace(s, milestones=s.milestones[:2]))),
    ("b2", "roadmap", has("schedule", moved(LAST, start=SCHEDULE.start, end=SCHEDULE.start))),
    (
        "b2_circle",
        "roadmap",
        has("schedule", milestone(0, depends_on=(SCHEDULE.milestones[LAST].milestone.id,))),
    ),
    ("b2_critical_path", "roadmap", has("schedule", moved(CRITICAL, late_start=400))),
    (
        "b3",
        "roadmap",
        has(
            "schedule",
            lambda s: replace(
                s,
                milestones=tuple(
                    replace(p, milestone=replace(p.milestone, owner="Director"))
                    for p in s.milestones
                ),
            ),
        ),
    ),
    ("b3_short", "roadmap", has("schedule", lambda s: replace(s, milestones=s.milestones[:6]))),
    ("b3_full", "roadmap", has("schedule", moved(3, end=date(2029, 12, 31)))),
    (
        "b4",
        "roadmap",
        has("raci", lambda r: replace(r, duties=(*r.duties, Duty("m99", "Director", ())))),
    ),
    ("b4", "roadmap", has("raci", lambda r: replace(r, duties=(*r.duties, r.duties[0])))),
    (
        "b4_role",
        "roadmap",
        has(
            "raci", lambda r: replace(r, duties=(*r.duties, Duty("m99", "Emperor", ("Director",))))
        ),
    ),
    ("b5", "roadmap", has("indicators", nth(0, source=" "))),
    (
        "b5_no_change",
        "roadmap",
        has("indicators", nth(0, baseline=Decimal(60), target=Decimal(60))),
    ),
    ("b5_goal", "roadmap", has("indicators", lambda row: row[:1])),
    ("b6", "roadmap", has("theory", lambda t: replace(t, links=nth(0, output="")(t.links)))),
    (
        "b6_assumption",
        "roadmap",
        has("theory", lambda t: replace(t, links=nth(0, assumption="")(t.links))),
    ),
    (
        "b6_term",
        "roadmap",
        has("theory", lambda t: replace(t, links=nth(0, term="some day")(t.links))),
    ),
    ("b6_impact", "roadmap", has("theory", lambda t: replace(t, impact=""))),
    (
        "b6_orphan",
        "roadmap",
        has("theory", lambda t: replace(t, links=nth(0, activity="m77")(t.links))),
    ),
    ("b7", "roadmap", has("finance", lambda f: flow(closing=first_month(f.base.closing, 1))(f))),
    ("b7", "roadmap", has("finance", lambda f: flow(income=first_month(f.base.income, 100))(f))),
    ("b7_measures", "roadmap", has("finance", lambda f: replace(f, measures=None))),
    ("b7_gap", "roadmap", has("finance", measured(funding_gap=Decimal(1)))),
    (
        "b7_break_even",
        "roadmap",
        has(
            "finance",
            lambda f: measured(break_even_month=1)(
                flow(income=(Decimal(0), *f.base.income[1:]))(f)
            ),
        ),
    ),
    (
        "b8",
        "roadmap",
        has("finance", lambda f: replace(f, assumptions=nth(0, low=Decimal(10**9))(f.assumptions))),
    ),
    (
        "b8_order",
        "roadmap",
        has(
            "finance",
            lambda f: replace(f, scenarios=(f.scenarios[2], f.scenarios[1], f.scenarios[0])),
        ),
    ),
    ("b9", "roadmap", has("finance", measured(largest_source=("Donations", Decimal(88))))),
    (
        "b9_reserve",
        "roadmap",
        has("finance", measured(reserve_months=(Decimal(9), Decimal(4), Decimal("0.5")))),
    ),
    ("b10", "roadmap", base(beneficiaries_year1=50_000)),
    ("b10_revenue", "roadmap", base(market__som=10)),
    ("b10_uses", "roadmap", uses(1, 1, 1)),
    ("b10_launch", "roadmap", uses(50_000, 5_000, 5_000)),
    ("b11", "roadmap", has("risks", nth(0, trigger=""))),
    ("b11_few", "roadmap", has("risks", lambda row: row[:3])),
    ("b11_score", "roadmap", has("risks", nth(0, likelihood=9))),
    ("b11_cover", "roadmap", has("risks", nth(0, likelihood=5, impact=5, cover=""))),
    ("b12_health", "roadmap", unruled("A clinic for patients with lung disease")),
    ("b12_children", "roadmap", unruled()),
    ("b12_finance", "roadmap", unruled("Microcredit and loans for cooks")),
    ("b12_food", "roadmap", unruled()),
    ("b13", "roadmap", swap("operations", "In Kenya the", "The")),
    (
        "b13_fundraising",
        "roadmap",
        lambda c: c.written(
            sections=(*c.document.sections, section("steps", "1. **Fundraising** in all quarters."))
        ),
    ),
    ("i1", "investors", has("funders", lambda row: row[:3])),
    ("i2", "investors", has("funders", nth(0, why=""))),
    ("i2_source", "investors", has("funders", nth(0, url="https://elsewhere.example/x"))),
    ("i2_fact", "investors", has("funders", nth(0, fact="goal.77"))),
    (
        "i3",
        "investors",
        has(
            "funders",
            lambda row: tuple(
                replace(f, url="https://a.example") if not f.mark else f for f in row
            ),
        ),
    ),
    ("i3", "investors", text("candidates", "**Unknown Trust** may help as well.")),
    (
        "i4",
        "investors",
        has("funders", lambda row: (*row, replace(row[0], name=f"The {row[0].name} Inc"))),
    ),
    (
        "i5",
        "investors",
        has(
            "funders",
            lambda row: tuple(replace(f, fit=None) if f.instrument == "equity" else f for f in row),
        ),
    ),
    (
        "i6",
        "investors",
        has("funders", lambda row: nth(0, fit=Fit(row[0].fit.scores, 99, ()))(row)),
    ),
    ("g1", "grants", has("grants", nth(0, funder=""))),
    ("g1_source", "grants", has("grants", nth(0, url="https://elsewhere.example/x"))),
    ("g2", "grants", has("grants", nth(0, deadline=date(2026, 11, 1)))),
    ("g2_order", "grants", has("grants", lambda row: tuple(reversed(row)))),
    ("g3", "grants", has("grants", nth(0, floor=Decimal(90_000)))),
    ("g3_currency", "grants", has("grants", nth(0, currency=""))),
    (
        "g4",
        "grants",
        has("grants", lambda row: nth(0, eligibility=replace(row[0].eligibility, because=""))(row)),
    ),
    ("g5", "grants", has("grants", nth(0, forms=frozenset({"company"})))),
    ("g6", "grants", has("grants", nth(0, ceiling=Decimal(20_000)))),
    (
        "g6_budget",
        "grants",
        lambda c: c.briefed(figures={**c.brief.figures, "annual_budget": Decimal(70_000)}),
    ),
    ("g7", "grants", has("grants", nth(0, deadline=date(2026, 11, 27)))),
    ("p1_request", "proposal", swap("summary", "$60,000", "support")),
    ("p1_people", "proposal", swap("summary", "2,000 pupils", "many pupils")),
    ("p1_period", "proposal", only("summary", "It asks for $60,000 for pupils: 2,000 of them.")),
    ("p2_few", "proposal", swap("need", "[S3]", "")),
    (
        "p2_local",
        "proposal",
        only("need", "Cooks are ill [S3]. They cough [S3]. They stay at home [S3]."),
    ),
    (
        "p2_old",
        "proposal",
        lambda c: c.written(
            references=tuple(
                replace(r, snippet="In 2009 it was so in Kisumu, Kenya.", title="Old")
                for r in c.document.references
            )
        ),
    ),
    ("p3", "proposal", text("objectives", "- Make all cooks in the county happier than they are.")),
    (
        "p3_baseline",
        "proposal",
        has("indicators", nth(0, baseline=None, baseline_by=None, target=None)),
    ),
    (
        "p5_direct",
        "proposal",
        lambda c: budget(direct=1, total=1, request=1)(
            has("budget", lambda b: replace(b, missing=()))(c)
        ),
    ),
    ("p5_total", "proposal", budget(total=1, request=1)),
    ("p5_sources", "proposal", budget(match=1)),
    ("p5_negative", "proposal", budget(match=-(10**6), request=10**6)),
    ("p5_cap", "proposal", budget(indirect=10**6, total=10**6, request=10**6)),
    ("p6", "proposal", has("budget", lambda b: replace(b, lines=nth(0, why="")(b.lines)))),
    (
        "p6_activity",
        "proposal",
        has("budget", lambda b: replace(b, lines=nth(0, activity="m77")(b.lines))),
    ),
    (
        "p6_staff",
        "proposal",
        lambda c: c.briefed(team=(*c.brief.team, Member("Astrologer", ""))).with_text(
            "method", "The Astrologer chooses the days."
        ),
    ),
    ("p7", "proposal", has("indicators", nth(0, frequency=""))),
    ("p7_none", "proposal", has("indicators", lambda _: ())),
    ("p8_few", "proposal", only("sustainability", "Donations go on at $2,400 a month.")),
    ("p8_amount", "proposal", only("sustainability", "Donations and sales go on.")),
    ("p9", "proposal", text("organisation", "It works with the Nile Water Alliance and others.")),
    ("p9_year", "proposal", text("organisation", "It began its work in 2015.")),
    ("p9_record", "proposal", text("organisation", "It is an award-winning team.")),
    ("p10", "proposal", call("Describe the need in at most 20 words.")),
    ("p10_characters", "proposal", lambda c: c.expecting(most_characters={"need": 50})),
    (
        "p11",
        "proposal",
        call("Applicants must describe their insurance against earthquakes and floods."),
    ),
    ("p12", "proposal", lambda case: case.without("ai_use").expecting(sections=())),
    (
        "p12_disclose",
        "proposal",
        lambda c: call("Please disclose any use of artificial intelligence.")(
            c.without("ai_use").expecting(sections=())
        ),
    ),
    (
        "p12_forbidden",
        "proposal",
        call("Text written by artificial intelligence is not permitted."),
    ),
    (
        "e1",
        "pitch",
        text(
            "pitch",
            "And then we will also visit every other county in the whole wide country, one after the other.",
        ),
    ),
    ("e2", "pitch", lambda c: c.expecting(measured_s=71.0)),
    ("e3", "pitch", swap("pitch", "Every day", "**Every day**")),
    ("e3", "pitch", swap("pitch", "Every day", "(pause) Every day")),
    ("e4_short", "pitch", only("pitch", "Solar Kitchen cooks. Join us.")),
    (
        "e4_problem",
        "pitch",
        only(
            "pitch",
            "Hello friends. Solar Kitchen cooks with the sun. Energy is clean. Schools like it. Join us.",
        ),
    ),
    ("e4_solution", "pitch", swap("pitch", "Solar Kitchen", "Our team")),
    ("e4_impact", "pitch", swap("pitch", "with affordable and clean energy", "in another way")),
    (
        "e4_ask",
        "pitch",
        swap(
            "pitch",
            "Join us with sixty thousand dollars, and come and taste the first meal.",
            "That was all of it.",
        ),
    ),
    ("e4_order", "pitch", before("pitch", "Affordable and clean energy cooks our meals.")),
    ("e5", "pitch", before("pitch", "Invest in us now.")),
    ("e6", "pitch", swap("pitch", "smell the smoke", "smell the 60 pots, 40 fires and 60 sacks")),
    ("e6_spelled", "pitch", swap("pitch", "sixty schools", "60 schools")),
    (
        "e7",
        "pitch",
        swap(
            "pitch",
            "Pupils carry wood instead of books, and",
            "Pupils carry wood on their heads for an hour in the morning and for another hour in the "
            "evening instead of books, and",
        ),
    ),
    (
        "e7_mean",
        "pitch",
        lambda c: c.with_section(
            "pitch",
            lambda t: t.replace(". ", ", and then it is so that ").replace(
                "sixty schools", "schools"
            ),
        ),
    ),
    ("e8", "pitch", swap("pitch", "Solar Kitchen", "The team")),
    ("e9", "pitch", swap("pitch", "affordable and clean energy", "SDG 4 and clean energy")),
    ("e10", "pitch", swap("pitch", "sixty thousand dollars", "ninety thousand dollars")),
    ("e10", "pitch", swap("pitch", "sixty schools", "75 schools")),
)
# Told in the words of another check.
DEFECTS_TOLD_AS: tuple[tuple[str, str, str, Plant], ...] = (
    (
        "P4",
        "b2",
        "proposal",
        has("schedule", moved(LAST, start=SCHEDULE.start, end=SCHEDULE.start)),
    ),
    (
        "P4",
        "b2_outside",
        "proposal",
        has("schedule", moved(LAST, end=SCHEDULE.end + timedelta(900))),
    ),
)

__all__ = ["DEFECTS", "DEFECTS_TOLD_AS", "GOOD", "Section", "with_questions_asked"]
