"""A quiet account alone, and beside the flood of another account.

The flood is an open loop of a process of its own. A third measurement has no flood: processes that
only use CPU run beside the services, as many as the machine has CPUs. Its ratio is the part of the
machine: renderers that work use the CPUs too.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import ROOT
from benchmarks.harness.bench import Bench
from benchmarks.harness.pace import PacedLoad, PacedResult, paced, pacing, request
from benchmarks.harness.table import Line, at_most, note

from . import texts
from .installation import Installation, installed, now_ms
from .posts import post_request
from .quiet_account import Quiet, QuietAccount

#: Seconds of the flood before the quiet account's first post, and after its last one.
LEAD, TAIL = 8, 2

#: Posts of the quiet account before the measurement.
WARM_UP = 5

#: Connections of a flood. The light one has more than the API's requests in flight (80).
CONNECTIONS = {"heavy": 64, "light": 128, "links": 64}

#: The flood by what the workers can do.
OFFERED = 10

#: Light posts a second: more than the API can take on two CPUs.
LIGHT_RATE = 3_000

#: Seconds of a slow page, links in a post to them, and pages that the scraper fetches at a time.
SLOW_PAGE, LINKS, SLOTS = 5, 5, 200

#: Requests a second that read, beside the quiet account's posts.
PROBES = 5

#: Posts at once whose time gives the capacity, and seconds until they must be done.
BURST, BURST_TIMEOUT = {"heavy": 60, "light": 1_000}, 60

ROWS = ("heavy", "light", "links")


@dataclass(frozen=True)
class Load:
    """A flood, and the posts of the quiet account beside it."""

    rate: float
    texts: list[str]
    quiet_text: Callable[[int], str]
    #: Whether the quiet account's posts need a preview to be done.
    preview: bool = False


@dataclass
class Beside:
    """The quiet account's figures, and those of a reader."""

    quiet: Quiet
    get_p99: float


