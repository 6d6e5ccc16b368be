"""The outlines of the six types of document, as data; a model never makes them."""

from planning.engine.outline import SUMMARY, Outline, Part

PLACE = ("name", "mission", "product", "people", "place", "country", "goal.")
MONEY = ("finance.", "opening_cash", "launch_costs", "funding_sought", "grants_secured")

SUMMARY_OF_A_PLAN = Part(
    id=SUMMARY,
    words=(110, 200),
    facts=(*PLACE, *MONEY, "beneficiaries", "schedule."),
    ask="""\
The executive summary, for somebody who reads nothing else: the need, who is helped and where, what \
the venture does, what will have changed by the end of the plan, what it costs and how that is paid \
for, and what is asked of the reader. Say only what the sections below say.""",
)
PROBLEM = Part(
    id="problem",
    words=(110, 200),
    facts=("people", "place", "country", "market.", "beneficiaries"),
    topics=("need", "local"),
    ask="""\
The problem and the people who have it: what is wrong, for whom, where, since when, and what it costs \
them. Begin with what the sources say about this place; where they say nothing about it, say so in \
one sentence and name what has to be found out. Do not describe the solution.""",
)
PROGRAMME = Part(
    id="programme",
    words=(110, 200),
    facts=(*PLACE, "price", "units_per_month", "beneficiaries", "schedule."),
    ask="""\
The product or programme: what the people served get, step by step, how often, from whom, and what \
is needed to give it. Then why this should work, and what would show early that it does not.""",
)
MARKET = Part(
    id="market",
    words=(110, 200),
    facts=("people", "place", "country", "market.", "price", "units_per_month", "beneficiaries"),
    topics=("market", "need", "local"),
    ask="""\
The market or need analysis: how many people are concerned, how many of them the venture can reach \
and why no more, who decides and who pays, and which trend helps or hinders it. Every size is a fact \
or stands in a source.""",
)
ALTERNATIVES = Part(
    id="alternatives",
    words=(80, 150),
    facts=("product", "people", "place", "price"),
    topics=("market",),
    ask="""\
The alternatives: what the people served do today instead, which kinds of organisation offer \
something similar, and in what this venture differs. Also what the alternatives do better. Name an \
organisation only if a source names it.""",
)
OPERATIONS = Part(
    id="operations",
    words=(110, 200),
    facts=("country", "place", "team.", "schedule.", "monthly_staff_costs", "monthly_other_costs"),
    ask="""\
Operations and legal set-up: the legal forms that fit in this country and which one to choose, the \
registrations, permits and protection of people and data that the work needs, then places, suppliers, \
and the week of the team. Name the country, and say of each legal step that it has to be confirmed \
with a local lawyer or the authority.""",
)
TEAM = Part(
    id="team",
    words=(80, 150),
    facts=("team.",),
    figures=("raci",),
    ask="""\
Team and governance: the roles that there are and those still open, what each has to be able to do, \
who decides what, and who looks after the decisions (a board or advisers). Name only people that the \
founder names; say nothing of anybody's past.""",
)
FUNDING = Part(
    id="funding",
    words=(90, 160),
    facts=(*MONEY, "grant_request", "monthly_donations", "budget.", "schedule."),
    ask="""\
The funding: how much is needed until when, what is there already, which kinds of money fit in which \
order (gifts, grants, earned income, loans, shares only if the legal form allows them), what each is \
used for, and what is done if it comes late.""",
)
MILESTONES = Part(id="milestones", facts=("schedule.",), figures=("schedule",))
INDICATORS = Part(id="indicators", figures=("indicators",))
SDG = Part(id="sdg", figures=("sdg",))
FINANCES = Part(id="finances", facts=MONEY, figures=("finance",))
RISKS = Part(id="risks", figures=("risks",))
NEXT_STEPS = Part(id="next_steps", figures=("first_steps",))

