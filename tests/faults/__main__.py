"""`python -m tests.faults [--seed N] [--only NAME ...] [--scale X]`: every nemesis, one table."""

import argparse
import contextlib
import secrets
import sys
import tempfile
from pathlib import Path

from tests.servers.postgres import Postgres
from tests.servers.rabbitmq import RabbitMq

from . import plan
from .table import failed, report


def main() -> int:
    """Run the chosen nemeses. Returns 1 if anything is lost, unexpected, duplicated or wrong."""
    options = _options()
    sys.stdout.write(f"seed {options.seed}\n")
    with contextlib.ExitStack() as exits:
        folder = options.keep or Path(exits.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        servers = exits.enter_context(Postgres()), exits.enter_context(RabbitMq())
        rows = []
        for row in plan.full(folder, servers, options.seed, options.only, options.scale):
            rows.append(row)
            sys.stdout.write(f"{report([row]).splitlines()[2]}\n")
            sys.stdout.flush()
    sys.stdout.write(f"\n{report(rows)}\n\nseed {options.seed}\n")
    return int(failed(rows))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults", description="Run all nemeses, and print one table."
    )
    parser.add_argument(
        "--seed", default=str(secrets.randbelow(10**6)), help="repeats the choices of a run"
    )
    parser.add_argument(
        "--only", nargs="*", default=[], help="run nemeses whose name contains one of these words"
    )
    parser.add_argument("--scale", type=float, default=1.0, help="factor for the number of rounds")
    parser.add_argument("--keep", type=Path, help="keep the services' logs in this folder")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
