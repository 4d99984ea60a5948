"""Publishing with confirms through core's BrokerLink, beside kombu's publish, one by one.

Both publish the same persistent message to the same quorum queue from an otherwise idle process.
A message counts after the broker's confirm.
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

#: Messages given to the link ahead of their confirms.
MAX_UNCONFIRMED = 2_000

KIND = topology.JOB_QUEUES["render"].name

#: A body of about the size of a job with a post of 200 bytes.
BODY = POST * 2


def main() -> None:
    """Measure, and print the table."""
    rate = Line("confirmed messages per second", at_least(6))
    cpu = Line("CPU us of the publisher per message")
    with bench() as it:
        url = it.rabbitmq.add_vhost("publish")
        # Round 0 warms up, and does not count.
        for number in range(ROUNDS + 1):
            note(f"publish: round {number} of {ROUNDS}")
            (kombu_rate, kombu_cpu), (link_rate, link_cpu) = _by_kombu(url), _by_link(url)
            if number:
                rate.add(link_rate, kombu_rate)
                cpu.add(link_cpu, kombu_cpu)
        depth = it.rabbitmq.queue_depths("publish")[KIND].ready
        assert depth == 0, depth
    show("publish: confirmed messages", rate, cpu)


def _by_kombu(url: str) -> tuple[float, float]:
    """Publish as kombu's documentation does: messages per second, and CPU us for each."""
    with kombu.Connection(url, transport_options={"confirm_publish": True}) as connection:
        channel = connection.channel()
        topology.JOB_QUEUES["render"](channel).declare()
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
        purged = topology.JOB_QUEUES["render"](channel).purge()
        assert purged == count, (purged, count)
    return rate, each * 1e6


class _Window:
    """Counts confirms. Each confirm frees a slot for another message."""

    def __init__(self) -> None:
        self.sent = 0
        self.free_slots = threading.Semaphore(MAX_UNCONFIRMED)

    def settled(self, sent: bool) -> None:
        assert sent
        self.sent += 1
        self.free_slots.release()


def _by_link(url: str) -> tuple[float, float]:
    """Publish through a link: messages per second, and CPU us for each."""
    up = threading.Event()
    opener = backend_for(CommonSettings(broker_url=url)).opener("bench")
    link = BrokerLink("bench", opener, on_up=lambda _created: up.set())
    link.start()
    assert up.wait(30)
    window = _Window()
    cpu, began = time.process_time(), time.monotonic()
    while time.monotonic() - began < SECONDS:
        window.free_slots.acquire()
        link.publish(OutgoingMessage(topology.JOBS.name, KIND, BODY, window.settled))
    for _ in range(MAX_UNCONFIRMED):
        window.free_slots.acquire()
    rate, each = window.sent / (time.monotonic() - began), (time.process_time() - cpu) / window.sent
    link.stop(10)
    with kombu.Connection(url) as connection:
        purged = topology.JOB_QUEUES["render"](connection.channel()).purge()
        assert purged == window.sent, (purged, window.sent)
    return rate, each * 1e6


if __name__ == "__main__":
    main()
