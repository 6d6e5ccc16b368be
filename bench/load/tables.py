"""Tables in Markdown, and their place in a page between two comments, so that a later run replaces them."""

from collections.abc import Iterable, Sequence

from bench.load.rounds import Samples, Spread, Work, figures
from bench.load.works import Goal


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def number(value: float) -> str:
    """*value* with about three digits that mean something."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def spread(found: Spread | None) -> str:
    """The median with the least and the most behind it."""
    if found is None:
        return "–"
    return f"{number(found.median)} [{number(found.least)}–{number(found.most)}]"


def of_works(works: Sequence[Work], samples: Samples) -> str:
    """What every work took."""
    head = (
        *("work", "CPU µs each", "a second", "p50 / p99 ms", "MB"),
        *("provider calls each", "rounds"),
    )
    return table(head, (_row(work, samples) for work in works))


def of_goals(goals: Sequence[Goal], samples: Samples) -> str:
    """Every goal that can be told, with what was found. It says so, and nothing fails by it."""
    rows = []
    for goal in goals:
        found = goal.figure(samples)
        if found is not None:
            sign = "≥" if goal.at_least else "≤"
            bound = f"{sign} {goal.bound:g} {goal.unit}"
            rows.append(
                (
                    *(goal.work, goal.against, spread(found), bound),
                    "yes" if goal.is_reached(found) else "**not yet**",
                )
            )
    return table(("work", "against", "median of the rounds", "goal", "reached"), rows)


def replaced(page: str, name: str, text: str) -> str:
    """*page* with *text* between its comments `<!-- name -->` and `<!-- /name -->`.

    Raises `ValueError` when it does not have them.
    """
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    before, found, rest = page.partition(begin)
    _, found_end, after = rest.partition(end)
    if not (found and found_end):
        raise ValueError(f"the page has no place called {name!r}")
    return f"{before}{begin}\n{text.strip()}\n{end}{after}"


def _row(work: Work, samples: Samples) -> Sequence[str]:
    own = samples.get(work.name, ())
    good = [sample for sample in own if sample]
    latency = [figures(samples, work.name, lambda s: s.p50_us / 1_000)]
    latency.append(figures(samples, work.name, lambda s: s.p99_us / 1_000))
    resident = figures(samples, work.name, lambda s: s.resident_mb)
    calls = figures(samples, work.name, lambda s: s.calls)
    per_second = figures(samples, work.name, lambda s: s.per_second)
    return (
        f"{work.name} (each piece)" if work.events else work.name,
        spread(figures(samples, work.name, lambda s: s.cpu_us)),
        number(per_second.median) if per_second else "–",
        " / ".join(number(found.median) if found else "–" for found in latency),
        number(resident.median) if resident else "–",
        f"{calls.median:.2f}" if calls else "–",
        f"{len(good)} of {len(own)}",
    )
