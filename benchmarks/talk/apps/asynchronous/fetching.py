"""Fetches pages with aiohttp, for all asynchronous applications."""

import asyncio
import os
from collections.abc import Iterable

import aiohttp

from benchmarks.talk.app import SITE

#: Seconds of a slow page, for many requests that wait at the same time.
SLOW_SECONDS = os.environ.get("TALK_SLOW_SECONDS", "3")


async def fetch_title(session: aiohttp.ClientSession, number: int, query: str = "") -> str:
    """The title of a page of the other site."""
    async with session.get(f"{SITE}/page/{number}{query}") as response:
        response.raise_for_status()
        page = await response.text()
    return page.partition("<title>")[2].partition("</title>")[0]


async def fetch_titles(session: aiohttp.ClientSession, numbers: Iterable[int]) -> list[str]:
    """The titles of several pages, fetched at the same time."""
    return await asyncio.gather(*(fetch_title(session, number) for number in numbers))
