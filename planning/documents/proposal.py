"""The grant proposal, in its ten customary parts."""

from planning.documents.base import DocumentType
from providers.prompt import Passage

DOCUMENT = DocumentType(
    name="getGrantProposal",
    title="Grant proposal",
    task="""\
Write a grant proposal for the venture below, in Markdown, 1,200 to 1,700 words, with these ten \
parts in this order, each under a heading that begins with ##:
1. Executive Summary: problem, approach, who benefits, the outcome, what is asked for.
2. Problem Statement: the need, for whom and where.
3. Proposed Approach: what is done, and why it should work.
4. Goals and Objectives: the founder's goals, each made specific, with a number, a date and the \
people it concerns.
5. Implementation Plan and Timeline: activities by quarter, each with the role that owns it.
6. Expected Outcomes and Measurement: for each objective what is measured, with which tool, how \
often, and by whom.
7. Budget: the lines a funder expects (people, activities, equipment, travel, evaluation, indirect \
costs), each with the activity that it pays for. Write "Data needed" instead of an amount that \
the founder has not given.
8. Team: the roles that are needed and what each must know. No invented names.
9. Sustainability: at least two ways in which the work is paid for after the grant.
10. Conclusion: two sentences, with the request.""",
    passages=(
        Passage(
            heading="Problem Statement",
            question="Explain the problem that {name} addresses.",
            opening="The problem that {name} addresses is",
            otherwise="Data needed: the problem in figures, for the place where {name} works.",
        ),
        Passage(
            heading="Proposed Approach",
            question="Describe the project of {name}: {product}.",
            opening="With this grant, {name} will",
            otherwise="With this grant, {name} will offer {product}.",
        ),
        Passage(
            heading="Who Benefits",
            question="Explain who benefits from {name}.",
            opening="The people who benefit are",
            otherwise="The people who benefit are {people}.",
        ),
        Passage(
            heading="Goals and Measurement",
            question="Explain how {name} measures its results.",
            opening="To measure its results, {name} will count",
            otherwise="{name} measures each goal every quarter.",
            fixed="The goals, as the founder gave them:\n\n{goals}",
        ),
        Passage(
            heading="Budget",
            question="Explain what {name} needs money for.",
            opening="The budget of {name} pays for",
            otherwise="The budget pays for the people, materials and travel that the activities need.",
            fixed="Data needed: the amount of each line, and the sum that is asked for.",
        ),
        Passage(
            heading="Sustainability",
            question="Explain how the work of {name} continues after the grant.",
            opening="After the grant ends, {name} will continue to",
            otherwise="Data needed: at least two ways in which the work is paid for after the grant.",
        ),
    ),
    query=lambda idea: f"{idea.subject} need statistics {idea.place}".strip(),
)
