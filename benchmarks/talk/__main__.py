"""Run the experiments, or the named ones: `python -m benchmarks.talk threads nginx`.

--quick          small sizes and one round: at most 15 s each; writes nothing without --results
--results FILE   write the results there, and leave docs/talk.md alone
--adopt FILE     run nothing: take the results in FILE for those of the same names, then write
                 the page and its figures
--rounds N       instead of each experiment's own number
"""

import argparse
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from benchmarks.harness.table import note
from tests.servers.process import MissingBinary

from . import page, results
from .context import context
from .experiment import Experiment, cases
from .experiments import load, written
from .results import RESULTS, Result, UnreadableResults
from .servers import Missing


def main(arguments: list[str]) -> int:
    """Run, and write the results and the page."""
    options = _options(arguments)
    if unknown := set(options.names) - set(written()):
        note(f"unknown experiment: {', '.join(sorted(unknown))}; known: {', '.join(written())}")
        return 2
    try:
        # A file that cannot be read must not fail a run at its end.
        results.read(options.results or RESULTS)
        if options.adopt:
            return _adopt(options.adopt)
    except UnreadableResults as error:
        note(f"talk: {error}")
        return 2
    return _run(options)


def _run(options: argparse.Namespace) -> int:
    began = time.monotonic()
    failed = []
    for name in options.names or written():
        try:
            _keep(name, measured(load(name), quick=options.quick, rounds=options.rounds), options)
        except Exception as error:  # noqa: BLE001 - the others still run; the status tells
            note(f"{name}: failed: {type(error).__name__}: {error}")
            failed.append(name)
    note(f"talk: {time.monotonic() - began:.0f} s in all")
    if not options.quick and not options.results:
        _write_page(results.read())
    return 1 if failed else 0


def measured(experiment: Experiment, *, quick: bool, rounds: int | None = None) -> Result:
    """Run all rounds of an experiment."""
    rounds = rounds or (1 if quick else experiment.rounds)
    machine, began = results.machine(), time.monotonic()
    rows, reason = [], ""
    try:
        for number in range(rounds):
            note(f"{experiment.name}: round {number + 1} of {rounds}")
            with context(quick=quick, first=number == 0) as it:
                rows.append(experiment.run(it))
    except (Missing, MissingBinary) as error:
        rows, reason = [], str(error).partition(" (")[0]
    took = round(time.monotonic() - began, 1)
    note(f"{experiment.name}: {reason or f'{took:.0f} s'}")
    versions = results.versions(experiment)
    return Result(machine, versions, rounds, took, quick, reason, rows=cases(rows))


def _adopt(file: Path) -> int:
    if not file.exists():
        note(f"talk: there are no results in {file}")
        return 2
    results.write(results.merged(results.read(), results.read(file)))
    _write_page(results.read())
    return 0


def _keep(name: str, result: Result, options: argparse.Namespace) -> None:
    """Write after each experiment. One that could not run leaves earlier rows."""
    if options.quick and not options.results:
        return
    file = options.results or RESULTS
    results.write(results.merged(results.read(file), {name: result}), file)


def _write_page(kept: Mapping[str, Result]) -> None:
    from . import plots

    page.write(kept)
    plots.write(kept)
    note(f"{page.PAGE.name} was written")


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.talk", description=__doc__)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--results", type=Path)
    parser.add_argument("--adopt", type=Path)
    parser.add_argument("--rounds", type=_at_least_one)
    return parser.parse_args(arguments)


def _at_least_one(text: str) -> int:
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError("at least one round")
    return number


def _stop(_number: int, _frame: object) -> None:
    """As Ctrl-C does: each experiment then ends the processes that it started."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _stop)
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        note("talk: interrupted; finished experiments are in the results, the page is as before")
        sys.exit(130)
