"""The list of organisations that give grants."""

from planning.documents.base import DocumentType
from providers.prompt import Passage

DOCUMENT = DocumentType(
    name="grantInfo",
    title="Grant givers",
    task="""\
List organisations that give grants for work like that of the venture below, in Markdown, 600 to \
900 words.

Name six to ten that you are sure exist, each under a heading that begins with ###, and for each:
- what kind of organisation it is and what it gives grants for,
- who may apply, as far as it is known, and whether this venture seems to qualify: \
yes, no or unknown, with the reason,
- the Sustainable Development Goals of the venture that it matches,
- what to prepare before applying,
- "Check first:" with what must be verified on its own site (deadline, amount, region, form).
Write a deadline or an amount only if a search result states it; otherwise write "unknown".
End with a heading "## Before you apply": the papers and registrations most of them ask for, with \
those that take weeks first.""",
    passages=(
        Passage(
            heading="Where to look",
            question="Explain where {name} should look for grants.",
            opening="{name} should look for grants from",
            otherwise="{name} should look at foundations and public programmes that fund {product}.",
            fixed="Funders often sort their calls by these goals:\n\n{sdgs}",
        ),
        Passage(
            heading="Check that a grant fits",
            question="Explain how {name} checks that a grant fits.",
            opening="Before applying, {name} should check",
            otherwise="Before applying, check who may apply, where, for what, how much, and until when.",
        ),
        Passage(
            heading="Explain the fit",
            question="Explain how {name} shows a funder that its mission fits.",
            opening="In its application, {name} should explain",
            otherwise="In the application, say in the funder's own words which of its goals {name} serves.",
        ),
        Passage(
            heading="Prepare early",
            question="List the documents that {name} prepares before applying for a grant.",
            opening="Before applying, {name} should prepare a budget,",
            otherwise="Prepare a budget, the registration papers, last year's accounts and letters of support.",
        ),
    ),
    query=lambda idea: f"grants for {idea.subject} {idea.place} non-profit".strip(),
)
