"""The colours of a document, by what they are for. They stay apart in print and for the colour-blind."""

from collections.abc import Mapping

INKS: Mapping[str, str] = {
    "ink": "#1c2733",  # running text
    "muted": "#5c6875",  # captions, notes, running heads
    "faint": "#8d98a5",
    "accent": "#0b4f6c",  # titles, rules, links
    "accent-soft": "#e4eef2",  # panels and the heads of tables
    "line": "#c9d2da",
    "grid": "#e3e8ed",
    "panel": "#f5f7f9",
    "paper": "#ffffff",
    "warn": "#b23a1e",  # the draft label, what is critical
    "warn-soft": "#fbeae5",
    "bar": "#4f93ad",
    "series-1": "#0b4f6c",
    "series-2": "#e08e2b",
    "series-3": "#3c9d8a",
    "series-4": "#a63d57",
    "series-5": "#7a6aa8",
    "series-6": "#8a9a3b",
}
SERIES = 6

# Our own colours for the seventeen goals: one lightness, the hues spread so that neighbours differ.
GOALS: Mapping[int, str] = {
    1: "#a8443f",
    2: "#9a7a1c",
    3: "#3f7d44",
    4: "#8a3d62",
    5: "#b0592a",
    6: "#237a93",
    7: "#8f8420",
    8: "#7d3650",
    9: "#a8622c",
    10: "#99407d",
    11: "#9c6d24",
    12: "#7c6a2f",
    13: "#4c6f3a",
    14: "#2f6c9c",
    15: "#527f2f",
    16: "#335c85",
    17: "#3a4a80",
}


def goal_ink(goal: int) -> str:
    """The colour of a goal, as `#rrggbb`; of a number that is none, the accent."""
    return GOALS.get(goal, INKS["accent"])


def series_ink(number: int) -> str:
    """The ink of the series at *number* (from 0), by name."""
    return f"series-{number % SERIES + 1}"
