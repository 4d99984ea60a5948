"""The API with a heartbeat: a green thread that notes the longest hold of the hub.

All green threads of the API share one thread of the system. While one of them computes, no other
request is read or answered. The heartbeat sleeps for BEAT and compares the time: what is above BEAT
was a hold. A file has the longest one, since holds.py last set it to 0.
"""

import mmap
import os
import struct
import time
from pathlib import Path
from typing import TYPE_CHECKING

from splitflap_api.__main__ import new_service
from splitflap_api.server.application import ApiApplication
from splitflap_api.settings import ApiSettings
from splitflap_core.settings import load

if TYPE_CHECKING:  # the worker imports them after eventlet's patch
    from splitflap_api.loops.waiters import Waiters
    from splitflap_api.service import ApiService

#: Seconds between two looks at the clock.
BEAT = 0.001

#: Variable of the environment with the path of the file.
FILE = "BENCH_HOLD_FILE"

#: The longest hold in seconds: of the clock, and of this thread's CPU time.
FORMAT = struct.Struct("=dd")


def watched_service(settings: ApiSettings, waiters: "Waiters") -> "ApiService":
    """The service, which starts the heartbeat with its loops."""
    from splitflap_api.server import green

    service = new_service(settings, waiters)
    start = service.start

    def start_watched() -> None:
        green.spawn(_beat)
        start()

    service.start = start_watched  # type: ignore[method-assign]  # on purpose
    return service


def _beat() -> None:
    from splitflap_api.server import green

    with Path(os.environ[FILE]).open("r+b") as file:
        shared = mmap.mmap(file.fileno(), FORMAT.size)
        while True:
            began, cpu = time.monotonic(), time.thread_time()
            green.sleep(BEAT)
            held = time.monotonic() - began - BEAT, time.thread_time() - cpu
            longest = FORMAT.unpack_from(shared)
            FORMAT.pack_into(shared, 0, *map(max, held, longest))


if __name__ == "__main__":
    ApiApplication(load(ApiSettings), watched_service).run()
