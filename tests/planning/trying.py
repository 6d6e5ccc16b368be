"""How many examples a property of the figures is tried with; a slow machine is no failure."""

from hypothesis import settings

some = settings(max_examples=40, deadline=None)
many = settings(max_examples=100, deadline=None)
