"""CPU of the API for a durable 202, beside another release, in turn, with the workers off."""

from contextlib import ExitStack
from pathlib import Path

from benchmarks.api.accept import CONNECTIONS, SETTINGS, WARM_UP, measure_cost
from benchmarks.harness.bench import Bench
from benchmarks.harness.table import Line, at_most, note
from benchmarks.harness.wrk import closed_loop

ROUNDS = 6


def measure(it: Bench, base: Path) -> list[Line]:
    """Measure both trees in turn, so that both meet the same machine."""
    cpu = Line("CPU us of the API per 202, by the base", at_most(1.03))
    rate = Line("202s per second, by the base")
    ours, theirs = ({**it.backend(), **SETTINGS} for _ in range(2))
    with ExitStack() as exits:
        subject = exits.enter_context(it.api(ours))
        command = [str(base / ".venv" / "bin" / "splitflap-api"), "serve"]
        baseline = exits.enter_context(it.api(theirs, command))
        for each in (subject, baseline):
            closed_loop(each, it.folder, WARM_UP, CONNECTIONS)
        for number in range(ROUNDS):
            note(f"fairness, cost: round {number + 1} of {ROUNDS}")
            before = measure_cost(it, baseline, theirs)
            after = measure_cost(it, subject, ours)
            cpu.add(after.cpu_us, before.cpu_us)
            rate.add(after.rate, before.rate)
    return [cpu, rate]
