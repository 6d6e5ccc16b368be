"""Good documents, one of each type, that no check has anything to say about; and how they are reviewed."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from planning.brief import Brief, Member
from planning.checks import Expected, Review, Structures, review
from planning.checks.base import NOTHING_EXPECTED, NOTHING_STRUCTURED
from planning.content import Document, Prose, Reference, Section
from planning.facts import FactBase
from planning.figures.plan import planned
from planning.funders import grant as grants
from planning.funders.funder import Funder
from planning.funders.funder import ranked as ranked_funders
from planning.funders.grant import Eligibility, Grant
from planning.funders.profile import profile_of
from planning.idea import Idea
from tests.planning.documents import TODAY, document, section

IDEA = Idea(
    "Solar Kitchen",
    "A non-profit that gives primary schools in Kisumu solar cookers, so that meals need no firewood",
    ("Equip 60 schools with solar cookers by 2029", "Cut the use of firewood by 40% from 100%"),
    {
        "geography": "Kisumu, Kenya",
        "people": "Cooks and pupils of primary schools",
        "size": "12,000 pupils",
    },
    "Solar cookers for school kitchens, with training for cooks",
    ("SDG 7: Affordable and Clean Energy", "SDG 13: Climate Action"),
)
FIGURES = {
    "opening_cash": 30_000,
    "launch_costs": 15_000,
    "monthly_staff_costs": 3_000,
    "monthly_other_costs": 1_000,
    "price": 50,
    "units_per_month": 40,
    "monthly_donations": 2_400,
    "funding_sought": 60_000,
    "grant_request": 60_000,
    "annual_budget": 150_000,
    "grants_secured": 0,
    "beneficiaries_year1": 2_000,
    "beneficiaries_year3": 9_000,
}
TEAM = (
    Member("Director", "Achieng Otieno"),
    Member("Programme lead", "Brian Were"),
    Member("Finance officer", ""),
    Member("Monitoring officer", ""),
)
BRIEF = Brief(
    idea=IDEA,
    start=date(2027, 1, 1),
    country="KE",
    team=TEAM,
    figures={name: Decimal(value) for name, value in FIGURES.items()},
)
PLAN = planned(BRIEF)


def source(mark: str, title: str, snippet: str, url: str) -> Reference:
    """A source that was read yesterday."""
    digest = hashlib.sha256(snippet.encode()).hexdigest()
    return Reference(
        mark, title, url, snippet, "2026-11-23T08:00:00+00:00", digest, "official", "brave", "q"
    )


SOURCES = (
    source(
        "S1",
        "Clean cooking in Kenya, 2024",
        "In 2023 only 30 % of people in Kenya cooked with clean fuels. Schools use much firewood.",
        "https://data.worldbank.org/indicator/EG.CFT.ACCS.ZS?locations=KE",
    ),
    source(
        "S2",
        "School meals in Kisumu County",
        "A survey of 2025 found that 85 percent of schools in Kisumu cook with firewood over open fires.",
        "https://www.kisumu.go.ke/school-meals-survey",
    ),
    source(
        "S3",
        "Smoke and health",
        "Cooks who work over open fires have 2.4 times more lung disease than others, a study of 2022 says.",
        "https://www.who.int/publications/smoke",
    ),
    source(
        "S4",
        "Acacia Foundation: clean energy grants",
        "The Acacia Foundation and the Lake Fund give grants to non-profits in Kenya, the former up to "
        "USD 80,000 until 31 March 2027. Green Bank, Sun Bank, Rift Ventures and Baobab Capital invest.",
        "https://www.acaciafoundation.org/grants",
    ),
)

SUMMARY = """\
Solar Kitchen cooperates with primary schools in Kisumu, where administrators currently depend on open \
fires; it installs solar cookers in each participating kitchen and trains the responsible cooks. By 2029 the \
plan reaches 60 schools and cuts the use of firewood by 40%, and already in the first year 2,000 pupils eat \
meals whose preparation needed considerably less wood. The activities continue for three years, from 2027 \
to 2029, and the organisation asks for $60,000."""
PROBLEM = """\
In 2023 only 30 % of people in Kenya cooked with clean fuels [S1]. Schools depend on wood even more: \
85 percent of the schools in Kisumu cook over open fires [S2]. Cooks breathe the smoke for hours each \
day, and they have 2.4 times more lung disease than others [S3].

Firewood also consumes money and time: administrators purchase it from traders, and pupils still carry some \
of it from home. Nobody has yet measured how much wood a typical primary school in this county consumes, so \
the first activity is to weigh it systematically during one complete term, together with the kitchen staff."""
PROGRAMME = """\
Each school gets two solar cookers that its own workshop can repair. A trainer cooks with the staff for \
one week, and comes back after a month. The school pays $50 for each cooker, so that it looks after it.

