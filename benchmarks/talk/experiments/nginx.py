"""nginx in front: static files, and clients that are slow."""

from benchmarks.harness.table import number
from benchmarks.talk.experiment import (
    Column,
    Experiment,
    Plot,
    Rows,
    Table,
    Verdict,
    bullets,
    ratio,
)
from benchmarks.talk.measure import FLOOD
from benchmarks.talk.nginx.front import CONFIGURATION
from benchmarks.talk.nginx.measured import (
    APPLICATION,
    BUFFERING,
    DIRECT,
    DOWNLOADERS,
    FRONTS,
    LARGE,
    NGINX,
    PASSING,
    SLOW_CLIENTS,
    WORKERS,
    measured,
)


def verdict(rows: Rows) -> Verdict:
    """Files by their cost, slow clients by the pings that got through."""
    return Verdict(
        still_true=f"{_slow_words(rows)} {_file_words(rows)}",
        by_how_much=bullets(_held_words(rows), _cost_words(rows), _large_words(rows)),
        what_to_do=(
            "Put nginx, or another proxy that buffers, in front of every server that blocks on its "
            "clients. Leave buffering on, and switch it off only in the `location` of a stream of "
            "events (`proxy_buffering off`). "
            + ("Let nginx serve the static files, as below. " if _times(rows) > 1 else "")
            + "Raise `client_max_body_size` to what your users send, and "
            "`proxy_max_temp_file_size` to your largest answer."
        ),
    )


def _slow_rows(rows: Rows, front_name: str) -> Rows:
    return rows.where(part="slow", front=front_name)


def _slow_words(rows: Rows) -> str:
    sent = _slow_rows(rows, DIRECT).total("pings")
    through = {name: _slow_rows(rows, name).total("through") for name in FRONTS}
    helps = through[BUFFERING] > through[DIRECT]
    still = "Yes" if helps and through[BUFFERING] == sent else "In part" if helps else "No"
    return (
        f"{still}: beside slow clients, {through[BUFFERING]:,.0f} of "
        f"{sent:,.0f} pings got through an nginx that buffers, {through[PASSING]:,.0f} through one "
        f"that does not, and {through[DIRECT]:,.0f} without nginx."
    )


def _held_words(rows: Rows) -> str:
    most = {name: max(each.most("held") for each in _slow_rows(rows, name)) for name in FRONTS}
    slow = rows.where(part="slow")
    wrong = slow.total("slow") - slow.total("right") + slow.total("lost")
    return (
        f"{SLOW_CLIENTS} slow clients held {most[DIRECT]:.0f} of {WORKERS} sync workers without "
        f"nginx, {most[PASSING]:.0f} with buffering off, and {most[BUFFERING]:.0f} with it on. "
        f"In the end, {wrong:,.0f} answers were wrong or missing."
    )


def _file_words(rows: Rows) -> str:
    factor = _times(rows)
    if factor > 1:
        return (
            f"nginx also serves small files faster: at least {number(factor)} times as many a "
            "second."
        )
    return f"nginx served small files no faster: {number(factor)} times as many a second."


def _times(rows: Rows) -> float:
    """How many times as many small files nginx served."""
    page = rows.where(part="page", load="peak")
    return ratio(page.one(**{"from": NGINX}), page.one(**{"from": APPLICATION}), "rate")


def _cost_words(rows: Rows) -> str:
    page = rows.where(part="page", load="peak")
    one, two = page.one(**{"from": APPLICATION}), page.one(**{"from": NGINX})
    return (
        f"A small file cost {number(one.median('cpu_ms'))} ms of CPU from the application and "
        f"{number(two.median('cpu_ms'))} ms from nginx. The load generator shares the CPUs with "
        f"nginx, and sends at most {FLOOD:,.0f} requests a second. So nginx may serve more than "
        "the table says."
    )


def _large_words(rows: Rows) -> str:
    one = rows.one(part="large", **{"from": APPLICATION})
    two = rows.one(part="large", **{"from": NGINX})
    return (
        f"A large file cost {number(one.median('cpu_ms_per_mib'))} ms of CPU for each MiB from the "
        f"application and {number(two.median('cpu_ms_per_mib'))} ms from nginx. "
        f"The p99 of `/ping` beside the downloads was {number(one.median('ping_p99'))} ms and "
        f"{number(two.median('ping_p99'))} ms."
    )


EXPERIMENT = Experiment(
    name="nginx",
    title="nginx in front",
    claim=(
        "Put nginx in front of the application server. It serves static files, and it protects "
        "the application's few slots from slow clients."
    ),
    theory=(
        "Little's law counts the time of the client's network too: a sync worker that waits for a "
        "slow client's next byte is a busy slot. A proxy that reads the whole request first, and "
        "takes the whole response at once, makes that time short. A connection costs nginx some "
        "memory and no slot. A large file gains little: both let the kernel send it (`sendfile`)."
    ),
    mistake=(
        "People test with fast clients on the same network, where a sync worker looks fine without "
        "nginx. Or they switch buffering off for one stream of events, in the whole configuration, "
        "and the slow clients hold the workers again."
    ),
    run=measured,
    verdict=verdict,
    tables=(
        Table(
            f"{SLOW_CLIENTS} slow clients before {WORKERS} sync workers",
            ("clients are slow at", "front"),
            (
                Column("through", "pings answered meanwhile", "total"),
                Column("pings", "of pings", "total"),
                Column("held", "workers held", "most"),
                Column("right", "slow clients with a right answer", "total"),
                Column("lost", "pings without an answer in the end", "total"),
            ),
            {"part": "slow"},
        ),
        Table(
            "A small static file: each at its peak",
            ("from",),
            ("rate", "cpu_ms", "not_right"),
            {"part": "page", "load": "peak"},
        ),
        Table(
            "A small static file: both at half of the application's peak",
            ("from",),
            (*("offered", "p50", "p99", "ping_p99", "not_right"),),
            {"part": "page", "load": "the same"},
        ),
        Table(
            f"A file of {LARGE >> 20} MiB, {DOWNLOADERS} downloads at the same time",
            ("from",),
            (
                Column("mib_per_second", "MiB/s"),
                Column("cpu_ms_per_mib", "CPU per MiB, ms"),
                Column("right", "files whole and right", "total"),
                "wrong",
                *("ping_p99", "ping_failures"),
            ),
            {"part": "large"},
        ),
    ),
    plots=(
        Plot(
            "slow",
            "Pings answered beside slow clients",
            x="clients are slow at",
            figure="through",
            y_title="",
            x_title="pings answered while the clients are slow",
            series="front",
            where={"part": "slow"},
            kind="bar",
        ),
    ),
    shows=(CONFIGURATION,),
    packages=("flask", "gunicorn", "nginx"),
)
