"""I/O bottleneck and CPU bottleneck, inside the request and outside of it."""

from benchmarks.harness.table import number
from benchmarks.talk.clients.tasks import POLL_SECONDS
from benchmarks.talk.experiment import Case, Column, Experiment, Plot, Rows, Table, Verdict, bullets
from benchmarks.talk.probes.bottlenecks import (
    INSIDE,
    NO_POOL,
    OUTSIDE,
    POOLS,
    PROCESSES,
    SLOTS,
    SPLITFLAP,
    THREADS,
    run,
)


def verdict(rows: Rows) -> Verdict:
    """From the loads and the kills."""
    io, cpu = rows.where(work="io"), rows.where(work="cpu")
    inside, after = io.one(where=INSIDE, pool=NO_POOL), io.one(where=OUTSIDE, pool=THREADS)
    same, apart = (cpu.one(where=OUTSIDE, pool=pool) for pool in (THREADS, PROCESSES))
    waits, computes = _faster(after, inside), _faster(apart, same)
    answer = {2: "Yes", 1: "In part", 0: "No"}[waits + computes]
    return Verdict(
        still_true=(
            f"{answer}: beside work that waits, the p99 of `/ping` was {_ping(inside)} with the "
            f"work inside the request and {_ping(after)} after a 202, and beside work that "
            f"computes {_ping(same)} with a thread pool and {_ping(apart)} with a process pool. "
            f"{_lost(rows)}{_bad(rows)}"
        ),
        by_how_much=bullets(_waiting(io), f"{_computing(same, apart)}{_within(cpu)}", _memory(io)),
        what_to_do=f"{_pools(waits, computes)}{_stored(rows)}",
    )


def _faster(case: Case, than: Case) -> bool:
    """Whether a cheap request is served sooner."""
    return case.median("ping_p99") < than.median("ping_p99")


def _ping(case: Case) -> str:
    return f"{number(case.median('ping_p99'))} ms"


def _waiting(io: Rows) -> str:
    inside, pooled = (io.one(where=INSIDE, pool=pool) for pool in (NO_POOL, THREADS))
    after = io.one(where=OUTSIDE, pool=THREADS)
    return (
        f"I/O above the peak: inside the request, at most {inside.most('in_flight'):.0f} requests "
        f"wait for the other site, and a `/ping` takes {_ping(inside)} at p99. "
        f"With a thread pool inside the request these are {pooled.most('in_flight'):.0f} and "
        f"{_ping(pooled)}, since each request still holds its thread. "
        f"After a 202 they are {after.most('in_flight'):.0f} and {_ping(after)}."
    )


def _computing(same: Case, apart: Case) -> str:
    return (
        f"CPU above the peak: after a 202 with a thread pool, a `/ping` takes {_ping(same)} at "
        f"p99, and a task {number(same.median('p50'))} ms in the median. With a process pool they "
        f"are {_ping(apart)} and {number(apart.median('p50'))} ms."
    )


def _within(cpu: Rows) -> str:
    """A process pool keeps the work away from the cheap requests, also without a 202."""
    return "".join(
        f" Inside the request, with a process pool, a `/ping` takes {_ping(each)}."
        for each in cpu.where(where=INSIDE, pool=PROCESSES)
    )


def _memory(io: Rows) -> str:
    threads, processes = (
        number(io.one(where=OUTSIDE, pool=pool).median("memory")) for pool in (THREADS, PROCESSES)
    )
    return (
        f"With a process pool of {POOLS['io']} for I/O, the server took {processes} MiB in all, "
        f"and with a thread pool of that size {threads} MiB."
    )


def _pools(waits: bool, computes: bool) -> str:
    advice = ""
    if computes:
        advice = "Take threads for work that waits, and processes for work that computes. "
    if waits:
        advice += (
            "Answer 202 if the work takes longer than a request should hold a thread of the "
            "server. "
        )
    return advice or "Measure your own work first: a pool did not help here. "


def _in_process(rows: Rows) -> list[Case]:
    """The pools of the web process, when they were killed."""
    killed = rows.where(work="killed", where=OUTSIDE)
    return [each for each in killed if not each.has(pool=SPLITFLAP)]