This should work because the cooks choose the dishes. If fewer than half of the meals are cooked with \
the sun after one term, the design has to change."""
OPERATIONS = """\
In Kenya the venture registers as a public benefit organisation; a local lawyer has to confirm the steps \
with the authority. Work with pupils follows the rules for the protection of children, and the kitchens \
keep the rules for food safety. The team stores the cookers in a rented room and delivers them on Fridays."""
APPROACH = """\
Write first to those who already work in Kenya. The first message says in five lines who is helped and \
what is asked for. Have three papers ready: the plan, the budget and the registration. After a no, ask \
what would have to be different."""


@dataclass(frozen=True)
class Case:
    """A document and everything that it is reviewed with."""

    document: Document
    facts: FactBase = PLAN.base
    brief: Brief = BRIEF
    has: Structures = NOTHING_STRUCTURED
    expected: Expected = NOTHING_EXPECTED

    def reviewed(self) -> Review:
        """What the checks say of it."""
        return review(self.document, self.facts, self.brief, self.has, self.expected)

    def with_text(self, section_id: str, text: str) -> "Case":
        """The same with *text* added to one section, as a paragraph of its own."""
        return self.with_section(section_id, lambda prose: f"{prose}\n\n{text}")

    def with_section(self, section_id: str, change: Any) -> "Case":
        """The same with the prose of one section changed."""
        sections = tuple(
            replace(
                s,
                blocks=(Prose(change(s.text)), *(b for b in s.blocks if not isinstance(b, Prose))),
            )
            if s.id == section_id
            else s
            for s in self.document.sections
        )
        return replace(self, document=replace(self.document, sections=sections))

    def without(self, section_id: str) -> "Case":
        """The same without a section."""
        kept = tuple(s for s in self.document.sections if s.id != section_id)
        return replace(self, document=replace(self.document, sections=kept))

    def having(self, **changes: Any) -> "Case":
        """The same with other structures."""
        return replace(self, has=replace(self.has, **changes))

    def expecting(self, **changes: Any) -> "Case":
        """The same with other expectations."""
        return replace(self, expected=replace(self.expected, **changes))

    def briefed(self, **changes: Any) -> "Case":
        """The same with another brief."""
        return replace(self, brief=replace(self.brief, **changes))

    def written(self, **changes: Any) -> "Case":
        """The same with another document around the sections."""
        return replace(self, document=replace(self.document, **changes))


def _tables(*names: str) -> Mapping[str, Section]:
    made = PLAN.blocks(BRIEF)
    ids = {"schedule": "milestones", "finance": "finances"}
    return {
        ids.get(name, name): Section(ids.get(name, name), name.title(), made[name])
        for name in names
    }


def _long(document_type: str, *sections: Section) -> Case:
    return Case(
        document(
            *sections,
            document_type=document_type,
            references=SOURCES[:3],
            questions=tuple(question.text for question in PLAN.base.questions),
        ),
        has=Structures.of(PLAN),
        expected=Expected(sections=tuple(s.id for s in sections), lengths={"problem": (40, 200)}),
    )


def roadmap() -> Case:
    """A roadmap."""
    tables = _tables("theory", "raci", "schedule", "indicators", "sdg", "finance", "risks")
    return _long(
        "roadmap",
        section("summary", SUMMARY),
        section("problem", PROBLEM),
        section("programme", PROGRAMME),
        section("operations", OPERATIONS),
        *tables.values(),
    )


def proposal() -> Case:
    """A grant proposal."""
    tables = _tables("schedule", "indicators", "budget", "risks")
    blocks = {name: table.blocks for name, table in tables.items()}
    return _long(
        "proposal",
        section("summary", SUMMARY),
        section("need", PROBLEM),
        section("objectives", OBJECTIVES),
        section("method", METHOD, *blocks["milestones"]),
        section("evaluation", EVALUATION, *blocks["indicators"]),
        section("organisation", ORGANISATION),
        section("budget", BUDGET, *blocks["budget"]),
        section("sustainability", SUSTAINABILITY),
        section("risks", *blocks["risks"]),
        section(
            "ai_use", "This text was drafted with AI from the founder's facts and checked by code."
        ),
    )


OBJECTIVES = """\
- Equip 60 primary schools in Kisumu with solar cookers by 31 December 2029, as the list of deliveries shows.
- Cut the use of firewood in their kitchens by 40% by 2029; the wood is weighed before and after."""
METHOD = """\
The work goes from school to school. Cooks choose the place of the cookers and try their own dishes first. \
When a delivery is late, the next school is trained meanwhile."""
EVALUATION = """\
The Monitoring officer weighs the wood with a scale once a term and counts the cookers in use from lists. \
Names of pupils are not written down. Bad figures lead to a visit within two weeks."""
ORGANISATION = """\
Solar Kitchen is a non-profit for primary schools in Kisumu. Achieng Otieno is its director and answers for \
the grant; Brian Were leads the programme. The officers for finance and monitoring have still to be found."""
BUDGET = """\
The money pays for people, cookers, training and evaluation. Each line names the step that it belongs to, \
and is counted from the founder's own costs."""
SUSTAINABILITY = """\
After the grant two sources pay for the work. Schools pay a price of $50 for each cooker, and donations bring \
in $2,400 a month. A contract with the county government is a third; data needed: its amount."""


