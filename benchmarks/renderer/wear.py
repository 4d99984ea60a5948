"""Memory of the renderer at rest and over 100,000 texts, with its process never replaced.

The texts are paragraphs of the corpus, 200 bytes and a number, so that no two are the same; half
are read as gfm. Memory is RSS, when nothing is rendered.
"""

from collections.abc import Callable, Iterator

import kombu
from splitflap_core import topology
from splitflap_core.contracts import FLAVOURS

from benchmarks.harness.bench import Bench, bench, rss_kib, wait_until
from benchmarks.harness.table import Line, at_most, note, show
from benchmarks.renderer.contenders import counted, publish_jobs
from benchmarks.renderer.corpus import corpus
from tests.servers.rabbitmq import RabbitMq
from tests.servers.server import descendants

#: Numbers of texts after which memory is looked at.
LOOKS = (1_000, 10_000, 50_000, 100_000)

#: MiB that a process may have at rest.
MOST = 96

#: Texts that are published at a time.
PART = 5_000

NEVER = "1000000000"


def main() -> None:
    """One table."""
    with bench(servers=False) as it, RabbitMq() as rabbitmq:
        url = rabbitmq.add_vhost("wear")
        lines = _worn(it, url)
    show("Memory of the renderer (one process), MiB", *lines)


def _worn(it: Bench, url: str) -> list[Line]:
    lines: list[Line] = []
    looks: list[tuple[float, float]] = []
    environ = {"SPLITFLAP_BROKER_URL": url, "SPLITFLAP_PROCESSES": "1"}
    never = {"SPLITFLAP_CHILD_TEXTS": NEVER}
    with it.renderer(environ | never) as service, counted(url) as depth:
        assert service.process
        pid = service.process.pid

        def look(when: str) -> None:
            parent = rss_kib(pid) / 1024
            # Its ids grow: the fork server is older than what it forks.
            child = rss_kib(max(descendants(pid))) / 1024
            looks.append((parent, child))
            for who, mib in zip(("parent", "process"), looks[-1], strict=True):
                line = Line(f"{who}, {when}", at_most(MOST))
                line.add(mib)
                lines.append(line)
            note(f"{when}: parent {parent:.1f} MiB, process {child:.1f} MiB")

        look("at rest")
        done = 0
        for until in LOOKS:
            while done < until:
                count = min(PART, until - done)
                _render(url, depth, done, count)
                done += count
            look(f"after {until:,}")
    for number, who in enumerate(("parent", "process")):
        growth = Line(f"{who}: after {LOOKS[-1]:,} texts, by after {LOOKS[1]:,}", at_most(1.05))
        growth.add(looks[-1][number], looks[2][number])
        lines.append(growth)
    return lines


def _render(url: str, depth: Callable[[str], int], start: int, count: int) -> None:
    """Have so many texts rendered."""
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
