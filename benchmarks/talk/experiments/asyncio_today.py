"""asyncio today: async views of Flask, two bridges to ASGI servers, and FastAPI beside them."""

from benchmarks.harness.table import number
from benchmarks.talk.experiment import (
    Case,
    Column,
    Experiment,
    Plot,
    Rows,
    Table,
    Verdict,
    bullets,
    but_not_right,
    ratio,
)
from benchmarks.talk.measure import WAITING_AT_PEAK
from benchmarks.talk.probes.asyncio_today import (
    A2WSGI,
    ASGIREF,
    ASYNC,
    BLOCKING,
    DEF,
    FASTAPI,
    LEFT,
    SEVERAL,
    SLOTS,
    SYNC,
    THREADS,
    run,
)
from benchmarks.talk.probes.orders import CPU_RATE, PAIRS


def verdict(rows: Rows) -> Verdict:
    """What an async view of Flask is, and what it is not."""
    return Verdict(
        still_true=f"{_slots(rows)}{_loop(rows)}{but_not_right(rows)}",
        by_how_much=bullets(
            _views(rows),
            _several(rows),
            _bridges(rows),
            _framework(rows),
            _blocked(rows),
            _left(rows),
        ),
        what_to_do=(
            "Keep plain views and threads for a Flask application. Write an async view if one "
            "request waits for several things that can wait together. Under an ASGI server such "
            "as uvicorn, wrap the application in `a2wsgi.WSGIMiddleware`. Take an ASGI framework "
            "for thousands of waiting requests, and then keep "
            "every blocking call out of its loop. Give work that outlives the request to a queue."
        ),
    )


def _slots(rows: Rows) -> str:
    """What async views do to the slots of a sync worker."""
    count = _peak(rows, SYNC, ASYNC).most("in_flight")
    if count > 1:
        return f"No longer: with async views, a sync worker had {count:.0f} requests in flight"
    return (
        "In part: Flask runs async views today, but with them a sync worker never had two requests "
        "in flight"
    )


def _loop(rows: Rows) -> str:
    """What one event loop held at the same time."""
    counts = [each.most("in_flight") for each in rows.where(server=FASTAPI, view=ASYNC)]
    counts += [each.most("in_flight") for each in rows.where(server=FASTAPI, work="many")]
    return f", while one event loop of FastAPI had {max(counts):.0f} requests in flight."


def _in_flight(rows: Rows, server: str, view: str) -> str:
    count = _peak(rows, server, view).most("in_flight")
    return f"{count:.0f} request{'' if count == 1 else 's'} in flight"


def _peak(rows: Rows, server: str, view: str) -> Case:
    return rows.one(work="io", server=server, view=view, load="peak")


def _views(rows: Rows) -> str:
    plain, asynchronous = _peak(rows, THREADS, DEF), _peak(rows, THREADS, ASYNC)
    return (
        f"Async views: {THREADS} had {_both(rows, THREADS)}. A request with an event loop "
        f"of its own took {number(ratio(asynchronous, plain, 'cpu_ms'))} times the CPU."
    )


def _several(rows: Rows) -> str:
    counts = {
        view: rows.one(work="several", server=SYNC, view=view).most("in_flight")
        for view in (DEF, ASYNC)
    }
    return (
        f"Inside one request: to fetch {SEVERAL} pages, a plain view had {counts[DEF]:.0f} in "
        f"flight, and an async view with `asyncio.gather` had {counts[ASYNC]:.0f}, in one sync "
        "worker."
    )


def _bridges(rows: Rows) -> str:
    return (
        f"Bridges: asgiref's `WsgiToAsgi` had {_both(rows, ASGIREF)}. "
        f"`a2wsgi` had {_both(rows, A2WSGI)}."
    )


def _both(rows: Rows, server: str) -> str:
    """With both kinds of views."""
    plain, asynchronous = (_in_flight(rows, server, view) for view in (DEF, ASYNC))
    if plain == asynchronous:
        return f"{plain}, with `def` and with `async def`"
    return f"{plain} with `def`, and {asynchronous} with `async def`"


def _framework(rows: Rows) -> str:
    flask, fastapi = _peak(rows, THREADS, DEF), _peak(rows, FASTAPI, ASYNC)
    return (
        f"An ASGI framework: FastAPI on one event loop took {number(fastapi.median('cpu_ms'))} ms "
        f"of CPU for a request, and Flask on threads {number(flask.median('cpu_ms'))} ms. A part "
        "of that is not the framework: one session for all requests keeps its connections to the "
        f"other site, and the plain code in Flask opens a new one each time. {_memory(rows)}"
    )


