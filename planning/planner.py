"""From an idea to a document: search, frame, ask, and lay out the answer."""

from dataclasses import dataclass

from answers import Routed
from cache import ANY_FRESH, Freshness
from planning.documents.base import DocumentType
from planning.idea import Idea
from planning.letter import letter, spoken
from planning.research import Findings, Search
from providers.prompt import Prompt
from router import Router


@dataclass(frozen=True, slots=True)
class Written:
    """A document's text, and how it came about."""

    text: str
    routed: Routed


@dataclass(frozen=True, slots=True)
class Planner:
    """Writes documents with what the router and the search give."""

    router: Router
    search: Search

    async def write(
        self,
        document: DocumentType,
        idea: Idea,
        freshness: Freshness = ANY_FRESH,
        timeout_s: float | None = None,
    ) -> Written:
        """Write *document* about *idea*. Raises what `Router.complete` raises."""

        async def frame() -> Prompt:
            if document.query is None:
                return document.frame(idea, Findings())
            return document.frame(idea, await self.search.find(document.query(idea), freshness))

        routed = await self.router.complete(
            document.key(idea), frame, name=document.name, freshness=freshness, timeout_s=timeout_s
        )
        text = routed.completion.text
        return Written(
            letter(
                text if document.query else spoken(text),
                Findings.from_json(routed.notes) if document.query else None,
                is_draft=routed.is_draft,
                is_cut=routed.completion.finish_reason == "length",
            ),
            routed,
        )
