"""Normal posts through RabbitMQ, beside a flood of texts that each take their full deadline.

The slow texts are emphasis in emphasis. They pass the checks, and take several times the deadline
of this benchmark. They come for 20 seconds, at twice the rate at which the processes can end them.
Normal posts come all the time. The latency of a post is from its publishing until its outcome is
received. The deadline is CPU time; the outcomes of slow texts show how long that is by the clock,
on a busy machine.

Before and after the flood, backlogs of normal posts are timed. Each takes two seconds, which is
short on a shared machine, so their medians are compared. The first backlog of each time does not
count: a renderer holds few texts until it has seen that they are quick.
"""

import statistics
import threading
import time
from itertools import cycle, islice

from splitflap_core import topology
from splitflap_core.broker import BrokerLink, Delivery, OutgoingMessage, Subscription, backend_for
from splitflap_core.contracts import decode_job_outcome
from splitflap_core.settings import CommonSettings

from benchmarks.harness.bench import bench
from benchmarks.harness.table import Line, at_least, at_most, note, show
from benchmarks.harness.waiting import wait_until
from benchmarks.renderer.corpus import corpus
from benchmarks.renderer.jobs import BROKER_TIMEOUT, render_job
from tests.servers.rabbitmq import RabbitMq

#: CPU seconds that a text may take: a quarter of the default, which no known text needs.
DEADLINE = 0.5

#: Seconds of the flood, and normal posts a second in it.
SECONDS = 20.0
NORMAL_RATE = 20.0

#: Slow texts a second for each process. A process can end 1 / DEADLINE of them.
SLOW_RATE = 2 / DEADLINE

#: Normal posts in a backlog, and the number of backlogs before and after the flood.
BACKLOG = 1_000
BACKLOGS = 8

#: Seconds until a backlog must be done, and until all slow texts must have failed.
BACKLOG_TIMEOUT = 120
SLOW_TIMEOUT = 400

SLOW = "*a **a " * 4_600 + "b** b* " * 4_600


class JobClient:
    """Publishes jobs, and records the time of each outcome."""

    def __init__(self, url: str) -> None:
        self.sent: dict[str, float] = {}
        #: Time and kind of each outcome.
        self.ended: dict[str, tuple[float, str]] = {}
        #: Seconds by the clock of each text that reached its deadline.
        self.failed_after: list[float] = []
        up = threading.Event()
        self._link = BrokerLink(
            "bench",
            backend_for(CommonSettings(broker_url=url)).opener("bench"),
            subscriptions=(Subscription(topology.RESULTS_QUEUE, 1_000),),
            on_delivery=self._take,
            on_up=lambda _created: up.set(),
        )
        self._link.start()
        assert up.wait(BROKER_TIMEOUT)

    def send(self, name: str, text: str) -> None:
        """Publish a job. Its latency counts from now."""
        self.sent[name] = time.monotonic()
        body = render_job(name, text)
        message = OutgoingMessage(topology.JOBS.name, "render", body, lambda _sent: None)
        self._link.publish(message)

    def backlog(self, name: str) -> float:
        """Publish many normal posts at once. Return the posts per second until all are done."""
        names = [f"{name}-{number}" for number in range(BACKLOG)]
        began = time.monotonic()
        for each, post in zip(names, cycle(corpus()), strict=False):
            self.send(each, post)
        wait_until(
            lambda: names[-1] in self.ended and self.pending == 0, "a backlog", BACKLOG_TIMEOUT
        )
        return BACKLOG / (max(self.ended[each][0] for each in names) - began)

    def backlogs(self, name: str) -> float:
        """The median of several backlogs, in posts per second."""
        return statistics.median(self.backlog(f"{name}-{each}") for each in range(BACKLOGS))

    @property
    def pending(self) -> int:
        """The number of jobs without an outcome."""
        return len(self.sent) - len(self.ended)

    def latencies(self, prefix: str) -> list[float]:
        """Seconds of the jobs whose name has this prefix, sorted."""
        names = [each for each in self.sent if each.startswith(prefix)]
        return sorted(self.ended[each][0] - self.sent[each] for each in names)

    def stop(self) -> None:
        """Close the connection."""
        self._link.stop(10)

    def _take(self, delivery: Delivery) -> None:
        outcome = decode_job_outcome(delivery.body)
        kind = str(outcome.outcome.__struct_config__.tag)
        self.ended[outcome.job] = (time.monotonic(), kind)
        if kind == "failed":
            self.failed_after.append(outcome.took)
        delivery.ack()


