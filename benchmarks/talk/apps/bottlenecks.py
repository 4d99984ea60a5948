"""The microblog with pools: the same work inside the request, in a pool, and after a 202.

    GET  /inside/none/io?number=3       in the request, on the server's thread
    GET  /inside/threads/io?number=3    the request waits for a thread pool; `processes` likewise
    POST /outside/threads/io?number=3   202 and a Location; a pool does the work
    GET  /tasks/ID                      202 until the task has ended, then 200 with the result
    GET  /ends                          how often each task has ended

All of it is as short as a newcomer writes it: tasks and results are in a dictionary of this
process. TALK_POOL is the size of the pool.
"""

import multiprocessing
import os
import uuid
from collections import Counter
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from functools import cache

from flask import Response, request

from benchmarks.talk.app import SITE, app, fetch_title, long_text, render

#: Workers of the pool.
POOL = int(os.environ.get("TALK_POOL", "2"))

tasks: dict[str, Future[str]] = {}
ends: Counter[str] = Counter()


def io(number: str) -> str:
    """Wait for another site."""
    return fetch_title(f"{SITE}/page/{number}")


def cpu(number: str) -> str:
    """Compute."""
    return render(long_text(int(number)))


WORK = {"io": io, "cpu": cpu}


@cache
def pool(kind: str) -> Executor:
    """The pool, made by the first request that needs it."""
    if kind == "threads":
        return ThreadPoolExecutor(POOL)
    # A fork of a process with threads may copy a lock that nobody releases.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return ProcessPoolExecutor(POOL, mp_context=context)


def submit(kind: str, work: str) -> Future[str]:
    """Give the work of this request to a pool."""
    return pool(kind).submit(WORK[work], request.args["number"])


@app.get("/inside/none/<work>")
def alone(work: str) -> str:
    """Work on the thread of the request."""
    return WORK[work](request.args["number"])


@app.get("/inside/<kind>/<work>")
def inside(kind: str, work: str) -> str:
    """Wait for the pool."""
    return submit(kind, work).result()


@app.post("/outside/<kind>/<work>")
def outside(kind: str, work: str) -> Response:
    """Accept the task, and answer at once."""
    name = str(uuid.uuid4())
    tasks[name] = submit(kind, work)
    tasks[name].add_done_callback(lambda _: ends.update([name]))
    return Response(status=202, headers={"Location": f"/tasks/{name}"})


@app.get("/tasks/<name>")
def task(name: str) -> Response:
    """The state of a task, or its result."""
    if name not in tasks:
        return Response("there is no such task\n", 404)
    if not tasks[name].done():
        return Response(status=202)
    return Response(tasks[name].result())


@app.get("/ends")
def all_ends() -> dict[str, int]:
    """How often each task has ended."""
    return dict(ends)
