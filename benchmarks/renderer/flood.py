"""Normal posts beside a flood of texts that each take their full deadline, through RabbitMQ.

The slow texts pass the checks, and would take half a minute: backticks that are never closed. They
come at twice the rate at which the processes could end them, for 20 seconds; normal posts come all
the time. A post's time is from its publishing until its outcome is received. The deadline is CPU
time; how long that is by the clock, on a machine that does other work too, the slow texts' outcomes
say. Before the flood and after it, backlogs of normal posts are timed, two seconds each, which on a
shared machine is little: it is their medians that are compared. Each time the first is not among
them, as a renderer holds few texts until it has seen that they are quick.
"""

import statistics
import threading
import time
from itertools import cycle, islice

import msgspec
from splitflap_core import topology
from splitflap_core.broker import BrokerLink, Delivery, OutgoingMessage, Subscription, backend_for
from splitflap_core.contracts import Job, RenderRequest, decode_job_outcome, encode
from splitflap_core.settings import CommonSettings
from splitflap_renderer.settings import RendererSettings

from benchmarks.harness.bench import bench, wait_until
from benchmarks.harness.table import Line, at_least, at_most, note, show
from benchmarks.renderer.corpus import corpus
from tests.servers.rabbitmq import RabbitMq

#: Seconds that a text may take: the default.
DEADLINE = RendererSettings().render_deadline

#: Seconds of the flood, and normal posts a second in it.
SECONDS = 20.0
NORMAL_RATE = 20.0

#: Slow texts a second for each process, of which it could end 1 / DEADLINE.
SLOW_RATE = 2 / DEADLINE

#: Normal posts of a backlog that is timed, and how many backlogs before the flood and after it.
BACKLOG = 1_000
BACKLOGS = 8

SLOW = r"a\``" * 16_000


class Client:
    """Publishes jobs, and takes the time at which each has its outcome."""

    def __init__(self, url: str) -> None:
        self.sent: dict[str, float] = {}
        self.ended: dict[str, tuple[float, str]] = {}
        #: Seconds by the clock of each text that used up its deadline.
        self.took: list[float] = []
        up = threading.Event()
        self._link = BrokerLink(
            "bench",
            backend_for(CommonSettings(broker_url=url)).opener("bench"),
            subscriptions=(Subscription(topology.RESULTS_QUEUE, 1_000),),
            on_delivery=self._take,
            on_up=up.set,
        )
        self._link.start()
        assert up.wait(30)

    def send(self, name: str, text: str) -> None:
        """Publish a job; its time begins now."""
        payload = msgspec.Raw(encode(RenderRequest(text)))
        self.sent[name] = time.monotonic()
        body = encode(Job(name, "render", 1, time.time(), payload))
        self._link.publish(OutgoingMessage(topology.JOBS.name, "render", body, lambda _sent: None))

    def backlog(self, name: str) -> float:
        """Normal posts per second, of many at once."""
        names = [f"{name}-{number}" for number in range(BACKLOG)]
        began = time.monotonic()
        for each, post in zip(names, cycle(corpus()), strict=False):
            self.send(each, post)
        wait_until(lambda: names[-1] in self.ended and self.pending == 0, "a backlog", 120)
        return BACKLOG / (max(self.ended[each][0] for each in names) - began)

    def backlogs(self, name: str) -> float:
        """Normal posts per second: the median of several backlogs."""
        return statistics.median(self.backlog(f"{name}-{each}") for each in range(BACKLOGS))

    @property
    def pending(self) -> int:
        """Jobs without an outcome."""
        return len(self.sent) - len(self.ended)

    def stop(self) -> None:
        """Close the connection."""
        self._link.stop(10)

    def _take(self, delivery: Delivery) -> None:
        outcome = decode_job_outcome(delivery.body)
        word = str(outcome.outcome.__struct_config__.tag)
        self.ended[outcome.job] = (time.monotonic(), word)
        if word == "failed":
            self.took.append(outcome.took)
        delivery.ack()


def main() -> None:
    """One table, for one process and for two."""
    lines = []
    with bench(servers=False) as it, RabbitMq() as rabbitmq:
        for processes in (1, 2):
            note(f"flood: {processes}")
            url = rabbitmq.add_vhost(f"flood{processes}")
            environ = {"SPLITFLAP_BROKER_URL": url, "SPLITFLAP_PROCESSES": str(processes)}
            with it.renderer(environ):
                lines += _flood(Client(url), processes)
    show("Normal posts beside texts that take their deadline", *lines)


def _flood(client: Client, processes: int) -> list[Line]:
    name = f"{processes} process{'es' if processes > 1 else ''}"
    p50 = Line(f"{name}: p50 of normal posts, s")
    p99 = Line(f"{name}: p99 of normal posts, s", at_most(DEADLINE + 1))
    beyond = Line(f"{name}: the same beyond a slow text's time by the clock, s", at_most(1))
    clock = Line(f"{name}: a slow text's time by the clock, p50, s")
    slow = Line(f"{name}: slow texts that came")
    failed = Line(f"{name}: of which failed by their deadline in the flood")
    at_once = Line(f"{name}: posts per second of the first {BACKLOG} after the flood, by before")
    after = Line(f"{name}: the same of the next {BACKLOGS} times {BACKLOG}", at_least(0.95))
    client.backlog("warm")
    before = client.backlogs("before")
    _send(client, processes)
    posts = [each for each in client.sent if each.startswith("post-")]
    wait_until(lambda: all(each in client.ended for each in posts), "normal posts", 120)
    ended = [word for each, (_, word) in client.ended.items() if each.startswith("slow-")]
    took = sorted(client.ended[each][0] - client.sent[each] for each in posts)
    p50.add(took[len(took) // 2])
    p99.add(took[int(len(took) * 0.99)])
    slow.add(sum(each.startswith("slow-") for each in client.sent))
    failed.add(ended.count("failed"))
    note(f"  p99 {p99.subjects[0]:.2f} s; {client.pending} slow texts are left")
    wait_until(lambda: client.pending == 0, "the slow texts", 400)
    slowest = sorted(client.took)
    clock.add(slowest[len(slowest) // 2])
    beyond.add(p99.subjects[0] - clock.subjects[0])
    note(f"  a slow text took {clock.subjects[0]:.2f} s")
    at_once.add(client.backlog("at once"), before)
    after.add(client.backlogs("after"), before)
    client.stop()
    return [p50, p99, clock, beyond, slow, failed, at_once, after]


def _send(client: Client, processes: int) -> None:
    """On a schedule, whatever becomes of it."""
    posts = islice(cycle(corpus()), int(SECONDS * NORMAL_RATE))
    plan = [(number / NORMAL_RATE, f"post-{number}", post) for number, post in enumerate(posts)]
    each = 1 / (SLOW_RATE * processes)
    plan += [(number * each, f"slow-{number}", SLOW) for number in range(int(SECONDS / each))]
    began = time.monotonic()
    for due, name, text in sorted(plan):
        time.sleep(max(0.0, began + due - time.monotonic()))
        client.send(name, text)


if __name__ == "__main__":
    main()
