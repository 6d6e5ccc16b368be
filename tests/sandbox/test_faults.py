"""Faults and their queue, without HTTP."""

import random
from typing import Any

import pytest

from sandbox.checks import BadControl
from sandbox.faults import FAIR, Fault, FaultQueue, parse_fault, substitute


def statuses(queue: FaultQueue, calls: int, model: str = "m", path: str = "/p") -> list[int | None]:
    return [queue.take(model, path, works=True).status for _ in range(calls)]


@pytest.fixture
def queue() -> FaultQueue:
    return FaultQueue(random.Random(7))


def test_a_fault_with_times_heals_by_itself(queue: FaultQueue) -> None:
    queue.add(Fault(status=503, times=2))
    assert statuses(queue, 3) == [503, 503, None]


def test_an_endless_fault_waits_behind_those_that_end(queue: FaultQueue) -> None:
    queue.add(Fault(status=500))
    queue.add(Fault(status=429, times=1))
    assert statuses(queue, 3) == [429, 500, 500]


def test_an_endless_fault_takes_the_place_of_the_last(queue: FaultQueue) -> None:
    queue.add(Fault(status=500))
    queue.add(Fault(status=503))
    assert statuses(queue, 2) == [503, 503]


def test_fair_weather_can_be_scripted_before_a_fault(queue: FaultQueue) -> None:
    queue.add(Fault(times=2))
    queue.add(Fault(status=503))
    assert statuses(queue, 3) == [None, None, 503]


def test_clearing_heals(queue: FaultQueue) -> None:
    queue.add(Fault(status=503))
    queue.clear()
    assert queue.take("m", "/p", works=True) is FAIR


def test_a_fault_can_be_for_one_model(queue: FaultQueue) -> None:
    queue.add(Fault(status=503, model="a"))
    assert statuses(queue, 1, model="b") == [None]
    assert statuses(queue, 1, model="a") == [503]


def test_calls_that_do_no_work_are_spared_unless_their_path_is_named(queue: FaultQueue) -> None:
    queue.add(Fault(status=503))
    assert queue.take("", "/v1/models", works=False) is FAIR
    queue.add(Fault(status=500, path="/models", times=1))
    assert queue.take("", "/v1/models", works=False).status == 500


def test_a_chance_fails_some_of_the_calls_and_always_the_same(queue: FaultQueue) -> None:
    queue.add(Fault(status=429, chance=0.3))
    failed = statuses(queue, 1000).count(429)
    assert 250 < failed < 350
    again = FaultQueue(random.Random(7))
    again.add(Fault(status=429, chance=0.3))
    assert statuses(again, 1000).count(429) == failed


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        ({"colour": "red"}, "colour: unknown field; known are times"),
        ({"times": 0}, "times: must be a whole number from 1 up"),
        ({"times": True}, "times: must be a whole number"),
        ({"status": 99}, "status: must be an HTTP status"),
        ({"delay_s": -1}, "delay_s: must be a number from 0 up, got -1"),
        ({"hang": "yes"}, "hang: must be true or false"),
        ({"headers": {"a": 1}}, "headers: must be an object of texts"),
        ({"chance": 2}, "chance: must be a number from 0 to 1"),
        ({"empty": False}, "empty: must be true or a text"),
        ([], "body: must be a JSON object"),
    ],
)
def test_a_bad_fault_is_refused_by_the_name_of_its_field(data: Any, complaint: str) -> None:
    with pytest.raises(BadControl) as refused:
        parse_fault(data)
    assert str(refused.value).startswith(complaint)


def test_true_stands_for_the_usual_form() -> None:
    fault = parse_fault({"empty": True, "blocked": True, "redirect": True})
    assert (fault.empty, fault.blocked) == ("default", "SAFETY")
    assert fault.redirect is not None


def test_a_literal_reply_keeps_its_headers() -> None:
    fault = parse_fault({"status": 429, "body": {"a": 1}, "headers": {"Retry-After": "7"}})
    reply = substitute(fault)
    assert reply is not None
    assert (reply.status, reply.body, reply.headers["retry-after"]) == (429, b'{"a":1}', "7")


def test_fair_weather_substitutes_nothing() -> None:
    assert substitute(FAIR) is None
