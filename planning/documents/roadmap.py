"""The business plan roadmap: what to do step by step, and when."""

from planning.documents.base import DocumentType
from providers.prompt import Passage

DOCUMENT = DocumentType(
    name="business_plan_roadmap",
    title="Business plan roadmap",
    task="""\
Write the business plan roadmap of the venture below, in Markdown, 900 to 1,300 words.

Parts, each under a heading that begins with ##:
1. Summary: in three sentences, who is helped, how, and what will have changed.
2. Step-by-step plan: 7 to 9 numbered steps in the order in which they are done. Each step has a \
bold name, two or three sentences on what is done and by which role, and a line \
"Done when:" with something that can be checked. Cover the legal set-up, the product or \
programme, the first people served, partners, measuring, the team, and growing. Fundraising is \
not a step here.
3. Timeline: quarter by quarter for the first year and half-year by half-year for the second and \
third. Name the steps that fall into each period. Fundraising belongs here: say what money is \
sought when, and from which kind of source.
4. Measures of success: for each of the founder's goals one line with what is counted, how, and \
how often.
5. Main risks: four risks, each with what is done about it and who watches it.
6. Data needed: what the founder has to find out before the plan can be trusted, as a list.""",
    passages=(
        Passage(
            heading="1. Prepare (months 1 to 3)",
            question="Describe how {name} prepares before it starts.",
            opening="In the first three months, {name} will prepare by",
            otherwise="In the first three months, {name} chooses its legal form, opens its accounts and "
            "agrees with its first partners on who does what.",
        ),
        Passage(
            heading="2. Pilot (months 4 to 6)",
            question="Describe a small first test of {product}.",
            opening="A small pilot will test",
            otherwise="A small pilot tests {product} with the first people and writes down what has to change.",
        ),
        Passage(
            heading="3. Deliver (months 7 to 12)",
            question="Explain how {name} reaches {people}.",
            opening="To reach {people}, {name} will",
            otherwise="{name} offers {product} to {people}, one community after the other.",
        ),
        Passage(
            heading="4. Fundraising, all along",
            question="Explain how {name} pays for its work.",
            opening="To pay for this work, {name} will combine",
            otherwise="To pay for this work, {name} combines grants, gifts and what it can earn itself.",
            fixed="Data needed: what each step costs, and what money is already there.",
        ),
        Passage(
            heading="5. Risks",
            question="Name the main risk for {name} and how to reduce it.",
            opening="The main risk is that",
            otherwise="The main risk is that money or people come later than planned: begin small, and "
            "start each step only when it is paid for.",
        ),
        Passage(
            heading="6. Measure and grow (years 2 and 3)",
            question="Explain how {name} measures its results.",
            opening="To measure its results, {name} will count",
            otherwise="{name} counts its results every quarter and grows where they are best.",
            fixed="Goals to measure, as the founder gave them:\n\n{goals}",
        ),
    ),
    query=lambda idea: f"{idea.subject} {idea.place} programme case study results".strip(),
)
