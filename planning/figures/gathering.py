"""What the founder said, as facts, and what is missing, as questions: the beginning of every fact base. Pure."""

from planning.brief import Brief
from planning.facts import FactBase


def facts_said(brief: Brief) -> FactBase:
    """The fact base of *brief* before anything is computed.

    Facts: `name`, `mission`, `product`, `people`, `place`, `country`, `start`; `goal.1` (its text),
    `goal.1.number`, `goal.1.by`; `market.size`; each of `FIGURES` under its own name; `team.1`;
    `sdg.6`. Questions have the id of the fact that would answer them.
    """
    raise NotImplementedError
