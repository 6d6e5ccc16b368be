"""The list of investors and funders that may fit."""

from planning.documents.base import DocumentType
from providers.prompt import Passage

DOCUMENT = DocumentType(
    name="investors",
    title="Investors and funders",
    task="""\
List investors and funders that the venture below could approach, in Markdown, 600 to 900 words.

Group them into at least three categories (for example foundations, impact investors, public and \
multilateral programmes, corporate programmes, crowdfunding), each under a heading that begins \
with ##. Name at least two organisations in each category that you are sure exist. For each write:
- its name in bold and what it funds,
- why it may fit, naming the fact of this venture that makes it fit,
- how to approach it,
- "Check first:" with what the founder must verify (eligibility, region, size, whether it is open).
A non-profit cannot sell shares: say so where a funder needs a return.
End with a heading "## Order of approach" and the first five names in the order you would write \
to them, with one reason each. Leave out amounts and deadlines unless a search result states them.""",
    passages=(
        Passage(
            heading="Foundations",
            question="Explain why private foundations could fund {name}.",
            opening="Private foundations may support {name} because",
            otherwise="Private foundations support work like that of {name} when it matches their own goals.",
        ),
        Passage(
            heading="Government and development agencies",
            question="Explain why public agencies could fund {name}.",
            opening="Government and development agencies may support {name} because",
            otherwise="Public agencies support programmes that serve goals to which they are committed.",
        ),
        Passage(
            heading="Companies",
            question="Explain why companies could fund {name}.",
            opening="Companies may support {name} because",
            otherwise="Companies support work that is close to their business or to where they work.",
        ),
        Passage(
            heading="Impact investors",
            question="Explain why impact investors could fund {name}.",
            opening="Impact investors may support {name} if",
            otherwise="Impact investors need a return: they fit only if {name} will earn money.",
            fixed="Search for funders of these goals:\n\n{sdgs}",
        ),
    ),
    query=lambda idea: f"impact investors and funders for {idea.subject} {idea.place}".strip(),
)
