"""From what a document says to set text: which look a span has, and how lines stand in its language."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from planning.render.prose import Spans
from planning.render.typeset.faces import Style, Typecase
from planning.render.typeset.flow import Form, Text
from planning.render.typeset.lines import Galley, Look

MARK_SIZE, MARK_RISE = 0.72, 0.26  # of the text that a mark stands in
# Scripts with marks above and below their letters need more room between lines.
LOOSER = {"ar": 1.16, "fa": 1.16, "ur": 1.3, "hi": 1.14, "mr": 1.14, "ne": 1.14, "he": 1.05}


@dataclass(frozen=True, slots=True)
class Setter:
    """Sets text in one language with one set of fonts."""

    typecase: Typecase
    language: str
    rtl: bool

    def galley(self, spans: Spans | str, look: Look) -> Galley:
        """*spans* in *look*, each in its own manner; marks are small, raised and linked."""
        if isinstance(spans, str):
            looked = [(spans, look)]
        else:
            looked = [
                (
                    span.text,
                    _mark(look, span.mark)
                    if span.mark
                    else _manner(look, span.is_strong, span.is_emphasis, span.is_struck),
                )
                for span in spans
            ]
        return Galley(looked, self.typecase, rtl=self.rtl)

    def form(
        self,
        leading: float,
        *,
        before: float = 0.0,
        after: float = 0.0,
        indent: float = 0.0,
        side: str = "start",
        keeps_with_next: bool = False,
        is_balanced: bool = False,
    ) -> Form:
        """A `Form` with the *leading* that this language needs."""
        return Form(
            leading=leading * LOOSER.get(self.language.partition("-")[0].lower(), 1.0),
            before=before,
            after=after,
            indent=indent,
            side=side,
            keeps_with_next=keeps_with_next,
            is_balanced=is_balanced,
        )

    def text(self, spans: Spans | str, look: Look, form: Form) -> Text:
        """A paragraph."""
        return Text(self.galley(spans, look), form)

    def width(self, text: str, size: float, is_bold: bool) -> float:
        """The width of *text* on one line: a `drawing.Measure`."""
        look = Look("bold" if is_bold else "regular", size, is_tabular=True)
        return self.galley(text, look).natural_width


def _mark(look: Look, mark: str) -> Look:
    return replace(
        look,
        style="regular",
        size=look.size * MARK_SIZE,
        rise=look.size * MARK_RISE,
        ink="accent",
        target=f"#{mark}",
    )


def _manner(look: Look, is_strong: bool, is_emphasis: bool, is_struck: bool) -> Look:
    if not (is_strong or is_emphasis or is_struck):
        return look
    bold = is_strong or look.style in ("bold", "bold-italic", "display")
    styles: Sequence[Style] = ("regular", "italic", "bold", "bold-italic")
    return replace(look, style=styles[2 * bold + is_emphasis], is_struck=is_struck)
