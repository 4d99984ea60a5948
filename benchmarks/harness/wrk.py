"""Closed loops and floods by wrk (https://github.com/wg/wrk), a generator that costs little CPU."""

import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from .bench import KEY, POST

_POSTS = """\
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer {key}"
wrk.body = '{body}'
"""

#: Each request asks for the next path.
_FILES = """\
wrk.headers["Accept-Encoding"] = "{coding}"
local paths, requests, last = {{ {paths} }}, {{}}, 0
function init()
  for number, path in ipairs(paths) do requests[number] = wrk.format("GET", path) end
end
function request()
  last = last % #requests + 1
  return requests[last]
end
"""

_RESULT = """\
function done(summary, latency)
  local e = summary.errors
  io.write(string.format("RESULT %d %d %d %d %d\\n", summary.requests, summary.duration,
    e.status, e.connect + e.read + e.write + e.timeout, latency:percentile(99)))
end
"""

#: Each connection waits for its time in one common schedule: an open loop, while connections are
#: free. wrk delays by whole milliseconds.
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
REQUEST_TIMEOUT = 30


class MissingWrk(LookupError):
    """wrk is not installed."""


class LoadTarget(Protocol):
    """A server on loopback under load."""

    @property
    def port(self) -> int: ...

    def cpu(self) -> float:
        """CPU seconds used so far."""


@dataclass(frozen=True)
class WrkResult:
    """The result of one run of wrk."""

    #: Requests with a status below 400.
    requests: int
    seconds: float
    #: Requests with a status of 400 or more.
    refused: int
    #: Requests without a response.
    lost: int
    p99_ms: float
    #: CPU microseconds of the server for each request with a status below 400.
    cpu_us: float

    @property
    def rate(self) -> float:
        """Requests per second, with a status below 400."""
        return self.requests / self.seconds


def closed_loop(target: LoadTarget, folder: Path, seconds: int, connections: int = 48) -> WrkResult:
    """Send posts for some seconds. Each connection sends the next post after each response.

    Raises:
        MissingWrk: wrk is not installed (`make bench-tools`).
    """
    with _wrk(target, folder, _script(POST), seconds, connections) as results:
        pass
    return results[0]


def file_loop(
    target: LoadTarget,
    folder: Path,
    paths: Sequence[str],
    coding: str,
    seconds: int,
    connections: int,
) -> WrkResult:
    """Fetch files in turn for some seconds, with this Accept-Encoding.

    Raises:
        MissingWrk: wrk is not installed (`make bench-tools`).
    """
    script = _FILES.format(coding=coding, paths=", ".join(f'"{path}"' for path in paths))
    with _wrk(target, folder, script, seconds, connections) as results:
        pass
    return results[0]


@contextmanager
def flood(
    target: LoadTarget, folder: Path, body: bytes, rate: float, seconds: int, connections: int
) -> Iterator[list[WrkResult]]:
    """Send `rate` posts a second while the block runs. The end of it adds the result to the list.

    Raises:
        MissingWrk: wrk is not installed (`make bench-tools`).
    """
    script = _script(body) + _PACED.format(interval_ms=1000 / rate)
    with _wrk(target, folder, script, seconds, connections) as results:
        yield results


def _script(body: bytes) -> str:
    return _POSTS.format(key=KEY, body=body.decode())


@contextmanager
def _wrk(
    target: LoadTarget, folder: Path, script: str, seconds: int, connections: int
) -> Iterator[list[WrkResult]]:
    binary = shutil.which("wrk")
    if binary is None:
        raise MissingWrk("wrk is not installed: run make bench-tools")
    file = folder / f"script-{target.port}.lua"
    file.write_text(script + _RESULT, encoding="ascii")
    url = f"http://127.0.0.1:{target.port}/v1/posts"
    options = ["-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", f"{REQUEST_TIMEOUT}s"]
    before = target.cpu()
    results: list[WrkResult] = []
    command = [binary, *options, "-s", str(file), url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield results
            printed, _ = process.communicate(timeout=seconds + 2 * REQUEST_TIMEOUT)
        finally:
            process.kill()
    results.append(_parse(printed, target.cpu() - before))


def _parse(printed: str, cpu_seconds: float) -> WrkResult:
    found = re.search(r"RESULT (\d+) (\d+) (\d+) (\d+) (\d+)", printed)
    assert found, printed
    count, micros, refused, lost, p99 = map(int, found.groups())
    good = count - refused
    cpu_us = cpu_seconds / max(1, good) * 1e6
    return WrkResult(good, micros / 1e6, refused, lost, p99 / 1000, cpu_us)
