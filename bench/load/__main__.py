"""`python -m bench.load`: our own rows and the floors, in turn, as ratios beside their goals.

It prints what it finds, and never fails by it.
"""

import argparse
import tempfile
from pathlib import Path

from bench.load import nginx, tables, works
from bench.load.session import check_tools, measured, setting


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m bench.load", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=2, help="of each load")
    parser.add_argument("--only", help="works whose names hold this, and nothing else")
    options = parser.parse_args()
    check_tools()
    chosen = [work for work in works.QUICK if (options.only or "") in work.name]
    print(setting(), flush=True)
    with tempfile.TemporaryDirectory() as folder, nginx.providers(Path(folder)) as upstream:
        samples, faults = measured(
            chosen,
            works.subjects(Path(folder), upstream),
            upstream,
            rounds=options.rounds,
            seconds=options.seconds,
        )
    print("", tables.of_works(chosen, samples), "", sep="\n")
    print(tables.of_goals(works.GOALS, samples))
    for fault in faults:
        print(f"\nNot measured: {fault}")


if __name__ == "__main__":
    main()
