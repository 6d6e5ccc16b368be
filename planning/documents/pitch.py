"""The elevator pitch, written to be spoken in 30 to 60 seconds."""

from planning.documents.base import DocumentType
from providers.prompt import Passage

DOCUMENT = DocumentType(
    name="generatePitchText",
    title="Elevator pitch",
    task="""\
Write the elevator pitch of the venture below: plain text to be spoken aloud in under a minute, \
90 to 130 words.

In this order: a first sentence that makes a stranger listen; the problem; what the venture does, \
with its name; what changes, naming one of the founder's Sustainable Development Goals in words; \
one clear request as the last sentence.
Sentences of at most 20 words. At most three numbers, spelled as they are spoken. No headings, \
lists, asterisks, emoji, stage directions or quotation marks. Where a fact is missing leave it \
out; do not write "Data needed".""",
    passages=(
        Passage(
            heading="",
            question="Explain in one sentence the problem that {name} solves.",
            opening="Today, too many people",
            otherwise="The problem it works on is still waiting for people who act.",
        ),
        Passage(
            heading="",
            question="Explain in one sentence what {name} does: {product}.",
            opening="{name} changes this by",
            otherwise="{name} changes this with {product}.",
        ),
        Passage(
            heading="",
            question="Explain in one sentence how {name} helps {people}.",
            opening="We work with {people} to",
            otherwise="We work with {people}, so that what we build stays.",
        ),
        Passage(
            heading="",
            question="Invite the listener to join {name} in one sentence.",
            opening="With your support, {name} can",
            otherwise="Give us an hour, and we will show you how you can help.",
        ),
    ),
    query=None,
    max_tokens=1024,
    temperature=0.7,
    preface="{introduction}",
    sentences=1,
    least_tier=1,
)
