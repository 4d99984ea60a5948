"""Loads by wrk (https://github.com/wg/wrk), which costs the least CPU of all that could be had."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from benchmarks.harness.bench import KEY, POST

_POSTS = """\
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer {key}"
wrk.body = '{body}'
function done(summary, latency)
  local e = summary.errors
  io.write(string.format("RESULT %d %d %d %d %d\\n", summary.requests, summary.duration,
    e.status, e.connect + e.read + e.write + e.timeout, latency:percentile(99)))
end
"""

#: Each connection waits for its place in a schedule that all share: an open loop, as long as
#: connections are free. wrk delays by whole milliseconds.
_PACED = """\
local ffi = require("ffi")
ffi.cdef[[typedef struct {{ long s; long ns; }} moment; int clock_gettime(int, moment *);]]
local moment = ffi.new("moment")
local function now()
  ffi.C.clock_gettime(1, moment)
  return tonumber(moment.s) * 1000 + tonumber(moment.ns) / 1e6
end
local due = now()
function delay()
  due = due + {interval_ms}
  local left = due - now()
  if left <= 0 then return 0 end
  local whole = math.floor(left)
  if math.random() < left - whole then whole = whole + 1 end
  return whole
end
"""


#: Seconds after which wrk counts a request as lost.
PATIENCE = 30


class MissingWrk(LookupError):
    """wrk is not installed."""


class Target(Protocol):
    """A server on loopback."""

    @property
    def port(self) -> int: ...

    def cpu(self) -> float:
        """CPU seconds that it has used."""


@dataclass(frozen=True)
class Loop:
    """What a run of wrk gave. `requests` were answered with less than 400."""

    requests: int
    seconds: float
    #: Answered with 400 or more, and not answered.
    refused: int
    lost: int
    p99_ms: float
    #: CPU microseconds of the API's worker per request that was not refused.
    cpu_us: float

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.requests / self.seconds


def posts(api: Target, folder: Path, seconds: int, connections: int = 64) -> Loop:
    """Make posts for so many seconds, on each connection one after the other.

    Raises:
        MissingWrk: see `make bench-tools`.
    """
    with _wrk(api, folder, _script(POST), seconds, connections) as loops:
        pass
    return loops[0]


@contextmanager
def flood(
    api: Target, folder: Path, body: bytes, rate: float, seconds: int, connections: int
) -> Iterator[list[Loop]]:
    """Make `rate` posts a second while the block runs; the list is filled at the block's end."""
    script = _script(body) + _PACED.format(interval_ms=1000 / rate)
    with _wrk(api, folder, script, seconds, connections) as loops:
        yield loops


def _script(body: bytes) -> str:
    return _POSTS.format(key=KEY, body=body.decode())


@contextmanager
def _wrk(
    api: Target, folder: Path, script: str, seconds: int, connections: int
) -> Iterator[list[Loop]]:
    binary = shutil.which("wrk")
    if binary is None:
        raise MissingWrk("wrk is not installed: make bench-tools")
    file = folder / f"script-{api.port}.lua"
    file.write_text(script, encoding="ascii")
    url = f"http://127.0.0.1:{api.port}/v1/posts"
    options = ["-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", f"{PATIENCE}s"]
    command = [binary, *options, "-s", str(file), url]
    before = api.cpu()
    loops: list[Loop] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield loops
            told, _ = process.communicate(timeout=seconds + 2 * PATIENCE)
        finally:
            process.kill()
    found = re.search(r"RESULT (\d+) (\d+) (\d+) (\d+) (\d+)", told)
    assert found, told
    count, micros, refused, lost, p99 = map(int, found.groups())
    good = count - refused
    cpu_us = (api.cpu() - before) / max(1, good) * 1e6
    loops.append(Loop(good, micros / 1e6, refused, lost, p99 / 1000, cpu_us))