def _memory(rows: Rows) -> str:
    task, thread = rows.one(work="many", server=FASTAPI), rows.one(work="many", server=THREADS)
    if not (task.values("waiting_kib") and thread.values("waiting_kib")):
        return "Many requests never waited at the same time here, so no memory is told."
    return (
        f"With {thread.most('in_flight'):.0f} requests in flight, each waiting request took "
        f"{number(task.median('waiting_kib'))} KiB in FastAPI and "
        f"{number(thread.median('waiting_kib'))} KiB in a thread."
    )


def _blocked(rows: Rows) -> str:
    loop = rows.one(work="cpu", server=FASTAPI, view=ASYNC)
    pool = rows.one(work="cpu", server=FASTAPI, view=DEF)
    return (
        "A blocked loop: FastAPI with `requests` in an `async def` had "
        f"{_in_flight(rows, FASTAPI, BLOCKING)}. Beside CPU work in the loop, "
        f"the p99 of `/ping` was {number(loop.median('ping_p99'))} ms. With the same work in its "
        f"pool of threads, it was {number(pool.median('ping_p99'))} ms."
    )


def _left(rows: Rows) -> str:
    parts = [
        f"{each.total('finished'):.0f} under {each.labels['server']}"
        for each in rows.where(work="later")
    ]
    return (
        f"Tasks that outlive their request: of {LEFT}, these finished: {', '.join(parts)}. Flask "
        "ends the loop of an async view with its request, unless a server lends it a loop."
    )


EXPERIMENT = Experiment(
    name="asyncio_today",
    title="asyncio today",
    claim=(
        "asyncio serves many waiting requests in one thread, with a clear mark at each place where "
        "another may run. But Flask does not support it: a WSGI application is a plain function."
    ),
    theory=(
        "WSGI is the interface between servers and Flask. ASGI is that of frameworks on asyncio, "
        "and a bridge runs a WSGI application on an ASGI server. "
        "Little's law counts slots. An async view under WSGI gets an event loop for its request "
        "alone, so the request still holds its slot, and the loop is an additional cost. Only a "
        "server that awaits all requests on one loop has no slots: it takes as many as are sent."
    ),
    mistake=(
        "People write `async def` and expect more requests at a time. In Flask the slots stay as "
        "they were. In FastAPI one blocking call in an `async def` stops all requests."
    ),
    run=run,
    verdict=verdict,
    remarks=(
        (
            "FastAPI's `async def` has no slots. Its peak here is that of the load, which keeps "
            f"{SLOTS + WAITING_AT_PEAK} requests under way."
        ),
    ),
    packages=("flask", "asgiref", "a2wsgi", "fastapi", "aiohttp", "uvicorn", "uvloop", "gunicorn"),
    rounds=1,
    tables=(
        Table(
            "Requests that wait (`/io`), by server and kind of view",
            ("server", "view", "load"),
            (
                *("in_flight", "rate", "p50", "p99", "ping_p99"),
                *("cpu_ms", "not_right"),
            ),
            {"work": "io"},
        ),
        Table(
            "One request that waits for several pages",
            ("server", "view"),
            ("in_flight", "right"),
            {"work": "several"},
        ),
        Table(
            "Tasks that outlive their request",
            ("server",),
            ("right", Column("finished", f"tasks finished, of {LEFT}", "total")),
            {"work": "later"},
        ),
        Table(
            "Many requests that wait for a slow page",
            ("server",),
            ("in_flight", "waiting_kib", "cpu_ms", "not_right"),
            {"work": "many"},
        ),
        Table(
            f"{CPU_RATE:g} requests a second that compute in FastAPI, in its loop (`async def`) or "
            "in a thread (`def`)",
            ("view",),
            (
                *("p50", "ping_p50", "ping_p99"),
                Column("overtook", f"pings that overtook, of {PAIRS}", "total"),
                "not_right",
            ),
            {"work": "cpu"},
        ),
    ),
    plots=(
        Plot(
            "in-flight",
            "Requests in flight, by server and kind of view",
            x="server",
            figure="in_flight",
            y_title="",
            x_title="in flight at the other site",
            series="view",
            where={"work": "io", "load": "peak"},
            kind="bar",
        ),
    ),
)
