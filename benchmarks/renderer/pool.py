"""The renderer beside the bare library in a loop, end to end through RabbitMQ, and beside others.

The posts are those of posts.py. What is counted are outcomes that lie in their queue: rendered,
published and confirmed. The bare loops run in the same rounds; two of them at once are as much as
this machine's two CPUs can do, with no broker beside them. Rates fall with what else the machine
does; how much of its time a process is busy (on a CPU or waiting for one) and how much CPU it uses
for a text do so less. Of RQ, whose processes live for one text, it does not say how busy they are.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path

from splitflap_core.contracts import FLAVOURS, Flavour

from benchmarks.harness.bench import bench
from benchmarks.harness.table import Line, Target, at_least, note, show
from benchmarks.renderer.contenders import Contender, Field
from benchmarks.renderer.rivals.redis_server import RedisServer
from tests.servers.rabbitmq import RabbitMq
from tests.servers.server import descendants

ROUNDS = 2

#: Seconds of one measurement, after WARM texts.
SECONDS = 5.0
WARM = 240

#: Texts that wait at the start, for each second and process: more than a core can do.
BACKLOG = 800

TICKS = os.sysconf("SC_CLK_TCK")

RIVALS = ("celery", "dramatiq", "rq", "pebble")


@dataclass(frozen=True)
class Figures:
    """What a run gave.

    Texts per second; CPU us per text, of the processes that render and of all beside them but the
    broker, and of the broker; the share of their time that the former are busy; MiB of all.
    """

    rate: float
    cpu: float
    beside: float = 0.0
    broker: float = 0.0
    busy: float = 0.0
    mib: float = 0.0


@dataclass(frozen=True)
class _Mark:
    when: float
    done: int
    cpu: dict[int, float]
    waited: dict[int, float]
    broker: float


def bare(flavour: Flavour, processes: int) -> Figures:
    """Bare loops, so many at once."""
    command = [sys.executable, "-m", "benchmarks.renderer.bare_render", flavour, str(SECONDS)]
    loops = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(processes)]
    said = [json.loads(loop.communicate(timeout=90)[0]) for loop in loops]
    done = sum(each["done"] for each in said)
    rate = sum(each["done"] / each["seconds"] for each in said)
    return Figures(rate, sum(each["cpu"] for each in said) / done * 1e6)


def measured(run: AbstractContextManager[Contender], processes: int, backlog: int) -> Figures:
    """A contender at work, while there is enough of it."""
    with run as contender:
        end = time.monotonic() + 60
        while contender.done() < WARM:
            if time.monotonic() > end:
                raise TimeoutError(f"only {contender.done()} texts are done")
            time.sleep(0.1)
        before = _mark(contender)
        time.sleep(SECONDS)
        after = _mark(contender)
        if after.done > 0.95 * backlog:
            raise ValueError("the backlog was too short")
        return _between(before, after, processes, contender.pid)


def _between(before: _Mark, after: _Mark, processes: int, pid: int) -> Figures:
    done, took = after.done - before.done, after.when - before.when
    used = {each: cpu - before.cpu.get(each, 0.0) for each, cpu in after.cpu.items()}
    rendering = sorted(used, key=used.__getitem__)[-processes:]
    cpu = sum(used[each] for each in rendering)
    waited = sum(after.waited[each] - before.waited.get(each, 0.0) for each in rendering)
    return Figures(
        rate=done / took,
        cpu=cpu / done * 1e6,
        beside=(sum(used.values()) - cpu) / done * 1e6,
        broker=(after.broker - before.broker) / done * 1e6,
        busy=(cpu + waited) / took / processes,
        mib=sum(map(_mib, {pid} | descendants(pid))),
    )


def _mark(contender: Contender) -> _Mark:
    done, when = contender.done(), time.monotonic()
    family = {contender.pid} | descendants(contender.pid)
    broker = 0.0 if contender.broker is None else _cpu(contender.broker)
    cpu = {each: _cpu(each) for each in family}
    return _Mark(when, done, cpu, {each: _waited(each) for each in family}, broker)


def _cpu(pid: int) -> float:
    """CPU seconds of a process and of those children that have ended."""
    with suppress(OSError):
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
        return sum(map(int, stat.rpartition(")")[2].split()[11:15])) / TICKS
    return 0.0


def _waited(pid: int) -> float:
    """Seconds that a process of one thread was ready and had no CPU."""
    with suppress(OSError):
        schedule = Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii")
        return int(schedule.split()[1]) / 1e9
    return 0.0


def _mib(pid: int) -> float:
    """Memory of a process, with its share of what it shares with others."""
    with suppress(OSError):
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
        return int(rollup.partition("\nPss:")[2].split()[0]) / 1024
    return 0.0


class Table:
    """The lines of one contender, in one flavour."""

    def __init__(self, name: str, one: Target | None = None, two: Target | None = None) -> None:
        self.name = name
        self.rate = Line(f"{name}, 1: texts per second, by a bare loop's", one)
        self.two = Line(f"{name}, 2 by 1", two)
        self.ceiling = Line(f"{name}, 2: texts per second, by two bare loops'")
        self.busy = Line(f"{name}, 1: share of its time that it is busy")
        self.both = Line(f"{name}, 2: the same")
        self.cpu = Line(f"{name}, 2: CPU us per text, rendering")
        self.beside = Line(f"{name}, 2: the same beside it")
        self.broker = Line(f"{name}, 2: the same of the broker")
        self.mib = Line(f"{name}, 2: MiB in all")

    def add(self, bare_ones: tuple[Figures, Figures], one: Figures, two: Figures) -> None:
        """What a round gave."""
        self.rate.add(one.rate, bare_ones[0].rate)
        self.two.add(two.rate, one.rate)
        self.ceiling.add(two.rate, bare_ones[1].rate)
        if self.name != "rq":
            self.busy.add(one.busy)
            self.both.add(two.busy)
        self.cpu.add(two.cpu, bare_ones[1].cpu)
        self.beside.add(two.beside)
        if two.broker:
            self.broker.add(two.broker)
        self.mib.add(two.mib)

    @property
    def lines(self) -> list[Line]:
        """All of them."""
        return [each for each in vars(self).values() if isinstance(each, Line)]


def main() -> None:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(prog="benchmarks.renderer.pool", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--only", nargs="*", default=[*FLAVOURS, *RIVALS])
    chosen = parser.parse_args()
    tables = {
        name: Table(name, at_least(0.93), at_least(1.85)) if name in FLAVOURS else Table(name)
        for name in chosen.only
    }
    machine = Line("two bare loops by one")
    with bench(servers=False) as it, RabbitMq() as rabbitmq, RedisServer() as server:
        field = Field(it, rabbitmq, server)
        for number in range(chosen.rounds):
            note(f"pool: round {number + 1} of {chosen.rounds}")
            loops = {kind: (bare(kind, 1), bare(kind, 2)) for kind in FLAVOURS}
            machine.add(loops["markdown"][1].rate, loops["markdown"][0].rate)
            for name, table in tables.items():
                kind: Flavour = "gfm" if name == "gfm" else "markdown"
                table.add(loops[kind], *(_run(field, name, count) for count in (1, 2)))
    show("The renderer, by its flavours", machine, *_lines(tables, FLAVOURS))
    show("Others, in markdown", *_lines(tables, RIVALS))


def _run(field: Field, name: str, processes: int) -> Figures:
    backlog = int(BACKLOG * processes * SECONDS)
    note(f"  {name}, {processes}")
    if name == "markdown":
        return measured(field.splitflap(processes, backlog), processes, backlog)
    if name == "gfm":
        return measured(field.splitflap(processes, backlog, "gfm"), processes, backlog)
    runs = {"celery": field.celery, "dramatiq": field.dramatiq}
    others = {"rq": field.rq, "pebble": field.pebble}
    return measured((runs | others)[name](processes, backlog), processes, sys.maxsize)


def _lines(tables: dict[str, Table], names: tuple[str, ...]) -> list[Line]:
    return [line for name in names if name in tables for line in tables[name].lines]


if __name__ == "__main__":
    main()
