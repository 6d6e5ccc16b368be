"""`python -m bench.peers install`: the other gateways, into environments of their own."""

import argparse

from bench.peers import places


def main() -> None:
    """Install, or only say what is there."""
    parser = argparse.ArgumentParser(prog="python -m bench.peers", description=__doc__)
    parser.add_argument("deed", choices=("install", "list"))
    if parser.parse_args().deed == "install":
        places.install()
    there = ", ".join(places.installed()) or "none"
    print(f"In {places.ROOT}: {there}")


if __name__ == "__main__":
    main()
