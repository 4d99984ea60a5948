"""The ProcessPool of pebble: it kills slow texts as the renderer does, without a broker.

    python -m benchmarks.renderer.rivals.pebble_pool PROCESSES

Prints the number of rendered texts, ten times a second, until it is killed.
"""

import sys
import threading
import time
from itertools import cycle

from pebble import ProcessPool

from benchmarks.renderer.bare_render import rendered
from benchmarks.renderer.corpus import corpus

#: Scheduled texts for each process.
AHEAD = 8


class FedPool:
    """Keeps a pool supplied with texts, and counts its results."""

    def __init__(self, processes: int) -> None:
        self.done = 0
        self._free_slots = threading.Semaphore(AHEAD * processes)
        self._pool = ProcessPool(max_workers=processes, max_tasks=10_000)

    def run(self) -> None:
        """Schedule texts without end."""
        for post in cycle(corpus()):
            self._free_slots.acquire()
            self._pool.schedule(rendered, args=(post,), timeout=2).add_done_callback(self._count)

    def _count(self, _future: object) -> None:
        self.done += 1
        self._free_slots.release()


if __name__ == "__main__":
    pool = FedPool(int(sys.argv[1]))
    threading.Thread(target=pool.run, daemon=True).start()
    while True:
        print(pool.done, flush=True)
        time.sleep(0.1)
