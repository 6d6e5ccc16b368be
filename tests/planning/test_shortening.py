"""Shortening: a model is asked once, its answer is checked, and nothing is cut by code."""

import pytest

from cache import ResponseCache
from failover import Patience
from planning.shortening import Shortener, flaw, shortening
from providers.errors import FailureKind
from providers.fake import FakeUpstream
from rate_limiter import RateLimiter
from router import Router
from storage.memory import MemoryStore
from tests.doubles import TurnedClock

LONG = "We bring light to 40 villages. " * 20
GOOD = "We bring light to 40 villages. Join us today."


def shortener(*upstreams: FakeUpstream, last_resort: FakeUpstream | None = None) -> Shortener:
    """One with a router of its own and no patience."""
    store, clock = MemoryStore(), TurnedClock()
    cache = ResponseCache(store=store, clock=clock)
    limiter = RateLimiter(0, store=lambda: store, clock=clock)
    router = Router(
        upstreams, cache, limiter, last_resort=last_resort, patience=Patience(1, 30), clock=clock
    )
    return Shortener(router)


@pytest.mark.anyio
async def test_a_model_is_asked_once_and_its_answer_kept() -> None:
    """Markup that it adds is not spoken."""
    upstream = FakeUpstream(answer=f"**{GOOD}**")
    shorten = shortener(upstream)
    for _ in range(2):
        assert await shorten(LONG, range(5, 11)) == GOOD
    assert len(upstream.prompts) == 1


@pytest.mark.anyio
async def test_a_text_that_is_short_enough_is_left_alone() -> None:
    """To lengthen it would mean to invent; nobody is asked."""
    upstream = FakeUpstream(answer=GOOD)
    assert await shortener(upstream)("Too short.", range(63, 79)) is None
    assert upstream.prompts == []


@pytest.mark.anyio
@pytest.mark.parametrize("failure", [FailureKind.AUTH, FailureKind.CONTENT_FILTER])
async def test_without_an_answer_there_is_no_shorter_text(failure: FailureKind) -> None:
    """Nor without a provider, or with the embedded model alone, which would lose the meaning."""
    assert await shortener(FakeUpstream(script=[failure]))(LONG, range(5, 11)) is None
    local = FakeUpstream("local", answer=GOOD)
    assert await shortener(last_resort=local)(LONG, range(5, 11)) is None
    assert local.prompts == []


@pytest.mark.parametrize(
    ("shorter", "wrong"),
    [
        (GOOD, ""),
        ("", "it is empty"),
        ("— …", "it is empty"),
        (LONG + LONG, "it is not shorter"),
        ("We bring light to 400 villages.", "it brings in 400"),
        ("We need 1,250 dollars for 40 villages.", "it brings in 1,250"),
    ],
)
def test_what_is_wrong_with_an_answer_is_seen(shorter: str, wrong: str) -> None:
    """Above all a figure that the founder never gave."""
    assert flaw(LONG, shorter) == wrong


def test_letters_are_asked_for_where_words_are_not_spaced() -> None:
    """A Chinese model does not count words."""
    assert "between 63 and 78 words" in shortening(LONG, range(63, 79)).messages[1].text
    chinese = shortening("想象一个村庄。" * 50, range(70, 88), "zh-Hans").messages[1].text
    assert "text of 300 characters to between 70 and 87 characters" in chinese
