"""The bodies that ask for sectioned documents; a field that is wrong is named."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal

from fastapi.exceptions import RequestValidationError
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)

from endpoints.requests import IdeaBody, Line
from planning.brief import FIGURES, Brief, Member
from planning.engine.commission import Commission
from planning.engine.outlines import OUTLINES
from planning.idea import Idea
from planning.language import language_of, script_of

LONGEST_CALL = 60_000  # characters of a pasted grant call
LONGEST_EDIT = 20_000
LONGEST_REMARK = 2_000
EARLIEST, LATEST = timedelta(days=366), timedelta(days=5 * 366)  # around today, for a start
MOST_MONEY = 10**13
LANGUAGE_OF_SCRIPT = {"Cyrillic": "ru", "Arabic": "ar", "Devanagari": "hi"}

Seconds = Literal[30, 45, 60, 90]


def _country(code: str) -> str:
    from babel import Locale

    known = Locale("en").territories
    if len(code) != 2 or not code.isalpha() or code.upper() not in known or code.upper() in NOWHERE:
        raise ValueError("has to be an ISO 3166 code of two letters, such as KE")
    return code.upper()


def _currency(code: str) -> str:
    from babel.numbers import is_currency

    if len(code) != 3 or not is_currency(code.upper()):
        raise ValueError("has to be an ISO 4217 code, such as KES")
    return code.upper()


def _language(tag: str) -> str:
    from babel import Locale, UnknownLocaleError

    try:
        locale = Locale.parse(tag.replace("_", "-"), sep="-")
    except (UnknownLocaleError, ValueError, TypeError):
        raise ValueError(
            "has to be a BCP 47 tag of a known language, such as es or pt-BR"
        ) from None
    return "-".join(filter(None, (locale.language, locale.script, locale.territory)))


def _start(day: date) -> date:
    today = datetime.now(UTC).date()
    if not today - EARLIEST <= day <= today + LATEST:
        raise ValueError("has to lie between a year ago and five years ahead")
    return day


NOWHERE = frozenset({"EU", "EZ", "UN", "XA", "XB", "ZZ", "QO"})  # codes that are no country
Country = Annotated[str, AfterValidator(_country)]
Currency = Annotated[str, AfterValidator(_currency)]
Language = Annotated[str, StringConstraints(max_length=35), AfterValidator(_language)]
StartDate = Annotated[date, Field(strict=False), AfterValidator(_start)]
ShortLine = Annotated[str, StringConstraints(max_length=200)]
Amount = Annotated[int | float, Field(ge=0, le=MOST_MONEY, allow_inf_nan=False)]


class SketchOfAnIdea(IdeaBody):
    """The founder's idea. Every field may be left out, but something has to be said."""

    name: Line = ""
    mission: Annotated[str, StringConstraints(max_length=10_000)] = ""
    goals: Annotated[list[Line], Field(max_length=100, default_factory=list)]
    targetMarket: Annotated[dict[str, Any], Field(max_length=100, default_factory=dict)]  # noqa: N815 - the wire's name
    primaryProduct: Line = ""  # noqa: N815 - the wire's name
    sdgs: Annotated[list[Line], Field(max_length=50, default_factory=list)]

    @model_validator(mode="after")
    def _says_something(self) -> "SketchOfAnIdea":
        if not any(text.strip() for text in (self.name, self.mission, self.primaryProduct)):
            raise ValueError("name, mission or primaryProduct has to say something")
        return self


class MemberBody(BaseModel):
    """Somebody of the team; without a name the role is still open."""

    model_config = ConfigDict(strict=True, extra="forbid")

    role: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    name: ShortLine = ""


EXAMPLE: dict[str, Any] = {
    "idea": {
        "name": "Udongo Hai",
        "mission": "Help small farmers in Kisumu test their soil and harvest more",
        "goals": ["Test the soil of 2,400 farms each year", "Train 60 young people by 2028"],
        "targetMarket": {"geography": "Kisumu, Kenya", "size": "38,000 farms"},
        "primaryProduct": "Soil tests by phone",
        "sdgs": ["SDG 2", "SDG 15"],
    },
    "country": "KE",
    "language": "en",
    "currency": "KES",
    "team": [{"role": "Director", "name": "Achieng Odhiambo"}, {"role": "Soil scientist"}],
    "figures": {"opening_cash": 450000, "price": 600, "units_per_month": 200},
}


