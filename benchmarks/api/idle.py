"""CPU of an idle `splitflap up`: the launcher and all services, with their child processes."""

import time
from pathlib import Path

from benchmarks.harness.bench import Bench, bench
from benchmarks.harness.processes import cpu_seconds
from benchmarks.harness.table import Line, at_most, note, show
from tests.support import descendants

ROUNDS = 3

#: Seconds of a measurement, and from the start until then.
MEASURED = 60.0
SETTLED_AFTER = 5.0

#: The programs of the launcher and the services.
PROGRAMS = ("splitflap", "splitflap-api", "splitflap-renderer", "splitflap-scraper")


def main() -> None:
    """Measure, and print the table."""
    total = Line("% of a CPU at rest, all processes", at_most(1.0))
    lines = {name: Line(f"% of a CPU at rest, {name}") for name in PROGRAMS}
    with bench(servers=False) as it:
        for number in range(ROUNDS):
            note(f"idle: round {number + 1} of {ROUNDS}")
            _round(it, total, lines)
    show("idle: `splitflap up` without a request", total, *lines.values())


def _round(it: Bench, total: Line, lines: dict[str, Line]) -> None:
    with it.up() as up:
        time.sleep(SETTLED_AFTER)
        pids = [up.service.pid, *descendants(up.service.pid)]
        before = {pid: cpu_seconds(pid) for pid in pids}
        time.sleep(MEASURED)
        used = {pid: (cpu_seconds(pid) - before[pid]) / MEASURED * 100 for pid in pids}
        programs = {pid: _program(pid) for pid in pids}
    total.add(sum(used.values()))
    for name, line in lines.items():
        line.add(sum(used[pid] for pid in pids if programs[pid] == name))


def _program(pid: int) -> str:
    """The name of a process's program; of Python's own child processes another word."""
    words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
    return Path(words[1]).name if len(words) > 1 else words[0]


if __name__ == "__main__":
    main()
