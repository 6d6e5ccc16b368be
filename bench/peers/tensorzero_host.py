"""Run by TensorZero's own Python: starts the gateway of its wheel, and writes where it is into a file."""

import importlib
import signal
import sys
from pathlib import Path


def main() -> None:
    """Serve the configuration that is named first; the second name is that of the file."""
    tensorzero = importlib.import_module("tensorzero")
    # Public only inside the wheel: it has no program of its own.
    gateway = tensorzero._start_http_gateway(
        config_file=sys.argv[1],
        clickhouse_url=None,
        postgres_url=None,
        valkey_url=None,
        async_setup=False,
    )
    Path(sys.argv[2]).write_text(gateway.base_url)
    signal.pause()


if __name__ == "__main__":
    main()