def measure(it: Bench, backend: str, tree: Path, row: str, seconds: int) -> list[Line]:
    """Measure the quiet account alone, beside used CPUs, and beside one flood."""
    with site() as port, installed(it, backend, tree) as here:
        quiet_key, noisy_key = here.new_keys(["quiet", "noisy"])
        capacity = capacity_of(here, row)
        load = _load(row, port, capacity)
        _quiet(here, quiet_key, load, WARM_UP)
        note(f"fairness, {backend}, {row}: alone")
        idle = _quiet(here, quiet_key, load, seconds)
        note(f"fairness, {backend}, {row}: beside used CPUs")
        with _used_cpus():
            used = _quiet(here, quiet_key, load, seconds // 2)
        note(f"fairness, {backend}, {row}: beside {load.rate:.0f} posts a second")
        began = now_ms()
        with pacing(_paced(here, row, load, noisy_key, seconds)) as results:
            time.sleep(LEAD)
            beside = _quiet(here, quiet_key, load, seconds)
        counted = began + LEAD * 1000
        finished, _ = here.finished("noisy", counted, counted + seconds * 1000)
        title = f"{backend}, {row}"
        return [
            *_latencies(title, idle, used, beside),
            *_flood(title, load, results[0], finished / seconds, capacity, seconds + TAIL),
        ]


def _latencies(title: str, idle: Beside, used: Beside, beside: Beside) -> list[Line]:
    lines = []
    for name, share, target in (("p50", 0.5, None), ("p99", 0.99, at_most(2))):
        alone = idle.quiet.quantile(share)
        lines.append(Line(f"{title}: {name} ms until done", target))
        lines[-1].add(beside.quiet.quantile(share), alone)
        lines.append(Line("  the same without a flood, the CPUs used by others"))
        lines[-1].add(used.quiet.quantile(share), alone)
    lines.append(Line("  p99 ms of a GET"))
    lines[-1].add(beside.get_p99, idle.get_p99)
    lines.append(Line("  the same without a flood, the CPUs used by others"))
    lines[-1].add(used.get_p99, idle.get_p99)
    for name in ("refused", "failed", "unfinished"):
        lines.append(Line(f"  posts of the quiet account {name}", at_most(0)))
        lines[-1].add(getattr(beside.quiet, name))
    return lines


def _flood(
    title: str, load: Load, result: PacedResult, finished: float, capacity: float, seconds: int
) -> list[Line]:
    figures = {
        "posts a second that the workers can do": capacity,
        "offered a second": load.rate,
        "sent a second": result.sent / seconds,
        "finished a second": finished,
        **{
            f"{status} a second": len(each.latencies) / seconds
            for status, each in sorted(result.by_status.items())
        },
        "lost": result.lost,
        "CPUs of the generator": result.cpus,
    }
    lines = [Line(f"{title}, the flood: {name}") for name in figures]
    for line, value in zip(lines, figures.values(), strict=True):
        line.add(value)
    return [line for line in lines if line.subjects != [0.0]]


def _load(row: str, port: int, capacity: float) -> Load:
    if row == "links":
        rate = OFFERED * capacity
        slow = texts.linking(port, SLOW_PAGE, 1, int(rate * 150), LINKS)
        quick = texts.linking(port, 0, 2, 1000)
        return Load(rate, slow, _in_turn(quick), preview=True)
    many = texts.heavy() if row == "heavy" else texts.light()
    rate = OFFERED * capacity if row == "heavy" else LIGHT_RATE
    return Load(rate, many, _in_turn(texts.light()))


def _in_turn(many: list[str]) -> Callable[[int], str]:
    each = iter(many * 10)
    return lambda _number: next(each)


def capacity_of(here: Installation, row: str) -> float:
    """Posts a second that the workers finish of a burst, or could by their slots."""
    if row == "links":
        return SLOTS / SLOW_PAGE / LINKS
    [key] = here.new_keys(["capacity"])
    many = texts.heavy() if row == "heavy" else texts.light()
    requests = [post_request(key, each) for each in many]
    _burst(here, requests, len(many))
    return _burst(here, requests, BURST[row])


def _burst(here: Installation, requests: list[str], count: int) -> float:
    """Send posts within a second. Return the posts a second until all are done."""
    began = now_ms()
    sent = paced(PacedLoad(here.port, count, 1, 64, requests, 0))
    accepted = len(sent.of(202).latencies)
    took = here.wait_finished("capacity", accepted, began, BURST_TIMEOUT)
    assert took, f"{accepted} of {count} posts were accepted, and not finished in time"
    return accepted / took


def _paced(here: Installation, row: str, load: Load, key: str, seconds: int) -> PacedLoad:
    requests = [post_request(key, each) for each in load.texts]
    whole = LEAD + seconds + TAIL
    return PacedLoad(
        here.port, load.rate, whole, CONNECTIONS[row], requests, LEAD, ends_on_time=True
    )


def _quiet(here: Installation, key: str, load: Load, seconds: int) -> Beside:
    probe = request("GET", "/v1/posts?channel=quiet&limit=1", key)
    with pacing(PacedLoad(here.port, PROBES, seconds, 4, [probe])) as probes:
        account = QuietAccount(here.port, key, load.quiet_text, seconds, preview=load.preview)
        quiet = account.run()
    return Beside(quiet, probes[0].of(200).quantile(0.99))


@contextmanager
def _used_cpus() -> Iterator[None]:
    command = [sys.executable, "-c", "while True: pass"]
    processes = [subprocess.Popen(command) for _ in range(os.cpu_count() or 1)]
    try:
        yield
    finally:
        for each in processes:
            each.kill()
            each.wait()


@contextmanager
def site() -> Iterator[int]:
    """The port of site.py, on every address of loopback."""
    command = [sys.executable, "-m", "benchmarks.fairness.site"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, text=True) as process:
        assert process.stdout
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()
