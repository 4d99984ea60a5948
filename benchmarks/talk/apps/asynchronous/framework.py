"""The same routes in FastAPI. One event loop serves all requests, and one session fetches pages."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse

from benchmarks.talk import app as blocking

from .fetching import SLOW_SECONDS, fetch_title, fetch_titles
from .views import SEVERAL

#: The tasks that outlive their requests. The loop itself keeps weak references only.
tasks: set[asyncio.Task[str]] = set()
finished: list[str] = []


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, aiohttp.ClientSession]]:
    """One session for all requests. By default, aiohttp opens at most 100 connections."""
    del app
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        yield {"session": session}


app = FastAPI(lifespan=lifespan, default_response_class=PlainTextResponse)


@app.get("/ping")
async def ping() -> str:
    """The cheap request beside the slow ones."""
    return "pong\n"


@app.get("/io")
async def io(request: Request, number: int) -> str:
    """Wait for another site."""
    return await fetch_title(request.state.session, number)


@app.get("/io/slow")
async def io_slow(request: Request, number: int) -> str:
    """Wait for a slow page."""
    return await fetch_title(request.state.session, number, f"?seconds={SLOW_SECONDS}")


@app.get("/io/blocking")
async def io_blocking(number: int) -> str:
    """The mistake: `requests` in an async function."""
    return blocking.fetch_title(f"{blocking.SITE}/page/{number}")


@app.get("/io/threads")
def io_threads(number: int) -> str:
    """FastAPI runs a plain function in a thread of its pool."""
    return blocking.fetch_title(f"{blocking.SITE}/page/{number}")


@app.get("/several")
async def several(request: Request, number: int) -> str:
    """Wait for several pages at the same time."""
    titles = await fetch_titles(request.state.session, range(number, number + SEVERAL))
    return "\n".join(titles)


@app.get("/cpu")
async def cpu(number: int) -> str:
    """Compute in the event loop."""
    return blocking.render(blocking.long_text(number))


@app.get("/cpu/threads")
def cpu_threads(number: int) -> str:
    """Compute in a thread of the pool."""
    return blocking.render(blocking.long_text(number))


@app.get("/later")
async def later(request: Request, number: int) -> str:
    """Answer at once, and leave work to a task of the loop."""
    task = asyncio.create_task(fetch_title(request.state.session, number))
    tasks.add(task)
    task.add_done_callback(lambda done: finished.append(done.result()))
    return "started\n"


@app.get("/finished")
async def count_finished() -> str:
    """The number of these tasks that were finished."""
    return str(len(finished))
