"""A quiet account beside floods of others, on both back ends: what it waits, and what it costs.

    python -m benchmarks.fairness.fairness [--backend servers] [--rows heavy light links newcomers]
        [--seconds 60] [--tree TREE] [--base TREE]

`--base` is the tree of another release with its own .venv. Only with it, the rows `total` and
`cost` run. `--tree` measures the other rows on another tree.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

from benchmarks import ROOT
from benchmarks.harness.bench import Bench, bench
from benchmarks.harness.table import Line, show

from . import cost, neighbours, newcomers, totals
from .installation import BACKENDS

ROWS = (*neighbours.ROWS, "newcomers", "total", "cost")


def main() -> None:
    """Measure the chosen rows, and print a table for each."""
    options = _options()
    with bench(servers="servers" in options.backend or "cost" in options.rows) as it:
        for title, lines in _tables(it, options):
            show(f"fairness, {title}", *lines)


def _tables(it: Bench, options: argparse.Namespace) -> Iterator[tuple[str, list[Line]]]:
    for backend in options.backend:
        for row in options.rows:
            if row in neighbours.ROWS:
                lines = neighbours.measure(it, backend, options.tree, row, options.seconds)
            elif row == "newcomers":
                lines = newcomers.measure(it, backend, options.tree)
            elif row == "total" and options.base:
                lines = totals.measure(it, backend, options.base)
            else:
                continue
            yield f"{backend}, {row}", lines
    if "cost" in options.rows and options.base:
        yield "cost", cost.measure(it, options.base)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fairness.fairness")
    parser.add_argument("--backend", nargs="+", choices=BACKENDS, default=BACKENDS)
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=ROWS)
    parser.add_argument("--seconds", type=int, default=60, help="posts of the quiet account")
    parser.add_argument("--tree", type=Path, default=ROOT, help="the tree to measure")
    parser.add_argument("--base", type=Path, help="another release, for `total` and `cost`")
    return parser.parse_args()


if __name__ == "__main__":
    main()
