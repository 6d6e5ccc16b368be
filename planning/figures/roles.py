"""The roles of a plan: those of the team, and the ones that are still open. Pure."""

import re
from dataclasses import dataclass

from planning.brief import Brief
from planning.figures.plain import plain
from planning.wording import words_in

MOST_ROLES = 12
FINANCE = re.compile(
    r"financ|finanz|account|treasur|bookkeep|budget|tesor|tesour|contab|compta|trésor|buchhalt|kasse"
    r"|финанс|бухгалт|казнач|مالي|محاسب|أمين الصندوق|वित्त|लेखा|कोषाध्यक्ष",
    re.IGNORECASE,
)
EVALUATION = re.compile(
    r"monitor|evaluat|learning|research|m&e|impact|evaluaci|seguimiento|évaluat|suivi|avalia"
    r"|wirkung|evaluation|монитор|оценк|رصد|تقييم|निगरानी|मूल्यांकन",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Roles:
    """Who does what kind of work. *team* are the roles that the founder names, *open_roles* those,
    of the team or beside it, that have nobody yet.
    """

    lead: str
    programme: str
    finance: str
    evaluation: str
    team: tuple[str, ...]
    open_roles: tuple[str, ...]

    @property
    def all(self) -> tuple[str, ...]:
        """Every role, each once."""
        return tuple(dict.fromkeys((*self.team, *self.open_roles)))


def team_roles(brief: Brief) -> tuple[str, ...]:
    """The roles that the founder names, each once."""
    roles = (plain(member.role, 60) for member in brief.team)
    return tuple(dict.fromkeys(role for role in roles if role))[:MOST_ROLES]


def roles_of(brief: Brief) -> Roles:
    """The team's roles, each given the kind of work that its name tells, and open ones for the rest.

    The first role leads; what no name tells goes to the others in their order.
    """
    words, team = words_in(brief.language), team_roles(brief)
    held = {plain(member.role, 60) for member in brief.team if plain(member.name, 60)}
    rest = list(team[1:])
    finance = next((role for role in rest if FINANCE.search(role)), "")
    evaluation = next((role for role in rest if EVALUATION.search(role)), "")
    free = [role for role in rest if role not in {finance, evaluation}]
    given = {
        "lead": team[0] if team else "",
        "programme": free[0] if free else "",
        "finance": finance,
        "evaluation": evaluation or (free[1] if len(free) > 1 else ""),
    }
    named = {kind: role or words(f"figures.role_{kind}") for kind, role in given.items()}
    return Roles(
        **named,
        team=team,
        open_roles=tuple(
            role for role in dict.fromkeys((*named.values(), *team)) if role not in held
        ),
    )