ROADMAP = Outline(
    type="roadmap",
    purpose="a three-year roadmap with which a founder can begin tomorrow",
    parts=(
        SUMMARY_OF_A_PLAN,
        PROBLEM,
        Part(
            id="theory",
            words=(90, 170),
            facts=(*PLACE, "beneficiaries", "sdg."),
            figures=("theory",),
            ask="""\
Mission and theory of change: the mission in one sentence, then how the work leads to what people do \
and have afterwards, and from there to the lasting change. Name what has to be true for each step, and \
which of these assumptions is the riskiest.""",
        ),
        PROGRAMME,
        MARKET,
        ALTERNATIVES,
        OPERATIONS,
        TEAM,
        MILESTONES,
        INDICATORS,
        SDG,
        FINANCES,
        FUNDING,
        RISKS,
        NEXT_STEPS,
    ),
)

BUSINESS_PLAN = Outline(
    type="business_plan",
    purpose="a full business plan for a bank, a board or an investor",
    repairs=4,
    parts=(
        SUMMARY_OF_A_PLAN,
        Part(
            id="company",
            words=(90, 170),
            facts=(*PLACE, "start", "team.", "sdg."),
            ask="""\
The venture: what it is, for whom and where, its mission and its goals, its legal form or the one that \
it plans, at which stage it is now, and what makes it able to succeed. Claim no past that the founder \
has not told.""",
        ),
        PROBLEM,
        MARKET,
        ALTERNATIVES,
        PROGRAMME,
        Part(
            id="marketing",
            words=(100, 190),
            facts=("people", "place", "price", "units_per_month", "market.", "beneficiaries"),
            topics=("market",),
            ask="""\
Marketing and sales: how the people served and those who pay learn of the venture, why they trust it, \
what they pay and why that much, which two channels are tried first, and what decides whether a \
channel is kept.""",
        ),
        OPERATIONS,
        TEAM,
        MILESTONES,
        INDICATORS,
        SDG,
        FINANCES,
        FUNDING,
        RISKS,
        NEXT_STEPS,
    ),
)

PROPOSAL = Outline(
    type="proposal",
    purpose="a grant proposal that a funder's reviewer scores against the call",
    parts=(
        Part(
            id=SUMMARY,
            words=(110, 200),
            facts=("grant_request", "beneficiaries", "start", "budget.", *PLACE, "schedule."),
            ask="""\
The summary of the proposal: the problem, what is done about it, who benefits and how many, the \
outcome by the end of the grant, the sum that is asked for and the period. Say only what the sections \
below say.""",
        ),
        Part(
            id="need",
            words=(150, 280),
            facts=("people", "place", "country", "market.", "beneficiaries"),
            topics=("need", "local"),
            ask="""\
The need: the situation of these people in this place, with at least three facts from the sources if \
they give that many and one of them about this place or country; what causes it; what is done about it \
already and why that is not enough. Where no source speaks of the place, say which figure is still to \
be found.""",
        ),
        Part(
            id="objectives",
            words=(110, 200),
            facts=("goal.", "beneficiaries", "indicators.", "schedule.", "people"),
            ask="""\
Goals and objectives: the founder's goals as objectives that are specific, with a number, a date and \
the people concerned; each as a point of its own, with the activity that leads to it. Where the number \
or the baseline is missing, say that it is measured, and by when.""",
        ),
        Part(
            id="method",
            words=(130, 240),
            facts=("product", "people", "place", "schedule.", "team."),
            figures=("schedule",),
            ask="""\
Method and work plan: what is done in which order and by which role, why this method fits these people, \
how they take part in decisions, and what is done when a step is late. The table of activities with \
its dates stands below; do not repeat it.""",
        ),
        Part(
            id="evaluation",
            words=(90, 170),
            facts=("goal.", "beneficiaries", "indicators."),
            figures=("indicators",),
            ask="""\
Evaluation: what is measured for each objective, with which tool, how often and by whom, how the data \
are protected, and what is changed when the figures are bad. The table of indicators stands below; do \
not repeat it.""",
        ),
        Part(
            id="organisation",
            words=(80, 150),
            facts=("name", "mission", "place", "country", "team.", "annual_budget"),
            figures=("raci",),
            ask="""\
The organisation: only what the founder has said of it: who it is, where it works, its people and \
their roles, and who answers for the grant. No track record, partners or awards that are not stated; \
where a funder will ask for them, say which papers will show them.""",
        ),
        Part(
            id="budget",
            words=(90, 170),
            facts=("budget.", "grant_request", "annual_budget"),
            figures=("budget",),
            ask="""\
The budget narrative: what the money pays for, by group of costs, why each is needed for the \
activities, what others contribute, and how indirect costs are counted. The table of lines stands \
below; do not repeat it.""",
        ),
        Part(
            id="sustainability",
            words=(80, 150),
            facts=(*MONEY, "price", "units_per_month", "monthly_donations"),
            ask="""\
Sustainability: at least two ways in which the work is paid for after the grant, each with its amount \
if it is a fact, and otherwise with what has to be found out; and what stays with the people served \
even if the money ends.""",
        ),
        SDG,
        RISKS,
        Part(id="conclusion", facts=("budget.", "grant_request", "beneficiaries")),
        Part(id="attachments"),
        Part(id="ai_use"),
    ),
)

