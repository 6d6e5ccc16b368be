"""Months of a plan: the first is that of its start, and there are 36. Pure."""

import calendar
from datetime import date, timedelta

HORIZON = 36
YEAR = 12


def month_start(start: date, months: int) -> date:
    """The day *months* months after *start*, or the last of its month."""
    years, month = divmod(start.month - 1 + months, 12)
    year = start.year + years
    return date(year, month + 1, min(start.day, calendar.monthrange(year, month + 1)[1]))


def month_end(start: date, months: int) -> date:
    """The last day of the first *months* months."""
    return month_start(start, months) - timedelta(days=1)


def month_of(start: date, day: date) -> int:
    """In which month of the plan *day* lies, counted from 1."""
    months = (day.year - start.year) * 12 + day.month - start.month
    return months + (1 if month_start(start, months) <= day else 0)


def horizon(start: date) -> date:
    """The last day of the plan."""
    return month_end(start, HORIZON)