def _funder(name: str, category: Any, **changes: Any) -> Funder:
    given: dict[str, Any] = {
        "name": name,
        "category": category,
        "instrument": "grant",
        "why": "It funds clean energy in Kenya",
        "fact": "goal.1",
        "place": "Kenya",
        "approach": "A letter of two pages",
        "countries": frozenset({"KE"}),
        "mark": "S4",
        "url": SOURCES[3].url,
        "verified_on": date(2026, 11, 23),
        "confidence": "high",
    }
    return Funder(**(given | changes))


FUNDERS = (
    _funder("Acacia Foundation", "foundation"),
    _funder(
        "Lake Fund", "foundation", floor=Decimal(5_000), ceiling=Decimal(80_000), currency="USD"
    ),
    _funder("Green Bank", "bank", instrument="loan"),
    _funder("Sun Bank", "bank", instrument="loan"),
    _funder("Rift Ventures", "impact_investor", instrument="equity"),
    _funder("Baobab Capital", "impact_investor", instrument="loan"),
    _funder("Unknown Trust", "corporate", mark="", url="", verified_on=None, confidence="low"),
)


def investors() -> Case:
    """A list of funders."""
    profile = profile_of(BRIEF, TODAY)
    return Case(
        document(
            section("profile", "Solar Kitchen looks for $60,000."),
            section("candidates", "**Acacia Foundation** [S4] funds clean energy in Kenya."),
            replace(section("to_verify", "- **Unknown Trust**: an idea to verify."), author="code"),
            section("approach", APPROACH),
            document_type="investors",
            references=SOURCES,
            questions=tuple(question.text for question in PLAN.base.questions),
        ),
        has=Structures(funders=ranked_funders(FUNDERS, profile, "en")),
    )


GRANTS = (
    Grant(
        title="Clean energy grants",
        funder="Acacia Foundation",
        eligibility=Eligibility("yes", "Non-profits in Kenya may apply."),
        place="Kenya",
        status="open",
        floor=Decimal(10_000),
        ceiling=Decimal(80_000),
        currency="USD",
        deadline=date(2027, 3, 31),
        countries=frozenset({"KE"}),
        forms=frozenset({"nonprofit"}),
        mark="S4",
        url=SOURCES[3].url,
        fetched_on=date(2026, 11, 23),
    ),
    Grant(
        title="Old call",
        funder="Lake Fund",
        eligibility=Eligibility("unknown", ""),
        place="Kenya",
        status="closed",
        deadline=date(2026, 5, 31),
        mark="S4",
        url=SOURCES[3].url,
        fetched_on=date(2026, 11, 23),
    ),
)


def grant_list() -> Case:
    """A list of grants."""
    profile = profile_of(BRIEF, TODAY)
    return Case(
        document(
            section("profile", "Solar Kitchen looks for $60,000."),
            section("calls", "**Clean energy grants** [S4] are open until 31 March 2027."),
            section("to_verify", "There are none."),
            section("preparation", APPROACH),
            document_type="grants",
            references=SOURCES,
            questions=tuple(question.text for question in PLAN.base.questions),
        ),
        has=Structures(grants=grants.ranked(GRANTS, profile, "en")),
    )


PITCH = """\
Close your eyes and smell the smoke of a school kitchen. Every day, cooks in Kisumu stand in that smoke for \
hours, and they cannot see the end of it. Pupils carry wood instead of books, and the forest around the lake \
still gets smaller. We have met a cook who coughs through every lesson that she cooks for. Solar Kitchen \
changes this with cookers that need nothing but the sun. We bring them to primary schools, and we train the \
cooks who use them. Each school pays a small part, so it looks after what it owns. By the end of our plan, \
sixty schools will cook with affordable and clean energy. Their meals will be warm, and their air will be \
clear. Join us with sixty thousand dollars, and come and taste the first meal."""


def pitch() -> Case:
    """A pitch of sixty seconds."""
    return Case(
        document(section("pitch", PITCH), document_type="pitch"),
        expected=Expected(sections=("pitch",), seconds=60, measured_s=61.0),
    )


GOOD = {
    "roadmap": roadmap,
    "proposal": proposal,
    "investors": investors,
    "grants": grant_list,
    "pitch": pitch,
}
