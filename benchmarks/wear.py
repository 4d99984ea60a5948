"""Memory of the renderer at rest and over 100,000 texts, with its processes replaced and without.

The texts are paragraphs of the corpus, 200 bytes and a number, so that no two are the same; half
are read as gfm. Memory is RSS, when nothing is rendered; of the processes the largest counts.
"""

from collections.abc import Callable, Iterator

import kombu
from splitflap_core import topology
from splitflap_core.contracts import FLAVOURS

from benchmarks.contenders import counted, publish_jobs
from benchmarks.harness import Bench, bench, rss_kib, wait_until
from benchmarks.posts import corpus
from benchmarks.table import Line, at_most, note, show
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
    lines = []
    with bench(servers=False) as it, RabbitMq() as rabbitmq:
        runs = {"never replaced": {"SPLITFLAP_CHILD_TEXTS": NEVER}, "as usual": {}}
        for number, (name, settings) in enumerate(runs.items()):
            url = rabbitmq.add_vhost(f"wear{number}")
            lines += _worn(it, url, name, settings)
    show("Memory of the renderer (one process), MiB", *lines)


def _worn(it: Bench, url: str, name: str, settings: dict[str, str]) -> list[Line]:
    parents = Line(f"{name}: the parent after {LOOKS[-1]:,} texts, by at rest")
    children = Line(f"{name}: its process after {LOOKS[-1]:,}, by after {LOOKS[0]:,}", at_most(1.1))
    lines = [parents, children]
    environ = {"SPLITFLAP_BROKER_URL": url, "SPLITFLAP_PROCESSES": "1", **settings}
    with it.renderer(environ) as service, counted(url) as depth:
        assert service.process
        pid = service.process.pid

        def look(when: str) -> tuple[float, float]:
            parent = rss_kib(pid) / 1024
            child = max(map(rss_kib, descendants(pid))) / 1024
            for who, mib in (("parent", parent), ("process", child)):
                line = Line(f"{name}: the {who} {when}", at_most(MOST))
                line.add(mib)
                lines.append(line)
            return parent, child

        rest, first = look("at rest"), None
        done = 0
        for until in LOOKS:
            while done < until:
                count = min(PART, until - done)
                _render(url, depth, done, count)
                done += count
            last = look(f"after {until:,}")
            first = first or last
            note(f"{name}: {until}")
        assert first
        parents.add(last[0], rest[0])
        children.add(last[1], first[1])
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
