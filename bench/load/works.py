"""The works that are measured, the subjects that do them, and the goals that they have."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.load import ours
from bench.load.nginx import Nginx
from bench.load.rounds import Sample, Samples, Spread, Work, figures, ratio
from bench.load.subjects import Subject
from bench.load.wire import EVENTS, Ask, question

# The works that goals compare, by the names that the tables give them.
PROXY, FORWARD, ORDINARY = "nginx proxy_pass", "floor: forward", "floor: FastAPI, pydantic"
MISS, QUIET_MISS = "routed miss", "routed miss, LOG_LEVEL=warning"
STREAMED_MISS = "routed miss, no max_tokens"
DICT, HIT, QUIET_HIT = "floor: dictionary", "cached answer", "cached answer, LOG_LEVEL=warning"
FAILOVER, LIMITED = "failover 503 → next", "failover 429 → next"
REMEMBERED = "a failing provider, remembered"
STREAM_FLOOR, STREAM = "floor: streamed", "streamed answer"
PACED = "streamed answer, paced"
LATE = "50 callers, 50 ms"
CALLERS, LATE_S = 50, 0.05
IDEAL = CALLERS / LATE_S

CHAT = Ask(question())
STREAMED = Ask(question(stream=True))


def of_model(model: str, *, stream: bool = False, max_tokens: int | None = 200) -> Ask:
    """A question to one model of Gemini's stand-in alone."""
    return Ask(question(f"gemini/{model}", stream=stream, max_tokens=max_tokens))


def subjects(folder: Path, upstream: Nginx) -> tuple[Subject, ...]:
    """The service in the settings that the works need, and its floors."""
    url = upstream.url
    one, both = ours.gemini(url, "bench"), ours.gemini(url, "failing") | ours.custom(url)
    limited = ours.gemini(url, "limited") | ours.custom(url)
    kinds = ours.gemini(url, "late", "few", "paced")
    forgetful = "bench.load.forgetful:app"
    return (
        ours.proxy(folder, upstream.port),
        *(ours.floor(name, folder, url) for name in ("forward", "ordinary", "recall", "stream")),
        ours.service("service", folder, one),
        ours.service("quiet", folder, one, LOG_LEVEL="warning"),
        ours.service("kinds", folder, kinds, ask=of_model("late")),
        ours.service("failing", folder, both, app=forgetful),
        ours.service("limited", folder, limited, app=forgetful),
        ours.service("remembering", folder, both),
    )


QUICK = (
    Work(name=PROXY, subject="proxy", ask=CHAT),
    Work(name=FORWARD, subject="forward", ask=CHAT),
    Work(name=MISS, subject="service", ask=CHAT),
    Work(name=QUIET_MISS, subject="quiet", ask=CHAT),
    Work(name=STREAMED_MISS, subject="kinds", ask=of_model("few", max_tokens=None)),
    Work(name=ORDINARY, subject="ordinary", ask=CHAT),
    Work(name=FAILOVER, subject="failing", ask=CHAT, calls=2),
    Work(name=DICT, subject="recall", ask=CHAT, vary=False, calls=0),
    Work(name=HIT, subject="service", ask=CHAT, vary=False, calls=0),
    Work(name=QUIET_HIT, subject="quiet", ask=CHAT, vary=False, calls=0),
    Work(name=STREAM_FLOOR, subject="stream", ask=STREAMED, connections=16, events=EVENTS),
    Work(name=STREAM, subject="service", ask=STREAMED, connections=16, events=EVENTS),
    Work(name=LATE, subject="kinds", ask=of_model("late"), connections=CALLERS, seconds=3),
)
FULL = (
    *QUICK,
    Work(name=LIMITED, subject="limited", ask=CHAT, calls=2),
    Work(name=REMEMBERED, subject="remembering", ask=CHAT),
    Work(
        name=PACED,
        subject="kinds",
        ask=of_model("paced", stream=True),
        connections=50,
        events=EVENTS,
        seconds=6,
    ),
)


@dataclass(frozen=True, slots=True)
class Goal:
    """What *work* should reach: *figure* of the samples, in *unit*, at most (or at least) *bound*."""

    work: str
    against: str
    bound: float
    figure: Callable[[Samples], Spread | None]
    unit: str = "×"
    at_least: bool = False

    def is_reached(self, found: Spread) -> bool:
        """Whether the median of *found* is on the right side."""
        return found.median >= self.bound if self.at_least else found.median <= self.bound


def _cpu_us(sample: Sample) -> float:
    return sample.cpu_us


def times(work: str, against: str, bound: float) -> Goal:
    """*work* should cost at most *bound* times what *against* costs."""
    return Goal(work, against, bound, lambda samples: ratio(samples, work, against))


def cheaper(peer: str, work: str, bound: float) -> Goal:
    """*work* should cost *bound* times less than a *peer* takes for the same."""
    return Goal(
        work, peer, bound, lambda samples: ratio(samples, peer, work), "× less", at_least=True
    )


def microseconds(work: str, bound: float) -> Goal:
    """*work* should cost at most *bound* microseconds for each answer or piece, on the first machine."""
    return Goal(work, "–", bound, lambda samples: figures(samples, work, _cpu_us), "µs")


def _of_ideal(samples: Samples) -> Spread | None:
    return figures(samples, LATE, lambda sample: sample.per_second / IDEAL * 100)


GOALS: Sequence[Goal] = (
    times(MISS, FORWARD, 1.5),
    times(QUIET_MISS, FORWARD, 1.5),
    times(HIT, DICT, 1.5),
    times(QUIET_HIT, DICT, 1.5),
    microseconds(HIT, 140),
    times(FAILOVER, MISS, 1.7),
    microseconds(STREAM, 20),
    Goal(LATE, "the ideal 1,000 a second", 95, _of_ideal, "%", at_least=True),
)
