"""What a pasted call asks for: quoted, checked against the call, mapped to parts, and never more than it says."""

import pytest

from planning.engine.fence import Fences
from planning.engine.outlines import PROPOSAL
from planning.engine.requirements import (
    MOST_OWN_PARTS,
    Requirement,
    RequirementsSpec,
    found_by_words,
    outline_for,
)
from planning.figures.spec import Unusable

FENCES = Fences(b"secret")
CALL = (
    "Applicants must be registered non-profits. The statement of need may have at most 300 words."
    " The budget must not exceed 4,000 characters. We like clarity."
)


def test_a_call_without_a_model_is_read_by_its_words() -> None:
    found = found_by_words(CALL, "en")
    by_part = {each.part: each for each in found}
    assert by_part["need"].words == 300
    assert by_part["budget"].characters == 4_000
    assert not any("clarity" in each.quote for each in found)


def test_only_what_stands_in_the_call_was_asked_for() -> None:
    rows = [
        {
            "quote": "the STATEMENT of need may have at most 300 words",
            "kind": "section",
            "part": "need",
        },
        {"quote": "Send us all your money", "kind": "other"},
    ]
    found = RequirementsSpec(CALL).read(rows)
    assert [each.part for each in found] == ["need"]


def test_an_answer_that_quotes_nothing_of_the_call_is_unusable() -> None:
    with pytest.raises(Unusable, match="word for word"):
        RequirementsSpec(CALL).read([{"quote": "Send us all your money", "kind": "other"}])


def test_a_limit_shortens_its_part_and_never_lengthens_it() -> None:
    outline, _ = outline_for(PROPOSAL, found_by_words(CALL, "en"), FENCES)
    usual = PROPOSAL.part("need")
    need = outline.part("need")
    assert need
    assert usual
    assert need.words[1] <= min(300, usual.words[1])
    assert need.words[0] <= need.words[1]


def test_a_section_that_no_part_answers_becomes_one_of_its_own_up_to_a_few() -> None:
    asked = [
        Requirement(quote=f"Describe how elephants number {n} are fed", kind="section")
        for n in range(9)
    ]
    outline, answered = outline_for(PROPOSAL, asked, FENCES)
    own = [part.id for part in outline.parts if part.id.startswith("call_")]
    assert len(own) == MOST_OWN_PARTS
    assert sum(each.part.startswith("call_") for each in answered) == MOST_OWN_PARTS
    assert [part.id for part in outline.parts][-2:] == ["compliance", "ai_use"]
    added = outline.part("call_1")
    assert added
    assert "<<call " in added.ask


def test_who_may_apply_is_no_section() -> None:
    asked = [Requirement(quote="Applicants must be registered organisations", kind="eligibility")]
    _, answered = outline_for(PROPOSAL, asked, FENCES)
    assert answered[0].part == ""


def test_without_a_call_the_standard_set_stands() -> None:
    assert outline_for(PROPOSAL, (), FENCES) == (PROPOSAL, ())