def _lost(rows: Rows) -> str:
    pools = _in_process(rows)
    accepted, lost, told = (
        sum(each.total(name) for each in pools) for name in ("accepted", "lost", "broken")
    )
    inside = rows.one(work="killed", where=INSIDE)
    return (
        f"After a kill, the pools in the process had lost {lost:.0f} of {accepted:.0f} accepted "
        f"tasks; {told:.0f} clients saw a broken connection. Inside the request, "
        f"{inside.total('broken'):.0f} of {inside.total('sent'):.0f} clients saw one, and could "
        "try again."
    )


def _stored(rows: Rows) -> str:
    """What a kill says about storing."""
    ours = rows.one(work="killed", pool=SPLITFLAP)
    advice = (
        "Store what you accepted before you answer 202: a pool in the process forgets it. "
        if sum(each.total("lost") for each in _in_process(rows))
        else ""
    )
    return (
        f"{advice}Splitflap commits the task before its 202: it lost {ours.total('lost'):.0f} of "
        f"{ours.total('accepted'):.0f} accepted tasks, and did {ours.total('repeated'):.0f} twice."
    )


def _bad(rows: Rows) -> str:
    bad, not_once = rows.total("bad"), rows.total("not_once")
    if not bad + not_once:
        return " No answer was wrong or missing."
    return (
        f" Wrong or missing answers: {bad:.0f}. Accepted tasks that did not end exactly once: "
        f"{not_once:.0f}."
    )


EXPERIMENT = Experiment(
    name="bottlenecks",
    title="I/O bottleneck and CPU bottleneck",
    claim=(
        "A request can be slow because it waits (I/O) or because it computes (CPU). Threads are "
        "the remedy for the first, and processes for the second. Either may work inside the "
        "request, or outside of it: then the server answers 202 at once, and the client asks a "
        "status URL until the result is there."
    ),
    theory=(
        "Little's law: a request that waits for its pool is in flight all the same, so it holds "
        "one of the server's threads. A 202 ends the request at once, and the server's threads "
        "are free again. Amdahl's law: work under the GIL runs one piece after the other, in "
        "whichever thread, so only another process takes it away from the cheap requests. "
        f"The server has {SLOTS} threads. A pool has {POOLS['io']} workers for work that waits, "
        f"and {POOLS['cpu']} for work that computes. After a 202, p50 and p99 are until the "
        f"client has the result: it asks every {POLL_SECONDS:g} s."
    ),
    mistake=(
        "People put a thread pool into the view and wait for its result there: nothing is gained, "
        "since the request still holds its thread. Or they answer 202 from a pool in the web "
        "process. Each deployment and each crash then forgets what was accepted."
    ),
    run=run,
    verdict=verdict,
    tables=(
        *(
            Table(
                f"{title}, {SLOTS} threads, above the peak",
                ("where", "pool"),
                (
                    *("offered", *latencies),
                    Column("bad", "wrong or missing", "total"),
                    Column("not_once", "accepted, and not ended exactly once", "total"),
                    "cpu_ms",
                    Column("memory", "memory of all processes, MiB"),
                ),
                {"work": work},
            )
            for work, title, latencies in (
                ("io", "Requests that wait (`/io`)", ("in_flight", "p50", "p99", "ping_p99")),
                ("cpu", "Requests that compute (`/cpu`)", ("p50", "ping_p50", "ping_p99")),
            )
        ),
        Table(
            "All processes killed while the work waits for a page",
            ("where", "pool"),
            (
                Column("sent", "requests sent", "total"),
                Column("accepted", "answered 202", "total"),
                Column("broken", "clients that saw a broken connection", "total"),
                Column("lost", "accepted and lost", "total"),
                Column("repeated", "accepted and done twice", "total"),
            ),
            {"work": "killed"},
        ),
    ),
    plots=tuple(
        Plot(
            f"ping-{work}",
            f"A cheap request beside {word}, above the peak",
            x="where",
            figure="ping_p99",
            y_title="",
            x_title="p99 of /ping, ms",
            series="pool",
            where={"work": work},
            kind="bar",
            log_x=True,
        )
        for work, word in (("io", "work that waits"), ("cpu", "work that computes"))
    ),
    rounds=1,
)
