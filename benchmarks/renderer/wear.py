"""Memory of the renderer at rest and over 100,000 texts, with a process that is never replaced.

The texts are paragraphs of the corpus, 200 bytes and a number, so that all are different; half
are gfm. Memory is RSS between two parts, while the renderer is idle.
"""

from collections.abc import Callable, Iterator

import kombu
from splitflap_core import topology
from splitflap_core.contracts import FLAVOURS

from benchmarks.harness.bench import Bench, bench
from benchmarks.harness.processes import rss_kib
from benchmarks.harness.table import Line, at_most, note, show
from benchmarks.harness.waiting import wait_until
from benchmarks.renderer.corpus import corpus
from benchmarks.renderer.jobs import publish_jobs, queue_depth
from tests.servers.rabbitmq import RabbitMq
from tests.support import descendants

#: Numbers of texts after which memory is read.
CHECKPOINTS = (1_000, 10_000, 50_000, 100_000)

#: MiB that a process may have.
LIMIT_MIB = 96

#: Texts published together.
PART = 5_000

#: SPLITFLAP_CHILD_TEXTS: the process is never replaced.
NEVER = "1000000000"

PROCESSES = ("parent", "process")


def main() -> None:
    """Measure, and print the table."""
    with bench(servers=False) as it, RabbitMq() as rabbitmq:
        lines = _measure(it, rabbitmq.add_vhost("wear"))
    show("wear: memory of the renderer (one process), MiB", *lines)


def _measure(it: Bench, url: str) -> list[Line]:
    environ = {"SPLITFLAP_BROKER_URL": url, "SPLITFLAP_PROCESSES": "1"}
    never = {"SPLITFLAP_CHILD_TEXTS": NEVER}
    with it.renderer(environ | never) as service, queue_depth(url) as depth:
        samples = {"at rest": _memory("at rest", service.pid)}
        done = 0
        for until in CHECKPOINTS:
            while done < until:
                count = min(PART, until - done)
                _render(url, depth, done, count)
                done += count
            when = f"after {until:,}"
            samples[when] = _memory(when, service.pid)
    return _lines(samples)


def _memory(when: str, pid: int) -> tuple[float, float]:
    """MiB of the parent, and of the process that renders."""
    parent = rss_kib(pid) / 1024
    # The newest process: the fork server is older than its children.
    child = rss_kib(max(descendants(pid))) / 1024
    note(f"{when}: parent {parent:.1f} MiB, process {child:.1f} MiB")
    return parent, child


def _lines(samples: dict[str, tuple[float, float]]) -> list[Line]:
    lines: list[Line] = []
    for when, sample in samples.items():
        for name, mib in zip(PROCESSES, sample, strict=True):
            line = Line(f"{name}, {when}", at_most(LIMIT_MIB))
            line.add(mib)
            lines.append(line)
    last, early = samples[f"after {CHECKPOINTS[-1]:,}"], samples[f"after {CHECKPOINTS[1]:,}"]
    for name, subject, baseline in zip(PROCESSES, last, early, strict=True):
        title = f"{name}: after {CHECKPOINTS[-1]:,} texts, by after {CHECKPOINTS[1]:,}"
        growth = Line(title, at_most(1.05))
        growth.add(subject, baseline)
        lines.append(growth)
    return lines


def _render(url: str, depth: Callable[[str], int], start: int, count: int) -> None:
    """Have some texts rendered, and drop their outcomes."""
    publish_jobs(url, _texts(start, count), FLAVOURS[start // PART % 2])
    wait_until(lambda: depth("results") >= count, "their outcomes", 300)
    with kombu.Connection(url) as connection:
        topology.RESULTS_QUEUE(connection.channel()).purge()


def _texts(start: int, count: int) -> Iterator[str]:
    posts = corpus()
    for number in range(start, start + count):
        yield f"{posts[number % len(posts)][:200]} {number}"


if __name__ == "__main__":
    main()
