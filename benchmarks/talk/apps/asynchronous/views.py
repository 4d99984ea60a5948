"""The application with async views, as Flask has them since release 2.

Flask runs each call of an async view in an event loop of its own. Nothing of a loop outlives the
request: no session, no connection, no task.
"""

import asyncio

import aiohttp
from flask import request

from benchmarks.talk.app import SITE, app
from benchmarks.talk.app import fetch_title as fetch_title_blocking

from .fetching import SLOW_SECONDS, fetch_title, fetch_titles

__all__ = ["app"]

#: Pages of one request to /several.
SEVERAL = 5

#: The tasks that should outlive their requests. A loop itself keeps weak references only.
tasks: set[asyncio.Task[None]] = set()
finished: list[str] = []


def several_numbers() -> range:
    """The pages that the request names."""
    first = int(request.args["number"])
    return range(first, first + SEVERAL)


@app.get("/io/async")
async def io_async() -> str:
    """Wait for another site."""
    async with aiohttp.ClientSession() as session:
        return await fetch_title(session, int(request.args["number"]))


@app.get("/several")
def several() -> str:
    """Wait for several pages, one after the other."""
    pages = (f"{SITE}/page/{number}" for number in several_numbers())
    return "\n".join(map(fetch_title_blocking, pages))


@app.get("/several/async")
async def several_async() -> str:
    """Wait for several pages at the same time."""
    async with aiohttp.ClientSession() as session:
        return "\n".join(await fetch_titles(session, several_numbers()))


@app.get("/io/slow")
def io_slow() -> str:
    """Wait for a slow page."""
    return fetch_title_blocking(f"{SITE}/page/{request.args['number']}?seconds={SLOW_SECONDS}")


@app.get("/later")
async def later() -> str:
    """Answer at once, and leave work to a task of the loop."""
    task = asyncio.create_task(_fetch_later(int(request.args["number"])))
    tasks.add(task)
    return "started\n"


@app.get("/finished")
def count_finished() -> str:
    """The number of these tasks that were finished."""
    return str(len(finished))


async def _fetch_later(number: int) -> None:
    async with aiohttp.ClientSession() as session:
        finished.append(await fetch_title(session, number))