INVESTORS = Outline(
    type="investors",
    purpose="a list of investors and funders, with the reasons why each may fit",
    lists="funders",
    repairs=1,
    parts=(
        Part(id="profile", facts=(*MONEY, "sdg.")),
        Part(id="candidates", topics=("funders",), figures=("candidates",)),
        Part(id="to_verify", figures=("to_verify",)),
        Part(
            id="approach",
            words=(110, 200),
            facts=(*PLACE, "funding_sought", "finance."),
            topics=("funders",),
            ask="""\
How to approach them: in which order and why, what the first message says, which three papers are \
ready before it is sent, how to ask for an introduction, and what to do after a no. Speak of kinds of \
funders and of the names in the list; add no others.""",
        ),
    ),
)

GRANTS = Outline(
    type="grants",
    purpose="a list of grants, with who may apply, until when and for how much",
    lists="grants",
    repairs=1,
    parts=(
        Part(id="profile", facts=("grant_request", "annual_budget", "sdg.")),
        Part(id="calls", topics=("grants",), figures=("calls",)),
        Part(id="to_verify", figures=("to_verify",)),
        Part(
            id="preparation",
            words=(110, 200),
            facts=(*PLACE, "grant_request", "annual_budget", "team."),
            topics=("grants",),
            ask="""\
Before applying: the registrations and papers that most funders ask for in this country, those that \
take weeks first; what to check on a funder's own site before writing a line; how much work one \
application is; and which questions the founder has to be able to answer. Speak of the grants in the \
list; add no others.""",
        ),
    ),
)

PITCH = Outline(
    type="pitch",
    purpose="an elevator pitch, to be spoken to somebody who has never heard of the venture",
    repairs=1,
    parts=(
        Part(
            id="pitch",
            words=(125, 150),
            facts=(*PLACE, "beneficiaries", "funding_sought", "sdg."),
            tier=1,
            temperature=0.7,
            ask="""\
The pitch itself, as plain text to be spoken, in this order: a first sentence that makes a stranger \
listen; the problem; what the venture does, with its name; what changes, naming one of the founder's \
Sustainable Development Goals in words; and as the last sentence one clear request. Sentences of at \
most eighteen words. At most three numbers, each as a fact. No headings, lists, asterisks, emoji, \
addresses, stage directions or marks of sources.""",
        ),
    ),
)

OUTLINES: dict[str, Outline] = {
    outline.type: outline
    for outline in (ROADMAP, BUSINESS_PLAN, INVESTORS, GRANTS, PROPOSAL, PITCH)
}
