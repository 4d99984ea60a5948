"""A consumer in a process of its own: `consumer.py FOLDER MODE [green]`.

It runs until it is killed. It prints the body of each message on a line. MODE is what it does then:
`ack`, `hold`, `return` (requeue now and then), or `fork` (hold, and leave two child processes).
"""

import random
import subprocess
import sys

if "green" in sys.argv:
    import eventlet

    eventlet.monkey_patch()

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from splitflap_core import topology
from splitflap_core.broker import BrokerLink, Delivery, Subscription, backend_for
from splitflap_core.settings import CommonSettings

#: The most unsettled messages of a consumer.
PREFETCH = 10


def main(folder: str, mode: str) -> None:
    """Consume the queue `render`."""
    held: list[Delivery] = []

    def take(delivery: Delivery) -> None:
        say(delivery.body.decode())
        if mode == "ack":
            delivery.ack()
        else:
            held.append(delivery)

    backend = backend_for(CommonSettings(data_dir=folder))
    subscription = Subscription(topology.JOB_QUEUES["render"], PREFETCH)
    opener = backend.opener("consumer")
    BrokerLink("consumer", opener, subscriptions=[subscription], on_delivery=take).start()
    while mode == "return":
        time.sleep(random.uniform(0.0, 0.01))
        while held and random.random() < 0.8:
            held.pop().requeue()
    while mode == "fork" and not held:
        time.sleep(0.01)
    if mode == "fork":
        leave_children()
    threading.Event().wait()


def leave_children() -> None:
    """Start a child by fork, and one by fork and exec. Both outlive this process."""
    child = subprocess.Popen(["sleep", "60"], close_fds=False)
    if (forked := os.fork()) == 0:
        time.sleep(60)
        os._exit(0)
    say(f"children {child.pid} {forked}")


def say(line: str) -> None:
    """Print a line for the test."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


@contextmanager
def consumer(folder: Path, mode: str, *options: str) -> Iterator[subprocess.Popen[str]]:
    """A consumer's process. It is killed at the end."""
    command = [sys.executable, "-W", "ignore", __file__, str(folder), mode, *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


if __name__ == "__main__":
    main(*sys.argv[1:3])
