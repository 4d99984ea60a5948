"""asyncio today: async views of Flask, two bridges to ASGI servers, and FastAPI beside them."""

from benchmarks.harness.table import number
from benchmarks.talk.experiment import Case, Column, Experiment, Plot, Rows, Table, Verdict, ratio
from benchmarks.talk.probes.asyncio_today import (
    A2WSGI,
    ASGIREF,
    ASYNC,
    BLOCKING,
    DEF,
    FASTAPI,
    LEFT,
    SEVERAL,
    SYNC,
    THREADS,
    run,
)
from benchmarks.talk.probes.orders import PAIRS


def verdict(rows: Rows) -> Verdict:
    """What an async view of Flask is, and what it is not."""
    worker = rows.one(work="io", server=SYNC, view=ASYNC)
    one = worker.most("in_flight") == 1
    return Verdict(
        still_true=(
            "In part. Flask runs async views today, but it does not serve requests on asyncio. "
            f"A sync worker with async views had {worker.most('in_flight'):.0f} "
            f"request{'' if one else 's'} in flight: each request still holds its slot."
        ),
        by_how_much="".join(
            f"\n* {sentences}"
            for sentences in (
                _views(rows),
                _several(rows),
                _bridges(rows),
                _framework(rows),
                _blocked(rows),
                _left(rows),
            )
        ),
        what_to_do=(
            "Keep plain views and threads for a Flask application. Write an async view if one "
            "request waits for several things that can wait together. Behind an ASGI server, take "
            "`a2wsgi`. Take an ASGI framework for thousands of waiting requests, and then keep "
            "every blocking call out of its loop. Give work that outlives the request to a queue."
        ),
    )


def _in_flight(rows: Rows, server: str, view: str) -> str:
    return f"{_peak(rows, server, view).most('in_flight'):.0f}"


def _peak(rows: Rows, server: str, view: str) -> Case:
    return rows.one(work="io", server=server, view=view, load="peak")


def _views(rows: Rows) -> str:
    plain, asynchronous = _peak(rows, THREADS, DEF), _peak(rows, THREADS, ASYNC)
    return (
        f"Async views: under {THREADS}, `def` had {_in_flight(rows, THREADS, DEF)} requests in "
        f"flight and `async def` {_in_flight(rows, THREADS, ASYNC)}. A request with an event loop "
        f"of its own took {number(ratio(asynchronous, plain, 'cpu_ms'))} times the CPU."
    )


def _several(rows: Rows) -> str:
    counts = {
        view: rows.one(work="several", server=SYNC, view=view).most("in_flight")
        for view in (DEF, ASYNC)
    }
    return (
        f"Inside one request: to fetch {SEVERAL} pages, a plain view had {counts[DEF]:.0f} in "
        f"flight, and an async view with `gather` had {counts[ASYNC]:.0f}, in one sync worker."
    )


def _bridges(rows: Rows) -> str:
    return (
        f"Bridges: asgiref's `WsgiToAsgi` had {_in_flight(rows, ASGIREF, DEF)} request in flight "
        f"with `def` and {_in_flight(rows, ASGIREF, ASYNC)} with `async def`. "
        f"`a2wsgi` had {_in_flight(rows, A2WSGI, DEF)} and {_in_flight(rows, A2WSGI, ASYNC)}."
    )


def _framework(rows: Rows) -> str:
    flask, fastapi = _peak(rows, THREADS, DEF), _peak(rows, FASTAPI, ASYNC)
    return (
        f"FastAPI on one event loop took {number(fastapi.median('cpu_ms'))} ms of CPU for a "
        f"request, and Flask on threads {number(flask.median('cpu_ms'))} ms. {_memory(rows)}"
    )


def _memory(rows: Rows) -> str:
    task, thread = rows.one(work="many", server=FASTAPI), rows.one(work="many", server=THREADS)
    if not (task.values("waiting_kib") and thread.values("waiting_kib")):
        return "The machine was too busy to hold many waiting requests, so no memory is told."
    return (
        f"With {thread.most('in_flight'):.0f} requests in flight, each waiting request took "
        f"{number(task.median('waiting_kib'))} KiB in FastAPI and "
        f"{number(thread.median('waiting_kib'))} KiB in a thread."
    )


def _blocked(rows: Rows) -> str:
    loop = rows.one(work="cpu", server=FASTAPI, view=ASYNC)
    pool = rows.one(work="cpu", server=FASTAPI, view=DEF)
    return (
        f"A blocked loop: FastAPI with `requests` in an `async def` had "
        f"{_in_flight(rows, FASTAPI, BLOCKING)} request in flight. Beside CPU work in the loop, "
        f"the p99 of `/ping` was {number(loop.median('ping_p99'))} ms. With the same work in its "
        f"pool of threads, it was {number(pool.median('ping_p99'))} ms."
    )


def _left(rows: Rows) -> str:
    left = {str(each.labels["server"]): each for each in rows.where(work="later")}
    none = [name for name, each in left.items() if each.total("finished") == 0]
    return (
        f"Tasks that outlive their request: of {LEFT}, none finished under "
        f"{', '.join(none) or 'no server'}. {left[FASTAPI].total('finished'):.0f} finished in "
        f"FastAPI, and {left[ASGIREF].total('finished'):.0f} under asgiref, which keeps one loop."
    )


EXPERIMENT = Experiment(
    name="asyncio_today",
    title="asyncio today",
    claim=(
        "asyncio serves many waiting requests in one thread, with a clear mark at each place where "
        "another may run. But Flask does not support it: a WSGI application is a plain function."
    ),
    theory=(
        "Little's law counts slots. An async view under WSGI gets an event loop for its request "
        "alone, so the request still holds its slot, and the loop is an additional cost. Only a "
        "server that awaits all requests on one loop has no slots."
    ),
    mistake=(
        "People write `async def` and expect more requests at a time. In Flask the slots stay as "
        "they were. In FastAPI one blocking call in an `async def` stops all requests."
    ),
    run=run,
    verdict=verdict,
    packages=("flask", "asgiref", "a2wsgi", "fastapi", "aiohttp", "uvicorn", "gunicorn"),
    tables=(
        Table(
            "Requests that wait (`/io`), by server and kind of view",
            ("server", "view", "load"),
            (
                *("in_flight", "offered", "rate", "p50", "p99", "ping_p50", "ping_p99"),
                *("cpu_ms", "waiting_kib", "wrong", "errors", "missing", "ping_failures"),
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
            ("in_flight", "waiting_kib", "cpu_ms", "wrong", "errors", "missing"),
            {"work": "many"},
        ),
        Table(
            "CPU work in FastAPI, in its loop (`async def`) and in a thread (`def`)",
            ("view",),
            (
                *("offered", "rate", "p50", "p99", "ping_p50", "ping_p99"),
                *("wrong", "errors", "missing", "ping_failures"),
                Column("overtook", f"pings that overtook, of {PAIRS}", "total"),
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