class BriefBody(BaseModel):
    """What a sectioned document is asked for with. Only the idea is needed.

    *language* is that of the mission if it is not given, *currency* that of the country. *edited*
    are sections that are yours already, as Markdown by their ids: they are kept as they are.
    """

    model_config = ConfigDict(strict=True, extra="forbid", json_schema_extra={"example": EXAMPLE})

    idea: SketchOfAnIdea
    country: Country | None = None
    language: Language | None = None
    currency: Currency | None = None
    startDate: StartDate | None = None  # noqa: N815 - as the idea's own names are written
    team: Annotated[list[MemberBody], Field(max_length=30)] = []
    figures: Annotated[dict[str, Amount], Field(max_length=len(FIGURES))] = {}
    call: Annotated[str, StringConstraints(max_length=LONGEST_CALL)] = ""
    seconds: Seconds | None = None
    edited: Annotated[
        dict[str, Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_EDIT)]],
        Field(max_length=40),
    ] = {}

    @field_validator("figures")
    @classmethod
    def _known_figures(cls, figures: dict[str, Any]) -> dict[str, Any]:
        if unknown := [name for name in figures if name not in FIGURES]:
            raise ValueError(
                f"there is no figure {unknown[0][:40]!r}; there are {', '.join(FIGURES)}"
            )
        return figures

    def brief(self, start: date) -> Brief:
        """The brief; a plan without a day of its own begins at *start*."""
        idea = self.idea.idea()
        return Brief(
            idea=idea,
            start=self.startDate or start,
            country=self.country or "",
            language=self.language or spoken_in(idea),
            currency=self.currency or _currency_of(self.country),
            team=tuple(Member(member.role, member.name) for member in self.team),
            figures={name: _decimal(value) for name, value in self.figures.items()},
            call=self.call.strip(),
        )

    def commission(self, document_type: str, start: date) -> Commission:
        """What is asked for. Raises `RequestValidationError` for what the document does not have."""
        if self.seconds is not None and document_type != "pitch":
            raise wrong("seconds", "only a pitch has a length in seconds")
        known = {part.id for part in OUTLINES[document_type].parts}
        if unknown := [part_id for part_id in self.edited if part_id not in known]:
            raise wrong(
                "edited",
                f"the document has no section {unknown[0][:40]!r}; it has {', '.join(sorted(known))}",
            )
        return Commission(
            type=document_type,
            brief=self.brief(start),
            edited=self.edited,
            seconds=self.seconds or 60,
        )


class RewriteBody(BaseModel):
    """Which document's section is to change: what to say about it, or the section as it is to be.

    A *remark* has a model write it again. *markdown* is the founder's own text, which costs no call.
    """

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        json_schema_extra={
            "example": {"run": "3f0c…", "remark": "Say more about the rainy season."}
        },
    )

    run: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
    remark: Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_REMARK)] | None = None
    markdown: Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_EDIT)] | None = None

    @model_validator(mode="after")
    def _says_one_thing(self) -> "RewriteBody":
        if (self.remark is None) == (self.markdown is None):
            raise ValueError("give either remark or markdown")
        return self


def spoken_in(idea: Idea) -> str:
    """The language in which the founder wrote, as far as it can be told; English otherwise."""
    text = " ".join([idea.mission, *idea.goals, idea.primary_product])
    return language_of(text) or LANGUAGE_OF_SCRIPT.get(script_of(text), "en")


def wrong(field: str, message: str) -> RequestValidationError:
    """What says that a *field* of the body is wrong."""
    error = {"type": "value_error", "loc": ("body", field), "msg": f"Value error, {message}"}
    return RequestValidationError([error])


def _currency_of(country: str | None) -> str:
    """The currency of *country* today; dollars where none is known."""
    if country is None:
        return "USD"
    from babel.numbers import get_territory_currencies

    found = get_territory_currencies(country)
    return str(found[0]) if found else "USD"


def _decimal(value: float) -> Decimal:
    return Decimal(str(value))