class _Lines:
    """The lines for a number of processes, in the order of the table."""

    def __init__(self, processes: int) -> None:
        name = f"{processes} process{'es' if processes > 1 else ''}"
        self.p50 = Line(f"{name}: p50 of normal posts, s")
        self.p99 = Line(f"{name}: p99 of normal posts, s", at_most(DEADLINE + 1))
        self.clock = Line(f"{name}: a slow text's time by the clock, p50, s")
        self.beyond = Line(
            f"{name}: the same beyond a slow text's time by the clock, s", at_most(1)
        )
        self.slow = Line(f"{name}: slow texts that came")
        self.failed = Line(f"{name}: of which failed by their deadline in the flood")
        self.at_once = Line(
            f"{name}: posts per second of the first {BACKLOG} after the flood, by before"
        )
        self.after = Line(
            f"{name}: the same of the next {BACKLOGS} times {BACKLOG}", at_least(0.95)
        )


def main() -> None:
    """Measure with one process and with two, and print the table."""
    lines: list[Line] = []
    with bench(servers=False) as it, RabbitMq() as rabbitmq:
        for processes in (1, 2):
            note(f"flood: {processes}")
            url = rabbitmq.add_vhost(f"flood{processes}")
            environ = {
                "SPLITFLAP_BROKER_URL": url,
                "SPLITFLAP_PROCESSES": str(processes),
                "SPLITFLAP_RENDER_DEADLINE": str(DEADLINE),
            }
            # The renderer waits for the queues, which the client makes.
            client = JobClient(url)
            with it.renderer(environ):
                lines += vars(_flood(client, processes)).values()
    show("flood: normal posts beside texts that take their deadline", *lines)


def _flood(client: JobClient, processes: int) -> _Lines:
    lines = _Lines(processes)
    client.backlog("warm")
    before = client.backlogs("before")
    _send(client, processes)
    _measure_flood(client, lines)
    lines.at_once.add(client.backlog("at once"), before)
    lines.after.add(client.backlogs("after"), before)
    client.stop()
    return lines


def _measure_flood(client: JobClient, lines: _Lines) -> None:
    posts = [each for each in client.sent if each.startswith("post-")]
    wait_until(lambda: all(each in client.ended for each in posts), "normal posts", BACKLOG_TIMEOUT)
    ended = [kind for each, (_, kind) in client.ended.items() if each.startswith("slow-")]
    latencies = client.latencies("post-")
    p99 = latencies[int(len(latencies) * 0.99)]
    lines.p50.add(latencies[len(latencies) // 2])
    lines.p99.add(p99)
    lines.slow.add(sum(each.startswith("slow-") for each in client.sent))
    lines.failed.add(ended.count("failed"))
    note(f"  p99 {p99:.2f} s; {client.pending} slow texts are left")
    wait_until(lambda: client.pending == 0, "the slow texts", SLOW_TIMEOUT)
    clock = sorted(client.failed_after)[len(client.failed_after) // 2]
    lines.clock.add(clock)
    lines.beyond.add(p99 - clock)
    note(f"  a slow text took {clock:.2f} s")


def _send(client: JobClient, processes: int) -> None:
    """Send normal and slow texts on a schedule, independent of their outcomes."""
    posts = islice(cycle(corpus()), int(SECONDS * NORMAL_RATE))
    schedule = [(number / NORMAL_RATE, f"post-{number}", post) for number, post in enumerate(posts)]
    interval = 1 / (SLOW_RATE * processes)
    count = int(SECONDS / interval)
    schedule += [(number * interval, f"slow-{number}", SLOW) for number in range(count)]
    began = time.monotonic()
    for due, name, text in sorted(schedule):
        time.sleep(max(0.0, began + due - time.monotonic()))
        client.send(name, text)


if __name__ == "__main__":
    main()
