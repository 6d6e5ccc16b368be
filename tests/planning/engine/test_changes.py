"""What a reader sees of a run while it goes on, and what the founder changes of it afterwards."""

import pytest

from planning.engine.commission import Commission
from planning.engine.engine import Unwritten
from planning.engine.outlines import OUTLINES
from tests.planning.briefs import golden
from tests.planning.engine.authors import Author, Library, planner, prose, section

pytestmark = pytest.mark.anyio

WATER = golden("clean_water")
OWN = "We know this problem: we grew up with it.\n\n- It has **two** causes."


async def test_a_run_tells_what_the_document_will_be_made_of_before_the_first_section() -> None:
    """Its sections in order, and the sources whose marks they will carry."""
    made = planner(Author(), search=Library())
    run_id = await made.runs.begin(Commission(type="roadmap", brief=WATER))
    document = (await made.runs.outcome(run_id))["document"]
    kinds = [event.kind for event in await made.runs.events(run_id)]
    assert kinds.index("outline") < kinds.index("section")
    told = next(e.data for e in await made.runs.events(run_id) if e.kind == "outline")
    assert [each["id"] for each in told["sections"]] == [
        each["id"] for each in document["sections"]
    ]
    assert told["references"] == document["references"]
    assert (told["title"], told["venture"]) == (document["title"], document["venture"])


async def test_each_section_comes_as_html_with_its_tables_and_charts() -> None:
    """The same as in the finished document."""
    made = planner(Author())
    run_id = await made.runs.begin(Commission(type="roadmap", brief=WATER))
    await made.runs.outcome(run_id)
    told = {e.data["id"]: e.data for e in await made.runs.events(run_id) if e.kind == "section"}
    assert told.keys() == {part.id for part in OUTLINES["roadmap"].parts}
    assert "<svg" in told["finances"]["html"]
    assert "<table>" in told["milestones"]["html"]
    assert told["problem"]["html"].startswith('<section class="section" id="section-problem"')


async def test_a_run_tells_whom_it_asks() -> None:
    """Before each call, so that a reader sees who is at it."""
    author = Author()
    made = planner(author)
    run_id = await made.runs.begin(Commission(type="pitch", brief=WATER))
    await made.runs.outcome(run_id)
    stages = [e.data for e in await made.runs.events(run_id) if e.kind == "stage"]
    asked = [each for each in stages if each["stage"] == "asking"]
    assert len(asked) == author.calls
    assert all(each["provider"] and each["model"] for each in asked)


@pytest.mark.parametrize("part", ["problem", "milestones"])
async def test_a_section_in_the_founders_own_words_costs_no_call(part: str) -> None:
    """Its tables stay below it, and so does everything else."""
    author = Author()
    made = planner(author)
    run_id = await made.runs.begin(Commission(type="roadmap", brief=WATER))
    before = await made.runs.outcome(run_id)
    calls = author.calls
    told = await made.revise(run_id, part, OWN)
    assert author.calls == calls
    after = await made.runs.document(told["run"])
    assert prose(after, part) == OWN
    assert section(after, part)["author"] == "founder"
    assert section(after, part)["blocks"][1:] == section(before, part)["blocks"][1:]
    assert prose(after, "market") == prose(before, "market")
    assert told["stale"] == ["summary"]


async def test_a_change_builds_on_the_changes_before_it() -> None:
    """An edit stays when another section is written again, and the other way round."""
    made = planner(Author())
    run_id = await made.runs.begin(Commission(type="roadmap", brief=WATER))
    await made.runs.outcome(run_id)
    edited = await made.revise(run_id, "problem", OWN)
    again = await made.rewrite(edited["run"], "market", "Say more about the dry season.")
    last = await made.revise(again["run"], "team", OWN)
    after = await made.runs.document(last["run"])
    assert [prose(after, part) for part in ("problem", "team")] == [OWN, OWN]
    assert prose(after, "market") != prose(await made.runs.document(run_id), "market")


async def test_a_draft_can_be_edited_too() -> None:
    """Without any model."""
    made = planner()
    run_id = await made.runs.begin(Commission(type="pitch", brief=WATER))
    await made.runs.outcome(run_id)
    told = await made.revise(run_id, "pitch", "Good morning.")
    assert prose(await made.runs.document(told["run"]), "pitch") == "Good morning."


async def test_a_section_that_is_not_there_cannot_be_edited() -> None:
    """Instead of vanishing without a word."""
    made = planner(Author())
    run_id = await made.runs.begin(Commission(type="pitch", brief=WATER))
    await made.runs.outcome(run_id)
    with pytest.raises(Unwritten):
        await made.revise(run_id, "finances", "Ours.")


async def test_a_stopped_run_goes_on_by_its_id_without_repeating_a_call() -> None:
    """Whoever goes on need not know what was asked for."""
    author = Author()
    made = planner(author)
    run_id = await made.runs.begin(Commission(type="roadmap", brief=WATER))
    async for event in made.runs.follow(run_id):
        if event is not None and event.kind == "section":
            await made.runs.stop(run_id)
    assert (await made.runs.header(run_id)).state == "stopped"
    calls = author.calls
    await made.runs.go_on(run_id)
    finished = await made.runs.outcome(run_id)
    assert (await made.runs.header(run_id)).state == "done"
    assert finished["score"]["kept"] >= calls - 1
    assert author.calls <= 12


async def test_a_finished_run_stays_as_it_is() -> None:
    """Going on with it makes no call."""
    author = Author()
    made = planner(author)
    run_id = await made.runs.begin(Commission(type="pitch", brief=WATER))
    finished = await made.runs.outcome(run_id)
    calls = author.calls
    await made.runs.go_on(run_id)
    assert await made.runs.outcome(run_id) == finished
    assert author.calls == calls
