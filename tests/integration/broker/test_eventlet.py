"""Links in a process of green threads, as in the API and the scraper."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers.rabbitmq import RabbitMq

#: Limit for the wait of other green threads, in seconds: a bound on liveness, far above the usual.
LONGEST_GAP = 0.5

SCRIPT = """
import eventlet
eventlet.monkey_patch()
import sys, threading, time
from splitflap_core import topology
from splitflap_core.broker import BrokerLink, OutgoingMessage, Subscription, backend_for
from splitflap_core.settings import CommonSettings

backend = backend_for(CommonSettings(broker_url=sys.argv[1], data_dir=sys.argv[2]))
received, settled, gaps = set(), [], [0.0]

def take(delivery):
    received.add(delivery.body)
    delivery.ack()

def tick():
    while True:
        begin = time.monotonic()
        eventlet.sleep(0.005)
        gaps.append(time.monotonic() - begin)

def wait(condition):
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, (len(received), len(settled), link.ready())
        time.sleep(0.01)

subscription = Subscription(topology.JOB_QUEUES["render"], 50)
link = BrokerLink("green", backend.opener("green"), subscriptions=[subscription], on_delivery=take)
link.start()
wait(lambda: link.up)
eventlet.spawn(tick)
for number in range(1000):
    link.publish(OutgoingMessage("jobs", "render", b"%d" % number, settled.append))
wait(lambda: len(received) == 1000 and settled.count(True) == 1000)
# An idle link waits in select and recv, which must be green as well.
idle = time.monotonic() + 1.5
wait(lambda: time.monotonic() > idle)
link.stop(5)
assert not link.up
print(max(gaps))
"""


def longest_gap(url: str, folder: Path) -> float:
    """The longest wait of another green thread beside a busy link, in seconds."""
    command = [sys.executable, "-W", "ignore", "-c", SCRIPT, url, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return float(done.stdout)


def test_the_embedded_broker_does_not_block_green_threads(tmp_path: Path) -> None:
    """The link publishes and receives 1,000 messages."""
    assert longest_gap("filesystem://", tmp_path) < LONGEST_GAP


@pytest.mark.servers
def test_rabbitmq_does_not_block_green_threads(rabbitmq_server: RabbitMq, tmp_path: Path) -> None:
    """The link publishes and receives 1,000 messages."""
    assert longest_gap(rabbitmq_server.add_vhost("green"), tmp_path) < LONGEST_GAP
