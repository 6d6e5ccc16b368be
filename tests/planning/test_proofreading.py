"""What of a letter is worth a second call, and that it is made only when it keeps nobody waiting."""

import pytest

from cache import Freshness
from planning.documents import DOCUMENTS, pitch, roadmap
from planning.idea import Idea
from planning.planner import Planner
from planning.proofreading import again, faults
from planning.research import Findings
from providers.completion import Completion
from providers.errors import FailureKind
from tests.doubles import TurnedClock
from tests.planning.engine.authors import Author, planner

ENGLISH = Idea(
    "Sun", "Bring clean water to the villages in the north of the country", (), {}, "", ()
)
WHOLE = "The villages in the north have had no clean water since the wells fell dry. " * 6
SPOKEN = "Today too many people in the north still walk for hours to fetch their water. " * 6


def answer(text: str, finish: str = "stop") -> Completion:
    return Completion(text, "length" if finish == "length" else "stop", "m")


def test_a_good_letter_has_no_faults() -> None:
    assert faults(answer(WHOLE), roadmap.DOCUMENT, ENGLISH) == ()
    assert faults(answer(SPOKEN), pitch.DOCUMENT, ENGLISH) == ()


@pytest.mark.parametrize(
    ("text", "finish", "says"),
    [
        (WHOLE, "length", "cut off"),
        (f"{WHOLE} [Insert name]", "stop", "does not belong"),
        (f"As an AI language model I can help. {WHOLE}", "stop", "does not belong"),
    ],
)
def test_what_cannot_go_out_is_told(text: str, finish: str, says: str) -> None:
    found = faults(answer(text, finish), roadmap.DOCUMENT, ENGLISH)
    assert len(found) == 1
    assert says in found[0]


def test_a_letter_in_another_language_is_at_fault() -> None:
    mission = (
        "Llevar agua limpia a las aldeas del norte, donde las mujeres y los niños caminan cada día"
        " hasta el río para que la familia tenga con qué cocinar"
    )
    spanish = Idea("Sol", mission, (), {}, "", ())
    found = faults(answer(WHOLE), roadmap.DOCUMENT, spanish)
    assert found
    assert found[0].startswith("It is not in the language")


@pytest.mark.parametrize("words", [20, 400])
def test_a_pitch_that_does_not_fit_its_time_is_at_fault(words: int) -> None:
    text = " ".join(["water"] * words)
    assert "can be spoken" in faults(answer(text), pitch.DOCUMENT, ENGLISH)[0]
    assert faults(answer(text), roadmap.DOCUMENT, ENGLISH) == ()


def test_the_second_call_says_what_was_wrong_and_asks_no_embedded_model() -> None:
    prompt = roadmap.DOCUMENT.frame(ENGLISH, Findings())
    told = again(prompt, answer("half"), ["It was cut off."])
    assert [message.role for message in told.messages[-2:]] == ["assistant", "user"]
    assert "It was cut off." in told.messages[-1].text
    assert told.sketch is None


@pytest.mark.anyio
class TestWriting:
    """The planner, with a model that is at fault the first time."""

    async def write(self, made: Planner, **more: object) -> str:
        """A roadmap."""
        return (await made.write(roadmap.DOCUMENT, ENGLISH, **more)).text  # type: ignore[arg-type]  # passed on

    async def test_a_letter_at_fault_is_written_again_once(self) -> None:
        author = Author(script=["Here is [Insert text]", WHOLE, "a third"])
        made = planner(author)
        assert WHOLE.strip() in await self.write(made)
        assert author.calls == 2

    async def test_an_equal_request_gets_the_mended_text_for_nothing(self) -> None:
        author = Author(script=["Here is [Insert text]", WHOLE])
        made = planner(author)
        first = await self.write(made)
        written = await made.write(roadmap.DOCUMENT, ENGLISH)
        assert (written.text, written.routed.cache, author.calls) == (first, "HIT", 2)

    async def test_it_is_not_written_again_when_the_slot_is_far(self) -> None:
        """With one key and the usual interval the caller would wait another minute."""
        author = Author(script=["Here is [Insert text]", WHOLE])
        made = planner(author, interval_s=60)
        assert "[Insert text]" in await self.write(made)
        assert author.calls == 1

    async def test_it_is_not_written_again_when_the_caller_has_no_time(self) -> None:
        author = Author(script=["Here is [Insert text]", WHOLE])
        assert "[Insert text]" in await self.write(planner(author), timeout_s=15.0)
        assert author.calls == 1

    async def test_a_second_text_that_is_no_better_is_not_used(self) -> None:
        author = Author(script=["First [Insert text]", "Second [Insert text]"])
        assert "First" in await self.write(planner(author))

    async def test_when_the_second_call_fails_the_first_text_stands(self) -> None:
        author = Author(script=["First [Insert text]", FailureKind.GENERATION])
        assert "First" in await self.write(planner(author))

    async def test_what_must_not_be_stored_is_not(self) -> None:
        author = Author(script=["First [Insert text]", WHOLE, "First [Insert text]", WHOLE])
        made = planner(author)
        for _ in range(2):
            await made.write(roadmap.DOCUMENT, ENGLISH, Freshness(may_store=False))
        assert author.calls == 4


def test_every_letter_can_be_proofread(clock: TurnedClock) -> None:
    for document in DOCUMENTS:
        assert isinstance(faults(answer(WHOLE), document, ENGLISH), tuple)
