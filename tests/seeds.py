"""Where the chance of all tests comes from: one seed a run, told with every failure.

`TEST_SEED=n` repeats a run's choices: the examples of Hypothesis, who is killed and when, which byte flips.
"""

import os
import random

SEED = int(os.environ.setdefault("TEST_SEED", str(random.SystemRandom().randrange(10**6))))


def again(test: str) -> str:
    """The command that runs *test* again with the same choices."""
    return f"TEST_SEED={SEED} .venv/bin/pytest -n 0 -m '' '{test}'"
