"""The ProcessPool of pebble: it kills what takes too long, as the renderer does, without a broker.

    python -m benchmarks.renderer.rivals.pebble_pool PROCESSES

Prints the number of texts that are done, ten times a second, until it is killed.
"""

import sys
import threading
import time
from itertools import cycle

from pebble import ProcessPool

from benchmarks.renderer.bare_render import rendered
from benchmarks.renderer.corpus import corpus

#: Texts a process that are handed to the pool ahead.
AHEAD = 8


class Loop:
    """Keeps the pool fed, and counts."""

    def __init__(self, processes: int) -> None:
        self.done = 0
        self._free = threading.Semaphore(AHEAD * processes)
        self._pool = ProcessPool(max_workers=processes, max_tasks=10_000)

    def run(self) -> None:
        """Schedule text after text."""
        for post in cycle(corpus()):
            self._free.acquire()
            self._pool.schedule(rendered, args=(post,), timeout=2).add_done_callback(self._count)

    def _count(self, _future: object) -> None:
        self.done += 1
        self._free.release()


if __name__ == "__main__":
    loop = Loop(int(sys.argv[1]))
    threading.Thread(target=loop.run, daemon=True).start()
    while True:
        print(loop.done, flush=True)
        time.sleep(0.1)
