"""One request at a time: the development server without threads, and a sync worker."""

from collections.abc import Sequence

from benchmarks.harness.table import number
from benchmarks.talk.context import Context
from benchmarks.talk.experiment import Experiment, Plot, Row, Rows, Table, Verdict

SERVERS = ("flask run, no threads", "gunicorn sync")

#: The example of the verdict.
WORKER = "gunicorn sync"


def run(context: Context) -> Sequence[Row]:
    """Each server with requests that wait, at its peak, at half of it and above it."""
    rows: list[Row] = []
    for server in SERVERS:
        with context.serving(server) as running:
            rows += context.loads(running, context.io(), server=server)
    return rows


def verdict(rows: Rows) -> Verdict:
    """From the rows of the sync worker."""
    peak = rows.one(server=WORKER, load="peak")
    half = rows.one(server=WORKER, load="half")
    above = rows.one(server=WORKER, load="above")
    largest = max(each.most("in_flight") for each in rows)
    one = largest == 1
    cpu_share = peak.median("rate") * peak.median("cpu_ms") / 10
    return Verdict(
        still_true=(
            "Yes. Both servers never had a second request in flight at the other site."
            if one
            else f"No: {largest:.0f} requests were in flight at the same time."
        ),
        by_how_much=(
            f"A sync worker finished {number(peak.median('rate'))} requests a second, and its "
            f"processes used {number(cpu_share)} % of a CPU. "
            f"At half of that load, a `/ping` took {number(half.median('ping_p50'))} ms in the "
            f"median and {number(half.median('ping_p99'))} ms at p99. "
            f"Above the peak, it took {number(above.median('ping_p99'))} ms at p99: each `/ping` "
            "waits behind all slow requests that came before it."
        ),
        what_to_do=(
            "Give each process more than one slot: threads, or green threads. "
            "Keep one request at a time for work that needs CPU only, with one process for each "
            "CPU."
        ),
    )


EXPERIMENT = Experiment(
    name="one_at_a_time",
    title="One request at a time",
    claim=(
        "A server without threads serves the next request when the present one is finished. "
        "While a request waits for another site, everybody else waits too, and the CPU is idle."
    ),
    theory=(
        "Little's law: the requests in flight are the rate times the time of each. With one slot, "
        "the rate is at most one divided by the time of a request, however fast the CPU is."
    ),
    mistake=(
        "People see a slow site and an idle CPU, and buy a larger machine. "
        "The slots are full, not the CPU."
    ),
    run=run,
    verdict=verdict,
    tables=(
        Table(
            "Requests that wait for another site (`/io`)",
            ("server", "load"),
            (
                *("offered", "rate", "p50", "p99", "ping_p50", "ping_p99"),
                *("wrong", "errors", "missing", "ping_failures", "cpu_ms", "in_flight"),
            ),
        ),
    ),
    plots=(
        Plot(
            "ping",
            "A cheap request beside slow ones",
            x="load",
            figure="ping_p99",
            y_title="",
            x_title="p99 of /ping, ms",
            series="server",
            kind="bar",
        ),
    ),
)
