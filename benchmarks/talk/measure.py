"""One measurement of a running server, and the search for its peak."""

import math
import time
from dataclasses import asdict, dataclass, replace

from benchmarks.harness.pace import PacedResult
from benchmarks.harness.waiting import wait_until

from .load import Load, Sent, Work, send, send_alone
from .servers import Running
from .site import Site

#: Requests beyond the slots, so that a free slot finds a next one.
WAITING_AT_PEAK = 4

#: The first requests to a server: few, one after the other.
WARM_RATE, WARM_SECONDS = 10.0, 0.3

#: Requests in flight for a figure of memory.
SEVERAL = 8

#: A server is idle that uses at most this much CPU in these seconds.
IDLE_SECONDS, IDLE_CPU_SECONDS = 0.3, 0.03

#: Seconds for a server to finish what the search for its peak left.
SETTLE_TIMEOUT = 60.0

#: The rate of a search for the peak: more than any server answers, so all connections are busy.
FLOOD = 20_000.0

#: Connections of a measurement: each waiting request holds one.
MOST_WAITING = 400


@dataclass(frozen=True)
class Measurement:
    """The figures of one run. Times are in milliseconds, from the scheduled time."""

    #: Requests a second that were offered, and right answers a second that came back.
    offered: float
    rate: float
    p50: float
    p99: float
    #: Of /ping beside it.
    ping_p50: float
    ping_p99: float
    #: Answers: as expected, with a wrong body, with another status, and none at all.
    right: int
    wrong: int
    errors: int
    missing: int
    #: Pings without a right answer.
    ping_failures: int
    #: CPU milliseconds of all of the server's processes for each answer; NaN with pings beside it.
    cpu_ms: float
    #: Memory (KiB) that the server gained since its first requests, for each request in flight at
    #: the site; NaN unless several were, and all slots were busy.
    waiting_kib: float
    #: The largest number of requests in flight at the site; the site counts it without a clock.
    in_flight: int

    def figures(self) -> dict[str, float]:
        """The figures by name, for a row."""
        return asdict(self)


def peak(
    running: Running, site: Site, work: Work, seconds: float, *, gathers: bool = False
) -> Measurement:
    """The most that a server answers: every slot always has a next request.

    With `gathers`, the first pages wait until all slots have a request: the number in flight does
    not depend on the machine's speed then, and the rate means nothing.

    A request without an answer at the end is missing, unless the server still computes. Latencies
    are left out, for there is no schedule to count them from. The rate counts all answers up to the
    last one: many threads that compute finish late, and all at once.
    """
    connections = running.slots * running.processes + WAITING_AT_PEAK
    load = Load(running.port, FLOOD, seconds, connections, fresh=True, warm_up=0.0)
    _warm(running, work)
    site.reset(running.slots * running.processes if gathers else 0)
    before = running.cpu_seconds()
    sent = send(load, work, pings=False, during=lambda: _late(running, load))
    used = running.cpu_seconds() - before
    largest, result = site.largest(), sent.work
    site.reset()  # later pages wait for no others
    # The generator has waited for the last answers. A server that is idle will send no more: it
    # has lost them. One that computes is slow.
    if result.timed_out and not _is_idle(running):
        result.lost -= result.timed_out
    found = _measurement(load, sent, used, _for_each(running, sent.seen, largest), largest)
    # The server may still work on requests that it was sent.
    wait_until(lambda: _is_idle(running), f"{running.server.name} to be idle", SETTLE_TIMEOUT)
    rate = found.right / result.until_last
    return replace(found, rate=rate, offered=math.nan, p50=math.nan, p99=math.nan)


def at(
    running: Running,
    site: Site,
    work: Work,
    rate: float,
    seconds: float,
    *,
    warm_up: float = 0.5,
    pings: bool = True,
    fresh: bool = True,
) -> Measurement:
    """A server at a rate, with pings beside it. The warm-up comes before `seconds`."""
    load = Load(running.port, rate, seconds, MOST_WAITING, fresh, warm_up)
    _warm(running, work)
    site.reset()
    before = running.cpu_seconds()
    sent = send(load, work, pings=pings, during=lambda: _late(running, load))
    used = math.nan if pings else running.cpu_seconds() - before
    largest = site.largest()
    return _measurement(load, sent, used, _for_each(running, sent.seen, largest), largest)


def _is_idle(running: Running) -> bool:
    """Whether it computes nothing, for longer than most requests wait."""
    before = running.cpu_seconds()
    time.sleep(IDLE_SECONDS)
    return running.cpu_seconds() - before <= IDLE_CPU_SECONDS


def _warm(running: Running, work: Work) -> None:
    """The first requests import and allocate what all later ones share."""
    if not running.at_rest:
        send_alone(Load(running.port, WARM_RATE, WARM_SECONDS, 4, fresh=True, warm_up=0.0), work)
        running.gained_kib()


def _late(running: Running, load: Load) -> float:
    """The memory gained late in a run, when the requests that wait are there."""
    time.sleep(load.warm_up + load.seconds * 0.8)
    return running.gained_kib()


def _for_each(running: Running, gained_kib: float, in_flight: int) -> float:
    """Memory for each request in flight. It needs several, and all slots busy as at the peak."""
    several = in_flight >= max(SEVERAL, running.slots * running.processes)
    return gained_kib / in_flight if several else math.nan


def _measurement(
    load: Load, sent: Sent, cpu_seconds: float, waiting_kib: float, in_flight: int
) -> Measurement:
    good, pings = sent.work.of(200), sent.pings.of(200)
    answers = _answers(sent.work)
    all_answers = answers + sent.work.wrong
    return Measurement(
        offered=load.rate,
        rate=sent.work.finished / load.seconds,
        p50=good.quantile(0.5),
        p99=good.quantile(0.99),
        ping_p50=pings.quantile(0.5),
        ping_p99=pings.quantile(0.99),
        right=len(good.latencies),
        wrong=sent.work.wrong,
        errors=answers - len(good.latencies),
        missing=sent.work.lost,
        ping_failures=sent.pings.sent - len(pings.latencies),
        cpu_ms=cpu_seconds * 1000 / all_answers if all_answers else math.nan,
        waiting_kib=waiting_kib,
        in_flight=in_flight,
    )


def _answers(result: PacedResult) -> int:
    return sum(len(each.latencies) for each in result.by_status.values())
