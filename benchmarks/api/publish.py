"""Figure 3: publishing with confirms through a link, against kombu's one by one.

Both publish the same persistent message to the same quorum queue, from a process that does nothing
else, and count a message when the broker has confirmed it.
"""

import threading
import time

import kombu
from splitflap_core import topology
from splitflap_core.broker import BrokerLink, OutgoingMessage, backend_for
from splitflap_core.settings import CommonSettings

from benchmarks.harness.bench import POST, bench
from benchmarks.harness.table import Line, at_least, note, show

ROUNDS = 5

#: Seconds of one measurement.
SECONDS = 3.0

#: Messages that are handed to the link ahead of their confirms.
AHEAD = 2_000

KIND = topology.RENDER_QUEUE.name

#: About as long as a job with a post of 200 bytes.
BODY = POST * 2


def main() -> None:
    """Measure, and print the table."""
    rate = Line("confirmed messages per second", at_least(6))
    cpu = Line("CPU us of the publisher per message")
    with bench() as it:
        url = it.rabbitmq.add_vhost("publish")
        for number in range(-1, ROUNDS):
            note(f"publish: round {number + 1} of {ROUNDS}")
            (one_by_one, its_cpu), (windowed, cpu_windowed) = _one_by_one(url), _windowed(url)
            if number >= 0:
                rate.add(windowed, one_by_one)
                cpu.add(cpu_windowed, its_cpu)
        depth = it.rabbitmq.queue_depths("publish")[KIND].ready
        assert depth == 0, depth
    show(__doc__.partition("\n")[0], rate, cpu)


def _one_by_one(url: str) -> tuple[float, float]:
    """Kombu as its documentation has it; messages per second, and CPU microseconds of each."""
    with kombu.Connection(url, transport_options={"confirm_publish": True}) as connection:
        channel = connection.channel()
        topology.RENDER_QUEUE(channel).declare()
        producer = kombu.Producer(channel)
        count = 0
        cpu, began = time.process_time(), time.monotonic()
        while time.monotonic() - began < SECONDS:
            producer.publish(
                BODY,
                exchange=topology.JOBS.name,
                routing_key=KIND,
                mandatory=True,
                delivery_mode=2,
                content_type="application/json",
                content_encoding="utf-8",
            )
            count += 1
        rate, each = count / (time.monotonic() - began), (time.process_time() - cpu) / count
        purged = topology.RENDER_QUEUE(channel).purge()
        assert purged == count, (purged, count)
    return rate, each * 1e6


class _Count:
    """Confirmed messages; a place becomes free with each."""

    def __init__(self) -> None:
        self.sent = 0
        self.places = threading.Semaphore(AHEAD)

    def settled(self, sent: bool) -> None:
        assert sent
        self.sent += 1
        self.places.release()


def _windowed(url: str) -> tuple[float, float]:
    up = threading.Event()
    link = BrokerLink(
        "bench", backend_for(CommonSettings(broker_url=url)).opener("bench"), on_up=up.set
    )
    link.start()
    assert up.wait(30)
    count = _Count()
    cpu, began = time.process_time(), time.monotonic()
    while time.monotonic() - began < SECONDS:
        count.places.acquire()
        link.publish(OutgoingMessage(topology.JOBS.name, KIND, BODY, count.settled))
    for _ in range(AHEAD):
        count.places.acquire()
    rate, each = count.sent / (time.monotonic() - began), (time.process_time() - cpu) / count.sent
    link.stop(10)
    with kombu.Connection(url) as connection:
        purged = topology.RENDER_QUEUE(connection.channel()).purge()
        assert purged == count.sent, (purged, count.sent)
    return rate, each * 1e6


if __name__ == "__main__":
    main()
