"""The renderer, end to end through RabbitMQ, beside the bare library in a loop and other pools.

The texts are those of corpus.py. The count is of outcomes in their queue: rendered, published and
confirmed. The bare loops run in the same rounds; two of them at once are the most that two CPUs
can do, without a broker. Other work on the machine lowers rates. It has less effect on the share
of its time in which a process is busy (on a CPU or waiting for one), and on its CPU for a text. The
table has no busy share of RQ, because its processes live for one text only.
"""

import argparse
import json
import subprocess
import sys
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass

from splitflap_core.contracts import FLAVOURS, Flavour

from benchmarks.harness.bench import bench
from benchmarks.harness.processes import (
    cpu_seconds_with_ended_children,
    pss_mib,
    run_queue_seconds,
)
from benchmarks.harness.table import Line, Target, at_least, note, show
from benchmarks.renderer.contenders import Contender, Contenders
from benchmarks.renderer.rivals.redis_server import RedisServer
from tests.servers.rabbitmq import RabbitMq
from tests.support import descendants

ROUNDS = 2

#: Seconds of one measurement, and texts rendered before it begins.
SECONDS = 5.0
WARM_UP_TEXTS = 240

#: Seconds until the warm-up texts must be done.
WARM_UP_TIMEOUT = 60.0

#: Texts in the queue at the start, for each second and process. A core can render fewer.
BACKLOG = 800

RIVALS = ("celery", "dramatiq", "rq", "pebble")


@dataclass(frozen=True)
class Figures:
    """The result of one run."""

    #: Texts per second.
    rate: float
    #: CPU microseconds for each text: of rendering processes, of all others, of the broker.
    cpu: float
    beside: float = 0.0
    broker: float = 0.0
    #: The share of its time in which a rendering process is busy.
    busy: float = 0.0
    #: Memory of all processes except the broker.
    mib: float = 0.0


@dataclass(frozen=True)
class _Sample:
    """Counters of a contender at one time; seconds by process id."""

    when: float
    done: int
    cpu: dict[int, float]
    waited: dict[int, float]
    broker: float


def main() -> None:
    """Measure, and print the tables."""
    chosen = _options()
    tables = {
        name: Table(name, at_least(0.93), at_least(1.85)) if name in FLAVOURS else Table(name)
        for name in chosen.only
    }
    machine = Line("two bare loops by one")
    with bench(servers=False) as it, RabbitMq() as rabbitmq, RedisServer() as server:
        contenders = Contenders(it, rabbitmq, server)
        for number in range(chosen.rounds):
            note(f"pool: round {number + 1} of {chosen.rounds}")
            _round(contenders, tables, machine)
    show("pool: the renderer, by its flavours", machine, *_lines(tables, FLAVOURS))
    show("pool: others, in markdown", *_lines(tables, RIVALS))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.renderer.pool", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--only", nargs="*", default=[*FLAVOURS, *RIVALS])
    return parser.parse_args()


def _round(contenders: Contenders, tables: dict[str, "Table"], machine: Line) -> None:
    loops = {flavour: (_bare(flavour, 1), _bare(flavour, 2)) for flavour in FLAVOURS}
    machine.add(loops["markdown"][1].rate, loops["markdown"][0].rate)
    for name, table in tables.items():
        flavour: Flavour = "gfm" if name == "gfm" else "markdown"
        one, two = (_run(contenders, name, count) for count in (1, 2))
        table.add(loops[flavour], one, two)


def _run(contenders: Contenders, name: str, processes: int) -> Figures:
    backlog = int(BACKLOG * processes * SECONDS)
    note(f"  {name}, {processes}")
    if name == "markdown":
        return _measured(contenders.splitflap(processes, backlog), processes, backlog)
    if name == "gfm":
        return _measured(contenders.splitflap(processes, backlog, "gfm"), processes, backlog)
    runs = {"celery": contenders.celery, "dramatiq": contenders.dramatiq}
    others = {"rq": contenders.rq, "pebble": contenders.pebble}
    return _measured((runs | others)[name](processes, backlog), processes, sys.maxsize)


def _bare(flavour: Flavour, processes: int) -> Figures:
    """Bare loops in several processes at once."""
    command = [sys.executable, "-m", "benchmarks.renderer.bare_render", flavour, str(SECONDS)]
    loops = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(processes)]
    results = [json.loads(loop.communicate(timeout=90)[0]) for loop in loops]
    done = sum(each["done"] for each in results)
    rate = sum(each["done"] / each["seconds"] for each in results)
    return Figures(rate, sum(each["cpu"] for each in results) / done * 1e6)


def _measured(run: AbstractContextManager[Contender], processes: int, backlog: int) -> Figures:
    """Measure a contender between its warm-up and the end of its backlog."""
    with run as contender:
        end = time.monotonic() + WARM_UP_TIMEOUT
        while contender.done() < WARM_UP_TEXTS:
            if time.monotonic() > end:
                raise TimeoutError(f"only {contender.done()} texts are done")
            time.sleep(0.1)
        before = _sample(contender)
        time.sleep(SECONDS)
        after = _sample(contender)
        if after.done > 0.95 * backlog:
            raise ValueError("the backlog was too short")
        return _between(before, after, processes, contender.pid)


def _sample(contender: Contender) -> _Sample:
    done, when = contender.done(), time.monotonic()
    family = {contender.pid} | descendants(contender.pid)
    broker = contender.broker
    broker_cpu = 0.0 if broker is None else cpu_seconds_with_ended_children(broker)
    cpu = {pid: cpu_seconds_with_ended_children(pid) for pid in family}
    waited = {pid: run_queue_seconds(pid) for pid in family}
    return _Sample(when, done, cpu, waited, broker_cpu)


def _between(before: _Sample, after: _Sample, processes: int, pid: int) -> Figures:
    """The figures of the time between two samples. The busiest processes are those that render."""
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
        mib=sum(map(pss_mib, {pid} | descendants(pid))),
    )


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

    def add(self, bare: tuple[Figures, Figures], one: Figures, two: Figures) -> None:
        """Add a round: one and two bare loops, one process, two processes."""
        self.rate.add(one.rate, bare[0].rate)
        self.two.add(two.rate, one.rate)
        self.ceiling.add(two.rate, bare[1].rate)
        if self.name != "rq":
            self.busy.add(one.busy)
            self.both.add(two.busy)
        self.cpu.add(two.cpu, bare[1].cpu)
        self.beside.add(two.beside)
        if two.broker:
            self.broker.add(two.broker)
        self.mib.add(two.mib)

    @property
    def lines(self) -> list[Line]:
        """All lines, in the order of the table."""
        return [each for each in vars(self).values() if isinstance(each, Line)]


def _lines(tables: dict[str, Table], names: tuple[str, ...]) -> list[Line]:
    return [line for name in names if name in tables for line in tables[name].lines]


if __name__ == "__main__":
    main()
